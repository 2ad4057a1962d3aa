"""Somebody who writes into `keeper.db`, and somebody who puts an earlier one back: rows are not proof."""

from __future__ import annotations

import json
import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.view import Enrolment, Leaf, Promise, tag
from nightlatch.errors import SealError
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.ledger.merkle import Tree
from nightlatch.web.signature import public_b64
from tests.keeper.authenticator import Authenticator
from tests.keeper.house import DAY_MS, QUORUM, TEN, House, Owner, Reviewer, house


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "keeper") as made:
        yield made


def refusal_of(call: Callable[..., Any], *args: Any) -> Refusal:
    with pytest.raises(KeeperRefused) as caught:
        call(*args)
    return caught.value.refusal


def write(home: House, *statements: str, **values: Any) -> None:
    """What a writer of the database does, beside the keeper."""
    with closing(sqlite3.connect(home.folder / "keeper.db")) as rows, rows:
        for statement in statements:
            rows.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement})


def read(home: House, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home.folder / "keeper.db")) as rows:
        return rows.execute(question).fetchall()


def sweep_round(home: House) -> None:
    for _ in range(3):
        home.room.sweep()


def looks(home: House, reviewer: Reviewer) -> None:
    """Whatever shows anything."""
    home.room.open_view(reviewer.token, home.asked(reviewer))


# ---- a writer, while the keeper runs, and after its restart -------------------------------------------------------

WRITES = {
    "a draw aims at a clip": "UPDATE draws SET donation_id = :other",
    "a draw's root is chosen": "UPDATE draws SET root = x'00'",
    "a draw is moved to yesterday": "UPDATE draws SET day = day - 1",
    "a draw gets another number": "UPDATE draws SET n = n + 1",
    "draws are deleted": "DELETE FROM draws WHERE seq NOT IN (SELECT seq FROM views)",
    "a draw stands again": "UPDATE draws SET ended = NULL",
    "a draw is added": "INSERT INTO draws (reviewer, day, n, root, donation_id, drawn_ms) "
    "SELECT 'heron', day, 9, root, :other, drawn_ms FROM draws LIMIT 1",
    "the views of today are deleted": "DELETE FROM views",
    "a view is moved to yesterday": "UPDATE views SET day = day - 1",
    "a view becomes somebody else's": "UPDATE views SET reviewer = 'stork'",
    "a view is of another household": "UPDATE views SET household = 'h'",
    "a clip waits again": "UPDATE donations SET state = 'waiting'",
    "a clip is of another household": "UPDATE donations SET household = 'h' WHERE state = 'waiting'",
    "a clip was here before": "UPDATE donations SET admitted_ms = 1 WHERE state = 'waiting'",
    "a clip's entries go to another tag": "UPDATE donations SET log_key = zeroblob(32) WHERE state = 'waiting'",
    "a clip's entries are for another reader": "UPDATE donations SET owner_recipient = 'age1' WHERE state = 'waiting'",
    "others of the waiting list go": "UPDATE donations SET state = 'labelled' WHERE id != :other",
    "an entry is never written": "UPDATE entries SET leaf_index = 7 WHERE kind = 'flag'",
    "an entry is gone": "DELETE FROM entries WHERE kind = 'flag'",
    "an entry says something else": "UPDATE entries SET leaf = x'00' WHERE kind = 'flag'",
    "a passkey is added": "INSERT INTO passkeys VALUES (:mole, :key, 'mole', 'desk-1', 0, 9, 0)",
    "a removal is gone": "DELETE FROM changes WHERE id = (SELECT max(id) FROM changes)",
    "a removal is of another passkey": "UPDATE changes SET subject = 'c' WHERE id = (SELECT max(id) FROM changes)",
    "an enrolment is later than its removal": "UPDATE changes SET id = id + 50",
}
HEADS = {
    "it says fewer changes": "UPDATE head SET number = number - 5",
    "it is gone": "DELETE FROM head",
    "the log is read from another place": "UPDATE head SET seen = x'00'",
    "the day is open again": "UPDATE head SET closed_day = 1",
}


