"""Frozen words of the product. Imports nothing of ours, reads no clock, opens no file."""
