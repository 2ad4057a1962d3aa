"""What can be plugged in: six shapes of one or two methods each. Whatever has these fits; nothing inherits.

    Opens ─► packets ─► Eye ─► events ─► Bus ─► Road        Faces: with an Eye, what hides people before a clip is given
    Clock: whoever needs the time is handed one

This page imports no pixels and, when it runs, no numpy: `serve` reads it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection
from nightlatch.domain.time import Clock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bgr: TypeAlias = NDArray[np.uint8]

__all__ = ("Bus", "Clock", "Eye", "Faces", "Opens", "Road")

Alert = TypeVar("Alert", contravariant=True)
Notice = TypeVar("Notice", contravariant=True)
Source = TypeVar("Source", covariant=True)


class Eye(Protocol):
    """Finds things in a picture. It may be slow, raise or hang: recording never waits for it."""

    @property
    def name(self) -> str:
        """As the owner chooses it and as a redaction's report names it."""
        ...

    def look(self, bgr: Bgr, regions: Sequence[Box]) -> list[Detection]:
        """Things in `bgr`, (H, W, 3) uint8; `regions` is what moves in it."""
        ...


class Faces(Protocol):
    """Finds faces, so that who is hidden in a clip stays hidden."""

    def find(self, bgr: Bgr) -> list[Detection]:
        """Faces in `bgr`, (H, W, 3) uint8, as detections of people whose box is the face."""
        ...


class Opens(Protocol[Source]):
    """Begins to open a camera, a file or a device; never waits for one."""

    def __call__(self, url: str, *, transport: str) -> Source:
        """Where its packets will come from. Raises `SourceError` for an address that cannot be one."""
        ...


class Road(Protocol[Alert]):
    """One way for alerts to leave the house, such as MQTT or web push. One that is slow or dead loses only its own."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    async def run(self) -> None:
        """Keep whatever connection it needs, until cancelled."""
        ...

    async def send(self, alert: Alert) -> None:
        """Deliver. Raises `NightlatchError` or `OSError`; it is not tried again."""
        ...


class Bus(Protocol[Notice]):
    """Carries notices one way, between watch and serve; what is heard goes to whom it was opened for."""

    def send(self, notice: Notice) -> None:
        """Must return at once, from any thread. A notice may get lost: that costs freshness, never footage."""
        ...
