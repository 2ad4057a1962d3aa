"""H.264 as recording needs it: NAL units, parameter sets, the `avcC` record. Nothing is decoded here.

Two framings exist: Annex B (start codes; RTSP, raw files, AVI) and length-prefixed (MP4, Matroska). Everything
past the source is length-prefixed with four bytes, as ISO/IEC 14496-15 wants it inside MP4.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nightlatch.pixels.codecs.bits import BadBits, Bits, unprevented
from nightlatch.pixels.codecs.codec import AccessUnit, Following, Framing, Gathering, VideoStream
from nightlatch.pixels.codecs.mp4 import box, picture_entry

SLICE = 1  # kinds of units
IDR = 5
SEI = 6
SPS = 7
PPS = 8
STAP_A = 24
FU_A = 28
LARGEST_UNIT = 8 * 1024 * 1024  # bytes of one picture; what is longer is no picture, and counts as lost
MOST_UNITS = 8192  # slices of one picture, likewise

_START = b"\0\0\1"
_ANY_ASPECT = 255  # both sides of it follow
_RECOVERY_POINT = 6  # the kind of an SEI message
_SLICE_HEAD = 16  # bytes of a slice that hold its number and place for sure
_UNSURE = 20  # wrong numbers until it is doubted that a stream counts at all
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class BadH264(BadBits):
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
    may_skip: bool = False  # gaps in the numbers are allowed

    def renumbered(self, sample: bytes, count: int) -> bytes | None:
        """The sample as the `count`-th picture after its key frame (7.3.3); None for what is no predicted picture."""
        try:
            return join_lengths([self._as(count, u) for u in split_lengths(sample) if u[0] & 31 == SLICE]) or None
        except BadBits:
            return None

    def starts_anew(self, sample: bytes) -> bool:
        """Whether a sample holds a picture after which counting begins at 0."""
        return any(unit[0] & 31 == IDR for unit in split_lengths(sample))

    def number(self, sample: bytes) -> tuple[int, bool] | None:
        """`frame_num` of a sample's first slice, and whether others may be predicted from it; None without one."""
        for unit in split_lengths(sample):
            if unit[0] & 31 in (SLICE, IDR):
                bits = Bits(unprevented(unit[1 : 2 * _SLICE_HEAD]))
                try:
                    for _ in range(3):
                        bits.unsigned()
                    return bits.take(self.number_bits), unit[0] & 0x60 != 0
                except BadBits:
                    return None
        return None

    def _as(self, count: int, unit: bytes) -> bytes:
        end = min(_SLICE_HEAD, len(unit))
        while end < len(unit) and unit[end - 1] in (0, 3):  # not within what emulation prevention put in
            end += 1
        head = unprevented(unit[1:end])
        bits, value = Bits(head), int.from_bytes(head)
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
    fps: float | None = None  # as it declares; None where it does not


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


def rfc6381(stream: VideoStream) -> str:
    """`avc1.` and profile, constraints and level (RFC 6381, 3.3)."""
    return "avc1." + stream.extradata[1:4].hex()


def sample_entry(stream: VideoStream) -> bytes:
    """`avc1` with its `avcC` (ISO/IEC 14496-15, 5.4.2)."""
    return picture_entry(b"avc1", stream, box(b"avcC", stream.extradata))


def framing(extradata: bytes, fps: float | None) -> Framing:
    """For a new source: `extradata` is an avcC record, parameter sets in Annex B, or nothing."""
    return _H264Framing(extradata, fps)


def gathering() -> Gathering:
    """For a new RTP session (RFC 6184, packetization modes 0 and 1)."""
    return _PictureGathering()


def announced(parameters: Mapping[str, str]) -> bytes:
    """`sprop-parameter-sets` (RFC 6184, 8.1) as Annex B; empty where there are none or they are no Base64."""
    found = b""
    for text in parameters.get("sprop-parameter-sets", "").split(",")[:64]:
        try:
            unit = b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError:
            continue
        if unit:
            found += b"\0" + _START + unit
    return found


