"""Every error that Nightlatch raises on purpose; each text says what to do next.

NightlatchError
├── ConfigError          the TOML file or a command's argument is wrong
├── NotFound             no such camera, clip, segment, household
├── Refused              not allowed: wrong passphrase, wrong key, too many tries, quota
│   ├── TooManyTries     wait `retry_after_s`
│   └── OverQuota        no room left under the plan or the quota
├── SealError            bytes that are not an age file, or that do not open
│   └── NotSealed
├── SourceError          a camera or file that cannot be recorded; `.reason` is a `Reason`
├── VaultError           the data folder is wrong, full, or not ours
└── CloudError           the mailbox did not take or give what was asked
"""

from __future__ import annotations

from enum import StrEnum


class NightlatchError(Exception):
    """Root of all; `str(error)` may be shown to the owner and never holds a secret."""


class ConfigError(NightlatchError):
    """The configuration cannot be used."""


class NotFound(NightlatchError):
    """What was asked for is not here."""


class Refused(NightlatchError):
    """Asked for something that this caller may not have."""


class TooManyTries(Refused):
    """Asked too often; try again after `retry_after_s` seconds."""

    def __init__(self, text: str, retry_after_s: int) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class OverQuota(Refused):
    """The plan or the quota has no room for this."""


class SealError(NightlatchError):
    """Bytes that cannot be sealed or opened."""


class NotSealed(SealError):
    """Bytes that are not an age file were offered where only sealed bytes may pass."""


class Reason(StrEnum):
    """Why a camera was not or cannot be recorded, in one word that the page turns into a sentence."""

    WRONG_PASSWORD = "wrong_password"
    NO_ROUTE = "no_route"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NOT_FOUND = "not_found"
    NO_VIDEO = "no_video"
    NOT_H264 = "not_h264"
    HEVC_ONLY = "hevc_only"  # of gaps in books of before 0.3: it is recorded now
    BROKEN_STREAM = "broken_stream"
    STALLED = "stalled"
    PAUSED = "paused"  # it sent no pictures for some seconds, and then went on
    ENDED = "ended"
    BAD_ADDRESS = "bad_address"
    OVERLOAD = "overload"  # this machine was too slow to keep what came
    DISK = "disk"  # full, or it failed
    # what serve finds out by itself; no watch process was there to say so
    HUB_OFF = "hub_off"
    RECORDER_STOPPED = "recorder_stopped"  # it died or hung while the page was there
    SETTINGS_CHANGED = "settings_changed"  # the owner changed the camera, and its recording began anew
    CLOCK_SET = "clock_set"  # forward: nothing is missing, what is recorded lies later
    UNEXPLAINED = "unexplained"  # a gap of which nobody knew


class SourceError(NightlatchError):
    """A camera, device or file that cannot be recorded, with the reason and what to do."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class VaultError(NightlatchError):
    """The data folder cannot be used as it is."""


class CloudError(NightlatchError):
    """The cloud mailbox refused or could not be reached."""
