"""Random sequences of what owners, reviewers, thieves and time do: no picture without a proof.

The judge is not the keeper: it looks at the log's leaves and at what owners did, and at nothing that the keeper says.
`NIGHTLATCH_SEQUENCES=10000` runs as many; the default is what fits into an ordinary test run.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from nightlatch.domain.consent import Purpose
from nightlatch.domain.view import View, commitment, read_leaf, tag
from nightlatch.errors import NightlatchError
from nightlatch.keeper.words import Assignment, ViewPass, ViewRequest
from tests.clocks import TestClock
from tests.keeper.films import film
from tests.keeper.house import TEN, Given, House, Owner, Reviewer
from tests.keeper.logs import TinyLog

SEQUENCES = int(os.environ.get("NIGHTLATCH_SEQUENCES", "200"))
OPERATIONS = 14
IN_ONE_HOUSE = 200
QUOTA = 3  # views a day, so that a sequence reaches it
DAY_MS = 86_400_000


@dataclass
class World:
    """What happened, as the world knows it."""

    home: House
    chance: random.Random
    owners: list[Owner]
    reviewers: list[Reviewer]
    removed: set[str] = field(default_factory=set)
    given: list[Given] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)  # donation → when it was taken back or flagged
    drawn: list[tuple[Reviewer, Assignment]] = field(default_factory=list)
    asked: list[tuple[Reviewer, ViewRequest]] = field(default_factory=list)
    seen_ms: dict[str, int] = field(default_factory=dict)  # when a reviewer last did something that the keeper took
    weak: set[str] = field(default_factory=set)  # receipts with too few witnesses
    opened: list[tuple[Reviewer, ViewRequest, ViewPass]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    views: int = 0
    refusals: int = 0

    # ---- operations

    def give(self) -> None:
        lasts_ms = self.chance.choice((30_000, DAY_MS))
        clip, expires_ms = film(20, 1), self.home.clock.now_ms() + lasts_ms
        self.given.append(self.home.give(self.chance.choice(self.owners), plain=clip, expires_ms=expires_ms))

    def sit(self) -> None:
        reviewer = self.chance.choice(self.reviewers)
        self.home.sit(reviewer)
        self.there(reviewer)

    def there(self, reviewer: Reviewer) -> None:
        self.seen_ms[reviewer.name] = self.home.clock.now_ms()

    def draw(self) -> None:
        reviewer = self.chance.choice(self.reviewers)
        drawn = self.home.room.next_clip(reviewer.token)
        self.there(reviewer)
        self.drawn.append((reviewer, drawn))

    def write(self) -> None:
        reviewer, drawn = self.drawn[-1] if self.chance.random() < 0.8 else self.chance.choice(self.drawn)
        view = self.home.view_of(drawn)
        self.asked.append((reviewer, self.home.logged(view, drawn.tag)))

    def write_wrongly(self) -> None:
        reviewer, drawn = self.chance.choice(self.drawn)
        view, other = self.home.view_of(drawn), self.chance.choice(self.given)
        kind, witnesses, tagged = "view.open", 2, drawn.tag
        match self.chance.randrange(9):
            case 0:
                view = replace(view, donation=other.donation, consent_sha256=other.consent.record_sha256)
            case 1:
                view = replace(view, reviewer="mole")
            case 2:
                view = replace(view, to_ms=40_000)
            case 3:
                view = replace(view, seq=self.chance.randrange(50))
            case 4:
                view = replace(view, purpose=Purpose.TRAIN)
            case 5:
                kind = "view.close"
            case 6:
                witnesses = 1
            case 7:
                tagged = bytes(16)
            case _:
                view = replace(view, device="phone")
        asked = self.home.logged(view, tagged, kind, witnesses)
        if witnesses == 1:
            self.weak.add(asked.receipt)
        self.asked.append((reviewer, asked))
        self._open(reviewer, asked)

    def open(self) -> None:
        reviewer, asked = self.asked[-1] if self.chance.random() < 0.7 else self.chance.choice(self.asked)
        self._open(reviewer, asked)

    def open_wrongly(self) -> None:
        reviewer, asked = self.chance.choice(self.asked)
        _, other = self.chance.choice(self.asked)
        wrong = self.chance.choice(
            (
                replace(asked, receipt=other.receipt),
                replace(asked, leaf=other.leaf, receipt=other.receipt),
                replace(asked, view=other.view),
                replace(asked, salt=other.salt),
                replace(asked, view=replace(asked.view, to_ms=asked.view.to_ms // 2)),
                replace(asked, receipt=asked.receipt.replace("index ", "index 1")),
            )
        )
        if self.chance.random() < 0.5:
            reviewer = self.chance.choice(self.reviewers)
        self._open(reviewer, wrong)

    def _open(self, reviewer: Reviewer, asked: ViewRequest) -> None:
        opened = self.home.room.open_view(reviewer.token, asked)
        self.views += 1
        self.opened.append((reviewer, asked, opened))
        self.judge(reviewer, asked.view, opened, asked.view.from_ms)
        self.there(reviewer)
        logged_ms = read_leaf(asked.leaf).at_s * 1000
        assert abs(self.home.clock.now_ms() - logged_ms) <= 120_000, "let in with an entry of long ago"
        self.home.room.connect(opened.view_id, opened.ticket, reviewer.token)

    def go(self) -> None:
        """What an honest reviewer does."""
        self.draw()
        self.write()
        self._open(*self.asked[-1])

    def look(self) -> None:
        reviewer, asked, opened = self.opened[-1] if self.chance.random() < 0.5 else self.chance.choice(self.opened)
        n = self.chance.randrange(-1, 22)
        still = self.home.room.still(opened.view_id, n)
        self.pictures += 1
        self.judge(reviewer, asked.view, opened, still.at_ms)
        self.there(reviewer)

    def revoke(self) -> None:
        given = self.chance.choice(self.given)
        self.ended.setdefault(given.donation, self.home.clock.now_ms())
        self.home.room.revoke(given.withdrawn(self.home.clock.now_ms()))

    def flag(self) -> None:
        reviewer, asked, opened = self.chance.choice(self.opened)
        self.home.room.flag(reviewer.token, opened.view_id)
        self.ended.setdefault(asked.view.donation, self.home.clock.now_ms())

    def skip(self) -> None:
        reviewer = self.chance.choice(self.reviewers)
        self.home.room.skip(reviewer.token)
        self.there(reviewer)

    def put_out(self) -> None:
        """A reviewer leaves the roster; a new one with the same passkey comes with the next sequence."""
        reviewer = self.chance.choice(self.reviewers)
        self.home.passkeys.enrol(*self.home.enrolment(reviewer, do="remove"))
        self.removed.add(reviewer.name)

    def evening(self) -> None:
        """The room closes under those who sit in it."""
        self.home.clock.offset_ms += 10 * 3_600_000 + 60_000
        try:
            for reviewer in self.reviewers:
                self.home.sit(reviewer)
                self.there(reviewer)
            self.go()
        finally:
            self.home.clock.offset_ms += 14 * 3_600_000

    def sweep(self) -> None:
        self.home.room.sweep()

    def pass_time(self) -> None:
        self.home.clock.offset_ms += self.chance.choice((1_000, 30_000, 61_000, 300_000))

    def set_back(self) -> None:
        """A thief's hand on the clock, for one look."""
        self.home.clock.offset_ms -= 3_600_000
        try:
            self.look()
        finally:
            self.home.clock.offset_ms += 3_600_000

    def restart(self) -> None:
        self.home.engine.dispose()
        self.home.start()

    # ---- the judge

    def judge(self, reviewer: Reviewer, view: View, opened: ViewPass, at_ms: int) -> None:
        """A picture was given: the log must say so, and nobody may have taken the clip back."""
        now_ms = self.home.clock.now_ms()
        asked = next(a for r, a, o in self.opened if o is opened)
        leaf = read_leaf(self.home.log.leaf(opened.view_id))
        given = next(g for g in self.given if g.donation == view.donation)
        assert leaf.kind == "view.open"
        assert leaf.commitment == commitment(asked.salt, view.canonical())
        assert leaf.tag == tag(given.owner.log_key, leaf.at_s * 1000)
        assert asked.receipt not in self.weak
        assert view.reviewer == reviewer.name
        assert view.consent_sha256 == given.consent.record_sha256
        assert view.purpose in given.consent.purposes
        assert view.from_ms <= at_ms < view.to_ms <= given.consent.length_ms
        assert view.donation not in self.ended, "seen after it was taken back"
        assert given.consent.given_ms - 120_000 <= now_ms < given.consent.expires_ms
        assert any(d.seq == view.seq and d.donation == view.donation and r is reviewer for r, d in self.drawn)
        assert abs(now_ms - self.seen_ms.get(reviewer.name, 0)) <= 60_000, "nobody was there"
        assert reviewer.name not in self.removed
        assert self.home.policy.hours.include(now_ms)
        assert view.device == "desk-1"
        used = [o.view_id for _, _, o in self.opened]
        assert used.count(opened.view_id) == 1, "one leaf, one view"

    def judge_the_day(self) -> None:
        """Over all views of a day: no household twice for one reviewer, nobody over the quota."""
        seen: Counter[tuple[str, int, str]] = Counter()
        for reviewer, asked, _ in self.opened:
            given = next(g for g in self.given if g.donation == asked.view.donation)
            day = read_leaf(asked.leaf).at_s // 86_400
            seen[(reviewer.name, day, given.consent.owner_key)] += 1
        assert max(seen.values(), default=0) <= 1
        by_reviewer: Counter[tuple[str, int]] = Counter()
        for (name, day, _), views in seen.items():
            by_reviewer[name, day] += views
        assert max(by_reviewer.values(), default=0) <= QUOTA


