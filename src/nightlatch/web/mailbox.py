"""The owner's way to the mailbox without the hub: list, get, delete, signed by the owner's key. Blind."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.errors import CloudError, ConfigError, NotFound
from nightlatch.seal.envelope import Sealed
from nightlatch.web.signature import sign

TIMEOUT_S = 30.0
MOST_BYTES = 64 * 1024**2  # twice the largest object
_CLIP = re.compile(r"[0-9a-f]{16}\Z")
_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")


@dataclass(frozen=True, slots=True)
class HeldClip:
    """A clip in the mailbox: an opaque id, times in epoch ms, sealed bytes, object names."""

    clip: str
    created_ms: int
    expires_ms: int
    bytes: int
    names: tuple[str, ...]


class MailboxClient:
    """Talks to one mailbox as one owner. What it is told is checked: the mailbox is not trusted with names or sizes."""

    def __init__(
        self, url: str, key: Ed25519PrivateKey, now_s: Callable[[], float] = time.time, most_bytes: int = MOST_BYTES
    ) -> None:
        """Raises `ConfigError` when `url` is no http or https address."""
        if not re.match(r"https?://[^/?#\s]+/?\Z", url):
            raise ConfigError("The mailbox's address begins with http:// or https:// and ends with its name or port.")
        try:
            self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S)
        except httpx.InvalidURL as error:
            raise ConfigError(f"The mailbox's address cannot be used: {error}.") from None
        self._key = key
        self._now_s = now_s
        self._most_bytes = most_bytes

    def clips(self) -> list[HeldClip]:
        """What is held, the newest first. Raises `CloudError`."""
        try:
            told: Any = json.loads(self._ask("GET", "/v1/clips"))
            found = [_held(clip) for clip in told["clips"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CloudError(
                "The mailbox's answer cannot be read. Is there a Nightlatch mailbox at this address?"
            ) from None
        return sorted(found, key=lambda c: -c.created_ms)

    def get(self, clip: str, name: str) -> Sealed:
        """One sealed object. Raises `NotFound`, `CloudError`, `NotSealed`."""
        if not _CLIP.match(clip) or not _NAME.match(name):
            raise NotFound(f"There is no clip {clip} in the mailbox.")
        return Sealed(self._ask("GET", f"/v1/clips/{clip}/{name}"))

    def delete(self, clip: str) -> None:
        """Delete a clip. Raises `NotFound`, `CloudError`."""
        if not _CLIP.match(clip):
            raise NotFound(f"There is no clip {clip} in the mailbox.")
        self._ask("DELETE", f"/v1/clips/{clip}")

    def _ask(self, method: str, path: str) -> bytes:
        signed = sign(self._key, method, path, "", sha256(b"").digest(), int(self._now_s()))
        body = bytearray()
        try:
            with self._client.stream(method, path, headers=signed) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > self._most_bytes:
                        raise CloudError("The mailbox sent more than any clip holds; its answer was dropped.")
        except httpx.HTTPError:
            raise CloudError("The mailbox cannot be reached. Check its address and the network.") from None
        if answer.status_code == 404:
            raise NotFound("The mailbox has no such clip. It may have expired.")
        if not answer.is_success:
            try:
                text = str(json.loads(body)["error"])
            except (ValueError, KeyError, TypeError, RecursionError):
                text = f"It answered with status {answer.status_code}."
            raise CloudError(f"The mailbox refused: {text}")
        return bytes(body)


def _held(told: Any) -> HeldClip:
    """Raises `ValueError`, `KeyError` or `TypeError` for anything that no mailbox of ours says."""
    names = tuple(str(each["name"]) for each in told["objects"])
    held = HeldClip(str(told["clip"]), int(told["created_ms"]), int(told["expires_ms"]), int(told["bytes"]), names)
    if not _CLIP.match(held.clip) or not all(_NAME.match(name) for name in names):
        raise ValueError("a name that no hub makes")
    return held
