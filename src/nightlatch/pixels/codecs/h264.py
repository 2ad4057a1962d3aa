"""H.264 as recording needs it: NAL units, parameter sets, the `avcC` record. Nothing is decoded here.

Two framings exist: Annex B (start codes; RTSP, raw files, AVI) and length-prefixed (MP4, Matroska). Everything
past the source is length-prefixed with four bytes, as ISO/IEC 14496-15 wants it inside MP4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

IDR = 5
SPS = 7
PPS = 8

_START = b"\0\0\1"
_SLICE, _KEY_SLICE = 1, 5  # kinds of units
_SLICE_HEAD = 16  # bytes of a slice that hold its number and place for sure
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class BadH264(ValueError):
    """Bytes that are not the H.264 they should be."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sequence and picture parameter sets of a stream."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    def avcc(self) -> bytes:
        """AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1), four-byte lengths."""
        first = self.sps[0]
        record = bytearray((1, first[1], first[2], first[3], 0xFF, 0xE0 | len(self.sps)))
        for unit in self.sps:
            record += len(unit).to_bytes(2) + unit
        record.append(len(self.pps))
        for unit in self.pps:
            record += len(unit).to_bytes(2) + unit
        if first[1] in (100, 110, 122, 144):
            shape = parse_sps(first)
            record += bytes((0xFC | shape.chroma, 0xF8 | shape.luma_depth - 8, 0xF8 | shape.chroma_depth - 8, 0))
        return bytes(record)


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a stream counts pictures: bits of `frame_num`, and of `pic_order_cnt_lsb` where places are told."""

    number_bits: int
    place_bits: int | None

    def renumbered(self, sample: bytes, count: int) -> bytes | None:
        """The sample as the `count`-th picture after its key frame (7.3.3); None for what is no predicted picture."""
        try:
            return join_lengths([self._as(count, u) for u in split_lengths(sample) if u[0] & 31 == _SLICE]) or None
        except BadH264:
            return None

    def _as(self, count: int, unit: bytes) -> bytes:
        end = min(_SLICE_HEAD, len(unit))
        while end < len(unit) and unit[end - 1] in (0, 3):  # not within what emulation prevention put in
            end += 1
        head = unit[1:end].replace(b"\0\0\3", b"\0\0")
        bits, value = _Bits(head), int.from_bytes(head)
        for _ in range(3):  # first macroblock, kind of slice, its parameters
            bits.unsigned()
        for width, number in ((self.number_bits, count), (self.place_bits or 0, 2 * count)):
            bits.take(width)
            mask = (1 << width) - 1
            value = value & ~(mask << bits.left) | (number & mask) << bits.left
        return unit[:1] + _prevented(value.to_bytes(len(head))) + unit[end:]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a sequence parameter set says of the picture, after cropping."""

    width: int
    height: int
    chroma: int  # chroma_format_idc
    luma_depth: int
    chroma_depth: int
    numbering: Numbering | None = None  # None for what is interlaced or otherwise rare


def split_annex_b(data: bytes) -> list[bytes]:
    """The NAL units between start codes (ISO/IEC 14496-10, Annex B)."""
    return [unit for piece in data.split(_START)[1:] if (unit := piece.rstrip(b"\0"))]


def split_lengths(data: bytes, length_size: int = 4) -> Iterator[bytes]:
    """The NAL units of a length-prefixed sample; stops quietly where the sample is cut short."""
    at = 0
    while at + length_size < len(data):
        size = int.from_bytes(data[at : at + length_size])
        at += length_size
        if size:
            yield data[at : at + size]
        at += size


def join_lengths(units: list[bytes]) -> bytes:
    """A sample with four-byte lengths."""
    return b"".join([piece for unit in units for piece in (len(unit).to_bytes(4), unit)])


def starts_anew(sample: bytes) -> bool:
    """Whether a length-prefixed sample holds a picture after which counting begins at 0."""
    return any(unit[0] & 31 == _KEY_SLICE for unit in split_lengths(sample))