class Attacked:
    """A keeper with a day behind it: a flagged clip, one that was seen, others that wait, a removed passkey."""

    def __init__(self, home: House) -> None:
        self.home, self.owner = home, Owner()
        self.flagged, self.heron = home.give(), home.reviewer("heron")
        self.flag = home.look(self.heron)
        self.seen = home.give(self.owner)
        home.look(self.heron)
        self.waiting = [home.give(self.owner), home.give(), home.give()]
        self.home.room.next_clip(self.heron.token)
        self.gone = home.reviewer("gone")
        home.passkeys.enrol(*home.enrolment(self.gone, do="remove"))

    def flags(self) -> None:
        """So late that its entry still waits for the log."""
        heron = self.heron
        self.home.room.skip(heron.token)
        opened = self.home.look(heron)
        self.home.room.flag(heron.token, opened.view_id)
        self.home.room.next_clip(heron.token)


@pytest.fixture
def attacked(home: House) -> Attacked:
    made = Attacked(home)
    home.room.sweep()
    made.flags()
    return made


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("what", WRITES)
def test_whatever_is_written_into_the_database_shows_nothing_and_taking_back_goes_on(
    attacked: Attacked, what: str, restart: bool
) -> None:
    home, mole = attacked.home, Authenticator()
    write(home, WRITES[what], other=attacked.waiting[-1].donation, mole=mole.credential, key=mole.public_key)
    if restart:
        home.start()
    else:
        sweep_round(home)
    for passkey in (attacked.heron.passkey, attacked.gone.passkey, mole):
        with pytest.raises(KeeperRefused):  # ROWS, or not on the roster
            home.room.next_clip(home.sit(Reviewer("any", passkey)))
    assert home.stamps.fault
    assert refusal_of(home.room.next_clip, attacked.heron.token) in (Refusal.ROWS, Refusal.SESSION)
    still_there = attacked.waiting[-1]
    home.room.revoke(still_there.withdrawn(TEN))
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(still_there.donation)
    home.start()
    assert home.stamps.fault, "a restart does not make it good"


@pytest.mark.parametrize("what", HEADS)
def test_a_head_that_the_keeper_did_not_write_shows_nothing_after_the_next_start(home: House, what: str) -> None:
    home.give()
    heron = home.reviewer("heron")
    write(home, HEADS[what])
    home.start()
    assert refusal_of(home.room.next_clip, home.sit(heron)) == Refusal.ROWS


def test_an_older_version_of_a_row_is_noticed_when_it_is_used(home: House) -> None:
    home.give()
    heron, stork = home.reviewer("heron"), home.reviewer("stork")
    (before,) = read(home, "SELECT * FROM donations")
    opened = home.look(heron)
    home.room.flag(heron.token, opened.view_id)
    places = ", ".join("?" * len(before))
    with closing(sqlite3.connect(home.folder / "keeper.db")) as rows, rows:
        rows.execute(f"REPLACE INTO donations VALUES ({places})", before)
    assert refusal_of(home.room.next_clip, stork.token) == Refusal.NOTHING_WAITING  # by what is remembered
    sweep_round(home)
    assert refusal_of(home.room.next_clip, stork.token) == Refusal.ROWS
    home.start()
    with pytest.raises(KeeperRefused):
        looks(home, stork)


def test_a_picture_of_an_open_view_is_the_last_once_a_row_was_changed(home: House) -> None:
    home.give()
    opened = home.look(home.reviewer())
    assert home.room.still(opened.view_id, 0).jpeg
    write(home, "UPDATE donations SET expires_ms = expires_ms + 1")
    assert refusal_of(home.room.still, opened.view_id, 1) == Refusal.ROWS


def test_what_was_taken_back_loses_its_key_whatever_the_row_says_by_then(home: House) -> None:
    given = home.give()
    home.room.revoke(given.withdrawn(TEN))
    write(home, "UPDATE donations SET state = 'waiting', signed_withdrawal = NULL, withdrawn_ms = NULL")
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)


def test_a_row_whose_row_is_gone_loses_its_key_too(home: House) -> None:
    given = home.give()
    home.room.revoke(given.withdrawn(TEN))
    write(home, "PRAGMA foreign_keys = OFF", "DELETE FROM entries", "DELETE FROM donations")
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)


# ---- the roster and the policy ------------------------------------------------------------------------------------


