"""HTTP message signatures: RFC 9421 with Ed25519, content digests by RFC 9530.

One shape only: label `nightlatch`, components "@method" "@path" "@query" "content-digest", parameters
created, nonce, keyid (b64 public key), alg. Anything else is refused.

Who checks remembers the nonces of the keys that it knows for `NONCE_LIFE_S`; this file keeps no state, so that
neither a restart nor a second process forgets, and a stranger cannot push a nonce out by making new ones.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nightlatch.errors import Refused

LABEL = "nightlatch"
COMPONENTS = '("@method" "@path" "@query" "content-digest")'
WINDOW_S = 300
NONCE_LIFE_S = 3600  # twice the window would do while the clock runs true; an hour outlives a clock set back
_INPUT = re.compile(
    rf'{LABEL}=(?P<params>{re.escape(COMPONENTS)};created=(?P<created>\d{{1,12}});nonce="(?P<nonce>[A-Za-z0-9+/=_-]{{16,64}})"'
    r';keyid="(?P<key>[A-Za-z0-9+/]{43}=)";alg="ed25519")\Z'
)
_DIGEST = re.compile(r"sha-256=:[A-Za-z0-9+/]{43}=:\Z")
_SIGNATURE = re.compile(rf"{LABEL}=:(?P<sig>[A-Za-z0-9+/]{{86}}==):\Z")


class Untimely(Refused):
    """A request of another time than ours; `now_s` is ours."""

    def __init__(self, now_s: int) -> None:
        super().__init__("The signature's time is more than five minutes off. Set the clock of the sending machine.")
        self.now_s = now_s


def content_digest(body: bytes) -> str:
    """The Content-Digest header of `body` (RFC 9530)."""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"


def signature_base(method: str, path: str, query: str, digest: str, params: str) -> bytes:
    """What is signed (RFC 9421, 2.5). `query` is without its question mark."""
    lines = (
        f'"@method": {method}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode()


def public_b64(key: Ed25519PrivateKey) -> str:
    """b64 of the 32-byte public key."""
    return b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def sign(
    key: Ed25519PrivateKey, method: str, path: str, query: str, body_sha256: bytes, created_s: int
) -> dict[str, str]:
    """The headers that sign a request. `path` is as sent (percent-encoded), `body_sha256` of the body (or of b"")."""
    digest = f"sha-256=:{b64encode(body_sha256).decode()}:"
    nonce = secrets.token_urlsafe(16)
    params = f'{COMPONENTS};created={created_s};nonce="{nonce}";keyid="{public_b64(key)}";alg="ed25519"'
    signed = key.sign(signature_base(method, path, query, digest, params))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{b64encode(signed).decode()}:",
    }


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request that `key` signed in time; whether it is the first of its nonce is still to be asked."""

    key: str  # b64 Ed25519 public
    nonce: str
    created_s: int


def verify(method: str, path: str, query: str, headers: Mapping[str, str], now_s: int) -> SignedRequest:
    """Who signed this request (RFC 9421, 3.2); the body is still to be held against `Content-Digest`.

    `headers` has lower-case names. Raises:
        Refused: with the step that failed.
    """
    # 1. The three headers are there, in the one shape.
    stated = _INPUT.match(headers.get("signature-input", ""))
    signed = _SIGNATURE.match(headers.get("signature", ""))
    digest = headers.get("content-digest", "")
    if stated is None or signed is None or not _DIGEST.match(digest):
        raise Refused("This request is not signed, or not in the way that this mailbox reads (RFC 9421, Ed25519).")
    # 2. It is of now.
    created_s = int(stated["created"])
    if abs(now_s - created_s) > WINDOW_S:
        raise Untimely(now_s)
    # 3. The key signed exactly this method, path, query and digest.
    try:
        raw = b64decode(stated["key"])
        if b64encode(raw).decode() != stated["key"]:
            raise ValueError("one key, one name: its unused bits are not zero")
        key = Ed25519PublicKey.from_public_bytes(raw)
        key.verify(b64decode(signed["sig"]), signature_base(method, path, query, digest, stated["params"]))
    except (InvalidSignature, ValueError):
        raise Refused("The signature does not fit this request.") from None
    return SignedRequest(stated["key"], stated["nonce"], created_s)


def check_digest(stated: str, body_sha256: bytes) -> None:
    """Hold a body against its Content-Digest. Raises `Refused`."""
    if stated != f"sha-256=:{b64encode(body_sha256).decode()}:":
        raise Refused("The body is not the one that was signed.")
