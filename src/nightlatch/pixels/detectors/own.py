"""A detector of the owner's choosing: an ONNX file, and beside it a TOML file of the same name that says how to use it.

    head = "yolo"           # what it answers with, below
    colours = "rgb"         # or "bgr"
    scale = "0..1"          # of its input: also "0..255", "-1..1", or "imagenet" (0..1, less mean, by deviation)
    fit = "letterbox"       # or "stretch"
    size = 640              # of its square input; only where the file does not say
    least = 0.25            # less sure things are left out
    [labels]                # our kinds, and its class numbers
    person = [0]
    vehicle = [1, 2, 3, 5, 7]

Heads, for N boxes and C classes:

    yolox           (1, N, 5 + C): offsets in cells of strides 8, 16 and 32, whether it is a thing, and scores
    yolox-decoded   the same, with centre and size in pixels of the input
    yolo            (1, 4 + C, N) or (1, N, 4 + C): centre and size in pixels, and scores (YOLOv8 and later)
    boxes           (1, N, 4) and (1, N, C) or (1, C, N): left, top, right, bottom in pixels, and scores (PicoDet)
    detr            (1, N, C) and (1, N, 4): logits, and centre and size from 0 to 1 (D-FINE, RT-DETR)
    detr-softmax    the same, where the last class is nothing (DETR)

The model has one input, (1, 3, H, W) float32, and no suppression of its own. It is tried once when it is opened, so
that whatever does not fit is said at once, and how to mend it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NoReturn

import cv2
import msgspec
import numpy as np

from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import ConfigError
from nightlatch.pixels.detectors.onnx import ModelBroken, Network
from nightlatch.pixels.detectors.windows import Bgr, Letterbox, Tensor, Window, box_within, letterbox
from nightlatch.pixels.detectors.yolox import grid

Head = Literal["yolox", "yolox-decoded", "yolo", "boxes", "detr", "detr-softmax"]
GREY = 114
SLACK = 0.01  # scores may be so far outside 0 to 1: sums of float16
LARGEST = 1536  # pixels of an input's side
MEAN = np.array((0.485, 0.456, 0.406), np.float32)  # of ImageNet, RGB
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)


class OwnCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the TOML file says."""

    head: Head
    labels: dict[Kind, list[int]]
    colours: Literal["rgb", "bgr"] = "rgb"
    scale: Literal["0..1", "0..255", "-1..1", "imagenet"] = "0..1"
    fit: Literal["letterbox", "stretch"] = "letterbox"
    size: int | None = None
    least: float = 0.25


