"""What a signed consent says of the household that gave: its name here, and the key of its hub. Pure."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from nightlatch.domain.consent import Consent, Consented, NotConsented
from nightlatch.seal.note import COSIGNATURE, NoteError, Verifier, read_verifier

REMEMBERED = 4_096  # consents whose signature need not be checked again


def household_of(signed_consent: bytes) -> str:
    """Hex SHA-256 of the owner's key; "" for what is no consent."""
    consent = _consent(signed_consent)
    return sha256(consent.owner_key.encode()).hexdigest() if consent else ""


def hub_of(signed_consent: bytes) -> Verifier | None:
    """The key with which the household's hub cosigns; None in a consent of before 0.4, or where it cannot be read."""
    consent = _consent(signed_consent)
    try:
        hub = read_verifier(consent.witness) if consent and consent.witness else None
    except NoteError:
        return None
    return hub if hub is not None and hub.kind == COSIGNATURE else None


@lru_cache(REMEMBERED)
def _consent(signed_consent: bytes) -> Consent | None:
    try:
        return Consented(signed_consent).consent
    except NotConsented:
        return None