def test_a_passkey_row_without_its_proof_opens_nothing_even_in_a_database_that_is_whole(home: House) -> None:
    """A keeper of before had rows that nobody signed: they come into the first stamps, and open nothing."""
    home.engine.dispose()
    (home.folder / "halves" / ".changes").unlink()
    mole = Authenticator()
    forged = Enrolment("enrol", "mole", "desk-1", mole.credential, mole.public_key, TEN)
    key = Ed25519PrivateKey.generate()
    by_others = {
        public_b64(k): b64encode(k.sign(forged.canonical())).decode() for k in (key, Ed25519PrivateKey.generate())
    }
    leaf = home.proof("roster", forged.canonical()).leaf
    write(
        home,
        "DELETE FROM head",
        "INSERT INTO passkeys VALUES (:mole, :key, 'mole', 'desk-1', 0, 9, 0)",
        "INSERT INTO changes (kind, leaf, found_ms, subject, event, signatures, salt, receipt) "
        "VALUES ('roster', :leaf, 1, :mole, :event, :signatures, zeroblob(32), '')",
        mole=mole.credential,
        key=mole.public_key,
        leaf=leaf,
        event=forged.canonical(),
        signatures=json.dumps(by_others),
    )
    home.start()
    assert not home.stamps.fault
    assert refusal_of(home.sit, Reviewer("mole", mole)) == Refusal.ROSTER


def test_one_administrator_twice_is_one(home: House) -> None:
    told, proof = home.enrolment(Reviewer("mole", Authenticator()), signers=1)
    (key, signature), *_ = proof.signatures.items()
    again = {key: signature, key + " ": signature, key.lower(): signature}
    assert refusal_of(home.passkeys.enrol, told, replace(proof, signatures=again)) == Refusal.ROSTER


def test_a_change_that_the_log_holds_and_nobody_told_stops_the_room_until_it_is_told(home: House) -> None:
    home.give()
    heron = home.reviewer("heron")
    home.room.next_clip(heron.token)
    removal = home.enrolment(heron, do="remove")  # review keeps it to itself
    home.clock.offset_ms += 20_000
    home.room.sweep()
    assert home.room.next_clip(heron.token)  # it may be on its way
    home.clock.offset_ms += 31_000
    assert refusal_of(home.room.next_clip, heron.token) == Refusal.BEHIND
    home.start()
    home.room.sweep()
    assert refusal_of(home.sit, heron) == Refusal.BEHIND
    home.passkeys.enrol(*removal)
    stork = home.reviewer("stork")
    assert home.room.next_clip(stork.token)
    assert refusal_of(home.room.next_clip, heron.token) == Refusal.SESSION


def test_a_change_that_nobody_has_any_more_can_be_passed_over_in_the_settings(home: House) -> None:
    home.give()
    heron = home.reviewer("heron")
    _, lost = home.enrolment(Reviewer("who", Authenticator()))
    home.room.sweep()
    home.clock.offset_ms += 31_000
    assert refusal_of(home.sit, heron) == Refusal.BEHIND
    home.passed_over = frozenset({sha256(lost.leaf).hexdigest()})
    home.start()
    assert home.room.next_clip(home.sit(heron))


def test_a_policy_in_the_log_that_nobody_told_stops_the_room(home: House) -> None:
    home.give()
    heron = home.reviewer("heron")
    hours = home.policy.hours
    told = Promise(100, home.policy.most_viewers, hours.from_minute, hours.to_minute, QUORUM, TEN)
    proof = home.proof("policy", told.canonical())
    home.room.sweep()
    home.clock.offset_ms += 31_000
    assert refusal_of(home.sit, heron) == refusal_of(home.room.next_clip, heron.token) == Refusal.BEHIND
    home.promises.take(told.canonical(), proof)
    assert refusal_of(home.room.next_clip, heron.token) == Refusal.POLICY


# ---- somebody who puts an earlier database back -------------------------------------------------------------------


