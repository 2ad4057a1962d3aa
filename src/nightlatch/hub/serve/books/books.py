"""The books of one hub: its index, and one writer at a time.

SQLite lets writers wait, but not in turn. Whatever changes rows takes a turn here, so that entering what was
recorded, matching, sweeping and deleting never see each other half done.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from nightlatch.durably import sync
from nightlatch.hub.serve.books.usage import Counter
from nightlatch.hub.vault import layout


class Books:
    """Rows of `engine` and the files that they are about, in the vault of `data_dir`."""

    def __init__(self, data_dir: Path, engine: Engine) -> None:
        self.engine, self._journal = engine, data_dir / "hub.db-wal"
        self.outbox = data_dir / "outbox"  # sealed clips that are on their way to a programme
        self.counter = Counter(engine)
        self.vault = layout.vault_of(data_dir)
        self.turn = threading.RLock()  # held over rows and the files that go with them

    @contextlib.contextmanager
    def change(self) -> Iterator[Session]:
        """One transaction, in turn. Raises `OSError` when the index is locked for long, broken, or has no room."""
        try:
            with self.turn, Session(self.engine) as session, session.begin():
                yield session
        except IntegrityError:  # a row that the index refuses, not an index that fails
            raise
        except DatabaseError as error:
            said = str(error.orig)
            raise OSError(errno.ENOSPC if "full" in said else errno.EIO, f"index: {said}") from None

    def sync(self) -> None:
        """Make durable what was changed: without it a power cut may take the last changes. Raises `OSError`."""
        with contextlib.suppress(FileNotFoundError):  # all of it is in the index already
            sync(self._journal)
