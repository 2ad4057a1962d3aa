"""The programme that the household joined: what its invitation says, joining it and leaving it."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass

from sqlalchemy.orm import Session

from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import ProgrammeRow
from nightlatch.web.addresses import is_secure_base


@dataclass(frozen=True, slots=True)
class Programme:
    """What an invitation says."""

    name: str
    keeper_url: str
    log_url: str
    key: str  # b64 Ed25519
    policy: str  # of its log: keys and quorum, as the ledger reads it
    notice: str  # the text that the owner reads before signing
    language: str


def read_invitation(text: str) -> Programme:
    """Raises `ConfigError` for anything that is not an invitation."""
    try:
        told = json.loads(text)
        found = Programme(
            *(
                str(told[name])
                for name in ("name", "keeper_url", "log_url", "programme_key", "policy", "notice", "language")
            )
        )
        if len(b64decode(found.key, validate=True)) != 32:
            raise ValueError("a key has 32 bytes")
    except (ValueError, KeyError, TypeError):
        raise ConfigError("This is not an invitation of a programme. Paste all of it, from { to }.") from None
    for url in (found.keeper_url, found.log_url):
        if not is_secure_base(url):
            raise ConfigError("The programme's addresses must begin with https://.")
    return found


class Membership:
    """Which programme the household joined; at most one."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def programme(self) -> Programme | None:
        """The programme that the household joined."""
        with Session(self._books.engine) as session:
            row = session.get(ProgrammeRow, 1)
            return read_invitation(row.invitation) if row else None

    def joined(self) -> Programme:
        """The programme that the household joined. Raises `ConfigError` when there is none."""
        programme = self.programme()
        if programme is None:
            raise ConfigError("The household has not joined a programme yet. Join one first, under Giving.")
        return programme

    def join(self, invitation: str) -> Programme:
        """Join the programme of an invitation, in place of any other. Raises `ConfigError`."""
        found = read_invitation(invitation)
        with self._books.change() as session:
            session.merge(ProgrammeRow(one=1, invitation=invitation, joined_ms=self._clock.now_ms()))
        return found

    def leave(self) -> None:
        """Give nothing more. What was given stays listed, so that it can be taken back."""
        with self._books.change() as session:
            row = session.get(ProgrammeRow, 1)
            if row is not None:
                session.delete(row)
