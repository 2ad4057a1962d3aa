"""The log: append-only, RFC 6962 hashes, C2SP formats, one file per specification."""
