"""Tries an address for a few seconds and says what it sends, before it is kept as a camera."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.recording import Still
from nightlatch.domain.time import Clock
from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import rfc6381
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.stills import make_still
from nightlatch.pixels.sources.feed import Receiver
from nightlatch.pixels.sources.source import open_source

WATCH_MS = 6_000
SLOW_KEYS_S = 2.2
MANY_PIXELS = 1280 * 720
HEVC = (
    "Its picture (H.265, HEVC) is recorded as it comes. Safari plays it, and Chrome and Edge where this device decodes "
    "it; Firefox does on some systems only. An H.264 sub-stream plays everywhere."
)


@dataclass(frozen=True, slots=True)
class Probe:
    """What it sends: `fps` and `gop_s` (seconds between key frames) as measured, None where too little was seen."""

    streams: Streams
    fps: float | None
    gop_s: float | None
    notes: tuple[str, ...]
    receiver: Receiver
    still: Still


def probe(url: str, transport: str = "tcp", *, clock: Clock, timeout_s: float = 10.0, speed: float = 1.0) -> Probe:
    """Watch until two key-frame intervals or six seconds have passed.

    Raises:
        SourceError: why it cannot be recorded, or BROKEN_STREAM when no picture could be decoded.
    """
    with open_source(url, transport=transport, clock=clock, timeout_s=timeout_s, speed=speed) as source:
        streams = source.streams
        looker = Looker(streams)
        pictures: list[Packet] = []
        still: Still | None = None
        for packet in source:
            if packet.kind == "audio":
                continue
            pictures.append(packet)
            if still is None and (picture := looker.look(packet)) is not None:
                still = make_still(picture, "")
            watched_ms = (packet.dts_us - pictures[0].dts_us) // 1000
            if watched_ms >= WATCH_MS or (still is not None and sum(p.is_key for p in pictures) >= 3):
                break
    if still is None:
        raise SourceError(
            Reason.BROKEN_STREAM, "Packets come, but no picture can be decoded. Restart the camera and try again."
        )
    fps, gop_s = _measure(pictures)
    notes = (*_left_out(source.notes), *_notes(streams, pictures, gop_s))
    return Probe(streams, fps or streams.video.fps, gop_s, notes, source.receiver, still)


def _left_out(notes: tuple[str, ...]) -> list[str]:
    """What the source says, each sentence once."""
    return list(dict.fromkeys(notes))


def _measure(pictures: list[Packet]) -> tuple[float | None, float | None]:
    keys = [p.dts_us for p in pictures if p.is_key]
    span_us = pictures[-1].dts_us - pictures[0].dts_us
    fps = round((len(pictures) - 1) * 1e6 / span_us, 1) if span_us >= 500_000 else None
    gop_s = round((keys[-1] - keys[0]) / (len(keys) - 1) / 1e6, 2) if len(keys) > 1 else None
    return fps, gop_s


def _notes(streams: Streams, pictures: list[Packet], gop_s: float | None) -> list[str]:
    notes = []
    advice = "1 to 2 s between key frames (I-frame interval) makes watching cheaper."
    watched_s = (pictures[-1].dts_us - pictures[0].dts_us) / 1e6
    if gop_s is not None and gop_s > SLOW_KEYS_S:
        notes.append(f"Key frames come every {gop_s:g} s; {advice}")
    elif gop_s is None and watched_s > SLOW_KEYS_S:
        notes.append(f"No second key frame came within {watched_s:.0f} s; {advice}")
    if streams.video.width * streams.video.height > MANY_PIXELS:
        notes.append("If the camera has a second, smaller stream, add its address: watching that costs far less.")
    if streams.video.codec == "hevc":
        notes.append(HEVC)
    if streams.audio is not None and rfc6381(streams.audio) is None:
        notes.append("Its sound (G.711) is recorded, but browsers do not play it; set the camera to AAC if it can.")
    return notes
