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

PartOf = Callable[[str], Part]  # the part of the log with this origin; raises `Unproven`


@dataclass(frozen=True, slots=True)
class ProvenRefusal:
    """The log says that this donation is refused. Only `prove` makes one."""

    donation: str
    refused_ms: int
    index: int  # of the entry, as a position


def prove(entry: RefusalEntry, donation: str, part_of_origin: PartOf, now_ms: int) -> ProvenRefusal:
    """The refusal of this donation, proven now. Raises `Unproven` with the first thing that is wrong."""
    refused_ms = _refused_ms(entry, donation, now_ms)
    if entry.receipt is None:
        raise Unproven(Why.NOT_INCLUDED, "The log gives no receipt for it yet.")
    origin = read_proof(entry.receipt).note.partition("\n")[0]
    part = part_of_origin(origin)
    found = verify_receipt(entry.receipt, b64decode(entry.leaf), part.policy, now_ms)
    index = int(Position(part.number, found.index))
    if entry.index not in (None, index):
        raise Unproven(Why.NOT_INCLUDED, "The receipt is for another place of the log.")
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
