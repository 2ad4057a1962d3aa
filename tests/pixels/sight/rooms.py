"""Small films with one or two things in them, encoded as cameras do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import EventClosed, EventOpened
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import Sight, TracksChanged
from nightlatch.plugs import Eye

Image = NDArray[np.uint8]
Draw = Callable[[Image, float], Image | None]
WIDE, HIGH = 640, 360
Told = list[tuple[int, EventOpened | TracksChanged | EventClosed]]


def ground(seed: int = 3) -> Image:
    """A place with soft and hard edges."""
    random = np.random.default_rng(seed)
    coarse = random.integers(50, 190, (9, 16, 1)).astype(np.uint8)
    smooth = cv2.resize(coarse, (WIDE, HIGH), interpolation=cv2.INTER_CUBIC)
    picture = cv2.merge([smooth] * 3)
    for x, y, w, h in random.integers(20, 300, (12, 4)):
        tone = int(60 + x % 120)
        cv2.rectangle(picture, (int(x) * 2, int(y)), (int(x) * 2 + int(w), int(y) + int(h) // 2), (tone, tone, tone), 2)
    return np.asarray(picture, np.uint8)


def film(
    path: Path,
    draw: Draw,
    *,
    seconds: float,
    fps: int = 5,
    gop_s: float = 1.0,
    noise: float = 2.0,
    codec: str = "libx264",
) -> Path:
    """Write what `draw(picture, second)` makes of the ground."""
    still, random = ground(), np.random.default_rng(5)
    with av.open(str(path), "w") as out:
        track: Any = out.add_stream(codec, rate=fps)
        track.width, track.height, track.pix_fmt, track.thread_count = WIDE, HIGH, "yuv420p", 1
        track.gop_size = round(gop_s * fps)
        same = f"keyint={track.gop_size}:min-keyint={track.gop_size}:scenecut=0:bframes=0:ref=1"
        kind = "x265" if codec == "libx265" else "x264"
        track.options = {"preset": "ultrafast", "crf": "25", f"{kind}-params": same}
        for index in range(round(seconds * fps)):
            picture = still.copy()
            drawn = draw(picture, index / fps)
            picture = picture if drawn is None else drawn
            grain = random.normal(0, noise, (HIGH, WIDE, 1)).astype(np.int16)
            seen = np.clip(picture.astype(np.int16) + grain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(seen, format="bgr24")
            frame.pts = index
            out.mux(track.encode(frame))
        out.mux(track.encode())
    return path


def box_at(picture: Image, x: float, y: float, wide: int, high: int, tone: int = 20) -> None:
    """A thing whose middle is at (x, y) of the picture, with a lighter head."""
    left, top = round(x * WIDE - wide / 2), round(y * HIGH - high / 2)
    cv2.rectangle(picture, (left, top), (left + wide, top + high), (tone,) * 3, -1)
    cv2.rectangle(picture, (left, top), (left + wide, top + high // 4), (min(255, tone + 60),) * 3, -1)


def crossing(from_s: float, to_s: float, wide: int, high: int, y: float = 0.6) -> Draw:
    """A thing that goes from the left to the right edge."""

    def draw(picture: Image, second: float) -> None:
        if from_s <= second < to_s:
            box_at(picture, (second - from_s) / (to_s - from_s), y, wide, high)

    return draw


def look(path: Path, **options: Any) -> tuple[Told, Sight]:
    """Everything that a sight told of a film, with the time in the film at which it did."""
    with open_film(path) as opened:
        return tell(opened.streams, list(opened.packets), **options)


def tell(streams: Streams, packets: list[Packet], detector: Eye | None = None, **options: Any) -> tuple[Told, Sight]:
    """The same for packets."""
    numbers = iter(range(1, 1000))
    options = {"areas": (), "camera_id": "c", **options}
    sight = Sight(streams, detector=detector, new_id=lambda: f"e{next(numbers)}", **options)
    told: Told = [(packet.at_ms, each) for packet in packets for each in sight.take(packet)]
    told += [(packets[-1].at_ms, each) for each in sight.finish()]
    return told, sight


def opened(told: Told) -> list[tuple[int, EventOpened]]:
    """Only the openings."""
    return [(at_ms, each) for at_ms, each in told if isinstance(each, EventOpened)]
