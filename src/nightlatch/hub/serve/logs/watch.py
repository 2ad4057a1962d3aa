"""Watches the log of one programme, and is a witness of it.

It waits at the log for each new checkpoint, reads what is new, holds it against what the log was before, cosigns it,
and brings the cosignature. Between that, and when a page asks, it looks at what the log shows to everybody: that must
be of the same tree. A log of plain files is only looked at.

One look ends within ten minutes and reads at most one and a half million entries and 64 parts, so a log that drips,
hangs or never ends holds up nothing else. Nothing that a log says ends the watch: whatever goes wrong is logged, and
the next look comes. After two looks that came to nothing, Home says since when the log has been silent.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog

from nightlatch.domain.time import Clock
from nightlatch.errors import NightlatchError, NotFound, Refused
from nightlatch.hub.serve.giving import Programme, ProgrammeClient
from nightlatch.hub.serve.giving.proving import Place
from nightlatch.hub.serve.logs.key import witness_key
from nightlatch.hub.serve.logs.mirror import Grown, Mirror, Overtaken, PartMirror
from nightlatch.hub.serve.logs.staging import settle
from nightlatch.ledger.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from nightlatch.ledger.client import WITHIN_S, LogClient
from nightlatch.ledger.errors import LedgerError, Unproven, Why
from nightlatch.ledger.growing import Read
from nightlatch.ledger.parts import Position, part_of
from nightlatch.ledger.policy import Policy, check_note, read_policy
from nightlatch.ledger.tiles import PUBLIC
from nightlatch.ledger.witness import Moved, Witness, read_request, request
from nightlatch.seal.note import Note, NoteError, read_note

EVERY_S = 60.0  # between looks that nobody asked for; a log confirms itself that often
WAIT_S = 4  # at the log, for its next checkpoint
LOOK_WITHIN_S = 600.0  # a million entries are 4,000 bundles
MOST_ENTRIES = 1_500_000  # in one look: a month of a million, and what the log says of itself
MOST_PARTS_A_LOOK = 64
MISSES = 2  # looks that come to nothing before it is said
IDLE_S = 10.0  # after an answer that was none; between looks at plain files
AGAIN_S = 2.0  # between looks that pages ask for
PAGE_WAITS_S = 1.0  # for such a look; then it gets what is here
COSIGNED_S = 10.0  # the log takes no second cosignature of a tree before that
LEAST_S = 1.0  # between two questions, if nothing is new
SHORTLY_S = 0.4  # until a log has the cosignatures of a checkpoint that it has just been brought one for
TRIES = 3
MOST_BACK = 4  # finished parts that one look returns to, besides the last
log = structlog.get_logger()


class NotAudited(NightlatchError):
    """Nothing of this log was audited here yet."""


class LogDoubted(Refused):
    """The log contradicted itself: nothing that it shows is passed on."""


@dataclass(frozen=True, slots=True)
class LogTrouble:
    """What Home says about one programme's log: why it is not believed, and since when it has been silent."""

    programme: str
    trouble: str | None
    silent_since_ms: int | None


