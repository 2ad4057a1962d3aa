"""Films with exact truth: quiet stretches, and between them people near and far, cats slow and fast, cars.

Composed from the stage's places by code alone; the same seed gives the same pictures. Seed 1 is what constants were
set on; any other makes visits, wind, grass and grain of its own, which nothing was set on. Encoded as cameras do: no B
frames, one reference. Sub-streams are 640x360 at 5 fps, main streams 1920x1080 at 15 fps. `bench/out/sight` keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import pi, sin
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.stage.scenes import DRAWN, SHAPE, Image, LivingRoom, Porch, Scene, Visit

OUT = Path(__file__).resolve().parents[1] / "out" / "sight"
WIDE, HIGH = 1280, 720  # what is rendered, then made as small or large as the stream
SEEN = 0.34  # a visit begins when this much of the thing is in the picture
TUNED = 1  # the seed of the films that constants were set on


@dataclass(frozen=True, slots=True)
class Happening:
    """One visit as the truth tells it, in milliseconds of the film."""

    kind: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Stream:
    """How a camera encodes."""

    name: str
    width: int
    height: int
    fps: int
    gop_s: int
    kbit: int | None  # constant bit rate; None: constant quality
    codec: str = "libx264"


@dataclass(frozen=True, slots=True)
class Film:
    """One file of the corpus."""

    path: Path
    scene: str
    stream: Stream
    seconds: float
    truth: tuple[Happening, ...]


SUB = Stream("sub-g1-vbr", 640, 360, 5, 1, None)
SUBS = (SUB, Stream("sub-g2-vbr", 640, 360, 5, 2, None), Stream("sub-g1-cbr", 640, 360, 5, 1, 320))
HEVC = Stream("sub-g1-hevc", 640, 360, 5, 1, None, "libx265")
MAINS = (Stream("main-g2-vbr", 1920, 1080, 15, 2, None), Stream("main-g4-cbr", 1920, 1080, 15, 4, 2500))


def _car(picture: Image, x: float, y: float, high: float, second: float, right: bool, colour: Any) -> None:
    """A car whose wheels stand at (x, y)."""
    way, long = (1 if right else -1), high * 2.4
    dark = tuple(int(c * 0.35) for c in colour)
    cv2.rectangle(
        picture,
        (round(x - long / 2), round(y - high * 0.62)),
        (round(x + long / 2), round(y - high * 0.15)),
        colour,
        -1,
    )
    roof = [(-0.34, -0.6), (-0.2, -1.0), (0.16, -1.0), (0.32, -0.6)]
    cv2.fillPoly(
        picture, [np.array([(x + way * a * long, y + b * high) for a, b in roof], np.int32)], dark, cv2.LINE_AA
    )
    for at in (-0.3, 0.3):
        cv2.circle(
            picture, (round(x + at * long), round(y - high * 0.15)), max(1, round(high * 0.16)), (25, 25, 25), -1
        )


DRAWN.setdefault("car", _car)
SHAPE.setdefault("car", 2.4)


def _visits(ground: float, far: float, colours: list[tuple[int, int, int]]) -> tuple[Visit, ...]:
    """One of each size, every 24 s, twice: quiet before, between and after."""
    return _group(100, ground, far, colours) + _group(395.5, ground - 0.05, far + 0.03, colours[::-1])


def _group(from_s: float, ground: float, far: float, colours: list[tuple[int, int, int]]) -> tuple[Visit, ...]:
    plan = (
        ("person", 9.0, (-0.08, ground), (1.08, ground), 0.58),
        ("cat", 1.3, (-0.03, ground - 0.06), (1.03, ground - 0.02), 0.034),  # fast and small: 1,200 px of 1080p
        ("person", 12.0, (1.04, far), (-0.04, far), 0.13),
        ("cat", 11.0, (1.06, ground - 0.1), (-0.06, ground - 0.04), 0.07),
        ("car", 2.6, (-0.2, far + 0.03), (1.2, far + 0.03), 0.16),
        ("cat", 1.7, (1.04, ground), (-0.04, ground - 0.05), 0.055),
        ("dog", 5.0, (-0.1, ground), (1.1, ground - 0.03), 0.15),
        ("person", 5.0, (0.97, far + 0.02), (0.55, far + 0.2), 0.15),
    )
    made = []
    for n, (kind, lasts, start, end, size) in enumerate(plan):
        at = from_s + 24.0 * n + (n * 0.37) % 1.0
        made.append(Visit(kind, at, at + lasts, start, end, size, size * 1.04, colours[n % len(colours)]))
    return tuple(made)


def _varied(visit: Visit, random: np.random.Generator) -> Visit:
    """The same kind of visit some seconds earlier or later, either way, faster or slower, larger or smaller."""
    later, pace, size, lower, tone = random.uniform((-3, 0.75, 0.85, -0.03, 0.7), (3, 1.35, 1.25, 0.03, 1.3))
    start, end = (visit.start, visit.end) if random.random() < 0.5 else (visit.end, visit.start)
    from_s = visit.from_s + later
    return replace(
        visit,
        from_s=from_s,
        to_s=from_s + (visit.to_s - visit.from_s) * pace,
        start=(start[0], min(0.98, start[1] + lower)),
        end=(end[0], min(0.98, end[1] + lower)),
        size=visit.size * size,
        grown=visit.grown * size,
        colour=tuple(min(255, round(part * tone)) for part in visit.colour),
    )


class Take(Scene):
    """A scene that does not repeat; rendered without grain."""

    noise = 0.0
    grain = 2.5
    seconds = 600.0
    clock_tone = 235

    def __init__(self, seed: int = TUNED, width: int = WIDE, height: int = HIGH, fps: float = 15) -> None:
        super().__init__(seed, width, height, fps)
        if seed != TUNED:
            random = np.random.default_rng(seed)
            self.visits = tuple(_varied(visit, random) for visit in self.visits)

    @cached_property
    def phase_s(self) -> float:
        """How far wind and sun are on when the film begins."""
        return 0.0 if self.seed == TUNED else float(np.random.default_rng(self.seed).uniform(0, 600))

    def second(self, index: int) -> float:
        return index / self.fps

    def stir(self, picture: Image, second: float, index: int) -> None:
        hours, rest = divmod(int(second) + 8 * 3600 + 3540, 3600)
        text = f"2026-11-23 {hours:02}:{rest // 60:02}:{rest % 60:02}"
        tone = (self.clock_tone,) * 3
        cv2.putText(picture, text, (24, 46), cv2.FONT_HERSHEY_SIMPLEX, 0.95, tone, 2, cv2.LINE_AA)

    def light(self, picture: Image, second: float) -> Image:
        """The sun: some eight per cent up and down in two minutes."""
        return np.asarray(
            cv2.convertScaleAbs(picture, alpha=1.0 + 0.08 * sin((second + self.phase_s) * 2 * pi / 120)), dtype=np.uint8
        )

    def happenings(self) -> tuple[Happening, ...]:
        found = []
        for visit in self.visits:
            seen = [t for t in np.arange(visit.from_s, visit.to_s, 0.02) if self._seen(visit, float(t)) >= SEEN]
            if seen:
                found.append(Happening(visit.kind, round(seen[0] * 1000), round(seen[-1] * 1000)))
        return tuple(sorted(found, key=lambda h: h.from_ms))

    def _seen(self, visit: Visit, second: float) -> float:
        where = visit.at(second)
        if where is None:
            return 0.0
        wide = where[2] * SHAPE[visit.kind] * self.height / self.width
        return max(0.0, min(1.0, where[0] + wide / 2) - max(0.0, where[0] - wide / 2)) / wide


class DayCalm(Take, Porch):
    """A front garden by day, in colours."""

    visits = _visits(0.9, 0.58, [(40, 40, 46), (30, 60, 110), (120, 80, 40)])

    def place(self, canvas: Image) -> Image:
        grey = Porch.place(self, canvas).astype(np.float32)
        return np.asarray(np.clip(grey * np.array([0.95, 1.18, 1.08], np.float32) * 1.25 + 14, 0, 255), np.uint8)


class DayWindy(DayCalm):
    """The same with a bush and branches that never rest."""

    grain = 3.0

    def stir(self, picture: Image, second: float, index: int) -> None:
        random, drawn_s = np.random.default_rng(7 if self.seed == TUNED else self.seed), second
        second += self.phase_s
        gust = 0.6 + 0.4 * sin(second * 0.31) * sin(second * 0.087)
        for x, y, size, tone, phase in random.random((70, 5)):
            sway = gust * (9 * sin(second * (1.9 + phase) + phase * 6) + 5 * sin(second * 4.1 + phase * 9))
            at = (round(x * 330 + sway), round(190 + y * 240 + sway * 0.3))
            shade = (int(40 + 40 * tone), int(70 + 70 * tone), int(50 + 40 * tone))
            cv2.ellipse(
                picture, at, (round(14 + 18 * size), round(8 + 8 * size)), 40 * sin(second + phase), 0, 360, shade, -1
            )
        for n in range(5):
            end = (
                round(1120 - 40 * n + gust * 16 * sin(second * 1.7 + n)),
                round(60 + 34 * n + gust * 6 * sin(second * 2.3 + n)),
            )
            cv2.line(picture, (1290, 20 + 8 * n), end, (60, 80, 70), 7, cv2.LINE_AA)
        super().stir(picture, drawn_s, index)


class Indoor(Take, LivingRoom):
    """A living room; the lamp is switched every so often, and the curtain of light is not an event."""

    visits = tuple(v for v in _visits(0.95, 0.8, [(138, 96, 62), (70, 92, 118), (50, 50, 60)]) if v.kind != "car")
    grain = 2.2

    def light(self, picture: Image, second: float) -> Image:
        if (second % 60) < 31:
            return picture
        lamp = picture.astype(np.float32) * self._lamp
        return np.asarray(np.clip(lamp, 0, 255), np.uint8)

    @cached_property
    def _lamp(self) -> NDArray[np.float32]:
        yy, xx = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        away = ((xx / self.width - 0.93) ** 2 + (yy / self.height - 0.32) ** 2) * 3
        return np.asarray(0.62 + 0.9 * np.exp(-away), np.float32)[..., None]


class Night(Take, Porch):
    """Infrared, noisy; headlights sweep over the houses now and then; once the camera flips to day and back."""

    visits = _visits(0.92, 0.6, [(160, 160, 160), (200, 200, 200), (120, 120, 120)])
    grain = 6.0

    def light(self, picture: Image, second: float) -> Image:
        if 60 <= second < 64 or 360 <= second < 364:
            share = (second % 20) / 4
            beam = np.exp(-(((np.arange(self.width) / self.width - (1.2 - 1.4 * share)) / 0.12) ** 2)) * 70
            top = picture[: round(self.height * 0.575)]
            top[:] = np.clip(top + beam[None, :, None], 0, 255).astype(np.uint8)
        if 310 <= second < 335:
            return np.asarray(np.clip(picture * np.array([0.5, 0.62, 0.7]) + 60, 0, 255), np.uint8)
        return picture


class NightRain(Night):
    """The same in rain, all the time."""

    def stir(self, picture: Image, second: float, index: int) -> None:
        random = np.random.default_rng(self.seed * 100_003 + index % 997)
        for x, y, long in random.random((60, 3)):
            a = (round(x * self.width), round(y * self.height))
            cv2.line(picture, a, (a[0] - 3, a[1] + round(14 + 22 * long)), (165, 165, 165), 1, cv2.LINE_AA)
        Take.stir(self, picture, second, index)


TAKES: dict[str, type[Take]] = {
    "day-calm": DayCalm,
    "day-windy": DayWindy,
    "indoor": Indoor,
    "night": Night,
    "night-rain": NightRain,
}


def _grained(picture: Image, bank: list[NDArray[np.int8]], index: int) -> Image:
    high, wide = picture.shape[:2]
    dy, dx = (index * 29) % 64, (index * 47) % 64
    grain = bank[(index * 5 + 3) % len(bank)][dy : dy + high, dx : dx + wide]
    return np.asarray(cv2.add(picture, cv2.merge([grain] * 3).astype(np.int16), dtype=cv2.CV_8U), np.uint8)


def _pictures(name: str, stream: Stream, seconds: float, seed: int) -> Iterator[Image]:
    take = TAKES[name](seed, WIDE, HIGH, stream.fps)
    random = np.random.default_rng(11 if seed == TUNED else seed)
    shape = (stream.height + 64, stream.width + 64)
    sigma = take.grain * (0.75 if stream.width < WIDE else 1.0)
    bank = [np.clip(random.normal(0, sigma, shape), -60, 60).astype(np.int8) for _ in range(7)]
    way = cv2.INTER_AREA if stream.width < WIDE else cv2.INTER_LINEAR
    for index in range(round(seconds * stream.fps)):
        sized = cv2.resize(take.frame(index), (stream.width, stream.height), interpolation=way)
        yield _grained(np.asarray(sized, np.uint8), bank, index)


def _track(out: Any, stream: Stream) -> Any:
    gop = stream.gop_s * stream.fps
    track = out.add_stream(stream.codec, rate=stream.fps)
    track.width, track.height, track.pix_fmt, track.gop_size, track.thread_count = (
        stream.width, stream.height, "yuv420p", gop, 1,
    )  # fmt: skip
    preset = "superfast" if stream.width > WIDE else "veryfast"
    common = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:ref=1"
    if stream.codec == "libx265":
        track.options = {"preset": "ultrafast", "crf": "28", "x265-params": common + ":log-level=error"}
    elif stream.kbit is None:
        track.options = {"preset": preset, "crf": "27", "x264-params": common}
    else:
        rate = f"vbv-maxrate={stream.kbit}:vbv-bufsize={stream.kbit}:nal-hrd=cbr"
        track.bit_rate = stream.kbit * 1000
        track.options = {"preset": preset, "x264-params": f"{common}:{rate}"}
    return track


def films(name: str, streams: Iterable[Stream], seconds: float, seed: int = TUNED) -> list[Film]:
    """The films of one scene, rendered once for all streams of one rate if they are not there yet."""
    OUT.mkdir(parents=True, exist_ok=True)
    truth = tuple(h for h in TAKES[name](seed, WIDE, HIGH, 15).happenings() if h.to_ms <= seconds * 1000)
    take = name if seed == TUNED else f"{name}.{seed}"
    found = [Film(OUT / f"{take}-{s.name}-{round(seconds)}.mp4", name, s, seconds, truth) for s in streams]
    missing = [film for film in found if not film.path.exists()]
    for width, fps in sorted({(film.stream.width, film.stream.fps) for film in missing}):
        _encode([f for f in missing if (f.stream.width, f.stream.fps) == (width, fps)], seed)
    for film in found:
        told = [{"kind": h.kind, "from_ms": h.from_ms, "to_ms": h.to_ms} for h in film.truth]
        film.path.with_suffix(".truth.json").write_text(json.dumps(told, indent=1))
    return found


def _encode(wanted: list[Film], seed: int) -> None:
    first = wanted[0]
    parts = [film.path.with_suffix(".part.mp4") for film in wanted]
    outs = [av.open(str(part), "w") for part in parts]
    tracks = [_track(out, film.stream) for out, film in zip(outs, wanted, strict=True)]
    for index, picture in enumerate(_pictures(first.scene, first.stream, first.seconds, seed)):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24").reformat(format="yuv420p")
        frame.pts = index
        for out, track in zip(outs, tracks, strict=True):
            out.mux(track.encode(frame))
    for out, track in zip(outs, tracks, strict=True):
        out.mux(track.encode())
        out.close()
    for part, film in zip(parts, wanted, strict=True):
        part.rename(film.path)
