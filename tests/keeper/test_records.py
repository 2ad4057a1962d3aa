"""The keeper's tables: wrong values are refused, and a database of the version before is upgraded with its rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from nightlatch.keeper.records import KeeperTables
from nightlatch.keeper.serve import MIGRATIONS
from nightlatch.store import records

ROWS = """
INSERT INTO donations (id, state, recipient, made_ms) VALUES ('d', 'waiting', 'age1', 1);
INSERT INTO draws VALUES (1, 'heron', 9, 0, x'00', 'd', 2, 'viewed'), (7, 'heron', 9, 1, x'00', 'd', 3, NULL);
DELETE FROM draws WHERE seq = 7;
INSERT INTO views VALUES (4, 1, 'd', 'h', 'heron', 9, 5, NULL);
INSERT INTO entries VALUES (1, 'd', 'view.open', x'01', x'02', 5, 5, 4);
INSERT INTO passkeys VALUES ('c', 'k', 'heron', 'desk-1', 0, 1, 0);
INSERT INTO promises VALUES (1, x'03');
"""
TABLES = ("donations", "draws", "views", "entries", "passkeys")

NEW = ("flagged_ms",)


def rows_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as rows:
        names = {table: rows.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall() for table in TABLES}
        old = {table: ", ".join(name for (name,) in found if name not in NEW) for table, found in names.items()}
        return {table: rows.execute(f"SELECT {old[table]} FROM {table}").fetchall() for table in TABLES}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as the version before made it, with a row in each table."""
    file, config = tmp_path / "keeper.db", Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with records.engine(f"sqlite:///{file}").connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.commit()
    with closing(sqlite3.connect(file)) as rows:
        rows.executescript(ROWS)
    return file


def test_a_database_of_the_version_before_keeps_its_rows_and_goes_on_counting_draws(old: Path) -> None:
    before = rows_of(old)
    records.migrate(f"sqlite:///{old}", MIGRATIONS)
    after = rows_of(old)
    kept = {table: [row[: len(had[0])] for row in after[table]] for table, had in before.items()}
    assert kept == before, "columns may be added after these; nothing else changes"
    with closing(sqlite3.connect(old)) as rows:
        assert rows.execute("PRAGMA foreign_key_check").fetchall() == []
        rows.execute(
            "INSERT INTO draws (reviewer, day, n, root, donation_id, drawn_ms) VALUES ('a', 9, 2, x'', 'd', 4)"
        )
        assert rows.execute("SELECT max(seq) FROM draws").fetchone() == (8,), "a draw's number is used once"


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE donations SET state = 'public'",
        "UPDATE draws SET ended = 'lost'",
        "UPDATE entries SET kind = 'view.secret'",
        "UPDATE passkeys SET removed = 2",
    ],
)
def test_a_value_that_no_keeper_writes_is_refused_by_the_database(old: Path, wrong: str) -> None:
    records.migrate(f"sqlite:///{old}", MIGRATIONS)
    with closing(sqlite3.connect(old)) as rows, pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        rows.execute(wrong)


def test_an_upgraded_database_refuses_what_the_code_says_it_refuses(old: Path, tmp_path: Path) -> None:
    records.migrate(f"sqlite:///{old}", MIGRATIONS)
    new = records.engine(f"sqlite:///{tmp_path / 'new.db'}")
    KeeperTables.metadata.create_all(new)
    found, wanted = inspect(records.engine(f"sqlite:///{old}")), inspect(new)
    for table in TABLES:
        assert found.get_check_constraints(table) == wanted.get_check_constraints(table)
