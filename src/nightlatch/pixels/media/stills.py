"""Small JPEGs: one for now, and a sheet with a minute of them for the strip."""

from __future__ import annotations

import json

import cv2
import numpy as np

from nightlatch.domain.recording import Sheet, Still
from nightlatch.domain.time import MINUTE_MS
from nightlatch.pixels.media.frames import Image, Picture

COLUMNS = 5
QUALITY = 72
CELL_QUALITY = 95  # of what is made a JPEG once more with the whole sheet
THUMBNAIL_WIDTH = 160
THUMBNAIL_BYTES = 1_900
_START = b"\xff\xd8"
_COMMENT = b"\xff\xfe"


def make_still(picture: Picture, camera_id: str, width: int = 640) -> Still:
    """A JPEG of the picture, at most `width` wide."""
    image = picture.bgr(width)
    return Still(camera_id, picture.at_ms, image.shape[1], image.shape[0], encode_jpeg(image))


def make_thumbnail(still: Still) -> bytes | None:
    """The still again, small enough for an alert (under `THUMBNAIL_BYTES`); None when no quality makes it so."""
    image = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return None
    height = round(image.shape[0] * THUMBNAIL_WIDTH / image.shape[1])
    small = cv2.resize(image, (THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
    for quality in (60, 40, 25, 12):
        is_made, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if is_made and len(coded) <= THUMBNAIL_BYTES:
            return bytes(coded)
    return None


def encode_jpeg(image: Image, comment: bytes = b"", quality: int = QUALITY) -> bytes:
    """A JPEG, with `comment` in a COM segment right after its start (ITU-T T.81, B.2.4.5)."""
    is_made, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_made:
        raise ValueError("this picture cannot be made a JPEG")
    jpeg = bytes(coded)
    if comment:
        jpeg = _START + _COMMENT + (len(comment) + 2).to_bytes(2) + comment + jpeg[2:]
    return jpeg


def read_comment(jpeg: bytes) -> bytes | None:
    """The COM segment that `encode_jpeg` wrote, or None."""
    if jpeg[2:4] != _COMMENT:
        return None
    return jpeg[6 : 4 + int.from_bytes(jpeg[4:6])]


class SheetBuilder:
    """One sheet per minute of the hub's clock, with at most one still per `spacing_ms`."""

    def __init__(
        self, camera_id: str, *, spacing_ms: int = 4000, per_sheet: int = 15, cell: tuple[int, int] = (320, 180)
    ) -> None:
        self._camera_id = camera_id
        self._spacing_ms = spacing_ms
        self._per_sheet = per_sheet
        self._cell = cell
        self._minute: int | None = None
        self._slot = -1
        self._cells: list[tuple[int, bytes]] = []  # JPEGs: as plain pixels a minute would be 2.6 MB a camera

    def add(self, picture: Picture) -> Sheet | None:
        """Take a picture; the first of another minute gives the sheet of the one before."""
        minute, within_ms = divmod(picture.at_ms, MINUTE_MS)
        sheet = self.finish() if minute != self._minute else None
        self._minute = minute
        slot = within_ms // self._spacing_ms
        if slot != self._slot and len(self._cells) < self._per_sheet:
            self._slot = slot
            image = cv2.resize(picture.bgr(self._cell[0]), self._cell, interpolation=cv2.INTER_AREA)
            self._cells.append((picture.at_ms, encode_jpeg(np.asarray(image, dtype=np.uint8), quality=CELL_QUALITY)))
        return sheet

    def finish(self) -> Sheet | None:
        """What there is of the open minute."""
        cells, self._cells, self._slot = self._cells, [], -1
        if not cells:
            return None
        width, height = self._cell
        rows = -(-len(cells) // COLUMNS)
        whole = np.zeros((rows * height, COLUMNS * width, 3), np.uint8)
        for index, (_, jpeg) in enumerate(cells):
            top, left = index // COLUMNS * height, index % COLUMNS * width
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            if image is not None:
                whole[top : top + height, left : left + width] = image
        at_ms = tuple(at for at, _ in cells)
        said = {"v": 1, "at_ms": at_ms, "columns": COLUMNS, "cell": [width, height]}
        made = encode_jpeg(whole, json.dumps(said, separators=(",", ":")).encode())
        return Sheet(self._camera_id, at_ms[0], at_ms, COLUMNS, width, height, made)
