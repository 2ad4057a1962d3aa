"""What recording one 1080p15 camera costs, beside `ffmpeg -c copy` on the same film in the same run.

    python bench/record.py [runs]

CPU seconds (user + sys) per camera-hour, medians. The film (60 s, 2 Mbit/s, key frame every 2 s) is looped to ten
minutes, so that ffmpeg's start does not count. It is read from a file: a camera's socket and reading thread are not
in the figures, on either side. The vault seals every byte twice (parts of a second into the journal, then the whole
segment); it is measured with and without the journal.
"""

from __future__ import annotations

import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyrage

from nightlatch.domain.recording import Part, Segment
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.sources import open_source
from nightlatch.seal.recipients import Sealer

OUT = Path(__file__).parent / "out"
FILM = OUT / "camera-1080p15.mp4"
FILM_S = 60
LOOPS = 10


@dataclass(slots=True)
class _StandingClock:
    def now_ms(self) -> int:
        return 1_800_000_000_000


def make_film() -> None:
    """The camera: a moving test picture with sensor noise."""
    if FILM.exists():
        return
    OUT.mkdir(exist_ok=True)
    source = ["-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=15:d={FILM_S}", "-vf", "noise=alls=8:allf=t"]
    codec = "-c:v libx264 -preset ultrafast -tune zerolatency -b:v 2M -maxrate 2M -bufsize 4M -g 30 -bf 0"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *source, *codec.split(), "-pix_fmt", "yuv420p", str(FILM)], check=True
    )


def _cpu_s(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _ours(folder: Path, sealer: Sealer | None, has_journal: bool) -> None:
    journal = os.open(folder / "open.parts", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with open_source(f"file:{FILM}?loop=1", clock=_StandingClock(), speed=math.inf) as source:
        segmenter = Segmenter(source.streams, "c0ffee")
        grown: dict[int, list[bytes]] = {}
        for packet in source:
            if packet.dts_us >= LOOPS * FILM_S * 1_000_000:
                break
            for made in segmenter.add(packet):
                if sealer is None:
                    continue
                if isinstance(made, Segment):
                    _store(folder, made, b"".join(grown.pop(made.seq)), sealer)
                    os.ftruncate(journal, 0)
                    continue
                grown.setdefault(made.seq, []).append(made.mp4)
                if has_journal:
                    _note(journal, made, sealer)
    os.close(journal)


def _note(journal: int, part: Part, sealer: Sealer) -> None:
    os.write(journal, sealer.seal(part.mp4))
    os.fdatasync(journal)


def _store(folder: Path, segment: Segment, mp4: bytes, sealer: Sealer) -> None:
    path = folder / f"{segment.seq}.age"
    handle = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(handle, sealer.seal(mp4))
    os.fsync(handle)
    os.close(handle)
    path.with_suffix(".new").rename(path)
    place = os.open(folder, os.O_RDONLY)
    os.fsync(place)
    os.close(place)


def _ffmpeg(folder: Path, *options: str) -> None:
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(LOOPS - 1), "-i", str(FILM), "-c", "copy", *options]
    subprocess.run(command, check=True, cwd=folder)


def main() -> None:
    """Print one table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    make_film()
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    flags = "movflags=+frag_keyframe+empty_moov+default_base_moof"
    segmented = ("-f", "segment", "-segment_time", "4", "-segment_format_options", flags, "%05d.mp4")
    single = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "one.mp4")
    own, child = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    cases: dict[str, tuple[int, Callable[[Path], None]]] = {
        "ffmpeg -c copy, 4 s fMP4 segments": (child, lambda folder: _ffmpeg(folder, *segmented)),
        "ffmpeg -c copy, one fMP4": (child, lambda folder: _ffmpeg(folder, *single)),
        "demux + remux": (own, lambda folder: _ours(folder, None, False)),
        "demux + remux + seal + store": (own, lambda folder: _ours(folder, sealer, False)),
        "the same + sealed journal (as the vault does)": (own, lambda folder: _ours(folder, sealer, True)),
    }
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(runs):
        for name, (who, work) in cases.items():
            folder = Path(tempfile.mkdtemp(dir=OUT))
            try:
                before_s = _cpu_s(who)
                work(folder)
                took[name].append((_cpu_s(who) - before_s) * 3600 / (LOOPS * FILM_S))
            finally:
                shutil.rmtree(folder)
    medians = {name: statistics.median(values) for name, values in took.items()}
    segments, one = list(medians.values())[:2]
    print(f"{'':48}{'CPU s per hour':>15}{'/ segments':>12}{'/ one fMP4':>12}{'range':>14}")
    for name, median in medians.items():
        spread = f"{min(took[name]):.2f}-{max(took[name]):.2f}"
        print(f"{name:48}{median:15.2f}{median / segments:12.2f}{median / one:12.2f}{spread:>14}")


if __name__ == "__main__":
    main()
