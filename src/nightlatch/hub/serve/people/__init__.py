"""Who lives here and who is signed in."""
