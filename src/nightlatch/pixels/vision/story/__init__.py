"""What an event's tracks tell: how each thing walked, what it is, the numbers of it all, and the words. Pure."""
