"""Whether a programme's refusal is proven: its log holds, under a fresh and cosigned checkpoint, that it refuses."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

from nightlatch.domain.consent import canonical
from nightlatch.domain.time import SECOND_MS
from nightlatch.domain.view import commitment, read_leaf
from nightlatch.errors import Refused
from nightlatch.hub.serve.giving.client import RefusalEntry
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.parts import Part, Position
from nightlatch.ledger.policy import CLOCK_SLACK_S, verify_receipt
from nightlatch.ledger.proof import read_proof

SLACK_MS = CLOCK_SLACK_S * SECOND_MS  # between the programme's clock and this hub's, as for a receipt


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a log as it is believed now. One that is finished is cosigned no more: its age is not asked for."""

    part: Part
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What this household knows of a log: its parts by their origin, and whether a checkpoint is of its one tree.

    Both raise `Unproven`. `saw` is False for a checkpoint that the hub has not read up to yet.
    """

    place: Callable[[str], Place]
    saw: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class ProvenRefusal:
    """The log says that this donation is refused. Only `prove` makes one."""

    donation: str
    refused_ms: int
    index: int  # of the entry, as a position


def prove(entry: RefusalEntry, donation: str, sight: Sight, now_ms: int) -> ProvenRefusal:
    """The refusal of this donation, proven now. Raises `Unproven` with the first thing that is wrong."""
    refused_ms = _refused_ms(entry, donation, now_ms)
    if entry.receipt is None:
        raise Unproven(Why.NOT_INCLUDED, "The log gives no receipt for it yet.")
    note = read_proof(entry.receipt).note
    place = sight.place(note.partition("\n")[0])
    policy = place.part.policy
    found = verify_receipt(entry.receipt, b64decode(entry.leaf), policy, None if place.is_finished else now_ms)
    index = int(Position(place.part.number, found.index))
    if entry.index not in (None, index):
        raise Unproven(Why.NOT_INCLUDED, "The receipt is for another place of the log.")
    if not sight.saw(note):
        raise Unproven(Why.NOT_INCLUDED, "This hub has not read the log that far yet.")
    return ProvenRefusal(donation, refused_ms, index)


def _refused_ms(entry: RefusalEntry, donation: str, now_ms: int) -> int:
    """Raises `Unproven` unless the entry commits to the refusal of this donation, from now on or earlier."""
    try:
        raw, salt = b64decode(entry.event, validate=True), b64decode(entry.salt, validate=True)
        event, leaf = json.loads(raw), read_leaf(b64decode(entry.leaf, validate=True))
        is_whole = canonical(event) == raw and set(event) == {"donation", "refused", "shred_by"}
        refused_ms = event["refused"]
        if not is_whole or type(refused_ms) is not int or event["donation"] != donation:
            raise ValueError("another event")
        if leaf.kind != "consent.withdraw" or leaf.commitment != commitment(salt, raw):
            raise ValueError("another entry")
    except (ValueError, KeyError, TypeError, RecursionError, Refused):
        raise Unproven(Why.MALFORMED, "The entry that it shows is not that this clip is refused.") from None
    if not 0 <= refused_ms <= now_ms + SLACK_MS:
        raise Unproven(Why.STALE, "The entry that it shows refuses the clip at a time that has not come yet.")
    return refused_ms
