"""What the tests of the review room share: labels, administrators, logs, and a whole room with a real keeper."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI

from nightlatch.domain.label import Happening, Label, Labelled, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span
from nightlatch.domain.view import Enrolment, read_leaf
from nightlatch.errors import NightlatchError
from nightlatch.keeper.app import create_app as keeper_app
from nightlatch.review.app import create_app
from nightlatch.review.desk import Desk
from nightlatch.review.entries import Receipt
from nightlatch.review.errors import Unreachable
from nightlatch.review.keeper import Keeper
from nightlatch.review.records import MIGRATIONS
from nightlatch.review.roster import Administrator, LoggedChange
from nightlatch.review.settings import ReviewSettings
from nightlatch.store import records
from nightlatch.web.serving import listen, server_of
from tests.clocks import TestClock
from tests.house import free_port, until
from tests.keeper import house as keeper_house
from tests.keeper.authenticator import Authenticator
from tests.keeper.logs import TinyLog

SECRET = "the keeper's face secret"

CAT = Label(frozenset({Subject.CAT}), frozenset({Happening.PET_ACTIVITY}), Verdict.ROUTINE)
THIEF = Label(
    frozenset({Subject.PERSON, Subject.PACKAGE}),
    frozenset({Happening.TAKING_THINGS}),
    Verdict.THREAT,
    (Span(2_000, 9_500),),
)
PASSER = Label(frozenset({Subject.PERSON}), frozenset({Happening.PASSING}), Verdict.ROUTINE)
HIDDEN = Label(is_hidden=True)
EMPTY = Label(frozenset({Subject.NOTHING}), frozenset({Happening.WEATHER_OR_LIGHT}), Verdict.ROUTINE)


@dataclass
class Leaves:
    """A log that keeps its leaves in a list; `is_down` makes it as silent as one that was switched off."""

    leaves: list[bytes] = field(default_factory=list)
    is_down: bool = False

    def append(self, leaf: bytes) -> Receipt:
        if self.is_down:
            raise Unreachable("The log does not answer. Try again in a minute.")
        self.leaves.append(leaf)
        return Receipt(len(self.leaves) - 1, f"receipt of {len(self.leaves) - 1}")


@dataclass
class TakesAll:
    """A keeper's roster that writes down what it was told, or says no."""

    taken: list[tuple[Enrolment, LoggedChange]] = field(default_factory=list)
    promised: list[LoggedChange] = field(default_factory=list)
    no: NightlatchError | None = None

    def enrol(self, enrolment: Enrolment, logged: LoggedChange) -> None:
        if self.no is not None:
            raise self.no
        self.taken.append((enrolment, logged))

    def promise(self, logged: LoggedChange) -> None:
        if self.no is not None:
            raise self.no
        self.promised.append(logged)


def b64_public(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def administrator(name: str) -> tuple[Administrator, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.generate()
    return Administrator(b64_public(key), name), key


def signature(key: Ed25519PrivateKey, event: bytes) -> str:
    return b64encode(key.sign(event)).decode()


def said(donation: str, reviewer: str, label: Label, at_ms: int = 0) -> Labelled:
    return Labelled(donation, reviewer, label, at_ms)


# ---- the whole room: a real keeper beside a real review room -----------------------------------------------------


@contextmanager
def served_at(app: FastAPI, port: int) -> Iterator[None]:
    """An application on 127.0.0.1 while the block runs."""
    server, listening = server_of(app), listen("127.0.0.1", port, "The test", None)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until(lambda: server.started, "the server", 20)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


class WholeRoom:
    """A keeper with clips to give, a review room before it, both on real ports, one log under both."""

    def __init__(self, folder: Path, clock: TestClock, log: Any, ports: tuple[int, int], **policy: Any) -> None:
        """`log` is a `TinyLog`, or what does the same; ports are of the page and of the keeper."""
        origin, keeper_port = f"http://localhost:{ports[0]}", ports[1]
        self.clock, self.log, self.origin = clock, log, origin
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeper_house, "ORIGIN", origin)
            self.house = keeper_house.House(folder / "keeper", clock, self.log, **policy)
        self.keeper_app = keeper_app(self.house.room, self.house.passkeys, origin, SECRET)
        self.settings = settings = ReviewSettings.model_validate(
            {
                "data_dir": folder / "review",
                "programme_key": self.house.policy.programme_key,
                "origin": origin,
                "keeper_url": f"http://127.0.0.1:{keeper_port}",
                "keeper_page_url": f"ws://localhost:{keeper_port}",
            }
        )
        settings.data_dir.mkdir()
        records.migrate(settings.records, MIGRATIONS)
        self.engine = records.engine(settings.records, durable=True)
        self.keeper = Keeper(settings.keeper_url, SECRET)
        self.app = create_app(settings, clock, self.engine, self.keeper, self.append, self.receipt)
        self.desk: Desk = self.app.state.desk
        keys = self.house.administrators
        self.desk.roster.begin((Administrator(b64_public(keys[0]), "anna"), Administrator(b64_public(keys[1]), "ben")))

    is_log_away = False
    late = 0  # receipts that come before their witness does

    def append(self, leaf: bytes) -> Receipt:
        if self.is_log_away:
            raise Unreachable("The log does not answer. Try again in a minute.")
        index = self.log.append(leaf)
        return Receipt(index, self.receipt(index), lambda: self.receipt(index))

    def receipt(self, index: int) -> str:
        self.late -= 1
        return str(self.log.proof(index, 0) if self.late >= 0 else self.log.proof(index))

    def signed(self, change: str) -> None:
        """Both administrators sign, and it is made."""
        for key in self.house.administrators:
            event = self.desk.roster.change(change).event
            self.desk.roster.sign(change, b64_public(key), signature(key, event))
        self.desk.roster.make(change, self.append, self.keeper)

    def reviewer(self, device: str = "desk") -> Authenticator:
        """A passkey in software that two administrators have enrolled."""
        passkey, roster = Authenticator(origin=self.origin), self.desk.roster
        self.signed(roster.ask(roster.invite(), passkey.credential, passkey.public_key, device))
        return passkey

    def leaves(self, kind: str) -> int:
        return sum(read_leaf(leaf).kind == kind for leaf in self.log.leaves)


@contextmanager
def whole_room(folder: Path, clock: TestClock | None = None, log: Any = None, **policy: Any) -> Iterator[WholeRoom]:
    """At ten in the morning of one day, over a log in memory, unless told otherwise."""
    clock = clock or TestClock(fixed_ms=keeper_house.TEN)
    ports = free_port(), free_port()
    room = WholeRoom(folder, clock, log or TinyLog(clock), ports, **policy)
    with served_at(room.keeper_app, ports[1]), served_at(room.app, ports[0]):
        yield room
    room.engine.dispose()
    room.house.engine.dispose()


class Page:
    """The review page's requests, as a browser would send them."""

    def __init__(self, room: WholeRoom) -> None:
        self.room = room
        self.http = httpx.Client(base_url=room.origin.replace("localhost", "127.0.0.1"), trust_env=False, timeout=20)
        self.http.headers.update({"x-nightlatch": "1", "origin": room.origin})

    def post(self, path: str, body: object = None) -> httpx.Response:
        return self.http.post(f"/api{path}", json=body)

    def enter(self, passkey: Authenticator) -> httpx.Response:
        challenge = bytes.fromhex(self.post("/challenge").json()["challenge"])
        answer = self.post("/login", {"assertion": passkey.answer(challenge)})
        if answer.is_success:  # httpx's jar knows no cookies of “localhost”
            self.http.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return answer
