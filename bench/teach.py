"""Does it teach? What a program that sees only the given film can tell of it, beside what is true of the open one.

    python -m bench.teach [part of a name] [--plays | --films]

A reader that gets nothing but the finished bytes looks for the colours of the drawings (they are ours), and says of
each picture which figures there are, where, and whether they are upright, low (they bend, sit, kneel) or lie; and of
the film: which kinds, how many people at once and in all, whether the first of them was there at the beginning and is
at the end, from which side they came and to which they went, whether they lie at the end. Of each film that is
compared with the truth: exact for rendered plays; for films of ../shared/data/videos written down below, from their
labels and by looking at them. A film that is refused teaches nothing: it counts with all its facts as not told.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from tests.pixels.hiding.scenes import Act, Room

from nightlatch.domain.geometry import Box
from nightlatch.pixels.hiding.eyes import open_privacy_eyes
from nightlatch.pixels.hiding.film import CannotRedact
from nightlatch.pixels.hiding.puppets import ANIMAL, COLOURS, STRANGER, TEXT, VEHICLE, darker, lighter, word_scale
from nightlatch.pixels.hiding.redacting import redact_film
from nightlatch.pixels.stage.acting import Scene
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
EVERY = 3  # pictures: five looks a second
LOOKS_PER_S = 5
ENOUGH = 3  # looks, before something counts as seen
NEAR, LOOSE = 26, 18  # of 255: how far a pixel may be from a colour of the drawings, and from its shades
DARK = 80  # of 255: a rim is darker
RIMMED = 0.35  # of a shape's outline
UPRIGHT = 2.2  # trunks from head to foot, of one who stands and whose knees are not to be seen
STANDS = 0.5  # of the shin below the knee, that the thigh reaches down: who sits shows less
LEGIBLE = 0.5  # likeness of a word to ours
CAPSULE = 0.04  # of a figure in other shades: less, and it is a capsule
Bgr = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ANIMALS, VEHICLES, STRANGERS = 25, 26, 27  # numbers of colours; people 1 to 8, their shades 9 to 24
WORDS = ("cat", "dog", "animal")


@dataclass(frozen=True, slots=True)
class Shape:
    """One drawing in one picture."""

    kind: str  # person, animal, vehicle, something
    colour: int
    box: Box
    posture: str = ""  # upright, low, lying
    word: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of a film; "" and 0 where there is nothing to say, None where it is not asked."""

    kinds: frozenset[str]
    at_once: int | None = None
    in_all: int | None = None
    word: str | None = None  # of an animal
    came: str | None = None  # of the one seen longest: there, left, right, middle
    went: str | None = None
    way: str | None = None  # left, right, or none
    lies: bool | None = None  # at the end
    postures: tuple[tuple[float, float, str], ...] = ()  # from second, to second


# Reading: from bytes to shapes


def _table() -> NDArray[np.uint8]:
    """For each colour in steps of eight, (32, 32, 32), the number of the drawing's colour that is nearest, or 0."""
    known = [(n + 1, c, NEAR) for n, c in enumerate(COLOURS)]
    known += [(n + 9, lighter(c), LOOSE) for n, c in enumerate(COLOURS)]
    known += [(n + 17, darker(c), LOOSE) for n, c in enumerate(COLOURS)]
    known += [(ANIMALS, ANIMAL, NEAR), (VEHICLES, VEHICLE, NEAR), (STRANGERS, STRANGER, LOOSE)]
    steps = np.stack(np.meshgrid(*[np.arange(32) * 8 + 4] * 3, indexing="ij"), axis=-1)
    far = np.stack([np.abs(steps - np.array(c)).max(axis=3) / reach for _, c, reach in known])
    numbers = np.array([n for n, _, _ in known], np.uint8)[far.argmin(axis=0)]
    return np.where(far.min(axis=0) <= 1, numbers, 0).astype(np.uint8)


TABLE = _table()


def read(mp4: bytes) -> list[list[Shape]]:
    """All drawings of every third picture."""
    made = []
    with av.open(io.BytesIO(mp4), "r") as container:
        for n, frame in enumerate(container.decode(video=0)):
            if n % EVERY == 0:
                made.append(shapes(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)))
    return made


