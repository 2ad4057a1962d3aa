"""Whether anything was written into the database since it was last asked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from nightlatch.keeper.writes import Writes
from nightlatch.store import records


def test_what_anybody_writes_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    engine = records.engine(f"sqlite:///{tmp_path / 'rows.db'}")
    with engine.begin() as ours:
        ours.execute(text("CREATE TABLE rows (n INTEGER)"))
    writes = Writes(engine)
    before = writes.mark()
    with engine.connect() as ours:
        assert ours.scalar(text("SELECT count(*) FROM rows")) == 0
    assert writes.mark() == before
    with engine.begin() as ours:
        ours.execute(text("INSERT INTO rows VALUES (1)"))
    by_us = writes.mark()
    assert by_us != before
    with closing(sqlite3.connect(tmp_path / "rows.db")) as theirs, theirs:
        theirs.execute("DELETE FROM rows")
    assert writes.mark() != by_us
    engine.dispose()
