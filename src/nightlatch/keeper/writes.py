"""Whether anything was written into the database since it was last asked: what a row said then, it says now.

An open view is checked for each of its pictures, and asking rows takes 0.5 ms of processor time. SQLite counts the
commits of all its connections, in this program and in others (PRAGMA data_version): asking for that takes 10 µs. A
writer who goes around SQLite is not noticed by this, nor by a question that is asked of cached pages.
"""

from __future__ import annotations

from itertools import count

from sqlalchemy import Engine, PoolProxiedConnection


class Writes:
    """A count of what was written, by anybody. Used under the room's lock only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._always = count()  # of a database that does not tell: it may have been written into each time
        self._connection: PoolProxiedConnection | None = None

    def mark(self) -> int:
        """A number that differs from the last one once something was written between the two."""
        if not self._is_sqlite:
            return next(self._always)
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            self._connection.detach()  # SQLite counts for one connection, and leaves out what that one writes
        cursor = self._connection.cursor()
        cursor.execute("PRAGMA data_version")
        ((written,),) = cursor.fetchall()
        return int(written)
