"""Errands that look at no picture: what hiding and covering would be asked for, and answered, in no time."""
