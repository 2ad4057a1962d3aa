"""Makes the film that may be given, out of a plate and drawings. In memory; the film is decoded once.

Look at every third picture with all eyes, keep some in colour; find who is who over the film; make the plate of what
nobody covered; look for people on the plate, closer, on its side and with low thresholds, until nobody is found; draw
and encode. No pixel of the film itself is ever encoded, but those of the plate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.redaction import Redacted, RedactionReport, Style
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.doubting import Ends, ends_of
from nightlatch.pixels.hiding.eyes import Postures, PrivacyEyes, lying
from nightlatch.pixels.hiding.film import MOST_FPS, CannotRedact, Stretch, encoded
from nightlatch.pixels.hiding.finding import (
    Chain,
    Findings,
    bodies,
    body_of,
    chains,
    covers_of,
)
from nightlatch.pixels.hiding.plate import NoPlate, Plate, Sample, mask_of, plate_of
from nightlatch.pixels.hiding.puppets import Puppet, drawn
from nightlatch.pixels.hiding.staging import staged
from nightlatch.pixels.vision.boxes import grown, iou
from nightlatch.pixels.vision.motion import Background

LOOK_EVERY = 3  # pictures
SMALL_WIDTH = 320
SAMPLES = 28  # pictures in colour: 75 MiB at 1280 × 720
PIECES = 3  # across and down: the plate is looked at in so many pieces, half of each overlapping
ROUNDS = 3
PERSON_SURE = 0.5  # of one find on the plate
BOTH_SURE = 0.65  # their scores together
MARGIN = 0.02  # of a piece
SHARED = 0.4  # IoU of two that are less sure, and are one
OPEN = 0.15  # of a find on the plate: if less of it shows, it is nobody
LOOKING, CHECKING = 0.8, 0.9  # share of the work that is done then
Bgr = NDArray[np.uint8]
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class _Seen:
    """What looking at the film has brought."""

    at: list[int] = field(default_factory=list)  # pictures that were looked at
    looks: dict[int, Findings] = field(default_factory=dict)
    small: list[Grey] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def redact_film(
    mp4: bytes,
    eyes: PrivacyEyes,
    *,
    from_ms: int,
    to_ms: int,
    masks: Sequence[Area] = (),
    on_progress: Callable[[float], None] = lambda share: None,
    any_length: bool = False,
) -> Redacted:
    """Cut [from_ms, to_ms) out of a film and hide everybody in it, and what lies under `masks`.

    `any_length` is for benchmarks over clips that are shorter than a gift may be.

    Raises:
        CannotRedact: no film, not 20 to 30 seconds of it, or nobody can say that everybody is hidden.
    """
    if not any_length and not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
        raise CannotRedact("A clip to give must be 20 to 30 seconds long. Move the ends.")
    film = Stretch(mp4, from_ms, to_ms, masks)
    seen = _look(film, eyes, on_progress)
    if film.count == 0:
        raise CannotRedact("There are no pictures in this stretch. Choose another one.")
    if not any_length and film.count / film.fps * 1000 < SHORTEST_MS - 1500:
        raise CannotRedact("The clip is shorter than it says: fewer than 20 seconds are left. Choose another one.")
    found = chains(seen.looks, film.fps)
    ends = [ends_of(chain, seen.at, seen.small, film.fps) for chain in found]
    lost = [known for each in ends for known in each.known]
    hidden, carried = _hidden(found, ends, seen, film.fps)
    try:
        plate = plate_of(seen.small, seen.samples, hidden, lost, film.fps / LOOK_EVERY)
    except NoPlate as error:
        raise CannotRedact(str(error)) from None
    on_progress(LOOKING)
    plate, left = _searched(plate, eyes)
    on_progress(CHECKING)
    puppets = staged(found, film.count, film.fps, [each.held[1] for each in ends])
    made, shares = _drawn(film, plate, puppets, lambda n: on_progress(CHECKING + (1 - CHECKING) * n / film.count))
    on_progress(1.0)
    return Redacted(made, _report(film, eyes.detector.name, seen, _Counts(carried, len(lost), left), made, shares))


def _look(film: Stretch, eyes: PrivacyEyes, on_progress: Callable[[float], None]) -> _Seen:
    """Ask all eyes about every third picture, and keep some of them in colour."""
    background, postures, seen = Background(), Postures(eyes.landmarks), _Seen()
    expected = max(1.0, film.asked_ms / 1000 * MOST_FPS)
    spacing = max(1, -(-int(expected / LOOK_EVERY) // SAMPLES))
    for n, bgr in film.pictures(LOOK_EVERY):
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        size = (SMALL_WIDTH, max(2, round(SMALL_WIDTH * bgr.shape[0] / bgr.shape[1])))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
        moving = background.update(small, round(n * 1000 / MOST_FPS)).boxes
        look = len(seen.at)
        things = [*eyes.detector.look(bgr, moving), *lying(bgr, eyes.turned, 1 if look % 2 else 3)]
        faces = eyes.faces.find(bgr) if look % 2 == 0 else ()
        findings = Findings(tuple(things), tuple(faces), moving)
        people = [body.box for body in bodies(findings) if body.kind is Kind.PERSON]
        seen.looks[n] = Findings(tuple(things), tuple(faces), moving, postures.find(bgr, people, moving))
        if look % spacing == 0:
            seen.samples.append(Sample(look, bgr))
        seen.at.append(n)
        seen.small.append(small)
        on_progress(LOOKING * min(1.0, n / expected))
    return seen


def _hidden(found: Sequence[Chain], ends: Sequence[Ends], seen: _Seen, fps: float) -> tuple[Mask, int]:
    """Where somebody or something may be in each look, (T, h, w), and how many of these covers nobody was found for.

    A vehicle that stands belongs to the place.
    """
    carried = 0
    boxes: dict[int, list[Box]] = {n: [] for n in seen.at}
    for chain, end in zip(found, ends, strict=True):
        if chain.family is Kind.VEHICLE and not chain.has_moved:
            continue
        for n, box in covers_of(chain, seen.at, fps, end.held).items():
            boxes[n].append(box)
            carried += n not in chain.found
    masks = [mask_of(boxes[n], small.shape) for n, small in zip(seen.at, seen.small, strict=True)]
    return np.stack(masks), carried


def _searched(plate: Plate, eyes: PrivacyEyes) -> tuple[Plate, int]:
    """The plate with grey over everybody who is found on it, and how many still are at last."""
    for _ in range(ROUNDS):
        found = [box for box in _finds(plate.picture, eyes) if _shows(plate, box)]
        if not found:
            return plate, 0
        plate = plate.without(found)
    return plate, sum(_shows(plate, box) for box in _finds(plate.picture, eyes))


def _finds(picture: Bgr, eyes: PrivacyEyes) -> list[Box]:
    """Everybody on one picture: whole, in pieces, and turned to both sides."""
    height, width = picture.shape[:2]
    found = []
    across, down = 2 * width // (PIECES + 1), 2 * height // (PIECES + 1)
    corners = [(x * across // 2, y * down // 2) for y in range(PIECES) for x in range(PIECES)]
    for left, top, wide, high in [(0, 0, width, height), *((x, y, across, down) for x, y in corners)]:
        piece = np.ascontiguousarray(picture[top : top + high, left : left + wide])
        people = [each for each in eyes.detector.look(piece, ()) if each.kind is Kind.PERSON]
        people += [each for quarters in (1, 3) for each in lying(piece, eyes.turned, quarters)]
        sure = [each for each in people if each.score >= PERSON_SURE or _is_shared(each, people)]
        boxes = [*(grown(each.box, MARGIN) for each in sure), *(body_of(each.box) for each in eyes.faces.find(piece))]
        found += [
            Box(
                (left + b.left * wide) / width,
                (top + b.top * high) / height,
                (left + b.right * wide) / width,
                (top + b.bottom * high) / height,
            )
            for b in boxes
        ]
    return found


def _is_shared(find: Detection, others: Sequence[Detection]) -> bool:
    """Whether somebody was found there twice: by two eyes, or upright and turned."""
    return any(
        other is not find and iou(find.box, other.box) > SHARED and find.score + other.score >= BOTH_SURE
        for other in others
    )


def _shows(plate: Plate, box: Box) -> bool:
    """Whether so much of a find is plate that somebody could be seen in it."""
    within = mask_of([box], plate.is_known.shape)
    return bool(within.any()) and float(plate.is_known[within].mean()) > OPEN


@dataclass(frozen=True, slots=True)
class _Shares:
    """Of all pixels."""

    grey: float
    drawn: float
    covered: float


def _drawn(
    film: Stretch, plate: Plate, puppets: Sequence[tuple[Puppet, ...]], on_picture: Callable[[int], None]
) -> tuple[bytes, _Shares]:
    """The finished film, and what share of it is grey, and drawn."""
    drawings: list[float] = []
    covered: list[float] = []
    grey = ~plate.is_known

    def pictures() -> Iterator[Bgr]:
        for n, each in enumerate(puppets):
            shown = drawn(plate.picture, each)
            if n % LOOK_EVERY == 0:
                is_drawn = (shown != plate.picture).any(axis=2)
                drawings.append(float(is_drawn.mean()))
                covered.append(float((is_drawn | grey).mean()))
            yield film.masked(shown)

    made = encoded(pictures(), on_picture)
    return made, _Shares(float(grey.mean()), float(np.mean(drawings)), float(np.mean(covered)))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Covers that were carried, ends at which somebody was lost, and people who are still found on the plate."""

    carried: int
    lost: int
    left: int


def _report(film: Stretch, eye: str, seen: _Seen, counts: _Counts, made: bytes, shares: _Shares) -> RedactionReport:
    found = [body for look in seen.looks.values() for body in bodies(look) if body.kind is Kind.PERSON]
    return RedactionReport(
        sha256=sha256(made).hexdigest(),
        style=Style.PUPPETS,
        eye=eye,
        pictures=film.count,
        length_ms=round(film.count / film.fps * 1000),
        people=len(found),
        faces=sum(len(look.faces) for look in seen.looks.values()),
        share_covered=round(shares.covered, 3),
        share_grey=round(shares.grey, 3),
        share_drawn=round(shares.drawn, 3),
        uncovered=counts.left,
        lost=counts.lost,
        carried=counts.carried,
        sound_removed=True,
        metadata_removed=True,
    )
