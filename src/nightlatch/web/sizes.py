"""Sizes, for whoever counts bytes. Apart from the face, so that a command that asks one question loads no server."""

KIB, MIB = 1024, 1024**2
