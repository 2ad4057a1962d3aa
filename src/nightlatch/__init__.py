"""Nightlatch: the camera cloud that locks from the inside."""

__version__ = "0.6.0"
