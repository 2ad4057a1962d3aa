"""What every face refuses, whoever asks.

NightlatchError (nightlatch.errors)
├── TooLarge           the body is longer than this face takes
├── TooSlow            the body did not come in time
├── Unmeasured         the request does not say how long its body is
└── NotAtHome          asked for under a name that is not this program's
"""

from __future__ import annotations

from nightlatch.errors import NightlatchError
from nightlatch.web.face.limits import size


class TooLarge(NightlatchError):
    """The body is longer than this face takes."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"This request is too large: at most {size(longest)} are taken here.")


class TooSlow(NightlatchError):
    """The body did not come in time; the connection is closed, for what follows on it is unknown."""

    def __init__(self, within_s: float) -> None:
        super().__init__(f"The request did not arrive within {within_s:g} seconds. Send it again.")


class Unmeasured(NightlatchError):
    """The request does not say how long its body is."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"Say how long the body is, with Content-Length; at most {size(longest)}.")


class NotAtHome(NightlatchError):
    """Asked for under a name that is not this program's: perhaps a page elsewhere that points its name here."""
