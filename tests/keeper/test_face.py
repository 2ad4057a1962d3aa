"""The keeper over HTTP and its one WebSocket."""

from __future__ import annotations

import contextlib
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from nightlatch.domain.consent import Purpose
from nightlatch.domain.donation import LARGEST_SEALED
from nightlatch.domain.redaction import write
from nightlatch.domain.view import Promise, View
from nightlatch.keeper.app import create_app
from nightlatch.keeper.changes import ChangeProof
from nightlatch.keeper.routes.pictures import Pace
from nightlatch.keeper.words import ViewRequest
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.house import until
from tests.keeper.authenticator import Authenticator
from tests.keeper.house import ORIGIN, QUORUM, TEN, Given, House, Reviewer, house
from tests.serving import served

SECRET = "face-secret"


def written(proof: ChangeProof) -> dict[str, Any]:
    return {
        "signatures": proof.signatures,
        "salt": b64encode(proof.salt).decode(),
        "leaf": b64encode(proof.leaf).decode(),
        "receipt": proof.receipt,
    }


class Face:
    """What intake, review and the reviewer's browser do."""

    def __init__(self, home: House, url: str) -> None:
        self.home, self.url = home, url
        self.answers: list[httpx.Response] = []

    def ask(self, method: str, path: str, body: Any = None, session: str = "", secret: str = SECRET) -> httpx.Response:
        headers = {"X-Nightlatch-Session": session} | ({"Authorization": f"Bearer {secret}"} if secret else {})
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=20)
        self.answers.append(answer)
        return answer

    def announce(self, given: Given, **changes: Any) -> httpx.Response:
        gift = given.gift
        body = {
            "consent": json.loads(gift.consented.signed),
            "report": write(gift.report),
            "log_key": b64encode(gift.log_key).decode(),
            "owner_recipient": gift.owner_recipient,
            "sealed_sha256": gift.sealed.sha256,
            "sealed_bytes": gift.sealed.size,
        }
        return self.ask("PUT", f"/v1/donations/{given.donation}", body | changes, secret="")

    def film(self, given: Given, film: bytes | None = None) -> httpx.Response:
        url = f"{self.url}/v1/donations/{given.donation}/film"
        answer = httpx.put(url, content=given.sealed if film is None else film, timeout=20)
        self.answers.append(answer)
        return answer

    def put(self, given: Given) -> httpx.Response:
        announced = self.announce(given)
        return self.film(given) if announced.status_code == 202 else announced

    def enrol(self, name: str = "heron") -> Reviewer:
        reviewer = Reviewer(name, Authenticator())
        told, proof = self.home.enrolment(reviewer)
        assert self.ask("POST", "/v1/roster", asdict(told) | written(proof)).status_code == 201
        return reviewer

    def login(self, reviewer: Reviewer) -> None:
        challenge = self.ask("POST", "/v1/challenges").json()["challenge"]
        answer = reviewer.passkey.answer(b64decode(challenge))
        told = self.ask("POST", "/v1/sessions", {"challenge": challenge, "assertion": answer})
        assert told.status_code == 201, told.text
        reviewer.token = told.json()["session"]

    def view(self, reviewer: Reviewer) -> httpx.Response:
        drawn = self.ask("POST", "/v1/assignments", session=reviewer.token).json()
        tag, length_ms = b64decode(drawn.pop("tag")), drawn.pop("length_ms")
        view = View(**drawn, purpose=Purpose.LABEL, from_ms=0, to_ms=length_ms)
        return self.open(reviewer, self.home.logged(view, tag))

    def open(self, reviewer: Reviewer, asked: ViewRequest) -> httpx.Response:
        body = asdict(asked.view) | {
            "salt": b64encode(asked.salt).decode(),
            "leaf": b64encode(asked.leaf).decode(),
            "receipt": asked.receipt,
        }
        return self.ask("POST", "/v1/views", body, session=reviewer.token)

    @contextmanager
    def socket(self, opened: dict[str, Any], reviewer: Reviewer, origin: str = ORIGIN) -> Iterator[ClientConnection]:
        with connect(f"ws{self.url.removeprefix('http')}/v1/views/{opened['view']}", origin=Origin(origin)) as made:
            made.send(json.dumps({"ticket": opened["ticket"], "session": reviewer.token}))
            yield made


