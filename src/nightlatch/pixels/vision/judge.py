"""Says what an event means: threat, routine or unsure, with a calibrated probability and reasons in words.

Pure: a story (what moved, where, when; no pixels) is turned into some twenty numbers, a small model of ours
(lab/judge, gradient-boosted trees as ONNX) into a probability. It looks at the whole story and not at one picture:
pieces of a track are joined, kinds are votes over time, somebody who was upright and lies down is a person still, and
what darts as no person can is none. Lengths are measured in the
height of the thing itself, so that near and far count the same.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nightlatch.domain.geometry import Area, Box, is_inside
from nightlatch.domain.sighting import POST_ROLL_MS, Judgement, Kind, Place, Story, Track, Verdict
from nightlatch.pixels.vision.boxes import feet

MODEL = Path(__file__).with_name("judge.onnx")
THREAT_FROM = 0.60
ROUTINE_TO = 0.25
PETS = frozenset({Kind.CAT, Kind.DOG, Kind.ANIMAL})
STOP_SPEED = 0.12  # heights a second: slower is standing
STOP_MS = 2_500
PLACE = 0.5  # heights: stops nearer than this are one place
EDGE = 0.04
RUN = 1.6  # heights a second
LINGERS = 0.6  # of straightness: who goes less straight than this does not just pass
TURNS_BACK = 0.3  # of straightness: and who ends where they began has turned back
FLAT = 1.2  # width over height of somebody who lies
BRIEF_MS = 1_200
GONE_MS = POST_ROLL_MS - 2_000  # out of sight before it is said: an event of theirs alone is about to close then
SURE = 0.35  # mean score of a track below which its kind is doubtful
MOST_PLACES = 2_000
MOST_PIECES = 400  # of a story; more are the longest of them
MOST_BODIES = 20  # that parts are looked for
PART = 0.6  # of its looks in which a part is above or below the rest of the body
PART_MS = 700
GAP_MS = 6_000  # a piece that begins this long after another ended may go on with it
REACH = 1.2  # heights: and this near
TOO_FAST = 5.0  # heights a second: some 8 m/s; no person, an insect near the lens or a broken track
FAST_LOW = 2.8  # heights a second of something wider than high: an animal
USUAL_LOW = 1.5  # and most of the time, so that it is not a fall
SLIGHT = 0.15  # of the heaviest, below which a kind is doubted
SURE_AT = {Kind.PERSON: 0.6, Kind.ANIMAL: 0.8, Kind.VEHICLE: 0.8}  # mean scores from which it is not
GROUP = dict.fromkeys(PETS, Kind.ANIMAL)
MOTION_WEIGHT = 0.15  # of a second that no eye could name, in the vote
NIGHT = (22.5, 5.5)

FEATURES = (
    "people",
    "pets",
    "vehicles",
    "unknown",
    "seconds",
    "person_seconds",
    "stops",
    "places",
    "longest_stop_s",
    "returns",
    "straightness",
    "fastest",
    "ran_off",
    "grew",
    "largest",
    "came_from_edge",
    "left_by_edge",
    "vanished_inside",
    "lay_down",
    "package_gone",
    "package_came",
    "dark",
    "night_hour",
    "score",
    "turning",
    "exit_apart",
    "stop_spread",
    "stopped_share",
    "at_once",
)


@dataclass(frozen=True, slots=True)
class Walk:
    """What one track did, in seconds and heights of the thing."""

    seconds: float
    stops: int
    places: int
    longest_stop_s: float
    returns: int
    straightness: float
    fastest: float
    ran_off: bool
    grew: float
    largest: float
    came_from_edge: bool
    left_by_edge: bool
    lay_down: bool
    turning: float  # mean change of direction at each look, 0 to 3.1: insects dart, people walk
    exit_apart: float  # pictures between where it came and where it went
    stop_spread: float  # heights between the stops that are farthest apart
    stopped_share: float
    upright: float  # median of height over width
    usual: float  # median speed


EMPTY = Walk(0, 0, 0, 0, 0, 1, 0, False, 1, 0, True, True, False, 0, 0, 0, 0, 1, 0)


@dataclass(frozen=True, slots=True)
class Thing:
    """What the pieces of a track are when they are put together."""

    kind: Kind
    score: float
    track: Track
    walk: Walk


def walk(track: Track) -> Walk:
    """Sum up a path of at least one place. Raises `ValueError` for a path that is no path."""
    path = track.path[:: max(1, len(track.path) // MOST_PLACES)]
    at_s = np.array([p.at_ms for p in path], np.float64) / 1000
    edges = np.array([(p.box.left, p.box.top, p.box.right, p.box.bottom) for p in path], np.float64)
    if not np.isfinite(edges).all() or (np.diff(at_s) < 0).any():
        raise ValueError("a path is in order of time and has numbers for places")
    high = np.maximum(edges[:, 3] - edges[:, 1], 1e-3)
    wide = np.maximum(edges[:, 2] - edges[:, 0], 1e-3)
    feet = np.stack(((edges[:, 0] + edges[:, 2]) / 2 * 16 / 9, edges[:, 3]), 1)  # in picture heights
    scale = float(np.median(high))
    still, speeds = _speeds(at_s, feet, scale)
    stops = _stops(at_s, feet, still)
    places, returns = _places([where for where, _ in stops], scale)
    steps = np.hypot(*np.diff(feet, axis=0).T) if len(feet) > 1 else np.zeros(0)
    far = float(np.hypot(*(feet[-1] - feet[0])))
    tail = speeds[at_s[1:] > at_s[-1] - 2.5] if len(speeds) else speeds
    fastest = float(np.quantile(speeds, 0.9)) if len(speeds) else 0.0
    flat = wide * 16 / 9 / high
    third = max(1, len(flat) // 3)
    return Walk(
        seconds=float(at_s[-1] - at_s[0]),
        stops=len(stops),
        places=places,
        longest_stop_s=max((length for _, length in stops), default=0.0),
        returns=returns,
        straightness=far / max(float(steps.sum()), 1e-3) if len(steps) else 1.0,
        fastest=fastest,
        ran_off=bool(len(tail) and stops and float(np.median(tail)) > RUN),
        grew=float(np.median(high[-third:]) / np.median(high[:third])),
        largest=float(high.max()),
        came_from_edge=_at_edge(edges[0]),
        left_by_edge=_at_edge(edges[-1]),
        lay_down=bool(np.median(flat[:third]) < 0.8 and np.median(flat[-third:]) > FLAT),
        turning=_turning(feet),
        exit_apart=abs(float(feet[-1, 0] - feet[0, 0])) * 9 / 16,
        stop_spread=_spread([where for where, _ in stops]) / max(scale, 0.02),
        stopped_share=sum(length for _, length in stops) / max(0.3, float(at_s[-1] - at_s[0])),
        upright=1 / max(0.05, float(np.median(flat))),
        usual=float(np.median(speeds)) if len(speeds) else 0.0,
    )


def things(story: Story) -> list[Thing]:
    """What moved, made whole again, and what each is by vote. Raises `ValueError` as `walk`.

    Pieces of tracks are joined that go on where others ended; so are parts of one body (head and legs that move, and
    nothing between) that stay together for as long as both are seen.
    """
    pieces = sorted(story.tracks, key=lambda t: t.path[0].at_ms - t.path[-1].at_ms)[:MOST_PIECES]
    joined: list[list[Track]] = []
    for piece in sorted(pieces, key=lambda t: t.path[0].at_ms):
        before = min(
            (each for each in joined if _goes_on(each[-1], piece)),
            key=lambda each: _apart(each[-1].path[-1].box, piece.path[0].box),
            default=None,
        )
        if before is None:
            joined.append([piece])
        else:
            before.append(piece)
    return _believed([_thing(each) for each in _bodies(joined)])


def _believed(found: list[Thing]) -> list[Thing]:
    """Take for plain motion what was called a cat for a second while a person was there for a minute.

    People, pets and vehicles weigh what their things were seen for and how surely. What is slight beside the heaviest
    of the three, and at no time sure, is a part of it that was misnamed more often than it is there.
    """
    weights: dict[Kind, float] = {}
    best: dict[Kind, float] = {}
    for thing in found:
        group = GROUP.get(thing.kind, thing.kind)
        weights[group] = weights.get(group, 0.0) + thing.score * (0.1 + thing.walk.seconds)
        best[group] = max(best.get(group, 0.0), thing.score)
    heaviest = max((weights.get(group, 0.0) for group in SURE_AT), default=0.0)
    slight = {g for g, sure in SURE_AT.items() if weights.get(g, 0.0) < SLIGHT * heaviest and best.get(g, 0.0) < sure}
    return [replace(t, kind=Kind.MOTION) if GROUP.get(t.kind, t.kind) in slight else t for t in found]


@dataclass(frozen=True, slots=True)
class _Body:
    """Pieces of tracks that are one thing, and where it was, in order of time."""

    pieces: tuple[Track, ...]
    path: tuple[Place, ...]

    @property
    def length_ms(self) -> int:
        return self.path[-1].at_ms - self.path[0].at_ms


def _bodies(chains: list[list[Track]]) -> list[_Body]:
    """Put parts of one body together, the longest first."""
    loose = [_Body(tuple(chain), _in_order(chain)) for chain in chains]
    loose.sort(key=lambda body: (-body.length_ms, body.path[0].at_ms))
    whole: list[_Body] = []
    for part in loose:
        of = next((n for n, body in enumerate(whole[:MOST_BODIES]) if _is_part(part, body)), None)
        if of is None:
            whole.append(part)
        else:
            whole[of] = _Body((*whole[of].pieces, *part.pieces), _united(whole[of].path, part.path))
    return whole


def _in_order(chain: list[Track]) -> tuple[Place, ...]:
    """The places of a chain; one track is left as it is, so that one that runs back in time is noticed."""
    if len(chain) == 1:
        return chain[0].path
    return tuple(sorted((place for piece in chain for place in piece.path), key=lambda place: place.at_ms))


def _is_part(part: _Body, body: _Body) -> bool:
    """Whether one is above the other most of the time that the shorter is seen."""
    if FAMILY[part.pieces[0].kind] != FAMILY[body.pieces[0].kind] or part.length_ms < PART_MS:
        return False
    times = [place.at_ms for place in body.path]
    stacked = 0
    for place in part.path:
        other = body.path[_nearest(times, place.at_ms)]
        stacked += abs(other.at_ms - place.at_ms) <= PART_MS and _is_stacked(place.box, other.box)
    return stacked >= PART * len(part.path)


def _is_stacked(a: Box, b: Box) -> bool:
    """Whether two boxes are one above the other, nearer than the higher of them is high."""
    across = min(a.right, b.right) - max(a.left, b.left)
    gap = max(a.top, b.top) - min(a.bottom, b.bottom)
    return across >= 0.3 * min(a.right - a.left, b.right - b.left) and gap <= max(a.bottom - a.top, b.bottom - b.top)


def _united(body: tuple[Place, ...], part: tuple[Place, ...]) -> tuple[Place, ...]:
    """The body's path, with the part in its boxes while both are seen."""
    times = [place.at_ms for place in part]
    path = []
    for place in body:
        other = part[_nearest(times, place.at_ms)]
        near = abs(other.at_ms - place.at_ms) <= PART_MS
        path.append(Place(place.at_ms, _around(place.box, other.box)) if near else place)
    return tuple(path)


