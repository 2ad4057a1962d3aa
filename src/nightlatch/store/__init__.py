"""Where rows and sealed blobs are kept: SQLAlchemy and obstore behind a few lines. Blind."""
