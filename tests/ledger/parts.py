"""Writes parts.json: parts of a log and indexes by tag that Python and the page must read and refuse alike.

`python -m tests.ledger.parts` writes it. The keys are made of their names, so that it is the same file every time.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nightlatch.domain.view import Leaf
from nightlatch.ledger import parts, tags
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.parts import Part, Position, first_part, following
from nightlatch.ledger.policy import read_policy
from nightlatch.seal.note import COSIGNATURE
from tests.ledger.policies import FRIEND, HOME, LOG, OTHER, POLICY, signer

FILE = Path(__file__).with_name("parts.json")
ABOUT = (
    "Parts of a log and its indexes by tag, which nightlatch/ledger/parts.py, tags.py and web/shared/parts.ts, tags.ts "
    "must read alike, and refuse alike. Written by tests/ledger/parts.py."
)
AT_S = 1_795_000_000
FIRST = first_part(read_policy(POLICY))
SECOND = following(FIRST)
BASE = LOG.name


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def why(act: Callable[[], object]) -> dict[str, str]:
    """How Python refuses it."""
    try:
        act()
    except Unproven as unproven:
        return {"why": unproven.why.value}
    except LedgerError:
        return {"why": Why.MALFORMED.value}
    raise ValueError("it is believed")


def leaf(kind: str, event: bytes) -> bytes:
    return parts.public_leaf(kind, event, AT_S).canonical()


def positions() -> list[dict[str, int]]:
    places = [(0, 0), (0, 17), (1, 0), (1, 17), (parts.MOST_PARTS, (1 << parts.INDEX_BITS) - 1)]
    return [{"part": part, "index": index, "number": int(Position(part, index))} for part, index in places]


def origins() -> list[dict[str, Any]]:
    good = [(BASE, 0), (f"{BASE}/1", 1), (f"{BASE}/8191", 8191)]
    bad = [
        f"{BASE}/0",
        f"{BASE}/01",
        f"{BASE}/²",
        f"{BASE}/8192",
        f"{BASE}/1/1",
        f"{BASE}/",
        f"{BASE}/x",
        "example.org",
    ]
    bad += [f"{BASE}/-1", f"{BASE}/+1", f"{BASE}/1e1", "example.org/other/1"]
    refused = [{"origin": each, **why(partial(parts.part_of, each, BASE))} for each in bad]
    return [{"origin": origin, "part": part} for origin, part in good] + refused


def nexts() -> list[dict[str, Any]]:
    """What the last entry of a part says of the next one."""
    found: list[dict[str, Any]] = []

    def case(name: str, event: bytes, last: bytes, part: Part = FIRST) -> None:
        told = {"name": name, "part": part.number, "policy": str(part.policy), "event": b64(event), "leaf": b64(last)}
        try:
            read = parts.read_next(event, last, part)
        except Unproven as unproven:
            found.append({**told, "why": unproven.why.value})
        else:
            found.append({**told, "next": {"part": read.number, "policy": str(read.policy)}})

    def follows(name: str, after: Part, part: Part = FIRST) -> None:
        event = parts.next_event(after)
        case(name, event, leaf(parts.NEXT, event), part)

    def says(name: str, event: bytes) -> None:
        case(name, event, leaf(parts.NEXT, event))

    rotated = replace(SECOND.policy, log=signer(f"{BASE}/1").verifier)
    stranger = signer("stranger.example", COSIGNATURE).verifier
    event = parts.next_event(SECOND)
    policy = str(SECOND.policy)
    follows("under the same keys", SECOND)
    follows("the third after the second", following(SECOND), SECOND)
    follows("under another key of the log", replace(SECOND, policy=rotated))
    witnesses = (("stranger", stranger),)
    follows("with another witness", replace(SECOND, policy=replace(SECOND.policy, witnesses=witnesses, quorum=1)))
    follows("the part itself", FIRST)
    follows("the one after the next", following(SECOND))
    follows("the one before", FIRST, SECOND)
    follows("another log", replace(SECOND, policy=replace(SECOND.policy, log=OTHER.verifier)))
    follows("the first part's name", replace(SECOND, policy=FIRST.policy))
    case("of which the last entry says something else", event, leaf(parts.NEXT, parts.next_event(FIRST)))
    case("after an entry of another kind", event, leaf(parts.BEGIN, event))
    case("after an entry that is not ours", event, b"not ours")
    case("after an entry with other spaces", event, leaf(parts.NEXT, event).replace(b":", b": "))
    case("changed", event.replace(b"quorum 2", b"quorum 1"), leaf(parts.NEXT, event))
    says("no JSON", b"{")
    says("no object", b"[]")
    says("nothing", b"")
    says("without a policy", b'{"part":1}')
    says("without a number", json.dumps({"policy": policy}).encode())
    says("with a policy that is refused", json.dumps({"part": 1, "policy": "quorum 0\n"}).encode())
    return found


def begins() -> list[dict[str, Any]]:
    """What the first entry of a part says of the one before."""
    finished = Checkpoint(BASE, 7, bytes(range(32)))
    event = parts.begin_event(finished)
    told = {"origin": BASE, "size": 7, "root": b64(finished.root)}
    cases = [
        ("where the one before ended", event, leaf(parts.BEGIN, event)),
        ("an entry later", parts.begin_event(replace(finished, size=8)), None),
        ("with another root", parts.begin_event(replace(finished, root=bytes(32))), None),
        ("after another log", parts.begin_event(replace(finished, origin=OTHER.name)), None),
        ("of which the first entry says something else", event, leaf(parts.BEGIN, b"{}")),
        ("after an entry of another kind", event, leaf(parts.NEXT, event)),
        ("after an entry that is not ours", event, b"not ours"),
    ]
    found: list[dict[str, Any]] = []
    for name, raw, first in cases:
        first = first or leaf(parts.BEGIN, raw)
        case = {"name": name, "event": b64(raw), "leaf": b64(first), "finished": told}
        try:
            parts.read_begin(raw, first, finished)
        except Unproven as unproven:
            case["why"] = unproven.why.value
        found.append(case)
    return found


def spans() -> list[dict[str, Any]]:
    """Of which span the entry at an index speaks."""
    at = [0, 1, 4_095, 4_096, 4_097, 8_192, 12_288, 65_536, 65_537, 65_538, 131_072, 131_073, 1_000_000, 983_041]
    return [{"index": index, "due": tags.due(index)} for index in at]


def paths() -> list[dict[str, Any]]:
    places = [(0, 0, 0), (0, 243, 0), (1, 15, 255), (1, 1_234, 7), (0, 1_234_567, 0)]
    return [
        {
            "level": level,
            "n": n,
            "bucket": bucket,
            "entry": tags.entry_of(level, n),
            "head": tags.head_path(level, n),
            "path": tags.bucket_path(level, n, bucket),
        }
        for level, n, bucket in places
    ]


def tagged(tag: bytes, n: int = 0) -> bytes:
    return Leaf(AT_S + n, "view.open", tag, bytes([n]) * 32).canonical()


def indexes() -> list[dict[str, Any]]:
    """Leaves of a span, the head that speaks of them, and what its buckets name."""
    leaves = [tagged(bytes([n * 37 % 256]) * 16, n) for n in range(12)]
    leaves += [b"not ours", b"{}", tagged(b""), tagged(b"\x07"), tagged(b"\x07" * 16), leaf(parts.BEGIN, b"{}")]
    leaves += [tagged(b"\x07" * 16).replace(b":", b": ")]
    found = []
    for level, n in ((0, 3), (1, 2)):
        made = tags.index_of(level, n, leaves)
        full = {number: bucket for number, bucket in enumerate(made.buckets) if bucket}
        found.append(
            {
                "level": level,
                "n": n,
                "leaves": [b64(each) for each in leaves],
                "head": b64(made.head(made.leaf(AT_S).canonical())),
                "buckets": {f"{number:02x}": b64(bucket) for number, bucket in full.items()},
                "named": {
                    f"{number:02x}": [[each.index, each.tag.hex()] for each in tags.read_bucket(level, n, bucket)]
                    for number, bucket in full.items()
                },
            }
        )
    return found


def torn() -> list[dict[str, Any]]:
    """Heads and buckets that are refused."""
    made = tags.index_of(0, 3, [tagged(bytes(16))])
    entry = made.leaf(AT_S).canonical()
    head = made.head(entry)
    other = made.leaf(AT_S).canonical().replace(tags.INDEX.encode(), b"log.other")
    heads = [
        ("of another span", 0, 2, head),
        ("of another level", 1, 3, head),
        ("cut short", 0, 3, head[:-1]),
        ("with more behind it", 0, 3, head + bytes(32)),
        ("with another hash", 0, 3, head[:-32] + bytes(32)),
        ("with an entry of another kind", 0, 3, made.head(other)),
        ("with an entry that is not ours", 0, 3, made.head(b"not ours")),
        ("with a length beyond its end", 0, 3, b"\xff\xff" + head[2:]),
        ("of nothing", 0, 3, b""),
    ]
    found = [
        {"name": name, "level": level, "n": n, "head": b64(raw)} | why(partial(tags.read_head, level, n, raw))
        for name, level, n, raw in heads
    ]
    bucket = made.buckets[0][:-1]
    return [*found, {"name": "a bucket", "level": 0, "n": 3, "bucket": b64(bucket)} | why(
        lambda: tags.read_bucket(0, 3, bucket)
    )]  # fmt: skip


def trees() -> list[dict[str, Any]]:
    """Roots and proofs of trees whose leaves are `entry 0`, `entry 1` and so on."""
    grown, found = Tree(), list[dict[str, Any]]()
    asked = {1: [], 2: [1], 255: [128], 256: [1, 255], 257: [256], 600: [1, 300, 512], 66_000: [1, 257, 65_536, 65_999]}
    for size, olds in asked.items():
        while grown.size < size:
            grown.append(leaf_hash(b"entry %d" % grown.size))
        found.append(
            {
                "size": size,
                "root": b64(grown.root()),
                "inclusion": {i: [b64(step) for step in grown.inclusion(i, size)] for i in {0, size // 2, size - 1}},
                "consistency": {old: [b64(step) for step in grown.consistency(old, size)] for old in olds},
                "before": {old: b64(grown.root(old)) for old in olds},
            }
        )
    return found


def written() -> str:
    whole = {
        "about": ABOUT,
        "base": BASE,
        "witnesses": [str(HOME.verifier), str(FRIEND.verifier)],
        "positions": positions(),
        "origins": origins(),
        "next": nexts(),
        "begin": begins(),
        "spans": spans(),
        "paths": paths(),
        "indexes": indexes(),
        "torn": torn(),
        "trees": trees(),
    }
    return json.dumps(whole, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(written())
