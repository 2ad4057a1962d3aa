"""Writes into a log elsewhere, and reads its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from nightlatch.ledger.errors import LedgerError, LogFull, NotShown
from nightlatch.ledger.face import encode_leaf

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
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        answer = self._ask("POST", "/v1/entries", json=encode_leaf(leaf), headers=headers)
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

    def _read(self, path: str) -> httpx.Response:
        answer = self._ask("GET", path)
        if answer.status_code != 200:
            raise LedgerError(f"The log does not show {path.lstrip('/')} (status {answer.status_code}).")
        return answer

    def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        try:
            return httpx.request(method, self.url.rstrip("/") + path, timeout=TIMEOUT_S, **more)  # type: ignore[arg-type]
        except httpx.HTTPError:
            raise LedgerError("The log cannot be reached. Nothing is shown or changed until it can.") from None
