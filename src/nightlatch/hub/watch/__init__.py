"""Pixels, files and notices: reads no table, writes no row, speaks no HTTP."""
