"""One part of a log as it lies in its folder: what is in memory is the right edge of the tree and a few tiles.

Nothing that comes from the disk is believed: a tile of hashes must have the root that the tile above it says, a bundle
of entries the hashes of its tile, and the topmost ones the root of the checkpoint. A tile that does not is written
again from the entries; entries that do not are refused. That happens when the folio is opened for the right edge, and
for all else when it is used: for a proof, or the first time that somebody fetches the file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nightlatch.durably import make_folder, sync, sync_filesystem, write_durably
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.merkle import Subtrees, Tree, leaf_hash
from nightlatch.ledger.tiles import WIDTH, TileFile, bundle, entry_tile, hash_tile, unbundle

MOST_TILES = 64  # in memory, some 40 KiB each with all that is between their hashes and their root
Put = Callable[[Path, bytes], None]


class Folio(Subtrees):
    """The entries and the tree of one part. Calls may come from several threads; one of them writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._size = 0
        self._edges = [Tree()]  # by level of tiles: the hashes of the last one, which is never full
        self._unwritten: dict[tuple[int, int], Tree] = {}  # tiles that are full and not on the disk yet
        self._tail, self._tail_first = list[bytes](), 0  # the entries since the last full bundle on the disk
        self._tiles: OrderedDict[tuple[int, int], Tree] = OrderedDict()
        self._bundle: tuple[int, list[bytes]] = (-1, [])  # the last full one that was read
        self._sound: set[tuple[int, int]] = set()  # full files that were checked since the start; level -1: entries
        self._lock = threading.RLock()

    @property
    def size(self) -> int:
        return self._size

    def root(self, size: int | None = None) -> bytes:
        with self._lock:
            return super().root(size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        with self._lock:
            return super().inclusion(index, size)

    def consistency(self, old: int, size: int) -> list[bytes]:
        with self._lock:
            return super().consistency(old, size)

    def node(self, level: int, n: int) -> bytes:
        tile_level, rest = divmod(level, 8)
        tile = self._tile(tile_level, n >> (8 - rest))
        return tile.levels[rest][n & ((1 << (8 - rest)) - 1)]

    def leaf(self, index: int) -> bytes:
        """An entry. Raises `IndexError`; `LedgerError` for entries that are missing or were changed."""
        with self._lock:
            if not 0 <= index < self.size:
                raise IndexError("the log has no such entry")
            if index >= self._tail_first:
                return self._tail[index - self._tail_first]
            return self._entries(index // WIDTH)[index % WIDTH]

    # ---- opening and growing ---------------------------------------------------------------------------------------

    def open(self, checkpoint: Checkpoint) -> None:
        """Take up the right edge of a tree that is on the disk; its last tiles are mended.

        Raises:
            LedgerError: the last entries are torn or missing, or the tree is not that of the checkpoint.
        """
        size, number = checkpoint.size, len(f"{checkpoint.size:b}")
        self._edges = [Tree() for _ in range(max(1, -(-number // 8)))]
        self._size, self._tail_first = size, size - size % WIDTH
        self._tail = self._last_entries(size)
        for leaf in self._tail:
            self._edges[0].append(leaf_hash(leaf))
        for level in range(1, len(self._edges)):
            self._edges[level] = self._edge_on_disk(level, size) or self._edge_of_entries(level, size)
        if self.root() != checkpoint.root:
            for level in range(1, len(self._edges)):
                self._edges[level] = self._edge_of_entries(level, size)
            if self.root() != checkpoint.root:
                raise LedgerError("The log's entries are not those of its checkpoint. Restore them from a copy.")
        for level, edge in enumerate(self._edges):
            if edge.size:
                self._mend(hash_tile(level, size >> (8 * (level + 1)), edge.size), edge)

    def take(self, leaf: bytes) -> int:
        """Add an entry in memory; its index."""
        with self._lock:
            index, level = self._size, 0
            self._tail.append(leaf)
            self._edges[0].append(leaf_hash(leaf))
            while (full := self._edges[level]).size == WIDTH:
                self._unwritten[level, index >> (8 * (level + 1))] = full
                self._edges[level] = Tree()
                if level + 1 == len(self._edges):
                    self._edges.append(Tree())
                self._edges[level + 1].append(full.root())
                level += 1
            self._size = index + 1
            return index

    def write(self, first: int, put: Put) -> None:
        """Put all files that changed since the tree had `first` leaves, which are on the disk. Raises `OSError`."""
        size = self.size
        for n in range(first // WIDTH, -(-size // WIDTH)):
            entries = self._tail[n * WIDTH - self._tail_first :][:WIDTH]
            put(self.folder / entry_tile(n, len(entries)), bundle(entries))
        for (level, n), tile in sorted(self._unwritten.items()):
            put(self.folder / hash_tile(level, n, WIDTH), b"".join(tile.levels[0]))
        for level, edge in enumerate(self._edges):
            if edge.size and size >> (8 * level) != first >> (8 * level):
                put(self.folder / hash_tile(level, size >> (8 * (level + 1)), edge.size), b"".join(edge.levels[0]))

    def written(self, first: int) -> None:
        """All files are on the disk: let go of what is full, and of partial tiles one whole tile after theirs.

        Readers of an older checkpoint have that long.
        """
        size = self.size
        with self._lock:
            for key, tile in self._unwritten.items():
                self._keep(key, tile)
            self._unwritten.clear()
            full = size - size % WIDTH
            self._tail, self._tail_first = self._tail[full - self._tail_first :], full
        for level in range(len(self._edges)):
            count = 8 * (level + 1)
            for n in range(first >> count, size >> count):
                if n and level == 0:
                    shutil.rmtree((self.folder / entry_tile(n - 1, 1)).parent, ignore_errors=True)
                if n:
                    shutil.rmtree((self.folder / hash_tile(level, n - 1, 1)).parent, ignore_errors=True)

    # ---- what is served --------------------------------------------------------------------------------------------

    def file(self, wanted: TileFile) -> bytes | None:
        """A file of the tree, checked the first time it is asked for since the start; None where there is none.

        Raises:
            LedgerError: its entries were changed.
        """
        level, n, width = wanted
        path = self.folder / str(wanted)
        with self._lock:
            if n << (8 * (max(level, 0) + 1)) >= self.size:
                return None
            tile = self._tile(max(level, 0), n)
            if width > tile.size:
                return None
            try:
                raw = path.read_bytes()
            except OSError:
                return None
            if width == WIDTH and (level, n) in self._sound:
                return raw
            hashes = tile.levels[0][:width]
            if level >= 0 and raw != (sound := b"".join(hashes)):
                raw = sound
                with contextlib.suppress(OSError):
                    write_public(path, raw)
            if level < 0 and [leaf_hash(leaf) for leaf in unbundle(raw)] != hashes:
                raise _changed(str(wanted))
            if width == WIDTH:
                self._sound.add((level, n))
            return raw

    # ---- within ----------------------------------------------------------------------------------------------------

    def _tile(self, level: int, n: int) -> Tree:
        if n == self.size >> (8 * (level + 1)):
            return self._edges[level]
        if (found := self._unwritten.get((level, n))) is not None:
            return found
        if (found := self._tiles.get((level, n))) is not None:
            self._tiles.move_to_end((level, n))
            return found
        wanted = self.node(8 * (level + 1), n)
        tile = self._on_disk(level, n, WIDTH)
        if tile is None or tile.root() != wanted:
            tile = self._of_entries(level, n)
            if tile.root() != wanted:
                raise _changed(hash_tile(level, n, WIDTH))
            self._mend(hash_tile(level, n, WIDTH), tile)
        self._keep((level, n), tile)
        return tile

    def _keep(self, key: tuple[int, int], tile: Tree) -> None:
        self._tiles[key] = tile
        if len(self._tiles) > MOST_TILES:
            self._tiles.popitem(last=False)

    def _entries(self, n: int) -> list[bytes]:
        """A full bundle, checked."""
        if self._bundle[0] != n:
            entries = self._bundle_on_disk(n, WIDTH)
            if [leaf_hash(leaf) for leaf in entries] != self._tile(0, n).levels[0]:
                raise _changed(entry_tile(n, WIDTH))
            self._bundle = n, entries
        return self._bundle[1]

    def _on_disk(self, level: int, n: int, width: int) -> Tree | None:
        """A tile of hashes as it is on the disk; None when it is missing or torn."""
        try:
            raw = (self.folder / hash_tile(level, n, width)).read_bytes()
        except OSError:
            return None
        return _tree(raw[at : at + 32] for at in range(0, len(raw), 32)) if len(raw) == 32 * width else None

    def _of_entries(self, level: int, n: int) -> Tree:
        """A full tile of hashes, made of the entries below it as they are on the disk."""
        if level == 0:
            return _tree(map(leaf_hash, self._bundle_on_disk(n, WIDTH)))
        return _tree(self._of_entries(level - 1, n * WIDTH + below).root() for below in range(WIDTH))

    def _edge_on_disk(self, level: int, size: int) -> Tree | None:
        n, width = divmod(size >> (8 * level), WIDTH)
        return self._on_disk(level, n, width) if width else Tree()

    def _edge_of_entries(self, level: int, size: int) -> Tree:
        count = size >> (8 * level)
        return _tree(self._of_entries(level - 1, below).root() for below in range(count - count % WIDTH, count))

    def _last_entries(self, size: int) -> list[bytes]:
        n, width = divmod(size, WIDTH)
        return self._bundle_on_disk(n, width) if width else []

    def _bundle_on_disk(self, n: int, width: int) -> list[bytes]:
        path = self.folder / entry_tile(n, width)
        if not path.exists():
            path = self.folder / entry_tile(n, WIDTH)  # written by a commit whose checkpoint did not come
        try:
            entries = unbundle(path.read_bytes())
        except OSError:
            raise LedgerError(f"The log's entries {entry_tile(n, width)} are missing. Restore them.") from None
        if len(entries) < width:
            raise LedgerError(f"The log's entries {entry_tile(n, width)} are torn. Restore them.")
        return entries[:width]

    def _mend(self, name: str, tile: Tree) -> None:
        """Write a tile of hashes again that is missing or torn: it follows from the entries."""
        path, wanted = self.folder / name, b"".join(tile.levels[0])
        if not path.exists() or path.read_bytes() != wanted:
            with contextlib.suppress(OSError):  # without room it is mended the next time
                write_public(path, wanted)


def write_public(path: Path, content: bytes) -> None:
    """A file that any web server may show. Raises `OSError`.

    A partial tile of hashes is not flushed to the disk: the next start makes the last ones again, and nobody needs
    those before them. That is some four of eleven flushes of a commit.
    """
    make_folder(path.parent, 0o755)
    if path.parent.name.endswith(".p") and "entries" not in path.parts:
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(content)
        temporary.rename(path)
    else:
        write_durably(path, content, 0o644)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A folder of such files, whole or absent, for one flush of the disk. Raises `OSError`."""
    make_folder(folder.parent, 0o755)
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o755)
    handle = os.open(beside, os.O_RDONLY)
    try:
        for name, content in files.items():
            (beside / name).write_bytes(content)
            (beside / name).chmod(0o644)
        sync_filesystem(handle)
    finally:
        os.close(handle)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    sync(folder.parent)


def _tree(hashes: Iterable[bytes]) -> Tree:
    tree = Tree()
    for each in hashes:
        tree.append(each)
    return tree


def _changed(name: str) -> LedgerError:
    return LedgerError(f"The log's entries under {name} are not those of its checkpoint. Restore them from a copy.")
