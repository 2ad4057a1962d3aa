"""The owner's way to the mailbox without the hub: list, get, delete, signed by the owner's key. Blind."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.errors import CloudError, NotFound
from nightlatch.seal.envelope import Sealed
from nightlatch.web.signature import sign

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class HeldClip:
    """A clip in the mailbox: an opaque id, times in epoch ms, sealed bytes, object names."""

    clip: str
    created_ms: int
    expires_ms: int
    bytes: int
    names: tuple[str, ...]


class MailboxClient:
    """Talks to one mailbox as one owner."""

    def __init__(self, url: str, key: Ed25519PrivateKey) -> None:
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S)
        self._key = key

    def clips(self) -> list[HeldClip]:
        """What is held, the newest first. Raises `CloudError`."""
        told: dict[str, Any] = self._ask("GET", "/v1/clips").json()
        found = [
            HeldClip(c["clip"], c["created_ms"], c["expires_ms"], c["bytes"], tuple(o["name"] for o in c["objects"]))
            for c in told["clips"]
        ]
        return sorted(found, key=lambda c: -c.created_ms)

    def get(self, clip: str, name: str) -> Sealed:
        """One sealed object. Raises `NotFound`, `CloudError`, `NotSealed`."""
        return Sealed(self._ask("GET", f"/v1/clips/{clip}/{name}").content)

    def delete(self, clip: str) -> None:
        """Delete a clip. Raises `CloudError`."""
        self._ask("DELETE", f"/v1/clips/{clip}")

    def _ask(self, method: str, path: str) -> httpx.Response:
        signed = sign(self._key, method, path, "", sha256(b"").digest(), int(time.time()))
        try:
            answer = self._client.request(method, path, headers=signed)
        except httpx.HTTPError:
            raise CloudError("The mailbox cannot be reached. Check its address and the network.") from None
        if answer.status_code == 404:
            raise NotFound("The mailbox has no such clip. It may have expired.")
        if not answer.is_success:
            try:
                text = str(answer.json()["error"])
            except (ValueError, KeyError, TypeError):
                text = f"It answered with status {answer.status_code}."
            raise CloudError(f"The mailbox refused: {text}")
        return answer
