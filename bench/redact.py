"""Who can still be seen in real films after people were hidden: the worst picture of each, not the mean.

    python bench/redact.py [seconds]

Every film of ../shared/data/videos with people in it: its first seconds (8) are redacted, then every second picture of
the result is searched by eyes that did not hide it: OpenCV's HOG person detector, OpenCV's frontal face cascade (a find
counts where it is not a flat patch), YOLOX-nano on a mirrored picture (0.5), YuNet on the four quarters enlarged. A
number above zero is somebody who could be seen, or an error of that eye: look at the picture it names.
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
HOG_SURE = 0.7
EVERY = 2  # pictures
HOG = cv2.HOGDescriptor()
HOG.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
CASCADE = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))


def is_open(picture: NDArray[np.uint8], box: tuple[int, int, int, int]) -> bool:
    """Whether (left, top, right, bottom), in pixels, shows anything but a flat patch."""
    left, top, right, bottom = (max(0, n) for n in box)
    piece = picture[top:bottom, left:right]
    return bool(piece.size) and float(cv2.cvtColor(piece, cv2.COLOR_BGR2GRAY).std()) > FLAT


def seen(picture: NDArray[np.uint8], eyes: PrivacyEyes) -> tuple[int, int, int, int]:
    """(HOG people, cascade faces, mirrored YOLOX heads, YuNet faces) found in one finished picture."""
    height, width = picture.shape[:2]
    scale = min(1.0, 640 / width)
    small = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    hog = 0
    if small.shape[0] >= 128:
        people, weights = HOG.detectMultiScale(small, winStride=(8, 8), scale=1.1)
        for (x, y, w, h), weight in zip(people, np.ravel(weights), strict=True):
            hog += bool(weight > HOG_SURE and is_open(small, (x, y, x + w, y + h // 4)))
    found = CASCADE.detectMultiScale(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), 1.1, 6, minSize=(20, 20))
    cascade = sum(is_open(small, (x + w // 5, y + h // 5, x + w * 4 // 5, y + h * 4 // 5)) for x, y, w, h in found)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    heads = 0
    for thing in eyes.detector.look(mirrored, ()):
        b = thing.box
        low = b.top + 0.25 * (b.bottom - b.top)
        place = (int(b.left * width), int(b.top * height), int(b.right * width), int(low * height))
        heads += thing.kind is Kind.PERSON and thing.score >= SURE and is_open(mirrored, place)
    quarters = [picture[y : y + height // 2, x : x + width // 2] for y in (0, height // 2) for x in (0, width // 2)]
    return hog, int(cascade), heads, sum(len(eyes.faces.find(np.ascontiguousarray(q))) for q in quarters)


def main() -> None:
    """Print one table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    films = sorted(p for p in (DATA / "videos").glob("*.*") if p.name.startswith(("person", "fall", "pet__path")))
    if not films:
        sys.exit("../shared/data/videos is not here.")
    eyes = open_privacy_eyes(DATA / "models")
    eyes_named = f"{'HOG':>5}{'cascade':>9}{'mirrored':>10}{'faces':>7}"
    print(f"{'film':48}{'covered':>9}{'hub says':>10}{eyes_named}  pictures with any")
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
            frames = [f for n, f in enumerate(container.decode(video=0)) if n % EVERY == 0]
        found = [seen(np.asarray(f.to_ndarray(format="bgr24"), np.uint8), eyes) for f in frames]
        hog, cascade, heads, faces = (max(each) for each in zip(*found, strict=True))
        left = [n * EVERY for n, each in enumerate(found) if any(each)]
        counted += 1
        clean += not left
        says = "given" if done.report.uncovered == 0 else "refused"
        line = f"{path.stem[:46]:48}{done.report.share_covered:9.0%}{says:>10}{hog:5}{cascade:9}{heads:10}{faces:7}"
        print(f"{line}  {len(left)} of {len(found)} {left[:3]}", flush=True)
    print(f"{clean} of {counted} films show nobody in any picture")


if __name__ == "__main__":
    main()
