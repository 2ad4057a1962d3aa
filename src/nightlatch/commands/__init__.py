"""Commands of the pixels ring. They live outside of it, so that `nightlatch cloud` can be started without loading it."""
