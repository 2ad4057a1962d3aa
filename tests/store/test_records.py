"""Databases: what they promise, and that an upgrade can be taken back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.errors import ConfigError
from nightlatch.store import records

FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("doors", sa.Column("name", sa.String(9)))
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("doors", sa.Column("locked", sa.Boolean()))
"""
COPYING = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    with op.batch_alter_table("doors") as doors:
        doors.create_check_constraint("door_name", "name IN ('porch', 'gate')")
"""
LOCKS = """
    op.create_table("doors", sa.Column("name", sa.String(9), primary_key=True))
    op.create_table("locks", sa.Column("door", sa.String(9), sa.ForeignKey("doors.name", ondelete="CASCADE")))
"""
ENVIRONMENT = """
from alembic import context
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "100% ours"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENVIRONMENT)
    (folder / "versions" / "first.py").write_text(FIRST)
    return folder


def test_sqlite_waits_syncs_and_minds_its_references(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    for durable, level in ((True, 2), (False, 1)):
        with records.engine(url, durable=durable).connect() as rows:
            told = {p: rows.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "foreign_keys")}
            assert told == {"journal_mode": "wal", "foreign_keys": 1}
            assert rows.execute(text("PRAGMA synchronous")).scalar() == level
            assert rows.execute(text("PRAGMA busy_timeout")).scalar() == 30000


def test_an_upgrade_leaves_a_copy_of_the_file_and_never_overwrites_one(tmp_path: Path, scripts: Path) -> None:
    file = tmp_path / "rows.db"
    url = f"sqlite:///{file}"
    records.migrate(url, scripts)
    assert list(tmp_path.glob("*before*")) == []
    with sqlite3.connect(file) as rows:
        rows.execute("INSERT INTO doors VALUES ('porch')")
    (scripts / "versions" / "second.py").write_text(SECOND.replace("op.add_column", "no.such_thing"))
    with pytest.raises(NameError):
        records.migrate(url, scripts)
    (scripts / "versions" / "second.py").write_text(SECOND)
    records.migrate(url, scripts)
    records.migrate(url, scripts)
    copies = sorted(tmp_path.glob("rows.db.before-*"))
    assert [c.name for c in copies] == ["rows.db.before-0002", "rows.db.before-0002.2"]
    for copy in copies:
        assert copy.stat().st_mode & 0o777 == 0o600
        with sqlite3.connect(copy) as rows:
            assert rows.execute("SELECT * FROM doors").fetchall() == [("porch",)]
    with sqlite3.connect(file) as rows:
        assert rows.execute("SELECT name, locked FROM doors").fetchall() == [("porch", None)]


def test_an_upgrade_that_copies_a_table_keeps_the_rows_that_refer_to_it(tmp_path: Path, scripts: Path) -> None:
    file, first = tmp_path / "rows.db", FIRST.partition("    op.create")[0] + LOCKS
    (scripts / "versions" / "first.py").write_text(first)
    records.migrate(f"sqlite:///{file}", scripts)
    with sqlite3.connect(file) as rows:
        rows.executescript("INSERT INTO doors VALUES ('porch'); INSERT INTO locks VALUES ('porch')")
    (scripts / "versions" / "second.py").write_text(COPYING)
    records.migrate(f"sqlite:///{file}", scripts)
    with sqlite3.connect(file) as rows:
        assert rows.execute("SELECT door FROM locks").fetchall() == [("porch",)]
        with pytest.raises(sqlite3.IntegrityError):
            rows.execute("INSERT INTO doors VALUES ('moon')")


def test_an_upgrade_that_stops_half_way_or_meets_a_wrong_value_changes_nothing(tmp_path: Path, scripts: Path) -> None:
    file, second = tmp_path / "rows.db", scripts / "versions" / "second.py"
    records.migrate(f"sqlite:///{file}", scripts)
    with sqlite3.connect(file) as rows:
        rows.execute("INSERT INTO doors VALUES ('moon')")
    before = schema(file)
    second.write_text(COPYING)
    with pytest.raises(ConfigError, match="no Nightlatch writes"):
        records.migrate(f"sqlite:///{file}", scripts)
    assert schema(file) == before
    second.write_text(SECOND + "    no.such_thing()\n")
    with pytest.raises(NameError):
        records.migrate(f"sqlite:///{file}", scripts)
    assert schema(file) == before


def test_an_upgrade_that_would_lose_what_a_row_refers_to_is_not_made(tmp_path: Path, scripts: Path) -> None:
    file, first = tmp_path / "rows.db", FIRST.partition("    op.create")[0] + LOCKS
    (scripts / "versions" / "first.py").write_text(first)
    records.migrate(f"sqlite:///{file}", scripts)
    with sqlite3.connect(file) as rows:
        rows.executescript("INSERT INTO doors VALUES ('porch'); INSERT INTO locks VALUES ('porch')")
    (scripts / "versions" / "second.py").write_text(COPYING + "    op.execute('DELETE FROM doors')\n")
    before = schema(file)
    with pytest.raises(ConfigError, match="would lose"):
        records.migrate(f"sqlite:///{file}", scripts)
    assert schema(file) == before
    with sqlite3.connect(file) as rows:
        assert rows.execute("SELECT name FROM doors").fetchall() == [("porch",)]


def schema(file: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(file) as rows:
        return rows.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_database_of_a_newer_nightlatch_is_left_alone(tmp_path: Path, scripts: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    records.migrate(url, scripts)
    with sqlite3.connect(tmp_path / "rows.db") as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer"):
        records.migrate(url, scripts)


def test_the_mailbox_of_the_first_version_is_upgraded_with_what_it_holds(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    url = f"sqlite:///{tmp_path / 'cloud.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with records.engine(url).connect() as rows:
        config.attributes["connection"] = rows
        command.upgrade(config, "0001")
        rows.execute(text("INSERT INTO households VALUES ('h', 'hub', 'owner', 1)"))
        rows.commit()
    records.migrate(url, MIGRATIONS)
    with records.engine(url).connect() as rows:
        assert rows.execute(text("SELECT id FROM households")).scalar() == "h"
        assert rows.execute(text("SELECT count(*) FROM nonces")).scalar() == 0
    assert list(tmp_path.glob("cloud.db.before-*"))


@pytest.mark.parametrize(
    "url", ["nonsense", "fancydb://me:hunter2@x/y", "postgresql+psycopg://me:hunter2@127.0.0.1:1/y"]
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        records.migrate(url, MIGRATIONS)
    assert "hunter2" not in str(told.value)


def test_an_error_of_the_database_shows_no_values(tmp_path: Path) -> None:
    with records.engine(f"sqlite:///{tmp_path / 'a.db'}").connect() as rows, pytest.raises(SQLAlchemyError) as told:
        rows.execute(text("INSERT INTO nowhere VALUES (:it)"), {"it": "hunter2"})
    assert "hunter2" not in str(told.value)