class OwnNetwork:
    """State: the loaded network. `look_at` may be called from several threads."""

    name = "own"
    is_rough = False

    def __init__(self, path: Path) -> None:
        """Raises `ConfigError` when the file, its card or its answer is not what it should be."""
        self._file, self._card = path.name, read_card(path)
        self._classes = {n: kind for kind, numbers in self._card.labels.items() for n in numbers}
        self._network = Network(path)
        self._side = self._input_side()
        try:
            self.look_at(np.full((self._side, self._side, 3), GREY, np.uint8), (0, 0, self._side, self._side))
        except ConfigError:
            raise
        except Exception as error:  # whatever ONNX Runtime or NumPy say of what does not fit
            raise ConfigError(f"{path.name} could not be tried: {error}") from error

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """All things of the labelled kinds in a window of `bgr`, (H, W, 3) uint8; boxes are of the whole picture."""
        fit = self._fit(bgr, window)
        values = fit.canvas if self._card.colours == "bgr" else fit.canvas[..., ::-1]
        batch = np.ascontiguousarray(self._scaled(values).transpose(2, 0, 1)[None], np.float32)
        boxes, scores = self._read(self._network.run(batch))
        columns = list(self._classes)
        if scores.shape[1] <= max(columns):
            self._refuse(f"its answer has {scores.shape[1]} classes, and [labels] names class {max(columns)}.")
        scores = scores[:, columns]
        best = scores.argmax(axis=1)
        kept = np.flatnonzero(scores.max(axis=1) >= self._card.least)
        low, high = fit.shares(boxes[kept, :2]), fit.shares(boxes[kept, 2:])
        return [
            Detection(box, self._classes[columns[best[n]]], float(min(1.0, scores[n, best[n]])))
            for n, a, b in zip(kept, low, high, strict=True)
            if (box := box_within(*a.tolist(), *b.tolist())) is not None
        ]

    def _input_side(self) -> int:
        inputs = self._network.inputs
        if len(inputs) != 1:
            names = ", ".join(inputs)
            self._refuse(f"it has {len(inputs)} inputs ({names}). Export it without its post-processing.")
        shape = next(iter(inputs.values()))
        if len(shape) != 4 or shape[1] != 3 or shape[0] not in (1, None):
            self._refuse(f"its input has the shape {shape}, not (1, 3, height, width).")
        if shape[2] != shape[3]:
            self._refuse(f"its input is {shape[2]} by {shape[3]}. Export it with a square one.")
        side = shape[2] or self._card.size
        if side is None:
            self._refuse("it takes pictures of any size. Add, for example: size = 640")
        if self._card.size not in (None, side):
            self._refuse(f"its input is {side} by {side}, and the card says size = {self._card.size}.")
        if not 32 <= side <= LARGEST:
            self._refuse(f"an input of {side} pixels is out of range: choose 32 to {LARGEST}.")
        return side

    def _fit(self, bgr: Bgr, window: Window) -> Letterbox:
        if self._card.fit == "letterbox":
            return letterbox(bgr, window, self._side, grey=GREY)
        left, top, right, bottom = window
        canvas = cv2.resize(bgr[top:bottom, left:right], (self._side, self._side), interpolation=cv2.INTER_LINEAR)
        across, down = self._side / (right - left), self._side / (bottom - top)
        # as if the picture itself were stretched
        return Letterbox(np.asarray(canvas, np.uint8), 1.0, left * across, top * down, *_times(bgr, across, down))

    def _scaled(self, values: Bgr) -> Tensor:
        pixels = values.astype(np.float32)
        match self._card.scale:
            case "0..255":
                return pixels
            case "-1..1":
                return np.asarray(pixels / 127.5 - 1, np.float32)
            case "imagenet":
                way = slice(None) if self._card.colours == "rgb" else slice(None, None, -1)
                return np.asarray((pixels / 255 - MEAN[way]) / DEVIATION[way], np.float32)
        return np.asarray(pixels / 255, np.float32)

    def _read(self, answer: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Boxes in pixels of the canvas, (N, 4) left, top, right, bottom; and scores, (N, C)."""
        reader, outputs = HEADS[self._card.head]
        shapes = ", ".join(f"{name} {value.shape}" for name, value in answer.items())
        if len(answer) != outputs or any(value.ndim != 3 or value.shape[0] != 1 for value in answer.values()):
            wanted = "one output" if outputs == 1 else "two outputs, boxes and scores"
            self._refuse(f"the head {self._card.head} has {wanted} of the shape (1, …, …), and it gives {shapes}.")
        try:
            boxes, scores = reader([value[0] for value in answer.values()], self._side)
        except ValueError as error:
            self._refuse(f"{error}; it gives {shapes}. Look at head in the card.")
        if len(boxes) != len(scores):
            self._refuse(f"it gives {len(boxes)} boxes and {len(scores)} scores ({shapes}). Look at head in the card.")
        if scores.size and (float(scores.min()) < -SLACK or float(scores.max()) > 1 + SLACK):
            raise ModelBroken(f"{self._file} gives scores that are not between 0 and 1. Look at head in its card.")
        return boxes, scores

    def _refuse(self, why: str) -> NoReturn:
        raise ConfigError(f"{self._file} does not fit: {why}")


def read_card(path: Path) -> OwnCard:
    """What is said beside the model at `path`. Raises `ConfigError` with what to write."""
    beside = path.with_suffix(".toml")
    if not path.is_file():
        raise ConfigError(f"{path} is not there. Set detector_model under [hub] to an ONNX file.")
    try:
        told = tomllib.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{beside} is not there. It says how to use {path.name}; see docs/guide/the-eye.md for what to write."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{beside} cannot be read: {error}") from None
    try:
        card = msgspec.convert(told, OwnCard)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{beside} is not right: {error}") from None
    numbers = [n for each in card.labels.values() for n in each]
    if not numbers or min(numbers) < 0 or len(set(numbers)) != len(numbers):
        raise ConfigError(f"{beside} is not right: [labels] needs class numbers from 0, each once.")
    if card.labels.keys() & {Kind.MOTION}:
        raise ConfigError(f"{beside} is not right: motion is no label.")
    if not 0 < card.least < 1:
        raise ConfigError(f"{beside} is not right: least must lie between 0 and 1.")
    return card


def _times(bgr: Bgr, across: float, down: float) -> tuple[float, float]:
    return bgr.shape[1] * across, bgr.shape[0] * down


def _yolox(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    rows = values[0]
    cells, strides = grid(side)
    if len(rows) != len(cells):
        raise ValueError(f"the head yolox has {len(cells)} rows for an input of {side}")
    sizes = np.exp(np.minimum(rows[:, 2:4], 8.0)) * strides[:, None]
    return _corners((rows[:, :2] + cells) * strides[:, None], sizes), rows[:, 4:5] * rows[:, 5:]


def _yolox_decoded(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    rows = values[0]
    return _corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:5] * rows[:, 5:]


def _yolo(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    rows = values[0] if values[0].shape[0] > values[0].shape[1] else values[0].T
    return _corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:]


def _boxes(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    boxes, scores = _apart(values)
    return boxes, scores if len(scores) == len(boxes) else scores.T


def _detr(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    boxes, logits = _apart(values)
    scores = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
    return _corners(boxes[:, :2] * side, boxes[:, 2:] * side), np.asarray(scores, np.float32)


def _detr_softmax(values: Sequence[Tensor], side: int) -> tuple[Tensor, Tensor]:
    boxes, logits = _apart(values)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
    return _corners(boxes[:, :2] * side, boxes[:, 2:] * side), shares[:, :-1]


def _apart(values: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Boxes and scores: the boxes are what has four columns; the second of the two if both have."""
    one, two = values
    if two.shape[1] == 4:
        return two, one
    if one.shape[1] == 4:
        return one, two
    raise ValueError("no output has boxes of four numbers")


def _corners(centre: Tensor, size: Tensor) -> Tensor:
    return np.asarray(np.concatenate((centre - size / 2, centre + size / 2), axis=1), np.float32)


# What reads each head, and how many outputs it has.
HEADS: dict[Head, tuple[Callable[[Sequence[Tensor], int], tuple[Tensor, Tensor]], int]] = {
    "yolox": (_yolox, 1),
    "yolox-decoded": (_yolox_decoded, 1),
    "yolo": (_yolo, 1),
    "boxes": (_boxes, 2),
    "detr": (_detr, 2),
    "detr-softmax": (_detr_softmax, 2),
}
