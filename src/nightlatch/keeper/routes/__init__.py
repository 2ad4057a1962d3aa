"""The keeper's addresses, one noun a file; `keeper.app` has the table."""
