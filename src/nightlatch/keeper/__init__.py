"""The keeper: the only program that holds donation keys. No proof, no key; no key, no picture."""
