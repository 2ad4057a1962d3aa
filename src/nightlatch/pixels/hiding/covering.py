"""Covers more of a finished film: its owner saw something in it that no eye here looks for. In memory.

The film is made of a plate and drawings, so what stands still in it is the place, what is the plate's grey is covered
already, and what differs from what usually is there is drawn: so the shares of the report stay true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO

import av
import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.redaction import Redacted, RedactionReport
from nightlatch.pixels.hiding.film import CannotRedact, encoded
from nightlatch.pixels.hiding.plate import GREY, mask_of

MOST_BOXES = 40  # at once
COUNTED_EVERY = 15  # pictures: one a second is enough for the shares
SMALL = (160, 90)
GREY_LUMA, NO_COLOUR = 98, 128  # GREY as Y and as U and V of BT.601
LIKE_GREY = 8  # levels of each colour, after encoding
UNLIKE = 20  # levels of one colour: a drawing, not what encoding does
DAMAGED = "The finished film is damaged. Hide people again."
Bgr = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def cover_more(film: Redacted, boxes: Sequence[Box], on_share: Callable[[float], None]) -> Redacted:
    """The film with grey over `boxes` in every picture; everything else is as it was, encoded once more.

    Raises:
        CannotRedact: the film cannot be read or is shorter than its report says, or `boxes` are none, too many, or
            not within the picture.
    """
    _refuse_if_odd(boxes)
    report, shares = film.report, _Tally()
    count = 0

    def pictures() -> Iterator[VideoFrame]:
        nonlocal count
        with av.open(BytesIO(film.mp4), "r", metadata_errors="ignore") as container:
            for frame in container.decode(container.streams.video[0]):
                over = _evened(mask_of(boxes, (frame.height, frame.width)))
                if count % COUNTED_EVERY == 0:
                    shares.take(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), over)
                count += 1
                yield _covered(frame, over)

    try:
        made = encoded(pictures(), lambda n: on_share(min(1.0, n / max(1, report.pictures))))
    except (av.error.FFmpegError, ValueError, IndexError):
        raise CannotRedact(DAMAGED) from None
    if count == 0 or (report.pictures and count != report.pictures):
        raise CannotRedact(DAMAGED)
    return Redacted(
        made,
        replace(
            shares.told_in(report), sha256=sha256(made).hexdigest(), owner_covered=report.owner_covered + len(boxes)
        ),
    )


def _refuse_if_odd(boxes: Sequence[Box]) -> None:
    """Raises `CannotRedact` for what cannot be covered."""
    if not boxes:
        raise CannotRedact("Nothing is marked. Draw a rectangle over what should be covered.")
    if len(boxes) > MOST_BOXES:
        raise CannotRedact(f"At most {MOST_BOXES} places can be covered at once. Draw fewer, larger rectangles.")
    for box in boxes:
        numbers = (box.left, box.top, box.right, box.bottom)
        lies_within = all(math.isfinite(v) and 0 <= v <= 1 for v in numbers)
        if not lies_within or box.left >= box.right or box.top >= box.bottom:
            raise CannotRedact("A rectangle does not lie on the picture. Draw it again.")


def _covered(frame: VideoFrame, over: Mask) -> VideoFrame:
    """The picture with grey there. In the film's own colours: each way to others and back darkens it by 3 levels."""
    planes = np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
    planes[: frame.height][over] = GREY_LUMA
    colours = planes[frame.height :].reshape(2, frame.height // 2, frame.width // 2)
    colours[:, over[::2, ::2]] = NO_COLOUR
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def _evened(over: Mask) -> Mask:
    """Whole squares of 2 × 2 pixels: these share their colour in the film, which would else show what is beside."""
    height, width = over.shape
    rows = over[0::2].copy()
    rows[: height // 2] |= over[1::2]
    squares = rows[:, 0::2].copy()
    squares[:, : width // 2] |= rows[:, 1::2]
    return np.asarray(squares.repeat(2, axis=0).repeat(2, axis=1)[:height, :width], np.bool_)


@dataclass(slots=True)
class _Tally:
    """State: some of the film's pictures before they are covered, small, and where they will be."""

    before: list[Bgr] = field(default_factory=list)
    over: NDArray[np.float32] | None = None

    def take(self, shown: Bgr, over: Mask) -> None:
        """One more picture."""
        self.before.append(np.asarray(cv2.resize(shown, SMALL, interpolation=cv2.INTER_AREA), np.uint8))
        if self.over is None:
            share = cv2.resize(over.astype(np.float32), SMALL, interpolation=cv2.INTER_AREA)
            self.over = np.asarray(share, np.float32)

    def told_in(self, report: RedactionReport) -> RedactionReport:
        """The report with what is covered now."""
        if self.over is None:
            return report
        film = np.stack(self.before).astype(np.int16)
        usual = np.median(film, axis=0)
        grey = (np.abs(usual - np.array(GREY)) <= LIKE_GREY).all(axis=2)
        drawn = (np.abs(film - usual) > UNLIKE).any(axis=3)
        newly = float((self.over * ~grey).mean())
        hidden = float((self.over * drawn).mean())
        open_before = float((self.over * (~grey & ~drawn)).mean())
        return replace(
            report,
            share_grey=min(1.0, round(report.share_grey + newly, 3)),
            share_drawn=max(0.0, round(report.share_drawn - hidden, 3)),
            share_covered=min(1.0, round(report.share_covered + open_before, 3)),
        )
