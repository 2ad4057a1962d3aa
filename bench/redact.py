"""What is given of real films: how much is covered, what it costs, and who can still be seen.

    python bench/redact.py [seconds] [part of a name] [--all-eyes] [--others]

Every film of ../shared/data/videos with people in it: its first seconds (10) are made into a plate and puppets. Then:

- *left out*: it is made again without each network in turn, and that one searches the plate, whole and in pieces. What
  it finds and is not grey is somebody whom the others miss, or an error of that eye: look at the plate that is named.
  (With --all-eyes none is left out; that is three times as fast.)
- *others*: with --others it is also made with two other films of the same people's cameras as what came before.
- *strangers*: OpenCV's HOG person detector and its frontal face cascade search the plate of all eyes.

bench/out/hiding/ then holds a sheet for each film (six pictures before, the same after) and each plate with a find.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.joint import Opinion
from nightlatch.pixels.detectors.windows import Window
from nightlatch.pixels.hiding.eyes import ManyEyes, PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.hiding.film import CannotRedact, Excerpt
from nightlatch.pixels.hiding.looking import LOOK_EVERY
from nightlatch.pixels.hiding.plate import Plate, mask_of
from nightlatch.pixels.hiding.puppets import drawn
from nightlatch.pixels.hiding.redacting import Stage, redact_film, stage_of
from nightlatch.pixels.hiding.searching import OPEN, pieces
from nightlatch.plugs import Faces

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OUT = Path(__file__).parent / "out" / "hiding"
SURE = {"yolox": 0.35, "ssd": 0.45, "pose": 0.4}  # of an eye that was left out, and is alone
HOG_SURE = 0.7
SHOWN = 6  # pictures of a sheet
Bgr = NDArray[np.uint8]
HOG = cv2.HOGDescriptor()
HOG.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
CASCADE = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))


class Remembering:
    """A network that is asked about each picture once, however often the film is made."""

    def __init__(self, of: Opinion) -> None:
        self.name, self.is_rough = of.name, of.is_rough
        self._of = of
        self._known: dict[tuple[bytes, Window], list[Detection]] = {}

    def look_at(self, bgr: Bgr, window: Window) -> list[Detection]:
        """As the network itself."""
        key = (sha256(bgr.tobytes()).digest(), window)
        if key not in self._known:
            self._known[key] = self._of.look_at(bgr, window)
        return self._known[key]


class RememberingFaces:
    """The same for faces."""

    def __init__(self, of: Faces) -> None:
        self._of = of
        self._known: dict[bytes, list[Detection]] = {}

    def find(self, bgr: Bgr) -> list[Detection]:
        """As the finder itself."""
        key = sha256(bgr.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self._of.find(bgr)
        return self._known[key]


@dataclass(slots=True)
class Line:
    """What is said of one film."""

    name: str
    covered: float = 0.0
    grey: float = 0.0
    drawn: float = 0.0
    cost: float = 0.0  # CPU seconds per second
    found: dict[str, int] = field(default_factory=dict)
    refused: str = ""
    covered_with_others: float | None = None


def without(eyes: PrivacyEyes, opinions: Sequence[Opinion], left: Opinion) -> PrivacyEyes:
    """All eyes but one."""
    others = [each for each in opinions if each is not left]
    turned = ManyEyes([each for each in others if each.name == "yolox"])
    return replace(eyes, detector=ManyEyes(others), turned=turned)


def search(plate: Plate, find: Callable[[Bgr], Sequence[Box]]) -> list[Box]:
    """What an eye finds on a plate, whole and in pieces, and that is not grey."""
    height, width = plate.picture.shape[:2]
    found = []
    for left, top, across, down in pieces(width, height):
        piece = np.ascontiguousarray(plate.picture[top : top + down, left : left + across])
        for b in find(piece):
            box = Box(
                (left + b.left * across) / width,
                (top + b.top * down) / height,
                (left + b.right * across) / width,
                (top + b.bottom * down) / height,
            )
            within = mask_of([box], plate.is_known.shape)
            if within.any() and plate.is_known[within].mean() > OPEN:
                found.append(box)
    return found


def people(of: Opinion) -> Callable[[Bgr], list[Box]]:
    """Whom a network is sure of."""

    def find(bgr: Bgr) -> list[Box]:
        found = of.look_at(bgr, (0, 0, bgr.shape[1], bgr.shape[0]))
        return [each.box for each in found if each.kind is Kind.PERSON and each.score >= SURE[of.name]]

    return find


def strangers(bgr: Bgr) -> list[Box]:
    """People and faces that OpenCV's own eyes find."""
    height, width = bgr.shape[:2]
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    found = [tuple(each) for each in CASCADE.detectMultiScale(grey, 1.1, 6, minSize=(20, 20))]
    if height >= 128 and width >= 64:
        boxes, weights = HOG.detectMultiScale(bgr, winStride=(8, 8), scale=1.1)
        found += [tuple(box) for box, weight in zip(boxes, np.ravel(weights), strict=True) if weight > HOG_SURE]
    return [Box(x / width, y / height, (x + w) / width, (y + h) / height) for x, y, w, h in found]