def begins_picture(sample: bytes) -> bool:
    """Whether the first slice of a length-prefixed sample is the first of its picture; True where there is none.

    `first_mb_in_slice` leads the slice header (ISO/IEC 14496-10, 7.3.3); as ue(v), zero is a single set bit.
    """
    for unit in split_lengths(sample):
        if unit[0] & 31 in (SLICE, IDR):
            return len(unit) < 2 or unit[1] & 0x80 != 0
    return True


def without_parameters(sample: bytes) -> bytes:
    """A length-prefixed sample without the parameter sets in it."""
    return join_lengths([unit for unit in split_lengths(sample) if unit[0] & 31 not in (SPS, PPS)])


def numbering(stream: VideoStream) -> Numbering | None:
    """How the stream counts its pictures; None for what is interlaced, broken or otherwise rare."""
    try:
        sets, length_size = parse_avcc(stream.extradata)
        return parse_sps(sets.sps[0]).numbering if length_size == 4 else None
    except BadBits:
        return None


def following(stream: VideoStream) -> Following | None:
    """By `frame_num` (7.4.3); None where it cannot be read, or may have gaps."""
    counts = numbering(stream)
    return _Following(counts) if counts is not None and not counts.may_skip else None


def parameter_sets(unit: bytes) -> tuple[bytes, ...]:
    """Those in an Annex B access unit."""
    return tuple(each for each in split_annex_b(unit) if each[0] & 31 in (SPS, PPS))


def payloads(unit: bytes, most: int) -> list[bytes]:
    """An Annex B access unit as RTP payloads (RFC 6184): whole NAL units, or pieces (FU-A, 5.8) of at most `most`."""
    found: list[bytes] = []
    for each in split_annex_b(unit):
        if len(each) <= most:
            found.append(each)
            continue
        for at in range(1, len(each), most):
            edges = (0x80 if at == 1 else 0) | (0x40 if at + most >= len(each) else 0)
            found.append(bytes((each[0] & 0xE0 | FU_A, edges | each[0] & 31)) + each[at : at + most])
    return found


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


class _H264Framing:
    """Turns video packets into length-prefixed samples and notices new parameter sets."""

    def __init__(self, extradata: bytes, fps: float | None) -> None:
        self._length_size: int | None = None  # Annex B; a size of 256 to 511 bytes looks like a start code
        self._sets: ParameterSets | None = None
        self._fps = fps
        self.video: VideoStream | None = None
        if extradata[:1] == b"\1":
            try:
                sets, self._length_size = parse_avcc(extradata)
                self._learn(sets)
            except BadBits:
                pass  # they may still come in the stream
        elif extradata:
            self._look(split_annex_b(extradata))

    def frame(self, data: bytes, is_key: bool) -> bytes:
        if self._length_size is None:
            units = split_annex_b(data)
        elif self._length_size != 4:
            units = list(split_lengths(data, self._length_size))
        else:
            if is_key:
                self._look(list(split_lengths(data)))
            return data
        if is_key or self.video is None:
            self._look(units)
        return join_lengths(units)

    def frame_units(self, units: Sequence[bytes], is_key: bool) -> bytes:
        found = list(units)
        if is_key or self.video is None:
            self._look(found)
        return join_lengths(found)

    def _look(self, units: list[bytes]) -> None:
        sets = find_parameter_sets(units)
        if sets is None:
            return
        if self._sets and set(sets.sps) <= set(self._sets.sps) and set(sets.pps) <= set(self._sets.pps):
            return
        try:
            self._learn(sets)
        except BadBits:
            return

    def _learn(self, sets: ParameterSets) -> None:
        shape = parse_sps(sets.sps[0])
        self.video = VideoStream(shape.width, shape.height, self._fps or shape.fps, sets.avcc())
        self._sets = sets


