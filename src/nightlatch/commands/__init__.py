"""Commands of the pixels ring, outside of it: `nightlatch cloud` must start without loading that."""
