"""Taking back survives everything: the keeper dead, busy or hanging, the hub restarted, the programme left for another.

Log, witness, keeper, review room and hub are the real programs. No page is open.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import httpx
import pytest
from playwright.sync_api import expect

from nightlatch.clocks import SystemClock
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.giving import Donations
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.policy import read_policy, verify_receipt
from tests.browser.visit import browser
from tests.donor import give, withdrawal
from tests.house import PASSPHRASE, House, house, until
from tests.keeper.authenticator import Authenticator, b64url
from tests.keeper.films import film
from tests.programme import Programme, programme
from tests.way import How, Way, way


class Scene:
    """A programme, a way to its keeper, and a household's hub that joined it."""

    def __init__(self, at: Programme, way: Way, home: House) -> None:
        self.at, self.way, self.home = at, way, home
        self.keeper = at.processes[2]
        home.set_up()
        self.join(json.loads(at.invitation()) | {"keeper_url": way.url})

    def join(self, invitation: dict[str, Any]) -> None:
        told = {"invitation": json.dumps(invitation)}
        self.home.client.put("/api/giving/programme", json=told).raise_for_status()

    @property
    def log_key(self) -> bytes:
        """As the owner's browser makes it."""
        return sha256(self.home.keys.sign(b"nightlatch log key v1")).digest()

    def kill_keeper(self) -> None:
        self.keeper.kill()
        self.keeper.wait()

    def start_keeper(self) -> None:
        self.at._run("keeper", "serve", "--config", str(self.at.config))
        self.at._answers(f"http://127.0.0.1:{self.at.keeper_port}/healthz", 200)
        self.keeper = self.at.processes[-1]

    def kill_hub(self) -> None:
        assert self.home.process is not None
        self.home.process.send_signal(signal.SIGKILL)
        self.home.process.wait()

    def give(self, seed: int = 0, way: How = "open") -> str:
        """Given and written down; the hub is killed before it sends anything, and finds the way like this."""
        witness = self.home.client.get("/api/giving").raise_for_status().json()["witness"]["key"]
        self.kill_hub()
        folder = self.home.data / "hub"
        donations = Donations(Books(folder, open_index(folder)), SystemClock(), None)
        now_ms, mp4 = SystemClock().now_ms(), film(seed=seed)
        line = give(donations, self.home.keys.signing_key, self.log_key, now_ms, mp4, witness)
        donations._books.engine.dispose()
        self.way.is_ = way
        self.home.start()
        return line.id

    def take_back(self, donation: str) -> dict[str, Any]:
        line = self.line(donation)
        signed = withdrawal(donation, line["consent_sha256"], self.home.keys.signing_key, SystemClock().now_ms()).signed
        answer = self.home.client.post(f"/api/giving/donations/{donation}/withdrawal", json=json.loads(signed))
        return dict(answer.raise_for_status().json())

    def line(self, donation: str) -> dict[str, Any]:
        given = self.home.client.get("/api/giving").raise_for_status().json()["given"]
        return dict(next(each for each in given if each["id"] == donation))

    def tries(self, donation: str) -> int:
        return int(self.line(donation)["letter"]["tries"])

    def is_over(self, donation: str) -> bool:
        line = self.line(donation)
        return line["proven_ms"] is not None and line["shredded_ms"] is not None


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        at = stack.enter_context(programme(tmp_path / "programme"))
        door = stack.enter_context(way(at.keeper_port))
        yield Scene(at, door, stack.enter_context(house(tmp_path / "house", program="serve")))


class Reviewer:
    """A person with a passkey in software, let in by both administrators; `next` is what the desk does."""

    def __init__(self, at: Programme) -> None:
        self.at, self.passkey = at, Authenticator(origin=at.origin)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{at.review_port}", trust_env=False, timeout=60)
        self.http.headers.update({"x-nightlatch": "1", "origin": at.origin})
        invite = at.invite().partition("#invite=")[2]
        options = self._post("/invite/options", invite=invite).json()
        made = self._attested(options["challenge"])
        change = self._post("/invite", invite=invite, device="desk", attestation=made).json()["change"]
        at.signed(change)
        challenge = bytes.fromhex(self._post("/challenge").json()["challenge"])
        entered = self._post("/login", assertion=self.passkey.answer(challenge))
        self.http.headers["cookie"] = entered.headers["set-cookie"].partition(";")[0]

    def next(self) -> httpx.Response:
        return self.http.post("/api/next")

    def _post(self, path: str, **body: object) -> httpx.Response:
        return self.http.post(f"/api{path}", json=body or None).raise_for_status()

    def _attested(self, challenge: str) -> str:
        """A new passkey without attestation (WebAuthn Level 3, 6.5)."""
        client = json.dumps({"type": "webauthn.create", "challenge": challenge, "origin": self.at.origin}).encode()
        raw_id, key = self.passkey.raw_id, urlsafe_b64decode(self.passkey.public_key + "==")
        data = sha256(b"localhost").digest() + bytes([0x45]) + bytes(4) + bytes(16) + len(raw_id).to_bytes(2) + raw_id
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data + key})
        told = {"clientDataJSON": b64url(client), "attestationObject": b64url(made)}
        name = self.passkey.credential
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told})


