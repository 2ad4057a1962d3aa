"""A mark that nobody sees and that names the view, even in a leaked picture that was scaled, cropped or encoded again.

Spread spectrum (Cox et al. 1997): the 32 bits of the view's number and 16 of check are each spread as a faint random
pattern of ±1 over a tile of 64 × 64 cells, with one more pattern to find the tile by; the tile is repeated over the
whole picture (Kutter 1998), so that any piece of some hundred cells holds all of it. To read it, the picture is
resized, or turned and bent straight by the lattice of its own repetition, until the tiles fall on each other; they are
added up, and each pattern is looked for.

The patterns come from a key: without it the mark can neither be read nor, short of spoiling the picture, removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.watermark import lattice

CELLS = 64
ACROSS = 8.0  # tiles over the width of a picture that is not cut
BITS = 48
SYNC_WEIGHT = 3.0
STRENGTH = 2.6  # grey levels (RMS) in busy places
QUIET = 0.55  # of it in smooth ones
BUSY = 8.0  # grey levels by which a busy place differs from what is around it
FOUND_Z = 9.0  # standard deviations of the tile pattern from which a mark is there
SCALES = (0.95, 2.6)  # of a cell against that of a whole picture: a piece of it has larger ones
FINE = 0.0015
CLOSE = 0.0004
BENDS = 4  # times that a picture is bent straight, each from the one before
Bgr = NDArray[np.uint8]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trace:
    """A view's number that was read, how sure, and how large its cells are against those of a whole picture."""

    view: int
    z: float
    scale: float
    is_whole: bool  # the check fits: not a bit is wrong
    read: int  # the 48 bits as they were read


def mark(bgr: Bgr, view: int, key: bytes) -> Bgr:
    """The picture, (H, W, 3) uint8, with the view's number (below 2^32) in it.

    Whole numbers wherever they say the same: 720p took 11.3 ms in floats, and takes 3 (one core).
    """
    wide = _wide(view, key, bgr.shape[0], bgr.shape[1])
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    busy = cv2.boxFilter(cv2.absdiff(grey, cv2.blur(grey, (7, 7))), cv2.CV_32F, (15, 15))
    power = np.minimum(busy, BUSY, dtype=np.float32)
    power *= STRENGTH * (1 - QUIET) / BUSY
    power += STRENGTH * QUIET
    lighter = cv2.cvtColor(cv2.multiply(power, wide, dtype=cv2.CV_8U), cv2.COLOR_GRAY2BGR)
    darker = cv2.cvtColor(cv2.multiply(power, wide, scale=-1, dtype=cv2.CV_8U), cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.subtract(cv2.add(bgr, lighter), darker), np.uint8)


def recover(pictures: list[Bgr], key: bytes) -> Trace | None:
    """The view's number in one picture, or in several of one view and one size; None when no mark is found.

    First as if it were whole and straight, then turned, bent or cut (by the mark's own lattice), then at every scale.
    """
    flats = [_flat(picture) for picture in pictures]
    found: list[Trace] = []
    ways: tuple[Callable[[], Trace | None], ...] = (
        lambda: _straight(flats, _scales()[:6], key),
        lambda: _askew(flats, key),
        lambda: _straight(flats, _scales(), key),
    )
    for way in ways:
        read = way()
        if read is not None and read.is_whole:
            return read
        found += [read] if read is not None else []
    return max(found, key=lambda each: each.z, default=None)


def bit_errors(found: Trace | None, view: int) -> int:
    """How many of the 48 bits are read wrongly; 24, as by guessing, when no mark is found. For measuring."""
    return BITS // 2 if found is None else (found.read ^ _number(view)).bit_count()


def _straight(flats: list[Plane], scales: list[float], key: bytes) -> Trace | None:
    """Read a picture that was scaled and cut, but not turned."""
    width = flats[0].shape[1]
    best = max((_find(flats[:1], width, scale, key) for scale in scales), key=lambda f: f[0])
    near = best[1]
    fine = [near * (1 + step) for step in np.arange(-FINE, FINE + CLOSE / 2, CLOSE)]
    z, scale, folded, at = max((_find(flats, width, s, key) for s in fine), key=lambda f: f[0])
    return _read(folded, at, z, scale, key) if z >= FOUND_Z else None


