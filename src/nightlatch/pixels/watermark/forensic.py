"""A mark that nobody sees and that names the view, even in a photograph of the page that showed the picture.

One tile of faint waves (see `tile`), an eighth as wide as the page's stage, is repeated over the whole picture, so that
any piece of a tile or two holds all of it. To read it, the guiding waves are looked for in the spectrum (see
`lattice`), the picture is laid straight by them, and the tiles are added up, each with the weight of how well the
guides are seen in it: so what lies around the picture counts for nothing. What the other waves then say is read softly
(see `code`), from one picture or from several together.

The waves come from a key: without it the mark can neither be read nor made up. It can be damaged without the key by
somebody who knows how it is made: docs/watermark.md says how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.watermark import lattice
from nightlatch.pixels.watermark.code import BITS, CHECKS, CODED, READ_Z, likeliest, likeness, number_of, view_of
from nightlatch.pixels.watermark.tile import CELLS, Alphabet, alphabet, tile

ACROSS = 8  # tiles across a whole frame
FRAME = 16 / 9  # of the page's stage: a picture of any shape that fits into it has tiles of one size on the screen
STRENGTH = 2.6  # grey levels (RMS) in busy places
QUIET = 0.5  # of it in smooth ones
BUSY = 8  # grey levels by which a busy place differs from what is around it
POWER_STEPS = 64  # to a grey level of strength: both are kept as bytes
WAVE_STEPS = 48  # to a standard deviation of the tile, which reaches 5 of them at most
LONGEST = 1600  # pixels at which a leak is looked at
FOUND_Z = 5.0  # standard deviations of the guides from which a picture may add to others
THERE_Z = 6.0  # and from which a mark is there, though nothing can be read
NEARLY_Z = 3.6  # before it is laid better
BENDS = 5  # times that a picture is laid straight, each from the one before
CLEARER = 1.005
LEAST = 0.1  # of the best tile's weight that any other has
RINGS = (6, 9, 12, 15, 18, 22)  # waves a tile: within a ring the mark is thought to have suffered alike
_FLOOR = STRENGTH * QUIET * POWER_STEPS
_SLOPE = (STRENGTH * POWER_STEPS - _FLOOR) / BUSY
Bgr = NDArray[np.uint8]
Plane = NDArray[np.float32]
Soft = NDArray[np.float64]
Matrix = NDArray[np.float64]
Shift = tuple[int, int]  # (down, right), in cells


@dataclass(frozen=True, slots=True)
class Trace:
    """A view's number that was read, and how sure."""

    view: int
    z: float  # standard deviations of the guides
    bits_z: float  # and of the bits
    is_whole: bool  # the check fits, and both are high enough
    read: int  # the 48 bits as they were read


@dataclass(frozen=True, slots=True)
class Statement:
    """What one picture says: how well the guides were seen, and each coded bit (192,), in log odds."""

    z: float
    soft: Soft


