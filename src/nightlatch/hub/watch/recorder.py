"""Records one camera for as long as it is wanted: one session after the other, with pauses that grow while none works.

Polled by the loop: it never waits and never raises. A camera that was recorded is asked again at once, however often it
hangs up.
"""

from __future__ import annotations

import random

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.domain.time import Span
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.vault.files import is_disk_full
from nightlatch.hub.watch.clipping import Filing
from nightlatch.hub.watch.session import Session
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.telling import Received
from nightlatch.seal.recipients import Sealer

FIRST_RETRY_US = 1_000_000
LONGEST_RETRY_US = 30_000_000
WORKED_US = 2_000_000  # a session that recorded for so long worked: the next one begins at once
LEFT = Reason.ENDED, Reason.STALLED, Reason.BROKEN_STREAM  # what a camera does that nobody listened to
PAUSE_MS = 2_500  # pictures that were away for longer when it ends: it might have been called lost soon
LONGEST_PAUSE_MS = 15_000  # it would have been: the clock was set
TOLD_EVERY_US = 1_000_000

log = structlog.get_logger()


class Recorder:
    """One camera, until `stop`."""

    def __init__(self, camera: Camera, household_id: str, sealer: Sealer, station: Station) -> None:
        self.camera = camera
        self._station = station
        self._filing = Filing(household_id, sealer, station.vault, station.telling)
        self._session: Session | None = None
        self._ending: list[Session] = []  # their last looks are still being told
        self._is_stopping = False
        self._again_us = 0
        self._pause_us = FIRST_RETRY_US
        self._told: Received | None = None  # of this session
        self._is_off = False
        self._waits_for_key = False  # as was told
        self._tell_us = 0

    @property
    def dropped(self) -> int:
        """Packets that nobody had time to look at, of this session."""
        return self._session.dropped if self._session is not None else 0

    @property
    def is_opening(self) -> bool:
        """Whether it is asking for a camera that has sent nothing yet: each answer costs a tick."""
        return self._session is not None and self._session.first_ms is None

    @property
    def is_done(self) -> bool:
        """Whether it was stopped and all is stored and told."""
        return self._is_off and not self._ending

    def stop(self) -> None:
        """End with the next polls."""
        self._is_stopping = True

    def poll(self, now_us: int) -> None:
        """Go on: open, take what has come, or wait for the next try."""
        self._ending = [each for each in self._ending if not self._settle(each, now_us)]
        if self._is_stopping:
            self._leave(now_us)
        elif self._session is not None or now_us >= self._again_us:
            self._work(now_us)

    def _work(self, now_us: int) -> None:
        try:
            session = self._session or self._begin()
            session.poll(now_us)
        except Exception as error:  # noqa: BLE001 - whatever it is, the camera gets its next try
            self._lose(error, now_us)
        else:
            self._tell(session, now_us)

    def _begin(self) -> Session:
        self._station.telling.starting(self.camera.id)
        self._told, self._waits_for_key = None, False
        self._session = Session(self.camera, self._filing, self._station)
        return self._session

    def _tell(self, session: Session, now_us: int) -> None:
        """That it records now, and whatever changed since."""
        if now_us < self._tell_us and (self._told is not None or session.first_ms is None):
            return
        self._tell_us = now_us + TOLD_EVERY_US
        telling, intake = self._station.telling, session.intake
        if session.first_ms is None or session.streams is None:
            if intake.is_waiting_for_key != self._waits_for_key:
                self._waits_for_key = intake.is_waiting_for_key
                telling.starting(self.camera.id, waits_for_key=self._waits_for_key)
            return
        received = Received(session.first_ms, session.streams, intake.notes, intake.receiver)
        if received != self._told:
            self._told = received
            telling.recording(self.camera.id, received)

    def _lose(self, error: Exception, now_us: int) -> None:
        """The session broke: say why, store what there is, and try again later."""
        problem = self._problem(error, now_us)
        session = self._session
        last_ms = session.last_ms if session is not None else None
        has_worked = session is not None and session.intake.is_live and session.recorded_us > WORKED_US
        self._end(now_us)
        log.warning("camera.lost", camera=self.camera.id, reason=problem.reason.value, text=str(problem))
        self._station.telling.lost(self.camera.id, problem, last_ms)
        if has_worked:
            self._pause_us, self._again_us = FIRST_RETRY_US, now_us
        else:
            self._again_us = now_us + int(self._pause_us * random.uniform(0.8, 1.2))
            self._pause_us = min(LONGEST_RETRY_US, self._pause_us * 2)

    def _problem(self, error: Exception, now_us: int) -> SourceError:
        if isinstance(error, OSError):
            what = "The disk is full" if is_disk_full(error) else f"The disk failed ({error.strerror})"
            return SourceError(Reason.DISK, f"{what}. Recording resumes as soon as it can.")
        if not isinstance(error, SourceError):  # a mistake of ours: a gap needs its reason, and the camera its next try
            log.exception("record.broke", camera=self.camera.id, exc_info=error)
            return SourceError(Reason.BROKEN_STREAM, "Recording broke off. It starts again.")
        if error.reason in LEFT and self._session is not None and self._session.intake.was_late(now_us):
            return SourceError(Reason.OVERLOAD, "This machine was too busy to receive the camera. It connects again.")
        return error

    def _end(self, now_us: int) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        try:
            session.end(now_us)
        except Exception as error:  # noqa: BLE001 - what breaks at the end of one camera must not end the others
            log.warning("record.unfinished", camera=self.camera.id, error=type(error).__name__)
        self._station.vault.release(self.camera.id)
        if not self._settle(session, now_us):
            self._ending.append(session)

    def _settle(self, session: Session, now_us: int) -> bool:
        try:
            return session.settle(now_us)
        except Exception as error:  # noqa: BLE001 - as above; the clip stays as it is, and recovery closes it
            log.warning("record.unfinished", camera=self.camera.id, error=type(error).__name__)
            return True

    def _leave(self, now_us: int) -> None:
        if not self._is_off:
            self._is_off = True
            session = self._session
            self._end(now_us)
            if session is not None and session.last_ms is not None and session.intake.is_live:
                missing = Span(session.last_ms, self._station.clock.now_ms())
                if PAUSE_MS < missing.duration_ms < LONGEST_PAUSE_MS:
                    self._station.telling.paused(self.camera.id, missing, Reason.PAUSED)
            self._station.telling.off(self.camera.id)