@contextmanager
def facing(folder: Path, **policy: Any) -> Iterator[Face]:
    with (
        house(folder, **policy) as home,
        served(create_app(home.room, home.passkeys, ORIGIN, SECRET)) as url,
    ):
        yield Face(home, url)


@pytest.fixture
def face(tmp_path: Path) -> Iterator[Face]:
    with facing(tmp_path / "keeper") as made:
        yield made


@pytest.fixture
def looking(face: Face) -> tuple[Face, Given, Reviewer, dict[str, Any]]:
    """One clip given, one reviewer with a view of it."""
    given = face.home.offer()
    assert face.put(given).status_code == 201
    reviewer = face.enrol()
    face.login(reviewer)
    opened = face.view(reviewer)
    assert opened.status_code == 201, opened.text
    return face, given, reviewer, opened.json()


Looking = tuple[Face, Given, Reviewer, dict[str, Any]]


def told(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(socket.recv(timeout=10))
    return answer


def ended(socket: ClientConnection) -> dict[str, Any]:
    """The last word of a view, after which the socket closes and gives nothing more."""
    last = told(socket)
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=10)
    return last


def test_give_look_take_back_refused(looking: Looking) -> None:
    """The story of one clip."""
    face, given, reviewer, opened = looking
    with face.socket(opened, reviewer) as socket:
        assert told(socket) == {"pictures": 40}
        socket.send(json.dumps({"from": 0, "to": 2}))
        for n in range(3):
            assert told(socket) == {"n": n, "at_ms": 500 * n}
            assert bytes(socket.recv(timeout=10)).startswith(b"\xff\xd8\xff")
        began = time.monotonic()
        taken = face.ask("POST", "/v1/revocations", json.loads(given.withdrawn(TEN).signed), secret="")
        assert taken.status_code == 202
        assert ended(socket)["refused"] == "revoked"
        assert time.monotonic() - began < 5
    assert face.ask("POST", "/v1/assignments", session=reviewer.token).json()["refused"] == "nothing_waiting"
    assert until(lambda: not face.home.keys.has(given.donation), "the key being destroyed")

    entries_at = f"/v1/donations/{given.donation}/entries"
    until(
        lambda: all(e["index"] is not None for e in face.ask("GET", entries_at, secret="").json()["entries"]), "the log"
    )
    until(lambda: len(face.ask("GET", entries_at, secret="").json()["entries"]) == 5, "all entries")
    entries = face.ask("GET", entries_at, secret="").json()["entries"]
    assert {e["kind"] for e in entries} == {"consent.give", "view.open", "view.close", "consent.withdraw", "shred"}
    owner = Opener(str(given.owner.identity))
    events = {e["kind"]: json.loads(owner.open(Sealed(b64decode(e["sealed_event"]))))["event"] for e in entries}
    assert events["view.open"]["reviewer"] == "heron"
    assert events["view.close"]["pictures"] == 3
    assert events["shred"]["done"] <= events["shred"]["due"]
    assert all(answer.headers["cache-control"] == "no-store" for answer in face.answers)


def test_a_second_tab_is_refused_and_the_first_goes_on(looking: Looking) -> None:
    face, _, reviewer, opened = looking
    with face.socket(opened, reviewer) as first:
        told(first)
        with face.socket(opened, reviewer) as second:
            assert ended(second)["refused"] == "second_tab"
        first.send(json.dumps({"from": 5, "to": 5}))
        assert told(first)["n"] == 5


def test_a_ticket_without_its_session_opens_nothing(looking: Looking) -> None:
    face, _, reviewer, opened = looking
    with face.socket(opened, Reviewer("mole", reviewer.passkey, "stolen")) as socket:
        assert ended(socket)["refused"] == "session"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8643"])
