"""How a camera and a machine see a story: how often they look, how long they are blind, from where. Pure.

Learnt from mildly (`seen_from`); `DISTURBED` are the hard ones that the judge is only measured with.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import POST_ROLL_MS, Place, Story, Track

Dice = random.Random
SMALLEST = 0.002  # of the picture
LEAST_PLACES = 2  # of a track


def seen_from(story: Story, dice: Dice) -> Story:
    """The story as some camera sees it; every draw is of one story."""
    draw = dice.random()
    story = thinned(story, 0.3 if draw < 0.5 else dice.uniform(0.4, 2.0))
    draw = dice.random()
    if draw < 0.15:
        story = far(story, dice.uniform(0.35, 0.8), dice.uniform(0.0, 0.3), dice)
    elif draw < 0.25:
        story = portrait(story, dice.uniform(1.0, 1.7))
    if dice.random() < 0.15:
        story = blind(story, 1, dice)
    return first(story, dice.uniform(8, 30)) if dice.random() < 0.1 else story


def _with(story: Story, paths: list[tuple[Track, tuple[Place, ...]]]) -> Story:
    kept = [(track, path) for track, path in paths if len(path) >= LEAST_PLACES]
    tracks = tuple(Track(n, track.kind, track.score, path) for n, (track, path) in enumerate(kept, 1))
    return replace(story, tracks=tracks)


def thinned(story: Story, every_s: float) -> Story:
    """Looked at no oftener than so."""
    found = []
    for track in story.tracks:
        path: list[Place] = []
        for place in track.path:
            if not path or place.at_ms - path[-1].at_ms >= every_s * 1000 - 50:
                path.append(place)
        found.append((track, tuple(path)))
    return _with(story, found)


def blind(story: Story, stretches: int, dice: Dice) -> Story:
    """Nothing is seen for some stretches of four to ten seconds."""
    length = max(1, story.ended_ms - POST_ROLL_MS - story.began_ms)
    dark = [(at, at + dice.uniform(4_000, 10_000)) for at in (dice.uniform(0, length) for _ in range(stretches))]
    return _with(
        story,
        [
            (t, tuple(p for p in t.path if not any(a <= p.at_ms - story.began_ms < b for a, b in dark)))
            for t in story.tracks
        ],
    )


def first(story: Story, seconds: float) -> Story:
    """Only its beginning: as it is judged while it lasts."""
    first_ms = min((track.path[0].at_ms for track in story.tracks), default=story.began_ms)
    until = first_ms + seconds * 1000
    cut = _with(story, [(t, tuple(p for p in t.path if p.at_ms <= until)) for t in story.tracks])
    return replace(cut, ended_ms=min(story.ended_ms, int(until)))


def _moved(story: Story, move: Callable[[float, float], tuple[float, float]]) -> Story:
    def box(of: Box) -> Box | None:
        (left, top), (right, bottom) = move(of.left, of.top), move(of.right, of.bottom)
        left, top, right, bottom = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
        return Box(left, top, right, bottom) if right - left > SMALLEST and bottom - top > SMALLEST else None

    paths = []
    for track in story.tracks:
        places = [Place(place.at_ms, there) for place in track.path if (there := box(place.box)) is not None]
        paths.append((track, tuple(places)))
    areas = tuple(replace(area, points=tuple(move(*point) for point in area.points)) for area in story.areas)
    return replace(_with(story, paths), areas=areas)


def far(story: Story, scale: float, missed: float, dice: Dice) -> Story:
    """From so far away that all is `scale` of its size; so many looks find nothing."""
    small = _moved(story, lambda x, y: (0.5 + (x - 0.5) * scale, 0.4 + (y - 0.4) * scale))
    return _with(small, [(t, tuple(p for p in t.path if dice.random() >= missed)) for t in small.tracks])


def portrait(story: Story, nearer: float) -> Story:
    """By a doorbell: a picture that is higher than wide, and people close before it."""
    return _moved(story, lambda x, y: (0.5 + (x - 0.5) * nearer * 1.6, 0.75 + (y - 0.75) * nearer))


DISTURBED: dict[str, Callable[[Story, Dice], Story]] = {
    "as it is": lambda story, dice: story,
    "looks every 2 s": lambda story, dice: thinned(story, 2.0),
    "blind stretches": lambda story, dice: blind(story, 2, dice),
    "portrait doorbell": lambda story, dice: portrait(story, 1.7),
    "far camera": lambda story, dice: far(story, 0.3, 0.5, dice),
    "looks every 4 s": lambda story, dice: thinned(story, 4.0),
    "first 10 s": lambda story, dice: first(story, 10),
}
