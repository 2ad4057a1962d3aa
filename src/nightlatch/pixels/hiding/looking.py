"""Asks all eyes about a film, once: every third picture, small and grey, some in colour, and what was found in it.

What came before and after a stretch says how the place looks where somebody stands all the time; it is looked at, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.eyes import Postures, PrivacyEyes, lying
from nightlatch.pixels.hiding.film import MOST_FPS, Excerpt
from nightlatch.pixels.hiding.finding import Findings, bodies
from nightlatch.pixels.hiding.plate import Plate, Sample
from nightlatch.pixels.hiding.steady import Steady
from nightlatch.pixels.vision.motion import Background

LOOK_EVERY = 3  # pictures
SMALL_WIDTH = 320
SAMPLES = 28  # pictures in colour: 75 MiB at 1280 × 720
MOST_AROUND = 40  # looks before and after the stretch: 5 s of CPU
SAMPLES_AROUND = 12
GAP = 60  # pictures between two films whose distance is not known: nobody is followed from one to the other
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]


_Around = tuple[int, Bgr, Grey]  # the picture's number, the picture, and it small and grey


@dataclass(slots=True)
class Footage:
    """What looking at a film has brought."""

    at: list[int] = field(default_factory=list)  # pictures that were looked at
    looks: dict[int, Findings] = field(default_factory=dict)
    small: list[Grey] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


class Watching:
    """State: how the place looked at first, what stands still there, and who stood how. Asks all eyes."""

    def __init__(self, eyes: PrivacyEyes) -> None:
        self._eyes = eyes
        self._steady = Steady()
        self._begin()

    def _begin(self) -> None:
        self._background, self._postures = Background(), Postures(self._eyes.landmarks)

    def film(self, film: Excerpt, on_share: Callable[[float], None]) -> Footage:
        """Every third picture of the stretch, and some of these in colour."""
        seen = Footage()
        expected = max(1.0, film.asked_ms / 1000 * MOST_FPS)
        spacing = max(1, -(-int(expected / LOOK_EVERY) // SAMPLES))
        for n, shown in film.pictures(LOOK_EVERY):
            self._look(seen, n, shown, _small(shown), is_sample=len(seen.at) % spacing == 0)
            on_share(min(1.0, n / expected))
        return seen

    def around(self, seen: Footage, plate: Plate, film: Excerpt, more: Sequence[Excerpt]) -> Footage:
        """The same with what came before and after the stretch, so far as it is had, key pictures only.

        `more` are films of the same camera, in their order, all before `film`; how long before does not matter. The
        latest of them are looked at first, and there are no more looks in all than MOST_AROUND. What shows another
        place than `plate`, or it in another light, is left out.
        """
        shape = seen.small[0].shape

        def alike(some: Excerpt) -> list[_Around]:
            looks = ((n, shown, _small(shown)) for n, shown in some.around())
            return [each for each in looks if each[2].shape == shape and plate.is_of(each[2])]

        sparse = alike(film)
        for earlier in reversed(more):
            if len(sparse) >= MOST_AROUND:
                break
            looks = alike(earlier)
            shift = min([0, *(n for n, _, _ in sparse)]) - GAP - max((n for n, _, _ in looks), default=0)
            sparse += [(shift + n, shown, small) for n, shown, small in looks]
        chosen = sorted(sorted(sparse, key=lambda each: abs(each[0]))[:MOST_AROUND], key=lambda each: each[0])
        self._begin()
        some, spacing = Footage(), max(1, -(-len(chosen) // SAMPLES_AROUND))
        for k, (n, shown, small) in enumerate(chosen):
            self._look(some, n, shown, small, is_sample=k % spacing == 0)
        return joined(seen, some)

    def _look(self, seen: Footage, n: int, shown: Bgr, shrunk: Grey, *, is_sample: bool) -> None:
        bgr, small = self._steady.held(shown, shrunk)
        moving = self._background.update(small, round(n * 1000 / MOST_FPS)).boxes
        look, eyes = len(seen.at), self._eyes
        things = [*eyes.detector.look(bgr, moving), *lying(bgr, eyes.turned, 1 if look % 2 else 3)]
        faces = eyes.faces.find(bgr) if look % 2 == 0 else ()
        findings = Findings(tuple(things), tuple(faces), moving)
        people = [body.box for body in bodies(findings) if body.kind is Kind.PERSON]
        seen.looks[n] = Findings(tuple(things), tuple(faces), moving, self._postures.find(bgr, people, moving))
        if is_sample:
            seen.samples.append(Sample(look, bgr))
        seen.at.append(n)
        seen.small.append(small)


def _small(shown: Bgr) -> Grey:
    size = (SMALL_WIDTH, max(2, round(SMALL_WIDTH * shown.shape[0] / shown.shape[1])))
    return np.asarray(cv2.resize(cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA), np.uint8)


def joined(seen: Footage, some: Footage) -> Footage:
    """Both, in the order of their pictures."""
    made = Footage(sorted({*seen.at, *some.at}), {**some.looks, **seen.looks})
    for footage in (some, seen):
        made.samples += [Sample(made.at.index(footage.at[each.look]), each.picture) for each in footage.samples]
    small = {**dict(zip(some.at, some.small, strict=True)), **dict(zip(seen.at, seen.small, strict=True))}
    made.small = [small[n] for n in made.at]
    return made
