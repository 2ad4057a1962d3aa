"""Sealed files: age (c2sp.org/age) for the household's public keys. Blind: nothing here can see a picture."""
