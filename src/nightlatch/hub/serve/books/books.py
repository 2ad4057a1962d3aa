"""The books of one hub: its index, and one writer at a time.

SQLite lets writers wait, but not in turn. Whatever changes rows takes a turn here, so that entering what was
recorded, matching, sweeping and deleting never see each other half done.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from nightlatch.hub.serve.books.usage import Counter
from nightlatch.hub.vault import layout


class Books:
    """Rows of `engine` and the files that they are about, in the vault of `data_dir`."""

    def __init__(self, data_dir: Path, engine: Engine) -> None:
        self.engine = engine
        self.counter = Counter(engine)
        self.vault = layout.vault_of(data_dir)
        self.turn = threading.RLock()  # held over rows and the files that go with them

    @contextmanager
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
