"""One tile of the mark: waves that go a whole number of times into it, some to find it by, the rest to write with.

All of it comes from the key: which waves guide, where each begins, and which bit each of the others carries. Waves
along the picture's edges are left out: pages, letters and JPEG's blocks are full of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.watermark.code import CODED, number_of, spread

CELLS = 64  # samples of a tile, each way
GUIDES = 32
GUIDE_RING = (5.0, 14.0)  # waves in a tile
LETTER_RING = (6.0, 21.0)
GUIDE_POWER = 0.25  # share of all
Plane = NDArray[np.float32]
Waves = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The waves of a key. Each is (across, down), in waves a tile, with a unit complex number to begin from."""

    guides: Waves  # (G, 2)
    guide_phases: NDArray[np.complex128]
    letters: Waves  # (N, 2)
    letter_phases: NDArray[np.complex128]
    bit_of: NDArray[np.int64]  # (N,): which of the coded bits each letter carries

    @property
    def sync(self) -> NDArray[np.complex128]:
        """The spectrum of the guides, (64, 33), as `rfft2` has it."""
        made = np.zeros((CELLS, CELLS // 2 + 1), np.complex128)
        made[self.guides[:, 1], self.guides[:, 0]] = self.guide_phases
        return made


@lru_cache(maxsize=4)
def alphabet(key: bytes) -> Alphabet:
    """The waves of this key."""
    dice = np.random.default_rng(np.frombuffer(sha256(b"nightlatch mark v2" + key).digest(), np.uint64))
    across, down = (grid.ravel() for grid in np.meshgrid(np.arange(1, 32), np.arange(-31, 32), indexing="ij"))
    radius = np.hypot(across, down)
    every = np.stack((across, down), -1)[(down != 0) & (radius <= LETTER_RING[1])]
    radius = np.hypot(every[:, 0], every[:, 1])
    is_guide = np.zeros(len(every), np.bool_)
    ring = np.flatnonzero((radius >= GUIDE_RING[0]) & (radius <= GUIDE_RING[1]))
    is_guide[dice.permutation(ring)[:GUIDES]] = True
    guides = every[is_guide]
    letters = every[~is_guide & (radius >= LETTER_RING[0])]
    letters = letters[np.argsort(np.hypot(letters[:, 0], letters[:, 1]), kind="stable")]
    turns = -(-len(letters) // CODED)
    bit_of = np.concatenate([dice.permutation(CODED) for _ in range(turns)])[: len(letters)]
    phases = [np.exp(2j * np.pi * dice.random(len(waves))) for waves in (guides, letters)]
    return Alphabet(guides, phases[0], letters, phases[1], bit_of)


@lru_cache(maxsize=16)
def tile(view: int, key: bytes) -> Plane:
    """(64, 64), RMS 1: what is written over a picture again and again."""
    waves = alphabet(key)
    spectrum = np.zeros((CELLS, CELLS // 2 + 1), np.complex128)
    loud = np.sqrt(GUIDE_POWER / (1 - GUIDE_POWER) * len(waves.letters) / len(waves.guides))
    spectrum[waves.guides[:, 1], waves.guides[:, 0]] = loud * waves.guide_phases
    signs = spread(number_of(view))[waves.bit_of]
    spectrum[waves.letters[:, 1], waves.letters[:, 0]] = signs * waves.letter_phases
    made = np.fft.irfft2(spectrum, s=(CELLS, CELLS))
    return np.asarray(made / made.std(), np.float32)
