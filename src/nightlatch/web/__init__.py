"""What the HTTP faces share. Blind: imports nothing that can see a picture or open a seal."""
