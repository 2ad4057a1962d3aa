"""Which eye looks: by name, with what is on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError
from nightlatch.pixels.detectors import models
from nightlatch.pixels.detectors.both import Both
from nightlatch.pixels.detectors.eye import Eye
from nightlatch.pixels.detectors.faces import FaceFinder
from nightlatch.pixels.detectors.motion import PlainMotion
from nightlatch.pixels.detectors.yolox import Yolox

CHOICES = ("eye", "yolox", "both", "motion")
PRIVACY_LEAST = 0.12  # of YOLOX where people are hidden: when unsure, cover


class Detector(Protocol):
    """What finds things in pictures."""

    name: str
    kinds: frozenset[Kind]

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """Things in `bgr`, (H, W, 3) uint8; `regions` is what moves."""
        ...


@dataclass(frozen=True, slots=True)
class PrivacyEyes:
    """What finds people to hide."""

    detector: Detector
    faces: FaceFinder


def open_detector(choice: str, models_dir: Path | None) -> Detector:
    """The detector called `choice`, one of CHOICES; fetched models are looked for in `models_dir`.

    Raises:
        ConfigError: there is no such choice, or a model is damaged.
        NotFound: a model that it needs is not on this machine; the text says how to get it.
    """
    folder = models.models_folder(models_dir)
    match choice:
        case "motion":
            return PlainMotion()
        case "eye":
            return Eye()
        case "yolox":
            return Yolox(models.need("yolox_nano", folder))
        case "both":
            return Both(Eye(), Yolox(models.need("yolox_nano", folder)))
    raise ConfigError(f"There is no detector called {choice}. Choose one of {', '.join(CHOICES)}.")


def open_privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs. Raises `NotFound` when a model is missing: nobody is given unhidden."""
    folder = models.models_folder(models_dir)
    yolox = Yolox(models.need("yolox_nano", folder), least=PRIVACY_LEAST, crops=4, every_person=True)
    return PrivacyEyes(yolox, FaceFinder(models.need("yunet_n_640", folder)))
