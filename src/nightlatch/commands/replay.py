"""`nightlatch replay` and `nightlatch gate explain`: recorded films through the same sight as live cameras."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightlatch.domain.context import Context, Mode, Site
from nightlatch.domain.sighting import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nightlatch.domain.geometry import Area
    from nightlatch.domain.sighting import Track
    from nightlatch.pixels.replay.replaying import FilmEvent, Replay
    from nightlatch.pixels.replay.scoring import Score, TrueEvent

app = typer.Typer(help="Why the gate of a camera opens.", no_args_is_help=True)


@app.callback()
def _gate() -> None:
    """Why the gate of a camera opens."""


def replay(
    path: Annotated[Path, typer.Argument(help="A film (MP4, MKV, AVI…) or a folder of them.", exists=True)],
    plot: Annotated[Path | None, typer.Option(help="Folder for one SVG a film.")] = None,
    detector: Annotated[
        str | None,
        typer.Option(help="What looks: both, ssd, yolox, eye, own or motion; default: both, as far as it is here."),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Your ONNX file, for own.", exists=True)] = None,
    areas: Annotated[
        Path | None, typer.Option(help="JSON list of {name, use, points, dwell_s}, as a camera has them.", exists=True)
    ] = None,
    least_recall: Annotated[float, typer.Option(help="Fail when a smaller share of the truth is found; for CI.")] = 0.0,
    most_false: Annotated[int | None, typer.Option(help="Fail when more events than this are false; for CI.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a film instead of sentences.")] = False,
    site: Annotated[Site | None, typer.Option(help="Where the camera is.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="What the household is doing.")] = None,
    hour: Annotated[
        float | None, typer.Option(help="When it is, 0 to 24: 22.5 is half past ten at night.", min=0, max=24)
    ] = None,
) -> None:
    """Run recorded films through the sight, faster than real time, and say what it saw.

    With --site, --mode and --hour: what it would have said had it been there and then, such as "while you are away".

    Where NAME.truth.json (a list of kind, from_ms, to_ms) lies beside a film, events are compared with it.
    """
    from nightlatch.errors import NightlatchError
    from nightlatch.pixels.detectors.opening import open_detector, open_newcomers
    from nightlatch.pixels.replay.films import films_in
    from nightlatch.pixels.replay.replaying import replay as run
    from nightlatch.pixels.replay.scoring import together

    scores = []
    try:
        eye = open_newcomers(None) if detector is None else open_detector(detector, None, model)
        look = partial(
            run, detector=eye, areas=_areas(areas) if areas is not None else (), context=Context(site, mode), hour=hour
        )
        for film in films_in(path):
            done = _replay_film(film, look)
            (_print_json if as_json else _print)(done)
            if plot is not None:
                _plot(plot, done)
            if done.score is not None:
                scores.append(done.score)
    except NightlatchError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    whole = together(scores)
    if len(scores) > 1 and not as_json:
        typer.echo("all films")
        _show_score(whole)
    if scores and (whole.recall < least_recall or (most_false is not None and whole.false > most_false)):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the sight saw in one film, and how that compares with the truth, where somebody wrote it down."""

    film: Path
    seen: Replay
    truth: Sequence[TrueEvent] | None
    score: Score | None


def _replay_film(film: Path, look: Callable[[Path], Replay]) -> Outcome:
    from nightlatch.pixels.replay.scoring import read_truth, score

    seen = look(film)
    if (truth := read_truth(film)) is None:
        return Outcome(film, seen, None, None)
    return Outcome(film, seen, truth, score(truth, [event.opening for event in seen.events], seen.length_ms))


def _print(done: Outcome) -> None:
    _show(done.film.name, done.seen)
    if done.score is not None:
        _show_score(done.score)


def _print_json(done: Outcome) -> None:
    score = asdict(done.score) if done.score is not None else None
    typer.echo(json.dumps({"film": done.film.name, **asdict(done.seen), "score": score}))


def _plot(folder: Path, done: Outcome) -> None:
    from nightlatch.pixels.replay.drawing import draw_replay

    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{done.film.stem}.svg").write_text(draw_replay(done.film.name, done.seen, done.truth))


@app.command("explain")
def explain(
    clip: Annotated[Path, typer.Argument(help="A film.", exists=True, dir_okay=False)],
    out: Annotated[Path | None, typer.Option(help="The page to write; default: NAME.gate.html here.")] = None,
) -> None:
    """Draw why the gate opened: how much moved, look by look, and pictures of what it was."""
    from nightlatch.pixels.replay.drawing import Album, draw_gate
    from nightlatch.pixels.replay.films import FilmError
    from nightlatch.pixels.replay.replaying import replay as run

    album = Album()
    try:
        seen = run(clip, on_glance=album)
    except FilmError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    page = out or Path(f"{clip.stem}.gate.html")
    page.write_text(draw_gate(clip.name, album.looks, seen.length_ms))
    _show(clip.name, seen)
    typer.echo(f"  drawn in {page}")


def _areas(path: Path) -> tuple[Area, ...]:
    from pydantic import TypeAdapter, ValidationError

    from nightlatch.domain.geometry import Area
    from nightlatch.errors import ConfigError

    try:
        return TypeAdapter(tuple[Area, ...]).validate_json(path.read_bytes())
    except ValidationError:
        raise ConfigError(
            f"{path} is no list of areas. Each has a name, a use (watch, ignore or mask) and points from 0 to 1."
        ) from None


def _show(name: str, seen: Replay) -> None:
    rate = seen.cpu_s / max(1, seen.length_ms) * 1_000_000
    typer.echo(
        f"{name}: {seen.length_ms / 1000:.0f} s, {len(seen.events)} events, {seen.decoded} of {seen.packets} packets "
        f"decoded, {rate:.1f} ms of CPU a second"
    )
    for event in seen.events:
        _show_event(event)
    if seen.failed:
        typer.echo(f"  {seen.failed} packets could not be decoded")
    if seen.moved_ms is not None:
        typer.echo(f"  the camera was moved at {seen.moved_ms / 1000:.0f} s")
    if seen.advice:
        typer.echo(f"  {seen.advice}")


def _show_event(event: FilmEvent) -> None:
    tracks = ", ".join(_named(track) for track in event.judgement.tracks) or "no track"
    typer.echo(
        f"  {event.onset_ms / 1000:7.1f} – {event.last_ms / 1000:.1f} s, reported at {event.told_ms / 1000:.1f}: "
        f"{tracks}"
    )
    judged = event.judgement
    typer.echo(f"           {judged.verdict.value} ({judged.threat:.2f}): {' '.join(judged.reasons)}")


def _named(track: Track) -> str:
    return track.kind.value if track.kind is Kind.MOTION else f"{track.kind.value} {track.score:.2f}"


def _show_score(score: Score) -> None:
    half, most = score.delay_ms(0.5), score.delay_ms(0.95)
    delays = f", reported after {half} ms (median) and {most} ms (95 %)" if half is not None else ""
    typer.echo(
        f"  found {score.found} of {score.true}{delays}; false: {score.false} ({score.false_per_hour:.1f} an hour)"
    )
    for thing in score.missed:
        typer.echo(f"    missed: {thing.kind} at {thing.from_ms / 1000:.1f} – {thing.to_ms / 1000:.1f} s")
    for opening in score.wrong:
        typer.echo(f"    false: {opening.onset_ms / 1000:.1f} – {opening.last_ms / 1000:.1f} s")