def run(world: World, operations: int) -> None:
    weighted = (
        [world.give] * 2
        + [world.sit] * 2
        + [world.go] * 5
        + [world.draw] * 2
        + [world.write] * 2
        + [world.write_wrongly] * 2
        + [world.open] * 2
        + [world.open_wrongly] * 3
        + [world.look] * 6
        + [
            world.revoke,
            world.flag,
            world.skip,
            world.sweep,
            world.pass_time,
            world.set_back,
            world.put_out,
            world.evening,
        ]
    )
    for _ in range(operations):
        operation = world.chance.choice(weighted)
        try:
            operation()
        except NightlatchError:
            world.refusals += 1
        except IndexError:  # nothing to choose from yet
            pass


def test_no_sequence_gives_a_picture_without_a_proof(tmp_path: Path) -> None:
    totals: Counter[str] = Counter()
    for first in range(0, SEQUENCES, IN_ONE_HOUSE):
        totals += in_one_house(tmp_path / str(first), range(first, min(first + IN_ONE_HOUSE, SEQUENCES)))
        sys.stdout.write(f"{min(first + IN_ONE_HOUSE, SEQUENCES)} sequences, {dict(totals)}\n")
        sys.stdout.flush()
    assert totals["pictures"] > SEQUENCES / 4, "a property of nothing is no property"
    assert totals["refusals"] > SEQUENCES


def in_one_house(folder: Path, seeds: range) -> Counter[str]:
    """Sequences against one keeper, one after the other; clips of the one before are taken back."""
    folder.mkdir()
    clock, totals = TestClock(fixed_ms=TEN), Counter[str]()
    home = House(folder / "keeper", clock, TinyLog(clock), durable=False, quota=QUOTA)  # nobody pulls the plug
    for seed in seeds:
        clock.offset_ms += DAY_MS - clock.offset_ms % DAY_MS  # the next morning, at ten
        reviewers = [home.reviewer(name) for name in ("heron", "stork", "crane")]
        world = World(home, random.Random(seed), [Owner() for _ in range(3)], reviewers)
        for reviewer in reviewers:
            world.there(reviewer)
        world.give()
        world.give()
        run(world, OPERATIONS)
        world.judge_the_day()
        totals.update(pictures=world.pictures, views=world.views, refusals=world.refusals)
        if seed % 50 == 49:
            world.restart()
        for given in world.given:
            home.room.revoke(given.withdrawn(clock.now_ms()))
        if seed % 10 == 9:
            home.room.sweep()
    home.engine.dispose()
    return totals