def _around(a: Box, b: Box) -> Box:
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def _nearest(times: list[int], at_ms: int) -> int:
    """Index of the time nearest to `at_ms`; `times` is sorted and not empty."""
    after = min(bisect_left(times, at_ms), len(times) - 1)
    return after - 1 if after and at_ms - times[after - 1] < abs(times[after] - at_ms) else after


def _goes_on(before: Track, after: Track) -> bool:
    if FAMILY[before.kind] != FAMILY[after.kind]:
        return False
    a, b = before.path[-1], after.path[0]
    if not -200 <= b.at_ms - a.at_ms <= GAP_MS:
        return False
    near = _apart(a.box, b.box) / max(0.02, _length(a.box), _length(b.box))
    return near < REACH + max(0, b.at_ms - a.at_ms) / 1000 * 0.5 and 0.4 < _length(a.box) / _length(b.box) < 2.5


def _thing(body: _Body) -> Thing:
    """Vote: seconds times score for each kind; upright for a while and surely a person, a person for good."""
    votes: dict[Kind, float] = {}
    for piece in body.pieces:
        seconds = (piece.path[-1].at_ms - piece.path[0].at_ms) / 1000 + 0.1
        weight = MOTION_WEIGHT if piece.kind is Kind.MOTION else piece.score
        votes[piece.kind] = votes.get(piece.kind, 0.0) + seconds * weight
    kind = max(votes, key=lambda each: votes[each])
    if any(p.kind is Kind.PERSON and _kind(p) is Kind.PERSON and walk(p).upright > 1.3 for p in body.pieces[:-1]):
        kind = Kind.PERSON
    score = max((p.score for p in body.pieces if p.kind is kind), default=0.0)
    whole = Track(body.pieces[0].id, kind, score, body.path)
    walked = walk(whole)
    if kind is Kind.PERSON and walked.fastest > FAST_LOW and walked.usual > USUAL_LOW and walked.upright < 0.9:
        kind = Kind.ANIMAL
    elif kind is Kind.PERSON and walked.fastest > TOO_FAST:
        kind = Kind.MOTION
    return Thing(_kind(Track(whole.id, kind, score, body.path)), score, whole, walked)


