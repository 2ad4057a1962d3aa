"""Real films for tests, encoded here: what moves where and when is known."""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av

from nightlatch.domain.recording import Part, Segment
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.segmenter import Segmenter
from nightlatch.pixels.sources import open_source

BEGAN_MS = 1_800_000_000_000


@dataclass(slots=True)
class FixedClock:
    """A clock that stands until it is moved."""

    at_ms: int = BEGAN_MS

    def now_ms(self) -> int:
        return self.at_ms


def film(
    path: Path,
    *,
    seconds: float = 8,
    fps: int = 10,
    key_every: int = 10,
    sound: str = "",
    size: str = "320x180",
    more: str = "",
) -> Path:
    """A test picture with a running counter; `sound` are ffmpeg's audio options, `more` its video options."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps}:d={seconds}"]
    if sound:
        command += ["-f", "lavfi", "-i", f"sine=d={seconds}:r=8000"]
    codec = [] if "-c:v" in more else ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"]
    command += [*codec, "-pix_fmt", "yuv420p", "-g", str(key_every), "-threads", "1", *more.split(), *sound.split()]
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path


def read(path: Path | str, clock: FixedClock | None = None) -> tuple[Streams, list[Packet]]:
    """All packets of a film, without waiting."""
    with open_source(str(path), clock=clock or FixedClock(), speed=math.inf) as source:
        return source.streams, list(source)


@dataclass(frozen=True, slots=True)
class Whole:
    """A segment and the bytes of its parts."""

    seq: int
    began_ms: int
    duration_ms: int
    codecs: str
    mp4: bytes


def cut(streams: Streams, packets: list[Packet], **options: object) -> tuple[list[Whole], list[Part]]:
    """Segments and parts of `packets`; no part is of a segment that never ends."""
    segmenter = Segmenter(streams, "c0ffee", **options)  # type: ignore[arg-type]
    made = [item for packet in packets for item in segmenter.add(packet)] + segmenter.finish()
    return wholes(made), [i for i in made if isinstance(i, Part)]


def wholes(made: list[Part | Segment]) -> list[Whole]:
    """Segments with the bytes of their parts, which come before them and in order."""
    grown: dict[int, list[Part]] = {}
    whole: list[Whole] = []
    for item in made:
        if isinstance(item, Part):
            grown.setdefault(item.seq, []).append(item)
            continue
        parts = grown.pop(item.seq)
        assert [part.index for part in parts] == list(range(len(parts)))
        mp4 = b"".join(part.mp4 for part in parts)
        whole.append(Whole(item.seq, item.began_ms, item.duration_ms, item.codecs, mp4))
    assert not grown
    return whole


def decoded(mp4: bytes) -> int:
    """How many pictures ffmpeg decodes, which must have nothing to say about the file."""
    command = ["ffmpeg", "-v", "warning", "-i", "-", "-map", "0", "-fps_mode", "passthrough", "-f", "null", "-"]
    ran = subprocess.run([*command, "-progress", "-"], input=mp4, capture_output=True, timeout=60, check=False)
    said = [line for line in ran.stderr.decode().splitlines() if not line.startswith("Guessed Channel Layout")]
    if ran.returncode or said:
        raise AssertionError(said[:5])
    return int(re.findall(rb"frame=(\d+)", ran.stdout)[-1])


def payloads(container: av.container.InputContainer, kind: str) -> list[bytes]:
    """The packets of one stream as libavformat reads them back."""
    stream = container.streams.video[0] if kind == "video" else container.streams.audio[0]
    return [bytes(packet) for packet in container.demux(stream) if packet.size]
