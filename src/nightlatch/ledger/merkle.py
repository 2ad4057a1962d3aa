"""The Merkle tree of RFC 6962, section 2: hashes, inclusion and consistency proofs, made and verified."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00, leaf)."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01, left, right)."""
    return sha256(b"\1" + left + right).digest()


class Subtrees(ABC):
    """A tree of leaves, whose complete subtrees can be asked for; proofs are made of nothing else."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many leaves."""

    @abstractmethod
    def node(self, level: int, n: int) -> bytes:
        """The hash of the leaves [n 2^level, (n + 1) 2^level), which are all there."""

    def root(self, size: int | None = None) -> bytes:
        """The hash of the first `size` leaves; of all by default."""
        size = self.size if size is None else size
        return self._range(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size]) (RFC 6962, 2.1.1). Raises `IndexError` outside the tree."""
        if not 0 <= index < size <= self.size:
            raise IndexError("the tree has no such leaf")
        path: list[bytes] = []
        begin, end = 0, size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(begin, middle))
                begin = middle
        return path[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """PROOF(old, D[size]) (RFC 6962, 2.1.2). Raises `IndexError` outside the tree."""
        if not 0 <= old <= size <= self.size:
            raise IndexError("the tree has no such sizes")
        return self._subproof(old, 0, size, whole=True) if 0 < old < size else []

    def _subproof(self, m: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
        if m == end - begin:
            return [] if whole else [self._range(begin, end)]
        k = _split(end - begin)
        if m <= k:
            return [*self._subproof(m, begin, begin + k, whole=whole), self._range(begin + k, end)]
        return [*self._subproof(m - k, begin + k, end, whole=False), self._range(begin, begin + k)]

    def _range(self, begin: int, end: int) -> bytes:
        length = end - begin
        level = length.bit_length() - 1
        if length == 1 << level and begin % length == 0:
            return self.node(level, begin // length)
        k = _split(length)
        return node_hash(self._range(begin, begin + k), self._range(begin + k, end))


class Tree(Subtrees):
    """Every complete subtree's hash, by level, in memory: some 64 bytes and Python's overhead an entry."""

    def __init__(self) -> None:
        self.levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        return len(self.levels[0])

    def node(self, level: int, n: int) -> bytes:
        return self.levels[level][n]

    def append(self, hashed: bytes) -> None:
        """Take the hash of the next leaf."""
        self.levels[0].append(hashed)
        level = 0
        while len(self.levels[level]) % 2 == 0:
            if level + 1 == len(self.levels):
                self.levels.append([])
            left, right = self.levels[level][-2:]
            self.levels[level + 1].append(node_hash(left, right))
            level += 1


def _split(length: int) -> int:
    """The largest power of two below `length`."""
    return 1 << (length - 1).bit_length() - 1


def is_included(hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash is at `index` of the tree of `size` leaves with `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(hashed) != 32:
        return False
    fn, sn, here = index, size - 1, hashed
    for step in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            here = node_hash(step, here)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            here = node_hash(here, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and here == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves begins with that of `old` leaves (RFC 9162, 2.1.4.2).

    One function, though long in branches: its steps and names (fn, sn, fr, sr) are the RFC's, in the RFC's order, so
    that the two can be read side by side.
    """
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0
