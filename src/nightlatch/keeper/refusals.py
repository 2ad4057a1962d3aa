"""Every way in which the keeper says no, by name.

Refused (nightlatch.errors)
└── KeeperRefused      `.refusal` names it, `.step` is the number of the check or 0
    ├── Crowded        too much is on its way at once; the same again later may do
    └── Unannounced    a film without the head that announces it
SealError
└── KeyGone            the donation's key was destroyed
"""

from __future__ import annotations

from enum import StrEnum

from nightlatch.errors import Refused, SealError


class Refusal(StrEnum):
    """The name of a refusal; pages and tests know these words."""

    # the ten checks of a view
    CONSENT = "consent"
    EXPIRED = "expired"
    CLOCK = "clock"
    REVOKED = "revoked"
    NOT_DRAWN = "not_drawn"
    WRONG_ENTRY = "wrong_entry"
    NO_PROOF = "no_proof"
    WRONG_LOG = "wrong_log"
    NO_QUORUM = "no_quorum"
    STALE = "stale"
    USED_PROOF = "used_proof"
    SESSION = "session"
    QUOTA = "quota"
    CLOSED = "closed"
    IDLE = "idle"
    # intake
    LENGTH = "length"
    HASH = "hash"
    FILM = "film"
    REPORT = "report"
    SIZE = "size"
    BUSY = "busy"
    UNANNOUNCED = "unannounced"
    # the face
    SECOND_TAB = "second_tab"
    ORIGIN = "origin"
    PASSKEY = "passkey"
    ROSTER = "roster"
    NOTHING_WAITING = "nothing_waiting"
    TOO_FEW = "too_few"
    POLICY = "policy"
    # what the keeper knows
    ROWS = "rows"
    BEHIND = "behind"


class KeeperRefused(Refused):
    """The keeper shows nothing, and says which check stood in the way."""

    def __init__(self, refusal: Refusal, text: str, step: int = 0) -> None:
        super().__init__(text)
        self.refusal = refusal
        self.step = step


class Crowded(KeeperRefused):
    """Too much is on its way at once."""

    def __init__(self, text: str) -> None:
        super().__init__(Refusal.BUSY, text)


class Unannounced(KeeperRefused):
    """A film came, and nothing had said that it would; none of it is read."""

    def __init__(self) -> None:
        super().__init__(Refusal.UNANNOUNCED, "This clip was not announced, or too long ago. Give it again.")


class KeyGone(SealError):
    """The key of this donation was destroyed; nothing that is left opens the clip."""
