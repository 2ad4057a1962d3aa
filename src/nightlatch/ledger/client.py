"""Writes into a log elsewhere, and reads its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from nightlatch.errors import NotFound
from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.face import encode_leaf
from nightlatch.ledger.witness import Moved

TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that the log took: its index, and the receipt (tlog-proof) under a cosigned checkpoint."""

    index: int
    receipt: str


@dataclass(frozen=True, slots=True)
class LogClient:
    """One log. Calls may come from several threads."""

    url: str
    secret: str | None = field(default=None, repr=False)

    def append(self, leaf: bytes) -> Appended:
        """Add an entry; it is durable when this returns. Raises `LogFull`, `NotShown`, `LedgerError`."""
        answer = self._ask("POST", "/v1/entries", json=encode_leaf(leaf))
        if answer.status_code == 507:
            raise LogFull("The log has no room. Make some; the entry was not taken.")
        if answer.status_code == 503:
            raise NotShown("The log keeps the entry but cannot show it yet. Make room there, then append again.")
        if answer.status_code == 403:
            raise LedgerError("The log takes no entries from here. Check the writers' secret.")
        if answer.status_code != 201:
            raise LedgerError(f"The log did not take an entry (status {answer.status_code}). Look at its messages.")
        told = answer.json()
        return Appended(int(told["index"]), str(told["receipt"]))

    def checkpoint(self) -> str:
        """The newest checkpoint's note. Raises `LedgerError`."""
        return self._read("/checkpoint").text

    def receipt(self, index: int) -> str:
        """A fresh receipt of an entry. Raises `LedgerError`."""
        return self._read(f"/v1/receipts/{index}").text

    def file(self, path: str) -> bytes:
        """A tile. Raises `LedgerError`."""
        return self._read(f"/{path}").content

    def question(self, old: int, wait_s: int = 0) -> str:
        """What the log asks a witness that knows `old` entries; waits up to `wait_s` for a newer checkpoint.

        Raises:
            Moved: the log is shorter than that.
            NotFound: this log is plain files; nobody asks there.
            LedgerError: it cannot be reached.
        """
        return self._word(self._ask("GET", f"/v1/questions/{old}?wait_s={wait_s}")).text

    def bring(self, note: str) -> bool:
        """Bring a cosignature; whether the log knows who made it. Raises `Moved`, `NotFound`, `LedgerError`."""
        answer = self._ask("POST", "/v1/cosignatures", content=note.encode())
        return answer.status_code != 403 and bool(self._word(answer))

    def enrol(self, slot: str, key: str) -> None:
        """Name a household's witness, as a writer. Raises `LedgerError`."""
        self._word(self._ask("PUT", f"/v1/households/{slot}", json={"key": key}))

    def _word(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 409 and answer.text.strip().isdigit():
            raise Moved(int(answer.text))
        if answer.status_code in (404, 405, 501):
            raise NotFound("This log is plain files: it asks nobody, and takes nothing.")
        if not answer.is_success:
            raise LedgerError(f"The log says no (status {answer.status_code}). Look at its messages.")
        return answer

    def _read(self, path: str) -> httpx.Response:
        answer = self._ask("GET", path)
        if answer.status_code != 200:
            raise LedgerError(f"The log does not show {path.lstrip('/')} (status {answer.status_code}).")
        return answer

    def _ask(
        self, method: str, path: str, json: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret and json is not None else {}
        try:
            url = self.url.rstrip("/") + path
            return httpx.request(method, url, json=json, content=content, headers=headers, timeout=TIMEOUT_S)
        except httpx.HTTPError:
            raise LedgerError("The log cannot be reached. Nothing is shown or changed until it can.") from None
