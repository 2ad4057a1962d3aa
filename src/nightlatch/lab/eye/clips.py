"""What detectors conclude from whole films: the kinds that their looks vote for, at three looks a second.

Regions are what differs from the look before, from the one after, or from the median of the film: a film of two
seconds gives no background time to settle, and somebody who stands in it from beginning to end would be background.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.vision.boxes import joined
from nightlatch.pixels.vision.vote import Vote
from nightlatch.plugs import Eye

LOOKS_PER_S = 3.0
WIDE = 160  # of the picture in which motion is sought
STEP = 16  # grey levels
SMALLEST = 10  # pixels of a region
MOST_LOOKS = 45  # of one film, spread over it
GROUPS = {"person": {Kind.PERSON}, "pet": {Kind.CAT, Kind.DOG, Kind.ANIMAL}, "vehicle": {Kind.VEHICLE}}
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TestFilm:
    """A film and what should be concluded from it: groups that must be found, and groups that must not."""

    name: str
    must: frozenset[str]
    must_not: frozenset[str]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a film and what moves in it."""

    bgr: Bgr
    regions: tuple[Box, ...]


def read_clips(manifest: Path) -> list[TestFilm]:
    """The films of a collection. Where something may or may not be seen, it is neither demanded nor forbidden."""
    return [_clip(entry["file"], entry["label"], entry["conclude"]) for entry in json.loads(manifest.read_text())]


def _clip(name: str, label: str, conclude: str) -> TestFilm:
    must: set[str] = {
        "person": {"person"},
        "fall": {"person"},
        "pet": {"pet"},
        "wildlife": {"pet"},
        "vehicle": {"vehicle"},
        "nothing": set(),
    }[label]
    if "+ person" in conclude:
        must.add("person")
    allowed = set(must)
    if "driveway" in name:
        allowed.add("vehicle")  # one is parked there
    if label == "vehicle":
        allowed.add("person")  # some roads have walkers
    if label == "nothing" and "insect" in conclude:
        allowed.add("pet")  # an animal, if one will
    return TestFilm(name, frozenset(must), frozenset(GROUPS) - allowed)


def looks(path: Path) -> Iterator[Frame]:
    """Pictures of a film, some three a second, with what moves in each."""
    pictures = _pictures(path)
    greys = [grey(each) for each in pictures]
    if not greys:
        return
    usual = np.median(np.stack(greys[:: max(1, len(greys) // 25)]), axis=0).astype(np.uint8)
    for n, bgr in enumerate(pictures):
        before, after = greys[max(0, n - 1)], greys[min(len(greys) - 1, n + 1)]
        yield Frame(bgr, moved(greys[n], usual) or moved(greys[n], before) or moved(greys[n], after))


def concluded(pictures: Sequence[Frame], eye: Eye) -> frozenset[str]:
    """The groups that the looks of `eye` vote for, as they do in an event; what stands still is not news."""
    vote = Vote()
    for n, look in enumerate(pictures):
        vote.take(round(n * 1000 / LOOKS_PER_S), eye.look(look.bgr, look.regions), look.regions)
    kinds = set(vote.kinds or ())
    return frozenset(name for name, group in GROUPS.items() if kinds & group)


def _pictures(path: Path) -> list[Bgr]:
    """Evenly spread pictures, at most 1280 wide; of a broken film as far as it goes."""
    found: list[Bgr] = []
    with av.open(str(path)) as film:
        track = film.streams.video[0]
        track.thread_count = 1
        rate = float(track.average_rate or 15)
        count = track.frames or 3000
        every = max(1, round(rate / LOOKS_PER_S), count // MOST_LOOKS)
        try:
            for number, frame in enumerate(film.decode(track)):
                if number % every == 0:
                    bgr = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                    wide = min(1280, bgr.shape[1])
                    high = round(bgr.shape[0] * wide / bgr.shape[1])
                    found.append(np.asarray(cv2.resize(bgr, (wide, high), interpolation=cv2.INTER_AREA), np.uint8))
        except av.error.InvalidDataError:
            return found
    return found


def grey(bgr: Bgr) -> Grey:
    """(H, W, 3) → (h, WIDE), a little blurred."""
    size = (WIDE, max(1, round(bgr.shape[0] * WIDE / bgr.shape[1])))
    small = cv2.cvtColor(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.GaussianBlur(small, (3, 3), 0), np.uint8)


def moved(now: Grey, then: Grey) -> tuple[Box, ...]:
    """The regions in which two pictures differ, but for their light as a whole."""
    apart = cv2.subtract(now.astype(np.int16), then.astype(np.int16))
    changed = (np.abs(apart - np.median(apart)) > STEP).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
    high, wide = now.shape
    boxes = [
        Box(left / wide, top / high, (left + across) / wide, (top + down) / high)
        for left, top, across, down, size in stats[1:count].tolist()
        if size >= SMALLEST
    ]
    return joined(boxes, 0.02)
