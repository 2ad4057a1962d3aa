"""How much a leaked picture can be spoilt before its hidden mark is gone: the recovery curve.

    python bench/watermark.py [pictures]

Rendered pictures are marked, harmed in one way each, and read again. Bit errors are of 48; 24 is guessing. A view is
recovered when every bit is right. Unmarked pictures are read, too: a mark found there would be a false accusation.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.watermark.forensic import bit_errors, mark, recover
from nightlatch.pixels.watermark.visible import visible

KEY = b"a key of thirty-two bytes, more or less"[:32]
PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "watermark.svg"
Bgr = NDArray[np.uint8]


def jpeg(quality: int) -> Callable[[Bgr], Bgr]:
    def harm(picture: Bgr) -> Bgr:
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [1, quality])[1], 1), np.uint8)

    return harm


def film(crf: int) -> Callable[[Bgr], Bgr]:
    """Encoded as a screen recording would be: H.264, a second of it, the last picture."""

    def harm(picture: Bgr) -> Bgr:
        sink = io.BytesIO()
        with av.open(sink, "w", format="mp4") as out:
            stream = out.add_stream("libx264", rate=15, options={"crf": str(crf), "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], "yuv420p"
            for _ in range(15):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            out.mux(stream.encode(None))
        with av.open(io.BytesIO(sink.getvalue()), "r") as back:
            last = [*back.decode(video=0)][-1]
            return np.asarray(last.to_ndarray(format="bgr24"), np.uint8)

    return harm


def scaled(share: float) -> Callable[[Bgr], Bgr]:
    way = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
    return lambda picture: jpeg(85)(np.asarray(cv2.resize(picture, None, fx=share, fy=share, interpolation=way)))


def cut(share: float) -> Callable[[Bgr], Bgr]:
    def harm(picture: Bgr) -> Bgr:
        height, width = picture.shape[:2]
        y, x = int(height * (1 - share) * 0.4), int(width * (1 - share) * 0.6)
        return jpeg(85)(picture[y : y + int(height * share), x : x + int(width * share)])

    return harm


def photographed(tilt: float) -> Callable[[Bgr], Bgr]:
    """From a screen: a little askew, gamma, blur, moiré, grain, JPEG; then cut to the screen's edges by hand."""

    def harm(picture: Bgr) -> Bgr:
        height, width = picture.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        askew = corners + np.array([[1, 0.6], [-0.8, 1], [-0.4, -0.8], [0.7, -0.5]], np.float32) * tilt * width
        seen = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, askew), (width, height))
        lines = 6 * np.sin(np.arange(width) * 2.2)[None, :, None] * np.sin(np.arange(height) * 2.3)[:, None, None]
        grain = np.random.default_rng(1).normal(0, 4, seen.shape)
        seen = 255 * (np.clip(cv2.GaussianBlur(seen, (0, 0), 0.9) + lines + grain, 0, 255) / 255) ** 1.25
        x, y = int(tilt * width), int(tilt * width)
        return jpeg(80)(seen.astype(np.uint8)[y : height - y or None, x : width - x or None])

    return harm


def turned(degrees: float) -> Callable[[Bgr], Bgr]:
    def harm(picture: Bgr) -> Bgr:
        height, width = picture.shape[:2]
        way = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return jpeg(85)(np.asarray(cv2.warpAffine(picture, way, (width, height)), np.uint8))

    return harm


def by_phone(tilt: float, degrees: float, share: float) -> Callable[[Bgr], Bgr]:
    """Everything at once: turned, at an angle, gamma, moiré, grain, blur, scaled and JPEG."""
    return lambda picture: scaled(share)(photographed(tilt)(turned(degrees)(picture)))


def small(quality: int) -> Callable[[Bgr], Bgr]:
    return lambda picture: jpeg(quality)(np.asarray(cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA)))


HARMS: dict[str, Callable[[Bgr], Bgr]] = {
    "as it is": lambda picture: picture,
    **{f"JPEG, quality {q}": jpeg(q) for q in (80, 50, 30, 15)},
    **{f"H.264, CRF {crf}": film(crf) for crf in (23, 28, 33)},
    **{f"scaled to {share:.0%}": scaled(share) for share in (1.5, 0.75, 0.5, 0.33)},
    **{f"cut to {share:.0%}": cut(share) for share in (0.75, 0.5, 0.4)},
    "photographed, straight": photographed(0.0),
    "photographed, 0.5 % askew": photographed(0.005),
    "photographed, 2 % askew": photographed(0.02),
    "photographed, 4 % askew": photographed(0.04),
    **{f"turned by {d} degrees": turned(d) for d in (0.5, 1, 2, 3, -3, 5)},
    "turned 2 degrees, cut to 60 %": lambda picture: cut(0.6)(turned(2)(picture)),
    "phone: 1.5 degrees, 2 %, 75 %": by_phone(0.02, 1.5, 0.75),
    "phone: 3 degrees, 3 %, 60 %": by_phone(0.03, -3, 0.6),
    "640 x 360, JPEG 80": small(80),
    "640 x 360, JPEG 50": small(50),
}


def main() -> None:
    """Print one table; write one plot."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    plain = [scene(name, seed=n).frame(37 * n + 20) for n in range(count) for name in ("porch", "living-room")]
    marked = [mark(visible(p, "heron", 1_800_000_000_000, 7 + n), 7 + n, KEY) for n, p in enumerate(plain)]
    psnr = np.mean([cv2.PSNR(visible(p, "heron", 1_800_000_000_000, 7 + n), marked[n]) for n, p in enumerate(plain)])
    false = sum(recover([picture], KEY) is not None for picture in plain)
    print(f"{len(plain)} pictures; the hidden mark alone: PSNR {psnr:.1f} dB; found in unmarked pictures: {false}")
    print(f"{'harm':28}{'recovered':>10}{'bit errors of 48, mean':>24}")
    rows = []
    for name, harm in HARMS.items():
        harmed = [harm(picture) for picture in marked]
        found = [recover([picture], KEY) for picture in harmed]
        wrong = [bit_errors(f, 7 + n) for n, f in enumerate(found)]
        right = sum(f is not None and f.is_whole and f.view == 7 + n for n, f in enumerate(found))
        rows.append((name, right / len(plain)))
        print(f"{name:28}{right:4} of {len(plain):2}{np.mean(wrong):24.1f}", flush=True)
    PLOT.write_text(plot(rows))


def plot(rows: list[tuple[str, float]]) -> str:
    """Bars of how often the view was recovered."""
    bars = "".join(
        f'<text x="230" y="{22 + 22 * n}" text-anchor="end">{name}</text>'
        f'<rect x="240" y="{10 + 22 * n}" width="{max(1, 300 * share):.0f}" height="14" fill="#1f7a58"/>'
        f'<text x="{250 + 300 * share:.0f}" y="{22 + 22 * n}">{share:.0%}</text>'
        for n, (name, share) in enumerate(rows)
    )
    high = 22 * len(rows) + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 {high}" font-family="sans-serif" font-size="12" '
        f'fill="#333"><rect width="600" height="{high}" fill="#fff"/>{bars}</svg>'
    )


if __name__ == "__main__":
    main()
