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
    consented = consent_to(key.donation, owner, donations.membership.joined().key, report, now_ms, witness)
    return donations.give("o", consented, log_key)


def consent_to(
    donation: str, owner: Ed25519PrivateKey, programme_key: str, report: RedactionReport, now_ms: int, witness: str
) -> Consented:
    """What the owner signs to give the film of `report`."""
    consent = Consent(
        donation=donation,
        owner_key=public_b64(owner),
        programme_key=programme_key,
        sha256=report.sha256,
        length_ms=report.length_ms,
        notice_sha256="34" * 32,
        notice_language="en",
        purposes=(Purpose.LABEL,),
        given_ms=now_ms,
        expires_ms=now_ms + DAY_MS,
        witness=witness,
    )
    return Consented(signed(consent, owner))


def withdrawal(donation: str, consent_sha256: str, owner: Ed25519PrivateKey, at_ms: int) -> Withdrawn:
    """What the owner signs to take it back."""
    return Withdrawn(signed(Withdrawal(donation, public_b64(owner), consent_sha256, at_ms), owner))
