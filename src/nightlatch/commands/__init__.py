"""One file a group of commands. They import a zone when they run, not before: `nightlatch cloud` loads no pixels."""