class Watch:
    """One programme's log. Calls may come from several threads."""

    def __init__(self, programme: Programme, mirror: Mirror, data_dir: Path, clock: Clock) -> None:
        self.programme, self.mirror = programme, mirror
        self._data_dir, self._clock = data_dir, clock
        self._policy = read_policy(programme.policy)
        self.within_s = WITHIN_S  # for each answer of the log
        self.trouble: str | None = None  # what Home says
        # Why nothing is given: for ever (see `Mirror.accused`), or while the log shows less than before.
        self.doubt: str | None = None
        self._proven: str | None = None  # the doubt that stays
        self.vouched = self.size  # entries that this hub has cosigned, in the newest part
        self.heard_ms: int | None = None  # when a look last ended well
        self.on_doubt: Callable[[Programme, str | None], None] | None = None
        self.bring_later: Callable[[Programme, str], None] | None = None  # for a log that is away
        self._missed = 0
        self._began_ms: int | None = None  # when the first of the missed looks began
        self._looked_s = float("-inf")  # when the last look ended
        self._reads_on = False  # the last look ended before it had read everything
        self._behind: frozenset[str] = frozenset()  # what somebody saw and the last look did not
        self._one_at_a_time = threading.Lock()
        self._is_looking = threading.Lock()
        if mirror.accused is not None:
            self._doubt(mirror.accused)

    @property
    def name(self) -> str:
        """The programme's, as a sentence can hold it."""
        return self.programme.name if len(self.programme.name) <= 80 else f"{self.programme.name[:79]}…"

    @property
    def size(self) -> int | None:
        """How many entries of the newest part were audited."""
        kept = self.mirror.newest.kept
        return kept.checkpoint.size if kept is not None else None

    @property
    def silent_since_ms(self) -> int | None:
        """Since when nothing that can be read has come from the log; None while that may be a passing trouble."""
        return self._began_ms if self._missed >= MISSES else None

    # ---- the watch -------------------------------------------------------------------------------------------------

    def turn(self) -> float:
        """One turn of the watch: a look if it is due, else waiting at the log. How long to rest then, in seconds."""
        began_s = time.monotonic()
        if self._reads_on or began_s - self._looked_s >= EVERY_S:
            self.try_look()
            return 0.0 if self._missed == 0 else min(IDLE_S, EVERY_S)
        before, is_asked = self._position(), False
        with said():
            is_asked = self.vouch(WAIT_S)
        if not is_asked:
            return min(IDLE_S, EVERY_S)
        # a log that answers at once and has nothing new is not asked without end
        return 0.0 if self._position() != before else max(0.0, LEAST_S - (time.monotonic() - began_s))

    def try_look(self, *, counts: bool = True) -> None:
        """One look; whatever goes wrong is logged and (if it `counts`) counted, never raised."""
        began_ms = self._clock.now_ms()
        is_heard = False
        try:
            with said():
                try:
                    self.look()
                    is_heard = True
                except OSError as error:  # of this hub's disk: the log is not to blame
                    counts = False
                    kept = f"The log of {self.name} cannot be kept on this hub's disk ({error.strerror})."
                    self.trouble = self.doubt or f"{kept} Make room."
                    raise
        finally:
            self._looked_s = time.monotonic()
        if is_heard:
            self._missed, self._began_ms, self.heard_ms = 0, None, self._clock.now_ms()
        elif counts:
            self._missed += 1
            self._began_ms = self._began_ms or self.heard_ms or began_ms

    def freshen(self) -> None:
        """A page asks: look again unless that was done just now, and wait a moment for what comes of it."""
        if time.monotonic() - self._looked_s < AGAIN_S or self.doubt is not None:
            return
        if self._is_looking.acquire(blocking=False):
            over = threading.Event()

            def run() -> None:
                try:
                    self.try_look(counts=False)
                finally:
                    self._is_looking.release()
                    over.set()

            threading.Thread(target=run, name="log-look", daemon=True).start()
            over.wait(PAGE_WAITS_S)
        elif self._is_looking.acquire(timeout=PAGE_WAITS_S):
            self._is_looking.release()

    def look(self) -> None:
        """Read what is new, hold it against what was before, cosign it, and look at what everybody is shown.

        Raises:
            NightlatchError: it cannot be read.
        """
        self._reads_on = False
        if (why := self._proven or self.mirror.accused) is not None:
            self._doubt(why)
            return
        until_s = time.monotonic() + LOOK_WITHIN_S
        behind = frozenset(self.mirror.ahead)
        try:
            with self._one_at_a_time:
                at = self._position()
                self._take(self._newest_note(), at, until_s)
            self._look_at_shown(until_s)
            self._look_back(until_s)
        except Unproven as unproven:
            self._judge(unproven)
            return
        still = behind & frozenset(self.mirror.ahead)
        is_behind, self._behind = bool(still & self._behind), still
        if self.doubt is not None:
            self._doubt(None)
        self.trouble = (
            f"The log of {self.name} has shown more entries than it lets this hub read." if is_behind else None
        )

    def vouch(self, wait_s: int) -> bool:
        """Wait at the log for its next checkpoint, read what is new, and cosign it; False when it asks nobody.

        Raises:
            NightlatchError: the log cannot be reached.
        """
        if self.doubt is not None:
            return False
        at = self._position()
        try:
            asked = self._client.question(int(at), wait_s)
        except NotFound:  # plain files ask nobody
            return False
        except Moved:  # it has less than it had: a look judges that
            self._looked_s = float("-inf")
            return True
        try:
            note = read_request(asked).note
            with self._one_at_a_time:
                if int(self._stands(note)) > int(self._position()):
                    self._take(note, at, time.monotonic() + LOOK_WITHIN_S)
        except Unproven as unproven:
            self._judge(unproven)
            return False
        return True

    # ---- reading ---------------------------------------------------------------------------------------------------

    @property
    def _client(self) -> LogClient:
        return LogClient(self.programme.log_url, within_s=self.within_s)

    def _position(self) -> Position:
        newest = self.mirror.newest
        return Position(newest.part.number, newest.kept.checkpoint.size if newest.kept is not None else 0)

    def _stands(self, note: str) -> Position:
        """Where a note says that the log stands; nothing of it is believed yet. Raises `Unproven`."""
        told = _told(note)
        return Position(part_of(told.origin, self._policy.log.name), told.size)

    def _newest_note(self) -> str:
        """The note of the newest checkpoint, which may still need cosignatures; else the one that is shown."""
        try:
            return read_request(self._client.question(int(self._position()))).note
        except (NotFound, Moved):
            return self._read("checkpoint", self.mirror.newest)

    def _take(self, note: str, at: Position, until_s: float) -> None:
        """Read up to this checkpoint, part after part, and cosign each; `at` is where the log was when it was asked.

        Raises:
            Unproven: it contradicts itself, or what it showed before, or shows less than it did.
            LedgerError: it cannot be read.
        """
        left = MOST_ENTRIES
        for _ in range(MOST_PARTS_A_LOOK):
            newest = self.mirror.newest
            wanted = self._stands(note).part
            if wanted < newest.part.number:
                old = self.mirror.parts[wanted]
                checkpoint, _ = open_checkpoint(note, old.part.policy.log)
                if old.holds(checkpoint):  # an answer that came late
                    return
                raise old.accuse_of(checkpoint, note)
            here = note if wanted == newest.part.number else self._read("checkpoint", newest)
            if left < MOST_ENTRIES and _told(here).size > left:
                break
            left -= self._grow(newest, here, at, until_s)
            if newest.kept is None or not newest.kept.is_finished:
                if wanted > newest.part.number:
                    raise Unproven(Why.NOT_INCLUDED, "The log goes on in a part that does not follow.")
                return
            self._show_finished(newest, here)
            following = self.mirror.goes_on(self._files(newest, until_s)("next"))
            if wanted == newest.part.number:
                try:
                    note = self._read("checkpoint", following)
                except NotFound:  # the log has not begun it yet
                    return
        self._reads_on = True

    def _grow(self, part: PartMirror, note: str, at: Position, until_s: float) -> int:
        """Read one part up to a checkpoint; how many entries that were. Raises `Unproven`, `LedgerError`."""
        checkpoint, opened = open_checkpoint(note, part.part.policy.log)
        size = part.kept.checkpoint.size if part.kept is not None else 0
        if not self._is_new(part, checkpoint, note, at):
            return 0
        if checkpoint.size - size > MOST_ENTRIES:
            raise LedgerError(f"The log says that it has more than {MOST_ENTRIES} entries: more than a hub can check.")
        if part.kept is not None and checkpoint.size == size:
            self._cosign(part, checkpoint, request(size, [], note), opened)
            return 0
        self._hold_others(part, checkpoint, note)
        try:
            for _ in range(TRIES):
                with contextlib.suppress(Overtaken):
                    self._keep(part, part.read(note, self._files(part, until_s), self.programme.id), until_s)
                    return checkpoint.size - size
        except NightlatchError:
            with contextlib.suppress(OSError):
                self.mirror.expect(note)  # signed, and not shown: it is held against what is shown later
            raise
        raise LedgerError("The log is being read for another programme. The next look reads on.")

    def _is_new(self, part: PartMirror, checkpoint: Checkpoint, note: str, at: Position) -> bool:
        """Whether a checkpoint is of as many entries as are remembered, or of more; else it must be an old one.

        Raises:
            Unproven: it is of another tree, or this log has shown this hub more before.
        """
        held = part.memory.newest()
        if held is None or checkpoint.size > held.checkpoint.size:
            return True
        if checkpoint.size == held.checkpoint.size:
            if checkpoint.root == held.checkpoint.root:
                return True
            part.memory.accuse(checkpoint, note)
            raise Unproven(Why.FORK, "The log shows two different trees of one size.")
        if part.holds(checkpoint) is False:
            raise part.accuse_of(checkpoint, note)
        if part.kept is None or int(Position(part.part.number, checkpoint.size)) < int(at):
            part.memory.accuse(checkpoint, note)
            told = f"The log was at {held.checkpoint.size} already and now says {checkpoint.size}."
            raise Unproven(Why.ROLLBACK, told)
        return False  # it moved on while it was asked

    def _keep(self, part: PartMirror, grown: Grown, until_s: float) -> None:
        """Take in what was read, cosign it, and bring that. Raises `Unproven`, `Overtaken`."""
        number, size = part.part.number, grown.checkpoint.size
        if number and part.kept is None:
            self.mirror.begins(grown, number, self._files(part, until_s)("begin"))
        met = self._hold_ahead(part, grown)
        held = part.memory.newest()
        old = held.checkpoint.size if held is not None else 0
        asked = request(old, grown.tree.consistency(old, size), grown.note)
        _, opened = open_checkpoint(grown.note, part.part.policy.log)
        part.keep(grown, lambda: self._witness(part).add_checkpoint(asked))
        self._bring(Note(opened.text, (part.cosigned[size],)))
        self.vouched = size
        self.mirror.met(met)
        settle(part.folder)

    def _hold_ahead(self, part: PartMirror, grown: Grown) -> list[str]:
        """Hold what was read against what others in the house saw; those that it confirms. Raises `Forked`."""
        met = list[str]()
        for note in self.mirror.ahead:
            try:
                seen, _ = open_checkpoint(note, part.part.policy.log)
            except Unproven as unproven:
                if unproven.why is not Why.WRONG_ORIGIN:
                    met.append(note)  # nobody believes it: the log did not sign it
                continue
            if seen.size > grown.checkpoint.size:
                continue
            try:
                part.hold(grown, seen)
            except Unproven as unproven:
                part.memory.prove_fork(note, grown.note, unproven)
                raise
            met.append(note)
        return met

    def _look_at_shown(self, until_s: float) -> None:
        """Look at the checkpoint that everybody is shown, and take its cosignatures.

        Raises:
            Unproven: it is not of the tree that was audited, or nobody who counts cosigned it lately.
        """
        for attempt in range(0 if self._reads_on else TRIES):
            part = self.mirror.newest
            note = self._read("checkpoint", part)
            checkpoint, opened = open_checkpoint(note, part.part.policy.log)
            if part.holds(checkpoint) is None:
                with self._one_at_a_time:
                    self._take(note, Position(0, 0), until_s)
            if part.holds(checkpoint) is False:
                raise part.accuse_of(checkpoint, note)
            policy = self._policy_of(part)
            try:
                check_note(note, policy, self._clock.now_ms())
            except Unproven:
                if attempt + 1 < TRIES:  # the log may just be collecting them
                    time.sleep(SHORTLY_S)
                    continue
                if part.shown is None or not _has_quorum(str(part.shown), policy):
                    self._show(part, checkpoint, opened)
                raise
            self._show(part, checkpoint, opened)
            return

    def _show(self, part: PartMirror, checkpoint: Checkpoint, opened: Note) -> None:
        if self._is_about_to_go_on(part, checkpoint):
            return
        before = _told(str(part.shown)) if part.shown is not None else None
        if checkpoint.size in part.cosigned and (before is None or checkpoint.size >= before.size):
            part.show(opened)

    def _is_about_to_go_on(self, part: PartMirror, checkpoint: Checkpoint) -> bool:
        """Whether this is the end of a part, and the next one cannot be shown yet: the page would look for it."""
        if part.kept is None or not part.kept.is_finished or checkpoint.size < part.kept.checkpoint.size:
            return False
        following = self.mirror.parts[part.part.number + 1 : part.part.number + 2]
        return part.shown is not None and (not following or following[0].shown is None)

    def _look_back(self, until_s: float) -> None:
        """Look at finished parts: they must not go on after their end. Raises `Unproven`.

        The last one each time; earlier ones until the page can be shown their end as their witnesses saw it.
        """
        finished = self.mirror.parts[:-1]
        unseen = [part for part in finished[:-1] if part.kept is None or not self._is_shown(part)]
        for part in [*finished[-1:], *unseen[-MOST_BACK:]]:
            if time.monotonic() > until_s:
                return
            note = self._read("checkpoint", part)
            checkpoint, _ = open_checkpoint(note, part.part.policy.log)
            if part.kept is None:  # its files were damaged here
                with self._one_at_a_time:
                    self._grow(part, note, Position(0, 0), until_s)
            if part.holds(checkpoint) is not True:
                raise part.accuse_of(checkpoint, note)
            self._show_finished(part, note)

    def _is_shown(self, part: PartMirror) -> bool:
        if part.shown is None or part.kept is None or not _has_quorum(str(part.shown), self._policy_of(part)):
            return False
        return _told(str(part.shown)).size == part.kept.checkpoint.size

    def _show_finished(self, part: PartMirror, note: str) -> None:
        checkpoint, opened = open_checkpoint(note, part.part.policy.log)
        if part.kept is None or checkpoint.size < part.kept.checkpoint.size or self._is_shown(part):
            return
        if checkpoint.size not in part.cosigned:
            part.cosign(checkpoint.size, self._witness(part).add_checkpoint(request(checkpoint.size, [], note)))
        self._show(part, checkpoint, opened)

    def _files(self, part: PartMirror, until_s: float) -> Read:
        """Reads files of a part by their paths in it, for as long as a look may take; raises `LedgerError`."""
        client = ProgrammeClient(self.programme)

        def read(path: str) -> bytes:
            if time.monotonic() > until_s:
                raise LedgerError("The log takes too long to be read. The next look reads on.")
            try:
                return client.log_file(part.part.prefix + path)
            except NotFound:
                if ".p/" not in path:
                    raise
                return client.log_file(part.part.prefix + path.partition(".p/")[0])  # it is full by now

        return read

    def _read(self, path: str, part: PartMirror) -> str:
        return ProgrammeClient(self.programme).log_file(part.part.prefix + path).decode("utf-8", "replace")

    # ---- cosigning -------------------------------------------------------------------------------------------------

    def _witness(self, part: PartMirror) -> Witness:
        signer, logs = witness_key(self._data_dir), [each.part.policy.log for each in self.mirror.parts]
        memory = partial(self.mirror.memory_of, part=part)
        return Witness(self._data_dir / "witness", signer, logs, self._clock, memory)

    def _cosign(self, part: PartMirror, checkpoint: Checkpoint, asked: str, opened: Note) -> None:
        """Cosign again a tree that was audited, unless that was done just now. Raises `Unproven`."""
        last = part.cosigned.get(checkpoint.size)
        if last is not None and abs(self._clock.now_ms() // 1000 - int.from_bytes(last.raw[:8])) < COSIGNED_S:
            return
        signature = self._witness(part).add_checkpoint(asked)
        part.cosign(checkpoint.size, signature)
        self.vouched = checkpoint.size
        self._show(part, checkpoint, opened)
        self._bring(Note(opened.text, (signature,)))

    def _bring(self, note: Note) -> None:
        """Bring the log a cosignature; one that does not know this hub hears of it when a clip is given."""
        with said():
            try:
                # plain files take nothing; what moved on is cosigned at the next look
                with contextlib.suppress(NotFound, Moved):
                    self._client.bring(str(note))
            except LedgerError:
                if self.bring_later is None:
                    raise
                self.bring_later(self.programme, str(note))

    # ---- judging ---------------------------------------------------------------------------------------------------

    def place(self, origin: str) -> Place:
        """The part of this log that has this origin, as it is believed. Raises `Unproven`."""
        number = part_of(origin, self._policy.log.name)
        if number >= len(self.mirror.parts):
            self._looked_s = float("-inf")
            raise Unproven(Why.WRONG_ORIGIN, "This hub has not read the log that far yet.")
        mirror = self.mirror.parts[number]
        part = replace(mirror.part, policy=self._policy_of(mirror))
        return Place(part, is_finished=mirror.kept is not None and mirror.kept.is_finished)

    def saw(self, note: str) -> bool:
        """Hold a checkpoint that somebody in the house saw against this log; False while the log has not shown it here.

        Raises:
            Unproven: the log did not sign it, or it is of another tree. Then nothing more is believed of this log.
        """
        number = self._stands(note).part
        if number >= len(self.mirror.parts):
            self.mirror.expect(note)
            return False
        part = self.mirror.parts[number]
        checkpoint, _ = open_checkpoint(note, part.part.policy.log)
        holds = part.holds(checkpoint)
        try:
            if holds is False or (holds is None and part.kept is not None and part.kept.is_finished):
                raise part.accuse_of(checkpoint, note)
            if holds is None:
                self._hold_others(part, checkpoint, note)
                self.mirror.expect(note)
                self._looked_s = float("-inf")
        except Unproven as unproven:
            self._judge(unproven)
            raise
        return holds is True

    def _hold_others(self, part: PartMirror, checkpoint: Checkpoint, note: str) -> None:
        """Two trees of one size, both ahead of what was audited. Raises `Unproven`."""
        for each in self.mirror.ahead:
            with contextlib.suppress(Unproven):
                other, _ = open_checkpoint(each, part.part.policy.log)
                if other.size == checkpoint.size and other.root != checkpoint.root:
                    break
        else:
            return
        unproven = Unproven(Why.FORK, "The log shows two different trees of one size.")
        part.memory.prove_fork(each, note, unproven)
        raise unproven

    def _judge(self, unproven: Unproven) -> None:
        if unproven.why in (Why.FORK, Why.ROLLBACK, Why.CONTRADICTION):
            # only what the log itself signed speaks against it
            sentence = f"The log of {self.name} contradicts itself: {unproven}"
            if unproven.why is not Why.ROLLBACK:
                self._proven = sentence  # also where the disk takes nothing more
                with said():
                    self.mirror.accuse(sentence)
            self._doubt(sentence)
            log.error("log.contradicts_itself", programme=self.name, why=unproven.why.value)
        elif self.doubt is None:
            self.trouble = f"The log of {self.name} cannot be believed now: {unproven}"

    def _doubt(self, sentence: str | None) -> None:
        self.doubt = self.trouble = sentence
        if self.on_doubt is not None:
            self.on_doubt(self.programme, sentence)

    def _policy_of(self, part: PartMirror) -> Policy:
        return part.part.policy if part.part.number else self._policy

    # ---- the page --------------------------------------------------------------------------------------------------

    def file(self, path: str) -> bytes:
        """A file of the log as it was audited here.

        Raises:
            NotFound: the log has none of this name.
            NotAudited: nothing was audited yet.
            LogDoubted: the log contradicted itself.
        """
        found = PUBLIC.match(path)
        if found is None:
            raise NotFound("A log has checkpoints, tiles, indexes, and what ties its parts; nothing else.")
        if found["file"] == "checkpoint":
            self.freshen()
        if self.mirror.accused is not None and self.doubt is None:
            self._doubt(self.mirror.accused)
        if self.doubt is not None:
            raise LogDoubted(f"{self.doubt} Nothing that it shows is passed on. Ask the programme.")
        number = int(found["part"] or 0)
        part = self.mirror.parts[number] if number < len(self.mirror.parts) else None
        if part is None or part.kept is None:  # no 404: a page that saw this part would take it for a rollback
            raise NotAudited(f"The log of {self.name} has not been checked here yet. {self._why()}")
        raw = part.file(found["file"], self._files(part, time.monotonic() + self.within_s))
        if raw is None:
            raise NotFound("The log has no such file.")
        return raw

    def _why(self) -> str:
        if self._missed:
            return "It cannot be reached. Nightlatch keeps trying."
        return "The hub is reading it; a long one takes some minutes."


def _told(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises `Unproven`."""
    try:
        return read_checkpoint(read_note(note).text)
    except NoteError as error:
        raise Unproven(Why.MALFORMED, str(error)) from None


def _has_quorum(note: str, policy: Policy) -> bool:
    try:
        check_note(note, policy, None)
    except Unproven:
        return False
    return True


@contextlib.contextmanager
def said() -> Iterator[None]:
    """What fails is tried again at the next look."""
    try:
        yield
    except OSError as error:
        log.warning("log.not_kept", error=error.strerror)
    except NightlatchError as error:
        log.warning("log.unreachable", error=type(error).__name__)
    except Exception:  # whatever a log made us stumble over: a watch that ends sees no fork any more
        log.exception("log.stumbled")