def _askew(flats: list[Plane], key: bytes) -> Trace | None:
    """Read a picture that was turned, stretched or photographed at an angle."""
    width = flats[0].shape[1]
    period = width / ACROSS
    tried = []
    for start in lattice.candidates(flats[0], period, (0.9, SCALES[1]), CELLS):
        plane, matrix = lattice.straightened(flats[0], start, CELLS)
        middle = [max(0, (n - 3 * CELLS) // 2 // CELLS * CELLS) for n in plane.shape]
        part = plane[middle[0] : middle[0] + 3 * CELLS, middle[1] : middle[1] + 3 * CELLS]
        tried.append(max(((*_match(_folded(each), key), matrix) for each in (plane, part)), key=lambda m: m[0]))
    if not tried:
        return None
    z, at, matrix = max(tried, key=lambda each: each[0])
    folded = _folded(lattice.straightened(flats[0], matrix, CELLS)[0])
    for _ in range(BENDS):
        plane, matrix = lattice.straightened(flats[0], matrix, CELLS)
        better = lattice.unbent(plane, matrix, at, lambda piece: _likeness(_folded(piece), key))
        if better is None:
            break
        planes = [lattice.straightened(flat, better, CELLS) for flat in flats]
        summed = np.sum([_folded(plane) for plane, _ in planes], axis=0)
        again, place = _match(summed, key)
        if again <= z and again < FOUND_Z:
            break
        if again > z or folded is None:
            z, at, folded = again, place, summed
        matrix = planes[0][1]
        at = place
    z, at = _match(folded, key)
    scale = 1 / (float(np.linalg.norm(matrix[:2, 0])) * width / (ACROSS * CELLS))
    return _read(folded, at, z, scale, key) if z >= FOUND_Z else None


def _read(folded: Plane, at: tuple[int, int], z: float, scale: float, key: bytes) -> Trace:
    patterns, _ = _patterns(key)
    bits = (patterns * np.roll(folded, (-at[0], -at[1]), (0, 1))).sum(axis=(1, 2)) > 0
    number = int("".join("1" if bit else "0" for bit in bits), 2)
    view = number >> 16
    return Trace(view, z, scale, number == _number(view), number)


def _find(flats: list[Plane], width: int, scale: float, key: bytes) -> tuple[float, float, Plane, tuple[int, int]]:
    """(z, scale, the folded tile, where it begins) if a cell is `scale` times as large as the width says."""
    cell = _cell(width, scale)
    folded = np.zeros((CELLS, CELLS), np.float32)
    for flat in flats:
        size = (max(CELLS, round(flat.shape[1] / cell)), max(CELLS, round(flat.shape[0] / cell)))
        small = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
        folded += _folded(np.asarray(small, np.float32))
    z, at = _match(folded, key)
    return z, scale, folded, at


def _folded(plane: Plane) -> Plane:
    """All tiles of a picture of one pixel a cell on top of each other, (64, 64)."""
    rows, columns = -(-plane.shape[0] // CELLS), -(-plane.shape[1] // CELLS)
    padded = np.zeros((rows * CELLS, columns * CELLS), np.float32)
    padded[: plane.shape[0], : plane.shape[1]] = plane
    return np.asarray(padded.reshape(rows, CELLS, columns, CELLS).sum(axis=(0, 2)), np.float32)


def _likeness(folded: Plane, key: bytes) -> Plane:
    """With the tile pattern, at each (down, right) shift."""
    _, sync = _patterns(key)
    spectrum = np.fft.rfft2(folded) * np.conj(np.fft.rfft2(sync))
    return np.asarray(np.fft.irfft2(spectrum, s=(CELLS, CELLS)), np.float32)


def _match(folded: Plane, key: bytes) -> tuple[float, tuple[int, int]]:
    """(z, where the tile begins) of the best shift."""
    match = _likeness(folded, key)
    peak = int(match.argmax())
    spread = float(match.std()) or 1.0
    return float((match.flat[peak] - match.mean()) / spread), divmod(peak, CELLS)


def _cell(width: int, scale: float) -> float:
    """Pixels a cell, when cells are `scale` times as large as in a whole picture of this width."""
    return width / (ACROSS * CELLS) * scale


def _scales() -> list[float]:
    """Cells may be larger than the width says (the picture was cut) but hardly smaller."""
    low, high = SCALES
    count = int(np.log(high / low) / FINE / 2)
    first = [1.0, *np.linspace(0.995, 1.005, 5)]
    return [*first, *(low * (high / low) ** (n / count) for n in range(count + 1))]


def _flat(bgr: Bgr) -> Plane:
    """The picture's luma without what varies slowly, and with its strong edges held down."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    cell = max(1.0, bgr.shape[1] / (ACROSS * CELLS))
    rest = grey - cv2.GaussianBlur(grey, (0, 0), 2.0 * cell)
    loud = np.sqrt(np.maximum(cv2.blur(rest * rest, (15, 15)), 0)) + 2.0
    return np.asarray(np.clip(rest / loud, -2.5, 2.5), np.float32)


@lru_cache(maxsize=4)
def _patterns(key: bytes) -> tuple[Plane, Plane]:
    """(48, 64, 64) patterns of ±1 and the one to find the tile by, from the key."""
    dice = np.random.default_rng(np.frombuffer(sha256(b"nightlatch mark v1" + key).digest(), np.uint64))
    made = dice.integers(0, 2, (BITS + 1, CELLS, CELLS)).astype(np.float32) * 2 - 1
    return made[:BITS], made[BITS]


@lru_cache(maxsize=8)  # views that are open at once; 3.7 MB each at 720p
def _wide(view: int, key: bytes, height: int, width: int) -> Plane:
    """(height, width): the tile over the whole picture, the same for every picture of a view."""
    cell = width / (ACROSS * CELLS)
    rows = -(-round(height / cell) // CELLS) + 1
    whole = np.tile(_tile(view, key), (rows, int(ACROSS) + 1))
    wide = cv2.resize(whole, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)[:height, :width]
    return np.ascontiguousarray(wide, np.float32)


@lru_cache(maxsize=16)
def _tile(view: int, key: bytes) -> Plane:
    """(64, 64), RMS 1."""
    patterns, sync = _patterns(key)
    signs = np.where(_bits(view), 1.0, -1.0).astype(np.float32)
    tile = SYNC_WEIGHT * sync + np.tensordot(signs, patterns, axes=1)
    return np.asarray(tile / np.sqrt((tile * tile).mean()), np.float32)


def _bits(view: int) -> NDArray[np.bool_]:
    number = _number(view)
    return np.array([number >> n & 1 for n in range(BITS - 1, -1, -1)], np.bool_)


def _number(view: int) -> int:
    """The view's number and its check, 48 bits."""
    return (view & 0xFFFFFFFF) << 16 | _check(view & 0xFFFFFFFF)


def _check(view: int) -> int:
    return int.from_bytes(sha256(b"nightlatch view" + view.to_bytes(4)).digest()[:2])
