"""Chooses, once for all cameras, what looks and what judges; the built-in eye looks while a choice is being fetched."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from nightlatch.domain.camera import Camera
from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection
from nightlatch.errors import NightlatchError, NotFound
from nightlatch.hub.recorder import Looking
from nightlatch.pixels.detectors.models import fetch, known_models, models_folder
from nightlatch.pixels.detectors.opening import Detector, PrivacyEyes, open_detector, open_privacy_eyes
from nightlatch.pixels.detectors.sharing import SharedDetector, Slot
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.sight import Sight
from nightlatch.pixels.vision.judge import Judge

NEEDED = "yolox_nano"  # by the choices that need a model
FIRST_RETRY_S = 60.0
LONGEST_RETRY_S = 6 * 3600.0
TOLD_EVERY = 0.1  # of a model
log = structlog.get_logger()


class Chosen:
    """The detector that was asked for, as soon as it can be had; until then the built-in eye."""

    def __init__(self, choice: str, models_dir: Path | None) -> None:
        """Raises `ConfigError` for a choice that does not exist."""
        self._choice, self._models_dir = choice, models_dir
        try:
            self.now: Detector = open_detector(choice, models_dir)
        except NotFound as error:
            log.warning("detector.missing", choice=choice, text=str(error), instead="eye")
            self.now = open_detector("eye", models_dir)
            threading.Thread(target=self._fetch, name="models", daemon=True).start()

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """(H, W, 3) uint8 and what moves in it."""
        return self.now.look(bgr, regions)

    def _fetch(self) -> None:
        """Try until it is here; the pauses grow."""
        pause_s, told = FIRST_RETRY_S, 0.0
        waiting = threading.Event()

        def on_share(share: float) -> None:
            nonlocal told
            if share - told >= TOLD_EVERY or share >= 1.0:
                told = share
                log.info("model.coming", model=NEEDED, percent=round(100 * share))

        while True:
            told = 0.0
            try:
                fetch(known_models()[NEEDED], models_folder(self._models_dir), on_share)
                self.now = open_detector(self._choice, self._models_dir)
            except NightlatchError as error:
                log.warning("model.missing", model=NEEDED, text=str(error), again_in_s=round(pause_s))
                waiting.wait(pause_s)
                pause_s = min(LONGEST_RETRY_S, pause_s * 2)
            else:
                log.info("detector.ready", detector=self.now.name)
                return


def open_looking(choice: str, models_dir: Path | None) -> Looking:
    """How all cameras are looked at. Raises `ConfigError` for a choice that does not exist."""
    chosen = Chosen(choice, models_dir)
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
            answers_late=True,  # a slot answers about the picture before
        )

    return Looking(make_sight, judge.judge, lambda: chosen.now.name, lambda: shared.trouble)


def privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs, fetched when it is not here. Raises `NotFound` or `ModelLost` with what to do."""
    folder = models_folder(models_dir)
    for name in (NEEDED, "yunet_n_640"):
        fetch(known_models()[name], folder)
    return open_privacy_eyes(models_dir)