class _Following:
    """A picture's number is one more than that of the last before it that others may be predicted from.

    An encoder that does not keep to that is believed no more once most of its numbers were wrong.
    """

    def __init__(self, counts: Numbering) -> None:
        self._counts = counts
        self._last: int | None = None
        self._wrong = self._right = 0

    def misses(self, sample: bytes, is_key: bool) -> bool:
        told = self._counts.number(sample)
        if told is None:
            return False
        number, is_reference = told
        expected = None if self._last is None else (self._last + 1) % (1 << self._counts.number_bits)
        if is_reference or is_key:
            self._last = number
        elif expected is not None:
            self._last = (number - 1) % (1 << self._counts.number_bits)
        if is_key or expected is None or self._wrong >= max(_UNSURE, self._right):
            return False
        is_wrong = number != expected
        self._wrong += is_wrong
        self._right += not is_wrong
        return is_wrong


class _PictureGathering:
    """Puts pictures together (RFC 6184, 5.6 to 5.8).

    What comes without a slice (an SEI, an AUD or parameter sets in a packet of its own, marked or not) is no picture:
    it is kept for the next one.
    """

    def __init__(self) -> None:
        self._units: list[bytes] = []
        self._pieces: list[bytes] = []  # of the unit that comes in fragments
        self._size = 0
        self._has_slice = self._has_idr = False
        self._is_whole = True
        self._is_after_gap = False  # packets are missing before the first of this picture

    def add(self, payload: bytes) -> None:
        if len(payload) < 2 or self._size > LARGEST_UNIT or len(self._units) + len(self._pieces) > MOST_UNITS:
            self._is_whole = False
            return
        kind = payload[0] & 31
        self._size += len(payload)
        if kind == FU_A:
            if self._pieces and not payload[1] & 0xC0:  # neither the first nor the last, as most are
                self._pieces.append(payload[2:])
            else:
                self._add_piece(payload)
            return
        if self._pieces:  # the rest of it never came
            self._pieces, self._is_whole = [], False
        if 0 < kind < STAP_A:
            self._put(payload)
        elif kind == STAP_A:
            at, end = 1, len(payload)
            while at + 2 < end:
                size = payload[at] << 8 | payload[at + 1]
                at += 2 + size
                if size == 0 or at > end:
                    self._is_whole = False
                    return
                self._put(payload[at - size : at])
        elif kind == 0 and _START in payload[:4]:  # start codes, which do not belong into RTP
            for unit in split_annex_b(payload):
                self._put(unit)
        else:
            self._is_whole = False

    def lose(self) -> None:
        self._pieces.clear()
        if self._has_slice:
            self._is_whole = False
        else:
            self._is_after_gap = True

    def take(self) -> AccessUnit | None:
        if self._pieces:
            self._pieces, self._is_whole = [], False
        if not self._has_slice:
            if self._size > LARGEST_UNIT or len(self._units) > MOST_UNITS:
                self._units, self._size = [], 0
            return None
        units = tuple(self._units)
        is_whole = self._is_whole and not (self._is_after_gap and not _begins(units))
        unit = AccessUnit(units, self._has_idr or _is_recovery(units), is_whole)
        self._units, self._size = [], 0
        self._has_slice = self._has_idr = self._is_after_gap = False
        self._is_whole = True
        return unit

    def _add_piece(self, payload: bytes) -> None:
        head = payload[1]
        if head & 0x80:
            if self._pieces:
                self._is_whole = False
            self._pieces = [bytes((payload[0] & 0xE0 | head & 31,)), payload[2:]]
        elif self._pieces:
            self._pieces.append(payload[2:])
        else:  # its beginning never came
            self._is_whole = False
        if head & 0x40 and self._pieces:
            self._put(b"".join(self._pieces))
            self._pieces = []

    def _put(self, unit: bytes) -> None:
        self._units.append(unit)
        kind = unit[0] & 31
        if SLICE <= kind <= IDR:
            self._has_slice = True
            if kind == IDR:
                self._has_idr = True


def _begins(units: Sequence[bytes]) -> bool:
    """Whether the first slice among `units` is the first of its picture."""
    first = next((unit for unit in units if SLICE <= unit[0] & 31 <= IDR), b"")
    return len(first) > 1 and first[1] & 0x80 != 0