def sheet(raw: bytes, seconds: int, stage: Stage, to: Path) -> None:
    """Six pictures before, and the same after."""
    before = dict(Excerpt(raw, 0, seconds * 1000).pictures(LOOK_EVERY))
    chosen = [sorted(before)[k] for k in np.linspace(0, len(before) - 1, SHOWN).astype(int)]
    rows = [[before[n] for n in chosen], [drawn(stage.plate.picture, stage.puppets[n]) for n in chosen]]
    width, height = 320, round(320 * stage.plate.picture.shape[0] / stage.plate.picture.shape[1])
    small = [[cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in row] for row in rows]
    cv2.imwrite(str(to), np.vstack([np.hstack(row) for row in small]))


def others(path: Path) -> list[bytes]:
    """Films that may be of the same camera; hiding itself leaves out what shows another place."""
    house = re.search(r"home_(old_)?subject\d", path.stem)
    if house is None:
        return []
    found = [each for each in sorted(path.parent.glob(f"*{house[0]}*")) if each != path]
    return [each.read_bytes() for each in found]


def judged(path: Path, seconds: int, eyes: PrivacyEyes, opinions: Sequence[Opinion], leaves_out: bool) -> Line:
    """Make one film, and look for people on its plates."""
    line, raw = Line(path.stem), path.read_bytes()
    began = time.process_time()
    try:
        report = redact_film(raw, eyes, from_ms=0, to_ms=seconds * 1000, any_length=True).report
    except CannotRedact as error:
        line.refused = str(error)
        return line
    line.cost = (time.process_time() - began) / max(0.1, report.length_ms / 1000)
    line.covered, line.grey, line.drawn = report.share_covered, report.share_grey, report.share_drawn
    if report.uncovered:
        line.refused = "somebody is still found on the plate"

    before = others(path) if "--others" in sys.argv else []
    if before:
        with_them = redact_film(raw, eyes, from_ms=0, to_ms=seconds * 1000, more=before, any_length=True)
        line.covered_with_others = with_them.report.share_covered

    def again(some: PrivacyEyes) -> Stage:
        return stage_of(Excerpt(raw, 0, seconds * 1000), some, lambda share: None, any_length=True)

    whole = again(eyes)
    sheet(raw, seconds, whole, OUT / f"{path.stem}.png")
    left = opinions if leaves_out else []
    plates = [(each.name, again(without(eyes, opinions, each)).plate, people(each)) for each in left]
    for name, plate, find in [*plates, ("strangers", whole.plate, strangers)]:
        boxes = search(plate, find)
        line.found[name] = len(boxes)
        if boxes:
            picture, (height, width) = plate.picture.copy(), plate.is_known.shape
            for b in boxes:
                corners = (int(b.left * width), int(b.top * height)), (int(b.right * width), int(b.bottom * height))
                cv2.rectangle(picture, *corners, (0, 0, 255), 2)
            cv2.imwrite(str(OUT / f"{path.stem}-{name}.png"), picture)
    return line


def main() -> None:
    """Print one table."""
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    seconds, part = int(given[0]) if given else 10, given[1] if len(given) > 1 else ""
    every = sorted(p for p in (DATA / "videos").glob("*.*") if p.name.startswith(("person", "fall", "pet__path")))
    films = [path for path in every if part in path.name]
    if not films:
        sys.exit("../shared/data/videos is not here, or has no such film.")
    OUT.mkdir(parents=True, exist_ok=True)
    first = open_privacy_eyes(DATA / "models")
    print(f"{'film':46}{'covered':>9}{'grey':>6}{'drawn':>7}{'CPU/s':>7}  found by an eye left out, by strangers")
    lines = []
    for path in films:
        opinions = (
            [Remembering(each) for each in first.detector.opinions] if isinstance(first.detector, ManyEyes) else []
        )
        eyes = replace(
            first, detector=ManyEyes(opinions), turned=ManyEyes(opinions[:1]), faces=RememberingFaces(first.faces)
        )
        line = judged(path, seconds, eyes, opinions, "--all-eyes" not in sys.argv)
        lines.append(line)
        told = f"{line.covered:9.0%}{line.grey:6.0%}{line.drawn:7.0%}{line.cost:7.2f}  " if line.cost else ""
        found = " ".join(f"{name} {count}" for name, count in line.found.items())
        if line.covered_with_others is not None:
            found += f"  covered with others before {line.covered_with_others:.0%}"
        print(f"{line.name[:44]:46}{told}{found}{'  refused: ' + line.refused if line.refused else ''}", flush=True)
    done = [line for line in lines if not line.refused]
    if done:
        share, cost = median(line.covered for line in done), median(line.cost for line in done)
        print(
            f"{len(done)} of {len(lines)} given; median covered {share:.0%}, CPU per second {cost:.2f}; sheets: {OUT}"
        )


if __name__ == "__main__":
    main()
