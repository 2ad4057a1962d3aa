"""The index of what is kept: tables, who writes them, what is deleted when."""
