"""Chooses the eye and the judge, once for all cameras; while a part of the eye is not here, what is here looks."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from nightlatch.domain.camera import Camera
from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, EyePart
from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError, NightlatchError, NotFound
from nightlatch.hub.errands.asking import FETCH, FetchRequest
from nightlatch.hub.watch.observer import Looking, always
from nightlatch.hub.watch.shards import Shard
from nightlatch.hub.wire.notices import EyeStatus
from nightlatch.pixels.detectors.models import find, known_models, models_folder
from nightlatch.pixels.detectors.opening import CHOICES, lacking, open_detector, open_stand_in
from nightlatch.pixels.detectors.sharing import SharedDetector, Slot
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.sight import Sight
from nightlatch.pixels.vision.judge import Judge
from nightlatch.plugs import Eye

FIRST_RETRY_S = 60.0
LONGEST_RETRY_S = 6 * 3600.0
BROUGHT_EVERY_S = 5.0  # whether somebody has brought the file is looked up
TOLD_EVERY = 0.1  # of a model
TELL_EVERY_S = 2.0
WRITE_EVERY_MS = 60_000  # the doctor's file, when nothing changed
FAILS = (
    "It is failing ({why}), and Nightlatch keeps trying. If this does not go away, restart the hub; "
    "if it comes back, choose another detector under [hub] in nightlatch.toml."
)
HANGS = (
    "It does not answer. Nightlatch asks it again when something moves. If this does not go away, this machine is too "
    "slow or short of memory: close other programs, then restart the hub."
)
ALL_HANG = "Looking at several cameras does not come to an end, so none is looked at. Restart the hub."
GAVE_UP = "It hung again and again, so Nightlatch no longer asks it. Restart the hub."
log = structlog.get_logger()


def eye_file(shard: Shard) -> str:
    """In the hub's folder, for the doctor: no camera's name, no secret."""
    return "eye.json" if shard.count == 1 else f"eye.{shard.number}.json"


def _forget_others(data_dir: Path, shard: Shard) -> None:
    """Remove what watch processes left there that are none of those that share the cameras now."""
    now = {eye_file(Shard(number, shard.count)) for number in range(shard.count)}
    for file in (*data_dir.glob("eye.json"), *data_dir.glob("eye.*.json")):
        if file.name not in now:
            with suppress(OSError):  # the doctor passes over what is old
                file.unlink()


class EyeChoice:
    """The detector that was asked for, as soon as it is here; until then the best that is."""

    def __init__(self, choice: str, models_dir: Path | None, own: Path | None = None) -> None:
        """Raises `ConfigError` for a choice that does not exist; a model that cannot be used is only said."""
        self._choice, self._models_dir, self._own = choice, models_dir, own
        self.percent: int | None = None  # of the model that is being downloaded
        self.missing: str | None = None  # why it is not here yet, and what to do
        self.lacks = self._lacking()
        try:
            self.now: Eye = open_detector(choice, models_dir, own)
        except (NotFound, ConfigError) as error:
            if choice not in CHOICES:
                raise
            self.now = open_stand_in(choice, models_dir)
            self.missing = str(error)
            log.info("detector.missing", choice=choice, text=str(error), instead=self.now.name)
        if EyePart.YOLOX in self.lacks:
            self.percent = 0
            threading.Thread(target=self._fetch, name="models", daemon=True).start()

    def _lacking(self) -> tuple[EyePart, ...]:
        return tuple(map(EyePart, lacking(self._choice, self._models_dir)))

    @property
    def name(self) -> str:
        """Of the eye in use."""
        return self.now.name

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """(H, W, 3) uint8 and what moves in it."""
        return self.now.look(bgr, regions)

    def _fetch(self) -> None:
        """Try until it is here; the pauses grow."""
        pause_s, told = FIRST_RETRY_S, 0.0

        def on_share(share: float) -> None:
            nonlocal told
            self.percent, self.missing = round(100 * share), None
            if share - told >= TOLD_EVERY or share >= 1.0:
                told = share
                log.info("model.coming", model=EyePart.YOLOX.value, percent=round(100 * share))

        while True:
            told = 0.0
            try:
                self._ask_for_it(on_share)
                self._open_anew()
            except NightlatchError as error:
                self.missing = str(error)
                log.info("model.missing", model=EyePart.YOLOX.value, text=str(error), again_in_s=round(pause_s))
                self._wait(pause_s)
                pause_s = min(LONGEST_RETRY_S, pause_s * 2)
            else:
                self.percent = self.missing = None
                log.info("detector.ready", detector=self.now.name)
                return

    def _wait(self, pause_s: float) -> None:
        """Until the next try, or until somebody has brought the file."""
        waiting, model, folder = threading.Event(), known_models()[EyePart.YOLOX], models_folder(self._models_dir)
        until_s = time.monotonic() + pause_s
        while time.monotonic() < until_s and find(model, folder) is None:
            waiting.wait(min(pause_s, BROUGHT_EVERY_S))

    def _ask_for_it(self, on_share: Callable[[float], None]) -> None:
        wanted, folder = known_models()[EyePart.YOLOX], models_folder(self._models_dir)
        request = FetchRequest(
            wanted.name, wanted.url, wanted.sha256, wanted.bytes, wanted.licence, wanted.what, str(folder)
        )
        FETCH.send(request, on_share=on_share)

    def _open_anew(self) -> None:
        """With what has come; something else may still be missing."""
        self.lacks = self._lacking()
        try:
            self.now = open_detector(self._choice, self._models_dir)
        except (NotFound, ConfigError):
            self.now = open_stand_in(self._choice, self._models_dir)


@dataclass(frozen=True, slots=True)
class EyeReport:
    """Who is told how the eye is doing."""

    tell: Callable[[EyeStatus], None]
    clock: Clock
    data_dir: Path
    shard: Shard = field(default_factory=Shard)


class EyeTeller:
    """Tells how the eye is doing whenever that changes, from a thread of its own; writes the doctor's file."""

    def __init__(
        self,
        chosen: EyeChoice,
        shared: SharedDetector,
        slots: Mapping[str, Slot],
        report: EyeReport,
        looking: Looking | None = None,
    ) -> None:
        """`looking`: what all cameras are looked at with before the eye is asked."""
        self._chosen, self._shared, self._slots, self._looking = chosen, shared, slots, looking
        self._report, self._file = report, report.data_dir / eye_file(report.shard)
        self._since_ms = report.clock.now_ms()
        self._last: EyeStatus | None = None
        self._written_ms = 0
        _forget_others(report.data_dir, report.shard)

    def run(self) -> None:
        """For ever."""
        waiting = threading.Event()
        while True:
            try:
                self.look_after()
            except Exception:
                log.exception("eye.untold")  # by this look: the next one must come all the same
            waiting.wait(TELL_EVERY_S)

    def look_after(self) -> None:
        """Notice what changed, and pass it on."""
        self._shared.check()
        if self._looking is not None:
            self._looking.pool.check()
        now_ms = self._report.clock.now_ms()
        text = self._trouble()
        before_ms = self._last.blind_since_ms if self._last is not None else None
        told = EyeStatus(
            name=self._chosen.name,
            since_ms=self._since_ms,
            blind_since_ms=None if text is None else before_ms or now_ms,
            blind_text=text,
            coming_percent=self._chosen.percent,
            coming_text=self._chosen.missing,
            lacks=self._chosen.lacks,
            shard=self._report.shard.number,
            looks=self._looks(),
        )
        if told == self._last and now_ms - self._written_ms < WRITE_EVERY_MS:
            return
        if told != self._last:
            self._report.tell(told)
        self._last, self._written_ms = told, now_ms
        temporary = self._file.with_suffix(".tmp")
        with suppress(OSError):  # a full disk: the page is told all the same
            temporary.write_bytes(msgspec.json.encode({"at_ms": now_ms, **msgspec.to_builtins(told)}))
            temporary.rename(self._file)

    def _looks(self) -> dict[str, tuple[int, int]]:
        """Of each camera: pictures that the eye saw, and those that it or the gate before it had no time for."""
        passed_over = self._looking.passed_over if self._looking is not None else {}
        return {
            camera_id: (slot.looked, slot.dropped + passed_over.get(camera_id, 0))
            for camera_id, slot in list(self._slots.items())
        }

    def _trouble(self) -> str | None:
        if self._looking is not None and self._looking.pool.is_blind:
            return ALL_HANG
        if self._shared.gave_up:
            return GAVE_UP
        if (why := self._shared.trouble) is None:
            return None
        return FAILS.format(why=why) if self._shared.is_failing else HANGS


def open_looking(
    choice: str,
    models_dir: Path | None,
    report: EyeReport | None = None,
    wants_stills: Callable[[str], bool] = always,
    own: Path | None = None,
) -> Looking:
    """How all cameras are looked at; `wants_stills`: whether somebody sees a camera's still now.

    Raises:
        ConfigError: for a choice that does not exist. A file of the owner's, `own`, that does not fit is only said.
    """
    chosen = EyeChoice(choice, models_dir, own)
    shared = SharedDetector(chosen)
    judge = Judge()
    slots: dict[str, Slot] = {}  # a camera that comes back finds its place again

    def make_sight(camera: Camera, streams: Streams) -> Sight:
        if camera.id not in slots:
            slots[camera.id] = shared.slot()
        return Sight(
            streams,
            areas=camera.areas,
            detector=slots[camera.id],
            new_id=lambda: secrets.token_hex(8),
            camera_id=camera.id,
            answers_late=True,  # a slot answers about the previous picture
        )

    looking = Looking(make_sight, judge.judge, lambda: chosen.name, wants_stills=wants_stills)
    if report is not None:
        teller = EyeTeller(chosen, shared, slots, report, looking)
        threading.Thread(target=teller.run, name="eye", daemon=True).start()
    return looking
