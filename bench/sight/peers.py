"""What others do with the same films: Motion (Debian), and a pipeline in the manner of Frigate, in our own words.

CPU seconds are user and system of every process that a peer needs. Motion is given the film by the stage's RTSP
server in real time; what it says on the start and end of each event is noted with the time since its first picture.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from nightlatch.pixels.replay.replaying import replay
from nightlatch.pixels.replay.scoring import Opening
from sight.corpus import Film

GAP_S = 10  # without motion ends an event, for everybody
CLOCK_ROWS = 0.12  # of the picture, at its top: peers are given a mask for the clock, as their manuals advise


@dataclass(frozen=True, slots=True)
class Run:
    """One system on one film."""

    name: str
    film: Film
    cpu_s: float
    openings: tuple[Opening, ...]


def ours(film: Film) -> Run:
    """Nightlatch without a detector: gate, motion, tracks, events."""
    seen = replay(film.path)
    return Run("nightlatch", film, seen.cpu_s, tuple(event.opening for event in seen.events))


def averaging(film: Film) -> Run:
    """Frigate's published way: decode all at 5 fps, shrink to 100 rows, compare with a running average.

    The average follows slowly; differences above a threshold are widened and outlined; outlines that are large enough
    are motion. When most of the picture changes at once the average begins anew. Two looks with motion open an event.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own_s = time.thread_time()
    stream = film.stream
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(film.path), "-vf", "fps=5,format=gray"]
    openings: list[Opening] = []
    with subprocess.Popen([*command, "-f", "rawvideo", "-"], stdout=subprocess.PIPE) as decoding:
        if decoding.stdout is None:
            raise OSError("ffmpeg gave no pictures")
        average = None
        told = began = last = None
        run = 0
        size = stream.width * stream.height
        for index in range(10**9):
            data = decoding.stdout.read(size)
            if len(data) < size:
                break
            at_ms = index * 200
            grey = np.frombuffer(data, np.uint8).reshape(stream.height, stream.width)
            small = cv2.resize(grey, (round(100 * stream.width / stream.height), 100), interpolation=cv2.INTER_LINEAR)
            if average is None:
                average = small.astype(np.float32)
                continue
            moved, share = _outlines(small, average)  # the clock is masked
            if share > 0.8:
                average = small.astype(np.float32)
                moved = False
            cv2.accumulateWeighted(small, average, 0.2 if index < 50 else 0.01)
            run = run + 1 if moved and index >= 50 else 0
            if run == 1 and told is None:
                began = at_ms
            if run >= 2:
                told = at_ms if told is None else told
                last = at_ms
            elif told is not None and last is not None and at_ms - last > GAP_S * 1000:
                openings.append(Opening(told, began or told, last))
                told = None
        if told is not None and last is not None:
            openings.append(Opening(told, began or told, last))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = time.thread_time() - own_s + after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return Run("running average at 5 fps", film, cpu_s, tuple(openings))


def _outlines(small: np.ndarray, average: np.ndarray) -> tuple[bool, float]:
    apart = cv2.absdiff(small, cv2.convertScaleAbs(average))
    _, mask = cv2.threshold(apart, 30, 255, cv2.THRESH_BINARY)
    mask[: round(CLOCK_ROWS * mask.shape[0])] = 0
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=2)
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return any(cv2.contourArea(outline) > 10 for outline in found), float(cv2.countNonZero(mask)) / mask.size


def has_motion() -> bool:
    """Whether Debian's Motion is installed."""
    return shutil.which("motion") is not None


@contextmanager
def served(films: Sequence[Film]) -> Iterator[dict[Path, str]]:
    """The films over RTSP on loopback, each from its beginning for whoever asks: addresses by path."""
    command = [sys.executable, "-m", "nightlatch.pixels.stage", "serve", "--port", "0"]
    paths = list(dict.fromkeys(film.path for film in films))
    with subprocess.Popen([*command, *map(str, paths)], stdout=subprocess.PIPE, text=True) as serving:
        port = json.loads(serving.stdout.readline())["port"] if serving.stdout is not None else 0
        try:
            yield {path: f"rtsp://127.0.0.1:{port}/film{number}" for number, path in enumerate(paths)}
        finally:
            serving.terminate()


def motion(film: Film, address: str, *, share: float, name: str) -> Run:
    """Motion in real time; `share` of the picture must change. Pictures, films and its page are off."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        settings = folder / "motion.conf"
        said = folder / "said"
        _write_mask(folder / "mask.pgm", film)
        settings.write_text(_motion_settings(film, address, share, said))
        running = subprocess.Popen(
            ["motion", "-n", "-c", str(settings)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "TZ": "UTC"},
            text=True,
        )
        began_s = _opened(running)
        time.sleep(film.seconds)
        running.terminate()
        _, _, used = os.wait4(running.pid, 0)
        lines = said.read_text().splitlines() if said.exists() else []
        return Run(name, film, used.ru_utime + used.ru_stime, _openings(lines, began_s, film.seconds))


def _write_mask(path: Path, film: Film) -> None:
    mask = np.full((film.stream.height, film.stream.width), 255, np.uint8)
    mask[: round(CLOCK_ROWS * film.stream.height)] = 0
    cv2.imwrite(str(path), mask)


def _opened(running: subprocess.Popen[str]) -> float:
    """When Motion begins with the pictures: it probes a stream for some seconds first and stays that far behind."""
    for line in running.stdout or ():
        if "connected" in line:
            return time.time()
    raise OSError("Motion ended before it had the film")


def _motion_settings(film: Film, address: str, share: float, said: Path) -> str:
    stream = film.stream
    note = f"/bin/sh -c 'echo {{}} $(date +%s.%N) >> {said}'"
    return "\n".join(
        (
            f"netcam_url {address}",
            f"width {stream.width}",
            f"height {stream.height}",
            f"framerate {stream.fps}",
            f"threshold {round(share * stream.width * stream.height)}",
            f"mask_file {said.parent / 'mask.pgm'}",
            "noise_tune on",
            "despeckle_filter EedDl",
            "lightswitch_percent 30",
            "minimum_motion_frames 1",
            f"event_gap {GAP_S}",
            "pre_capture 0",
            "post_capture 0",
            "picture_output off",
            "movie_output off",
            "stream_port 0",
            "webcontrol_port 0",
            "daemon off",
            "log_level 6",
            f"on_event_start {note.format('start')}",
            f"on_event_end {note.format('end')}",
        )
    )


def _openings(lines: list[str], began_s: float, seconds: float) -> tuple[Opening, ...]:
    """Motion tells of the end of an event its gap after the last motion."""
    told: int | None = None
    found = []
    for line in lines:
        what, at = line.split()
        moment = round((float(at) - began_s) * 1000)
        if what == "start":
            told = moment
        elif what == "end" and told is not None:
            found.append(Opening(told, told, max(told, moment - GAP_S * 1000)))
            told = None
    if told is not None:
        found.append(Opening(told, told, round(seconds * 1000)))
    return tuple(found)
