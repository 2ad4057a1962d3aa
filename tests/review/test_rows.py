"""Somebody who writes into `review.db`, and a keeper that is behind: rows are not proof here either."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from nightlatch.domain.label import Label
from nightlatch.errors import Refused
from nightlatch.ledger.following import Following
from nightlatch.review.entries import Receipt
from nightlatch.review.labels import Labels, ReviewLook
from nightlatch.review.proofs import LabelProofs
from nightlatch.review.quality import agreed
from nightlatch.review.records import MIGRATIONS, LookRow
from nightlatch.review.roster import Administrator, Roster
from nightlatch.review.writing import written
from nightlatch.store import records
from tests.clocks import TestClock
from tests.keeper import house as keeper_house
from tests.keeper.house import TEN
from tests.keeper.logs import TinyLog
from tests.review.rooms import CAT, THIEF, Page, WholeRoom, administrator, signature, whole_room

CLIP = "a" * 32
TAG = bytes(16)


class Desk:
    """Labels over a log that is real but for its disk."""

    def __init__(self, folder: Path) -> None:
        self.file, self.clock = folder / "review.db", TestClock(fixed_ms=TEN)
        url = f"sqlite:///{self.file}"
        records.migrate(url, MIGRATIONS)
        self.engine = records.engine(url, durable=True)
        self.log = TinyLog(self.clock)
        self.labels = Labels(self.engine, self.clock, LabelProofs(Following(self.log.policy), None, self.log.proof))

    def append(self, leaf: bytes) -> Receipt:
        index = self.log.append(leaf)
        return Receipt(index, self.log.proof(index))

    def hand_in(self, view: int, reviewer: str, label: Label = CAT) -> None:
        self.labels.open(ReviewLook(view, CLIP, reviewer, 20_000), TAG)
        self.labels.submit(view, reviewer, label, self.append)

    def write(self, statement: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as rows, rows:
            rows.execute(statement, values)

    @property
    def counted(self) -> list[int]:
        with Session(self.engine) as session:
            views = {(row.donation, row.reviewer): row.view for row in session.query(LookRow)}
        return sorted(views[each.donation, each.reviewer] for each in self.labels.submitted())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.engine.dispose()


def test_labels_that_fit_the_log_count(desk: Desk) -> None:
    desk.hand_in(1, "heron")
    desk.hand_in(2, "stork", THIEF)
    assert desk.counted == [1, 2]
    assert desk.labels.refused() == []


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE looks SET label = '" + written(THIEF) + "' WHERE view = 1",
        "UPDATE looks SET label = 'what' WHERE view = 1",
        "UPDATE looks SET label = NULL WHERE view = 1",
        "UPDATE looks SET reviewer = 'crane' WHERE view = 1",
        "UPDATE looks SET view = 7 WHERE view = 1",
        "UPDATE looks SET salt = zeroblob(32) WHERE view = 1",
        "UPDATE looks SET salt = NULL WHERE view = 1",
        "UPDATE looks SET tag = zeroblob(15) WHERE view = 1",
        "UPDATE looks SET (leaf, salt) = (SELECT leaf, salt FROM looks WHERE view = 2) WHERE view = 1",
        "UPDATE looks SET receipt = (SELECT receipt FROM looks WHERE view = 2) WHERE view = 1",
        "UPDATE looks SET receipt = 'c2sp.org/tlog-proof@v1' WHERE view = 1",
        "UPDATE looks SET submitted_ms = NULL WHERE view = 1",
    ],
)
def test_a_label_whose_row_was_changed_does_not_count_and_is_named(desk: Desk, what: str) -> None:
    desk.hand_in(1, "heron")
    desk.hand_in(2, "stork")
    assert agreed(desk.labels.submitted())[0].label == CAT
    desk.write(what)
    assert desk.counted == [2]
    assert len(desk.labels.refused()) == 1
    assert agreed(desk.labels.submitted()) == [], "one label is no consensus"


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE looks SET submitted_ms = undone_ms",
        "UPDATE looks SET submitted_ms = undone_ms, undone_ms = NULL",
        "UPDATE looks SET salt = zeroblob(32)",
        "UPDATE looks SET reviewer = 'crane'",
    ],
)
def test_a_label_that_was_taken_back_counts_again_only_with_an_entry_of_its_own(desk: Desk, what: str) -> None:
    desk.hand_in(1, "heron")
    desk.labels.undo(1, "heron", desk.append)
    assert (desk.counted, desk.labels.refused()) == ([], [])
    desk.write(what)
    assert desk.counted == []
    assert len(desk.labels.refused()) == 1


def test_a_label_that_was_taken_back_and_handed_in_again_counts(desk: Desk) -> None:
    desk.hand_in(1, "heron")
    desk.labels.undo(1, "heron", desk.append)
    desk.labels.submit(1, "heron", THIEF, desk.append)
    assert (desk.counted, desk.labels.refused()) == ([1], [])
    desk.write("UPDATE looks SET label = ?", written(CAT))
    assert desk.counted == []


def test_a_label_that_the_log_never_took_does_not_count(desk: Desk) -> None:
    """A whole row of one's own: an event, a salt and a leaf that fit each other, and a receipt of something else."""
    desk.hand_in(1, "heron")
    (desk.file.parent / "other").mkdir()
    other = Desk(desk.file.parent / "other")
    other.hand_in(2, "stork", THIEF)
    with closing(sqlite3.connect(other.file)) as rows:
        (forged,) = rows.execute("SELECT * FROM looks").fetchall()
    desk.write(f"INSERT INTO looks VALUES ({', '.join('?' * len(forged))})", *forged)
    assert desk.counted == [1]
    assert [(each.view, each.why) for each in desk.labels.refused()] == [(2, "the log does not hold it")]
    other.engine.dispose()


