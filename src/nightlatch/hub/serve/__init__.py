"""The page, the API and the books: sees no pixels."""
