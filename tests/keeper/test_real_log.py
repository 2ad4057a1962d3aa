"""The keeper as a program's parts, with a log and a witness that are the real ones, over HTTP."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from nightlatch.domain.view import Leaf, commitment
from nightlatch.errors import ConfigError
from nightlatch.keeper.proof import LedgerLog, LedgerReceipts
from nightlatch.keeper.reading import News
from nightlatch.keeper.records import KeeperTables
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.keeper.serve import open_room
from nightlatch.keeper.settings import KeeperSettings
from nightlatch.keeper.words import Anchor, ViewRequest
from nightlatch.ledger.chronicle import open_chronicle
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.cosigners import local_cosigner
from nightlatch.ledger.errors import LogFull
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.parts import position
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.witness import Witness
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.clocks import TestClock
from tests.keeper.house import TEN, House, Reviewer, house, stamped
from tests.keeper.logs import TinyLog
from tests.serving import served


class RealLog(TinyLog):
    """`ledger.Log` in a folder, its face on a port, a witness with a folder of its own; or a chronicle of months."""

    def __init__(self, folder: Path, clock: TestClock, months: bool = False) -> None:
        self.clock, self.stack, self.folder = clock, ExitStack(), folder / "log"
        self.signer, witness = make_signer("nightlatch.example/log"), make_signer("home.example", COSIGNATURE)
        self.policy = Policy(self.signer.verifier, (("home", witness.verifier),), 1)
        self.receipts = LedgerReceipts(self.policy)
        opened = (
            open_chronicle(self.folder, self.signer, policy=self.policy, clock=clock)
            if months
            else Log(self.folder, self.signer)
        )
        self.log = self.stack.enter_context(opened)
        watching = Witness(folder / "witness", witness, [self.signer.verifier], clock)
        cosigners = {witness.verifier: local_cosigner(watching)}
        self.face = ExitStack()
        self.url = self.face.enter_context(served(create_log_app(self.log, cosigners, "writers")))
        self.client = LogClient(self.url, "writers")
        self.seen = LedgerLog(self.client, self.receipts)

    def append(self, leaf: bytes) -> int:
        return self.client.append(leaf).index

    def proof(self, index: int, witnesses: int | None = None) -> str:
        return self.client.receipt(index)

    def receipt(self, index: int) -> str:
        return self.seen.receipt(index)

    def follow(self) -> None:
        self.seen.follow()

    def root(self, now_ms: int) -> Anchor:
        return self.seen.root(now_ms)

    def news(self, seen: bytes, now_ms: int, wants: Callable[[bytes], bool]) -> News:
        return self.seen.news(seen, now_ms, wants)

    def enrol(self, slot: str, witness: str) -> None:
        self.client.enrol(slot, witness)

    def leaf(self, index: int) -> bytes:
        return self.log.leaf(index)

    def delete(self) -> None:
        """The log is gone: nobody answers, nothing is on its disk."""
        self.face.close()
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def close(self) -> None:
        self.face.close()
        self.stack.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    clock = TestClock(fixed_ms=TEN)
    log = RealLog(tmp_path, clock)
    made = House(tmp_path / "keeper", clock, log)
    yield made
    log.close()
    made.engine.dispose()


def refusal_of(home: House, reviewer: Reviewer, asked: ViewRequest) -> Refusal:
    with pytest.raises(KeeperRefused) as caught:
        home.room.open_view(reviewer.token, asked)
    return caught.value.refusal


def test_a_clip_is_given_seen_and_taken_back_and_the_log_holds_it_all(home: House) -> None:
    given = home.give()
    opened = home.look(home.reviewer())
    assert home.room.still(opened.view_id, 0).jpeg
    home.room.revoke(given.withdrawn(TEN))
    with pytest.raises(KeeperRefused):
        home.room.still(opened.view_id, 1)
    home.room.sweep()
    for entry in home.room.entries(given.donation):
        assert entry.leaf_index is not None
        assert home.log.leaf(entry.leaf_index) == entry.leaf


def test_with_the_log_deleted_nothing_opens_not_even_with_a_good_receipt(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    asked = home.asked(reviewer)
    home.log.delete()
    assert refusal_of(home, reviewer, asked) == Refusal.NO_QUORUM
    with pytest.raises(KeeperRefused):
        home.room.next_clip(reviewer.token)


def test_a_receipt_of_half_an_hour_ago_is_stale(home: House) -> None:
    home.give()
    reviewer = home.reviewer()
    drawn = home.room.next_clip(reviewer.token)
    view, salt = home.view_of(drawn), secrets.token_bytes(32)
    soon_s = (TEN + 1_800_000) // 1000
    leaf = Leaf(soon_s, "view.open", drawn.tag, commitment(salt, view.canonical())).canonical()
    receipt = home.log.proof(home.log.append(leaf))
    home.clock.offset_ms += 1_800_000
    home.sit(reviewer)
    home.log.append(b"the log goes on")
    assert refusal_of(home, reviewer, ViewRequest(view, salt, leaf, receipt)) == Refusal.STALE


def test_a_keeper_without_a_witness_does_not_start(home: House) -> None:
    with pytest.raises(ConfigError, match="at least one witness"):
        LedgerReceipts(Policy(home.log.policy.log, (), 0))


def test_the_keeper_follows_the_log_into_the_next_month(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=TEN)
    log = RealLog(tmp_path, clock, months=True)
    home = House(tmp_path / "keeper", clock, log)
    first = home.give()
    reviewer = home.reviewer()
    assert position(home.look(reviewer).view_id).part == 0
    clock.fixed_ms += 20 * 86_400_000
    home.room.sweep()  # its entries turn the month
    second = home.give()
    home.sit(reviewer)
    opened = home.look(reviewer)
    assert position(opened.view_id).part == 1
    assert home.room.still(opened.view_id, 0).jpeg
    home.room.sweep()
    for given in (first, second):
        home.room.revoke(given.withdrawn(clock.now_ms()))
    home.room.sweep()
    for given in (first, second):
        kinds = {entry.kind: entry.leaf_index for entry in home.room.entries(given.donation)}
        assert kinds["consent.withdraw"] is not None
    home.start()  # it knows part 0 only, until it has read the log: what was signed in any month counts
    home.room.sweep()
    home.give()
    assert home.sit(reviewer)
    log.close()
    home.engine.dispose()


def test_a_log_that_has_become_shorter_is_refused(home: House, tmp_path: Path) -> None:
    home.log.append(b"one")
    home.log.append(b"two")
    home.log.root(TEN)
    short = TinyLog(home.clock)
    short.append(b"one")
    seen = home.log.seen
    seen._receipts, seen._client = short.receipts, _Static(short.checkpoint())
    with pytest.raises(KeeperRefused) as caught:
        seen.root(TEN)
    assert caught.value.refusal == Refusal.WRONG_LOG


class _Static:
    """A folder that shows one checkpoint for ever."""

    def __init__(self, note: str) -> None:
        self.note = note

    def newest(self) -> str:
        return self.note


def test_while_the_witnesses_are_at_it_the_checkpoint_before_serves_as_long_as_it_is_fresh() -> None:
    clock = TestClock(fixed_ms=TEN)
    log = TinyLog(clock)
    log.append(b"one")
    shown = _Static(log.checkpoint())
    seen = LedgerLog(shown, log.receipts)  # type: ignore[arg-type]
    first = seen.root(TEN)
    log.append(b"two")
    shown.note = log.checkpoint(witnesses=0)
    assert seen.root(TEN) == first
    with pytest.raises(KeeperRefused) as caught:
        seen.root(TEN + 1_800_000)
    assert caught.value.refusal == Refusal.STALE


def test_the_program_opens_its_folder_from_settings(home: House, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text(str(home.log.policy))
    (tmp_path / "writers").write_text("writers\n")
    settings = KeeperSettings.model_validate(
        {
            "data_dir": tmp_path / "another",
            "programme_key": home.policy.programme_key,
            "administrators": ["a", "b"],
            "log_url": home.log.url,
            "log_secret": tmp_path / "writers",
            "log_policy": tmp_path / "policy",
        }
    )
    room, _ = open_room(settings, home.clock, stamped)
    assert room.make().recipient.startswith("age1")
    assert oct((tmp_path / "another").stat().st_mode)[-3:] == "700"
    (tmp_path / "policy").write_text(json.dumps({}))
    with pytest.raises(ConfigError):
        open_room(settings, home.clock, stamped)


def test_a_full_log_is_said_by_its_name(tmp_path: Path) -> None:
    with house(tmp_path / "keeper") as home:
        home.give()
        home.log.fill_up()
        with pytest.raises(LogFull):
            home.room.sweep()


def test_the_migrations_make_the_tables_that_the_code_knows(home: House) -> None:
    with home.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), KeeperTables.metadata) == []
