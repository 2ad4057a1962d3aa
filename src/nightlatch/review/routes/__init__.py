"""The review room's addresses, one noun a file; `review.app` has the table."""

from nightlatch.review.routes import looks, passkeys, standing, words

ROUTERS = (words.router, passkeys.router, looks.router, standing.router)
