"""A clip on its way in: announced, then streamed; nothing of a stranger's is read, and nothing of it stays."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from nightlatch.domain.donation import LARGEST_SEALED
from nightlatch.keeper import arrivals, taking_in
from nightlatch.keeper.app import create_app, create_revocations_app
from nightlatch.keeper.arrivals import Arrivals
from nightlatch.keeper.refusals import Crowded, KeeperRefused, Refusal, Unannounced
from nightlatch.keeper.words import Announcement
from tests.house import until
from tests.keeper.house import ORIGIN, TEN, Given, House, house
from tests.keeper.test_face import SECRET, Face
from tests.serving import served


@pytest.fixture
def face(tmp_path: Path) -> Iterator[Face]:
    with house(tmp_path / "keeper") as home, served(create_app(home.room, home.passkeys, ORIGIN, SECRET)) as url:
        yield Face(home, url)


def incoming(face: Face) -> list[Path]:
    return list((face.home.folder / "incoming").iterdir())


def raw(face: Face, path: str, length: int, body: bytes = b"") -> socket.socket:
    parts = urlsplit(face.url)
    line = socket.create_connection((parts.hostname, parts.port), 10)
    line.sendall(f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode() + body)
    return line


def heard(line: socket.socket) -> bytes:
    came = b""
    while piece := line.recv(65536):
        came += piece
    return came


def announced(given: Given) -> Announcement:
    gift = given.gift
    film = gift.sealed
    return Announcement(
        gift.donation, gift.consented, gift.report, gift.log_key, gift.owner_recipient, film.sha256, film.size
    )


# ---- over HTTP --------------------------------------------------------------------------------------------------


def test_a_clip_is_announced_and_streamed_and_both_may_be_repeated(face: Face) -> None:
    given = face.home.offer()
    first, second = face.announce(given), face.announce(given)
    assert [(each.status_code, each.json()) for each in (first, second)] == [(202, {"state": "expected"})] * 2
    for _ in range(2):
        film = face.film(given)
        assert (film.status_code, film.json()) == (201, {"state": "waiting"})
    for _ in range(2):
        again = face.announce(given)
        assert (again.status_code, again.json()) == (201, {"state": "waiting"})
        assert face.film(given).status_code == 201
    assert face.home.blobs.get(given.donation) == given.sealed
    assert [each.kind for each in face.home.room.entries(given.donation)] == ["consent.give"]
    assert incoming(face) == []


def test_another_film_or_another_consent_of_a_clip_that_is_in_is_refused(face: Face) -> None:
    given = face.home.give()
    assert face.announce(given).status_code == 201
    other = face.home.offer(given.owner)
    assert face.announce(given, sealed_sha256=other.gift.sealed.sha256).json()["refused"] == "revoked"
    assert face.announce(given, consent=json.loads(other.gift.consented.signed)).json()["refused"] == "consent"
    assert face.film(given, bytes(len(given.sealed))).json()["refused"] in ("hash", "unannounced")
    assert face.home.blobs.get(given.donation) == given.sealed


def test_what_was_taken_back_is_not_taken_again(face: Face) -> None:
    given = face.home.give()
    face.home.room.revoke(given.withdrawn(TEN))
    assert face.announce(given).json()["refused"] == "revoked"
    assert face.film(given).json()["refused"] == "unannounced"


def test_a_film_without_its_head_is_refused_before_a_byte_of_it_is_read(face: Face) -> None:
    made = face.home.offer().donation
    for donation in (made, "ef" * 16, "odd", "%00"):
        with raw(face, f"/v1/donations/{donation}/film", 30_000_000) as line:
            answer = heard(line)
        assert answer.startswith(b"HTTP/1.1 409"), answer
        assert b"connection: close" in answer.lower()
    assert incoming(face) == []


def test_a_head_that_names_no_donation_is_refused(face: Face) -> None:
    given = face.home.offer()
    body = json.loads(face.announce(given).request.content)
    for donation in ("ef" * 16, "odd"):
        assert face.ask("PUT", f"/v1/donations/{donation}", body, secret="").status_code == 404
    large = face.ask("PUT", f"/v1/donations/{given.donation}", body | {"report": "x" * 40_000}, secret="")
    assert large.status_code == 413


@pytest.mark.parametrize("change", [-1, 1, 40_000_000])
def test_a_film_of_another_length_is_refused_before_it_is_read(face: Face, change: int) -> None:
    given = face.home.offer()
    face.announce(given)
    with raw(face, f"/v1/donations/{given.donation}/film", len(given.sealed) + change) as line:
        assert heard(line).split(b" ")[1] in (b"403", b"413")
    assert face.film(given).status_code == 201


def test_another_film_than_was_announced_is_refused_and_deleted(face: Face) -> None:
    given = face.home.offer()
    face.announce(given)
    other = bytes([given.sealed[0] ^ 1]) + given.sealed[1:]
    answer = face.film(given, other)
    assert (answer.status_code, answer.json()["refused"]) == (403, "hash")
    assert incoming(face) == []
    assert face.film(given).json()["refused"] == "unannounced"
    assert face.put(given).status_code == 201


def test_a_film_whose_connection_breaks_is_deleted_and_may_come_again(face: Face) -> None:
    given = face.home.offer()
    face.announce(given)
    with raw(face, f"/v1/donations/{given.donation}/film", len(given.sealed), given.sealed[:1000]):
        until(lambda: len(incoming(face)) == 1, "the film under way")
    until(lambda: incoming(face) == [], "the film deleted")
    assert face.film(given).status_code == 201


def test_a_film_that_its_hub_sends_again_takes_the_place_of_the_one_that_hangs(face: Face) -> None:
    given = face.home.offer()
    face.announce(given)
    with raw(face, f"/v1/donations/{given.donation}/film", len(given.sealed), given.sealed[:1000]) as line:
        until(lambda: len(incoming(face)) == 1, "the film under way")
        assert face.film(given).status_code == 201
        assert heard(line).startswith(b"HTTP/1.1 503")
    assert incoming(face) == []


def test_revocations_have_a_face_that_takes_nothing_else(face: Face) -> None:
    given = face.home.give()
    first = create_app(face.home.room, face.home.passkeys, ORIGIN, SECRET)
    with served(create_revocations_app(first)) as url:
        assert httpx.post(f"{url}/v1/donations").status_code == 404
        assert httpx.post(f"{url}/v1/revocations", content=b" " * 16_385).status_code == 413
        with face.home.room._intake:  # whatever is being let in holds up nobody who takes back
            taken = httpx.post(f"{url}/v1/revocations", json=json.loads(given.withdrawn(TEN).signed), timeout=5)
    assert (taken.status_code, taken.json()["refused_ms"]) == (202, TEN)
    assert face.announce(given).json()["refused"] == "revoked"


# ---- few ----------------------------------------------------------------------------------------------------------


class Watch:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "keeper") as made:
        yield made


def test_heads_that_no_film_follows_are_forgotten(home: House, tmp_path: Path) -> None:
    watch = Watch()
    made, said = Arrivals(tmp_path / "in", watch), announced(home.offer())
    made.expect(said, "one", False)
    watch.now_s = arrivals.HEAD_LIFE_S + 1
    with pytest.raises(Unannounced):
        made.begin(said.donation, "one", said.sealed_bytes)
    assert not made.knows(said.donation)


def test_heads_of_one_address_displace_each_other_and_nobody_elses(home: House, tmp_path: Path) -> None:
    made, mine = Arrivals(tmp_path / "in", Watch()), announced(home.offer())
    made.expect(mine, "household", False)
    crowd = [announced(home.offer()) for _ in range(arrivals.MOST_HEADS_FOR_ONE + 3)]
    for each in crowd:
        made.expect(each, "crowd", False)
    assert [made.knows(each.donation) for each in crowd].count(True) == arrivals.MOST_HEADS_FOR_ONE
    assert made.knows(mine.donation)


def test_films_that_drip_give_way_and_addresses_that_brought_much_wait(home: House, tmp_path: Path) -> None:
    watch = Watch()
    made, said = Arrivals(tmp_path / "in", watch), [announced(home.offer()) for _ in range(arrivals.MOST_FILMS + 3)]
    for n, each in enumerate(said):
        made.expect(each, f"address {n}", False)
    films = [made.begin(each.donation, f"address {n}", each.sealed_bytes) for n, each in enumerate(said[:-3])]
    watch.now_s = 10.0
    for film in films[1:]:
        film.size += 1_000_000
    newcomer = made.begin(said[-3].donation, "a household", said[-3].sealed_bytes)
    assert [film.gives_way.is_set() for film in films] == [True] + [False] * (len(films) - 1)
    made.end(newcomer, False)
    again = made.begin(said[-3].donation, "a household", said[-3].sealed_bytes)
    own = made.begin(said[-2].donation, "a household", said[-2].sealed_bytes)
    assert (again.gives_way.is_set(), own.gives_way.is_set()) == (True, False)
    other = made.begin(said[-1].donation, "another", said[-1].sealed_bytes)
    assert own.gives_way.is_set()
    with pytest.raises(Crowded):
        made.begin(said[-2].donation, "a household", said[-2].sealed_bytes)
    for film in [*films, newcomer, again, own, other]:
        film.discard()


def test_keys_of_one_address_displace_each_other_and_nobody_elses(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "MOST_MADE_FOR_ONE", 3)
    mine = home.room.make("household").donation
    crowd = [home.room.make("crowd").donation for _ in range(8)]
    assert [home.keys.has(each) for each in crowd] == [False] * 5 + [True] * 3
    assert home.keys.has(mine)
    monkeypatch.setattr(taking_in, "MOST_MADE", 4)
    home.room.make("new")
    assert [home.keys.has(each) for each in [mine, *crowd]] == [True] + [False] * 6 + [True] * 2


def test_a_key_whose_clip_is_announced_does_not_give_way(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    given = home.offer()
    home.room.arrivals.expect(announced(given), "household", False)
    monkeypatch.setattr(taking_in, "MOST_MADE", 1)
    with pytest.raises(KeeperRefused) as caught:
        home.room.make("crowd")
    assert caught.value.refusal is Refusal.BUSY
    home.room.receive(given.gift)
    home.room.make("crowd")


def test_keys_that_wait_are_counted_after_a_restart_too(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [home.room.make("crowd").donation for _ in range(3)]
    home.start()
    monkeypatch.setattr(taking_in, "MOST_MADE", 3)
    home.room.make("household")
    assert [home.keys.has(each) for each in old] == [False, True, True]


def test_a_clip_that_is_taken_back_while_it_is_let_in_is_not_kept(home: House) -> None:
    given = home.offer()
    admitted = home.room._taking_in.examine(given.gift)
    home.room.revoke(given.withdrawn(TEN))
    with pytest.raises(KeeperRefused) as caught:
        home.room._taking_in.keep(given.gift, admitted)
    assert caught.value.refusal is Refusal.REVOKED
    assert list(home.blobs.names()) == []


def test_a_film_is_opened_in_little_more_memory_than_its_own_size(home: House, tmp_path: Path) -> None:
    plain = bytes(LARGEST_SEALED - 100_000)
    given = home.offer(plain=plain)
    assert given.gift.sealed.sha256 == sha256(given.sealed).hexdigest()
    del plain
    Path("/proc/self/clear_refs").write_text("5")
    before = _held("VmRSS")
    with pytest.raises(KeeperRefused) as caught:
        home.room.receive(given.gift)
    assert caught.value.refusal is Refusal.FILM
    assert _held("VmHWM") - before < 40 * 1024


def _held(name: str) -> int:
    """KiB of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
