"""Scenes in which somebody moves, lies or stands still, every pixel of theirs known; and eyes that know the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.eyes import PrivacyEyes
from nightlatch.pixels.hiding.film import Excerpt
from nightlatch.pixels.hiding.looking import LOOK_EVERY
from nightlatch.pixels.hiding.redacting import Stage, stage_of
from nightlatch.pixels.stage.acting import Scene
from nightlatch.pixels.stage.drawing import FIGURES, WIDTHS, Image
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.places import LivingRoom

WIDTH, HEIGHT = 320, 180
CLEAR = 24  # grey levels: what differs from the empty place by more than this is a pixel of somebody


@dataclass(frozen=True, slots=True)
class Act:
    """From one second to another somebody stands, walks or lies: at `start`, then on the way to `end`."""

    figure: str  # person, lying, cat, vehicle
    from_s: float
    to_s: float
    start: tuple[float, float]
    end: tuple[float, float]
    high: float
    moves_limbs: bool = True
    who: int = 0  # one number for each body
    colour: tuple[int, int, int] = (60, 60, 140)


class Room(Scene):
    """The living room, and what is done in it."""

    noise = 2.2
    acts: tuple[Act, ...] = ()

    def place(self, canvas: Image) -> Image:
        return LivingRoom(self.seed, self.width, self.height, self.fps).place(canvas)

    def stir(self, picture: Image, second: float, index: int) -> None:
        for act, (x, y) in self.on(second):
            at = (x * self.width, y * self.height, act.high * self.height)
            FIGURES[act.figure](
                picture, *at, second if act.moves_limbs else 0.1, act.end[0] >= act.start[0], act.colour
            )

    def on(self, second: float) -> list[tuple[Act, tuple[float, float]]]:
        """Who is there, and where."""
        found = []
        for act in self.acts:
            if act.from_s <= second < act.to_s:
                share = (second - act.from_s) / (act.to_s - act.from_s)
                x, y = (a + (b - a) * share for a, b in zip(act.start, act.end, strict=True))
                found.append((act, (x, y)))
        return found

    def boxes(self, index: int) -> list[tuple[Act, Box]]:
        """Their boxes in one picture."""
        found = []
        for act, (x, y) in self.on(self.second(index)):
            wide = act.high * self.height / self.width * (1.05 if act.figure == "lying" else WIDTHS[act.figure])
            high = 0.24 * act.high if act.figure == "lying" else act.high
            box = Box(max(0.0, x - wide / 2), max(0.0, y - high), min(1.0, x + wide / 2), min(1.0, y + 0.02))
            if box.left < box.right:
                found.append((act, box))
        return found


def room(*acts: Act) -> Room:
    """A room with a play."""
    made = Room(1, WIDTH, HEIGHT)
    made.acts = acts
    return made


class Knows:
    """Finds everybody where the scene says they are in pictures `at`, but for those whom `misses` names.

    `misses` counts from the beginning of the stretch, as the pictures do.
    """

    name = "truth"

    def __init__(self, scene: Room, at: Sequence[int], first: int, misses: Callable[[int, Act], bool]) -> None:
        self.scene, self.at, self.first, self.misses = scene, list(at), first, misses

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        if not self.at:  # the plate is looked at: nobody is found on it
            return []
        n = self.at.pop(0)
        kinds = {"person": Kind.PERSON, "lying": Kind.PERSON, "cat": Kind.CAT, "vehicle": Kind.VEHICLE}
        found = [(act, box) for act, box in self.scene.boxes(n + self.first) if not self.misses(n, act)]
        return [Detection(box, kinds[act.figure], 0.9) for act, box in found]


class Blind:
    """Finds nobody."""

    name = "nothing"

    def look(self, bgr: np.ndarray, regions: Sequence[Box]) -> list[Detection]:
        return []

    def find(self, bgr: np.ndarray) -> list[Detection]:
        return []


def stage(
    scene: Room,
    folder: Path,
    seconds: float,
    misses: Callable[[int, Act], bool] = lambda n, act: False,
    from_s: float = 0.0,
) -> Stage:
    """What a film of the scene is drawn from: [from_s, seconds) of it."""
    raw = film(scene, folder / "film.mp4", seconds).read_bytes()
    excerpt = Excerpt(raw, round(from_s * 1000), round(seconds * 1000))
    count = round((seconds - from_s) * scene.fps)
    at = [*range(0, count, LOOK_EVERY), *(n for n, _ in excerpt.around())]
    eyes = PrivacyEyes(Knows(scene, at, round(from_s * scene.fps), misses), Blind(), Blind())
    return stage_of(excerpt, eyes, lambda share: None, any_length=True)


def most_visible(scene: Room, made: Stage, every: int = 5, from_s: float = 0.0) -> tuple[float, int]:
    """The largest share of anybody's pixels that the plate shows, and in which picture.

    A pixel of theirs is shown where the plate is unlike the empty place, and more like them.
    """
    quiet, plate = Room(1, WIDTH, HEIGHT), made.plate.picture.astype(int)
    quiet.acts, quiet.noise = scene.acts, 0.0
    off = np.abs(plate - quiet.ground).max(axis=2)
    worst = (0.0, 0)
    for n in range(0, len(made.puppets), every):
        picture = quiet.frame(n + round(from_s * scene.fps)).astype(int)
        theirs = np.abs(picture - quiet.ground).max(axis=2) > CLEAR
        shown = made.plate.is_known & (off > CLEAR) & (np.abs(plate - picture).max(axis=2) < off)
        if theirs.any():
            worst = max(worst, (float((shown & theirs).sum() / theirs.sum()), n))
    return worst


def known_share(made: Stage) -> float:
    """How much of the plate is known."""
    return float(made.plate.is_known.mean())
