"""Work that serve hands to a niced process of its own: all of its decoding."""
