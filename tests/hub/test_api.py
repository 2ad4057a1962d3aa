"""The hub over real HTTP: set-up, sign-in, refusals, recordings."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from nightlatch.domain.passphrase import Kdf
from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.hub.serve.app import create_app
from nightlatch.hub.serve.books.records import ClipRow
from nightlatch.hub.serve.house import House
from nightlatch.hub.settings import HubSettings
from nightlatch.ledger.policy import Policy
from nightlatch.owner.keys import OwnerKeys, derive, unwrap, wrap
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from nightlatch.seal.note import COSIGNATURE, make_signer
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.house import until
from tests.hub.keeping import Keeping, manifest
from tests.serving import served

KDF: dict[str, Any] = {"alg": "argon2id", "m_kib": 19456, "t": 1, "p": 1, "salt": b64encode(bytes(16)).decode()}
PASSPHRASE = "a lamp in the hall"


@dataclass
class Hub:
    client: httpx.Client
    house: House
    clock: TestClock
    folder: Path
    keys: OwnerKeys = field(default_factory=lambda: OwnerKeys(bytes(range(32))))

    def proofs(self, passphrase: str = PASSPHRASE) -> dict[str, object]:
        return proofs(self.keys, passphrase)

    def set_up(self, **more: object) -> httpx.Response:
        told = {
            "name": "Number 12",
            "recipient": self.keys.recipient,
            "signing_key": self.keys.signing_public_b64,
            "device_name": "test",
            **self.proofs(),
            **more,
        }
        return self.client.post("/api/household", json=told)

    def sign_in(self, passphrase: str) -> httpx.Response:
        login_key = b64encode(derive(passphrase, Kdf(**KDF))[1]).decode()
        return self.client.post("/api/login", json={"login_key": login_key, "device_name": "another"})


def proofs(keys: OwnerKeys, passphrase: str = PASSPHRASE) -> dict[str, object]:
    """What a browser makes of a new passphrase."""
    wrap_key, login_key = derive(passphrase, Kdf(**KDF))
    return {"kdf": KDF, "login_key": b64encode(login_key).decode(), "wrapped_root": wrap(keys.root, wrap_key)}


def running(folder: Path, clock: TestClock | None = None, **settings: object) -> Iterator[Hub]:
    clock = clock or TestClock()
    app = create_app(HubSettings(data_dir=folder, **settings), clock)  # type: ignore[arg-type]
    with served(app) as url, httpx.Client(base_url=url, headers={"X-Nightlatch": "1"}, timeout=20) as client:
        yield Hub(client, app.state.house, clock, folder)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    yield from running(tmp_path / "hub")


@pytest.fixture
def home(hub: Hub) -> Hub:
    assert hub.set_up().status_code == 201
    return hub


def test_first_start_makes_the_household_once(hub: Hub) -> None:
    assert hub.client.get("/api/state").json()["set_up"] is False
    made = hub.set_up()
    assert made.status_code == 201
    said = f"nightlatch enrol v1\n{made.json()['household']['id']}\n{made.json()['hub_key']}".encode()
    enrolled = hub.client.post("/api/household/enrolment", json={"signature": b64encode(hub.keys.sign(said)).decode()})
    assert enrolled.status_code == 204
    state = hub.client.get("/api/state").json()
    assert state["signed_in"]
    assert state["household"]["name"] == "Number 12"
    assert hub.set_up().status_code == 409


def test_keys_that_are_not_keys_are_refused(hub: Hub) -> None:
    assert hub.set_up(recipient="age1nonsense").status_code == 400
    assert hub.set_up(signing_key="AAAA").status_code == 422
    assert hub.set_up(login_key="short").status_code == 422
    assert hub.set_up(surprise=1).status_code == 422
    assert hub.client.get("/api/state").json()["set_up"] is False


def test_everything_else_needs_a_signed_in_owner(home: Hub) -> None:
    stranger = httpx.Client(base_url=home.client.base_url, headers={"X-Nightlatch": "1"})
    for path in (
        "home",
        "cameras",
        "clips",
        "timeline?from_ms=0&to_ms=1",
        "devices",
        "wrapped-root",
        "feed",
        "mailbox/clips",
    ):
        assert stranger.get(f"/api/{path}").status_code == 401, path
    assert stranger.post("/api/cameras", json={"name": "x", "url": "rtsp://x/"}).status_code == 401
    assert "wrapped" not in stranger.get("/api/state").text
    assert stranger.get("/api/nothing").status_code == 404


def test_the_passphrase_signs_in_and_only_then_gives_the_wrapped_key(home: Hub) -> None:
    home.client.post("/api/logout")
    home.client.cookies.clear()
    assert home.sign_in("another passphrase").status_code == 403
    answer = home.sign_in(PASSPHRASE)
    assert answer.status_code == 200
    assert unwrap(answer.json()["wrapped_root"], derive(PASSPHRASE, Kdf(**KDF))[0]) == home.keys.root
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_guessing_is_slowed_down_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=TestClock().now_ms())  # stands still: a slow machine must not shorten the wait
    for start in running(tmp_path / "hub", clock):
        start.set_up()
        assert [start.sign_in(f"guess {n}").status_code for n in range(6)] == [403] * 5 + [429]
        waiting = start.sign_in(PASSPHRASE)
        assert waiting.status_code == 429  # even the right one waits
        assert int(waiting.headers["retry-after"]) >= 1
    for again in running(tmp_path / "hub", clock):
        assert again.sign_in(PASSPHRASE).status_code == 429
        again.clock.offset_ms += 2_000
        assert again.sign_in(PASSPHRASE).status_code == 200


def test_the_recovery_sheet_sets_a_new_passphrase_and_signs_the_others_out(home: Hub) -> None:
    other = httpx.Client(base_url=home.client.base_url, headers={"X-Nightlatch": "1"})
    challenge = other.get("/api/recovery").json()["challenge"]
    message = b"nightlatch recovery v1\n" + b64decode(challenge)
    told = {"challenge": challenge, "device_name": "new", **home.proofs("a new passphrase")}
    forged = other.post("/api/recovery", json={**told, "signature": b64encode(bytes(64)).decode()})
    assert forged.status_code == 403
    challenge = other.get("/api/recovery").json()["challenge"]
    message = b"nightlatch recovery v1\n" + b64decode(challenge)
    signature = b64encode(home.keys.sign(message)).decode()
    good = other.post("/api/recovery", json={**told, "challenge": challenge, "signature": signature})
    assert good.status_code == 200
    assert other.post("/api/recovery", json={**told, "challenge": challenge, "signature": signature}).status_code == 403
    assert home.client.get("/api/home").status_code == 401
    assert home.sign_in(PASSPHRASE).status_code == 403
    assert home.sign_in("a new passphrase").status_code == 200


def test_a_second_device_can_be_signed_out(home: Hub) -> None:
    second = httpx.Client(base_url=home.client.base_url, headers={"X-Nightlatch": "1"})
    login_key = b64encode(derive(PASSPHRASE, Kdf(**KDF))[1]).decode()
    second.post("/api/login", json={"login_key": login_key, "device_name": "a phone"})
    assert second.get("/api/home").status_code == 200
    phone = next(d for d in home.client.get("/api/devices").json() if d["name"] == "a phone")
    assert not phone["this"]
    assert home.client.delete(f"/api/devices/{phone['id']}").status_code == 204
    assert second.get("/api/home").status_code == 401


def test_other_sites_and_other_names_get_nowhere(home: Hub) -> None:
    bare = httpx.Client(base_url=home.client.base_url, cookies=home.client.cookies)
    assert bare.post("/api/logout").status_code == 403
    assert home.client.get("/api/state", headers={"Host": "evil.example.com"}).status_code == 421
    assert home.client.get("/api/state", headers={"Host": "nightlatch.local:8640"}).status_code == 200
    answer = home.client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]


def test_cameras_come_go_and_never_show_their_password(home: Hub) -> None:
    added = home.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://me:hunter2@10.0.0.9:554/live"})
    assert added.status_code == 201
    camera = added.json()
    assert camera["address"] == "rtsp://10.0.0.9:554/live"
    assert "hunter2" not in home.client.get("/api/cameras").text + home.client.get("/api/home").text
    assert home.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://x/"}).status_code == 422
    areas: list[dict[str, Any]] = [
        {"name": "road", "use": "ignore", "points": [[0, 0], [1, 0], [1, 0.5]]},
        {"name": "bed", "use": "mask", "points": [[0, 0], [1, 0], [1, 0.5]]},
        {"name": "door", "use": "watch", "points": [[0, 0], [1, 0], [1, 0.5]], "dwell_s": 10},
    ]
    changed = home.client.patch(f"/api/cameras/{camera['id']}", json={"areas": areas, "quota_bytes": 10**9}).json()
    assert [(each["use"], each["dwell_s"]) for each in changed["areas"]] == [("ignore", 0), ("mask", 0), ("watch", 10)]
    for dwell_s in (-1, 31, "long"):
        asked = {"areas": [{**areas[2], "dwell_s": dwell_s}]}
        assert home.client.patch(f"/api/cameras/{camera['id']}", json=asked).status_code == 422
    assert (
        home.client.patch(
            f"/api/cameras/{camera['id']}", json={"areas": [{"name": "x", "use": "x", "points": []}]}
        ).status_code
        == 422
    )
    assert home.client.delete(f"/api/cameras/{camera['id']}").status_code == 204
    assert home.client.get("/api/cameras").json() == []
    assert home.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://x/"}).status_code == 201


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("../../etc", "http://10.0.0.1/x"),
        ("x", "concat:/etc/passwd|/etc/shadow"),
        ("x", "exec:rm -rf /"),
        ("x", "rtsp://"),
        ("", "rtsp://x/"),
        ("a\x00b", "rtsp://x/"),
        ("n" * 100, "rtsp://x/"),
    ],
)
def test_hostile_cameras_are_refused(home: Hub, name: str, url: str) -> None:
    answer = home.client.post("/api/cameras", json={"name": name, "url": url})
    assert answer.status_code == 422
    assert "error" in answer.json()


def test_a_camera_name_with_path_tricks_is_only_a_name(home: Hub) -> None:
    before = sorted(p for p in home.folder.parent.rglob("*"))
    assert home.client.post("/api/cameras", json={"name": "../../../tmp/x", "url": "rtsp://x/"}).status_code == 201
    after = sorted(p for p in home.folder.parent.rglob("*"))
    assert [p for p in after if p not in before and "hub.db" not in p.name] == []


def recorded(home: Hub) -> tuple[str, str]:
    """(camera id, clip id) of a camera with a segment, a sheet and a clip."""
    camera = home.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://x/"}).json()["id"]
    keeping = Keeping(home.folder, home.house.engine, Sealer([home.keys.recipient]), home.clock)
    now = home.clock.now_ms()
    keeping.segment(Segment(camera, 0, now - 4000, 4000, "avc1.640028"), b"a segment" * 999)
    keeping.sheet(Sheet(camera, now - 60_000, (now - 60_000, now - 4000), 5, 320, 180, b"a sheet"))
    clip = keeping.begin("c" * 16, manifest(camera, now - 9000, now - 14_000))
    keeping.still(clip, Still(camera, now, 320, 180, b"a still"))
    keeping.part(clip, Part(camera, now - 14_000, 1000, 0, b"a part" * 99))
    keeping.close(clip)
    return camera, clip.id


def test_recordings_come_out_sealed_and_open_with_the_owners_key(home: Hub) -> None:
    camera, clip = recorded(home)
    opener, now = Opener(home.keys.identity), home.clock.now_ms()
    day = home.client.get(f"/api/timeline?from_ms={now - 90_000}&to_ms={now}").json()["cameras"][0]
    assert len(day["spans"]) == len(day["sheets"]) == len(day["clips"]) == 1
    assert opener.open(Sealed(home.client.get(f"/api/sheets/{day['sheets'][0][0]}").content)) == b"a sheet"
    segment = home.client.get(f"/api/segments?camera={camera}&from_ms={now - 9000}&to_ms={now}").json()[0]
    whole = home.client.get(f"/api/segments/{segment['id']}").content
    assert opener.open(Sealed(whole)) == b"a segment" * 999
    piece = home.client.get(f"/api/segments/{segment['id']}", headers={"Range": "bytes=10-19"})
    assert (piece.status_code, piece.content) == (206, whole[10:20])
    assert opener.open(Sealed(home.client.get(f"/api/clips/{clip}/parts/0").content)).startswith(b"a part")
    part = home.client.get(f"/api/clips/{clip}/parts/0")
    some = home.client.get(f"/api/clips/{clip}/parts/0", headers={"Range": "bytes=3-9"})
    assert (some.status_code, some.content) == (206, part.content[3:10])
    assert (part.headers["cache-control"], part.headers["etag"]) == ("no-store", some.headers["etag"])
    said = json.loads(opener.open(Sealed(home.client.get(f"/api/clips/{clip}/manifest").content)))
    assert len(said["parts"]) == 1
    for trick in ("../../hub.db", "%2e%2e%2fhub", "part-0000", "99999"):
        assert home.client.get(f"/api/clips/{clip}/parts/{trick}").status_code in (404, 410, 422)


def test_delete_now_deletes_now(home: Hub) -> None:
    _, clip = recorded(home)
    assert home.client.delete(f"/api/clips/{clip}").status_code == 204
    assert home.client.get(f"/api/clips/{clip}/manifest").status_code == 410
    assert home.client.get("/api/clips").json() == []
    assert not list(home.folder.glob("vault/*/clips/*"))
    with Session(home.house.engine) as session:
        assert session.get(ClipRow, clip) is None


def test_a_hub_for_the_whole_network_asks_for_the_code_it_printed(tmp_path: Path) -> None:
    for hub in running(tmp_path / "hub", host="0.0.0.0"):
        assert hub.client.get("/api/state").json()["setup_code_needed"]
        assert hub.set_up().status_code == 403
        assert hub.set_up(setup_code="wrong").status_code == 403
        code = (tmp_path / "hub" / "setup.code").read_text().strip()
        assert hub.set_up(setup_code=code).status_code == 201
        assert not (tmp_path / "hub" / "setup.code").exists()


def test_home_says_what_is_wrong_and_what_to_do(home: Hub) -> None:
    home.client.post("/api/cameras", json={"name": "porch", "url": "rtsp://x/"})
    assert home.client.get("/api/home").json()["well"]
    home.clock.offset_ms += 120_000
    told = home.client.get("/api/home").json()
    assert not told["well"]
    assert all(p["text"] and p["todo"] for p in told["problems"])


FRIEND = make_signer("friend.test", COSIGNATURE).verifier
INVITATION = {
    "name": "A programme",
    "keeper_url": "http://127.0.0.1:9",
    "log_url": "http://127.0.0.1:9",
    "programme_key": b64encode(bytes(32)).decode(),
    "policy": str(Policy(make_signer("programme.test/log").verifier, (("friend", FRIEND),), 1)),
    "notice": "What is asked.",
    "language": "en",
}


def offer(home: Hub, clip: str, from_ms: int = 0, to_ms: int = 20_000) -> httpx.Response:
    window = f"clip={clip}&from_ms={from_ms}&to_ms={to_ms}"
    return home.client.post(f"/api/giving/offers?{window}", content=b"a film", timeout=60)


def test_a_private_room_gives_nothing(home: Hub) -> None:
    clip, camera = given_clip(home)
    home.client.patch(f"/api/cameras/{camera}", json={"private": True}).raise_for_status()
    refused = offer(home, clip)
    assert refused.status_code == 403
    assert "private room" in refused.json()["error"]


def test_a_gift_is_twenty_to_thirty_seconds_of_a_clip_that_is_here(home: Hub) -> None:
    clip, _ = given_clip(home)
    for window in ((0, 19_999), (0, 30_001), (5_000, 5_000)):
        assert "20 to 30 seconds" in offer(home, clip, *window).json()["error"]
    assert offer(home, "f" * 16).status_code == 404


def test_a_film_that_is_not_a_film_is_refused_plainly_and_nothing_is_kept(home: Hub) -> None:
    clip, _ = given_clip(home)
    made = offer(home, clip).json()
    told = until(lambda: (f := home.client.get(f"/api/giving/offers/{made['id']}").json())["problem"] and f, "the end")
    assert told["ready"] is False
    assert home.client.get(f"/api/giving/offers/{made['id']}/film").status_code == 422
    assert home.client.get("/api/giving").json()["given"] == []


@pytest.mark.parametrize(
    "change", [{"keeper_url": "ftp://x"}, {"programme_key": "short"}, {"notice": None, "policy": 3}]
)
def test_what_is_not_an_invitation_is_refused(home: Hub, change: dict[str, object]) -> None:
    told = {name: value for name, value in {**INVITATION, **change}.items() if value is not None}
    refused = home.client.put("/api/giving/programme", json={"invitation": json.dumps(told)})
    assert refused.status_code == 422


def test_a_programme_that_is_gone_loses_nothing(home: Hub) -> None:
    told = home.client.put("/api/giving/programme", json={"invitation": json.dumps(INVITATION)}).raise_for_status()
    joined = told.json()["id"]
    gone = home.client.get(f"/api/giving/logs/{joined}/checkpoint")
    assert gone.status_code == 503
    assert "has not been checked here yet" in gone.json()["error"]
    assert home.client.get(f"/api/giving/logs/{joined}/../keeper").status_code in (404, 422)


def test_a_remark_is_sealed_or_refused_and_goes_with_its_clip(home: Hub) -> None:
    clip, _ = given_clip(home)
    sealed = Sealer([home.keys.recipient]).seal(b"it was the cat")
    home.client.put(f"/api/clips/{clip}/remark", content=bytes(sealed)).raise_for_status()
    assert (
        Opener(home.keys.identity).open(Sealed(home.client.get(f"/api/clips/{clip}/remark").content))
        == b"it was the cat"
    )
    assert home.client.put(f"/api/clips/{clip}/remark", content=b"in the clear").status_code == 400
    home.client.delete(f"/api/clips/{clip}").raise_for_status()
    assert home.client.get(f"/api/clips/{clip}/remark").status_code == 204


def given_clip(home: Hub) -> tuple[str, str]:
    """A clip in the index, and its camera."""
    camera, clip = recorded(home)
    return clip, camera


def test_the_feed_says_again_and_again_that_the_hub_is_there_and_what_its_clock_says(home: Hub) -> None:
    said = []
    with home.client.stream("GET", "/api/feed") as feed:
        for line in feed.iter_lines():
            hint: dict[str, Any] = json.loads(line.removeprefix("data: ")) if line else {"type": ""}
            if hint["type"] == "here":
                said.append(hint["now_ms"])
                home.clock.offset_ms -= 3_600_000
            if len(said) == 2:
                break
    assert -3_600_000 < said[1] - said[0] < -3_590_000
