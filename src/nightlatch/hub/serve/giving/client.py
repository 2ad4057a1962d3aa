"""What the hub asks of the keeper and the log of one programme.

What they say is read into frozen values at this edge; what cannot be read is refused, and nothing is kept of it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from nightlatch.domain.consent import Consented, Withdrawn
from nightlatch.domain.redaction import RedactionReport, write
from nightlatch.errors import CloudError, NotFound
from nightlatch.ledger.tiles import longest
from nightlatch.seal.envelope import Sealed
from nightlatch.web.asking import Bounds, Reply, Unanswered, ask, json_body
from nightlatch.web.face import KIB, MIB
from nightlatch.web.invitation import Programme

TIMEOUT_S = 30.0
KEEPER = Bounds(2 * MIB, TIMEOUT_S)  # the entries of one donation: at most some hundred, of 3 kB each
UPLOAD = Bounds(2 * MIB, within_s=330.0)  # a film of 40 MB over a home's 1 Mbit/s; the keeper waits for 300 s
FILM: Mapping[str, str] = {"Content-Type": "application/octet-stream"}
IS_IN = 201  # the keeper's answer to a head whose clip it has already
REVOCATION = Bounds(256 * KIB, TIMEOUT_S)  # an entry and its receipt
LONGEST_LEAF = 4 * KIB  # ours have about 200 bytes
LONGEST_WORDS = 300  # characters of a refusal's reason
LATEST_MS = 2**53 - 1  # a browser counts no further
NOT_NOW = (408, 409, 425, 429)  # refusals that ask to come again; 409: announce the clip once more


@dataclass(frozen=True, slots=True)
class ClipKey:
    """The donation that the keeper made for one clip, and the age recipient to seal it to."""

    donation: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A clip as it leaves: what the owner signed, the sealed film, and how its entries in the log reach the owner."""

    consented: Consented
    sealed: Sealed
    report: RedactionReport
    log_key: bytes = field(repr=False)  # 32 bytes; makes the owner's tags
    owner_recipient: str


Moment = Annotated[int, Field(ge=0, le=LATEST_MS)]


@dataclass(frozen=True, slots=True)
class RefusalEntry:
    """The entry that the keeper wrote of its refusal: the leaf, and what it commits to. `proving` checks it."""

    leaf: str  # b64
    event: str  # b64, canonical
    salt: str  # b64
    index: int | None  # None: not in the log yet
    receipt: str | None  # tlog-proof; None: the log gives none just now


@dataclass(frozen=True, slots=True)
class Shredding:
    """Since when the keeper refuses views, by when it promised to destroy the key, and when it did."""

    refused_ms: Moment
    shred_by_ms: Moment
    shredded_ms: Moment | None
    entry: RefusalEntry | None = None  # None: the clip never came, or a keeper of before 0.4


@dataclass(frozen=True, slots=True)
class EntryClaim:
    """What the keeper claims about an entry of the log; the browser checks it against the log."""

    kind: str
    leaf: str  # b64
    index: int | None  # None: not in the log yet
    due_ms: int | None
    sealed_event: str  # b64, sealed to the owner


@dataclass(frozen=True, slots=True)
class EntryClaims:
    """What the keeper claims about one donation."""

    entries: list[EntryClaim]


class ProgrammeError(CloudError):
    """The programme did not do what it was asked. `said` tells of it; `is_final` when asking again will not help.

    `is_unknown` when the keeper says in its own words that it knows nothing of what was asked: a 404 of something else
    at its address says nothing.
    """

    def __init__(self, text: str, said: str, *, is_final: bool = False, is_unknown: bool = False) -> None:
        super().__init__(text)
        self.said, self.is_final, self.is_unknown = said, is_final, is_unknown


@dataclass(frozen=True, slots=True)
class _No:
    error: str


Read = TypeVar("Read")