@pytest.mark.timeout(600)
def test_a_clip_is_taken_back_through_every_outage_and_no_reviewer_finds_it(scene: Scene) -> None:
    clip, other = scene.give(), ""
    until(lambda: scene.line(clip)["arrived_ms"], "the clip at the keeper")
    other = scene.give(seed=1)
    until(lambda: scene.line(other)["arrived_ms"], "the other clip at the keeper")

    scene.kill_keeper()
    asked = scene.take_back(clip)
    assert (asked["is_signed"], asked["refused_ms"], asked["proven_ms"]) == (True, None, None)
    until(lambda: scene.tries(clip) >= 2, "two tries at a dead keeper")
    scene.kill_hub()
    scene.home.start()
    scene.home.client.delete("/api/giving/programme").raise_for_status()
    dead = {"name": "Another", "keeper_url": "http://127.0.0.1:9", "log_url": "http://127.0.0.1:9"}
    scene.join(json.loads(scene.at.invitation()) | dead)
    scene.way.is_ = "busy"
    until(lambda: scene.way.refused >= 1, "a try at a busy keeper")
    assert scene.line(clip)["refused_ms"] is None
    scene.way.is_ = "hanging"
    until(lambda: scene.way.held, "a try at a keeper that hangs")
    assert scene.line(clip)["letter"]["tries"] >= 3
    scene.start_keeper()
    scene.way.is_ = "open"
    scene.way.let_go()

    until(lambda: scene.is_over(clip), "the proof in the log, and the end of the key", 90)
    proven = scene.line(clip)
    receipt = LogClient(f"http://127.0.0.1:{scene.at.log_port}").receipt(proven["proven_index"])
    entries = scene.home.client.get(f"/api/giving/donations/{clip}/entries").json()["entries"]
    leaf = next(b64decode(each["leaf"]) for each in entries if each["kind"] == "consent.withdraw")
    now_ms = SystemClock().now_ms()
    assert verify_receipt(receipt, leaf, read_policy(scene.at.policy), now_ms).index == proven["proven_index"]
    assert proven["letter"] is None
    reviewer = Reviewer(scene.at)
    assert reviewer.next().status_code == 200, "the other clip"
    assert reviewer.next().json()["refused"] == "nothing_waiting"
    with closing(sqlite3.connect(scene.at.folder / "keeper" / "keeper.db")) as rows:
        assert {each for (each,) in rows.execute("SELECT donation_id FROM views")} == {other}
    names = [path.name for path in (scene.at.folder / "keeper" / "sealed").rglob("*") if path.is_file()]
    assert not [name for name in names if clip in name]


@pytest.mark.timeout(600)
def test_a_clip_whose_upload_the_keeper_did_not_survive_is_known_and_can_be_taken_back(scene: Scene) -> None:
    for how, cut_after in (("cut", 200), ("cut", 3_000), ("deaf", 0)):
        scene.way.cut_after, scene.way.on_cut = cut_after, scene.kill_keeper
        clip = scene.give(seed=cut_after, way=how)
        until(lambda: scene.keeper.poll() is not None, "the keeper's end")
        assert scene.line(clip)["arrived_ms"] is None
        assert scene.line(clip)["letter"]["kind"] == "give"
        assert scene.take_back(clip)["refused_ms"] is None
        assert not list((scene.home.data / "hub" / "outbox").iterdir()), "nothing is sent that was taken back"
        scene.way.is_ = "open"
        scene.start_keeper()
        until(lambda clip=clip: scene.line(clip)["letter"] is None, "the end of it")
        over = scene.line(clip)
        assert over["shredded_ms"] is not None
        assert (over["proven_ms"] is not None) != (over["not_taken"] is not None), "it came, or it did not"
        with closing(sqlite3.connect(scene.at.folder / "keeper" / "keeper.db")) as rows:
            [(state,)] = rows.execute("SELECT state FROM donations WHERE id = ?", (clip,))
        assert state == "shredded"


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_the_page_says_in_red_what_is_asked_of_whom_until_it_is_proven(scene: Scene) -> None:
    clip = scene.give()
    until(lambda: scene.line(clip)["arrived_ms"], "the clip at the keeper")
    with browser() as context:
        page = context.new_page()
        page.goto(f"{scene.home.address}/giving")
        page.get_by_test_id("login-passphrase").fill(PASSPHRASE)
        page.get_by_test_id("login-submit").click()
        given = page.get_by_test_id("given")
        expect(given).to_have_attribute("data-stands", "given", timeout=60_000)
        scene.kill_keeper()
        page.get_by_test_id("take-back").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.reload()
        page.get_by_role("dialog").get_by_role("button", name="Take it back").click(timeout=60_000)
        expect(given).to_have_attribute("data-stands", "unanswered", timeout=60_000)
        expect(given.get_by_role("alert").first).to_contain_text("Asked The test programme to stop showing this clip")
        expect(given.get_by_role("alert").first).to_contain_text("may still be seen")
        expect(page.get_by_text("Nobody can see it any more")).to_have_count(0)
        if pictures := os.environ.get("NIGHTLATCH_PICTURES"):
            page.screenshot(path=Path(pictures) / "asked.png", full_page=True)
        page.get_by_test_id("take-back").click()  # asks again, and signs nothing
        scene.start_keeper()
        expect(given).to_have_attribute("data-stands", "proven", timeout=120_000)
        expect(page.get_by_test_id("refused")).to_contain_text("The key was destroyed", timeout=60_000)
        expect(page.get_by_test_id("take-back")).to_have_count(0)
        expect(page.locator('[data-testid="look"].good[data-kind="consent.withdraw"]')).to_have_count(1)
        if pictures:
            page.screenshot(path=Path(pictures) / "proven.png", full_page=True)