def begins_picture(sample: bytes) -> bool:
    """Whether the first slice of a length-prefixed sample is the first of its picture; True where there is none.

    `first_mb_in_slice` leads the slice header (ISO/IEC 14496-10, 7.3.3); as ue(v), zero is a single set bit.
    """
    for unit in split_lengths(sample):
        if unit[0] & 31 in (1, IDR):
            return len(unit) < 2 or unit[1] & 0x80 != 0
    return True


def find_parameter_sets(units: list[bytes]) -> ParameterSets | None:
    """The parameter sets among `units`; None unless both kinds are there."""
    sps = tuple(dict.fromkeys(u for u in units if u[0] & 31 == SPS and len(u) >= 4))
    pps = tuple(dict.fromkeys(u for u in units if u[0] & 31 == PPS))
    return ParameterSets(sps[:31], pps[:255]) if sps and pps else None


def parse_avcc(record: bytes) -> tuple[ParameterSets, int]:
    """The parameter sets of an avcC record and its length size in bytes.

    Raises:
        BadH264: it is cut short or holds no parameter sets.
    """
    if len(record) < 7 or record[0] != 1:
        raise BadH264("no avcC record")
    at, found = 6, []
    count = record[5] & 31
    for kind in range(2):
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2])
            found.append(record[at + 2 : at + 2 + size])
            at += 2 + size
        if kind == 0:
            if at >= len(record):
                raise BadH264("avcC record is cut short")
            count = record[at]
            at += 1
    sets = find_parameter_sets([unit for unit in found if unit])
    if sets is None:
        raise BadH264("avcC record without parameter sets")
    return sets, (record[4] & 3) + 1


class _Bits:
    """Reads bits and Exp-Golomb codes (ISO/IEC 14496-10, 9.1)."""

    def __init__(self, data: bytes) -> None:
        self.left = len(data) * 8
        self._value = int.from_bytes(data)

    def take(self, count: int) -> int:
        self.left -= count
        if self.left < 0:
            raise BadH264("sequence parameter set is cut short")
        return (self._value >> self.left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 31:
                raise BadH264("sequence parameter set is broken")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def parse_sps(unit: bytes) -> Shape:
    """The picture's shape (ISO/IEC 14496-10, 7.3.2.1.1).

    Raises:
        BadH264: the unit is broken.
    """
    bits = _Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma, luma_depth, chroma_depth, has_planes = 1, 8, 8, 0
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            has_planes = bits.take(1)
        luma_depth = 8 + bits.unsigned()
        chroma_depth = 8 + bits.unsigned()
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 12 if chroma == 3 else 8)
    number_bits = bits.unsigned() + 4
    order, place_bits = bits.unsigned(), None
    if order == 0:
        place_bits = bits.unsigned() + 4
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    bits.take(1)
    width = 16 * (bits.unsigned() + 1)
    map_height = 16 * (bits.unsigned() + 1)
    frames_only = bits.take(1)
    height = map_height * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        step_x = 2 if chroma in (1, 2) else 1
        step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= step_x * (bits.unsigned() + bits.unsigned())
        height -= step_y * (bits.unsigned() + bits.unsigned())
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise BadH264("sequence parameter set with an impossible size")
    is_plain = frames_only and not has_planes and order != 1
    numbering = Numbering(number_bits, place_bits) if is_plain else None
    return Shape(width, height, chroma, luma_depth, chroma_depth, numbering)


def _prevented(head: bytes) -> bytes:
    """With emulation prevention (7.4.1)."""
    made, zeros = bytearray(), 0
    for byte in head:
        if zeros == 2 and byte <= 3:
            made.append(3)
            zeros = 0
        made.append(byte)
        zeros = 0 if byte else zeros + 1
    return bytes(made)


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last, following = 8, 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last
