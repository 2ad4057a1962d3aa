"""SQL for both programs: SQLite on one machine, PostgreSQL where the configuration says so."""

from __future__ import annotations

import re
import sqlite3
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine, Enum, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nightlatch.errors import ConfigError

_REVISION = re.compile(r"^revision = \"(\w+)\"", re.MULTILINE)
_DOWN = re.compile(r"^down_revision = \"(\w+)\"", re.MULTILINE)


def engine(url: str, *, durable: bool = False) -> Engine:
    """A synchronous engine. SQLite gets write-ahead logging, foreign keys and half a minute of patience.

    `durable` makes SQLite sync at every commit; without it a power cut may take the last ones (a kill does not).
    Errors of the database never show the values of a statement.

    Raises:
        ConfigError: a URL that names no database that we can talk to.
    """
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
        made = create_engine(url, pool_pre_ping=not sqlite, hide_parameters=True)
    except (ArgumentError, ModuleNotFoundError):  # the URL may hold a password: say nothing of it
        raise ConfigError(
            "Rows go to sqlite:///file or postgresql+psycopg://… (install nightlatch[postgres])."
        ) from None
    if sqlite:
        pragmas = (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "secure_delete=ON",
        )

        @event.listens_for(made, "connect")
        def _tune(connection: sqlite3.Connection, _: object) -> None:
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

    return made


def one_of(words: type[StrEnum], name: str, length: int) -> Enum:
    """The type of a column that holds one of these words; the database refuses every other (CHECK, under `name`)."""
    return Enum(
        words,
        name=name,
        length=length,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda known: [word.value for word in known],
    )


def migrate(url: str, scripts: Path) -> None:
    """Bring the database at `url` to the newest version in the Alembic folder `scripts`, if it is not there.

    Raises:
        ConfigError: see `upgrade`.
    """
    if _version(url) != _newest(scripts):
        from nightlatch.store.upgrade import upgrade

        upgrade(url, scripts)


def _version(url: str) -> str | None:
    """Of the database; None when it has none, or cannot be asked."""
    database = engine(url)
    try:
        with database.connect() as connection:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    except SQLAlchemyError:
        return None
    finally:
        database.dispose()


def _newest(scripts: Path) -> str | None:
    """The version that no script builds upon."""
    texts = [path.read_text() for path in (scripts / "versions").glob("*.py")]
    known = {found[1] for each in texts if (found := _REVISION.search(each))}
    older = {found[1] for each in texts if (found := _DOWN.search(each))}
    (newest,) = known - older or {None}
    return newest
