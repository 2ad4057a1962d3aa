"""The stream of a camera that is looked at, and kept only beside a main one that few play; tried again by itself."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.errors import SourceError
from nightlatch.hub.watch.observer import Observer
from nightlatch.hub.watch.station import Station
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources.intake import Intake

FIRST_RETRY_US = 1_000_000
LONGEST_RETRY_US = 30_000_000
SILENT_US = 3_000_000  # without a picture for so long, and three times as long as usual, the main stream is looked at

log = structlog.get_logger()


class SubStream:
    """Polled by the loop; never waits and never raises: watching fails open, to the main stream."""

    def __init__(
        self,
        camera: Camera,
        url: str,
        station: Station,
        make_observer: Callable[[Streams], Observer],
        keep: Callable[[Packet, Streams], None],
        lose: Callable[[], None],
    ) -> None:
        """`keep` is given all that comes, `lose` is called where a connection ends."""
        self._camera = camera
        self._url = url
        self._station = station
        self._make_observer = make_observer
        self._keep = keep
        self._lost = lose
        self.is_watched = True  # until it turns out otherwise
        self._intake: Intake | None = None
        self._observer: Observer | None = None
        self._seen_us = 0  # the newest picture, or when the first one was asked for
        self._step_us = 0  # from the one before
        self._again_us = 0
        self._pause_us = FIRST_RETRY_US
        self.leaving: list[Observer] = []  # those that were asked to stop

    @property
    def dropped(self) -> int:
        """Packets that nobody had time to look at, of this connection."""
        return self._observer.dropped if self._observer is not None else 0

    def poll(self, now_us: int) -> None:
        """Offer what has come to whoever looks."""
        self._seen_us = self._seen_us or now_us
        try:
            if self._intake is None:
                if now_us < self._again_us:
                    return
                self._intake = self._station.intake(self._url, self._camera.transport)
            for packet in self._intake.poll(now_us):
                if self._intake.streams is not None:
                    self._keep(packet, self._intake.streams)
                self._offer(packet, self._intake, now_us)
            if self.is_watched and now_us - self._seen_us > max(SILENT_US, 3 * self._step_us):
                self._look_away()
        except SourceError as error:
            self._lose(error.reason.value, now_us)
        except Exception as error:  # noqa: BLE001 - whatever it is, the main stream is looked at instead
            self._lose(type(error).__name__, now_us)

    def close(self) -> None:
        """Let go of it."""
        if self._intake is not None:
            self._intake.close()
            self._intake = None
            self._lost()
        self._look_away()

    def _look_away(self) -> None:
        """Its observer has nothing to look at: the main stream is looked at instead."""
        self.is_watched = False
        if self._observer is not None:
            self._observer.stop()
            self.leaving = [*(each for each in self.leaving if not each.is_done), self._observer]
            self._observer = None

    def _offer(self, packet: Packet, intake: Intake, now_us: int) -> None:
        if packet.kind != "video":
            return
        self._step_us, self._seen_us = now_us - self._seen_us if self._observer is not None else 0, now_us
        if self._observer is None:
            streams = packet.streams or intake.streams
            if streams is None or not packet.is_key:
                return
            self._observer = self._make_observer(streams)
            self._observer.start()
        self.is_watched = True
        self._pause_us = FIRST_RETRY_US
        self._observer.offer(packet)

    def _lose(self, reason: str, now_us: int) -> None:
        log.warning("camera.sub_lost", camera=self._camera.id, reason=reason)
        self.close()
        self._again_us = now_us + self._pause_us
        self._pause_us = min(LONGEST_RETRY_US, 2 * self._pause_us)
