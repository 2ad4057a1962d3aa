"""The view's number as bits that may be read badly: a check, and a convolutional code that is read softly.

32 bits of number and 16 of check go round a shift register of nine places (tail-biting, so that no bit is weaker than
another); each step gives four bits (generators 463, 535, 733, 745 octal, free distance 24). Read with Viterbi's
algorithm this needs about a third of the power that 48 bits alone would need to be right together.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

BITS = 48
CHECKS = 16  # of them
GENERATORS = (0o463, 0o535, 0o733, 0o745)
CODED = BITS * len(GENERATORS)
MEMORY = 8
STATES = 1 << MEMORY
ROUNDS = 3  # that the decoder goes: the first finds where to begin, the last where it ends
READ_Z = 7.5  # deviations of `likeness` from which bits are believed; noise has so many once in a thousand (of 1500)
Soft = NDArray[np.float64]
Signs = NDArray[np.float64]


def number_of(view: int) -> int:
    """The view's number (below 2^32) and its check, 48 bits."""
    return (view & 0xFFFFFFFF) << CHECKS | _check(view & 0xFFFFFFFF)


def view_of(number: int) -> int | None:
    """The view that 48 bits name, or None when the check does not fit."""
    view = number >> CHECKS
    return view if number == number_of(view) else None


def spread(number: int) -> Signs:
    """(192,) of ±1: what is written for 48 bits."""
    bits = [number >> n & 1 for n in range(BITS - 1, -1, -1)]
    state = 0
    for bit in bits[-MEMORY:]:
        state = state >> 1 | bit << (MEMORY - 1)
    written = []
    for bit in bits:
        register = bit << MEMORY | state
        written += [_sign(register & generator) for generator in GENERATORS]
        state = register >> 1
    return np.array(written, np.float64)


def likeliest(soft: Soft) -> int:
    """The 48 bits that say best what was read: (192,), positive for +1, larger where it is surer."""
    before, signs = _trellis()
    steps = soft.reshape(BITS, len(GENERATORS))
    gains = np.einsum("sbg,tg->tsb", signs, steps)  # (48, 256, 2): into each state, from each of two
    score = np.zeros(STATES)
    chosen = []
    for step in range(ROUNDS * BITS):
        both = score[before] + gains[step % BITS]
        came = both.argmax(axis=1)
        chosen.append(came)
        score = np.take_along_axis(both, came[:, None], 1)[:, 0]
        score -= score.max()
    state, number = int(score.argmax()), 0
    read: list[int] = []
    for came in reversed(chosen):
        read.append(state >> (MEMORY - 1))
        state = int(before[state, came[state]])
    middle = read[::-1][(ROUNDS // 2) * BITS : (ROUNDS // 2 + 1) * BITS]
    for bit in middle:
        number = number << 1 | bit
    return number


def likeness(soft: Soft, number: int) -> float:
    """How well 48 bits say what was read: standard deviations from a guess."""
    return float(soft @ spread(number) / (np.sqrt((soft * soft).sum()) or 1.0))


@lru_cache(maxsize=1)
def _trellis() -> tuple[NDArray[np.int64], Signs]:
    """The two states before each state, (256, 2), and what is written on the way, (256, 2, 4)."""
    states = np.arange(STATES)
    bit = states >> (MEMORY - 1)
    before = np.stack(((states << 1) & (STATES - 1), (states << 1) & (STATES - 1) | 1), -1)
    registers = bit[:, None] << MEMORY | before
    signs = [[[_sign(int(r) & g) for g in GENERATORS] for r in pair] for pair in registers]
    return before, np.array(signs, np.float64)


def _sign(masked: int) -> float:
    return 1.0 if masked.bit_count() & 1 else -1.0


def _check(view: int) -> int:
    return int.from_bytes(sha256(b"nightlatch view" + view.to_bytes(4)).digest()[:2])
