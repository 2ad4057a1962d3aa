"""The mailbox keeps vigil: a silent hub's letters go out, once; nothing that happens to the mailbox makes a silence."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.cloud.records import AccountRow, LetterRow
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.vigil import HELD_S, LONGEST_S, MOST_LETTERS, MOST_TRIES, Letter, Vigil
from nightlatch.errors import ConfigError, NotFound, OverQuota
from nightlatch.store import records
from tests.clocks import TestClock
from tests.cloud.clouds import HOUSE, Cloud, running
from tests.house import free_port

AFTER_S = 300
TOKEN = f"vapid t=head.claims.signature,k={'k' * 87}"
SEALED = b"s" * 16 + b"\0\0\x10\0" + b"\x41\x04" + b"k" * 64 + b"sealed to a device"


class Service:
    """A push service: what was posted to it, and how it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.status = 201
        self.port = free_port()

    @contextmanager
    def open(self) -> Iterator[None]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(outer.status)
                self.end_headers()

            def do_HEAD(self) -> None:
                self.send_response(404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)

    def letter(self, device: str = "a") -> Letter:
        return Letter(f"http://127.0.0.1:{self.port}/{device}", TOKEN, SEALED)


class Steady:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Post:
    """A mailbox's vigil over one household, on a steady clock that the test moves. `again`: after a start."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.clock, self.steady, self.service = engine, TestClock(), Steady(), Service()
        self.vigil = self.again()

    def again(self) -> Vigil:
        self.vigil = Vigil(self.engine, self.clock, outside_only=False, steady_s=self.steady)
        return self.vigil

    def leave(self, *devices: str) -> None:
        self.vigil.leave(HOUSE, AFTER_S, [self.service.letter(device) for device in devices or ("a",)])
        self.look()

    def look(self) -> None:
        async def story() -> None:
            await asyncio.gather(*(self.vigil.tell(each) for each in self.vigil.look()))

        asyncio.run(story())

    def passes(self, s: float) -> None:
        """Time in which the mailbox is well and looks."""
        end_s = self.steady.now_s + s
        while self.steady.now_s < end_s:
            self.steady.now_s = min(end_s, self.steady.now_s + HELD_S)
            self.look()

    @property
    def told(self) -> list[str]:
        return [path for path, _, _ in self.service.got]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    url = f"sqlite:///{tmp_path / 'cloud.db'}"
    records.migrate(url, MIGRATIONS)
    engine = records.engine(url)
    with Session(engine) as session, session.begin():
        session.add(AccountRow(id=HOUSE, hub_key="h", owner_key="o", created_ms=0))
    made = Post(engine)
    with made.service.open():
        yield made
    engine.dispose()


def test_every_device_is_told_once_and_as_the_hub_wrote_it(post: Post) -> None:
    post.leave("a", "b")
    post.passes(AFTER_S - 1)
    assert post.told == []
    post.passes(2)
    assert sorted(post.told) == ["/a", "/b"]
    _, body, headers = post.service.got[0]
    assert body == SEALED
    assert headers["authorization"] == TOKEN
    assert (headers["content-encoding"], headers["ttl"], headers["urgency"]) == ("aes128gcm", "86400", "high")
    post.passes(3 * AFTER_S)
    post.again()
    post.passes(3 * AFTER_S)
    assert len(post.told) == 2
    with Session(post.engine) as session:
        assert session.query(LetterRow).count() == 0


def test_a_hub_that_is_heard_is_not_silent_and_learns_when_it_was_heard_before(post: Post) -> None:
    post.leave()
    for _ in range(10):
        post.passes(AFTER_S - 10)
        life = post.vigil.hear(HOUSE)
        assert (life.told_ms, life.letters) == (None, 1)
    assert post.told == []
    post.clock.offset_ms += 5_000
    before_ms = post.vigil.hear(HOUSE).now_ms
    post.clock.offset_ms += 7_000
    assert post.vigil.hear(HOUSE).heard_ms == before_ms


def test_a_hub_that_comes_back_learns_from_when_it_was_silent_until_it_leaves_letters_anew(post: Post) -> None:
    post.leave()
    heard_ms = post.vigil.hear(HOUSE).now_ms
    post.clock.offset_ms += 600_000
    post.passes(AFTER_S + 10)
    for _ in range(2):  # it may be killed before it could say so
        life = post.vigil.hear(HOUSE)
        assert life.told_ms is not None
        assert (life.heard_ms, life.letters) == (heard_ms, 0)
    post.leave()
    assert post.vigil.hear(HOUSE).told_ms is None
    post.passes(AFTER_S + 10)
    assert len(post.told) == 2


@pytest.mark.parametrize("leap_ms", [10 * 86_400_000, -10 * 86_400_000])
def test_a_clock_that_is_set_makes_no_silence_and_ends_none(post: Post, leap_ms: int) -> None:
    post.leave()
    post.passes(AFTER_S - 20)
    post.clock.offset_ms += leap_ms
    post.passes(10)
    assert post.told == []
    post.passes(20)
    assert post.told == ["/a"]


def test_a_mailbox_that_was_down_waits_a_whole_time_after_its_start(post: Post) -> None:
    post.leave()
    post.passes(AFTER_S - 10)
    post.steady.now_s += 10 * AFTER_S  # nobody was here to hear
    post.again()
    post.look()
    post.passes(AFTER_S - 10)
    assert post.told == []
    post.passes(20)
    assert post.told == ["/a"]


def test_a_mailbox_that_was_held_up_waits_a_whole_time_after_it(post: Post) -> None:
    post.leave()
    post.passes(AFTER_S - 10)
    post.steady.now_s += 10 * AFTER_S
    post.look()
    post.passes(AFTER_S - 10)
    assert post.told == []
    post.passes(20)
    assert post.told == ["/a"]


def test_a_mailbox_that_was_cut_off_from_all_waits_a_whole_time_once_it_is_not(tmp_path: Path, post: Post) -> None:
    away = Service()
    post.vigil.leave(HOUSE, AFTER_S, [away.letter("a")])
    post.look()
    post.passes(3 * AFTER_S)
    with away.open():
        post.passes(AFTER_S)
        assert away.got == []  # it can reach them again, and its hub has had no chance yet
        post.vigil.hear(HOUSE)
        post.passes(AFTER_S - 10)
        assert away.got == []
        post.passes(20)
        assert [path for path, _, _ in away.got] == ["/a"]


def test_a_letter_that_is_not_taken_is_tried_again_and_given_up_in_the_end(post: Post) -> None:
    post.service.status = 500
    post.leave()
    post.passes(AFTER_S + 10)
    assert len(post.told) == 1
    post.passes(70)
    assert len(post.told) == 2
    post.passes(12 * 3600)
    assert len(post.told) == MOST_TRIES
    post.service.status = 201
    post.leave()
    post.service.status = 410
    post.passes(AFTER_S + 100)
    assert len(post.told) == MOST_TRIES + 1
    assert post.vigil.hear(HOUSE).told_ms is None


def test_a_hub_that_is_heard_while_a_letter_waits_for_another_try_holds_it_back(post: Post) -> None:
    post.service.status = 503
    post.leave()
    post.passes(AFTER_S + 10)
    post.vigil.hear(HOUSE)
    post.passes(AFTER_S - 20)
    assert len(post.told) == 1


def test_of_two_mailboxes_on_one_database_one_tells_and_either_hears(post: Post) -> None:
    post.leave()
    other = Vigil(post.engine, post.clock, outside_only=False, steady_s=post.steady)
    for _ in range(6):
        post.steady.now_s += HELD_S
        post.look()
        assert other.look() == []
    other.hear(HOUSE)
    for _ in range(round(AFTER_S / HELD_S)):
        post.steady.now_s += HELD_S
        assert post.vigil.look() == []
        assert other.look() == []
    post.steady.now_s += HELD_S
    both = [(post.vigil, post.vigil.look()), (other, other.look())]

    async def story() -> None:
        await asyncio.gather(*(vigil.tell(house) for vigil, houses in both for house in houses))

    asyncio.run(story())
    assert post.told == ["/a"]


def test_letters_that_are_taken_back_are_forgotten(post: Post) -> None:
    post.leave()
    post.vigil.take_back(HOUSE)
    post.vigil.take_back(HOUSE)
    with pytest.raises(NotFound):
        post.vigil.hear(HOUSE)
    post.passes(2 * AFTER_S)
    assert post.told == []


@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://push.example.com/x", "https://localhost/x", "https://u@push.example.com/", "https://127.0.0.1/"),
        *("https://0x7f.0.0.1/", "https://2130706433/", "https://10.0.0.1/", "https://169.254.169.254/latest"),
        *("https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://hub.local/", "https://push.example.com:8443/"),
        *("https://[", "", "https://push.\ud800.com/", "file:///etc/passwd", "https://push.example.com:0/"),
    ],
)
def test_a_letter_that_goes_anywhere_but_to_a_push_service_is_refused(post: Post, endpoint: str) -> None:
    strict = Vigil(post.engine, post.clock)
    with pytest.raises(ConfigError):
        strict.leave(HOUSE, AFTER_S, [Letter(endpoint, TOKEN, SEALED)])
    strict.leave(HOUSE, AFTER_S, [Letter("https://push.example.com/x", TOKEN, SEALED)])


def test_a_name_that_has_come_to_stand_for_this_machine_is_not_asked(post: Post) -> None:
    post.leave()
    strict = Vigil(post.engine, post.clock, steady_s=post.steady)
    assert strict.look() == []
    for _ in range(round(AFTER_S / HELD_S) + 1):
        post.steady.now_s += HELD_S
        houses = strict.look()
        for house in houses:
            asyncio.run(strict.tell(house))
    assert post.told == []
    assert strict.hear(HOUSE).letters == 0


@pytest.mark.parametrize(
    ("token", "body"),
    [
        (TOKEN, b"Your hub is silent."),
        (TOKEN, SEALED + bytes(4096)),
        (TOKEN, bytes(200)),
        ("Bearer abc", SEALED),
        (f"{TOKEN}\r\nX-More: 1", SEALED),
        (f"{TOKEN}\n", SEALED),
    ],
)
def test_a_letter_that_is_not_sealed_or_not_signed_is_refused(post: Post, token: str, body: bytes) -> None:
    with pytest.raises(ConfigError):
        post.vigil.leave(HOUSE, AFTER_S, [Letter(post.service.letter().endpoint, token, body)])


def test_times_and_numbers_have_bounds(post: Post) -> None:
    for after_s in (0, 119, LONGEST_S + 1):
        with pytest.raises(ConfigError):
            post.vigil.leave(HOUSE, after_s, [])
    with pytest.raises(OverQuota):
        post.vigil.leave(HOUSE, AFTER_S, [post.service.letter(str(n)) for n in range(MOST_LETTERS + 1)])


# ---- over HTTP ------------------------------------------------------------------------------------------------


def left(cloud: Cloud, key: Ed25519PrivateKey | None = None, **change: Any) -> int:
    letter = {"endpoint": "https://push.example.com/x", "token": TOKEN, "body": b64encode(SEALED).decode()}
    told = {"after_s": AFTER_S, "letters": [letter], **change}
    return cloud.ask(key or cloud.hub, "PUT", "/v1/vigil", json.dumps(told).encode()).status_code


def test_only_the_hub_leaves_letters_and_gives_signs_of_life(tmp_path: Path) -> None:
    with running(tmp_path, TestClock()) as cloud:
        assert left(cloud) == 403
        cloud.enrol().raise_for_status()
        assert cloud.ask(cloud.hub, "POST", "/v1/vigil").status_code == 404
        for key in (cloud.owner, Ed25519PrivateKey.generate()):
            assert left(cloud, key) == 403
        assert left(cloud) == 200
        life = cloud.ask(cloud.hub, "POST", "/v1/vigil").json()
        assert set(life) == {"now_ms", "heard_ms", "told_ms", "letters"}
        assert life["letters"] == 1
        for key in (cloud.owner, Ed25519PrivateKey.generate()):
            assert cloud.ask(key, "DELETE", "/v1/vigil").status_code == 403
        assert cloud.ask(cloud.hub, "DELETE", "/v1/vigil").status_code == 204
        assert cloud.ask(cloud.hub, "POST", "/v1/vigil").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"after_s": "300"},
        {"after_s": 10**25},
        {"after_s": -1},
        {"letters": None},
        {"letters": [{}]},
        {"letters": [{"endpoint": "https://push.example.com/", "token": TOKEN, "body": "é"}]},
        {"letters": [{"endpoint": "https://push.example.com/", "token": TOKEN, "body": "a" * 5500}]},
        {"letters": [{"endpoint": "\ud800", "token": "\ud800", "body": "\ud800"}]},
        {"more": 1},
    ],
)
def test_odd_letters_are_refused_in_a_sentence(tmp_path: Path, change: dict[str, Any]) -> None:
    with running(tmp_path, TestClock()) as cloud:
        cloud.enrol().raise_for_status()
        assert left(cloud, **change) == 400


def test_sixteen_full_letters_fit_and_much_more_does_not(tmp_path: Path) -> None:
    full = {
        "endpoint": f"https://push.example.com/{'x' * 970}",
        "token": f"vapid t=a.b.{'c' * 1000},k={'k' * 87}",
        "body": b64encode(SEALED.ljust(4096, b"s")).decode(),
    }
    with running(tmp_path, TestClock()) as cloud:
        cloud.enrol().raise_for_status()
        assert left(cloud, letters=[full] * MOST_LETTERS) == 200
        assert left(cloud, letters=[full] * (MOST_LETTERS + 1)) == 507
        assert left(cloud, letters=[full] * 40) == 413


def test_a_hub_whose_clock_is_wrong_is_told_the_time(tmp_path: Path) -> None:
    with running(tmp_path, TestClock()) as cloud:
        cloud.enrol().raise_for_status()
        now_s = cloud.clock.now_ms() // 1000
        cloud.clock = TestClock(3_600_000)
        answer = cloud.ask(cloud.hub, "POST", "/v1/vigil")
        assert answer.status_code == 403
        assert answer.json()["reason"] == "untimely"
        assert abs(answer.json()["now_s"] - now_s) < 10


def test_a_hub_that_the_owner_replaced_is_not_missed(tmp_path: Path) -> None:
    with running(tmp_path, TestClock()) as cloud:
        cloud.enrol().raise_for_status()
        assert left(cloud) == 200
        cloud.hub = Ed25519PrivateKey.generate()
        cloud.enrol().raise_for_status()
        assert cloud.ask(cloud.hub, "POST", "/v1/vigil").status_code == 404
        assert left(cloud) == 200


def test_a_household_that_goes_takes_its_letters_along(post: Post) -> None:
    post.leave()
    with Session(post.engine) as session, session.begin():
        session.delete(session.get(AccountRow, HOUSE))
    with Session(post.engine) as session:
        assert session.query(LetterRow).count() == 0
