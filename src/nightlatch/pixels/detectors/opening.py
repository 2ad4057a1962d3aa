"""Which eye looks, by name, with what is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nightlatch.errors import ConfigError
from nightlatch.pixels.detectors import models
from nightlatch.pixels.detectors.both import Both
from nightlatch.pixels.detectors.eye import BuiltInEye
from nightlatch.pixels.detectors.faces import FaceFinder
from nightlatch.pixels.detectors.motion import PlainMotion
from nightlatch.pixels.detectors.ssd import Ssd
from nightlatch.pixels.detectors.yolox import Yolox
from nightlatch.plugs import Eye, Faces

CHOICES = ("eye", "yolox", "both", "motion")
PRIVACY_LEAST = 0.12  # of YOLOX where people are hidden: when unsure, cover


@dataclass(frozen=True, slots=True)
class PrivacyEyes:
    """What finds people to hide."""

    detector: Eye
    faces: Faces


def open_detector(choice: str, models_dir: Path | None) -> Eye:
    """The detector called `choice`, one of CHOICES; downloaded models are looked for in `models_dir`.

    Raises:
        ConfigError: there is no such choice, or a model is damaged.
        NotFound: a model that it needs is not on this machine; the text says how to get it.
    """
    folder = models.models_folder(models_dir)
    match choice:
        case "motion":
            return PlainMotion()
        case "eye":
            return BuiltInEye()
        case "yolox":
            return Yolox(models.need("yolox_nano", folder))
        case "both":
            return Both(Yolox(models.need("yolox_nano", folder)), Ssd())
    raise ConfigError(f"There is no detector called {choice}. Choose one of {', '.join(CHOICES)}.")


def open_privacy_eyes(models_dir: Path | None) -> PrivacyEyes:
    """What redaction needs. Raises `NotFound` when a model is missing: nobody is given away unhidden."""
    folder = models.models_folder(models_dir)
    yolox = Yolox(models.need("yolox_nano", folder), least=PRIVACY_LEAST, crops=4, every_person=True)
    return PrivacyEyes(yolox, FaceFinder(models.need("yunet_n_640", folder)))
