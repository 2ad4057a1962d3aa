"""A consent: the owner looked at exactly these bytes and signed for them; and the record that takes it back.

One record per clip, with the fields of ISO/IEC TS 27560:2023 in terms of the W3C Data Privacy Vocabulary (DPV 2.0), as
JSON-LD. The signature (Ed25519, RFC 8032) is over the canonical bytes of the record: JCS (RFC 8785) of a subset in
which keys are ASCII and values are strings, integers, lists and objects, so that every JCS writer gives the same bytes.
Reading is the inverse of writing: a record with anything more, less or different is refused.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from nightlatch.domain.time import DAY_MS
from nightlatch.errors import Refused

Json: TypeAlias = "str | int | list[Json] | dict[str, Json]"

LONGEST_KEPT_MS = 730 * DAY_MS
LARGEST_INTEGER = 2**53 - 1
LONGEST_WITNESS = 200
CONSENT_SCHEMA = "urn:nightlatch:schema:consent:1"
WITHDRAWAL_SCHEMA = "urn:nightlatch:schema:withdrawal:1"
CONTEXT: Json = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "nightlatch": "urn:nightlatch:terms:",
}
_DONATION = re.compile(r"[0-9a-f]{32}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?\Z")
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class NotConsented(Refused):
    """A consent or a withdrawal that cannot be read, or that its owner did not sign."""


class Purpose(StrEnum):
    """What the owner allows: people put labels on the clip; a model is trained with it."""

    LABEL = "label"
    TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Consent:
    """What the owner signs. `sha256` is of the redacted file, byte for byte as it was played to its end."""

    donation: str  # 32 hex digits, given by the keeper
    owner_key: str  # b64 Ed25519 public; the household is known by nothing else here
    programme_key: str  # b64 Ed25519 public
    sha256: str
    length_ms: int
    notice_sha256: str  # of the text that was shown, UTF-8
    notice_language: str
    purposes: tuple[Purpose, ...]
    given_ms: int
    expires_ms: int
    witness: str = ""  # the key with which the household's own hub cosigns the log (C2SP name+hash+b64); "" before 0.4

    def __post_init__(self) -> None:
        """Raises `NotConsented` for a value that no record may hold."""
        if len(self.witness) > LONGEST_WITNESS or not self.witness.isascii() or not self.witness.isprintable():
            raise NotConsented("This consent names a witness that is none. Give the clip again.")
        if not _DONATION.match(self.donation) or not _SHA256.match(self.sha256) or not self.purposes:
            raise NotConsented("This consent names no donation, no file or no purpose. Give the clip again.")
        if not _SHA256.match(self.notice_sha256) or not _LANGUAGE.match(self.notice_language):
            raise NotConsented("This consent does not say which notice was shown. Give the clip again.")
        if tuple(sorted(set(self.purposes))) != self.purposes:
            raise NotConsented("The purposes of this consent are repeated or out of order. Give the clip again.")
        if not self.given_ms < self.expires_ms <= self.given_ms + LONGEST_KEPT_MS:
            raise NotConsented("This consent lasts for no time, or for more than two years. Give the clip again.")
        public_key(self.owner_key)
        public_key(self.programme_key)

    def canonical(self) -> bytes:
        """The bytes that the owner signs."""
        return canonical(
            {
                "@context": CONTEXT,
                "@type": "dpv:ConsentRecord",
                "dct:conformsTo": CONSENT_SCHEMA,
                "dct:identifier": self.donation,
                "dpv:hasConsentStatus": "dpv:ConsentGiven",
                "dpv:hasDataController": self.programme_key,
                "dpv:hasDataSubject": self.owner_key,
                "dpv:hasLegalBasis": "dpv:ExplicitlyExpressedConsent",
                "dpv:hasNotice": {
                    "@type": "dpv:ConsentNotice",
                    "dct:language": self.notice_language,
                    "nightlatch:sha256": self.notice_sha256,
                },
                "dpv:hasProcess": {
                    "@type": "dpv:Process",
                    "dpv:hasPersonalData": {"nightlatch:lengthMs": self.length_ms, "nightlatch:sha256": self.sha256},
                    "dpv:hasProcessing": "dpv:Analyse",
                    "dpv:hasPurpose": [f"nightlatch:{purpose}" for purpose in self.purposes],
                    "dpv:hasRecipient": "nightlatch:reviewers",
                    "dpv:hasStorageCondition": {
                        "dpv:hasDuration": {
                            "@type": "dpv:UntilTimeDuration",
                            "nightlatch:until": _written(self.expires_ms),
                        }
                    },
                },
                "dpv:isIndicatedAtTime": _written(self.given_ms),
                "dpv:isIndicatedBy": self.owner_key,
                **({"nightlatch:witness": self.witness} if self.witness else {}),
            }
        )

    @property
    def record_sha256(self) -> str:
        """Hex SHA-256 of the canonical bytes: how the log names this consent."""
        return sha256(self.canonical()).hexdigest()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The owner takes a consent back; it needs nothing that giving did not need."""

    donation: str
    owner_key: str
    consent_sha256: str  # of the consent's canonical bytes
    at_ms: int

    def __post_init__(self) -> None:
        """Raises `NotConsented` for a value that no record may hold."""
        if not _DONATION.match(self.donation) or not _SHA256.match(self.consent_sha256):
            raise NotConsented("This withdrawal names no donation or no consent. Take the clip back again.")
        public_key(self.owner_key)

    def canonical(self) -> bytes:
        """The bytes that the owner signs."""
        return canonical(
            {
                "@context": CONTEXT,
                "@type": "dpv:ConsentRecord",
                "dct:conformsTo": WITHDRAWAL_SCHEMA,
                "dct:identifier": self.donation,
                "dpv:hasConsentStatus": "dpv:ConsentWithdrawn",
                "dpv:hasDataSubject": self.owner_key,
                "dpv:isIndicatedAtTime": _written(self.at_ms),
                "dpv:isIndicatedBy": self.owner_key,
                "nightlatch:consent": self.consent_sha256,
            }
        )


