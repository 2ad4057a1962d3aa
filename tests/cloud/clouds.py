"""A mailbox on a real port, with one household enrolled."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.cloud.app import create_app
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.seal.recipients import Sealer
from nightlatch.web.signature import public_b64, sign
from tests.clocks import TestClock
from tests.serving import served

SEALER = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
CLIP = "00112233445566aa"
HOUSE = "ab" * 16


@dataclass
class Cloud:
    url: str
    clock: TestClock
    folder: Path
    hub: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    owner: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def ask(self, key: Ed25519PrivateKey, method: str, path: str, body: bytes = b"", **headers: str) -> httpx.Response:
        plain, _, query = path.partition("?")
        signed = sign(key, method, plain, query, sha256(body).digest(), self.clock.now_ms() // 1000)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.request(method, self.url + path, content=body, headers={**signed, **more}, timeout=10)

    def enrol(self, household: str = HOUSE, hub: Ed25519PrivateKey | None = None, **more: str) -> httpx.Response:
        hub = hub or self.hub
        said = f"nightlatch enrol v1\n{household}\n{public_b64(hub)}".encode()
        told = {
            "household": household,
            "hub_key": public_b64(hub),
            "owner_key": public_b64(self.owner),
            "statement_signature": b64encode(self.owner.sign(said)).decode(),
            **more,
        }
        return self.ask(hub, "POST", "/v1/households", json.dumps(told).encode())

    def put(
        self, name: str = "part-0000", body: bytes | None = None, clip: str = CLIP, **headers: str
    ) -> httpx.Response:
        sealed = SEALER.seal(b"footage" * 100) if body is None else body
        return self.ask(self.hub, "PUT", f"/v1/clips/{clip}/{name}", sealed, **headers)

    def blobs(self) -> list[Path]:
        return [p for p in (self.folder / "blobs").rglob("*") if p.is_file()]


@contextmanager
def running(folder: Path, clock: TestClock, **settings: Any) -> Iterator[Cloud]:
    """A mailbox in `folder`; the same folder again is the same mailbox, restarted."""
    with served(create_app(CloudSettings(data_dir=folder, **settings), clock, MIGRATIONS)) as url:
        yield Cloud(url, clock, folder)
