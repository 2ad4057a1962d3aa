"""Chooses, once for all cameras, what looks and what judges; says plainly when a choice cannot be had."""

from __future__ import annotations

import secrets
from pathlib import Path

import structlog

from nightlatch.domain.camera import Camera
from nightlatch.errors import NightlatchError
from nightlatch.hub.recorder import Looking
from nightlatch.pixels.detectors.opening import PrivacyEyes, open_detector, open_privacy_eyes
from nightlatch.pixels.detectors.sharing import SharedDetector, Slot
from nightlatch.pixels.media.packets import Streams
from nightlatch.pixels.sight import Sight
from nightlatch.pixels.vision.judge import Judge

log = structlog.get_logger()


def open_looking(choice: str, models_dir: Path | None) -> Looking:
    """The detector called `choice`; the built-in eye when that cannot be had, plain motion when nothing can."""
    name = choice
    try:
        detector = open_detector(choice, models_dir)
    except NightlatchError as error:
        log.warning("detector.missing", choice=choice, text=str(error), instead="eye")
        name = "eye"
        detector = open_detector("eye", models_dir)
    shared = SharedDetector(detector) if detector is not None else None
    judge = Judge()
    slots: dict[str, Slot] = {}  # a camera that comes back finds its place again

    def make_sight(camera: Camera, streams: Streams) -> Sight:
        if shared is not None and camera.id not in slots:
            slots[camera.id] = shared.slot()
        return Sight(
            streams,
            areas=camera.areas,
            detector=slots.get(camera.id),
            new_id=lambda: secrets.token_hex(8),
            camera_id=camera.id,
            answers_late=True,  # a slot answers about the picture before
        )

    return Looking(make_sight, judge.judge, name)


def privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs. Raises `NotFound` with what to fetch."""
    return open_privacy_eyes(models_dir)