class Backup:
    """The backup set: `keeper.db`, `master.key`, `sealed/`. With `whole`, `halves/`, too: an image of the machine."""

    def __init__(self, home: House, folder: Path, whole: bool = False) -> None:
        self.home, self.folder = home, folder
        folder.mkdir()
        with (
            closing(sqlite3.connect(home.folder / "keeper.db")) as live,
            closing(sqlite3.connect(folder / "keeper.db")) as to,
        ):
            live.backup(to)
        shutil.copytree(home.folder / "sealed", folder / "sealed")
        if whole:
            shutil.copytree(home.folder / "halves", folder / "halves")

    def put_back(self) -> None:
        self.home.engine.dispose()
        for old in self.home.folder.glob("keeper.db*"):
            old.unlink()
        if (self.folder / "halves").exists():
            shutil.rmtree(self.home.folder / "halves")
        shutil.copytree(self.folder, self.home.folder, dirs_exist_ok=True)
        self.home.start()


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "image"])
def test_a_backup_of_before_a_flag_does_not_show_the_clip_again(home: House, tmp_path: Path, whole: bool) -> None:
    given, heron, stork = home.give(), home.reviewer("heron"), home.reviewer("stork")
    opened = home.look(heron)
    backup = Backup(home, tmp_path / "backup", whole)
    home.room.flag(heron.token, opened.view_id)
    home.room.sweep()
    backup.put_back()
    assert refusal_of(home.room.next_clip, home.sit(stork)) in (Refusal.NOTHING_WAITING, Refusal.BEHIND)
    home.clock.offset_ms += DAY_MS - 60_000
    assert refusal_of(home.room.next_clip, home.sit(stork)) == Refusal.NOTHING_WAITING
    home.clock.offset_ms += 60_000
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "image"])
def test_a_backup_of_before_a_removal_does_not_seat_who_was_removed(home: House, tmp_path: Path, whole: bool) -> None:
    home.give()
    heron, stork = home.reviewer("heron"), home.reviewer("stork")
    backup = Backup(home, tmp_path / "backup", whole)
    removal = home.enrolment(heron, do="remove")
    home.passkeys.enrol(*removal)
    home.clock.offset_ms += 60_000
    backup.put_back()
    for who in (heron, stork):
        with pytest.raises(KeeperRefused):
            home.room.next_clip(home.sit(who))
    assert refusal_of(home.sit, stork) == Refusal.BEHIND
    home.passkeys.enrol(*removal)  # review tells it again
    assert refusal_of(home.sit, heron) == Refusal.PASSKEY
    assert home.room.next_clip(home.sit(stork))


@pytest.mark.parametrize("whole", [False, True], ids=["rows", "image"])
def test_a_backup_of_before_a_withdrawal_takes_that_clip_back_again_and_no_other(
    home: House, tmp_path: Path, whole: bool
) -> None:
    owner = Owner()
    given, kept, other = home.give(owner), home.give(owner), home.give()
    backup = Backup(home, tmp_path / "backup", whole)
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    before = len(home.log.leaves)
    backup.put_back()
    home.room.sweep()
    home.room.sweep()
    with pytest.raises(SealError):
        home.keys.opener(given.donation)
    for each in (kept, other):
        assert home.keys.opener(each.donation).open(each.sealed) == each.plain
    assert len(home.log.leaves) - before == whole  # the key's end, once more, for a key that was there again
    assert home.room.next_clip(home.reviewer("heron").token)


def test_when_it_cannot_be_told_which_clip_was_taken_back_all_of_that_household_are(
    home: House, tmp_path: Path
) -> None:
    owner = Owner()
    given, kept, other = home.give(owner), home.give(owner), home.give()
    home.room.sweep()
    backup = Backup(home, tmp_path / "backup", whole=True)
    now_ms = home.clock.now_ms()
    secret = Leaf(
        now_ms // 1000, "consent.withdraw", tag(owner.log_key, now_ms), bytes(32)
    )  # of a salt not to be made again
    home.log.append(secret.canonical())
    backup.put_back()
    assert home.room.next_clip(home.reviewer("heron").token).donation == other.donation
    home.room.sweep()
    for each in (given, kept):
        with pytest.raises(SealError):
            home.keys.opener(each.donation)


def test_looks_that_are_gone_with_the_rows_close_the_day(home: House, tmp_path: Path) -> None:
    """Draw, put back, draw again: who could do that would aim."""
    for _ in range(5):
        home.give()
    heron = home.reviewer("heron")
    home.room.sweep()
    backup = Backup(home, tmp_path / "backup")
    home.room.next_clip(heron.token)
    backup.put_back()
    for _ in range(2):
        assert refusal_of(home.room.next_clip, home.sit(heron)) == Refusal.BEHIND
        home.start()
    home.clock.offset_ms += DAY_MS
    assert home.room.next_clip(home.sit(heron))


def test_without_the_log_a_keeper_that_has_just_started_shows_nothing(home: House) -> None:
    home.give()
    heron = home.reviewer("heron")
    home.start()
    home.log.delete()
    assert refusal_of(home.room.next_clip, home.sit(heron)) == Refusal.NO_QUORUM


def test_a_log_that_does_not_continue_what_was_read_shows_nothing(home: House) -> None:
    home.give()
    heron = home.reviewer("heron")
    home.room.sweep()
    leaves = [b"another history", *home.log.leaves[1:], b"more"]
    home.log.leaves, home.log.tree = [], Tree()
    for leaf in leaves:
        home.log.append(leaf)
    home.start()
    assert refusal_of(home.room.next_clip, home.sit(heron)) == Refusal.WRONG_LOG
