"""Intake: seven steps, each refuses by its name and number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.consent import Consented, Purpose, signed
from nightlatch.errors import NotFound, SealError
from nightlatch.keeper import taking_in
from nightlatch.keeper.intake import Admitted
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.seal.recipients import Sealer
from nightlatch.web.signature import public_b64
from tests.keeper.films import film
from tests.keeper.house import DAY_MS, TEN, Given, House, house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("keeper")) as made:
        yield made


def with_report(given: Given, **changes: Any) -> Given:
    return replace(given, gift=replace(given.gift, report=replace(given.gift.report, **changes)))


def swapped(home: House) -> Given:
    """The consent is for one film, the sealed file holds another."""
    given, recipient = home.offer(), home.keys.opener
    sealed = Sealer([recipient(given.donation).recipient]).seal(film(seed=7))
    return replace(given, gift=replace(given.gift, sealed=home.arrived(sealed)))


def for_another_key(home: House) -> Given:
    given = home.offer()
    sealed = Sealer([str(pyrage.x25519.Identity.generate().to_public())]).seal(given.plain)
    return replace(given, gift=replace(given.gift, sealed=home.arrived(sealed)))


def for_another_donation(home: House) -> Given:
    one, other = home.offer(), home.offer()
    return replace(one, gift=replace(one.gift, consented=other.gift.consented))


STRANGER = public_b64(Ed25519PrivateKey.generate())
OFFERS: dict[str, tuple[int, Refusal, Callable[[House], Given]]] = {
    "another programme's consent": (1, Refusal.CONSENT, lambda h: h.offer(programme_key=STRANGER)),
    "another donation's consent": (1, Refusal.CONSENT, for_another_donation),
    "no leave to label": (1, Refusal.CONSENT, lambda h: h.offer(purposes=(Purpose.TRAIN,))),
    "a consent that has ended": (2, Refusal.EXPIRED, lambda h: h.offer(given_ms=TEN - DAY_MS, expires_ms=TEN)),
    "a consent of tomorrow": (
        2,
        Refusal.EXPIRED,
        lambda h: h.offer(given_ms=TEN + DAY_MS, expires_ms=TEN + 2 * DAY_MS),
    ),
    "sealed to another key": (4, Refusal.HASH, for_another_key),
    "another film than was signed for": (5, Refusal.HASH, swapped),
    "no film": (6, Refusal.FILM, lambda h: h.offer(plain=b"no film")),
    "sound": (6, Refusal.FILM, lambda h: h.offer(plain=film(sound=True))),
    "a title": (6, Refusal.FILM, lambda h: h.offer(plain=film(title="Our living room"))),
    "19 seconds": (6, Refusal.LENGTH, lambda h: h.offer(plain=film(19), length_ms=19_000)),
    "31 seconds": (6, Refusal.LENGTH, lambda h: h.offer(plain=film(31), length_ms=31_000)),
    "another length than was signed for": (6, Refusal.LENGTH, lambda h: h.offer(plain=film(25), length_ms=24_000)),
    "somebody uncovered": (7, Refusal.REPORT, lambda h: with_report(h.offer(), uncovered=1)),
    "sound left in, says the report": (7, Refusal.REPORT, lambda h: with_report(h.offer(), sound_removed=False)),
    "tags left in, says the report": (7, Refusal.REPORT, lambda h: with_report(h.offer(), metadata_removed=False)),
    "a report of another file": (7, Refusal.REPORT, lambda h: with_report(h.offer(), sha256="00" * 32)),
    "a style that hides nothing": (7, Refusal.REPORT, lambda h: with_report(h.offer(), style="none")),
}


@pytest.mark.parametrize("what", OFFERS)
def test_one_thing_wrong_is_refused_by_its_name_and_nothing_is_kept(home: House, what: str) -> None:
    step, refusal, offer = OFFERS[what]
    given = offer(home)
    with pytest.raises(KeeperRefused) as caught:
        home.room.receive(given.gift)
    assert (caught.value.step, caught.value.refusal) == (step, refusal)
    with pytest.raises(NotFound):
        home.blobs.get(given.gift.donation)
    assert home.room.entries(given.gift.donation) == []


@pytest.mark.parametrize("seconds", [20, 30])
def test_clips_of_20_and_of_30_seconds_are_taken(home: House, seconds: int) -> None:
    given = home.offer(plain=film(seconds), length_ms=seconds * 1000)
    home.room.receive(given.gift)
    assert home.blobs.get(given.donation) == given.sealed


def test_a_donation_takes_one_clip_once(home: House) -> None:
    given = home.give()
    with pytest.raises(KeeperRefused) as caught:
        home.room.receive(given.gift)
    assert (caught.value.step, caught.value.refusal) == (3, Refusal.REVOKED)


def test_what_was_taken_back_does_not_come_in_again(home: House) -> None:
    given = home.give()
    home.room.revoke(given.withdrawn(TEN))
    home.room.sweep()
    with pytest.raises(SealError):
        home.room.receive(given.gift)


def test_what_was_taken_back_before_it_came_does_not_come_in(home: House) -> None:
    given = home.offer()
    home.room.revoke(given.withdrawn(TEN))
    with pytest.raises(KeeperRefused) as caught:
        home.room.receive(given.gift)
    assert (caught.value.step, caught.value.refusal) == (3, Refusal.REVOKED)


def test_a_donation_that_was_never_made_is_not_known(home: House) -> None:
    given = home.offer()
    consent = replace(given.consent, donation="00" * 16)
    consented = Consented(signed(consent, given.owner.key))
    with pytest.raises(NotFound):
        home.room.receive(replace(given.gift, donation="00" * 16, consented=consented))


def test_an_admission_cannot_be_made_by_hand(home: House) -> None:
    given = home.offer()
    with pytest.raises(TypeError):
        Admitted(given.gift.consented, given.gift.sealed, None, object())  # type: ignore[arg-type]


def test_a_key_that_no_clip_came_for_is_destroyed_after_a_day(home: House) -> None:
    made = home.room.make()
    home.clock.offset_ms += DAY_MS + 1
    home.room.sweep()
    home.clock.offset_ms = 0
    with pytest.raises(SealError):
        home.keys.opener(made.donation)


def test_keys_that_wait_for_a_clip_are_few(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "MOST_MADE", 0)
    with pytest.raises(KeeperRefused) as caught:
        home.room.make()
    assert caught.value.refusal == Refusal.BUSY
