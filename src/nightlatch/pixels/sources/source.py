"""An open camera, file or device for who may wait: iterate over it for packets; `stop`, from any thread, ends that.

The recorder does not wait: it polls an `Intake` itself. Ends: a film that is not looped ends the iteration; a camera
that ends its stream raises `SourceError(ENDED)`, one that falls silent `SourceError(STALLED)`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType

from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources.address import parse_address
from nightlatch.pixels.sources.feed import Receiver
from nightlatch.pixels.sources.intake import Intake
from nightlatch.pixels.sources.opening import open_feed

POLL_S = 0.02  # how often it asks while nothing comes


class Source:
    """What `open_source` gives; a context manager and an iterator of `Packet`, for one thread."""

    def __init__(self, intake: Intake, is_live: bool) -> None:
        """Waits until it is known what comes. Raises `SourceError`."""
        self._intake = intake
        self._is_live = is_live
        self._stopped = threading.Event()
        self._early: list[Packet] = []
        while intake.streams is None:
            self._early = self._poll()
        self.streams: Streams = intake.streams

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the owner: what is odd about it, and what is not recorded."""
        return self._intake.notes

    @property
    def receiver(self) -> Receiver:
        """Who receives it."""
        return self._intake.receiver

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """End the iteration soon, from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the camera."""
        self._stopped.set()
        self._intake.close()

    def __iter__(self) -> Iterator[Packet]:
        """Packets in the order in which they came.

        Raises:
            SourceError: STALLED, ENDED (cameras only) or BROKEN_STREAM.
        """
        packets = self._early
        while not self._stopped.is_set():
            yield from packets
            try:
                packets = self._poll()
            except SourceError as error:
                if error.reason is Reason.ENDED and not self._is_live:
                    return
                raise

    def _poll(self) -> list[Packet]:
        packets = self._intake.poll(time.monotonic_ns() // 1000)
        if not packets:
            self._stopped.wait(POLL_S)
        return packets


def open_source(
    url: str, *, transport: str = "tcp", clock: Clock, timeout_s: float = 10.0, speed: float = 1.0
) -> Source:
    """Open rtsp(s)://…, file:/path[?loop=1] or usb:/dev/videoN. `speed` is a film's only; `math.inf` does not wait.

    Raises:
        SourceError: with the reason; its text never holds the password.
    """
    feed = open_feed(parse_address(url), transport, timeout_s, speed)
    try:
        return Source(Intake(feed, clock, timeout_s), feed.is_live)
    except BaseException:
        feed.close()
        raise
