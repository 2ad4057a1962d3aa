"""Scenes and films as H.264 access units, as a camera would send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from nightlatch.pixels.stage.scenes import Scene

CLOCK = Fraction(1, 90_000)


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit: video as Annex B, sound as one raw frame; `at_s` is stream time in seconds."""

    kind: str
    data: bytes
    at_s: float
    is_key: bool


@dataclass(frozen=True, slots=True)
class Sound:
    """What an SDP has to say about a sound track."""

    codec: str
    rate: int
    channels: int
    config: bytes


class SceneEncoder:
    """Encodes a scene with x264 the way cameras do: no B frames, parameter sets before each key frame."""

    def __init__(self, scene: Scene, gop_s: float = 1.0, bit_rate: int = 1_600_000) -> None:
        self.scene = scene
        encoder: Any = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height = scene.width, scene.height
        encoder.pix_fmt = "yuv420p"
        encoder.framerate = Fraction(scene.fps).limit_denominator(1000)
        encoder.time_base = 1 / encoder.framerate
        encoder.gop_size = max(1, round(gop_s * scene.fps))
        encoder.thread_count = 1
        encoder.bit_rate = bit_rate
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": f"keyint={encoder.gop_size}:min-keyint={encoder.gop_size}:scenecut=0:repeat-headers=1:"
            f"vbv-maxrate={bit_rate // 1000 * 2}:vbv-bufsize={bit_rate // 500}",
        }
        self._encoder = encoder

    def unit(self, index: int) -> list[Unit]:
        """What picture `index` becomes."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(self.scene.frame(index)), format="bgr24")
        frame = frame.reformat(format="yuv420p", interpolation="FAST_BILINEAR")
        frame.pts = index
        return [
            Unit("video", bytes(p), index / self.scene.fps, bool(p.is_keyframe)) for p in self._encoder.encode(frame)
        ]


def read_film(path: Path) -> tuple[list[Unit], Sound | None, float]:
    """(units in order, sound, seconds) of an H.264 file. Raises `ValueError` for one that is not."""
    units: list[Unit] = []
    sound: Sound | None = None
    with av.open(str(path)) as film:
        video = film.streams.video[0]
        if video.codec_context.name != "h264":
            raise ValueError("the stage shows H.264 films only")
        annexb = av.BitStreamFilterContext("h264_mp4toannexb", video)
        tracks: list[Any] = [video]
        if film.streams.audio:
            track = film.streams.audio[0]
            context = track.codec_context
            sound = Sound(context.name, context.sample_rate, context.channels, bytes(context.extradata or b""))
            tracks.append(track)
        for packet in film.demux(*tracks):
            if packet.dts is None or not packet.size:
                continue
            at_s = float(packet.dts * packet.time_base)
            if packet.stream_index == video.index:
                units += [Unit("video", bytes(p), at_s, bool(p.is_keyframe)) for p in annexb.filter(packet)]
            else:
                units.append(Unit("audio", bytes(packet), at_s, True))
        seconds = float(film.duration or 0) / 1_000_000
    first = min(unit.at_s for unit in units)
    ordered = sorted(units, key=lambda u: u.at_s)
    return [Unit(u.kind, u.data, u.at_s - first, u.is_key) for u in ordered], sound, seconds


def film(
    scene: Scene, path: Path, seconds: float, *, gop_s: float = 1.0, codec: str = "libx264", audio: str | None = None
) -> Path:
    """Write `seconds` of a scene to a file, with a 440 Hz tone as `audio` codec if asked for."""
    frames = round(seconds * scene.fps)
    with av.open(str(path), "w") as out:
        rate = Fraction(scene.fps).limit_denominator(1000)
        options = {"preset": "ultrafast", "bf": "0"} if codec == "libx264" else {"preset": "ultrafast"}
        track: Any = out.add_stream(codec, rate=rate, options=options)
        track.width, track.height, track.pix_fmt = scene.width, scene.height, "yuv420p"
        track.thread_count = 1  # one slice a picture, as cameras send
        track.gop_size = max(1, round(gop_s * scene.fps))
        tone: Any = out.add_stream(audio, rate=8000 if audio.startswith("pcm") else 48000) if audio else None
        if tone is not None:
            tone.layout = "mono"
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene.frame(index)), format="bgr24")
            picture.pts = index
            out.mux(track.encode(picture))
        out.mux(track.encode())
        if tone is not None:
            for frame in _tone(seconds, tone.rate):
                out.mux(tone.encode(frame))
            out.mux(tone.encode())
    return path


def _tone(seconds: float, rate: int) -> Iterator[av.AudioFrame]:
    samples = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate) * 9000
    for at in range(0, len(samples) - 1024, 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + 1024].astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        yield frame
