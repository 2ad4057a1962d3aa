"""What a person is told about an event, in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Kind, Verdict
from nightlatch.domain.waking import wakes
from nightlatch.hub.wire.notices import EventNotice

_NAMES = {
    Kind.PERSON: "A person",
    Kind.CAT: "A cat",
    Kind.DOG: "A dog",
    Kind.ANIMAL: "An animal",
    Kind.VEHICLE: "A vehicle",
    Kind.MOTION: "Something moving",
}
_LEADS = {Verdict.THREAT: "Threat: ", Verdict.HELP: "May need help: "}


@dataclass(frozen=True, slots=True)
class Alert:
    """One event as alerts show it. `jpeg` is a picture of a few kilobytes, `picture` the same, 640 wide.

    An event is told as soon as it is known who is there, and again as more is known: each time in place of the last.
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
    jpeg: bytes | None = field(default=None, repr=False)
    picture: bytes | None = field(default=None, repr=False)
    mode: Mode | None = None  # what the household is doing as it is told

    @property
    def wakes(self) -> bool:
        """Whether it makes a noise; otherwise it only lies there to be read."""
        return wakes(self.verdict, self.mode, self.kinds)

    @property
    def title(self) -> str:
        """The first line: what, and where."""
        return title(self.kinds, self.verdict, self.camera_name)

    @property
    def text(self) -> str:
        """The second line: what happened, and what moved the verdict, where that is no daily life."""
        told = self.reasons[: 1 if self.verdict is Verdict.ROUTINE else 2]
        return " ".join(told) or "Open the clip to see."


def title(kinds: tuple[Kind, ...], verdict: Verdict, camera_name: str) -> str:
    """What, and where."""
    what = next((_NAMES[kind] for kind in kinds if kind in _NAMES), _NAMES[Kind.MOTION])
    lead = _LEADS.get(verdict, "")
    return f"{lead}{what[0].lower() + what[1:] if lead else what} at {camera_name}"


def alert_of(notice: EventNotice, mode: Mode | None = None) -> Alert:
    """What a person is told about it while the household is in `mode`."""
    return Alert(
        notice.camera_id,
        notice.camera_name,
        notice.event_id,
        notice.clip_id,
        notice.onset_ms,
        notice.is_open,
        notice.kinds,
        notice.verdict,
        notice.threat,
        notice.reasons,
        notice.jpeg,
        notice.picture,
        mode,
    )
