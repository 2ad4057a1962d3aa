"""What watch and serve say to each other."""
