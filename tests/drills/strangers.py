"""A clip as a stranger gives it: signed with a key of their own, sealed as it should be, and no film at all."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from functools import cache
from hashlib import sha256

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.consent import Consent, Purpose, Withdrawal, signed
from nightlatch.domain.donation import LARGEST_SEALED
from nightlatch.domain.redaction import RedactionReport, Style, write
from nightlatch.seal.recipients import Sealer
from nightlatch.web.signature import public_b64

OWNER = Ed25519PrivateKey.generate()
PLAIN = LARGEST_SEALED - 100_000
DAY_MS = 86_400_000


@cache
def plain() -> bytes:
    return bytes(PLAIN)


def clip(donation: str, recipient: str, programme_key: str) -> tuple[bytes, bytes]:
    """The head and the sealed film."""
    now_ms, film = int(time.time() * 1000), plain()
    consent = Consent(
        donation=donation,
        owner_key=public_b64(OWNER),
        programme_key=programme_key,
        sha256=sha256(film).hexdigest(),
        length_ms=20_000,
        notice_sha256="34" * 32,
        notice_language="en",
        purposes=(Purpose.LABEL,),
        given_ms=now_ms,
        expires_ms=now_ms + DAY_MS,
    )
    sealed = Sealer([recipient]).seal(film)
    head = {
        "consent": json.loads(signed(consent, OWNER)),
        "report": write(RedactionReport(consent.sha256, Style.COVER, 1, 0, True, True).for_keeper()),
        "log_key": b64encode(bytes(32)).decode(),
        "owner_recipient": str(pyrage.x25519.Identity.generate().to_public()),
        "sealed_sha256": sha256(sealed).hexdigest(),
        "sealed_bytes": len(sealed),
    }
    return json.dumps(head).encode(), bytes(sealed)


def withdrawal(donation: str) -> bytes:
    """A withdrawal of a donation that no clip came for yet."""
    told = Withdrawal(donation, public_b64(OWNER), "56" * 32, int(time.time() * 1000))
    return signed(told, OWNER)
