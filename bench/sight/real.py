"""What an owner would be told of real films: kinds, faults, verdicts and cost, by detector.

    python bench/sight/real.py [--films 12] [--detectors both,yolox] [--torn] [--each]

Each film of ../shared/data/videos (`reel.py`) goes through the whole sight: gate, tracks, vote, judge. Beside it, on
the same films, what people build first: YOLOX over whole pictures, three a second, told when two of them are sure. What
an eye said of a picture is remembered in `bench/out/sight/real`, so that a change behind the eye is measured in a
minute; `--anew` forgets it.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import ANIMALS, Detection, Kind, Verdict
from nightlatch.errors import NightlatchError
from nightlatch.lab.eye.clips import looks
from nightlatch.pixels.detectors.opening import open_detector
from nightlatch.pixels.media.packets import Packet
from nightlatch.pixels.replay.replaying import FilmEvent, replay
from nightlatch.plugs import Eye
from sight.reel import DATA, LEAD_S, LYING, REAL, RealFilm, as_sent, real_films, torn, why_no_films

DETECTORS = ("eye", "ssd", "yolox", "both")
PEER = "whole-frame YOLOX, 3 fps, two ≥ .45"
PEER_SCORE = 0.45
SEED = 1
Told = Callable[[RealFilm], "Outcome"]


@dataclass(slots=True)
class Remembering:
    """An eye that says of the same picture what it said before, from a file; what looking cost then is kept, too."""

    eye: Eye
    kept: dict[int, tuple[list[Detection], float]] = field(default_factory=dict)
    looks: int = 0
    cpu_s: float = 0.0
    spent_s: float = 0.0  # of it, just now

    @property
    def name(self) -> str:
        """Of the eye."""
        return self.eye.name

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        """As the eye does."""
        key = zlib.crc32(repr(regions).encode(), zlib.crc32(bgr[::3, ::3].tobytes()))
        if key not in self.kept:
            began_s = time.thread_time()
            found = self.eye.look(bgr, regions)
            self.kept[key] = found, time.thread_time() - began_s
            self.spent_s += self.kept[key][1]
        found, cost_s = self.kept[key]
        self.looks += 1
        self.cpu_s += cost_s
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """One film with one detector."""

    film: RealFilm
    kinds: frozenset[Kind]
    events: tuple[FilmEvent, ...] = ()
    looks: int = 0
    eye_s: float = 0.0  # CPU of the looks
    sight_s: float = 0.0  # CPU of all else
    film_s: float = 0.0

    @property
    def faults(self) -> list[str]:
        """Of kind."""
        return self.film.faults(self.kinds)

    @property
    def verdicts(self) -> frozenset[Verdict]:
        """All that were told."""
        return frozenset(event.judgement.verdict for event in self.events)


def watched(film: RealFilm, detector: str, *, is_torn: bool = False, anew: bool = False) -> Outcome:
    """What Nightlatch tells of a film. Raises `NightlatchError` where the detector is not on this machine."""
    file = REAL / f"{film.name}.{detector}.pickle"
    remembered = Remembering(open_detector(detector, DATA / "models"))
    if file.exists() and not anew:
        remembered.kept = pickle.loads(file.read_bytes())
    lossy = (lambda packets: torn(packets, zlib.crc32(film.name.encode()) + SEED)) if is_torn else _all
    seen = replay(as_sent(film), detector=remembered, through=lossy)
    if remembered.spent_s:
        file.write_bytes(pickle.dumps(remembered.kept))
    kinds = frozenset(kind for event in seen.events for kind in event.judgement.kinds) - {Kind.MOTION}
    length_s = seen.length_ms / 1000
    return Outcome(
        film, kinds, seen.events, remembered.looks, remembered.cpu_s, seen.cpu_s - remembered.spent_s, length_s
    )


def _all(packets: Iterator[Packet]) -> Iterator[Packet]:
    return packets


def by_peer(film: RealFilm) -> Outcome:
    """What is told by who asks YOLOX about whole pictures."""
    file = REAL / f"{film.name}.peer.pickle"
    if file.exists():
        sure, number, cost_s = pickle.loads(file.read_bytes())
    else:
        eye, sure, number, began_s = open_detector("yolox", DATA / "models"), Counter[Kind](), 0, time.thread_time()
        for frame in looks(film.path):
            number += 1
            found = eye.look(frame.bgr, ())
            sure.update({each.kind for each in found if each.score >= PEER_SCORE})
        cost_s = time.thread_time() - began_s
        file.write_bytes(pickle.dumps((sure, number, cost_s)))
    kinds = frozenset(kind for kind, times in sure.items() if times >= 2)
    return Outcome(film, kinds, looks=number, eye_s=cost_s, film_s=number / 3)


def line(name: str, told: Sequence[Outcome]) -> str:
    """One row of the table."""
    without = [each for each in told if not any(kinds & ANIMALS for kinds in each.film.must)]
    nothing = [each for each in told if not each.film.must]
    right = sum(not each.faults for each in told)
    animals = sum(bool(each.kinds & ANIMALS - each.film.may) for each in without)
    named = sum(bool(each.kinds - each.film.may) for each in nothing)
    number, seconds = sum(each.looks for each in told), sum(each.film_s for each in told)
    return (
        f"{name:38} {right:3}/{len(told):<3} {100 * right / max(1, len(told)):4.0f} %  {animals:3}/{len(without):<3} "
        f"{named:3}/{len(nothing):<3} {1000 * sum(each.eye_s for each in told) / max(1, number):7.0f} "
        f"{sum(each.eye_s + each.sight_s for each in told) / max(1e-9, seconds) * 3600:8.0f}"
    )


HEAD = f"{'':38} {'right':>7} {'':>6}  {'animals':>7} {'named':>7} {'ms/look':>7} {'CPU s/h':>8}"


def verdicts(told: Sequence[Outcome]) -> Iterator[str]:
    """How often each verdict was told, of films in which somebody falls, of others with people, and of the rest."""
    groups: dict[str, list[Outcome]] = {"somebody falls": [], "people": [], "no people": []}
    for each in told:
        has_people = any(Kind.PERSON in kinds for kinds in each.film.must)
        groups["somebody falls" if each.film.label == LYING else "people" if has_people else "no people"].append(each)
    for name, some in groups.items():
        said = Counter(verdict.value for each in some for verdict in each.verdicts)
        silent = sum(not each.events for each in some)
        listed = ", ".join(f"{verdict} {number}" for verdict, number in sorted(said.items()))
        yield f"  {name}, {len(some)} films: {listed or 'nothing'}; no event {silent}"


def report(films: Sequence[RealFilm], detectors: Sequence[str], *, is_torn: bool, each: bool, anew: bool) -> None:
    """Print it all."""
    runs: dict[str, list[Outcome]] = {}
    for name in detectors:
        try:
            runs[name] = [watched(film, name, anew=anew) for film in films]
        except NightlatchError as error:
            print(f"{name} was not run: {error}")
    runs[PEER] = [by_peer(film) for film in films]
    print("\nReal films. right: without a fault of kind; animals: told where there is none; named: of films of nothing")
    for half, is_taught in (("all films", None), ("the half that taught the vote", True), ("the other half", False)):
        print(f"\n{half}\n{HEAD}")
        for name, told in runs.items():
            print(line(name, [o for o in told if is_taught is None or o.film.is_taught is is_taught]))
    print("\n".join(by_label(runs)))
    for name, told in runs.items():
        if name != PEER:
            print(f"\nverdicts with {name}, no mode, no site")
            print("\n".join(verdicts(told)))
        if each:
            print("\n".join(_of_each(name, told)))
    if is_torn:
        report_torn(runs)


def by_label(runs: dict[str, list[Outcome]]) -> Iterator[str]:
    """How many films without a fault of kind, by what is in them."""
    labels = list(dict.fromkeys(outcome.film.label for told in runs.values() for outcome in told))
    yield f"\n{'without a fault of kind, by what a film shows':46} " + "".join(f"{label:>10}" for label in labels)
    for name, told in runs.items():
        of = [[outcome for outcome in told if outcome.film.label == label] for label in labels]
        right = "".join(f"{sum(not o.faults for o in some):>7}/{len(some):<2}" for some in of)
        yield f"{name:46} {right}"


def _of_each(name: str, told: Sequence[Outcome]) -> Iterator[str]:
    yield f"\nfaults with {name}"
    for outcome in told:
        if outcome.faults:
            yield f"  {outcome.film.name:55} {', '.join(outcome.faults)}"


def report_torn(runs: dict[str, list[Outcome]]) -> None:
    """How much is named otherwise with a fifth of the packets dropped."""
    for name, told in runs.items():
        if name == PEER:
            continue
        pairs = [(before, watched(before.film, name, is_torn=True)) for before in told]
        strange = [(a, b) for a, b in pairs if b.kinds - a.kinds]
        fewer = [f"{a.film.name} ({a.film_s - LEAD_S:.0f} s)" for a, b in pairs if a.kinds - b.kinds]
        print(
            f"\n{name}, a fifth of packets dropped: {len(strange)} of {len(pairs)} films named otherwise, "
            f"{len(fewer)} less: {', '.join(fewer)}"
        )
        for a, b in strange:
            print(f"  {a.film.name}: {', '.join(sorted(b.kinds - a.kinds))}")


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python bench/sight/real.py")
    parser.add_argument("--films", type=int, help="only so many")
    parser.add_argument("--detectors", default=",".join(DETECTORS))
    parser.add_argument("--torn", action="store_true", help="also with a fifth of packets dropped")
    parser.add_argument("--each", action="store_true", help="name the films with faults")
    parser.add_argument("--anew", action="store_true", help="let the eyes look again")
    asked = parser.parse_args()
    if (missing := why_no_films()) is not None:
        print(f"Real films were not run: {missing}.")
        return
    chosen = asked.detectors.split(",")
    report(real_films(asked.films), chosen, is_torn=asked.torn, each=asked.each, anew=asked.anew)


if __name__ == "__main__":
    main()
