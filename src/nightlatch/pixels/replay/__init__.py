"""Recorded films through the same sight as live cameras, faster than real time, against the truth where it is known."""
