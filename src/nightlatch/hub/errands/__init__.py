"""What serve has done in a niced process of its own: all decoding that it asks for."""
