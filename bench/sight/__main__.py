"""What watching a camera costs, and what it sees: ours and others on the same films, in one go.

    python bench/sight [--scenes day-calm,night] [--seed 2] [--no-motion] [--no-zoneminder] [--films 12] [--only-real]

First real films, and what an owner would be told of them (`real.py`). Then rendered films with exact truth: they come
from `corpus.py` (some minutes of rendering, once). Motion and ZoneMinder play in real time, so their runs go side by
side and take as long as a film, ten minutes. One table, and one plot in `bench/out/sight/sight.svg`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.replay.plot import Svg
from nightlatch.pixels.replay.scoring import Opening, Score, TrueEvent, score, together
from nightlatch.pixels.sight import Sight
from sight import zoneminder
from sight.corpus import HEVC, MAINS, OUT, SUB, SUBS, TAKES, TUNED, Film, films
from sight.peers import Run, averaging, has_motion, motion, ours, served
from sight.real import DETECTORS, report
from sight.reel import real_films, why_no_films

SUB_S, MAIN_S = 600, 290
LEARNT_MS, QUIET_MS = 10_000, 95_000  # nothing happens in between; before, a camera that is new is learnt
MAIN_SCENE = "day-calm"
ZONEMINDERS = ((0.03, "ZoneMinder, threshold 3 % (its default)"), (0.001, "ZoneMinder, threshold 0.1 %"))
MOTIONS = ((0.005, "Motion, threshold 0.5 % (its default)"), (0.001, "Motion, threshold 0.1 %"))
HEAD = f"{'':58} {'CPU s/h':>8} {'quiet':>7} {'found':>8} {'p50 ms':>7} {'p95 ms':>7} {'false/h':>8}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    cpu_s_per_h: float
    quiet_s_per_h: float | None
    score: Score

    def __str__(self) -> str:
        s, quiet = self.score, f"{self.quiet_s_per_h:7.1f}" if self.quiet_s_per_h is not None else "      –"
        return (
            f"{self.name:58} {self.cpu_s_per_h:8.1f} {quiet} {s.found:4}/{s.true:<3} {_said(s.delay_ms(0.5)):>7} "
            f"{_said(s.delay_ms(0.95)):>7} {s.false_per_hour:8.1f}"
        )


def _said(delay_ms: int | None) -> str:
    return "–" if delay_ms is None else str(delay_ms)


def quiet_cost(film: Film) -> float:
    """Seconds of CPU in an hour in which nothing happens."""
    with open_film(film.path) as opened:
        packets = [packet for packet in opened.packets if packet.at_ms < QUIET_MS]
        costs = []
        for _ in range(3):
            sight = Sight(opened.streams, areas=(), detector=None, new_id=lambda: "e", camera_id="c")
            began_s = 0.0
            for packet in packets:
                if not began_s and packet.at_ms >= LEARNT_MS:
                    began_s = time.thread_time()
                sight.take(packet)
            costs.append(time.thread_time() - began_s)
    return sorted(costs)[1] / (QUIET_MS - LEARNT_MS) * 1000 * 3600


def row(name: str, runs: Sequence[Run], *, quiet: bool = False) -> Row:
    """Runs of one system over several films, as one line."""
    scores = [score(_truth(run.film), run.openings, round(run.film.seconds * 1000)) for run in runs]
    seconds = sum(run.film.seconds for run in runs)
    cost = sum(run.cpu_s for run in runs) / seconds * 3600
    idle = sum(quiet_cost(run.film) for run in runs) / len(runs) if quiet else None
    return Row(name, cost, idle, together(scores))


def _truth(film: Film) -> list[TrueEvent]:
    return [TrueEvent(h.kind, h.from_ms, h.to_ms) for h in film.truth]


def our_rows(made: dict[str, list[Film]], mains: list[Film]) -> list[Row]:
    """One line for each way of encoding."""
    found = [row(f"nightlatch, {name}", [ours(film) for film in some], quiet=True) for name, some in made.items()]
    return found + [row(f"nightlatch, {film.stream.name} ({film.scene})", [ours(film)], quiet=True) for film in mains]


def run_motion(subs: list[Film], main: Film | None) -> list[Run]:
    """Motion on all films at once, in real time."""
    jobs = [(film, share, name) for share, name in MOTIONS for film in subs]
    jobs += [(main, 0.001, f"{MOTIONS[1][1]}, {main.stream.name} ({main.scene})")] if main is not None else []
    with served([film for film, _, _ in jobs]) as at, ThreadPoolExecutor(len(jobs)) as pool:
        runs = pool.map(lambda job: motion(job[0], at[job[0].path], share=job[1], name=job[2]), jobs)
        return [in_its_favour(run) for run in runs]


def run_zoneminder(subs: list[Film], main: Film | None) -> list[Run]:
    """ZoneMinder on all films at once, in real time."""
    jobs = [(film, share, name) for share, name in ZONEMINDERS for film in subs]
    jobs += [(main, 0.001, f"{ZONEMINDERS[1][1]}, {main.stream.name} ({main.scene})")] if main is not None else []
    return [in_its_favour(run) for run in zoneminder.runs(jobs)]


def in_its_favour(run: Run) -> Run:
    """A peer stays some unknown seconds behind its stream: the lag with which it finds most is taken out."""

    def found(lag_ms: int) -> tuple[int, int]:
        result = score(_truth(run.film), _earlier(run.openings, lag_ms), round(run.film.seconds * 1000))
        return result.found, -result.false

    return replace(run, openings=_earlier(run.openings, max(range(-2_000, 20_000, 500), key=found)))


def _earlier(openings: Sequence[Opening], by_ms: int) -> tuple[Opening, ...]:
    return tuple(Opening(o.told_ms - by_ms, o.onset_ms - by_ms, o.last_ms - by_ms) for o in openings)


def by_name(runs: Sequence[Run]) -> list[Row]:
    """One line for each name; no delays, as the lag is not known."""
    rows = [row(name, [run for run in runs if run.name == name]) for name in dict.fromkeys(run.name for run in runs)]
    return [replace(each, score=replace(each.score, delays_ms=())) for each in rows]


def draw(rows: Sequence[Row], path: Path) -> None:
    """Cost against recall: the upper left corner is where one wants to be."""
    svg = Svg(1000, 120 + 26 * len(rows))
    svg.text(
        12, 24, "CPU seconds per camera-hour (dark: of an hour in which nothing happens), and what was found", "title"
    )
    most = max(r.cpu_s_per_h for r in rows)
    for number, each in enumerate(rows):
        y = 50 + 26 * number
        svg.text(12, y + 14, each.name)
        svg.rect(380, y, 320 * each.cpu_s_per_h / most, 18, "track" if each.name.startswith("night") else "look")
        if each.quiet_s_per_h is not None:
            svg.rect(380, y, 320 * each.quiet_s_per_h / most, 18, "true")
        svg.text(386 + 320 * each.cpu_s_per_h / most, y + 14, f"{each.cpu_s_per_h:.0f}")
        s = each.score
        said = f"found {s.found}/{s.true}, p50 {_said(s.delay_ms(0.5))} ms, false {s.false_per_hour:.1f}/h"
        svg.text(985, y + 14, said, anchor="end")
    path.write_text(str(svg))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python bench/sight")
    parser.add_argument("--scenes", default=",".join(TAKES))
    parser.add_argument("--seed", type=int, default=TUNED, help="another one: films that no constant was set on")
    parser.add_argument("--no-motion", action="store_true")
    parser.add_argument("--no-zoneminder", action="store_true")
    parser.add_argument("--no-main", action="store_true")
    parser.add_argument("--films", type=int, help="only so many real films")
    parser.add_argument("--only-real", action="store_true", help="no rendered films")
    asked = parser.parse_args()
    show_real(asked.films)
    if not asked.only_real:
        show_rendered(asked)


def show_real(most: int | None) -> None:
    """Real films with every detector, also with a fifth of packets dropped."""
    if (missing := why_no_films()) is not None:
        print(f"Real films were not run: {missing}.")
        return
    report(real_films(most), DETECTORS, is_torn=True, each=True, anew=False)


def show_rendered(asked: argparse.Namespace) -> None:
    """Films with exact truth, beside peers."""
    made: dict[str, list[Film]] = {stream.name: [] for stream in SUBS}
    for scene in asked.scenes.split(","):
        for film in films(scene, SUBS, SUB_S, asked.seed):
            made[film.stream.name].append(film)
    made[HEVC.name] = films(MAIN_SCENE, [HEVC], SUB_S, asked.seed)
    mains = [] if asked.no_main else films(MAIN_SCENE, MAINS, MAIN_S, asked.seed)
    main_film = mains[0] if mains else None
    not_zoneminder = "not asked for" if asked.no_zoneminder else zoneminder.why_not()
    with ThreadPoolExecutor(2) as beside:
        with_motion = has_motion() and not asked.no_motion
        motions = beside.submit(run_motion, made[SUB.name], main_film) if with_motion else None
        zoneminders = None if not_zoneminder else beside.submit(run_zoneminder, made[SUB.name], main_film)
        rows = our_rows(made, mains)
        rows.append(row(f"running average at 5 fps, {SUB.name}", [averaging(film) for film in made[SUB.name]]))
        rows += by_name(motions.result()) if motions is not None else []
        rows += by_name(zoneminders.result()) if zoneminders is not None else []
    if not with_motion:
        print("Motion was not run (apt-get install motion).")
    if not_zoneminder:
        print(f"ZoneMinder was not run: {not_zoneminder}.")
    print(HEAD)
    for each in rows:
        print(each)
    draw(rows, OUT / "sight.svg")
    print(f"drawn in {OUT / 'sight.svg'}")


if __name__ == "__main__":
    main()
