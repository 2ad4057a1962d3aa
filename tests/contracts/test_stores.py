"""Every store passes the same suite: SQLite and PostgreSQL for rows; folder, memory and S3 (Ceph) for blobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nightlatch.cloud.accounts import Accounts
from nightlatch.cloud.mailbox import Mailbox
from nightlatch.cloud.records import AccountRow
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.errors import ConfigError, NotFound, OverQuota, Refused
from nightlatch.hub.serve.books.index import MIGRATIONS as HUB_MIGRATIONS
from nightlatch.seal.recipients import Sealer
from nightlatch.store import records
from nightlatch.store.blobs import Blobs
from nightlatch.web.signature import SignedRequest
from tests.clocks import TestClock
from tests.postgres import server
from tests.s3 import S3, s3

SEALED = Sealer([str(pyrage.x25519.Identity.generate().to_public())]).seal(b"footage" * 9000)
pytestmark = pytest.mark.xdist_group("stores")  # one PostgreSQL and one Ceph for all of them


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3]:
    """An S3 service of our own; its sockets want a short path."""
    with s3(Path("/tmp") / f"nightlatch-s3-{os.getpid()}") as made:
        yield made


@pytest.fixture(params=["file", "memory", pytest.param("s3", marks=pytest.mark.services)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Blobs]:
    if request.param != "s3":
        yield Blobs(f"file://{tmp_path / 'blobs'}" if request.param == "file" else "memory:///")
        return
    made: S3 = request.getfixturevalue("bucket")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    store = Blobs(made.url)
    yield store
    for name in list(store.names()):
        store.delete(name)


@pytest.mark.services
def test_a_mailbox_behaves_the_same_on_every_store(url: str, blobs: Blobs) -> None:
    records.migrate(url, MIGRATIONS)
    records.migrate(url, MIGRATIONS)  # twice is fine
    engine, clock, home = records.engine(url), TestClock(), os.urandom(16).hex()
    with Session(engine) as session, session.begin():
        session.add(AccountRow(id=home, hub_key=os.urandom(8).hex(), owner_key="o", created_ms=0))
    mailbox = Mailbox(engine, blobs, clock, keep_days=1, quota_bytes=10**7)
    assert mailbox.put(home, "a" * 16, "part-0000", SEALED, replace=False)
    assert not mailbox.put(home, "a" * 16, "part-0000", SEALED, replace=False)
    assert mailbox.get(home, "a" * 16, "part-0000") == SEALED
    assert mailbox.get(home, "a" * 16, "part-0000", 10, 20) == SEALED[10:20]
    assert mailbox.used_bytes(home) == len(SEALED)
    clock.pass_hours(24.1)
    assert mailbox.expire() == 1
    assert list(blobs.names()) == []
    with pytest.raises(NotFound):
        mailbox.get(home, "a" * 16, "part-0000")
    with pytest.raises(IntegrityError), Session(engine) as session, session.begin():
        session.add(AccountRow(id=home, hub_key="x", owner_key="o", created_ms=0))
    engine.dispose()


@pytest.mark.services
def test_a_crowd_is_served_in_turn_on_every_store(url: str) -> None:
    """The first objects of a clip come together; a quota holds for all; a request counts once."""
    records.migrate(url, MIGRATIONS)
    engine, clock, home = records.engine(url), TestClock(), os.urandom(16).hex()
    with Session(engine) as session, session.begin():
        session.add(AccountRow(id=home, hub_key=os.urandom(8).hex(), owner_key="o", created_ms=0))
    blobs = Blobs("memory:///")
    mailbox = Mailbox(engine, blobs, clock, keep_days=1, quota_bytes=len(SEALED) * 5)
    accounts = Accounts(engine, clock, None)
    once = SignedRequest(os.urandom(16).hex(), "n", clock.now_ms() // 1000)

    def put(name: str) -> bool:
        try:
            return mailbox.put(home, "b" * 16, name, SEALED, replace=False)
        except OverQuota:
            return False

    def ask(_: int) -> bool:
        try:
            accounts.once(once)
            return True
        except Refused:
            return False

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(put, [f"part-{i}" for i in range(8)])) == 5
        assert sum(crowd.map(put, ["part-0"] * 8)) == 0
        assert sum(crowd.map(ask, range(8))) == 1
    assert mailbox.used_bytes(home) == len(SEALED) * 5
    assert len(list(blobs.names())) == 5
    engine.dispose()


@pytest.mark.services
def test_the_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    from nightlatch.cloud.records import MailboxTables

    records.migrate(url, MIGRATIONS)
    found = inspect(records.engine(url))
    for table in MailboxTables.metadata.sorted_tables:
        assert {c["name"] for c in found.get_columns(table.name)} == {c.name for c in table.columns}


def test_the_hubs_migrations_make_its_tables(tmp_path: Path) -> None:
    from nightlatch.hub.serve.books.records import HubTables

    url = f"sqlite:///{tmp_path / 'hub.db'}"
    records.migrate(url, HUB_MIGRATIONS)
    found = inspect(records.engine(url))
    for table in HubTables.metadata.sorted_tables:
        assert {c["name"] for c in found.get_columns(table.name)} == {c.name for c in table.columns}


def test_blob_names_cannot_leave_the_store(blobs: Blobs, tmp_path: Path) -> None:
    for name in ("../x", "/etc/passwd", "a/../../b", "A", "", "a//b", "a\x00", "a" * 200):
        with pytest.raises(NotFound):
            blobs.put(name, SEALED)
    with pytest.raises(ConfigError):
        Blobs("http://example.com/")
    assert list(blobs.names()) == []


def test_what_is_put_is_got_whole_and_in_pieces_and_replaced(blobs: Blobs) -> None:
    blobs.put("ab/one", SEALED)
    assert blobs.get("ab/one") == SEALED
    assert blobs.get("ab/one", 10, 20) == SEALED[10:20]
    assert blobs.get("ab/one", 10) == SEALED[10:]
    assert blobs.get("ab/one", 10, 10) == b""
    other = Sealer([str(pyrage.x25519.Identity.generate().to_public())]).seal(b"x")
    blobs.put("ab/one", other)
    assert blobs.get("ab/one") == other
    assert list(blobs.names()) == ["ab/one"]


def test_what_is_deleted_is_gone_and_deleting_it_again_is_fine(blobs: Blobs) -> None:
    blobs.put("ab/one", SEALED)
    blobs.delete("ab/one")
    blobs.delete("ab/one")
    assert list(blobs.names()) == []
    for ask in (lambda: blobs.get("ab/one"), lambda: blobs.get("ab/one", 0, 5), lambda: blobs.get("ab/one", 5)):
        with pytest.raises(NotFound):
            ask()


def test_young_blobs_can_be_left_out(blobs: Blobs) -> None:
    blobs.put("ab/one", SEALED)
    assert list(blobs.names(older_than_s=3600)) == []
