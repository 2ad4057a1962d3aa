"""Both marks at once, for whoever shows a picture: written across it, and hidden in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.errors import ConfigError
from nightlatch.pixels.watermark.forensic import mark
from nightlatch.pixels.watermark.visible import visible

KEY_BYTES = 32
SMALLEST = 640  # pixels of the longer side: below it letters and waves would be finer than a small film's pixels
Bgr = NDArray[np.uint8]


def marker(key: bytes) -> Callable[[Bgr, str, int, int], Bgr]:
    """A function (picture, pseudonym, wall time in ms, view) → picture with both marks."""

    def marked(bgr: Bgr, pseudonym: str, at_ms: int, view: int) -> Bgr:
        return mark(visible(enlarged(bgr), pseudonym, at_ms, view), view, key)

    return marked


def enlarged(bgr: Bgr) -> Bgr:
    """The picture, its longer side at least SMALLEST pixels: the page shows small films as large as others."""
    height, width = bgr.shape[:2]
    share = SMALLEST / max(height, width)
    if share <= 1:
        return bgr
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def mark_key(path: Path) -> bytes:
    """The programme's key for hidden marks, made at first use; whoever has it can read and forge them.

    Raises:
        ConfigError: the file is not such a key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path} is not a key for marks (it has {len(key)} bytes, not {KEY_BYTES}).")
    return key