def shapes(bgr: Bgr) -> list[Shape]:
    """The drawings in one picture."""
    numbers = TABLE[bgr[..., 0] >> 3, bgr[..., 1] >> 3, bgr[..., 2] >> 3]
    is_dark = bgr.max(axis=2) < DARK
    counts = np.bincount(numbers.ravel(), minlength=32)
    least = max(12, bgr.shape[0] * bgr.shape[1] // 12_000)
    found = []
    for colour in range(1, 9):
        if counts[colour] >= least:
            found += _people(numbers, colour, is_dark, least)
    for number, kind in ((ANIMALS, "animal"), (VEHICLES, "vehicle"), (STRANGERS, "something")):
        if counts[number] >= 2 * least:
            for mask in _parts(numbers == number, bgr.shape[0] // 30):
                if mask.sum() >= 2 * least and _rim(mask, is_dark) >= RIMMED:
                    box = _box(mask)
                    found.append(Shape(kind, number, box, word=_word(bgr, box) if kind == "animal" else ""))
    return found


def _people(numbers: NDArray[np.uint8], colour: int, is_dark: Mask, least: int) -> list[Shape]:
    """Whoever has this colour: one, as each has their own."""
    base = numbers == colour
    whole = base | (numbers == colour + 8) | (numbers == colour + 16)
    parts = _parts(whole, numbers.shape[0] // 40)
    best = max(parts, key=lambda mask: int((mask & base).sum()), default=None)
    if best is None or (best & base).sum() < least or _rim(best, is_dark) < RIMMED:
        return []
    return [Shape("person", colour, _box(best), posture_of(best, best & base))]


def _parts(mask: Mask, bridged: int) -> list[Mask]:
    """Connected parts, over gaps of some pixels (the rims between limbs)."""
    side = max(3, bridged) | 1
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    number, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    order = sorted(range(1, number), key=lambda n: -stats[n, cv2.CC_STAT_AREA])[:6]
    return [(labels == n) & mask for n in order]


def _rim(mask: Mask, is_dark: Mask) -> float:
    """How much of a shape's outline is dark, as rims are; the picture's own sides do not count."""
    outer = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool) & ~mask
    near = cv2.dilate(is_dark.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return float((near & outer).sum() / max(1, outer.sum()))


def _box(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return Box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)


def posture_of(whole: Mask, trunk: Mask) -> str:
    """Upright, low or lying, from the shape alone: how the trunk lies, and where knees and feet are below it."""
    rows, columns = np.nonzero(whole)
    high, wide = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
    if trunk.sum() > (1 - CAPSULE) * whole.sum():
        return "lying" if wide > 1.2 * high else "upright" if high > 1.6 * wide else "low"
    parts = _parts(trunk, 1)
    places = np.argwhere(parts[0])[:, ::-1].astype(float)
    foot, top, bottom = float(rows.max()), float(places[:, 1].min()), float(places[:, 1].max())
    places -= places.mean(axis=0)
    _, axes = np.linalg.eigh(places.T @ places)
    tilt = np.degrees(np.arctan2(abs(axes[0, 1]), abs(axes[1, 1])))  # 0: the trunk stands
    if tilt > 50:
        return "lying" if high < 0.8 * wide else "low"
    if foot >= whole.shape[0] - 3:
        return "upright"  # the legs are below the picture
    length = bottom - top + 1
    below = [float(np.nonzero(part)[0].mean()) for part in parts[1:] if part.sum() < 0.3 * parts[0].sum()]
    knees = [row for row in below if row > top + 0.6 * length][:2]
    if not knees:
        return "upright" if high > UPRIGHT * length else "low" if high > 0.6 * wide else "lying"
    thigh, shin = np.mean(knees) - (bottom - 0.09 * length), foot - 0.1 * length - np.mean(knees)
    return "upright" if thigh > STANDS * shin and tilt < 40 else "low" if high > 0.6 * wide else "lying"


def _word(bgr: Bgr, box: Box) -> str:
    """The word above a shape: which of ours is most like what is written there."""
    height, width = bgr.shape[:2]
    scale = word_scale(height)
    top, middle = round(box.top * height), round((box.left + box.right) / 2 * width)
    reach = round((box.bottom - box.top) * height / 2 + 50 * scale)  # a narrow shape does not fill its place
    rows = slice(max(0, top - reach), top + round(40 * scale))
    window = bgr[rows, max(0, middle - 90) : middle + 90].max(axis=2)
    best = {}
    for word in WORDS:
        (across, down), under = cv2.getTextSize(word, TEXT, scale, 1)
        written = np.full((down + under + 4, across + 6), 30, np.uint8)
        cv2.putText(written, word, (3, down + 2), TEXT, scale, 255, 1, cv2.LINE_AA)
        if written.shape[0] <= window.shape[0] and written.shape[1] <= window.shape[1]:
            best[word] = float(cv2.matchTemplate(window, written, cv2.TM_CCOEFF_NORMED).max())
    word = max(best, key=lambda each: best[each], default="")
    return word if best.get(word, 0.0) > LEGIBLE else ""


# Telling: from shapes to facts


def told(seen: Sequence[Sequence[Shape]]) -> Told:
    """What the drawings say of the whole film."""
    looks = Counter(kind for some in seen for kind in {each.kind for each in some})
    kinds = frozenset(kind for kind, times in looks.items() if times >= ENOUGH and kind != "something")
    crowds = Counter(sum(each.kind == "person" for each in some) for some in seen)
    at_once = max((n for n in crowds if sum(t for m, t in crowds.items() if m >= n) >= ENOUGH), default=0)
    people: dict[int, dict[int, Shape]] = defaultdict(dict)
    for n, some in enumerate(seen):
        for each in some:
            if each.kind == "person":
                people[each.colour][n] = each
    people = {colour: found for colour, found in people.items() if len(found) > ENOUGH}
    words = Counter(each.word for some in seen for each in some if each.word)
    word = words.most_common(1)[0][0] if words else ""
    first = max(people.values(), key=len, default={})
    return Told(kinds, at_once, len(people), word, *_course(first, len(seen)), postures=_postures(first))


def _course(first: Mapping[int, Shape], count: int) -> tuple[str, str, str, bool]:
    """From where to where one goes, which way in all, and whether they lie at the end."""
    if not first:
        return "", "", "", False
    known = sorted(first)
    begin, end = first[known[0]].box, first[known[-1]].box
    came = "there" if known[0] <= LOOKS_PER_S // 2 + 1 else side_of(begin)
    went = "there" if known[-1] >= count - 2 - LOOKS_PER_S // 2 else side_of(end)
    aside = (end.left + end.right - begin.left - begin.right) / 2
    last = [first[n].posture for n in known[-LOOKS_PER_S:]]
    return came, went, way_of(aside), last.count("lying") * 2 > len(last)


def side_of(box: Box) -> str:
    """Left or right, near the sides of the picture."""
    return "left" if box.left < 0.06 else "right" if box.right > 0.94 else "middle"


def way_of(aside: float) -> str:
    """Which way that is, over the film."""
    return "right" if aside > 0.2 else "left" if aside < -0.2 else "none"


def _postures(first: Mapping[int, Shape]) -> tuple[tuple[float, float, str], ...]:
    return tuple((n / LOOKS_PER_S, (n + 1) / LOOKS_PER_S, first[n].posture) for n in sorted(first))


# Truth: rendered plays


class Play(Room):
    """What is done in the living room, with the truth of each picture."""

    def shapes(self, index: int) -> list[Shape]:
        """The truth of one picture."""
        found = []
        for act, (x, y) in self.on(self.second(index)):
            lies, kind = act.figure == "lying", "animal" if act.figure in WORDS else "person"
            wide = act.high * self.height / self.width * (1.05 if lies else 0.42)
            box = _cut(x - wide / 2, y - act.high * (0.24 if lies else 1.0), x + wide / 2, y + 0.01)
            if box is not None:
                word = act.figure if kind == "animal" else ""
                found.append(Shape(kind, act.who, box, "lying" if lies else "upright", word))
        return found


def _cut(left: float, top: float, right: float, bottom: float) -> Box | None:
    """A box within the picture; None where there is next to nothing of it."""
    inside = max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)
    return Box(*inside) if inside[2] - inside[0] > 0.015 and inside[3] > inside[1] else None


def walk(from_s: float, to_s: float, start: float, end: float, y: float = 0.93, high: float = 0.6, who: int = 0) -> Act:
    """Somebody walks at one depth."""
    colour = ((60, 60, 140), (120, 80, 40), (40, 90, 60))[who]
    return Act("person", from_s, to_s, (start, y), (end, y), high, start != end, who, colour)


def lie(from_s: float, to_s: float, x: float, y: float = 0.92, who: int = 0) -> Act:
    """Somebody lies."""
    return Act("lying", from_s, to_s, (x, y), (x, y), 0.55, moves_limbs=False, who=who)


PLAYS: dict[str, tuple[Act, ...]] = {
    "walks through": (walk(3, 12, -0.1, 1.1),),
    "walks through to the left, far away": (walk(3, 15, 1.1, -0.1, 0.75, 0.3),),
    "comes, falls, stays": (walk(1, 8, 1.1, 0.4), lie(8, 21, 0.4)),
    "lies there, rises, leaves": (lie(0, 10, 0.4), walk(10, 18, 0.4, -0.1)),
    "comes and stays": (walk(2, 9, -0.1, 0.55), walk(9, 21, 0.55, 0.56)),
    "two cross": (walk(3, 12, -0.1, 1.1), walk(4, 13, 1.1, -0.1, 0.97, 0.66, 1)),
    "three come and go": (
        walk(1, 8, -0.1, 1.1),
        walk(7, 15, 1.1, -0.1, 0.95, 0.6, 1),
        walk(9, 18, -0.1, 1.1, 0.9, 0.6, 2),
    ),
    "one lies while another stands by": (lie(0, 21, 0.35), walk(3, 9, 1.1, 0.6, who=1), walk(9, 21, 0.6, 0.61, who=1)),
    "a grown-up and a child": (walk(3, 14, -0.1, 1.1), walk(3, 14, -0.19, 1.01, 0.94, 0.35, 1)),
    "a cat passes": (Act("cat", 3, 13, (-0.1, 0.9), (1.1, 0.92), 0.16),),
    "a dog and its owner": (walk(3, 13, -0.1, 1.1), Act("dog", 3, 13, (-0.28, 0.95), (0.92, 0.96), 0.25, who=1)),
}
BEHAVIOURS = ("passing", "fall", "visiting", "delivering", "prowling", "running", "cat", "dog walk", "car")
SECONDS = 21


def of_behaviour(each: Scene, index: int) -> list[Shape]:
    """The truth of one picture of a scene that has it in boxes."""
    found = []
    for truth in each.truth_at(index):
        kind = {"cat": "animal", "dog": "animal"}.get(truth.kind, truth.kind)
        box = truth.box
        lies = kind == "person" and (box.right - box.left) * each.width > 1.2 * (box.bottom - box.top) * each.height
        who = hash((truth.kind, truth.from_ms, truth.to_ms))
        found.append(Shape(kind, who, box, "lying" if lies else "upright", truth.kind if kind == "animal" else ""))
    return found


def plays() -> list[tuple[str, bytes, Told]]:
    """Name, open film and truth of each."""
    made = []
    for name in (*PLAYS, *BEHAVIOURS):
        acted: Scene = Play(1, 640, 360) if name in PLAYS else scene(name.replace(" ", "-"), 1, 640, 360)
        if isinstance(acted, Play):
            acted.acts = PLAYS[name]
        with tempfile.TemporaryDirectory() as folder:
            raw = film(acted, Path(folder) / "film.mp4", SECONDS).read_bytes()
        at = range(0, SECONDS * 15, EVERY)
        seen = [acted.shapes(n) if isinstance(acted, Play) else of_behaviour(acted, n) for n in at]
        made.append((f"play: {name}", raw, told(seen)))
    return made


# Truth: real films, by their labels (gmdcsa24) and looked at. `low`: sits, kneels, bends. Cars that are parked, and a
# motorcycle, are part of the place.

PERSON, ANIMAL_, VEHICLE_ = frozenset({"person"}), frozenset({"animal"}), frozenset({"vehicle"})


def one(*postures: tuple[float, float, str], lies: bool = False, came: str = "there", went: str = "there") -> Told:
    """One person all the time."""
    return Told(PERSON, 1, 1, came=came, went=went, lies=lies, postures=postures)


FILMS: dict[str, Told] = {
    "fall__home_subject2_fall_12": one((0, 6.8, "upright"), (8, 12.2, "lying"), lies=True),
    "fall__home_subject2_fall_13": one((1.2, 2.4, "upright"), (4.2, 8.8, "lying"), lies=True),
    "fall__home_subject2_fall_14": one((0, 3.2, "upright"), (6, 11, "lying"), lies=True),
    "fall__home_subject3_fall_01": one((0, 0.5, "low"), (1.8, 3.7, "lying"), lies=True),
    "fall__home_subject3_fall_15": one((0, 1.7, "upright"), (3.6, 5.5, "lying"), lies=True),
    "fall__home_subject3_fall_16": one((0, 1.6, "upright"), (3.2, 6, "lying"), lies=True),
    "fall__home_subject3_fall_19": one((0, 1.8, "upright"), (3.4, 5.6, "lying"), lies=True),
    "fall__home_subject3_fall_20": one((0, 2.1, "upright"), (3.8, 6.2, "lying"), lies=True),
    "person__home_old_subject2_24": one((0, 11.4, "low")),
    "person__home_subject2_adl_23": one((0, 7, "low")),
    "person__home_subject3_adl_07": one((0, 0.3, "upright"), (1.5, 2.2, "upright")),
    "person__home_subject3_adl_15": one((0, 7.6, "low")),
    "person__home_subject3_adl_18": one((1, 11, "low")),
    "person__home_subject3_adl_20": one((0, 9, "low")),
    "person__gif_worker_zone_detection": one((1.2, 4.6, "upright")),
    "person__gif_classroom": Told(PERSON, 4, 4),
    "person__gif_head_pose_face_detection_male": Told(PERSON, 1, 1, came="there", went="there"),
    "person__gif_head_pose_face_detection_female_and_male": Told(PERSON, 2, 2, came="there", went="there"),
    "person__gif_people_detection": Told(PERSON, 1, 1, came="there", went="left"),
    "person__room_people_one_by_one": Told(PERSON, 1, 2, lies=False),
    "person__driveway_man_walks": one(lies=False),
    "person__driveway_hand_banana": Told(PERSON, 1, 1, came="there", went="there"),
    "person__park_man_juggles_ball": one((0, 10, "upright")),
    "person__table_coffee": Told(PERSON, 1, 1, came="there", went="there", lies=False),
    "person__table_bottles_hand": Told(PERSON, 1),
    "pet__driveway_cat_walks": Told(ANIMAL_, 0, 0, "cat"),
    "pet__path_woman_and_dog": Told(PERSON | ANIMAL_, 1, 1, "dog", came="there", went="there", lies=False),
    "pet__room_cat_jumps_on_chair": Told(ANIMAL_, 0, 0, "cat"),
    "pet__room_puppy": Told(ANIMAL_, 0, 0, "dog"),
    "pet__sofa_kitten": Told(ANIMAL_, 0, 0, "cat"),
    "wildlife__night_ir_small_wild_cat": Told(ANIMAL_, 0, 0),
    "vehicle__road_320x240_60fps": Told(VEHICLE_, 0, 0),
    "vehicle__road_topdown_msmpeg4": Told(VEHICLE_, 0, 0),
    "vehicle__topdown_carpark_cars": Told(VEHICLE_, 0, 0),
    "nothing__ct_night_ir_branch_tiny": Told(frozenset(), 0, 0),
    "nothing__garden_path_brightness_change": Told(frozenset(), 0, 0),
    "nothing__gif_fruit_and_vegetable_detection": Told(frozenset(), 0, 0),
} | {
    f"person__office_gesture_{name}": one((0, length, "upright"))
    for name, length in (
        ("again", 2.5),
        ("book", 3.6),
        ("night", 2.2),
        ("sister", 2.8),
        ("student", 1.6),
        ("walk", 2.9),
    )
}


# Comparing


@dataclass(slots=True)
class Sheet:
    """Facts of all films: how much of each was told, 0 to 1."""

    facts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, true: Told, got: Told | None) -> str:
        """Compare one film, and say what is wrong with it."""
        wrong = []
        for fact, share, said in compared(true, got):
            self.facts[fact].append(share)
            if share < 0.9:
                wrong.append(said)
        return f"{name[:52]:54}{'; '.join(wrong) or 'all'}"

    def table(self) -> str:
        """Share of each fact, and of all."""
        lines = [
            f"  {fact:12}{sum(some):7.1f} of {len(some):3}{np.mean(some):7.0%}" for fact, some in self.facts.items()
        ]
        every = [share for some in self.facts.values() for share in some]
        return "\n".join([*lines, f"  {'all':12}{sum(every):7.1f} of {len(every):3}{np.mean(every):7.0%}"])


def compared(true: Told, got: Told | None) -> list[tuple[str, float, str]]:
    """(fact, how much of it was told, what was said instead) for all that is asked of a film."""
    found: list[tuple[str, float, str]] = []
    for kind in sorted(true.kinds | (got.kinds if got else frozenset())) or [""]:
        is_right = got is not None and (kind in got.kinds) == (kind in true.kinds)
        found.append(("kind", float(is_right), f"{'no' if kind in true.kinds else 'a false'} {kind}"))
    for fact in ("at_once", "in_all", "word", "came", "went", "way", "lies"):
        asked = getattr(true, fact)
        if asked is not None and asked != "":
            said = getattr(got, fact) if got else None
            found.append((fact, float(said == asked), f"{fact} {said}, not {asked}"))
    if true.postures:
        share, said = _same_postures(true.postures, got.postures if got else ())
        found.append(("postures", share, f"postures {share:.0%} {said}"))
    return found


def _same_postures(
    true: Sequence[tuple[float, float, str]], got: Sequence[tuple[float, float, str]]
) -> tuple[float, str]:
    """The share of looks in which a posture is known and told, and what was told instead."""
    asked, right, instead = 0, 0, Counter[str]()
    said = {round(from_s * LOOKS_PER_S): posture for from_s, _, posture in got}
    for from_s, to_s, posture in true:
        for n in range(round(from_s * LOOKS_PER_S), max(round(from_s * LOOKS_PER_S) + 1, round(to_s * LOOKS_PER_S))):
            asked += 1
            right += said.get(n) == posture
            if said.get(n) != posture:
                instead[f"{said.get(n, 'nobody')} for {posture}"] += 1
    return right / max(1, asked), ", ".join(f"{what} {times}" for what, times in instead.most_common(2))


def judge(name: str, raw: bytes, true: Told, give: Callable[[bytes], bytes], sheet: Sheet) -> None:
    """Give one film, read it, compare, print."""
    try:
        got, why = told(read(give(raw))), ""
    except CannotRedact as error:
        got, why = None, f"  refused: {error}"
    print(sheet.add(name, true, got) + why, flush=True)


def main() -> None:
    """Print what was told of each film, and tables."""
    part = next((each for each in sys.argv[1:] if not each.startswith("--")), "")
    eyes = open_privacy_eyes(DATA / "models")

    def give(raw: bytes) -> bytes:
        return redact_film(raw, eyes, from_ms=0, to_ms=25_000, any_length=True).mp4

    films = [
        (stem, path.read_bytes(), FILMS[stem])
        for path in sorted((DATA / "videos").glob("*.*"))
        if (stem := path.stem) in FILMS
    ]
    for title, flag, every in (("rendered plays", "--films", plays), ("real films", "--plays", lambda: films)):
        chosen = [each for each in every() if part in each[0]] if flag not in sys.argv else []
        if chosen:
            sheet = Sheet()
            print(f"\n{title}: what could not be told")
            for name, raw, true in chosen:
                judge(name, raw, true, give, sheet)
            print(sheet.table())


if __name__ == "__main__":
    main()