@dataclass(frozen=True, slots=True)
class Consented:
    """A consent that its owner signed. The one door in is `Consented(signed)`, which raises `NotConsented`."""

    signed: bytes
    consent: Consent = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "consent", _verified(self.signed, _read_consent))


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal that its owner signed. The one door in is `Withdrawn(signed)`, which raises `NotConsented`."""

    signed: bytes
    withdrawal: Withdrawal = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "withdrawal", _verified(self.signed, _read_withdrawal))


Record = TypeVar("Record", Consent, Withdrawal)


def signed(record: Consent | Withdrawal, key: Ed25519PrivateKey) -> bytes:
    """The record with its owner's signature, as it travels: `{"record": …, "signature": b64}`."""
    raw = record.canonical()
    return canonical({"record": json.loads(raw), "signature": b64encode(key.sign(raw)).decode()})


def canonical(value: Json) -> bytes:
    """JCS (RFC 8785) of our subset. Raises `NotConsented` for a value outside of it."""
    _check(value)
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotConsented("This record holds half a character. Send it again.") from None


def public_key(b64: str) -> Ed25519PublicKey:
    """The Ed25519 key that `b64` names in the one way there is. Raises `NotConsented`."""
    try:
        raw = b64decode(b64, validate=True)
        if b64encode(raw).decode() == b64:
            return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        pass
    raise NotConsented("This record names something that is not a key. Give the clip again.")


def _check(value: Json) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) and key.isascii() for key in value):
            raise NotConsented("This record has a name that is not ASCII. Send it as it was made.")
        for each in value.values():
            _check(each)
    elif isinstance(value, list):
        for each in value:
            _check(each)
    elif isinstance(value, bool) or not isinstance(value, str | int):
        raise NotConsented("This record holds what is neither text nor a whole number. Send it as it was made.")
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise NotConsented("This record holds a number beyond 2^53. Send it as it was made.")


def _verified(signed_record: bytes, read: Callable[[dict[str, Json]], Record]) -> Record:
    """Raises `NotConsented` unless the one owner that the record names has signed exactly this record."""
    try:
        told = json.loads(signed_record)
        record = read(told["record"])
        signature = b64decode(told["signature"], validate=True)
        if canonical(told["record"]) != record.canonical() or set(told) != {"record", "signature"}:
            raise NotConsented("This record holds more or other things than ours do. Send it as it was made.")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotConsented("This record cannot be read. Send it as the owner signed it.") from None
    try:
        public_key(record.owner_key).verify(signature, record.canonical())
    except InvalidSignature:
        raise NotConsented("The owner's signature does not match this record. Sign it again.") from None
    return record


def _read_consent(told: dict[str, Json]) -> Consent:
    record: object = told
    process, notice = _at(record, "dpv:hasProcess"), _at(record, "dpv:hasNotice")
    data = _at(process, "dpv:hasPersonalData")
    until = _at(_at(_at(process, "dpv:hasStorageCondition"), "dpv:hasDuration"), "nightlatch:until")
    purposes = _at(process, "dpv:hasPurpose")
    length_ms = _at(data, "nightlatch:lengthMs")
    if not isinstance(purposes, list) or not isinstance(length_ms, int):
        raise ValueError("purposes are a list, and a length is a number")
    return Consent(
        donation=str(_at(record, "dct:identifier")),
        owner_key=str(_at(record, "dpv:hasDataSubject")),
        programme_key=str(_at(record, "dpv:hasDataController")),
        sha256=str(_at(data, "nightlatch:sha256")),
        length_ms=length_ms,
        notice_sha256=str(_at(notice, "nightlatch:sha256")),
        notice_language=str(_at(notice, "dct:language")),
        purposes=tuple(Purpose(str(each).removeprefix("nightlatch:")) for each in purposes),
        given_ms=_read_time(_at(record, "dpv:isIndicatedAtTime")),
        expires_ms=_read_time(until),
        witness=str(told.get("nightlatch:witness", "")),
    )


def _read_withdrawal(told: dict[str, Json]) -> Withdrawal:
    return Withdrawal(
        donation=str(told["dct:identifier"]),
        owner_key=str(told["dpv:hasDataSubject"]),
        consent_sha256=str(told["nightlatch:consent"]),
        at_ms=_read_time(told["dpv:isIndicatedAtTime"]),
    )


def _at(value: object, name: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is missing")
    return value[name]


def _written(at_ms: int) -> str:
    """As JavaScript's `toISOString` writes it: 2026-11-23T14:00:00.000Z."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_time(text: object) -> int:
    moment = datetime.strptime(str(text), _TIME).replace(tzinfo=UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000
