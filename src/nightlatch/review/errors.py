"""What goes wrong in the review room.

Refused (nightlatch.errors)
├── NoSession               no session, or an idle one: the passkey again
└── KeeperSaidNo            the keeper refused; `.refusal` is its word for why
    └── KeeperSessionEnded  its own session has ended: the passkey again
NightlatchError
└── Unreachable             the keeper or the log did not answer
"""

from __future__ import annotations

from nightlatch.errors import NightlatchError, Refused


class NoSession(Refused):
    """No session here; log in with the passkey."""


class KeeperSaidNo(Refused):
    """The keeper refused, with its own sentence and word."""

    def __init__(self, text: str, refusal: str) -> None:
        super().__init__(text)
        self.refusal = refusal


class KeeperSessionEnded(KeeperSaidNo):
    """The session at the keeper has ended; log in with the passkey."""


class Unreachable(NightlatchError):
    """The keeper or the log cannot be reached, so nothing can be shown."""
