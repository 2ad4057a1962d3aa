"""Makes the film that may be given: people hidden, sound and tags gone, encoded anew. In memory, in three passes.

Look at every second picture, upright and turned to both sides (people who lie stand up then), plan the covers, paint
and encode; then look at the finished film again as a stranger would. What is still found is covered in another round;
what is found even after the last is in the report.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.redaction import Redacted, RedactionReport, Style
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.errors import NightlatchError
from nightlatch.pixels.vision.areas import blacken
from nightlatch.pixels.vision.motion import Background
from nightlatch.pixels.vision.redact import Covers, Findings, paint, pixels, plan, silhouettes
from nightlatch.plugs import Eye, Faces

MOST_WIDTH, MOST_HEIGHT, MOST_FPS = 1280, 720, 15
LUMA_WIDTH = 160
FINE = 16  # points across a box
LOOK_EVERY = 2  # pictures
CHECK_EVERY = 3
FACE_SURE = 0.6
PERSON_SURE = 0.5
TURNED_SURE = 0.3  # of a person in a turned picture: below this, furniture on its side looks like one
UNDER = 0.85  # of a face or a head covered: then nobody is seen
HEAD = 0.25  # of a person, from the top
ROUNDS = 3
PLATE_PICTURES = 24
PLATE_BAND = 48
MOST_PIXELS = 4096 * 2304
Bgr = NDArray[np.uint8]


class CannotRedact(NightlatchError):
    """This film cannot be made fit to be given."""


def redact_film(
    mp4: bytes,
    eye: Eye,
    faces: Faces,
    *,
    style: Style = Style.COVER,
    from_ms: int,
    to_ms: int,
    masks: Sequence[Area] = (),
    on_progress: Callable[[float], None] = lambda share: None,
    any_length: bool = False,
) -> Redacted:
    """Cut [from_ms, to_ms) out of a film and hide everybody in it, and what lies under `masks`.

    `any_length` is for benchmarks over clips that are shorter than a gift may be.

    Raises:
        CannotRedact: no film, or not 20 to 30 seconds of it.
    """
    if not any_length and not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
        raise CannotRedact("A clip to give must be 20 to 30 seconds long. Move the ends.")
    film = _Film(mp4, from_ms, to_ms, masks)
    looks, small = _look(film, eye, faces, on_progress)
    if film.count == 0:
        raise CannotRedact("There are no pictures in this stretch. Choose another one.")
    if not any_length and film.count / film.fps * 1000 < SHORTEST_MS - 1500:
        raise CannotRedact("The clip is shorter than it says: fewer than 20 seconds are left. Choose another one.")
    for turn in range(ROUNDS):
        covers = plan(looks, film.count, film.fps, small)
        made = _write(film, covers, looks, style, lambda share, t=turn: on_progress(0.7 + 0.1 * t + 0.1 * share))  # type: ignore[misc]
        found, worst = _check(made, eye, faces, covers, film.count)
        if not found:
            break
        for n, more in found.items():
            old = looks.get(n, Findings((), (), ()))
            looks[n] = replace(old, things=(*old.things, *more.things), faces=(*old.faces, *more.faces))
    on_progress(1.0)
    return Redacted(made, _report(film, style, eye.name, covers, made, len(found), worst))


def _report(
    film: _Film, style: Style, eye: str, covers: Covers, made: bytes, found: int, worst: int | None
) -> RedactionReport:
    area = [_under(Box(0, 0, 1, 1), boxes, 4 * FINE) for boxes in covers.boxes[::LOOK_EVERY]]
    return RedactionReport(
        sha256=sha256(made).hexdigest(),
        style=style,
        eye=eye,
        pictures=film.count,
        length_ms=round(film.count / film.fps * 1000),
        people=covers.people,
        faces=covers.faces,
        carried=covers.carried,
        share_covered=round(float(np.mean(area)), 3),
        uncovered=found + covers.lost,
        lost=covers.lost,
        worst_picture=worst,
        sound_removed=True,
        metadata_removed=True,
    )


class _Film:
    """The stretch of a film as pictures of at most 1280 × 720, at most 15 a second; decoded anew each time."""

    def __init__(self, mp4: bytes, from_ms: int, to_ms: int, masks: Sequence[Area] = ()) -> None:
        self._mp4 = mp4
        self._masks = masks
        self._from_ms, self._to_ms = from_ms, to_ms
        self.asked_ms = to_ms - from_ms
        self.count = 0
        self.fps = 15.0
        try:
            with av.open(io.BytesIO(mp4), "r", metadata_errors="ignore") as container:
                if not container.streams.video:
                    raise CannotRedact("There are no pictures in this film. Choose another clip.")
                context = container.streams.video[0].codec_context
                if context.width * context.height > MOST_PIXELS or context.width < 16 or context.height < 16:
                    raise CannotRedact("The pictures of this film are too large or too small. Choose another clip.")
        except (av.error.FFmpegError, ValueError):
            raise CannotRedact("This film is damaged. Choose another clip.") from None

    def pictures(self) -> Iterator[tuple[int, Bgr]]:
        """(number, picture) in order; a film that breaks off ends there."""
        try:
            with av.open(io.BytesIO(self._mp4), "r", metadata_errors="ignore") as container:
                stream = container.streams.video[0]
                begin: float | None = None
                n, due_s = 0, 0.0
                for frame in container.decode(stream):
                    if frame.time is None:
                        continue
                    begin = frame.time if begin is None else begin
                    at_s = frame.time - begin - self._from_ms / 1000
                    if at_s >= (self._to_ms - self._from_ms) / 1000:
                        break
                    if at_s < 0 or at_s + 1e-3 < due_s:
                        continue
                    scale = min(1.0, MOST_WIDTH / frame.width, MOST_HEIGHT / frame.height)
                    size = [max(16, round(v * scale)) // 2 * 2 for v in (frame.width, frame.height)]
                    shrunk = frame.reformat(width=size[0], height=size[1], format="bgr24", interpolation="AREA")
                    while due_s <= at_s + 1e-3:  # a camera that leaves pictures out is shown as it was
                        turned = np.rot90(shrunk.to_ndarray(), round(frame.rotation / 90) % 4)
                        yield n, blacken(np.ascontiguousarray(turned, np.uint8), self._masks)
                        n += 1
                        due_s = n / MOST_FPS
                self.count, self.fps = n, float(MOST_FPS)
        except av.error.FFmpegError:
            return


def _look(
    film: _Film, eye: Eye, faces: Faces, on_progress: Callable[[float], None]
) -> tuple[dict[int, Findings], dict[int, NDArray[np.uint8]]]:
    """What is in every second picture, and that picture small and grey."""
    background = Background()
    looks: dict[int, Findings] = {}
    kept: dict[int, NDArray[np.uint8]] = {}
    expected = max(1.0, film.asked_ms / 1000 * MOST_FPS)
    for n, bgr in film.pictures():
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, (320, max(2, round(320 * bgr.shape[0] / bgr.shape[1]))), interpolation=cv2.INTER_AREA)
        motion = background.update(np.asarray(small, np.uint8), round(n * 1000 / MOST_FPS))
        if n % LOOK_EVERY == 0:
            things = [*eye.look(bgr, motion.boxes), *_lying(bgr, eye)]
            looks[n] = Findings(tuple(things), tuple(faces.find(bgr)), motion.boxes)
            kept[n] = np.asarray(small, np.uint8)
            on_progress(0.7 * min(1.0, n / expected))
        film.count = n + 1
    return looks, kept


def _lying(bgr: Bgr, eye: Eye) -> list[Detection]:
    """People found in the picture laid on its left and on its right side, at their places in the upright one."""
    found = []
    for quarters in (1, 3):
        for each in eye.look(np.ascontiguousarray(np.rot90(bgr, quarters)), ()):
            if each.kind is not Kind.PERSON or each.score < TURNED_SURE:
                continue
            b = each.box
            back = (
                Box(1 - b.bottom, b.left, 1 - b.top, b.right)
                if quarters == 1
                else Box(b.top, 1 - b.right, b.bottom, 1 - b.left)
            )
            found.append(replace(each, box=back))
    return found


def _write(
    film: _Film, covers: Covers, looks: dict[int, Findings], style: Style, on_share: Callable[[float], None]
) -> bytes:
    """Paint and encode: H.264 without B frames, a key frame a second, no user data, no tags, no sound."""
    sink = io.BytesIO()
    plate = _plate(film, covers) if style is Style.SILHOUETTES else None
    container = av.open(sink, "w", format="mp4", options={"fflags": "+bitexact"})
    try:
        stream = container.add_stream("libx264", rate=MOST_FPS)
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, MOST_FPS)
        stream.codec_context.gop_size = MOST_FPS
        stream.codec_context.max_b_frames = 0
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        stream.options = {"crf": "25", "preset": "veryfast", "threads": "1"}
        clean: BitStreamFilterContext | None = None
        harmless: tuple[Box, ...] = ()
        for n, bgr in film.pictures():
            boxes = covers.boxes[n] if n < len(covers.boxes) else (Box(0, 0, 1, 1),)
            if plate is not None:
                if n in looks:
                    harmless = tuple(d.box for d in looks[n].things if d.kind is not Kind.PERSON and d.score >= 0.5)
                shown = silhouettes(plate, boxes, harmless)
            else:
                shown = paint(bgr, boxes)
            if n == 0:
                stream.width, stream.height = shown.shape[1], shown.shape[0]
                clean = BitStreamFilterContext("filter_units=remove_types=6", stream)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), format="bgr24")
            frame.pts = n
            frame.time_base = Fraction(1, MOST_FPS)
            _mux(container, clean, stream.encode(frame))
            if n % MOST_FPS == 0:
                on_share(n / max(1, film.count))
        _mux(container, clean, stream.encode(None))
        if clean is not None:
            for packet in clean.filter(None):
                container.mux(packet)
    finally:
        container.close()
    return sink.getvalue()


def _mux(container: OutputContainer, clean: BitStreamFilterContext | None, packets: Sequence[Packet[Any]]) -> None:
    for packet in packets:
        for cleaned in clean.filter(packet) if clean is not None else ():
            container.mux(cleaned)


def _plate(film: _Film, covers: Covers) -> Bgr:
    """The place without anybody: the median of pictures, without what is covered in them, and blurred."""
    kept: list[Bgr] = []
    open_: list[NDArray[np.bool_]] = []
    step = max(1, film.count // PLATE_PICTURES)
    for n, bgr in film.pictures():
        if n % step:
            continue
        shown = np.ones(bgr.shape[:2], np.bool_)
        for box in covers.boxes[n] if n < len(covers.boxes) else (Box(0, 0, 1, 1),):
            left, top, right, bottom = pixels(box, bgr.shape)
            shown[top:bottom, left:right] = False
        kept.append(bgr)
        open_.append(shown)
    plate = np.full_like(kept[0], 128)
    for row in range(0, plate.shape[0], PLATE_BAND):  # a band at a time: the median needs floating point
        band = slice(row, row + PLATE_BAND)
        both = zip(kept, open_, strict=True)
        some = np.stack([np.where(o[band, :, None], k[band].astype(np.float32), np.nan) for k, o in both])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a place that is covered in every picture has no middle
            middle = np.nanmedian(some, axis=0)
        plate[band] = np.where(np.isnan(middle), 128, middle).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(plate, (0, 0), 3), np.uint8)


def _check(made: bytes, eye: Eye, faces: Faces, covers: Covers, count: int) -> tuple[dict[int, Findings], int | None]:
    """Look at the finished film: what is found in which of its pictures, and in which most."""
    film = _Film(made, 0, count * 1000 // MOST_FPS + 1000)
    found: dict[int, Findings] = {}
    worst, most = None, 0.0
    for n, bgr in film.pictures():
        if n % CHECK_EVERY:
            continue
        seen = [f for f in faces.find(bgr) if f.score >= FACE_SURE and not _is_under(f.box, covers, n)]
        things = [d for d in eye.look(bgr, ()) if d.kind is Kind.PERSON and d.score >= PERSON_SURE]
        heads = [d for d in things if not _is_under(_head(d.box), covers, n)]
        if seen or heads:
            found[n] = Findings(tuple(heads), tuple(seen), ())
            score = max(d.score for d in (*seen, *heads))
            if score > most:
                worst, most = n, score
    return found, worst


def _head(box: Box) -> Box:
    return Box(box.left, box.top, box.right, box.top + HEAD * (box.bottom - box.top))


def _is_under(box: Box, covers: Covers, n: int) -> bool:
    """Whether nearly all of `box` is covered in picture `n`, by all covers together."""
    return n >= len(covers.boxes) or _under(box, covers.boxes[n], FINE) > UNDER


def _under(box: Box, covers: Sequence[Box], fine: int) -> float:
    """The share of `box` that all `covers` together cover, asked at `fine` × `fine` points."""
    x = box.left + (box.right - box.left) * (np.arange(fine) + 0.5)[None] / fine
    y = box.top + (box.bottom - box.top) * (np.arange(fine) + 0.5)[:, None] / fine
    under = np.zeros((fine, fine), np.bool_)
    for cover in covers:
        under |= (x >= cover.left) & (x <= cover.right) & (y >= cover.top) & (y <= cover.bottom)
    return float(under.mean())