def _is_recovery(units: Sequence[bytes]) -> bool:
    """Whether decoding can begin here without an IDR: SEI recovery point at this very picture (D.2.8), I slices."""
    if not any(unit[0] & 31 == SEI and _recovers(unit) for unit in units):
        return False
    try:
        for unit in units:
            if unit[0] & 31 == SLICE:
                bits = Bits(unprevented(unit[1:_SLICE_HEAD]))
                bits.unsigned()
                if bits.unsigned() % 5 != 2:
                    return False
    except BadBits:
        return False
    return True


def _recovers(unit: bytes) -> bool:
    at, end = 1, len(unit)
    while at + 2 < end:
        kind = size = 0
        while at < end and unit[at] == 0xFF:
            kind, at = kind + 255, at + 1
        kind, at = kind + (unit[at] if at < end else 0), at + 1
        while at < end and unit[at] == 0xFF:
            size, at = size + 255, at + 1
        size, at = size + (unit[at] if at < end else 0), at + 1
        if kind == _RECOVERY_POINT:
            return at < end and unit[at] & 0x80 != 0  # recovery_frame_cnt is zero
        at += size
    return False


def parse_sps(unit: bytes) -> Shape:
    """The picture's shape (ISO/IEC 14496-10, 7.3.2.1.1).

    Raises:
        BadBits: the unit is broken (`BadH264`, where it can be read and makes no sense).
    """
    bits = Bits(unprevented(unit[1:]))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    samples = _parse_samples(bits) if profile in _HIGH_PROFILES else _Samples(1, 8, 8, False)
    number_bits = bits.unsigned() + 4
    order = bits.unsigned()
    place_bits = _parse_places(bits, order)
    bits.unsigned()
    may_skip = bool(bits.take(1))
    width = 16 * (bits.unsigned() + 1)
    map_height = 16 * (bits.unsigned() + 1)
    frames_only = bits.take(1)
    height = map_height * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        step_x = 2 if samples.chroma in (1, 2) else 1
        step_y = (2 if samples.chroma == 1 else 1) * (2 - frames_only)
        width -= step_x * (bits.unsigned() + bits.unsigned())
        height -= step_y * (bits.unsigned() + bits.unsigned())
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise BadH264("sequence parameter set with an impossible size")
    is_plain = frames_only and not samples.has_planes and order != 1
    counts = Numbering(number_bits, place_bits, may_skip) if is_plain else None
    fps = _parse_rate(bits)
    return Shape(width, height, samples.chroma, samples.luma_depth, samples.chroma_depth, counts, fps)


@dataclass(frozen=True, slots=True)
class _Samples:
    """What a sequence parameter set of a high profile says of samples."""

    chroma: int
    luma_depth: int
    chroma_depth: int
    has_planes: bool


def _parse_samples(bits: Bits) -> _Samples:
    chroma = bits.unsigned()
    has_planes = bool(bits.take(1)) if chroma == 3 else False
    luma_depth = 8 + bits.unsigned()
    chroma_depth = 8 + bits.unsigned()
    bits.take(1)
    if bits.take(1):
        _skip_scaling(bits, 12 if chroma == 3 else 8)
    return _Samples(chroma, luma_depth, chroma_depth, has_planes)


def _parse_places(bits: Bits, order: int) -> int | None:
    """Bits of `pic_order_cnt_lsb`; None where places are told in another way."""
    if order == 0:
        return bits.unsigned() + 4
    if order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    return None


def _parse_rate(bits: Bits) -> float | None:
    """Pictures a second by the timing in the VUI (E.1.1); None where there is none or it makes no sense."""
    try:
        if not bits.take(1):
            return None
        if bits.take(1) and bits.take(8) == _ANY_ASPECT:
            bits.take(32)
        if bits.take(1):  # overscan
            bits.take(1)
        if bits.take(1):  # kind of signal
            bits.take(4)
            if bits.take(1):
                bits.take(24)
        if bits.take(1):  # place of chroma
            bits.unsigned()
            bits.unsigned()
        if not bits.take(1):
            return None
        ticks, scale = bits.take(32), bits.take(32)
    except BadBits:
        return None
    fps = scale / ticks / 2 if ticks else 0.0  # a tick is a field's
    return round(fps, 3) if 0.1 <= fps <= 240 else None


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


def _skip_scaling(bits: Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last, following = 8, 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last
