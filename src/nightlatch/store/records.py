"""SQL for both programs: SQLite on one machine, PostgreSQL where the configuration says so."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url


def engine(url: str) -> Engine:
    """A synchronous engine. SQLite gets write-ahead logging, foreign keys and five seconds of patience."""
    made = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _tune_sqlite)
    return made


def _tune_sqlite(connection: sqlite3.Connection, _: object) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def migrate(url: str, scripts: Path) -> None:
    """Bring the database at `url` to the newest version in the Alembic folder `scripts`.

    A SQLite file that is about to change is copied to `NAME.before-REVISION` first.
    """
    database = engine(url)
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    newest = ScriptDirectory.from_config(config).get_current_head()
    with database.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found == newest:
            database.dispose()
            return
        if found is not None and database.dialect.name == "sqlite":
            _back_up(Path(str(make_url(url).database)), str(newest))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    database.dispose()


def _back_up(file: Path, revision: str) -> None:
    copy = file.with_name(f"{file.name}.before-{revision}")
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as sink:
        source.backup(sink)
    shutil.copymode(file, copy)