def features(story: Story) -> NDArray[np.float32]:
    """The numbers of a story, (F,) float32 in the order of `FEATURES`. Raises `ValueError` for a broken path."""
    found = things(story)
    people = [t.walk for t in found if t.kind is Kind.PERSON]
    main = max(people or [t.walk for t in found], key=lambda w: w.seconds, default=EMPTY)
    last_ms = max((t.track.path[-1].at_ms for t in found), default=story.ended_ms)
    first_ms = min((t.track.path[0].at_ms for t in found), default=story.began_ms)
    packages = [t.track for t in found if t.kind is Kind.PACKAGE]
    hour = story.local_hour
    values = (
        len(people),
        sum(t.kind in PETS for t in found),
        sum(t.kind is Kind.VEHICLE for t in found),
        sum(t.kind is Kind.MOTION for t in found),
        (last_ms - first_ms) / 1000,
        sum(w.seconds for w in people),
        sum(w.stops for w in people),
        max((w.places for w in people), default=0),
        max((w.longest_stop_s for w in people), default=0.0),
        sum(w.returns for w in people),
        main.straightness,
        main.fastest,
        any(w.ran_off for w in people),
        main.grew,
        main.largest,
        main.came_from_edge,
        main.left_by_edge,
        any(not w.left_by_edge for w in people),
        any(w.lay_down for w in people),
        any(t.path[-1].at_ms < last_ms - 2_000 and _beside(t.path[-1], found) for t in packages),
        any(t.path[0].at_ms > first_ms + 2_000 for t in packages),
        story.is_dark,
        hour is not None and (hour >= NIGHT[0] or hour < NIGHT[1]),
        max((t.score for t in found if t.kind is not Kind.MOTION), default=0.0),
        main.turning,
        main.exit_apart,
        main.stop_spread,
        main.stopped_share,
        _at_once([t.track for t in found if t.kind is Kind.PERSON]),
    )
    return np.array(values, np.float32)


