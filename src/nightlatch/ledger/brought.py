"""Witnesses that nobody can ask, since they stand behind a home router: they fetch the question and bring the answer.

A *named* witness is one that the log's operator was told of; the log waits a moment for its word. A *household's*
witness is a hub whose household gave a clip; the keeper names it under a slot of its own, at most 64 of them. Its word
is shown beside the others'. Where the policy asks for households, the log waits a moment for as many as it asks for,
and a shorter one for the rest: a look needs the hub of its own household, and the log does not know which that is. For
one that did not come it waits no more until it does, so filling these slots holds nobody up for long.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from typing import NamedTuple

from nightlatch.durably import write_durably
from nightlatch.errors import Refused
from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.chronicle import Chronicle, chronicle_of
from nightlatch.ledger.errors import LedgerError
from nightlatch.ledger.log import Log
from nightlatch.ledger.parts import Position
from nightlatch.ledger.policy import MOST_HOUSEHOLDS as MOST_HOUSEHOLDS
from nightlatch.ledger.witness import Moved
from nightlatch.seal.note import COSIGNATURE, Note, NoteError, Verifier, read_note, read_verifier

AGAIN_AFTER_S = 10  # the same witness over the same checkpoint, by the time that it signs
_SLOT = re.compile(r"[0-9a-f]{32}\Z")


class HubsAbout(NamedTuple):
    """Witnesses of households that are about."""

    came: set[Verifier]
    missing: set[Verifier]


class Couriers:
    """Who may bring cosignatures, and what each last brought. Calls may come from several threads."""

    def __init__(self, ledger: Log | Chronicle, named: Sequence[Verifier]) -> None:
        """Raises `LedgerError` for a damaged list of households."""
        self._log, self._path = chronicle_of(ledger), ledger.folder / ".households"
        self._named = frozenset(named)
        self._lock = threading.Lock()
        self._last: dict[Verifier, tuple[int, int]] = {}  # the position up to which it signed, and when
        self._absent: set[Verifier] = set()  # the log waited in vain, and has not seen them since
        try:
            told = json.loads(self._path.read_text()) if self._path.exists() else {}
            self._households = {str(slot): read_verifier(str(key)) for slot, key in told.items()}
        except (ValueError, AttributeError, NoteError):
            raise LedgerError(
                f"The list of households in {self._path} is damaged. Delete it; hubs come again."
            ) from None

    def enrol(self, slot: str, key: Verifier) -> None:
        """Take a household's witness, instead of the one that had this slot (32 hex digits).

        When all slots are taken, the household that was silent for longest makes room. Raises `LedgerError`.
        """
        if key.kind != COSIGNATURE or not _SLOT.match(slot):
            raise LedgerError("This is not a witness's key with a household's slot.")
        with self._lock:
            if len(self._households) >= MOST_HOUSEHOLDS and slot not in self._households:
                silent = min(self._households, key=lambda each: self._last.get(self._households[each], (0, 0))[1])
                del self._households[silent]
            self._households[slot] = key
            known = {each: str(verifier) for each, verifier in self._households.items()}
            write_durably(self._path, json.dumps(known).encode())

    def bring(self, raw: str) -> None:
        """Add the cosignature of a note over the newest checkpoint, or over the last one of a finished part.

        Raises:
            NoteError: no note with one cosignature.
            Moved: the log has another checkpoint by now.
            Refused: nobody whom this log knows signed it.
        """
        note = read_note(raw)
        if len(note.signatures) > 2:
            raise NoteError("Bring one cosignature at a time.")
        now, newest = self._log.last_note(note.text), self._log.part
        if now is None:
            raise Moved(int(self._log.size))
        place = Position(newest.number, int(note.text.split("\n")[1]))
        is_newest = note.text.startswith(f"{newest.policy.log.name}\n")
        with self._lock:
            for signature in note.signatures:
                for key in (*self._named, *self._households.values()):
                    at_s = cosigned_at_s(Note(note.text, (signature,)), key)
                    if at_s is None:
                        continue
                    self._absent.discard(key)
                    before_s = cosigned_at_s(now, key)
                    if is_newest:
                        self._last[key] = int(place), at_s
                    if before_s is None or at_s >= before_s + AGAIN_AFTER_S:
                        self._log.cosigned([signature], note.text)
                    return
        raise Refused("This log does not know the witness. It takes the hubs of households that gave a clip.")

    def awaited(self, size: int) -> set[Verifier]:
        """Named witnesses that are about and have not cosigned a checkpoint of `size` entries yet."""
        with self._lock:
            return {k for k, (newest, _) in self._last.items() if k in self._named - self._absent and newest != size}

    def households(self, size: int) -> HubsAbout:
        """Which households' witnesses that are about cosigned up to `size`, and which are still to come."""
        with self._lock:
            about = {key for key in self._households.values() if key in self._last and key not in self._absent}
            came = {key for key in about if self._last[key][0] == size}
            return HubsAbout(came, about - came)

    def missed(self, keys: set[Verifier]) -> None:
        """These did not come; they are not waited for until they do."""
        with self._lock:
            self._absent |= keys
