"""The owner's side on a command line: the twin of the page. The only Python here that may open a seal."""