def test_another_page_cannot_open_the_socket(looking: Looking, origin: str) -> None:
    face, _, reviewer, opened = looking
    with pytest.raises(InvalidStatus) as caught, face.socket(opened, reviewer, origin=origin):
        pass
    assert caught.value.response.status_code == 403


def test_when_the_tab_closes_the_view_is_over_and_noted(looking: Looking) -> None:
    face, given, reviewer, opened = looking
    with face.socket(opened, reviewer) as socket:
        told(socket)
    assert until(lambda: "view.close" in [e.kind for e in face.home.room.entries(given.donation)], "view.close")
    with face.socket(opened, reviewer) as again:
        assert ended(again)["refused"] == "session"


def test_a_minute_without_a_sign_of_life_locks_the_session(looking: Looking) -> None:
    face, _, reviewer, opened = looking
    with face.socket(opened, reviewer) as socket:
        told(socket)
        for _ in range(3):
            face.home.clock.offset_ms += 45_000
            socket.send(json.dumps({"here": True}))
            socket.send(json.dumps({"from": 0, "to": 0}))
            assert told(socket)["n"] == 0
            socket.recv(timeout=10)
        face.home.clock.offset_ms += 60_001
        assert ended(socket)["refused"] == "idle"
    assert face.ask("POST", "/v1/assignments", session=reviewer.token).json()["refused"] in ("idle", "session")


def test_pictures_come_as_they_are_in_their_order_and_from_anywhere(looking: Looking) -> None:
    face, _, reviewer, opened = looking
    with face.socket(opened, reviewer) as socket:
        assert not socket.protocol.extensions, "a JPEG does not shrink"
        told(socket)
        for first, last in ((0, 9), (10, 19), (3, 4), (30, 39), (0, 0)):
            socket.send(json.dumps({"from": first, "to": last}))
            for n in range(first, last + 1):
                assert told(socket) == {"n": n, "at_ms": n * 500}
                assert bytes(socket.recv(timeout=10))[:3] == b"\xff\xd8\xff"
        socket.send(json.dumps({"from": 40, "to": 41}))
        assert ended(socket)["refused"] == "wrong_entry"


def test_a_flag_stops_the_clip_at_once(looking: Looking) -> None:
    face, given, reviewer, opened = looking
    with face.socket(opened, reviewer) as socket:
        told(socket)
        assert face.ask("POST", f"/v1/views/{opened['view']}/flag", session=reviewer.token).status_code == 204
        assert ended(socket)["refused"] == "revoked"
    assert "flag" in [e.kind for e in face.home.room.entries(given.donation)]


@pytest.mark.parametrize("hello", ["{}", "[]", "no json", '{"ticket": 1}', '{"ticket": null, "session": null}'])
def test_a_socket_that_does_not_introduce_itself_is_closed(looking: Looking, hello: str) -> None:
    face, _, _, opened = looking
    with connect(f"ws{face.url.removeprefix('http')}/v1/views/{opened['view']}", origin=Origin(ORIGIN)) as socket:
        socket.send(hello)
        with contextlib.suppress(ConnectionClosed):
            for each in socket:
                assert "refused" in json.loads(each)


def test_a_replayed_view_request_is_refused(looking: Looking) -> None:
    face = looking[0]
    again = face.answers[-1].request
    answer = httpx.request("POST", again.url, content=again.content, headers=again.headers)
    assert answer.status_code == 403
    assert answer.json()["refused"] == "not_drawn"
    assert answer.json()["step"] == 4


def test_the_face_secret_is_asked_of_review_only(face: Face) -> None:
    asks = ("challenges", "sessions", "assignments", "assignments/skip", "views", "views/1/flag", "roster")
    for path in asks:
        for secret in ("", "wrong"):
            answer = face.ask("POST", f"/v1/{path}", {}, secret=secret)
            assert answer.status_code in (403, 422), path
            assert "error" in answer.json()
    assert face.ask("GET", "/healthz", secret="").json() == {"ok": True}
    assert face.ask("POST", "/v1/donations", secret="").status_code == 201


