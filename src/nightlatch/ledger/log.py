"""One part of a log over a folder: durable before it is answered, one writer, a complete C2SP log for any web server.

Order of an append: journal, fsync; then indexes and tiles (temporary file, fsync, rename, fsync of the folder); the
checkpoint last. Whatever a crash leaves is finished at the next start from the journal. What is on the disk is checked
when it is read (`ledger/folio.py`): at the start the right edge of the tree, and the entries that no index names yet.
After `log.next` a part takes no entry any more, whatever happens.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from nightlatch.clocks import system_clock
from nightlatch.domain.time import Clock
from nightlatch.domain.view import read_leaf
from nightlatch.errors import NightlatchError
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown, PartEnded
from nightlatch.ledger.folio import Folio, write_public
from nightlatch.ledger.parts import BEGIN, NEXT, is_last
from nightlatch.ledger.proof import Proof
from nightlatch.ledger.spans import Spans
from nightlatch.ledger.tags import INDEX, SPANS, read_index_path
from nightlatch.ledger.tiles import LONGEST_ENTRY, read_tile_path
from nightlatch.seal.note import Note, Signature, Signer, Verifier

_HEAD = 8 + 4 + 8  # index, length, the first bytes of SHA-256(entry)
_OURS = (NEXT, BEGIN, INDEX)
_write = write_public


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry that the log holds. Only `append` and `append_all` make one."""

    index: int
    leaf: bytes = field(repr=False)


@dataclass(slots=True)
class _QueuedEntry:
    leaf: bytes
    index: int | None = None
    error: LedgerError | None = None