def test_a_label_of_before_receipts_were_kept_gets_its_own_from_the_log(desk: Desk) -> None:
    desk.hand_in(1, "heron")
    desk.write("UPDATE looks SET receipt = NULL")
    assert desk.counted == [1]
    with Session(desk.engine) as session:
        assert session.get_one(LookRow, 1).receipt


def test_an_administrator_who_was_written_into_the_table_signs_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (anna, _), (ben, _), (eve, key) = (administrator(name) for name in ("anna", "ben", "eve"))
    roster = Roster(desk.engine, desk.clock, "programme", [anna.key, ben.key])
    roster.begin((anna, ben))
    change = roster.propose_policy(100, 5, 420, 1200)
    desk.write("INSERT INTO administrators VALUES (?, 'eve', 0)", eve.key)
    with pytest.raises(Refused, match="Only an administrator"):
        roster.sign(change, eve.key, signature(key, roster.change(change).event))
    assert Administrator(eve.key, "eve") in roster.administrators()
    desk.engine.dispose()


# ---- a keeper that is behind --------------------------------------------------------------------------------------


@pytest.fixture
def room(tmp_path: Path) -> Iterator[WholeRoom]:
    with whole_room(tmp_path) as made:
        yield made


def without_changes(room: WholeRoom) -> None:
    """A keeper as one of before comes up: it has the passkeys' rows, and no proof of any."""
    room.house.engine.dispose()
    (room.house.folder / "halves" / ".changes").unlink()
    with closing(sqlite3.connect(room.house.folder / "keeper.db")) as rows, rows:
        rows.execute("DELETE FROM changes")
        rows.execute("DELETE FROM head")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper_house, "ORIGIN", room.origin)
        room.house.start()
    premises = room.keeper_app.state.premises
    object.__setattr__(premises, "room", room.house.room)
    object.__setattr__(premises, "passkeys", room.house.passkeys)
    room.house.room.sweep()


def test_a_keeper_without_proofs_is_told_all_changes_again_and_lets_in_who_is_let_in(room: WholeRoom) -> None:
    room.house.give()
    heron, gone = room.reviewer("desk"), room.reviewer("desk-2")
    roster = room.desk.roster
    room.signed(roster.propose_removal(gone.credential))
    page = Page(room)
    page.enter(heron).raise_for_status()
    without_changes(room)
    answer = page.enter(heron)
    assert answer.is_success, answer.text
    assert page.post("/next").is_success
    assert page.enter(gone).status_code == 403
    assert room.leaves("roster") == 3, "told again, not logged again"
