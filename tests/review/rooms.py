"""What the tests of the review room share: a log in memory whose leaves can be looked at, labels, administrators."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nightlatch.domain.label import Happening, Label, Labelled, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span
from nightlatch.errors import NightlatchError
from nightlatch.review.entries import Logged
from nightlatch.review.errors import Unreachable
from nightlatch.review.roster import Administrator, LoggedEnrolment

CAT = Label(frozenset({Subject.CAT}), frozenset({Happening.PET_ACTIVITY}), Verdict.ROUTINE)
THIEF = Label(
    frozenset({Subject.PERSON, Subject.PACKAGE}),
    frozenset({Happening.TAKING_THINGS}),
    Verdict.THREAT,
    (Span(2_000, 9_500),),
)
PASSER = Label(frozenset({Subject.PERSON}), frozenset({Happening.PASSING}), Verdict.ROUTINE)
EMPTY = Label(frozenset({Subject.NOTHING}), frozenset({Happening.WEATHER_OR_LIGHT}), Verdict.ROUTINE)


@dataclass
class Leaves:
    """A log that keeps its leaves in a list; `is_down` makes it as silent as one that was switched off."""

    leaves: list[bytes] = field(default_factory=list)
    is_down: bool = False

    def append(self, leaf: bytes) -> Logged:
        if self.is_down:
            raise Unreachable("The log does not answer. Try again in a minute.")
        self.leaves.append(leaf)
        return Logged(len(self.leaves) - 1, f"receipt of {len(self.leaves) - 1}")


@dataclass
class TakesAll:
    """A keeper's roster that writes down what it was told, or says no."""

    taken: list[LoggedEnrolment] = field(default_factory=list)
    no: NightlatchError | None = None

    def enrol(self, logged: LoggedEnrolment) -> None:
        if self.no is not None:
            raise self.no
        self.taken.append(logged)


def b64_public(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def administrator(name: str) -> tuple[Administrator, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.generate()
    return Administrator(b64_public(key), name), key


def signature(key: Ed25519PrivateKey, event: bytes) -> str:
    return b64encode(key.sign(event)).decode()


def said(donation: str, reviewer: str, label: Label, at_ms: int = 0) -> Labelled:
    return Labelled(donation, reviewer, label, at_ms)
