"""Asks all eyes about a film, once: every third picture, small and grey, some in colour, and what was found in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.eyes import Postures, PrivacyEyes, lying
from nightlatch.pixels.hiding.film import MOST_FPS, Excerpt
from nightlatch.pixels.hiding.finding import Findings, bodies
from nightlatch.pixels.hiding.plate import Sample
from nightlatch.pixels.hiding.steady import Steady
from nightlatch.pixels.vision.motion import Background

LOOK_EVERY = 3  # pictures
SMALL_WIDTH = 320
SAMPLES = 28  # pictures in colour: 75 MiB at 1280 × 720
Grey = NDArray[np.uint8]


@dataclass(slots=True)
class Footage:
    """What looking at the film has brought."""

    at: list[int] = field(default_factory=list)  # pictures that were looked at
    looks: dict[int, Findings] = field(default_factory=dict)
    small: list[Grey] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def look_at(film: Excerpt, eyes: PrivacyEyes, on_share: Callable[[float], None]) -> Footage:
    """Ask all eyes about every third picture, and keep some of them in colour."""
    background, postures, seen = Background(), Postures(eyes.landmarks), Footage()
    steady = Steady()
    expected = max(1.0, film.asked_ms / 1000 * MOST_FPS)
    spacing = max(1, -(-int(expected / LOOK_EVERY) // SAMPLES))
    for n, shown in film.pictures(LOOK_EVERY):
        bgr = shown
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        size = (SMALL_WIDTH, max(2, round(SMALL_WIDTH * bgr.shape[0] / bgr.shape[1])))
        bgr, small = steady.held(bgr, np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8))
        moving = background.update(small, round(n * 1000 / MOST_FPS)).boxes
        look = len(seen.at)
        things = [*eyes.detector.look(bgr, moving), *lying(bgr, eyes.turned, 1 if look % 2 else 3)]
        faces = eyes.faces.find(bgr) if look % 2 == 0 else ()
        findings = Findings(tuple(things), tuple(faces), moving)
        people = [body.box for body in bodies(findings) if body.kind is Kind.PERSON]
        seen.looks[n] = Findings(tuple(things), tuple(faces), moving, postures.find(bgr, people, moving))
        if look % spacing == 0:
            seen.samples.append(Sample(look, bgr))
        seen.at.append(n)
        seen.small.append(small)
        on_share(min(1.0, n / expected))
    return seen
