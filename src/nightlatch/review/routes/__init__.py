"""The review room's addresses, one noun a file; `review.app` has the table."""
