"""Renders the review room's practice clip: nobody's clip, so that a reviewer can try the words before any look counts.

`python scripts/practice.py` writes web/review/public/practice.bin, a line of JSON (length, and when each picture is and
how long) and the JPEGs behind it. The page fetches it like one of its own files: it is no view, no label, no entry in a
log. What it shows, and the right answer with its reasons, is in web/review/practice/key.ts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2

from nightlatch.pixels.stage.acting import Visit
from nightlatch.pixels.stage.drawing import FIGURES, Colour, Image
from nightlatch.pixels.stage.negatives import Day

OUT = Path(__file__).parents[1] / "web" / "review" / "public" / "practice.bin"
LENGTH_S, FPS, QUALITY = 13, 8, 70
TALL, HIGH = 0.46, 0.085
COAT = (60, 48, 40)
EDGE, DOOR, PARCEL = (-0.06, 0.93), (0.545, 0.8), (0.575, 0.795)


def parcel(picture: Image, x: float, y: float, high: float, stride: float, ahead: bool, colour: Colour) -> None:
    """A box with a strip of tape; drawn as the stage's figures are, `high` pixels, standing on (x, y)."""
    top, foot = round(y - high), round(y)
    for wide, tone in ((high * 0.65, (92, 138, 178)), (high * 0.065, (60, 96, 130))):
        cv2.rectangle(picture, (round(x - wide), top), (round(x + wide), foot), tone, -1)


class Theft(Day):
    """A parcel lies before a door. Somebody comes, stops there, takes it and goes with it."""

    noise = 0.0
    visits = (
        Visit("package", 0.0, 7.0, PARCEL, PARCEL, HIGH, HIGH),
        Visit("person", 1.0, 5.0, EDGE, DOOR, TALL, 0.4, COAT),
        Visit("person", 5.0, 7.0, DOOR, DOOR, 0.4, 0.4, COAT),
        Visit("person", 7.0, 10.8, DOOR, EDGE, 0.4, TALL, COAT),
        Visit("package", 7.0, 10.8, (0.53, 0.65), (-0.075, 0.76), HIGH, HIGH),
    )

    def frame(self, index: int) -> Image:
        """Picture `index`, (H, W, 3) uint8 BGR."""
        second, picture = self.second(index), self.ground.copy()
        for visit in self.visits:
            if (where := visit.at(second)) is not None:
                stride = second * 1.2 if visit.start != visit.end else 0.0
                ahead = visit.end[0] >= visit.start[0]
                draw = parcel if visit.kind == "package" else FIGURES[visit.kind]
                draw(picture, *self._pixels(where), stride, ahead, visit.colour)
        return self._grain(picture, index)


def main(out: Path = OUT) -> None:
    """Write the clip."""
    scene = Theft(width=960, height=540, fps=FPS)
    pictures = []
    for index in range(LENGTH_S * FPS):
        done, jpeg = cv2.imencode(".jpg", scene.frame(index), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise SystemExit("A picture cannot be encoded.")
        pictures.append(jpeg.tobytes())
    told = [{"at": round(1000 * n / FPS), "bytes": len(jpeg)} for n, jpeg in enumerate(pictures)]
    head = json.dumps({"length_ms": LENGTH_S * 1000, "pictures": told}, separators=(",", ":"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(head.encode() + b"\n" + b"".join(pictures))


if __name__ == "__main__":
    main(*(Path(each) for each in sys.argv[1:]))
