"""What watch and serve say to each other: small typed notices. Losing one costs freshness, never footage.

Down:  CameraList, whole, whenever it changed and whenever a watch process joins; Watched, while pages show stills.
Up:    Hello first; then Stored, ClipGrew (files that exist now), Outage, CameraStatus, EyeStatus, NewStill,
       EventNotice, Advice, and a Pulse every two seconds. Missed says that some could not be kept; a Hello follows it,
       as at the beginning, so that the books are matched with the files.
Both:  CamerasChanged, from a command line that changed the table: serve reads it again.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from nightlatch.domain.camera import Camera, CameraState
from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import EyePart, Kind, Verdict
from nightlatch.errors import Reason
from nightlatch.hub.vault.layout import ClipObject

LIST_FILE = "cameras.list"  # in the hub's folder: the newest CameraList that watch heard
LONGEST = 4 * 1024 * 1024  # bytes of one notice; the largest carry a JPEG of some 100 KB


class Hello(msgspec.Struct, tag=True, frozen=True):
    """A watch process joined: which share of the cameras is its own, and what goes on there now."""

    shard: int
    shards: int
    growing: tuple[str, ...] = ()  # clips
    moving: tuple[str, ...] = ()  # cameras with an event that is still open
    since_ms: int = 0  # when the process began: it kept nothing before

    def keeps(self, camera_id: str) -> bool:
        """Whether a camera is this process's own. The id is twelve random hex digits."""
        return self.shards == 1 or int(camera_id, 16) % self.shards == self.shard


class CameraList(msgspec.Struct, tag=True, frozen=True):
    """Every camera, for whom to seal, and the household's mode.

    The addresses may hold passwords: never log one whole.
    """

    household_id: str | None  # None before set-up: nobody to seal for, so nothing is recorded
    recipients: tuple[str, ...]  # age1…
    cameras: tuple[Camera, ...]
    mode: Mode = Mode.HOME

    def __repr__(self) -> str:
        return f"CameraList({len(self.cameras)} cameras)"


class Watched(msgspec.Struct, tag=True, frozen=True):
    """Cameras of which a page asked for the newest still within the last ten seconds; told anew every few seconds."""

    cameras: tuple[str, ...]


class Pulse(msgspec.Struct, tag=True, frozen=True):
    """A watch process is alive: sent every two seconds from the loop that records, so that a hung one is noticed."""

    shard: int = 0


class Stored(msgspec.Struct, tag=True, frozen=True):
    """A sealed segment or sheet is whole in its place. Its camera and times are in its name (vault.layout)."""

    path: str  # relative to the vault
    bytes: int


class ClipGrew(msgspec.Struct, tag=True, frozen=True):
    """A clip began, grew or ended; `objects` are those files that changed."""

    clip_id: str
    camera_id: str
    event_id: str
    onset_ms: int
    began_ms: int
    ended_ms: int | None  # None while it grows
    objects: tuple[ClipObject, ...] = ()


class Outage(msgspec.Struct, tag=True, frozen=True):
    """A stretch in which a camera was not recorded; told when it is noticed, and again when it is over.

    The books begin it at the end of the last segment and end it where the next one begins.
    """

    camera_id: str
    began_ms: int
    ended_ms: int | None
    reason: Reason
    is_inside: bool = False  # the camera went on: where it lies need not be between two segments


class CameraStatus(msgspec.Struct, tag=True, frozen=True):
    """What a camera has been doing since `since_ms`."""

    camera_id: str
    state: CameraState
    since_ms: int
    reason: Reason | None = None
    reason_text: str | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    codecs: str | None = None
    audio: str | None = None
    notes: tuple[str, ...] = ()  # sentences for the owner: what is left out and why, whose clock is odd
    receiver: str | None = None  # "nightlatch" or "ffmpeg"
    waits_for_key: bool = False  # connected; nothing can be kept before the next key frame


class EyeStatus(msgspec.Struct, tag=True, frozen=True):
    """Which eye has looked at the cameras of one watch process since `since_ms`, and how it is doing."""

    name: str
    since_ms: int
    blind_since_ms: int | None = None
    blind_text: str | None = None  # why it is blind, and what to do
    coming_percent: int | None = None  # of the model that was chosen and is being downloaded
    coming_text: str | None = None  # why it is not here yet, and what to do
    lacks: tuple[EyePart, ...] = ()  # networks of the chosen eye that are not on this machine
    looks: dict[str, tuple[int, int]] = {}  # camera id → looks made, pictures passed over for newer ones
    shard: int = 0


class NewStill(msgspec.Struct, tag=True, frozen=True):
    """A fresh sealed still."""

    camera_id: str
    at_ms: int
    sealed: bytes


class EventNotice(msgspec.Struct, tag=True, frozen=True):
    """What is known of an event: when it opened, when more became known, and when it closed.

    `jpeg` is small, `picture` 640 wide, both in the clear: they stay between these two processes unless the owner
    has switched alerts on, and pictures with them for `picture`.
    """

    camera_id: str
    camera_name: str
    event_id: str
    clip_id: str
    onset_ms: int
    is_open: bool
    kinds: tuple[Kind, ...]
    verdict: Verdict
    threat: float
    reasons: tuple[str, ...]
    jpeg: bytes | None = None
    picture: bytes | None = None


class Advice(msgspec.Struct, tag=True, frozen=True):
    """What would make a camera cheaper to watch; None when there is nothing to say."""

    camera_id: str
    text: str | None


class Missed(msgspec.Struct, tag=True, frozen=True):
    """This many notices found no room and were dropped, the oldest first."""

    count: int


class CamerasChanged(msgspec.Struct, tag=True, frozen=True):
    """The table of cameras was changed by another program."""


Notice = (
    Hello
    | CameraList
    | Watched
    | Pulse
    | Stored
    | ClipGrew
    | Outage
    | CameraStatus
    | EyeStatus
    | NewStill
    | EventNotice
    | Advice
    | Missed
    | CamerasChanged
)
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Notice).decode


def frame(notice: Notice) -> bytes:
    """The notice as it travels: four bytes of length (big-endian), then MessagePack.

    Raises:
        ValueError: a notice that is too long, or a text that is no Unicode.
    """
    body = encode(notice)
    if len(body) > LONGEST:
        raise ValueError(f"A notice of {len(body)} bytes is too long.")
    return len(body).to_bytes(4, "big") + body


def lasting(notice: Notice) -> Hashable | None:
    """The key under which a newer notice replaces an older one; None for notices that each count.

    What lasts is repeated to a serve process that knows nothing yet.
    """
    match notice:
        case CameraStatus() | NewStill() | Advice():
            return type(notice).__name__, notice.camera_id
        case EyeStatus():
            return "EyeStatus", notice.shard
        case Pulse():  # one is enough, however long serve is away
            return "Pulse", notice.shard
        case Outage():
            return "Outage", notice.camera_id, notice.began_ms
    return None
