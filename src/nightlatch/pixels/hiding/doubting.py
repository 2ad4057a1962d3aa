"""Who was lost from sight in the middle of the picture, and when their whereabouts are known. Pure.

Somebody whose place looks as it did when they were last found is still there, under their cover. Somebody else may be
anywhere: no pixel counts that was not seen while they were still found, or not yet there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.hiding.finding import NEAR_S, Chain, covers_of, is_in_the_middle
from nightlatch.pixels.vision.boxes import covered

CORE = 0.2  # of the box, on each side, that is left out: there it holds little of a person
BEHIND = 0.2  # of the place is hidden by somebody else
GONE = 0.35  # of the core that differs: whoever was there is not, or not as they were
STEP = 14.0  # grey levels
AT_LEAST = 0.8  # of the looks must show the place unchanged
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ends:
    """What became of one person before the first and after the last find."""

    held: tuple[bool, bool]  # they may have been there before, and be there still
    stays: bool  # they are there to the film's end, as far as pictures can say
    known: tuple[Mask, ...]  # (T,) each: when it is known where they are, for each end at which that is lost


def ends_of(chain: Chain, others: Sequence[Chain], at: Sequence[int], small: Sequence[Grey], fps: float) -> Ends:
    """What the pictures say of a chain's ends; `at` are the numbers of the T looks, `small` these, grey.

    Looks in which one of the `others` stands before the place say nothing.
    """
    slack = round(NEAR_S * fps)
    numbers = np.asarray(at)
    held, known, is_there = [], list[Mask](), False
    for end, beyond in ((chain.first, numbers < chain.first), (chain.last, numbers > chain.last)):
        is_lost = is_in_the_middle(chain, end) and bool(beyond.any())
        clear = beyond & ~_behind(chain, end, others, at, fps) if is_lost else beyond
        is_there = bool(is_lost and clear.any()) and is_still_there(chain, end, clear, at, small)
        held.append(is_there or bool(is_lost and not clear.any()))
        if is_lost and not is_there and int(np.abs(numbers[beyond] - end).max()) > slack:
            known.append(~beyond)
    return Ends((held[0], held[1]), is_there, tuple(known))


def is_still_there(chain: Chain, end: int, beyond: Mask, at: Sequence[int], small: Sequence[Grey]) -> bool:
    """Whether the place of the last find looks the same in nearly all pictures `beyond` it."""
    finds = sorted(chain.found, key=lambda n: abs(n - end))[:3]
    rows, columns = _core(chain.found[end].box, small[0].shape)
    shown = [small[at.index(n)][rows, columns] for n in finds if n in at]
    if not shown or not shown[0].size:
        return False
    usual = np.median(np.stack(shown), axis=0)
    shares = [float((np.abs(small[k][rows, columns] - usual) > STEP).mean()) for k, is_it in enumerate(beyond) if is_it]
    return bool(np.quantile(shares, AT_LEAST) < GONE)


def _behind(chain: Chain, end: int, others: Sequence[Chain], at: Sequence[int], fps: float) -> Mask:
    """In which looks the place of the find at `end` is hidden by somebody else, (T,)."""
    place, made = chain.found[end].box, np.zeros(len(at), np.bool_)
    for other in others:
        if other is not chain:
            over = covers_of(other, at, fps, (False, False))
            made |= np.array([n in over and covered(place, over[n].reach) > BEHIND for n in at])
    return made


def _core(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    across, down = CORE * (box.right - box.left), CORE * (box.bottom - box.top)
    return (
        slice(
            int((box.top + down) * height), max(int((box.top + down) * height) + 1, int((box.bottom - down) * height))
        ),
        slice(
            int((box.left + across) * width),
            max(int((box.left + across) * width) + 1, int((box.right - across) * width)),
        ),
    )
