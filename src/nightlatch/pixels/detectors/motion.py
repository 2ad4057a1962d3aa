"""No eye at all: every moving region is motion, and nothing is said about what it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind

KNOWN = 0.0  # that something moved says nothing about what it is: below what any tracker counts


class PlainMotion:
    """Calls every region MOTION. Without state."""

    name = "motion"
    kinds = frozenset({Kind.MOTION})

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """One detection for each of `regions`; `bgr`, (H, W, 3) uint8, is not looked at."""
        return [Detection(region, Kind.MOTION, KNOWN) for region in regions]
