"""SQL for both programs: SQLite on one machine, PostgreSQL where the configuration says so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from nightlatch.errors import ConfigError


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


def migrate(url: str, scripts: Path) -> None:
    """Bring the database at `url` to the newest version in the Alembic folder `scripts`.

    A SQLite file that is about to change is copied to `NAME.before-REVISION` first.

    Raises:
        ConfigError: a database that cannot be reached, or that a newer Nightlatch has written.
    """
    database = engine(url)
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    versions = ScriptDirectory.from_config(config)
    newest = versions.get_current_head()
    try:
        with database.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found == newest:
                return
            if found is not None and found not in {each.revision for each in versions.walk_revisions()}:
                raise ConfigError(f"The database is of a newer Nightlatch (its version is {found}). Install that one.")
            if found is not None and database.dialect.name == "sqlite":
                _back_up(Path(str(make_url(url).database)), str(newest))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except OperationalError as error:
        raise ConfigError(f"The database cannot be used: {str(error.orig).splitlines()[0]}.") from None
    finally:
        database.dispose()


def _back_up(file: Path, revision: str) -> None:
    """A copy beside `file`. An earlier copy stays: it may be from before an upgrade that stopped half-way."""
    copy, again = file.with_name(f"{file.name}.before-{revision}"), 1
    while copy.exists():
        again += 1
        copy = file.with_name(f"{file.name}.before-{revision}.{again}")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as sink:
        copy.chmod(0o600)
        source.backup(sink)
