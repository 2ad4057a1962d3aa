"""Writes into a log elsewhere, and reads it. What the log sends is bounded by what was asked for."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from nightlatch.domain.digits import read_count
from nightlatch.errors import NotFound
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.tiles import LONGEST_CHECKPOINT, LONGEST_ENTRY, longest
from nightlatch.ledger.witness import Moved
from nightlatch.web.asking import Bounds, Lack, Reply, Unanswered, ask, json_body
from nightlatch.web.sizes import KIB

WITHIN_S = 15.0
LONGEST_RECEIPT = 128 * KIB  # a checkpoint, 63 steps and what the log adds
LONGEST_ANSWER = 4 * KIB


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that the log took: its position, and the receipt (tlog-proof) under a cosigned checkpoint."""

    index: int
    receipt: str


@dataclass(frozen=True, slots=True)
class LogClient:
    """One log. Calls may come from several threads."""

    url: str
    secret: str | None = field(default=None, repr=False)
    within_s: float = WITHIN_S
    longest_entry: int = LONGEST_ENTRY

    def append(self, leaf: bytes) -> Appended:
        """Add an entry; it is durable when this returns. Raises `LogFull`, `NotShown`, `LedgerError`."""
        answer = self._ask("POST", "/v1/entries", LONGEST_RECEIPT, json=encode_leaf(leaf))
        if answer.status == 507:
            raise LogFull("The log has no room. Make some; the entry was not taken.")
        if answer.status == 503:
            raise NotShown("The log keeps the entry but cannot show it yet. Make room there, then append again.")
        if answer.status == 403:
            raise LedgerError("The log takes no entries from here. Check the writers' secret.")
        if answer.status != 201:
            raise LedgerError(f"The log did not take an entry (status {answer.status}). Look at its messages.")
        told = answer.told()
        index, receipt = told.get("index"), told.get("receipt")
        if type(index) is not int or index < 0 or not isinstance(receipt, str):
            raise LedgerError("The log's answer to an entry makes no sense. Is there a Nightlatch log at its address?")
        return Appended(index, receipt)

    def checkpoint(self) -> str:
        """The note of part 0's newest checkpoint. Raises `LedgerError`."""
        return self._read("/checkpoint", LONGEST_CHECKPOINT).text

    def newest(self) -> str:
        """The note of the newest part's newest checkpoint; its first line says which part. Raises `LedgerError`."""
        return self._read("/v1/checkpoint", LONGEST_CHECKPOINT).text

    def receipt(self, index: int) -> str:
        """The receipt of the entry at a position, under what its part shows. Raises `LedgerError`."""
        return self._read(f"/v1/receipts/{index}", LONGEST_RECEIPT).text

    def file(self, path: str) -> bytes:
        """A file of the log: its checkpoint, a tile. Raises `LedgerError`."""
        return self._read(f"/{path}", longest(path, self.longest_entry)).body

    def question(self, old: int, wait_s: int = 0) -> str:
        """What the log asks a witness that knows it up to a position; waits up to `wait_s` for a newer checkpoint.

        The question is about the newest part, from 0 on unless `old` is a position in that part.

        Raises:
            Moved: the log has less than that; `size` is a position, too.
            NotFound: this log is plain files; nobody asks there.
            LedgerError: it cannot be reached.
        """
        return self._word(self._ask("GET", f"/v1/questions/{old}?wait_s={wait_s}", LONGEST_RECEIPT)).text

    def bring(self, note: str) -> bool:
        """Bring a cosignature; whether the log knows who made it. Raises `Moved`, `NotFound`, `LedgerError`."""
        answer = self._ask("POST", "/v1/cosignatures", LONGEST_ANSWER, content=note.encode())
        return answer.status != 403 and bool(self._word(answer))

    def enrol(self, slot: str, key: str) -> None:
        """Name a household's witness, as a writer. Raises `LedgerError`."""
        self._word(self._ask("PUT", f"/v1/households/{slot}", LONGEST_ANSWER, json={"key": key}))

    def _word(self, answer: Reply) -> Reply:
        if answer.status == 409 and (size := read_count(answer.text.removesuffix("\n"))) is not None:
            raise Moved(size)
        if answer.status in (404, 405, 501):
            raise NotFound("This log is plain files: it asks nobody, and takes nothing.")
        if not answer.is_success:
            raise LedgerError(f"The log says no (status {answer.status}). Look at its messages.")
        return answer

    def _read(self, path: str, most_bytes: int) -> Reply:
        answer = self._ask("GET", path, most_bytes)
        if answer.status != 200:
            raise LedgerError(f"The log does not show {path.lstrip('/')} (status {answer.status}).")
        return answer

    def _ask(
        self, method: str, path: str, most_bytes: int, json: dict[str, str] | None = None, content: bytes = b""
    ) -> Reply:
        body, headers = (content, dict[str, str]()) if json is None else json_body(json)
        if self.secret and json is not None:
            headers["Authorization"] = f"Bearer {self.secret}"
        url, bounds = self.url.rstrip("/") + path, Bounds(most_bytes, self.within_s)
        try:
            return ask(method, url, bounds, body=body, headers=headers)
        except Unanswered as error:
            until = "it can" if error.lack is Lack.AWAY else "that is mended"
            raise LedgerError(f"The log {error.lack}. Nothing is shown or changed until {until}.") from None


def encode_leaf(leaf: bytes) -> dict[str, str]:
    """The body of POST /v1/entries."""
    return {"leaf": b64encode(leaf).decode()}
