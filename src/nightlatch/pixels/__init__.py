"""Everything that can touch a picture."""