class Judge:
    """State: the loaded model. `judge` may be called from several threads."""

    def __init__(self, path: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def judge(self, story: Story) -> Judgement:
        """What the story means. A broken path makes it unsure, never an error: looking fails open."""
        try:
            values = features(story)
        except ValueError:
            unsure = "What moved could not be followed."
            return Judgement(Verdict.UNSURE, 0.5, (unsure,), (Kind.MOTION,), story.tracks)
        _, chances = self._session.run(None, {"story": values[None]})
        threat = float(chances[0][1])
        verdict = (
            Verdict.THREAT if threat >= THREAT_FROM else Verdict.ROUTINE if threat <= ROUTINE_TO else Verdict.UNSURE
        )
        found = things(story)
        whole = tuple(replace(thing.track, kind=thing.kind) for thing in found)
        return Judgement(verdict, threat, tuple(reasons(story, values)), _kinds(found), whole)


def _kinds(found: list[Thing]) -> tuple[Kind, ...]:
    """In the order of `Kind`, and plain motion only when there was nothing else."""
    there = {thing.kind for thing in found}
    known = tuple(kind for kind in Kind if kind in there and kind is not Kind.MOTION)
    return known or tuple(there)


def reasons(story: Story, values: NDArray[np.float32]) -> list[str]:
    """The story in words, the most telling first."""
    said = dict(zip(FEATURES, values.tolist(), strict=True))
    found = things(story)
    lead = [_lead(story, said, found)]
    people = [thing.track for thing in found if thing.kind is Kind.PERSON]
    lead += [f"They were at “{name}”." for name in _visited(story.areas, people)]
    if said["package_gone"] and said["people"]:
        lead.append("A package is gone.")
    if said["package_came"] and said["people"]:
        lead.append("A package was left.")
    if said["places"] >= 2:
        lead.append(f"They stopped at {int(said['places'])} places.")
    elif said["longest_stop_s"] >= 8:
        lead.append(f"They stood still for {said['longest_stop_s']:.0f} s.")
    elif people and said["person_seconds"] >= 8 and said["straightness"] < LINGERS:
        lead.append("They lingered and did not just pass through.")
    if people and said["came_from_edge"] and said["exit_apart"] < 0.25 and said["straightness"] < TURNS_BACK:
        lead.append("They turned and went back the way they had come.")
    if said["returns"] >= 1:
        lead.append("They came back." if said["returns"] < 2 else f"They came back {int(said['returns'])} times.")
    if said["ran_off"]:
        lead.append("They ran off.")
    if said["lay_down"]:
        lead.append("Somebody went down and stayed down.")
    if _is_gone_inside(story, people) and not said["lay_down"]:
        lead.append("They went out of sight inside the picture, as through a door.")
    return lead


def _lead(story: Story, said: dict[str, float], found: list[Thing]) -> str:
    seconds = max(1, round(said["seconds"]))
    when = f" at {_clock(story.local_hour)}" if story.local_hour is not None and said["night_hour"] else ""
    people = int(said["at_once"])
    if people:
        who = "A person" if people == 1 else f"{people} people"
        return f"{who} came{when} and stayed {seconds} s."
    seen: dict[Kind, float] = {}  # seconds times score: what was most to be seen gives the name
    for thing in found:
        if thing.kind in PETS or thing.kind is Kind.VEHICLE:
            seen[thing.kind] = seen.get(thing.kind, 0.0) + thing.score * (0.1 + thing.walk.seconds)
    if not seen:
        return f"Something moved{when} for {seconds} s that is no person, animal or vehicle that the eye knows."
    name = max(seen, key=lambda kind: seen[kind]).value
    return f"{'An' if name[0] in 'aeiou' else 'A'} {name} was there{when} for {seconds} s."


def _is_gone_inside(story: Story, people: list[Track]) -> bool:
    """Whether who was seen last has not been seen for a while, and was not near the picture's edge then."""
    last = max((track.path[-1] for track in people), key=lambda place: place.at_ms, default=None)
    if last is None or story.ended_ms - last.at_ms < GONE_MS:
        return False
    box = last.box
    return min(box.left, box.top, 1 - box.right, 1 - box.bottom) > 2 * EDGE


def _visited(areas: tuple[Area, ...], people: list[Track]) -> list[str]:
    """Names of the watched areas that somebody's feet were in, in the order of the areas."""
    stood = [feet(place.box) for track in people for place in track.path[:: max(1, len(track.path) // 100)]]
    return [a.name for a in areas if a.use == "watch" and a.name and any(is_inside(at, a.points) for at in stood)]


def _clock(hour: float) -> str:
    minute = round(hour * 60)  # 22 + 42 / 60 is a little less than 22:42
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


FAMILY = {kind: kind if kind in (Kind.VEHICLE, Kind.PACKAGE) else Kind.MOTION for kind in Kind}  # what may be confused


def _length(box: Box) -> float:
    """The longer side, in picture heights: the same for somebody who stands and lies."""
    return max(1e-3, box.bottom - box.top, (box.right - box.left) * 16 / 9)


def _apart(a: Box, b: Box) -> float:
    """Picture heights between two boxes' feet."""
    return math.hypot((a.left + a.right - b.left - b.right) / 2 * 16 / 9, a.bottom - b.bottom)


def _beside(place: Place, found: list[Thing]) -> bool:
    """Whether a person was there when it was last seen."""
    return any(
        abs(p.at_ms - place.at_ms) < 3_000 and _apart(p.box, place.box) < REACH * _length(p.box)
        for t in found
        if t.kind is Kind.PERSON
        for p in t.track.path
    )


def _at_once(people: list[Track]) -> int:
    """How many people there were at the same time."""
    turns = sorted([(t.path[0].at_ms, 1) for t in people] + [(t.path[-1].at_ms, -1) for t in people])
    now = most = 0
    for _, turn in turns:
        now += turn
        most = max(most, now)
    return most


def _turning(feet: NDArray[np.float64]) -> float:
    steps = np.diff(feet, axis=0)
    steps = steps[np.hypot(*steps.T) > 1e-3] if len(steps) else steps
    if len(steps) < 3:
        return 0.0
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    return float(np.mean(np.abs((np.diff(angles) + math.pi) % (2 * math.pi) - math.pi)))


def _spread(stops: list[tuple[float, float]]) -> float:
    some = stops[:50]
    return max((math.hypot(a[0] - b[0], a[1] - b[1]) for a in some for b in some), default=0.0)


def _kind(track: Track) -> Kind:
    """The track's kind, if there was time and reason enough to believe it."""
    lasted_ms = track.path[-1].at_ms - track.path[0].at_ms if track.path else 0
    if track.kind is Kind.PERSON and (lasted_ms < BRIEF_MS or track.score < SURE):
        return Kind.MOTION
    return track.kind


def _speeds(
    at_s: NDArray[np.float64], feet: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Where it stood, and how fast it went between places (heights a second), over windows of half a second."""
    if len(at_s) < 2:
        return np.zeros(len(at_s), np.bool_), np.zeros(0)
    passed = np.maximum(np.diff(at_s), 0.05)
    raw = np.hypot(*np.diff(feet, axis=0).T) / passed / max(scale, 0.02)
    wide = max(1, min(len(raw), round(0.6 / float(np.median(passed)))))
    speeds = np.convolve(raw, np.ones(wide) / wide, mode="same")
    net = np.array(
        [
            math.hypot(*(feet[min(len(feet) - 1, n + wide)] - feet[max(0, n - wide)]))
            / max(scale, 0.02)
            / max(0.1, at_s[min(len(at_s) - 1, n + wide)] - at_s[max(0, n - wide)])
            for n in range(len(at_s))
        ]
    )
    return net < STOP_SPEED, speeds


def _stops(
    at_s: NDArray[np.float64], feet: NDArray[np.float64], still: NDArray[np.bool_]
) -> list[tuple[tuple[float, float], float]]:
    """Where it stood for a while, and for how many seconds."""
    found, begin = [], None
    for n in range(len(at_s) + 1):
        stands = n < len(at_s) and bool(still[n])
        if stands and begin is None:
            begin = n
        elif not stands and begin is not None:
            length = float(at_s[n - 1] - at_s[begin])
            if length * 1000 >= STOP_MS:
                where = np.median(feet[begin:n], axis=0)
                found.append(((float(where[0]), float(where[1])), length))
            begin = None
    return found


def _places(stops: list[tuple[float, float]], scale: float) -> tuple[int, int]:
    """How many different places the stops are at, and how often it came back to one."""
    places: list[tuple[float, float]] = []
    returns, last = 0, -1
    for where in stops:
        near = next(
            (n for n, p in enumerate(places) if math.hypot(p[0] - where[0], p[1] - where[1]) < PLACE * scale), -1
        )
        if near < 0:
            places.append(where)
            near = len(places) - 1
        elif near != last:
            returns += 1
        last = near
    return len(places), returns


def _at_edge(box: NDArray[np.float64]) -> bool:
    left, top, right, bottom = box
    return bool(left < EDGE or right > 1 - EDGE or top < EDGE or bottom > 1 - EDGE)
