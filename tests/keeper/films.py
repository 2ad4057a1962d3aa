"""Small real MP4s: a square that walks, H.264, no B-frames, no sound."""

from __future__ import annotations

import functools
import io

import av
import numpy as np


@functools.cache
def film(seconds: int = 20, fps: int = 2, *, sound: bool = False, title: str = "", seed: int = 0) -> bytes:
    """`seconds` of 64 × 48 at `fps`; another `seed` is another film."""
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        if title:
            container.metadata["title"] = title
        video = container.add_stream("libx264", rate=fps, options={"bf": "0", "g": str(fps * 4), "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=8000) if sound else None
        for n in range(seconds * fps):
            picture = np.full((48, 64, 3), 40 + seed % 50, np.uint8)
            picture[10:20, n % 50 : n % 50 + 10] = (200, 30 + seed % 200, n % 255)
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")):
                container.mux(packet)
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 8000
            for packet in audio.encode(silence):
                container.mux(packet)
            for packet in audio.encode():
                container.mux(packet)
        for packet in video.encode():
            container.mux(packet)
    return held.getvalue()
