"""One log as this hub audited it: its files, in a folder that is itself a complete log.

    .accused      what it contradicts itself about: it is never believed again
    .ahead.json   checkpoints that somebody in the house saw, and that the log has not shown this hub yet
    .seen.json    the newest checkpoint that was audited; each part has its own
    checkpoint, tile/…, tags/…, next, 1/…    as the log lays them out

Nothing gets in that is not proven by a checkpoint which continues the one before. Files that were damaged since are
found out when they are used, and fetched again.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nightlatch.durably import make_folder, write_durably
from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.giving import Programme
from nightlatch.hub.serve.logs.staging import Staging
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint
from nightlatch.ledger.contradictions import of_begin, of_index, of_longer, read_contradiction, receipt_of
from nightlatch.ledger.errors import About, Contradicted, Forked, LedgerError, Unproven, Why
from nightlatch.ledger.folio import Folio
from nightlatch.ledger.frontier import TileTree, frontier_of
from nightlatch.ledger.growing import Growth, OpenSpans, Read, read_on
from nightlatch.ledger.memory import Memory
from nightlatch.ledger.merkle import is_consistent
from nightlatch.ledger.parts import BEGIN, NEXT, Part, first_part, is_last, read_begin, read_next, says
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.spans import Spans
from nightlatch.ledger.tags import SPANS, due, index_of, read_index_path
from nightlatch.ledger.tiles import WIDTH, TileFile, entry_tile, read_tile_path, unbundle
from nightlatch.seal.note import MOST_SIGNATURES, Note, Signature, Verifier

MOST_AHEAD = 16
MOST_COSIGNED = 64
AGAIN_AFTER_S = 300.0


class Overtaken(Exception):
    """Another programme's reading of the same log was faster. Begin anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the mirror of a part stands on: an audited checkpoint and the files under it."""

    checkpoint: Checkpoint
    note: str
    folio: Folio
    tags: Spans
    growth: Growth  # never grown itself: copies are

    @property
    def is_finished(self) -> bool:
        """Whether another part follows."""
        return bool(self.growth.last) and is_last(self.growth.last)


@dataclass(frozen=True, slots=True)
class Grown:
    """What was read up to a checkpoint and fits it; not in the mirror yet."""

    base: Kept | None
    checkpoint: Checkpoint
    note: str
    growth: Growth
    staging: Staging
    tree: TileTree


class _Near:
    """Reads whole bundles from this disk where they are: what a restart or damage left. The root judges them."""

    def __init__(self, folder: Path, staging: Staging, fetch: Read) -> None:
        self._folder, self._staging, self._fetch = folder, staging, fetch
        self.is_used = False

    def read(self, path: str) -> bytes:
        """Raises what `fetch` raises."""
        for raw in () if ".p/" in path else (self._staging.get(path), _left(self._folder / path)):
            with contextlib.suppress(LedgerError):
                if raw is not None and len(unbundle(raw)) == WIDTH:
                    self.is_used = True
                    return raw
        return self._fetch(path)


