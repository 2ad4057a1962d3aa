"""Writes across a picture who looks at it and when. It wanders, so that no one crop removes it from every picture."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

SHARE = 0.55  # how much of the writing covers the picture
TIMES = 3  # how often it is written
Bgr = NDArray[np.uint8]


def visible(bgr: Bgr, pseudonym: str, at_ms: int, view: int) -> Bgr:
    """The picture, (H, W, 3) uint8, with pseudonym, time (UTC) and view, light on dark, readable on both."""
    height, width = bgr.shape[:2]
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    name = "".join(c if 32 <= ord(c) < 127 else "?" for c in pseudonym)[:24]
    text = f"{name}  {moment}  view {view}"
    size = max(0.35, width / 1600)
    thick = max(1, round(width / 700))
    (across, down), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    written = bgr.copy()
    second = at_ms / 1000
    for n in range(TIMES):
        drift = second * 0.11 + n * 2.1
        x = int((0.5 + 0.5 * math.sin(drift)) * max(0, width - across))
        y = int((n + 0.5 + 0.35 * math.sin(drift * 1.7)) / TIMES * (height - down)) + down
        cv2.putText(written, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), thick + 2, cv2.LINE_AA)
        cv2.putText(written, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), thick, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(written, SHARE, bgr, 1 - SHARE, 0), np.uint8)
