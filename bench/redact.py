"""Who can still be seen in real films after people were hidden: the worst picture of each, not the mean.

    python bench/redact.py [seconds]

Every film of ../shared/data/videos with people in it: its first seconds (8) are redacted, then every picture of the
result is searched for faces (YuNet, at the score its makers call a face) and for people whose head is not a flat patch
(YOLOX-nano, 0.5). A number above zero is somebody who could be seen.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.sighting import Kind
from nightlatch.pixels.detectors.opening import PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.media.rewrite import CannotRedact, redact_film

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FLAT = 8.0  # standard deviation of a patch that shows nothing
SURE = 0.5


def seen(picture: NDArray[np.uint8], eyes: PrivacyEyes) -> tuple[int, int]:
    """(faces, heads) that are found in one finished picture."""
    height, width = picture.shape[:2]
    heads = 0
    for thing in eyes.detector.look(picture, ()):
        box = thing.box
        if thing.kind is not Kind.PERSON or thing.score < SURE:
            continue
        low = int((box.top + 0.25 * (box.bottom - box.top)) * height)
        head = picture[int(box.top * height) : low, int(box.left * width) : int(box.right * width)]
        heads += bool(head.size) and float(cv2.cvtColor(head, cv2.COLOR_BGR2GRAY).std()) > FLAT
    return len(eyes.faces.find(picture)), heads


def main() -> None:
    """Print one table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    films = sorted(p for p in (DATA / "videos").glob("*.*") if p.name.startswith(("person", "fall", "pet__path")))
    if not films:
        sys.exit("../shared/data/videos is not here.")
    eyes = open_privacy_eyes(DATA / "models")
    print(f"{'film':48}{'pictures':>9}{'covered':>9}{'faces, worst':>14}{'heads, worst':>14}{'pictures with any':>19}")
    clean = counted = 0
    for path in films:
        try:
            done = redact_film(
                path.read_bytes(), eyes.detector, eyes.faces, from_ms=0, to_ms=seconds * 1000, any_length=True
            )
        except CannotRedact as error:
            print(f"{path.stem[:46]:48}refused: {error}", flush=True)
            continue
        with av.open(io.BytesIO(done.mp4), "r") as container:
            pictures = (np.asarray(f.to_ndarray(format="bgr24"), np.uint8) for f in container.decode(video=0))
            found = [seen(picture, eyes) for picture in pictures]
        faces, heads = (max(each) for each in zip(*found, strict=True))
        left = sum(any(each) for each in found)
        counted += 1
        clean += left == 0
        share = f"{done.report.share_covered:.0%}"
        print(f"{path.stem[:46]:48}{len(found):9}{share:>9}{faces:14}{heads:14}{left:19}", flush=True)
    print(f"{clean} of {counted} films show nobody in any picture")


if __name__ == "__main__":
    main()
