"""A policy with `households 1`: nobody looks at a clip before the hub of its own household has seen that in the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nightlatch.domain.consent import Consented, signed
from nightlatch.keeper.households import ABOUT_MS
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from tests.keeper.house import House, Owner, house


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, households=1) as made:
        yield made


def test_a_look_that_the_clips_own_hub_has_cosigned_is_shown(home: House) -> None:
    owner = Owner()
    home.give(owner)
    home.log.hubs = [owner.hub]
    assert home.look(home.reviewer()).pictures


def test_a_look_that_only_another_households_hub_has_seen_is_not_shown(home: House) -> None:
    """Whoever runs the log gives a clip of their own, and has a hub that cosigns everything."""
    owner, insider = Owner(), Owner()
    home.give(owner)
    home.log.hubs = [owner.hub]
    reviewer = home.reviewer()
    drawn = home.room.next_clip(reviewer.token)
    home.clock.fixed_ms += 1_000
    home.give(insider)
    home.log.hubs = [insider.hub]  # the owner's hub is shown another tree
    asked = home.logged(home.view_of(drawn), drawn.tag)
    with pytest.raises(KeeperRefused) as caught:
        home.room.open_view(reviewer.token, asked)
    assert (caught.value.refusal, caught.value.step) == (Refusal.NO_QUORUM, 6)


def test_a_clip_whose_hub_is_away_waits_and_the_others_are_drawn(home: House) -> None:
    away, about = Owner(), Owner()
    home.give(away)
    given = home.give(about)
    home.log.hubs = [about.hub]
    reviewer = home.reviewer()
    assert home.room.next_clip(reviewer.token).donation == given.donation
    home.room.skip(reviewer.token)
    home.log.hubs = []
    home.clock.fixed_ms += ABOUT_MS + 1
    home.sit(reviewer)
    with pytest.raises(KeeperRefused) as caught:
        home.room.next_clip(reviewer.token)
    assert caught.value.refusal is Refusal.NOTHING_WAITING


def test_a_hub_that_comes_after_a_draw_changes_nothing_about_it(home: House) -> None:
    owners = [Owner() for _ in range(6)]
    for owner in owners:
        home.give(owner)
    home.log.hubs = [owners[0].hub]
    reviewer = home.reviewer()
    drawn = home.room.next_clip(reviewer.token)
    home.log.hubs = [owner.hub for owner in owners]
    home.clock.fixed_ms += 1_000
    asked = home.logged(home.view_of(drawn), drawn.tag)
    assert home.room.open_view(reviewer.token, asked).pictures


def test_a_consent_without_a_hub_is_not_taken_in(home: House) -> None:
    given = home.offer()
    before = replace(given.consent, witness="")
    gift = replace(given.gift, consented=Consented(signed(before, given.owner.key)))
    with pytest.raises(KeeperRefused, match="names no hub"):
        home.room.receive(gift)


def test_the_log_is_told_of_a_households_hub_once_by_a_slot_alone(home: House) -> None:
    owner = Owner()
    home.give(owner)
    home.give(owner)
    home.room.sweep()
    home.room.sweep()
    [(slot, key)] = home.log.households.items()
    assert key == str(owner.hub.verifier)
    assert len(slot) == 32
    assert slot not in owner.hub.name


def test_a_row_cannot_name_another_hub(home: House) -> None:
    """What counts is the consent that the owner signed: one that was changed is none."""
    owner, insider = Owner(), Owner()
    given = home.give(owner)
    forged = given.gift.consented.signed.replace(str(owner.hub.verifier).encode(), str(insider.hub.verifier).encode())
    with home.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE donations SET signed_consent = ?", (forged,))
    home.log.hubs = [insider.hub]
    with pytest.raises(KeeperRefused):
        home.look(home.reviewer())
