"""Tiles (c2sp.org/tlog-tiles): the log as files that any web server can show."""

from __future__ import annotations

import re
from typing import NamedTuple

from nightlatch.ledger.errors import LedgerError

WIDTH = 256
LONGEST_ENTRY = 65_535
LONGEST_CHECKPOINT = 32 * 1024  # 100 cosignatures of witnesses with long names
LONGEST_EVENT = 32 * 1024  # of a `next` or `begin` file
LONGEST_HEAD = 2 + 512 + 256 * 32  # of an index by tag: its entry, and the hashes of 256 buckets
LONGEST_BUCKETS = (4_096 * 12, 65_536 * 12)  # by level, when one tag has a whole span
_TILE = r"tile/(?:\d{1,2}|entries)/(?:x\d{3}/){0,6}\d{3}(?:\.p/\d{1,3})?"
_TAGS = r"tags/[01]/(?:x\d{3}/){0,6}\d{3}/(?:head|[0-9a-f]{2})"
PUBLIC = re.compile(rf"(?:(?P<part>[1-9]\d{{0,3}})/)?(?P<file>checkpoint|next|begin|{_TILE}|{_TAGS})\Z", re.ASCII)


class Tile(NamedTuple):
    """Tile `n` of a level of hashes; a `width` of 256 is a full one."""

    level: int
    n: int
    width: int


def tile_name(n: int) -> str:
    """123456789 as x123/x456/789."""
    parts = [f"{n % 1000:03}"]
    while (n := n // 1000) > 0:
        parts.insert(0, f"x{n % 1000:03}")
    return "/".join(parts)


def hash_tile(level: int, n: int, width: int) -> str:
    """The path of a tile of hashes; `width` of 256 is a full one."""
    return f"tile/{level}/{tile_name(n)}" + (f".p/{width}" if width < WIDTH else "")


def entry_tile(n: int, width: int) -> str:
    """The path of a bundle of entries."""
    return f"tile/entries/{tile_name(n)}" + (f".p/{width}" if width < WIDTH else "")


def longest(path: str, entry: int = LONGEST_ENTRY) -> int:
    """How many bytes the file at `path` of any part may have, in a log whose entries have at most `entry` bytes."""
    found = PUBLIC.match(path)
    match (found["file"] if found else path).split("/"):
        case ["checkpoint"]:
            return LONGEST_CHECKPOINT
        case ["next" | "begin"]:
            return LONGEST_EVENT
        case ["tags", _, *_, "head"]:
            return LONGEST_HEAD
        case ["tags", level, *_]:
            return LONGEST_BUCKETS[level != "0"]
        case ["tile", "entries", *_]:
            return WIDTH * (2 + entry)
        case _:
            return WIDTH * 32


def bundle(entries: list[bytes]) -> bytes:
    """Entries, each with its length in two bytes before it."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def unbundle(raw: bytes) -> list[bytes]:
    """The inverse of `bundle`. Raises `LedgerError` for a torn one."""
    found, at = [], 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 2])
        entry = raw[at + 2 : at + 2 + length]
        if len(entry) < length or at + 2 > len(raw):
            raise LedgerError("A bundle of the log's entries is torn. Restore it from a copy of the log.")
        found.append(entry)
        at += 2 + length
    return found


def tiles_of(size: int) -> list[Tile]:
    """Every hash tile of a tree of `size` leaves."""
    found, level = list[Tile](), 0
    while (count := size >> (8 * level)) > 0:
        found += [Tile(level, n, min(WIDTH, count - n * WIDTH)) for n in range(-(-count // WIDTH))]
        level += 1
    return found
