"""Brings a database to the newest version. Not in store/records: Alembic takes 12 MiB, for one start in a hundred."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from nightlatch.errors import ConfigError
from nightlatch.store.records import engine


def upgrade(url: str, scripts: Path) -> None:
    """Bring the database at `url` to the newest version in the Alembic folder `scripts`.

    A SQLite file that is about to change is copied to `NAME.before-REVISION` first. Each upgrade is one transaction: it
    happens whole or not at all. SQLite's references are off meanwhile and are checked at the end: a table that is
    copied to get a new constraint must not take with it the rows that refer to it.

    Raises:
        ConfigError: a database that cannot be reached, that a newer Nightlatch has written, or that holds a value which
            no Nightlatch writes.
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
                raise ConfigError(f"A newer Nightlatch wrote this database (its version is {found}). Install that one.")
            is_sqlite, lost = database.dialect.name == "sqlite", 0
            if found is not None and is_sqlite:
                _back_up(Path(str(make_url(url).database)), str(newest))
            if is_sqlite:
                lost = _lost_references(connection)
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if is_sqlite and _lost_references(connection) > lost:
                raise ConfigError("The upgrade would lose rows that others refer to. Nothing was changed. Report this.")
            connection.commit()
    except IntegrityError as error:
        raise ConfigError(
            f"The database holds a value that no Nightlatch writes ({str(error.orig).splitlines()[0]}). Nothing was "
            "changed. Restore it from a backup."
        ) from None
    except OperationalError as error:
        raise ConfigError(f"The database cannot be used: {str(error.orig).splitlines()[0]}.") from None
    finally:
        database.dispose()


def _lost_references(connection: Connection) -> int:
    """How many rows refer to another that is missing."""
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").all())


def _back_up(file: Path, revision: str) -> None:
    """A copy beside `file`. An earlier copy stays: it may be from before an upgrade that stopped half-way."""
    copy, again = file.with_name(f"{file.name}.before-{revision}"), 1
    while copy.exists():
        again += 1
        copy = file.with_name(f"{file.name}.before-{revision}.{again}")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as sink:
        copy.chmod(0o600)
        source.backup(sink)