def test_what_the_keeper_does_not_read_it_says_in_a_sentence(face: Face) -> None:
    given = face.home.offer()
    assert face.announce(given, log_key="***").json()["error"] == "A part of this request is not base64."
    assert face.announce(given, more=1).status_code == 422
    assert face.announce(given, consent={"record": {}, "signature": ""}).status_code == 403
    assert face.announce(given, owner_recipient="age1").status_code == 400
    for odd in ("", "AB" * 32, "12" * 31, 7, None):
        assert face.announce(given, sealed_sha256=odd).status_code == 422
    for odd in (0, -1, 2**70, LARGEST_SEALED + 1):
        assert face.announce(given, sealed_bytes=odd).status_code == 403
    raw = b"not sealed"
    assert face.announce(given, sealed_sha256=sha256(raw).hexdigest(), sealed_bytes=len(raw)).status_code == 202
    assert face.film(given, raw).status_code == 415
    assert face.ask("GET", "/v1/donations/unknown/entries").status_code == 404
    assert face.ask("POST", "/v1/revocations", {"record": [1.5]}).status_code == 403
    assert face.ask("GET", "/docs").status_code == 404
    assert all(answer.headers["cache-control"] == "no-store" for answer in face.answers)


def test_a_body_that_is_too_large_is_not_read(face: Face) -> None:
    with httpx.Client() as client:
        request = client.build_request("POST", f"{face.url}/v1/revocations", content=iter([b"{}"]))
        assert client.send(request).status_code == 413
    large = httpx.post(f"{face.url}/v1/revocations", content=b" " * (44 * 1024**2), timeout=30)
    assert large.status_code == 413


def test_review_tells_the_policy_and_asks_whether_it_is_kept(tmp_path: Path) -> None:
    with facing(tmp_path) as face:
        assert face.ask("GET", "/v1/policy").json() == {"breach": None}
        said = Promise(quota=100, quorum=QUORUM, at_ms=TEN).canonical()
        told = {"event": said.decode()} | written(face.home.proof("policy", said))
        assert face.ask("POST", "/v1/policy", told, secret="wrong").status_code == 403
        assert face.ask("GET", "/v1/policy", secret="").status_code == 403
        assert face.ask("POST", "/v1/policy", told).status_code == 201
        assert "quota is 150, not 100" in face.ask("GET", "/v1/policy").json()["breach"]


def test_pictures_leave_at_twice_the_film_s_speed_after_the_first_seconds() -> None:
    pace, now_s = Pace(25.0, 100.0), 100.0
    for _ in range(750):  # thirty seconds of film, as fast as they come
        now_s += pace.wait_s(now_s)
    assert 11.9 < now_s - 100.0 < 12.1


def test_a_page_that_plays_and_fetches_ahead_never_waits() -> None:
    pace, now_s, shown_s = Pace(25.0, 0.0), 0.0, 0.0
    for n in range(750):
        now_s += 0.02 + pace.wait_s(now_s)  # 20 ms to decode, mark and pack a picture
        shown_s = max(shown_s, now_s - n / 25.0)
    assert shown_s < 0.05, "the film would have stood still"


def test_a_film_of_few_pictures_comes_at_once() -> None:
    pace = Pace(2.0, 0.0)
    assert sum(pace.wait_s(0.0) for _ in range(60)) == 0.0
    assert pace.wait_s(0.0) == 0.25


@pytest.mark.parametrize("number", [2**63, -(10**25)])
def test_a_number_that_no_database_holds_is_refused(tmp_path: Path, number: int) -> None:
    with facing(tmp_path) as face:
        view = dict.fromkeys(("donation", "sealed_sha256", "consent_sha256", "reviewer", "device", "purpose"), "")
        proof = {"salt": "", "leaf": "", "receipt": ""}
        asked = [
            face.ask("POST", f"/v1/views/{number}/flag"),
            face.ask("POST", f"/v1/views/{number}/label", proof | {"event": "{}"}),
            face.ask("POST", "/v1/views", view | proof | {"from_ms": 0, "to_ms": 1, "seq": number}),
        ]
        assert {answer.status_code for answer in asked} == {422}
