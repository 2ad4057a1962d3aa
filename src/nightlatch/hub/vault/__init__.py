"""Sealed files on disk: their names, the order of writing, what is mended after a crash. No SQL, no pixels."""
