"""Gives a small clip as the page and its hub do, without a camera and without a browser."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.consent import Consent, Consented, Purpose, Withdrawal, Withdrawn, signed
from nightlatch.domain.redaction import Redacted, RedactionReport, Style
from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.giving.offers import Offer
from nightlatch.web.signature import public_b64
from tests.keeper.films import film

DAY_MS = 86_400_000


def give(
    donations: Donations,
    owner: Ed25519PrivateKey,
    log_key: bytes,
    now_ms: int,
    mp4: bytes | None = None,
    witness: str = "",
) -> DonationLine:
    """A film in which nobody is to be seen, signed for by `owner`; the keeper makes a key for it.

    `witness` is the key with which the hub cosigns, as the page writes it into the consent.
    """
    mp4 = mp4 or film()
    report = RedactionReport(sha256(mp4).hexdigest(), Style.COVER, 12, 0, True, True, length_ms=20_000)
    made = Offer("o", "clip", "cam", 5, 0, 20_000, now_ms, done_ms=now_ms, redacted=Redacted(mp4, report))
    donations.offers._offers["o"] = made
    key = donations.ask_key("o")
    consent = Consent(
        donation=key.donation,
        owner_key=public_b64(owner),
        programme_key=donations.membership.joined().key,
        sha256=report.sha256,
        length_ms=20_000,
        notice_sha256="34" * 32,
        notice_language="en",
        purposes=(Purpose.LABEL,),
        given_ms=now_ms,
        expires_ms=now_ms + DAY_MS,
        witness=witness,
    )
    return donations.give("o", Consented(signed(consent, owner)), log_key)


def withdrawal(donation: str, consent_sha256: str, owner: Ed25519PrivateKey, at_ms: int) -> Withdrawn:
    """What the owner signs to take it back."""
    return Withdrawn(signed(Withdrawal(donation, public_b64(owner), consent_sha256, at_ms), owner))