class Log:
    """The one writer of a part's folder. `append` may be called from several threads; they share one commit."""

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        *,
        clock: Clock | None = None,
        key: Verifier | None = None,
        first: bytes | None = None,
        is_held: bool = False,
    ) -> None:
        """Open or make a log, and finish what a crash left.

        `key` is the part's public key when `signer` may be the one of the part that follows; `first` is the entry with
        which a new part begins; `is_held` says that the caller holds the folder.

        Raises:
            LedgerError: another writer has it, or what is there is damaged or of another log.
        """
        self.folder, self.signer, self._clock = folder, signer, clock or system_clock()
        self.key = key or signer.verifier
        folder.mkdir(parents=True, exist_ok=True)
        self._held = None if is_held else hold(folder)
        self._queue: list[_QueuedEntry] = []
        self._queue_lock, self._commit_lock = threading.Lock(), threading.Lock()
        self._folio = Folio(folder)
        self._spans = Spans(self._folio)
        self._note: Note | None = None
        self._published = 0  # entries that the checkpoint in the folder covers
        self._is_ended = False
        self._journal = folder / ".journal"
        try:
            self._recover(first)
        except (NightlatchError, OSError):
            self.close()
            raise

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log says of itself now."""
        return Checkpoint(self.key.name, self._folio.size, self._folio.root())

    @property
    def note(self) -> Note:
        """The newest checkpoint, signed, with the cosignatures that came."""
        if self._note is None:
            raise LedgerError("The log is not open.")
        return self._note

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self._folio.size

    @property
    def is_ended(self) -> bool:
        """Whether its last entry says which part follows."""
        return self._is_ended

    def leaf(self, index: int) -> bytes:
        """An entry. Raises `IndexError`."""
        return self._folio.leaf(index)

    def file(self, path: str) -> bytes | None:
        """A file of the tree or an index, checked; None where there is none. Raises `LedgerError`."""
        if (tile := read_tile_path(path)) is not None:
            return self._folio.file(tile)
        return self._spans.file(*found) if (found := read_index_path(path)) is not None else None

    def append(self, leaf: bytes) -> Logged:
        """Add an entry; it is durable and under the checkpoint when this returns.

        Raises:
            LedgerError: the entry is too long, or one that only the log itself writes.
            LogFull: there was no room; it was not taken.
            NotShown: it is durable, but no checkpoint covers it yet; the next append or start shows it.
            PartEnded: the part that follows takes it.
        """
        check_entry(leaf)
        mine = _QueuedEntry(leaf)
        with self._queue_lock:
            self._queue.append(mine)
        with self._commit_lock:
            if mine.index is None and mine.error is None:
                with self._queue_lock:
                    some, self._queue = self._queue, []
                self._commit(some)
        return _outcome(mine)

    def append_all(self, leaves: Sequence[bytes]) -> list[Logged | LedgerError]:
        """Add entries with one commit; for each what `append` returns or raises. Check them first (`check_entry`)."""
        some = [_QueuedEntry(leaf) for leaf in leaves]
        with self._commit_lock:
            self._commit(some)
        return [_outcome(each) if each.error is None else each.error for each in some]

    def end(self, last: bytes) -> None:
        """Add the entry that ends this part. Raises as `append` does."""
        mine = _QueuedEntry(last)
        with self._commit_lock:
            self._commit([mine])
        _outcome(mine)

    def show(self) -> None:
        """Put under the checkpoint what is durable and not shown yet. Raises `OSError`."""
        with self._commit_lock:
            self._publish()

    def cosigned(self, signatures: Sequence[Signature], size: int) -> None:
        """Add witnesses' cosignatures to the checkpoint, if it still has this size."""
        with self._commit_lock:
            if not signatures or size != self._folio.size or self._note is None:
                return
            kept = [s for s in self._note.signatures if all((s.name, s.id) != (n.name, n.id) for n in signatures)]
            self._note = Note(self._note.text, (*kept, *signatures))
            _write(self.folder / "checkpoint", str(self._note).encode())

    def receipt(self, index: int, note: Note | None = None) -> str:
        """The receipt of an entry under `note` (the newest checkpoint). Raises `IndexError`."""
        note = note or self.note
        size = int(note.text.split("\n")[1])
        return str(Proof(index, tuple(self._folio.inclusion(index, size)), str(note)))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `size` begins with that of `old` leaves. Raises `IndexError`."""
        return self._folio.consistency(old, size)

    # ---- within ----------------------------------------------------------------------------------------------------

    def _commit(self, some: list[_QueuedEntry]) -> None:
        waiting = list(some)
        try:
            self._write_owed()
            while waiting and not self._is_ended:
                first = self._folio.size
                now, waiting = waiting[: SPANS[0] - first % SPANS[0]], waiting[SPANS[0] - first % SPANS[0] :]
                try:
                    self._write_journal(first, [each.leaf for each in now])
                except OSError:
                    waiting = now + waiting
                    raise
                for each in now:
                    each.index = self._take(each.leaf)
                self._write_owed()
        except OSError as error:
            told = LogFull(f"The log cannot take an entry ({error.strerror}). Make room; nothing was taken.")
            for each in waiting:
                each.error = told
        else:
            for each in waiting:
                each.error = PartEnded("This part of the log has ended. Append to the one that follows.")
        try:
            self._publish()
        except OSError as error:
            not_shown = NotShown(f"The entry is kept but cannot be shown yet ({error.strerror}). Make room.")
            for each in some:
                each.error = each.error or not_shown

    def _write_owed(self) -> None:
        """Say what is in each span that is full now. Raises `OSError`."""
        while not self._is_ended and (made := self._spans.owed()) is not None:
            leaf = made.leaf(self._clock.now_ms() // 1000).canonical()
            self._write_journal(self._folio.size, [leaf])
            self._take(leaf)

    def _take(self, leaf: bytes) -> int:
        self._spans.taking(leaf)
        self._is_ended = is_last(leaf)
        return self._folio.take(leaf)

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
        """Write what changed since the last checkpoint, then the checkpoint, then empty the journal."""
        first, size = self._published, self._folio.size
        if size == first and self._note is not None:
            return
        if self.signer.verifier != self.key:
            raise LedgerError("The last part of the log is not finished. Start it once more with the key that it had.")
        self._spans.write()
        self._folio.write(first, _write)
        text = str(self.checkpoint)
        note = Note(text, (self.signer.sign(text),))
        _write(self.folder / "checkpoint", str(note).encode())
        self._note, self._published = note, size
        self._empty_journal()
        self._folio.written(first)

    def _empty_journal(self) -> None:
        """Not flushed: what the checkpoint covers does no harm in it, and the flush of the next entry ends it there."""
        self._journal.open("wb").close()

    def _recover(self, first: bytes | None) -> None:
        path = self.folder / "checkpoint"
        if path.exists():
            checkpoint, note = open_checkpoint(path.read_bytes(), self.key)
            self._folio.open(checkpoint)
            self._note, self._published = note, checkpoint.size
            self._is_ended = checkpoint.size > 0 and is_last(self._folio.leaf(checkpoint.size - 1))
            if not self._is_ended:
                self._spans.open()
        for index, leaf in _read_journal(self._journal):
            if index == self._folio.size and not self._is_ended:
                self._take(leaf)
        if first is not None and self._folio.size == 0:
            self._write_journal(0, [first])
            self._take(first)
        self._publish()
        if self._journal.exists() and self._journal.stat().st_size:
            self._empty_journal()  # a torn entry would hide those that come after it


def hold(folder: Path) -> int:
    """Be the only writer of a folder until what this returns is closed. Raises `LedgerError`."""
    held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise LedgerError("Another program is writing to this log. Stop it first.") from None
    return held


def check_entry(leaf: bytes) -> None:
    """Raises `LedgerError` for an entry that nobody may append."""
    if len(leaf) > LONGEST_ENTRY:
        raise LedgerError("An entry of the log has at most 65,535 bytes.")
    try:
        is_ours = b'"log.' in leaf and read_leaf(leaf).kind in _OURS
    except ValueError:
        return
    if is_ours:
        raise LedgerError("The log writes its indexes and where its parts begin and end itself. Send another entry.")


def _outcome(entry: _QueuedEntry) -> Logged:
    if entry.error is not None:
        raise entry.error
    if entry.index is None:
        raise LedgerError("The entry was lost on the way. Append it again.")
    return Logged(entry.index, entry.leaf)


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
