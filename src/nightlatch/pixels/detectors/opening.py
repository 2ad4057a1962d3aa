"""Which eye looks, by name, with what is on this machine."""

from __future__ import annotations

from pathlib import Path

from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors import models, pose, ssd
from nightlatch.pixels.detectors.eye import BuiltInEye
from nightlatch.pixels.detectors.joint import JointEye, Opinion
from nightlatch.pixels.detectors.motion import PlainMotion
from nightlatch.pixels.detectors.own import OwnNetwork
from nightlatch.pixels.detectors.pose import PoseNetwork
from nightlatch.pixels.detectors.ssd import SsdNetwork
from nightlatch.pixels.detectors.yolox import Yolox
from nightlatch.plugs import Eye

CHOICES = ("eye", "ssd", "yolox", "both", "own", "motion")
YOLOX = "yolox_nano"


def open_detector(choice: str, models_dir: Path | None, own: Path | None = None) -> Eye:
    """The detector called `choice`, one of CHOICES; models are looked for in `models_dir`, `own` is a file.

    MediaPipe's pose detector joins `ssd` and `both` where it is here; they do without it.

    Raises:
        ConfigError: there is no such choice, or a model is damaged or does not fit.
        NotFound: a model that it needs is not on this machine; the text says how to get it.
    """
    folder = models.models_folder(models_dir)
    match choice:
        case "motion":
            return PlainMotion()
        case "eye":
            return BuiltInEye()
        case "ssd":
            return JointEye("ssd", [_ssd(folder), *_pose(folder)])
        case "yolox":
            return Yolox(models.need(YOLOX, folder))
        case "both":
            return JointEye("both", [Yolox(models.need(YOLOX, folder)), _ssd(folder), *_pose(folder)])
        case "own":
            if own is None:
                raise ConfigError("The detector own needs a model: set detector_model under [hub] to an ONNX file.")
            return JointEye("own", [OwnNetwork(own)])
    raise ConfigError(f"There is no detector called {choice}. Choose one of {', '.join(CHOICES)}.")


def open_stand_in(choice: str, models_dir: Path | None) -> Eye:
    """The best that is here while something that `choice` needs is not: in the end the built-in eye."""
    for other in ("ssd", "yolox") if choice == "both" else ("ssd",):
        try:
            return open_detector(other, models_dir)
        except (NotFound, ConfigError):  # not here, or of no use on this machine
            continue
    return BuiltInEye()


def open_newcomers(models_dir: Path | None) -> Eye:
    """What looks where nothing was chosen: `both`, or the best that is here."""
    try:
        return open_detector("both", models_dir)
    except NotFound:
        return open_stand_in("both", models_dir)


def lacking(choice: str, models_dir: Path | None) -> tuple[str, ...]:
    """Which models of `choice` are not on this machine, by name."""
    folder = models.models_folder(models_dir)
    wanted = {"ssd": (ssd.NAME, pose.NAME), "yolox": (YOLOX,), "both": (YOLOX, ssd.NAME, pose.NAME)}.get(choice, ())
    known = models.known_models()
    return tuple(name for name in wanted if models.find(known[name], folder) is None)


def _ssd(folder: Path) -> Opinion:
    return SsdNetwork(models.need(ssd.NAME, folder))


def _pose(folder: Path) -> list[Opinion]:
    try:
        return [PoseNetwork(models.need(pose.NAME, folder))]
    except NotFound:
        return []
