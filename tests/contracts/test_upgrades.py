"""Databases of the version before, on SQLite and PostgreSQL: they keep their rows and refuse what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, inspect, make_url, text
from sqlalchemy.exc import IntegrityError

from nightlatch.cloud.records import MailboxTables
from nightlatch.cloud.serve import MIGRATIONS as CLOUD
from nightlatch.errors import ConfigError
from nightlatch.review.records import MIGRATIONS as REVIEW
from nightlatch.review.records import ReviewTables
from nightlatch.store import records
from tests.postgres import server

pytestmark = pytest.mark.xdist_group("stores")


@dataclass(frozen=True)
class Upgrade:
    """The newest one of a zone: rows of before it, and statements that it refuses."""

    scripts: Path
    tables: MetaData
    before: str
    rows: tuple[str, ...]
    wrong: tuple[str, ...]


UPGRADES = {
    "cloud": Upgrade(
        CLOUD,
        MailboxTables.metadata,
        "0002",
        (
            "INSERT INTO households VALUES ('h', 'hub', 'owner', 1)",
            "INSERT INTO clips VALUES ('h', 'c', 1)",
            "INSERT INTO objects VALUES ('h', 'c', 'part-0', 'blob', 9, 'sha', 1)",
        ),
        ("UPDATE objects SET bytes = 0", "UPDATE objects SET bytes = -9"),
    ),
    "review": Upgrade(
        REVIEW,
        ReviewTables.metadata,
        "0001",
        (
            "INSERT INTO administrators VALUES ('key', 'anna', 1)",
            "INSERT INTO changes (id, kind, event, proposed_ms) VALUES ('c', 'policy', 'event', 1)",
            "INSERT INTO signatures VALUES ('c', 'key', 'signature', 1)",
            "INSERT INTO passkeys VALUES ('cred', 'key', 'heron', 'desk', 0, 'asked', 1)",
        ),
        ("UPDATE changes SET kind = 'whim'", "UPDATE passkeys SET state = 'forged'"),
    ),
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    served, name = make_url(request.getfixturevalue("postgres")), f"upgrade_{os.urandom(4).hex()}"
    with records.engine(str(served)).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return str(served.set(database=name))


@pytest.fixture(params=sorted(UPGRADES))
def upgrade(request: pytest.FixtureRequest, url: str) -> Upgrade:
    """With the database as the version before left it."""
    made, config = UPGRADES[request.param], Config()
    config.set_main_option("script_location", str(made.scripts))
    engine = records.engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, made.before)
        for each in made.rows:
            connection.execute(text(each))
        connection.commit()
    engine.dispose()
    return made


def rows_of(url: str, tables: MetaData) -> dict[str, list[tuple[object, ...]]]:
    """By table; one that an upgrade makes has none before it."""
    engine = records.engine(url)
    there = set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        found = {
            t.name: [tuple(r) for r in connection.execute(text(f"SELECT * FROM {t.name}"))] if t.name in there else []
            for t in tables.tables.values()
        }
    engine.dispose()
    return found


def test_a_database_of_the_version_before_is_upgraded_with_its_rows(url: str, upgrade: Upgrade) -> None:
    before = rows_of(url, upgrade.tables)
    assert sum(len(rows) for rows in before.values()) == len(upgrade.rows)
    records.migrate(url, upgrade.scripts)
    assert rows_of(url, upgrade.tables) == before


def test_a_wrong_value_is_refused_by_the_database_as_the_code_says(url: str, upgrade: Upgrade, tmp_path: Path) -> None:
    records.migrate(url, upgrade.scripts)
    engine = records.engine(url)
    for statement in upgrade.wrong:
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(text(statement))
    names = {c.name for t in upgrade.tables.tables.values() for c in t.constraints if c.name is not None}
    found = inspect(engine)
    assert {c["name"] for t in upgrade.tables.tables for c in found.get_check_constraints(t)} == names
    engine.dispose()


def test_a_database_with_a_wrong_value_is_left_as_it_was(url: str, upgrade: Upgrade) -> None:
    engine = records.engine(url)
    with engine.begin() as connection:
        connection.execute(text(upgrade.wrong[0]))
    before = rows_of(url, upgrade.tables)
    with pytest.raises(ConfigError, match="no Nightlatch writes"):
        records.migrate(url, upgrade.scripts)
    assert rows_of(url, upgrade.tables) == before
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == upgrade.before
    engine.dispose()
