"""The owner's side on a command line: the page's twin. Only it and the keeper may open a seal in Python."""
