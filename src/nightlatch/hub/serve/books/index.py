"""Opens the hub's index: the folder is ours, hub.db is at the newest version (with a backup before any change)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from nightlatch.hub.folder import claim
from nightlatch.store import records

MIGRATIONS = Path(__file__).with_name("migrations")


def open_index(data_dir: Path) -> Engine:
    """The engine of `data_dir`/hub.db, made or migrated if needed.

    Raises:
        VaultError: the folder is not ours or cannot be written.
    """
    claim(data_dir)
    url = f"sqlite:///{data_dir / 'hub.db'}"
    records.migrate(url, MIGRATIONS)
    (data_dir / "hub.db").chmod(0o600)
    return records.engine(url)