def mark(bgr: Bgr, view: int, key: bytes) -> Bgr:
    """The picture, (H, W, 3) or (H, W) uint8, with the view's number (below 2^32) in it.

    Bytes throughout, and how busy a place is from an eighth of the size: 720p takes 1.3 ms (one core; 9 ms in floats,
    most of them for the memory).
    """
    height, width = bgr.shape[:2]
    lighter, darker = _wide(view, key, height, width)
    grey = bgr if bgr.ndim == 2 else cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    detail = cv2.absdiff(grey, cv2.blur(grey, (7, 7)))
    eighth = (max(1, width // 8), max(1, height // 8))
    small = np.minimum(cv2.resize(detail, eighth, interpolation=cv2.INTER_AREA), BUSY)
    power = cv2.resize(cv2.convertScaleAbs(small, alpha=_SLOPE, beta=_FLOOR), (width, height))
    up, down = (cv2.multiply(power, each, scale=1 / (POWER_STEPS * WAVE_STEPS)) for each in (lighter, darker))
    if bgr.ndim == 3:
        up, down = cv2.cvtColor(up, cv2.COLOR_GRAY2BGR), cv2.cvtColor(down, cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.subtract(cv2.add(bgr, up), down), np.uint8)


def recover(pictures: Sequence[Bgr], key: bytes) -> Trace | None:
    """The view's number in one picture, or in several of one view together; None when no mark is found."""
    return together([reading for picture in pictures if (reading := read(picture, key)) is not None])


def together(readings: Sequence[Statement]) -> Trace | None:
    """What several readings of one view say; None when no mark is seen."""
    if not readings:
        return None
    soft = np.sum([each.soft for each in readings], axis=0)
    number = likeliest(soft)
    view, bits_z = view_of(number), likeness(soft, number)
    z, is_whole = max(each.z for each in readings), view is not None and bits_z >= READ_Z
    if not is_whole and z < THERE_Z:
        return None
    return Trace(number >> CHECKS, z, bits_z, is_whole, number)


def read(picture: Bgr, key: bytes) -> Statement | None:
    """What one picture says; None when no guides are seen."""
    return read_leak(flattened(picture), key)


def read_leak(leak: lattice.Leak, key: bytes) -> Statement | None:
    """What it says with this key, the best of the ways in which the picture may lie: upright first, then askew."""
    best: Statement | None = None
    for is_askew in (False, True):
        for guess in leak.guesses(alphabet(key).guides, is_askew):
            found = _laid(leak.flat, guess, key)
            if found is None:
                continue
            trace = together([found])
            if trace is not None and trace.is_whole:
                return found
            if best is None or found.z > best.z:
                best = found
    return best


def flattened(bgr: Bgr) -> lattice.Leak:
    """The picture's luma without what varies slowly, and with its strong edges held down."""
    longest = max(bgr.shape[:2])
    if longest > LONGEST:
        share = LONGEST / longest
        bgr = np.asarray(cv2.resize(bgr, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    rest = grey - cv2.GaussianBlur(grey, (0, 0), 6.0)
    loud = np.sqrt(np.maximum(cv2.blur(rest * rest, (21, 21)), 0)) + 1.0
    return lattice.Leak(np.asarray(np.clip(rest / loud, -2.0, 2.0), np.float32))


def bit_errors(found: Trace | None, view: int) -> int:
    """How many of the 48 bits are read wrongly; 24, as by guessing, when no mark is found. For measuring."""
    return BITS // 2 if found is None else (found.read ^ number_of(view)).bit_count()


def _laid(flat: Plane, guess: lattice.Guess, key: bytes) -> Statement | None:
    """What the picture says if it lies as guessed: laid straight first where it was seen, then all of it from there."""
    z, matrix, at = _unbent(flat[guess.window], guess.to_cells(CELLS), key)
    if z < NEARLY_Z:
        return None
    _, matrix, _ = _unbent(flat, _in_whole(matrix, guess.window), key, at)
    return _spelt(lattice.straightened(flat, matrix, CELLS)[0], key)


def _unbent(flat: Plane, to_cells: Matrix, key: bytes, at: Shift | None = None) -> tuple[float, Matrix, Shift]:
    """Laid straight by its pieces while that makes the guides clearer: (how clear, the matrix, where a tile begins).

    `at` is where a tile begins if a window has said so: the whole may lie too crooked yet to say it by itself.
    """
    best_z, best, best_at = 0.0, to_cells, at or (0, 0)
    matrix: Matrix | None = to_cells
    for n in range(BENDS):
        if matrix is None:
            break
        plane, moved = lattice.straightened(flat, matrix, CELLS)
        z, seen_at = _match(_folded(plane), key)
        is_given = n == 0 and at is not None
        if z <= best_z * CLEARER or (z < NEARLY_Z and not is_given):
            break
        best_z, best, best_at = (0.0, moved, best_at) if is_given else (z, moved, seen_at)
        matrix = lattice.unbent(plane, moved, best_at, lambda piece: _likeness(_folded(piece), key))
    return best_z, best, best_at


def _in_whole(to_cells: Matrix, window: tuple[slice, slice]) -> Matrix:
    """The same for the whole picture as for a window of it."""
    rows, columns = window
    return np.asarray(to_cells @ np.array([[1, 0, -columns.start], [0, 1, -rows.start], [0, 0, 1]]), np.float64)


def _spelt(plane: Plane, key: bytes) -> Statement | None:
    """The bits of a plane that lies straight; each tile counts as much as the guides are seen in it and around it."""
    waves = alphabet(key)
    _, at = _match(_folded(plane), key)
    tiles = plane.reshape(plane.shape[0] // CELLS, CELLS, plane.shape[1] // CELLS, CELLS).transpose(0, 2, 1, 3)
    spectra = np.fft.rfft2(np.roll(tiles, (-at[0], -at[1]), (2, 3)))  # (rows, columns, 64, 33)
    guides = (spectra[:, :, waves.guides[:, 1], waves.guides[:, 0]] * np.conj(waves.guide_phases)).real
    seen = cv2.blur(np.asarray(guides.mean(axis=2), np.float32), (3, 3), borderType=cv2.BORDER_CONSTANT)
    if seen.max() <= 0:
        return None
    folded = np.einsum("rc,rcuv->uv", np.maximum(seen, LEAST * seen.max()), spectra)
    off = _off(folded[waves.guides[:, 1], waves.guides[:, 0]] * np.conj(waves.guide_phases), waves.guides)
    z = _z(folded, off, waves)
    if z < FOUND_Z:
        return None
    letters = folded[waves.letters[:, 1], waves.letters[:, 0]] * np.conj(waves.letter_phases)
    letters *= np.exp(2j * np.pi * (waves.letters @ off) / CELLS)
    return Statement(z, _log_odds(letters, np.hypot(waves.letters[:, 0], waves.letters[:, 1]), waves.bit_of))


def _off(guides: NDArray[np.complex128], waves: NDArray[np.int64]) -> Soft:
    """(right, down): what is left of a cell by which the tile lies off, at which the guides agree best."""
    steps = np.linspace(-0.8, 0.8, 17)
    offs = np.stack([grid.ravel() for grid in np.meshgrid(steps, steps)], -1).astype(np.float64)
    agree = (np.exp(2j * np.pi * (offs @ waves.T) / CELLS) @ guides).real
    return np.asarray(offs[int(agree.argmax())], np.float64)


def _log_odds(letters: NDArray[np.complex128], radius: Soft, bit_of: NDArray[np.int64]) -> Soft:
    """Each coded bit's, from its letters; how loud mark and noise are in each ring says how much they count."""
    odds = np.zeros(len(letters))
    for low, high in pairwise(RINGS):
        ring = (radius >= low) & (radius < high)
        noise = float((letters[ring].imag ** 2).mean())
        gain = max(float((letters[ring].real ** 2).mean()) - noise, 0.03 * noise)
        odds[ring] = 2 * np.sqrt(gain) * letters[ring].real / noise
    return np.asarray(np.bincount(bit_of, odds, minlength=CODED), np.float64)


def _z(folded: NDArray[np.complex128], off: Soft, waves: Alphabet) -> float:
    """How well the guides are seen where they should be, in standard deviations over all shifts; 8 at most."""
    match = np.fft.irfft2(folded * np.conj(waves.sync), s=(CELLS, CELLS))
    guides = folded[waves.guides[:, 1], waves.guides[:, 0]] * np.conj(waves.guide_phases)
    here = 2 * float((np.exp(2j * np.pi * (waves.guides @ off) / CELLS) * guides).real.sum()) / CELLS**2
    return here / (float(match.std()) or 1.0)


def _folded(plane: Plane) -> Plane:
    """All tiles of a picture of one sample a cell on top of each other, (64, 64)."""
    rows, columns = -(-plane.shape[0] // CELLS), -(-plane.shape[1] // CELLS)
    padded = np.zeros((rows * CELLS, columns * CELLS), np.float32)
    padded[: plane.shape[0], : plane.shape[1]] = plane
    return np.asarray(padded.reshape(rows, CELLS, columns, CELLS).sum(axis=(0, 2)), np.float32)


def _likeness(folded: Plane, key: bytes) -> Plane:
    """With the guides, at each (down, right) shift."""
    spectrum = np.fft.rfft2(folded) * np.conj(alphabet(key).sync)
    return np.asarray(np.fft.irfft2(spectrum, s=(CELLS, CELLS)), np.float32)


def _match(folded: Plane, key: bytes) -> tuple[float, tuple[int, int]]:
    """(z, where the tile begins) of the best shift."""
    match = _likeness(folded, key)
    peak = int(match.argmax())
    spread = float(match.std()) or 1.0
    return float((match.flat[peak] - match.mean()) / spread), divmod(peak, CELLS)


@lru_cache(maxsize=8)  # views that are open at once; 1.8 MB each at 720p
def _wide(view: int, key: bytes, height: int, width: int) -> tuple[Bgr, Bgr]:
    """(height, width) each: where the tile makes the picture lighter and where darker, the same for a whole view."""
    cell = max(width, height * FRAME) / (ACROSS * CELLS)
    whole = np.tile(tile(view, key), (ACROSS + 1, ACROSS + 1))
    wide = cv2.resize(whole, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)[:height, :width]
    lighter, darker = (np.clip(np.rint(sign * WAVE_STEPS * wide), 0, 255).astype(np.uint8) for sign in (1, -1))
    return np.ascontiguousarray(lighter), np.ascontiguousarray(darker)
