"""A foreign camera before the real hub: is every picture that it sent in the recording, once, and can it be decoded?

    python -m tests.drills.pictures [--seconds 60]

gst-rtsp-server sends a 1080p15 film of 2 Mbit/s with AAC whose pictures carry their numbers. Status 1 if one between
the first and the last is missing, comes twice or out of order, or cannot be decoded, or if there is a gap in time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

from nightlatch.hub.vault.layout import read_name
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.drills.foreign import foreign_camera
from tests.drills.strip import read_strips
from tests.house import house, until
from tests.rtsp import count_pictures, numbered, numbers, shoot

FPS = 15
START = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class Found:
    """What was recorded. `sound_s` is how much sound there is."""

    pictures: int
    decoded: int
    steps: tuple[tuple[int, int], ...]  # two pictures in a row whose numbers are not
    gaps: int
    footage_s: float
    sound_s: float


def make_film(folder: Path, width: int, height: int, bit_rate: int, seconds: int) -> Path:
    """A film whose pictures carry their numbers, with a tone."""
    shots = shoot(width, height, fps=FPS, seconds=8, gop=2 * FPS, bit_rate=bit_rate)
    raw, made = folder / "film.h264", folder / "film.mp4"
    with raw.open("wb") as out:
        for number in range(seconds * FPS):
            shot = shots.shots[number % len(shots.shots)]
            units = (*(shots.sets if shot.is_key else ()), numbered(number), *shot.units)
            out.write(b"".join(START + unit for unit in units))
    tone = ["-f", "lavfi", "-i", f"sine=f=440:r=16000:d={seconds}"]
    read = ["ffmpeg", "-v", "error", "-y", "-r", str(FPS), "-i", str(raw), *tone]
    subprocess.run([*read, "-c:v", "copy", "-c:a", "aac", "-b:a", "32k", str(made)], check=True)
    return made


def record(folder: Path, film: Path, seconds: float) -> Found:
    """Have the hub record the film for so long, and look at what it kept."""
    with foreign_camera(film) as (url, _), house(folder / "house", program="hub") as home:
        home.set_up()
        home.add_camera("foreign", url)
        until(lambda: [c["state"] for c in home.home()["cameras"]] == ["recording"], "recording")
        time.sleep(seconds)
    (strip,) = read_strips(home.data / "hub" / "hub.db").values()
    opener, whole = Opener(home.keys.identity), list[bytes]()
    for each in strip.footage:
        mp4 = bytes(opener.open(Sealed((home.data / "hub" / "vault" / each.what).read_bytes())))
        name = read_name(each.what)
        if name is not None and name.is_continued and whole:
            whole[-1] += mp4
        else:
            whole.append(mp4)
    kept = [number for mp4 in whole for number in numbers(mp4)]
    began_ms, ended_ms = strip.footage[0].began_ms, strip.footage[-1].ended_ms
    return Found(
        pictures=len(kept),
        decoded=sum(count_pictures(mp4) for mp4 in whole),
        steps=tuple((a, b) for a, b in pairwise(kept) if b != a + 1),
        gaps=len(strip.gaps(began_ms, ended_ms, 0.1)) + len(strip.overlaps(0.1)),
        footage_s=(ended_ms - began_ms) / 1000,
        sound_s=sum(_sound_s(folder, mp4) for mp4 in whole),
    )


def _sound_s(folder: Path, mp4: bytes) -> float:
    (file := folder / "one.mp4").write_bytes(mp4)
    with av.open(str(file)) as container:
        if not container.streams.audio:
            return 0.0
        return sum(frame.samples / frame.sample_rate for frame in container.decode(container.streams.audio[0]))


def main() -> None:
    """Print what was found."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=int, default=60)
    seconds = asked.parse_args().seconds
    with tempfile.TemporaryDirectory() as place:
        film = make_film(Path(place), 1920, 1080, 2_000_000, seconds + 60)
        found = record(Path(place), film, seconds)
    print(found)
    sys.exit(1 if found.steps or found.gaps or found.decoded != found.pictures else 0)


if __name__ == "__main__":
    main()
