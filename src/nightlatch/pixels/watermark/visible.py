"""Writes across a picture who looks at it and when. It wanders, so that no one crop removes it from every picture.

Pseudonym, time and view number are all within the picture at every size and shape: a line that is too long for a
narrow picture becomes two, and letters that are still too wide become smaller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

SHARE = 0.55  # how much of the writing covers the picture
TIMES = 3  # how often it is written
PER_SIZE = 1600  # pixels of the longer side at which letters are 21 pixels high: 12 on a page of 1366 × 768
WIDEST = 0.96  # of the picture's width that a line may take
FONT = cv2.FONT_HERSHEY_SIMPLEX
Bgr = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stencil:
    """A line of writing: what it keeps of a picture (0 to 1) and what it adds (grey levels), each (h, w, 3)."""

    keeps: Plane
    adds: Plane
    across: int
    down: int
    capital: int  # how high its letters are
    edge: int  # around the letters' own box


def visible(bgr: Bgr, pseudonym: str, at_ms: int, view: int) -> Bgr:
    """The picture, (H, W, 3) uint8, with pseudonym, time (UTC) and view, light on dark, readable on both."""
    height, width = bgr.shape[:2]
    line = writing(pseudonym, at_ms, view, width, height)
    written = bgr.copy()
    second = at_ms / 1000
    for n in range(TIMES):
        drift = second * 0.11 + n * 2.1
        x = int((0.5 + 0.5 * math.sin(drift)) * max(0, width - line.across))
        y = int((n + 0.5 + 0.35 * math.sin(drift * 1.7)) / TIMES * (height - line.down)) + line.down
        _write(written, bgr, line, x - line.edge, y - line.down - line.edge)
    return written


def _width(lines: tuple[str, ...], size: float, thick: int) -> int:
    return max(cv2.getTextSize(line, FONT, size, thick)[0][0] for line in lines)


def writing(pseudonym: str, at_ms: int, view: int, width: int, height: int) -> Stencil:
    """Name, time (UTC) and view for a picture of this size: in one line if they fit into its width, else in two."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    name = "".join(c if 32 <= ord(c) < 127 else "?" for c in pseudonym)[:24]
    longer = max(width, height)
    size, thick = max(0.35, longer / PER_SIZE), max(1, round(longer / 700))
    for lines in ((f"{name}  {moment}  view {view}",), (f"{name}  view {view}", moment)):
        if (wide := _width(lines, size, thick)) <= WIDEST * width:
            return _stencil(lines, size, thick)
    return _stencil(lines, size * WIDEST * width / wide, 1)


def _write(written: Bgr, bgr: Bgr, line: Stencil, left: int, top: int) -> None:
    """Lay a line over the picture, its corner at (left, top); what lies beyond the picture is cut off."""
    high, wide = line.keeps.shape[:2]
    rows = slice(max(0, -top), min(high, bgr.shape[0] - top))
    columns = slice(max(0, -left), min(wide, bgr.shape[1] - left))
    there = np.s_[rows.start + top : rows.stop + top, columns.start + left : columns.stop + left]
    kept = cv2.multiply(written[there], line.keeps[rows, columns], dtype=cv2.CV_32F)
    written[there] = cv2.add(kept, line.adds[rows, columns], dtype=cv2.CV_8U)


@lru_cache(maxsize=8)  # views that are open at once; a line changes once a second, and drawing it takes 2 ms at 720p
def _stencil(lines: tuple[str, ...], size: float, thick: int) -> Stencil:
    (_, high), below = cv2.getTextSize("".join(lines), FONT, size, thick)
    edge = below + 2 * thick + 2
    across, step = _width(lines, size, thick), high + edge
    down = step * (len(lines) - 1) + high
    dark, light = (np.zeros((down + 2 * edge, across + 2 * edge), np.uint8) for _ in range(2))
    for plane, width in ((dark, thick + 2), (light, thick)):
        for n, line in enumerate(lines):
            cv2.putText(plane, line, (edge, edge + high + n * step), FONT, size, 255, width, cv2.LINE_AA)
    outline, letters = (cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR).astype(np.float32) / 255 for plane in (dark, light))
    keeps = 1 - SHARE * (1 - (1 - outline) * (1 - letters))
    adds = SHARE * 255 * letters
    return Stencil(np.asarray(keeps, np.float32), np.asarray(adds, np.float32), across, down, high, edge)
