"""A household that gave clips to programmes whose logs, and what their keepers say, are the test's to write."""

from __future__ import annotations

import json
import sqlite3
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from nightlatch.domain.consent import Json, canonical
from nightlatch.domain.view import SALT_BYTES, Leaf, commitment, tag
from nightlatch.ledger.policy import Policy
from nightlatch.owner.keys import OwnerKeys
from nightlatch.seal.note import Signer, read_signer
from nightlatch.seal.recipients import Sealer
from tests.house import House

DAY_S = 86_400


@dataclass(frozen=True)
class Entry:
    """An entry of the log about a donation, and what its keeper says of it."""

    leaf: bytes
    sealed_event: bytes


def join(page: Page, home: House, keeper: str, log: str, policy: Policy, name: str = "A programme") -> str:
    """Join a programme in the page; its id."""
    invitation = {
        "name": name,
        "keeper_url": keeper,
        "log_url": log,
        "programme_key": b64encode(bytes(32)).decode(),
        "policy": str(policy),
        "notice": "n",
        "language": "en",
    }
    page.goto(f"{home.address}/giving")
    page.get_by_test_id("giving-invitation").fill(json.dumps(invitation))
    page.get_by_test_id("giving-join").click()
    expect(page.get_by_text("You joined")).to_be_visible()
    with sqlite3.connect(home.data / "hub" / "hub.db") as hub:
        [[programme]] = hub.execute("SELECT id FROM programmes WHERE left_ms IS NULL").fetchall()
    return str(programme)


def gave(home: House, donation: str, programme: str, age_s: int = 60) -> None:
    """A clip was given to it so long ago; the hub has not heard yet that the programme has it."""
    with sqlite3.connect(home.data / "hub" / "hub.db") as hub:
        columns = "id, programme_id, camera_id, onset_ms, length_ms, consent, consent_sha256, given_ms, expires_ms"
        at_ms = int((time.time() - age_s) * 1000)
        row = (donation, programme, "0" * 12, at_ms, 25_000, "{}", "", at_ms, at_ms + 365 * DAY_S * 1000)
        hub.execute(f"INSERT INTO donations ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def arrived(home: House, donation: str, age_s: int) -> None:
    """The programme said so long ago that it has the clip, which was given at that time."""
    with sqlite3.connect(home.data / "hub" / "hub.db") as hub:
        at_ms = int((time.time() - age_s) * 1000)
        hub.execute("UPDATE donations SET given_ms = ?, arrived_ms = ? WHERE id = ?", (at_ms, at_ms, donation))


def hub_key(home: House) -> Signer:
    """The key with which this house's hub cosigns."""
    return read_signer((home.data / "hub" / "witness.key").read_text())


def log_key(keys: OwnerKeys) -> bytes:
    """What makes the tags of this owner (web/shared/consent.ts)."""
    return sha256(keys.sign(b"nightlatch log key v1")).digest()


def entry(keys: OwnerKeys, donation: str, at_s: float, kind: str = "view.open", **more: Json) -> Entry:
    """What the log and the keeper hold when something happened to a donation."""
    event = canonical({"donation": donation, **more})
    salt = sha256(f"{donation} {at_s}".encode()).digest()[:SALT_BYTES]
    leaf = Leaf(int(at_s), kind, tag(log_key(keys), int(at_s * 1000)), commitment(salt, event)).canonical()
    told = canonical({"event": json.loads(event), "salt": b64encode(salt).decode()})
    return Entry(leaf, bytes(Sealer([keys.recipient]).seal(told)))


def claims(keeper: Path, donation: str, entries: Iterable[tuple[int, Entry]]) -> None:
    """What the keeper's folder says of a donation: at which positions of the log its entries are."""
    folder = keeper / "v1" / "donations" / donation
    folder.mkdir(parents=True, exist_ok=True)
    told = [
        {
            "kind": json.loads(each.leaf)["k"],
            "leaf": b64encode(each.leaf).decode(),
            "index": position,
            "due_ms": 0,
            "sealed_event": b64encode(each.sealed_event).decode(),
        }
        for position, each in entries
    ]
    (folder / "entries").write_text(json.dumps({"entries": told}))


def show(page: Page, programme: str, log: Path) -> None:
    """The hub passes on what lies in this folder, whatever it thinks of it: the page must find out by itself."""
    prefix = f"/api/giving/logs/{programme}/"

    def answer(route: Route) -> None:
        path = log / route.request.url.partition(prefix)[2]
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type="application/octet-stream")
        else:
            route.fulfill(status=404, json={"error": "The log has no such file."})

    page.route(f"**{prefix}**", answer)
