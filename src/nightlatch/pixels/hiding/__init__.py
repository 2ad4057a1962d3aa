"""Makes a film that may be given: a plate that nobody is on, and drawings in front of it. No pixel of what moved."""
