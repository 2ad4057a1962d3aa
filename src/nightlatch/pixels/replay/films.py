"""Reads a recorded film (MP4, MKV, AVI and what else libavformat knows) as the packets a camera would have sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error

from nightlatch.errors import NightlatchError
from nightlatch.pixels.codecs import VideoStream
from nightlatch.pixels.media.packets import Packet, Streams

ENDINGS = frozenset((".mp4", ".mkv", ".avi", ".mov", ".webm", ".ts"))


class FilmError(NightlatchError):
    """A film cannot be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class OpenFilm:
    """An open film. `packets` begins at time 0 and is read once."""

    streams: Streams
    packets: Iterator[Packet]


def films_in(path: Path) -> list[Path]:
    """The film itself, or all films of a folder by name. Raises `FilmError` when there is none."""
    if path.is_file():
        return [path]
    found = sorted(p for p in path.glob("*") if p.suffix.lower() in ENDINGS)
    if not found:
        raise FilmError(f"There is no film at {path}. Name a file ({', '.join(sorted(ENDINGS))}) or a folder of them.")
    return found


@contextmanager
def open_film(path: Path) -> Iterator[OpenFilm]:
    """Open a film.

    Raises:
        FilmError: it holds no video or is not a film.
    """
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise FilmError(f"{path.name} is not a film that can be read. Try it in a player.") from error
    with container:
        if not container.streams.video:
            raise FilmError(f"{path.name} holds no video. Choose another file.")
        track = container.streams.video[0]
        context = track.codec_context
        rate = float(track.average_rate) if track.average_rate else None
        video = VideoStream(context.width, context.height, rate, context.extradata or b"", context.name)
        yield OpenFilm(Streams(video), _packets(container, track, rate or 15.0))


def _packets(container: Any, track: Any, rate: float) -> Iterator[Packet]:
    first_us: int | None = None
    last_us = -1
    try:
        for made in container.demux(track):
            if not made.size:
                continue
            time_us = _microseconds(made.dts if made.dts is not None else made.pts, made.time_base)
            if time_us is None:
                time_us = last_us + round(1_000_000 / rate)
            first_us = time_us if first_us is None else first_us
            last_us = max(last_us + 1, time_us - first_us)
            shown_us = _microseconds(made.pts, made.time_base)
            duration_ms = round(1000 * float((made.duration or 0) * made.time_base)) or round(1000 / rate)
            yield Packet(
                kind="video",
                is_key=bool(made.is_keyframe),
                at_ms=last_us // 1000,
                duration_ms=duration_ms,
                dts_us=last_us,
                pts_us=last_us if shown_us is None else shown_us - first_us,
                data=bytes(made),
            )
    except av.error.InvalidDataError:
        return  # a film that breaks off is read as far as it goes


def _microseconds(ticks: int | None, base: Any) -> int | None:
    return None if ticks is None else round(ticks * base * 1_000_000)
