"""What may be asked for: the requests and answers of each errand. Imports nothing that sees a picture."""

from __future__ import annotations

import msgspec

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.redaction import RedactionReport
from nightlatch.hub.errands.errand import Errand

LARGEST_FILM = 160 * 1024**2  # bytes of an opened clip


class HideRequest(msgspec.Struct, frozen=True):
    """Hide everybody in [from_ms, to_ms) of the film that comes with it; whatever lies under a mask is black.

    More films of the same camera may follow the clip's, from minutes before it, in their order: they only say what the
    place looks like where nobody stands. `lengths` are the bytes of each film, the clip's first; empty when it comes
    alone.
    """

    from_ms: int  # from the film's beginning
    to_ms: int
    areas: tuple[Area, ...]
    models_dir: str | None  # None: the account's cache
    lengths: tuple[int, ...] = ()


class CoverRequest(msgspec.Struct, frozen=True):
    """Cover more of the finished film that comes with it: what its owner saw there and does not want to give."""

    boxes: tuple[Box, ...]
    report: RedactionReport  # of that film


class ProbeRequest(msgspec.Struct, frozen=True):
    """Try a camera; its first picture comes back sealed for `recipient`."""

    url: str
    transport: str
    recipient: str  # age1…

    def __repr__(self) -> str:
        return "ProbeRequest(…)"  # the address may hold a password


class ProbeAnswer(msgspec.Struct, frozen=True):
    """What a camera sends. The sealed still comes beside it."""

    width: int
    height: int
    fps: float | None
    codecs: str
    audio: str | None
    gop_s: float | None
    notes: tuple[str, ...]
    receiver: str  # "nightlatch" or "ffmpeg"


class FetchRequest(msgspec.Struct, frozen=True):
    """Download a model, as models.toml describes it, into a folder."""

    name: str
    url: str
    sha256: str
    bytes: int
    licence: str
    what: str
    folder: str


class FetchAnswer(msgspec.Struct, frozen=True):
    """The model is there."""

    path: str


class LackRequest(msgspec.Struct, frozen=True):
    """Which of the models that hiding needs are not on this machine?"""

    models_dir: str | None  # None: the account's cache


class LackedModel(msgspec.Struct, frozen=True):
    """A model that is not here, and how it can be had."""

    name: str
    bytes: int
    licence: str
    what: str
    how_to_get: str  # a sentence
    fetch: FetchRequest | None  # None: it comes with set-up, out of a package


class LackAnswer(msgspec.Struct, frozen=True):
    """All that is missing."""

    models: tuple[LackedModel, ...]


HIDE = Errand(
    "nightlatch.hub.errands.hide",
    HideRequest,
    RedactionReport,
    deadline_s=900.0,
    most_bytes=LARGEST_FILM,
    broke="The redaction ended without a result. The clip may be damaged; try another one.",
    hung="Hiding people took over a quarter of an hour and was stopped. Nothing was given. Try again later.",
)
COVER = Errand(
    "nightlatch.hub.errands.cover",
    CoverRequest,
    RedactionReport,
    deadline_s=120.0,
    most_bytes=LARGEST_FILM,
    broke="Covering it ended without a result. Nothing was given. Try again.",
    hung="Covering it took over two minutes and was stopped. Nothing was given. Try again later.",
)
PROBE = Errand(
    "nightlatch.hub.errands.probe",
    ProbeRequest,
    ProbeAnswer,
    deadline_s=30.0,
    most_bytes=8 * 1024**2,
    broke="What this address sends could not be read. Choose another stream of the camera.",
    hung="No whole picture came within 30 seconds. Check the address; if it is right, set a shorter key-frame interval "
    "(I-frame interval) in the camera.",
)
FETCH = Errand(
    "nightlatch.hub.errands.fetch",
    FetchRequest,
    FetchAnswer,
    deadline_s=3600.0,
    most_bytes=0,
    broke="The download of the model ended without a result. Nightlatch keeps trying; what has arrived is kept.",
    hung="The download of the model took over an hour and was stopped. What has arrived is kept.",
)
LACK = Errand(
    "nightlatch.hub.errands.lack",
    LackRequest,
    LackAnswer,
    deadline_s=60.0,
    most_bytes=0,
    broke="Whether everything is here that hiding needs could not be found out. Try again.",
    hung="Finding out whether everything is here that hiding needs took over a minute. Try again later.",
)
