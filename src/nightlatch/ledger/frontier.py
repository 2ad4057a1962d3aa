"""A tree that grows, and whose proofs come from its tiles: never more in memory than a few kilobytes.

What a tree needs in order to grow is the unfinished tile of each of its levels; everything else lies in files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.merkle import EMPTY, Subtrees, node_hash
from nightlatch.ledger.tiles import WIDTH, Tile, hash_tile

BITS = 8  # levels of the tree in a tile


class HashTile(NamedTuple):
    """A tile of hashes, as the log shows it."""

    tile: Tile
    raw: bytes

    @property
    def path(self) -> str:
        """Of its file."""
        return hash_tile(*self.tile)


@dataclass(slots=True)
class Frontier:
    """The unfinished tile of each level of a tree of `size` leaves."""

    size: int = 0
    unfinished: list[list[bytes]] = field(default_factory=list)

    def copy(self) -> Frontier:
        """One that grows by itself."""
        return Frontier(self.size, [list(each) for each in self.unfinished])

    def append(self, hashed: bytes) -> Iterator[HashTile]:
        """Take the hash of the next leaf; the tiles that are full now."""
        self.size += 1
        level = 0
        while True:
            if level == len(self.unfinished):
                self.unfinished.append([])
            tile = self.unfinished[level]
            tile.append(hashed)
            if len(tile) < WIDTH:
                return
            yield HashTile(Tile(level, (self.size >> BITS * (level + 1)) - 1, WIDTH), b"".join(tile))
            hashed = subtree(tile)
            self.unfinished[level] = []
            level += 1

    def root(self) -> bytes:
        """The hash of all leaves."""
        root: bytes | None = None
        for tile in self.unfinished:
            for part in reversed(list(_whole(tile))):
                root = part if root is None else node_hash(part, root)
        return EMPTY if root is None else root

    def tails(self) -> list[HashTile]:
        """The unfinished tiles that are not empty."""
        return [
            HashTile(Tile(level, self.size >> BITS * (level + 1), len(tile)), b"".join(tile))
            for level, tile in enumerate(self.unfinished)
            if tile
        ]


def frontier_of(size: int, read: Callable[[str], bytes]) -> Frontier:
    """The frontier of a tree whose tiles are read by their paths. Whoever calls compares its root.

    Raises:
        LedgerError: a tile is torn, or what `read` raises.
    """
    found = Frontier(size)
    level = 0
    while (count := size >> BITS * level) > 0:
        width = count % WIDTH
        raw = read(hash_tile(level, count // WIDTH, width)) if width else b""
        found.unfinished.append(hashes_of(raw, width))
        level += 1
    return found


def hashes_of(raw: bytes, width: int) -> list[bytes]:
    """The hashes in a tile. Raises `LedgerError` for another number of them."""
    if len(raw) != 32 * width:
        raise LedgerError("A tile of the log's hashes is torn. Restore it from a copy of the log.")
    return [raw[at : at + 32] for at in range(0, len(raw), 32)]


def subtree(hashes: Iterable[bytes]) -> bytes:
    """The hash over a power of two of hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def _whole(hashes: list[bytes]) -> Iterator[bytes]:
    """The whole subtrees that a row of hashes makes, the largest first."""
    at = 0
    for bit in range(BITS, -1, -1):
        if len(hashes) & (1 << bit):
            yield subtree(hashes[at : at + (1 << bit)])
            at += 1 << bit


class TileTree(Subtrees):
    """The tree of `size` leaves over its tiles; raises what `read` raises, and `LedgerError` for torn ones."""

    def __init__(self, size: int, read: Callable[[str], bytes]) -> None:
        self._size = size

        @lru_cache(maxsize=64)
        def tile(level: int, n: int) -> list[bytes]:
            width = min(WIDTH, (size >> BITS * level) - n * WIDTH)
            return hashes_of(read(hash_tile(level, n, width)), width)

        self._tile = tile

    @property
    def size(self) -> int:
        return self._size

    def node(self, level: int, n: int) -> bytes:
        row, inside = divmod(level, BITS)
        first = n << inside
        return subtree(self._tile(row, first // WIDTH)[first % WIDTH : first % WIDTH + (1 << inside)])