class ProgrammeClient:
    """Every method raises `ProgrammeError` when the programme refuses or is away."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme

    def make_key(self) -> ClipKey:
        """A key that the keeper makes for one clip."""
        return _read(TypeAdapter(ClipKey), self._ask("POST", "/v1/donations", {}).body)

    def hand_over(self, parcel: Parcel) -> None:
        """Give a clip: its head, then its film, unless the keeper has it already. It may be repeated."""
        path = f"/v1/donations/{parcel.consented.consent.donation}"
        head = {
            "consent": json.loads(parcel.consented.signed),
            "report": write(parcel.report.for_keeper()),
            "log_key": b64encode(parcel.log_key).decode(),
            "owner_recipient": parcel.owner_recipient,
            "sealed_sha256": sha256(parcel.sealed).hexdigest(),
            "sealed_bytes": len(parcel.sealed),
        }
        if self._ask("PUT", path, head).status != IS_IN:
            self._send(self._programme.keeper_url, "PUT", f"{path}/film", parcel.sealed, FILM, UPLOAD)

    def take_back(self, withdrawn: Withdrawn) -> Shredding:
        """Pass on a withdrawal, first to where the keeper takes nothing else; it may be repeated."""
        raw, headers = json_body(json.loads(withdrawn.signed))
        keeper, last = self._programme.keeper_url, CloudError("The programme was not asked. Try again.")
        for url in dict.fromkeys((self._programme.revocations_url or keeper, keeper)):
            try:
                answer = self._send(url, "POST", "/v1/revocations", raw, headers, REVOCATION)
                return _read(TypeAdapter(Shredding), answer.body)
            except CloudError as error:
                last = error
        raise last

    def entries(self, donation: str) -> EntryClaims:
        """What the keeper says that the log holds about a donation."""
        return _read(TypeAdapter(EntryClaims), self._ask("GET", f"/v1/donations/{donation}/entries").body)

    def log_file(self, path: str) -> bytes:
        """A file of the log (checkpoint, tile). Raises `NotFound` as well."""
        bounds = Bounds(longest(path, LONGEST_LEAF), TIMEOUT_S)
        answer = _request(self._programme.log_url, "GET", f"/{path}", b"", {}, bounds)
        if answer.status == 404:
            raise NotFound("The log has no such file.")
        if answer.status != 200:
            raise CloudError(f"The log does not show {path} (status {answer.status}).")
        return answer.body

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Reply:
        raw, headers = (b"", dict[str, str]()) if body is None else json_body(body)
        return self._send(self._programme.keeper_url, method, path, raw, headers, KEEPER)

    def _send(self, url: str, method: str, path: str, body: bytes, headers: Mapping[str, str], bounds: Bounds) -> Reply:
        """A keeper's answer, if it is a yes."""
        answer = _request(url, method, path, body, headers, bounds)
        if answer.is_success:
            return answer
        try:
            why = TypeAdapter(_No).validate_json(answer.body).error
        except ValidationError:
            why = ""
        is_unknown = answer.status == 404 and why != ""
        why = " ".join(why.split())[:LONGEST_WORDS] or f"status {answer.status}"
        is_final = 400 <= answer.status < 500 and answer.status not in NOT_NOW
        text, said = f"The programme refused: {why}", f"It answered: {why}"
        raise ProgrammeError(text, said, is_final=is_final, is_unknown=is_unknown)


def _request(url: str, method: str, path: str, body: bytes, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    try:
        return ask(method, url.rstrip("/") + path, bounds, body=body, headers=headers)
    except Unanswered as error:
        raise ProgrammeError(
            f"The programme {error.lack}. Try again later; nothing is lost.", f"It {error.lack}."
        ) from None


def _read(shape: TypeAdapter[Read], raw: bytes) -> Read:
    """Raises `CloudError` for what no keeper says: something else stands at its address."""
    try:
        return shape.validate_json(raw, strict=True)
    except ValidationError:
        raise ProgrammeError(
            "What the programme says cannot be read. Try again later; nothing is lost.",
            "What it answered cannot be read: something else may stand at its address.",
        ) from None