def _left(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


class PartMirror:
    """One part of the log. Calls may come from several threads."""

    def __init__(self, part: Part, folder: Path, evidence: Path) -> None:
        """Raises `LedgerError` when what is remembered is damaged: a log must not profit from that."""
        self.part, self.folder = part, folder
        self._whole = folder.parent if part.number else folder
        self.memory = Memory(folder / ".seen.json", evidence)
        self.kept: Kept | None = None
        self.shown: Note | None = None  # for the page, with all cosignatures
        self.cosigned: dict[int, Signature] = {}  # by size: this hub's own
        self._lock = threading.RLock()
        self._again_s = 0.0  # until when a log whose entries do not fit is not read whole again
        self._open()

    # ---- reading on ------------------------------------------------------------------------------------------------

    def read(self, note: str, fetch: Read, who: str) -> Grown:
        """Read up to a checkpoint and check all of it; `who` keeps two readers of one log apart.

        Raises:
            Unproven: the entries are not those of the checkpoint.
            Forked: they are, and do not continue what was audited before.
            Contradicted: the log says of itself what is not true.
        """
        checkpoint, _ = open_checkpoint(note, self.part.policy.log)
        base, staging = self.kept, Staging(self.folder / f".reading-{who}", self._whole)
        held, near = self.memory.newest(), _Near(self.folder, staging, fetch)
        growth = base.growth.copy() if base is not None else Growth()
        try:
            try:
                read_on(near.read, growth, checkpoint, staging.keep)
            except Contradicted:
                raise
            except Unproven:  # a fork, or files here that were damaged: read everything again, from the log alone
                if (base is None and not near.is_used) or time.monotonic() < self._again_s:
                    raise
                self._again_s = time.monotonic() + AGAIN_AFTER_S
                staging.clear()
                growth = Growth()
                read_on(fetch, growth, checkpoint, staging.keep)
        except Contradicted as contradicted:
            self._blame(contradicted, checkpoint, note, staging)
        except Unproven:
            staging.clear()
            raise
        tree = TileTree(checkpoint.size, lambda path: staging.get(path) or _on_disk(self.folder / path))
        grown = Grown(base, checkpoint, note, growth, staging, tree)
        if held is not None:
            try:
                self.hold(grown, held.checkpoint)
            except Forked as forked:
                self.memory.accuse(checkpoint, note, forked)
                raise
        return grown

    def hold(self, grown: Grown, seen: Checkpoint) -> None:
        """Hold what was read against a checkpoint that was seen before. Raises `Forked`, `LedgerError`."""
        if not 0 < seen.size <= grown.checkpoint.size:
            return
        root, size = grown.tree.root(seen.size), grown.checkpoint.size
        if root == seen.root:
            return
        path = grown.tree.consistency(seen.size, size)
        grown.staging.clear()
        if not is_consistent(seen.size, size, root, grown.checkpoint.root, path):
            self.kept = None  # what does not fit is on this disk
            raise LedgerError("Files of the programme's log were damaged here. They are fetched again.")
        raise Forked("The log does not continue what it showed before.", root, path)

    def keep(self, grown: Grown, cosign: Callable[[], Signature]) -> None:
        """Take it into the mirror; `cosign` remembers the checkpoint, durably, before it signs.

        Raises:
            Overtaken: somebody else took in something meanwhile.
            Unproven: as `cosign`.
        """
        with self._lock:
            if self.kept is not grown.base:
                grown.staging.clear()
                raise Overtaken
            before = grown.base.growth.frontier.tails() if grown.base else []
            grown.staging.promote(self.folder)
            self._own(grown.checkpoint.size, cosign())
            self.kept = self._stand_on(grown.checkpoint, grown.note, grown.growth)
            if self.shown is None:
                self.show(Note(str(grown.checkpoint), open_checkpoint(grown.note, self.part.policy.log)[1].signatures))
            now = {made.path for made in grown.growth.frontier.tails()}
            for made in before:
                if made.path not in now:
                    (self.folder / made.path).unlink(missing_ok=True)
                    if made.tile.level == 0:
                        (self.folder / entry_tile(made.tile.n, made.tile.width)).unlink(missing_ok=True)

    def _blame(self, contradicted: Contradicted, checkpoint: Checkpoint, note: str, staging: Staging) -> None:
        """Keep what shows a lie, and raise it."""
        tree = TileTree(checkpoint.size, lambda path: staging.get(path) or _on_disk(self.folder / path))

        def entries(begin: int, end: int) -> list[bytes]:
            found, first = list[bytes](), begin // WIDTH
            for n in range(first, -(-end // WIDTH)):
                path = entry_tile(n, min(WIDTH, checkpoint.size - n * WIDTH))
                found += unbundle(staging.get(path) or _on_disk(self.folder / path))
            return found[begin - first * WIDTH : end - first * WIDTH]

        [spoken] = entries(contradicted.index, contradicted.index + 1)
        if contradicted.about is About.NEXT:
            text = receipt_of(tree, contradicted.index, spoken, note)
        else:
            level, n = due(contradicted.index) or (0, 0)
            span = entries(SPANS[level] * n, SPANS[level] * (n + 1))
            text = of_index(tree, contradicted.index, note, span, spoken)
        staging.clear()
        try:
            read_contradiction(text, [self.part.policy.log])
        except Unproven:
            self.kept = None  # it shows nothing: what does not fit is on this disk
            raise LedgerError("Files of the programme's log were damaged here. They are fetched again.") from None
        self.memory.prove(text)
        raise contradicted

    # ---- what is shown ---------------------------------------------------------------------------------------------

    def file(self, path: str, fetch: Read) -> bytes | None:
        """A file of this part; None where there is none. A damaged one is fetched again.

        Raises:
            LedgerError: it is damaged, and the log does not show it.
        """
        kept = self.kept
        if path == "checkpoint":
            return str(self.shown).encode() if self.shown is not None else None
        if kept is None:
            return None
        if path in ("next", "begin"):
            return self._event(kept, path, fetch)
        try:
            return _of(kept, path)
        except LedgerError:
            if (now := self.kept) is not None and now is not kept:  # it was moved on from meanwhile
                return _of(now, path)
            wanted = read_tile_path(path)
            if wanted is None or wanted.level > 0:
                self.kept = None  # the next look reads what is missing
                raise
            entries = entry_tile(wanted.n, min(WIDTH, kept.checkpoint.size - wanted.n * WIDTH))
            staging = Staging(self.folder / ".reading-again", self._whole)
            staging.keep(entries, fetch(entries))
            with self._lock:
                staging.promote(self.folder)
                kept = self._stand_on(kept.checkpoint, kept.note, kept.growth)
                if self.kept is not None and self.kept.checkpoint == kept.checkpoint:
                    self.kept = kept
            return _of(kept, path)

    def _event(self, kept: Kept, path: str, fetch: Read) -> bytes | None:
        """What the last or the first entry commits to. Raises as `file`."""
        is_there = kept.is_finished if path == "next" else self.part.number > 0
        if not is_there:
            return None
        kind, leaf = (NEXT, kept.growth.last) if path == "next" else (BEGIN, kept.folio.leaf(0))
        if (raw := _left(self.folder / path)) is not None and says(leaf, kind, raw):
            return raw
        if not says(leaf, kind, raw := fetch(path)):
            raise LedgerError(f"The log shows another file {path} than before. Ask the programme.")
        write_durably(self.folder / path, raw)
        return raw

    def holds(self, checkpoint: Checkpoint) -> bool | None:
        """Whether a checkpoint is of the tree that was audited; None for one that is larger."""
        kept = self.kept
        if kept is None or checkpoint.size > kept.checkpoint.size:
            return None
        try:
            return kept.folio.root(checkpoint.size) == checkpoint.root
        except LedgerError:
            self.kept = None  # files were damaged here: the next look reads them again
            raise

    def show(self, note: Note) -> None:
        """Show the page this checkpoint, which was audited, with all cosignatures that came and this hub's own."""
        size = int(note.text.split("\n")[1])
        known = self.shown.signatures if self.shown is not None and self.shown.text == note.text else ()
        signatures = {(each.name, each.id): each for each in (*known, *note.signatures)}
        if (own := self.cosigned.get(size)) is not None:
            signatures[own.name, own.id] = own
        policy = self.part.policy
        keys = {(key.name, key.id) for key in (policy.log, *(key for _, key in policy.witnesses))}
        keys |= {(own.name, own.id)} if own is not None else set()
        first = sorted(signatures.values(), key=lambda each: (each.name, each.id) not in keys)
        self.shown = Note(note.text, tuple(first[:MOST_SIGNATURES]))  # a page reads no more than that
        with contextlib.suppress(OSError):
            make_folder(self.folder)
            (self.folder / "checkpoint").write_text(str(self.shown))

    def cosign(self, size: int, signature: Signature) -> None:
        """Remember this hub's own cosignature of an audited tree."""
        with self._lock:
            self._own(size, signature)

    def accuse_of(self, checkpoint: Checkpoint, note: str) -> Unproven:
        """What a checkpoint shows that the log signed and that is not of the audited tree; the evidence is kept."""
        kept = self.kept
        if kept is None:
            return Unproven(Why.NOT_INCLUDED, "Files of the log were damaged here. They are fetched again.")
        size = kept.checkpoint.size
        if checkpoint.size <= size:
            root, path = kept.folio.root(checkpoint.size), kept.folio.consistency(checkpoint.size, size)
            why: Unproven = Forked("The log shows two different trees.", root, path)
            self.memory.accuse(checkpoint, note, why)
            return why
        receipt = receipt_of(kept.folio, size - 1, kept.growth.last, kept.note)
        self.memory.prove(of_longer(receipt, note))
        return Contradicted("A part of the log goes on after its end.", About.NEXT, size - 1)

    def _own(self, size: int, signature: Signature) -> None:
        self.cosigned[size] = signature
        while len(self.cosigned) > MOST_COSIGNED:
            del self.cosigned[min(self.cosigned)]

    # ---- opening ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        held = self.memory.newest()
        if held is None:
            return
        with contextlib.suppress(NightlatchError, OSError):  # what is damaged is read again from the log
            self.kept = self._stand_on(held.checkpoint, held.note, None)
        with contextlib.suppress(NightlatchError, OSError):
            checkpoint, note = open_checkpoint((self.folder / "checkpoint").read_bytes(), self.part.policy.log)
            if self.holds(checkpoint):
                self.shown = note

    def _stand_on(self, checkpoint: Checkpoint, note: str, growth: Growth | None) -> Kept:
        """Raises `LedgerError`, `OSError` for files that are missing or damaged."""
        folio = Folio(self.folder)
        if checkpoint.size:
            folio.open(checkpoint)
        tags, last = Spans(folio), folio.leaf(checkpoint.size - 1) if checkpoint.size else b""
        if last and is_last(last):  # it does not grow any more: a megabyte less in memory
            return Kept(checkpoint, note, folio, tags, Growth(last=last))
        return Kept(checkpoint, note, folio, tags, growth or _growth(folio, tags))


def _of(kept: Kept, path: str) -> bytes | None:
    """A file under an audited checkpoint; partial ones are cut from what there is. Raises `LedgerError`."""
    if (index := read_index_path(path)) is not None:
        return kept.tags.file(*index)
    wanted = read_tile_path(path)
    if wanted is None:
        return None
    count = kept.checkpoint.size >> (8 * max(wanted.level, 0))
    width = min(WIDTH, count - wanted.n * WIDTH)
    if wanted.width > width:
        return None
    raw = kept.folio.file(TileFile(wanted.level, wanted.n, width))
    if raw is None:
        raise LedgerError(f"A file of the programme's log is missing here ({path}). It is fetched again.")
    if wanted.width == width:
        return raw
    if wanted.level >= 0:
        return raw[: 32 * wanted.width]
    at = 0
    for _ in range(wanted.width):
        at += 2 + int.from_bytes(raw[at : at + 2])
    return raw[:at]


def _growth(folio: Folio, tags: Spans) -> Growth:
    """What reading on needs, from the files of a mirror. Raises `LedgerError`."""
    size = folio.size

    def tile(path: str) -> bytes:
        wanted = read_tile_path(path)
        raw = folio.file(wanted) if wanted is not None else None
        if raw is None:
            raise LedgerError(f"A file of the programme's log is missing here ({path}). It is fetched again.")
        return raw

    def bucket(n: int) -> bytes:
        if (raw := tags.file(0, n, 0)) is not None:
            return raw
        return index_of(0, n, (folio.leaf(at) for at in range(SPANS[0] * n, SPANS[0] * (n + 1)))).buckets[0]

    spans = OpenSpans()
    spans.resume(size, bucket, folio.leaf)
    tail = [folio.leaf(at) for at in range(size - size % WIDTH, size)]
    return Growth(frontier_of(size, tile), spans, tail, folio.leaf(size - 1) if size else b"")


def _on_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise LedgerError("A file of the programme's log is missing here. It is fetched again.") from None


class Mirror:
    """All parts of one log, and what it is accused of."""

    def __init__(self, folder: Path, evidence: Path, policy: Policy) -> None:
        """`policy` is that of its first part. Raises `LedgerError` when what is remembered is damaged."""
        self.folder, self._evidence = folder, evidence
        self._lock = threading.Lock()
        self.parts = [PartMirror(first_part(policy), folder, evidence)]
        with contextlib.suppress(NightlatchError, OSError):
            while (kept := self.newest.kept) is not None and kept.is_finished:
                self._add(read_next((self.newest.folder / "next").read_bytes(), kept.growth.last, self.newest.part))
        self._ahead: list[str] = _read_ahead(folder / ".ahead.json")

    @property
    def newest(self) -> PartMirror:
        """The part that grows."""
        return self.parts[-1]

    def memory_of(self, origin: str, part: PartMirror) -> Memory:
        """Where the part with this origin is remembered; `part` if there is none."""
        return next((each.memory for each in self.parts if each.part.policy.log.name == origin), part.memory)

    @property
    def accused(self) -> str | None:
        """What this log contradicts itself about."""
        try:
            return (self.folder / ".accused").read_text()
        except OSError:
            return None

    def accuse(self, sentence: str) -> None:
        """Never believe this log again."""
        make_folder(self.folder)
        write_durably(self.folder / ".accused", sentence.encode())

    def goes_on(self, raw: bytes) -> PartMirror:
        """Take in the file `next` of the newest part, which is finished; the part that follows. Raises `Unproven`."""
        with self._lock:
            newest, kept = self.newest, self.newest.kept
            if kept is None or not kept.is_finished:
                raise Unproven(Why.NOT_INCLUDED, "The log goes on in a part that does not follow.")
            part = read_next(raw, kept.growth.last, newest.part)
            write_durably(newest.folder / "next", raw)
            return self._add(part)

    def begins(self, grown: Grown, number: int, raw: bytes) -> None:
        """Check the file `begin` of a part that was read for the first time, and keep it. Raises `Contradicted`."""
        before, part = self.parts[number - 1].kept, self.parts[number]
        if before is None:
            raise LedgerError("The part before is not read yet.")
        first = unbundle(_staged(grown, entry_tile(0, min(WIDTH, grown.checkpoint.size))))[0]
        try:
            read_begin(raw, first, before.checkpoint)
        except Unproven as unproven:
            part.memory.prove(of_begin(receipt_of(grown.tree, 0, first, grown.note), raw, before.note))
            raise Contradicted(str(unproven), About.BEGIN, 0) from None
        grown.staging.keep("begin", raw)

    def _add(self, part: Part) -> PartMirror:
        self.parts.append(PartMirror(part, self.folder / str(part.number), self._evidence))
        return self.newest

    # ---- what others saw -------------------------------------------------------------------------------------------

    @property
    def ahead(self) -> tuple[str, ...]:
        """Checkpoints that somebody in the house saw, and that the log has not shown this hub yet."""
        return tuple(self._ahead)

    def expect(self, note: str) -> None:
        """Remember a checkpoint until the log has shown it. Raises `OSError`."""
        with self._lock:
            if note not in self._ahead:
                self._ahead = [*self._ahead, note][-MOST_AHEAD:]
                self._write_ahead()

    def met(self, notes: Iterable[str]) -> None:
        """These were shown. Raises `OSError`."""
        gone = set(notes)
        if not gone:
            return
        with self._lock:
            self._ahead = [each for each in self._ahead if each not in gone]
            self._write_ahead()

    def _write_ahead(self) -> None:
        make_folder(self.folder)
        write_durably(self.folder / ".ahead.json", json.dumps(self._ahead).encode())


def _staged(grown: Grown, path: str) -> bytes:
    raw = grown.staging.get(path)
    if raw is None:
        raise LedgerError("The log shows no first entry of its part.")
    return raw


def _read_ahead(path: Path) -> list[str]:
    try:
        return [str(each) for each in json.loads(path.read_text())][-MOST_AHEAD:]
    except (OSError, ValueError, TypeError):
        return []


def name_of(key: Verifier) -> str:
    """The name of a log's folder: 16 hex digits of its name and key."""
    return sha256(f"{key.name}\n".encode() + key.public).hexdigest()[:16]


def adopt(mirror: Mirror, programme: Programme, data_dir: Path) -> None:
    """Take over what a hub before 0.4 remembered of a programme's log. Raises `LedgerError` when that is damaged."""
    first = mirror.parts[0]
    old = data_dir / f"log-{sha256(programme.key.encode()).hexdigest()[:16]}.json"
    if first.memory.newest() is not None or (held := Memory(old, first.memory.evidence).newest()) is None:
        return
    with contextlib.suppress(Unproven):  # it joined another log under the same key meanwhile
        open_checkpoint(held.note, first.part.policy.log)
        first.memory.keep(held.checkpoint, held.note)
