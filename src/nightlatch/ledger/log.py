"""A log over a folder: durable before it is answered, one writer, and a complete C2SP log for any web server.

Order of an append: journal, fsync; then tiles (temporary file, fsync, rename, fsync of the folder); the checkpoint
last. Whatever a crash leaves is finished at the next start from the journal; tiles that do not fit the entries are
written again, entries that do not fit the checkpoint are refused. The tree is kept in memory (64 bytes an entry).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from nightlatch.durably import make_folder, write_durably
from nightlatch.errors import NightlatchError
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.proof import Proof
from nightlatch.ledger.tiles import LONGEST_ENTRY, WIDTH, bundle, entry_tile, hash_tile, tiles_of, unbundle
from nightlatch.seal.note import Note, Signature, Signer

_HEAD = 8 + 4 + 8  # index, length, the first bytes of SHA-256(entry)


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry that the log holds. Only `Log.append` makes one."""

    index: int
    leaf: bytes = field(repr=False)


@dataclass(slots=True)
class _QueuedEntry:
    leaf: bytes
    index: int | None = None
    error: LedgerError | None = None


class Log:
    """The one writer of a log's folder. `append` may be called from several threads; they share one commit."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        """Open or make a log, and finish what a crash left.

        Raises:
            LedgerError: another writer has it, or what is there is damaged or of another log.
        """
        self.folder, self._signer = folder, signer
        folder.mkdir(parents=True, exist_ok=True)
        self._held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._held)
            raise LedgerError("Another program is writing to this log. Stop it first.") from None
        self._queue: list[_QueuedEntry] = []
        self._queue_lock, self._commit_lock = threading.Lock(), threading.Lock()
        self._tree, self._leaves = Tree(), list[bytes]()
        self._note: Note | None = None
        self._published = 0  # entries that the checkpoint in the folder covers
        self._journal = folder / ".journal"
        try:
            self._recover()
        except (NightlatchError, OSError):
            os.close(self._held)
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._held)

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log says of itself now."""
        return Checkpoint(self._signer.name, self._tree.size, self._tree.root())

    @property
    def note(self) -> Note:
        """The newest checkpoint, signed, with the cosignatures that came."""
        if self._note is None:
            raise LedgerError("The log is not open.")
        return self._note

    def leaf(self, index: int) -> bytes:
        """An entry. Raises `IndexError`."""
        return self._leaves[index]

    def append(self, leaf: bytes) -> Logged:
        """Add an entry; it is durable and under the checkpoint when this returns.

        Raises:
            LedgerError: the entry is too long.
            LogFull: there was no room; it was not taken.
            NotShown: it is durable, but no checkpoint covers it yet; the next append or start shows it.
        """
        if len(leaf) > LONGEST_ENTRY:
            raise LedgerError("An entry of the log has at most 65,535 bytes.")
        mine = _QueuedEntry(leaf)
        with self._queue_lock:
            self._queue.append(mine)
        with self._commit_lock:
            if mine.index is None and mine.error is None:
                with self._queue_lock:
                    some, self._queue = self._queue, []
                self._commit(some)
        if mine.error is not None:
            raise mine.error
        if mine.index is None:
            raise LedgerError("The entry was lost on the way. Append it again.")
        return Logged(mine.index, leaf)

    def cosigned(self, signatures: Sequence[Signature], size: int) -> None:
        """Add witnesses' cosignatures to the checkpoint, if it still has this size."""
        with self._commit_lock:
            if not signatures or size != self._tree.size or self._note is None:
                return
            kept = [s for s in self._note.signatures if all((s.name, s.id) != (n.name, n.id) for n in signatures)]
            self._note = Note(self._note.text, (*kept, *signatures))
            _write(self.folder / "checkpoint", str(self._note).encode())

    def receipt(self, index: int, note: Note | None = None) -> str:
        """The receipt of an entry under `note` (the newest checkpoint). Raises `IndexError`."""
        note = note or self.note
        size = int(note.text.split("\n")[1])
        return str(Proof(index, tuple(self._tree.inclusion(index, size)), str(note)))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `size` begins with that of `old` leaves. Raises `IndexError`."""
        return self._tree.consistency(old, size)

    # ---- within ----------------------------------------------------------------------------------------------------

    def _commit(self, some: list[_QueuedEntry]) -> None:
        first = self._tree.size
        try:
            self._write_journal(first, [each.leaf for each in some])
        except OSError as error:
            told = LogFull(f"The log cannot take an entry ({error.strerror}). Make room; nothing was taken.")
            for each in some:
                each.error = told
            return
        for n, each in enumerate(some, first):
            each.index = n
            self._take(each.leaf)
        try:
            self._publish()
        except OSError as error:
            not_shown = NotShown(f"The entry is kept but cannot be shown yet ({error.strerror}). Make room.")
            for each in some:
                each.error = not_shown

    def _take(self, leaf: bytes) -> None:
        self._leaves.append(leaf)
        self._tree.append(leaf_hash(leaf))

    def _write_journal(self, first: int, leaves: list[bytes]) -> None:
        """Durable, or nothing of it."""
        raw = b"".join(
            (first + n).to_bytes(8) + len(leaf).to_bytes(4) + sha256(leaf).digest()[:8] + leaf
            for n, leaf in enumerate(leaves)
        )
        handle = os.open(self._journal, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            before = os.fstat(handle).st_size
            os.lseek(handle, before, os.SEEK_SET)
            try:
                view = memoryview(raw)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)

    def _publish(self) -> None:
        """Write the tiles that changed since the last checkpoint, then the checkpoint, then empty the journal."""
        first, size = self._published, self._tree.size
        for n in range(first // WIDTH, -(-size // WIDTH)):
            entries = self._leaves[n * WIDTH : (n + 1) * WIDTH]
            _write(self.folder / entry_tile(n, len(entries)), bundle(entries))
        for level, n, width in tiles_of(size):
            if (n + 1) * WIDTH << (8 * level) > first:
                hashes = self._tree.levels[8 * level][n * WIDTH : n * WIDTH + width]
                _write(self.folder / hash_tile(level, n, width), b"".join(hashes))
        text = str(self.checkpoint)
        note = Note(text, (self._signer.sign(text),))
        _write(self.folder / "checkpoint", str(note).encode())
        self._note, self._published = note, size
        with self._journal.open("wb") as journal:
            os.fsync(journal.fileno())
        self._drop_partials(first, size)

    def _drop_partials(self, first: int, size: int) -> None:
        """Remove partial tiles one whole tile after theirs is full: readers of an older checkpoint have that long."""
        for n in range(first // WIDTH, size // WIDTH):
            if n:
                shutil.rmtree((self.folder / entry_tile(n - 1, 1)).parent, ignore_errors=True)
                shutil.rmtree((self.folder / hash_tile(0, n - 1, 1)).parent, ignore_errors=True)

    def _recover(self) -> None:
        path = self.folder / "checkpoint"
        if path.exists():
            checkpoint, note = open_checkpoint(path.read_bytes(), self._signer.verifier)
            for leaf in self._read_entries(checkpoint.size):
                self._take(leaf)
            if self._tree.root() != checkpoint.root:
                raise LedgerError("The log's entries are not those of its checkpoint. Restore them from a copy.")
            self._note = note
        self._mend_tiles()
        self._published = self._tree.size
        for index, leaf in _read_journal(self._journal):
            if index == self._tree.size:
                self._take(leaf)
        if self._tree.size > self._published or self._note is None:
            self._publish()
        elif self._journal.exists() and self._journal.stat().st_size:
            with self._journal.open("wb") as journal:  # a torn entry would hide those that come after it
                os.fsync(journal.fileno())

    def _read_entries(self, size: int) -> Iterable[bytes]:
        for n in range(-(-size // WIDTH)):
            width = min(WIDTH, size - n * WIDTH)
            path = self.folder / entry_tile(n, width)
            if not path.exists():
                path = self.folder / entry_tile(n, WIDTH)  # written by a commit whose checkpoint did not come
            try:
                entries = unbundle(path.read_bytes())
            except OSError:
                raise LedgerError(f"The log's entries {entry_tile(n, width)} are missing. Restore them.") from None
            if len(entries) < width:
                raise LedgerError(f"The log's entries {entry_tile(n, width)} are torn. Restore them.")
            yield from entries[:width]

    def _mend_tiles(self) -> None:
        """Write hash tiles again that are missing or torn: they follow from the entries."""
        for level, n, width in tiles_of(self._tree.size):
            path = self.folder / hash_tile(level, n, width)
            wanted = b"".join(self._tree.levels[8 * level][n * WIDTH : n * WIDTH + width])
            if not path.exists() or path.read_bytes() != wanted:
                _write(path, wanted)


def _read_journal(path: Path) -> Iterable[tuple[int, bytes]]:
    """Whole entries; stops at a torn one."""
    raw = path.read_bytes() if path.exists() else b""
    at = 0
    while at + _HEAD <= len(raw):
        index, length = int.from_bytes(raw[at : at + 8]), int.from_bytes(raw[at + 8 : at + 12])
        leaf = raw[at + _HEAD : at + _HEAD + length]
        if sha256(leaf).digest()[:8] != raw[at + 12 : at + _HEAD]:
            return
        yield index, leaf
        at += _HEAD + length


def _write(path: Path, content: bytes) -> None:
    """A file that any web server may show. Raises `OSError`."""
    make_folder(path.parent, 0o755)
    write_durably(path, content, 0o644)
