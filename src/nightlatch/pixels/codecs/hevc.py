"""HEVC (H.265) as recording needs it: NAL units, parameter sets, the `hvcC` record. Nothing is decoded here.

It is kept as `hvc1`: its parameter sets stand in the sample entry and are taken out of the samples (ISO/IEC 14496-15,
8.3.1). `hev1` would leave them in both, but Safari plays no `hev1`, and every init tells of a change already. Only a
change between two key frames stays in its sample, since no init comes there.

A picture that decoding can begin with is an IRAP: IDR, BLA or CRA. Pictures that are shown before a CRA but come
after it (RASL) cannot be decoded by whoever begins there; decoders leave them out (ISO/IEC 23008-2, 8.1.3), so they
are kept as they come.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nightlatch.pixels.codecs.bits import BadBits, Bits, unprevented
from nightlatch.pixels.codecs.codec import AccessUnit, Counting, Following, Framing, Gathering, VideoStream
from nightlatch.pixels.codecs.h264 import join_lengths, split_annex_b, split_lengths
from nightlatch.pixels.codecs.mp4 import box, picture_entry

SLICES = range(32)  # kinds of units (ISO/IEC 23008-2, table 7-1)
KEYS = range(16, 24)  # IRAP: BLA, IDR, CRA, and two kept for more of them
VPS = 32
SPS = 33
PPS = 34
AP = 48  # kinds of RTP payloads (RFC 7798, 4.4)
FU = 49

_SETS = range(VPS, PPS + 1)
_START = b"\0\0\0\1"
_RECORD_HEAD = 23  # bytes of an hvcC record before its arrays
_SPS_HEAD = 256  # bytes of a sequence parameter set that hold its shape for sure
_LONGEST_SET = 0xFFFF  # its length has two bytes there
_MOST_SET_BYTES = 0x10000  # of all together; an encoder's come to some hundred
_MOST_UNITS = 4096  # of one picture; level 6.2 has 600 slices
_MOST_BYTES = 16 << 20  # of one picture; a key frame in 4K has one or two million
_MOST_AHEAD = 0x10000  # bytes that wait for their picture


class BadHevc(ValueError):
    """Bytes that are not the HEVC they should be."""


@dataclass(frozen=True, slots=True)
class HevcShape:
    """What a sequence parameter set says, after cropping."""

    id: int
    profile: bytes  # profile, compatibility, constraints and level: 12 bytes as an hvcC record has them
    sub_layers: int
    is_nested: bool
    width: int
    height: int
    chroma: int  # chroma_format_idc
    luma_depth: int
    chroma_depth: int


SetName = tuple[int, int]  # kind and id


def rfc6381(stream: VideoStream) -> str:
    """`hvc1.`, profile, compatibility, tier and level, constraints (ISO/IEC 14496-15, E.3)."""
    head = stream.extradata[:_RECORD_HEAD].ljust(_RECORD_HEAD, b"\0")
    space, tier, profile = head[1] >> 6, head[1] >> 5 & 1, head[1] & 31
    compatible = int(f"{int.from_bytes(head[2:6]):032b}"[::-1], 2)
    name = f"hvc1.{('', 'A', 'B', 'C')[space]}{profile}.{compatible:X}.{'LH'[tier]}{head[12]}"
    return "".join((name, *(f".{byte:X}" for byte in head[6:12].rstrip(b"\0"))))


def sample_entry(stream: VideoStream) -> bytes:
    """`hvc1` with its `hvcC` (ISO/IEC 14496-15, 8.4.1)."""
    return picture_entry(b"hvc1", stream, box(b"hvcC", stream.extradata))


def framing(extradata: bytes, fps: float | None) -> Framing:
    """For a new source: `extradata` is an hvcC record, parameter sets in Annex B, or nothing."""
    return _HevcFraming(extradata, fps)


def gathering() -> Gathering:
    """For a new RTP session without interleaving (`sprop-max-don-diff` is 0, as it is where nothing is said)."""
    return _Gathering()


def announced(parameters: Mapping[str, str]) -> bytes:
    """The parameter sets in `sprop-vps`, `sprop-sps` and `sprop-pps` (RFC 7798, 7.1); what is broken is left out."""
    found = b""
    for name in ("sprop-vps", "sprop-sps", "sprop-pps"):
        for coded in parameters.get(name, "").split(","):
            try:
                unit = binascii.a2b_base64(coded)
            except ValueError:
                continue
            if _is_set(unit):
                found += _START + unit
    return found


def begins_picture(sample: bytes) -> bool:
    """Whether the first slice of a length-prefixed sample is the first of its picture; True where there is none."""
    return _begins(split_lengths(sample))


def without_parameters(sample: bytes) -> bytes:
    """A length-prefixed sample without the parameter sets in it."""
    return join_lengths([unit for unit in split_lengths(sample) if not _is_set(unit)])


def numbering(stream: VideoStream) -> Counting | None:
    """None: each picture names all that it is predicted from, and one that is left out cannot be hidden."""
    return None


def following(stream: VideoStream) -> Following | None:
    """None: each picture names all that it is predicted from, so that the decoder notices what is missing."""
    return None


def parameter_sets(unit: bytes) -> tuple[bytes, ...]:
    """Those in an Annex B access unit."""
    return tuple(each for each in split_annex_b(unit) if _is_set(each))


def payloads(unit: bytes, most: int) -> list[bytes]:
    """An Annex B access unit as RTP payloads (RFC 7798): whole NAL units, or pieces (FU, 4.4.3) of at most `most`."""
    found: list[bytes] = []
    for each in split_annex_b(unit):
        if len(each) <= most:
            found.append(each)
            continue
        head = bytes((each[0] & 0x81 | FU << 1, each[1]))
        for at in range(2, len(each), most):
            edges = (0x80 if at == 2 else 0) | (0x40 if at + most >= len(each) else 0)
            found.append(head + bytes((edges | _kind(each),)) + each[at : at + most])
    return found


def parse_sps(unit: bytes) -> HevcShape:
    """The picture's shape (ISO/IEC 23008-2, 7.3.2.2.1).

    Raises:
        BadHevc: the unit is broken.
    """
    try:
        bits = Bits(unprevented(unit[2:_SPS_HEAD]))
        bits.take(4)
        more_layers = bits.take(3)
        is_nested = bool(bits.take(1))
        profile = bits.take(96).to_bytes(12)
        _skip_sub_layers(bits, more_layers)
        number = bits.unsigned()
        chroma = bits.unsigned()
        if chroma == 3:
            bits.take(1)
        width, height = bits.unsigned(), bits.unsigned()
        if bits.take(1):
            left, right, top, bottom = (bits.unsigned() for _ in range(4))
            width -= (2 if chroma in (1, 2) else 1) * (left + right)
            height -= (2 if chroma == 1 else 1) * (top + bottom)
        luma_depth, chroma_depth = 8 + bits.unsigned(), 8 + bits.unsigned()
    except BadBits as error:
        raise BadHevc(f"sequence parameter set: {error}") from None
    if more_layers > 6 or number > 15 or chroma > 3 or max(luma_depth, chroma_depth) > 16:
        raise BadHevc("sequence parameter set with impossible values")
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise BadHevc("sequence parameter set with an impossible size")
    return HevcShape(number, profile, more_layers + 1, is_nested, width, height, chroma, luma_depth, chroma_depth)


def _skip_sub_layers(bits: Bits, more_layers: int) -> None:
    """What profile_tier_level (7.3.3) says of each sub-layer."""
    told = [(bits.take(1), bits.take(1)) for _ in range(more_layers)]
    if more_layers:
        bits.take(2 * (8 - more_layers))
    for has_profile, has_level in told:
        bits.take(88 * has_profile + 8 * has_level)


def write_record(sets: Iterable[bytes], shape: HevcShape) -> bytes:
    """HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1), four-byte lengths, complete arrays."""
    sets = tuple(sets)
    arrays = [[unit for unit in sets if _kind(unit) == kind] for kind in _SETS]
    record = bytearray(b"\1" + shape.profile)
    record += bytes((0xF0, 0, 0xFC, 0xFC | shape.chroma, 0xF8 | shape.luma_depth - 8, 0xF8 | shape.chroma_depth - 8))
    record += bytes((0, 0, shape.sub_layers << 3 | shape.is_nested << 2 | 3, len(arrays)))
    for kind, units in zip(_SETS, arrays, strict=True):
        record += bytes((0x80 | kind,)) + len(units).to_bytes(2)
        for unit in units:
            record += len(unit).to_bytes(2) + unit
    return bytes(record)


def read_record(record: bytes) -> tuple[tuple[bytes, ...], int]:
    """The units in an hvcC record and its length size in bytes.

    Raises:
        BadHevc: it is cut short.
    """
    if len(record) < _RECORD_HEAD:
        raise BadHevc("no hvcC record")
    at, found = _RECORD_HEAD, []
    for _ in range(record[_RECORD_HEAD - 1]):
        count = int.from_bytes(record[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2])
            if at + 2 + size > len(record):
                raise BadHevc("hvcC record is cut short")
            found.append(record[at + 2 : at + 2 + size])
            at += 2 + size
    if at > len(record):
        raise BadHevc("hvcC record is cut short")
    return tuple(found), (record[21] & 3) + 1


def _kind(unit: bytes | bytearray) -> int:
    return unit[0] >> 1 & 63


def _is_slice(unit: bytes) -> bool:
    return len(unit) > 2 and _kind(unit) in SLICES


def _is_set(unit: bytes) -> bool:
    """Whether it is a parameter set of the picture itself, and not of a layer above it."""
    return len(unit) > 2 and _kind(unit) in _SETS and not unit[0] & 1 and unit[1] >> 3 == 0


def _begins(units: Iterable[bytes]) -> bool:
    """By `first_slice_segment_in_pic_flag`, the first bit of a slice (7.3.6.1)."""
    return next((unit[2] & 0x80 != 0 for unit in units if _is_slice(unit)), True)


def _name(unit: bytes) -> SetName:
    """Kind and id of a parameter set. Raises `BadHevc`."""
    kind = _kind(unit)
    if len(unit) > _LONGEST_SET:
        raise BadHevc("a parameter set is too long")
    if kind == VPS:
        return kind, unit[2] >> 4
    if kind == SPS:
        return kind, parse_sps(unit).id
    try:
        number = Bits(unprevented(unit[2:18])).unsigned()
    except BadBits as error:
        raise BadHevc(f"picture parameter set: {error}") from None
    if number > 63:
        raise BadHevc("picture parameter set with an impossible id")
    return kind, number


class _HevcFraming:
    """Turns video packets into length-prefixed samples and notices new parameter sets."""

    def __init__(self, extradata: bytes, fps: float | None) -> None:
        self._length_size: int | None = None  # Annex B
        self._sets: dict[SetName, bytes] = {}
        self._told: VideoStream | None = None  # by the last key frame
        self._fps = fps
        self.video: VideoStream | None = None
        if extradata[:2] == b"\0\0":
            self._learn(split_annex_b(extradata))
        elif extradata:
            try:
                units, self._length_size = read_record(extradata)
                self._learn(units)
            except BadHevc:
                pass  # they may still come in the stream

    def frame(self, data: bytes, is_key: bool) -> bytes:
        if self._length_size is None:
            return self.frame_units(split_annex_b(data), is_key)
        return self.frame_units(list(split_lengths(data, self._length_size)), is_key)

    def frame_units(self, units: Sequence[bytes], is_key: bool) -> bytes:
        known = frozenset(self._sets.values())
        self._learn(units)
        is_new = is_key and self.video != self._told
        if is_key:
            self._told = self.video
        kept = [unit for unit in units if len(unit) > 2 and not (_is_set(unit) and (is_new or unit in known))]
        return join_lengths(kept) if any(_is_slice(unit) for unit in kept) else b""

    def _learn(self, units: Sequence[bytes]) -> None:
        """Take what is new among parameter sets; what is broken or too much changes nothing."""
        came: dict[SetName, bytes] = {}
        for unit in units:
            if not _is_set(unit):
                continue
            try:
                came[_name(unit)] = unit
            except BadHevc:
                continue
        if all(self._sets.get(name) == unit for name, unit in came.items()):
            return
        sets = came if len({kind for kind, _ in came}) == len(_SETS) else self._sets | came
        if sum(map(len, sets.values())) > _MOST_SET_BYTES:
            return
        self._sets = sets
        if len({kind for kind, _ in sets}) == len(_SETS):
            shape = parse_sps(next(unit for (kind, _), unit in sets.items() if kind == SPS))
            self.video = VideoStream(
                shape.width, shape.height, self._fps, write_record(sets.values(), shape), codec="hevc"
            )


@dataclass(slots=True)
class _Gathering:
    """Access units from RTP payloads; units without a picture wait for the next one."""

    _units: list[bytes] = field(default_factory=list)
    _size: int = 0
    _piece: bytearray | None = None  # a unit that has begun to come
    _is_whole: bool = True
    _has_gap: bool = False  # before the next payload
    _has_begun: bool = False  # a picture has been taken

    def add(self, payload: bytes) -> None:
        if self._has_gap:
            self._has_gap = self._is_whole = False
        if len(payload) < 3:
            self._spoil()
            return
        kind = _kind(payload)
        if kind == FU:
            self._add_piece(payload)
            return
        if self._piece is not None:
            self._spoil()
        if kind == AP:
            self._add_several(payload)
        else:
            self._keep(payload)

    def lose(self) -> None:
        self._spoil()
        self._has_gap = True

    def take(self) -> AccessUnit | None:
        if self._piece is not None:
            self._spoil()
        if not any(_is_slice(unit) for unit in self._units):
            if self._size > _MOST_AHEAD:
                self._units, self._size = [], 0
                self._spoil()
            return None
        is_key = any(_kind(unit) in KEYS for unit in self._units)
        is_whole = self._is_whole and (self._has_begun or _begins(self._units))
        made = AccessUnit(tuple(self._units), is_key, is_whole)
        self._units, self._size = [], 0
        self._is_whole = self._has_begun = True
        return made

    def _add_several(self, payload: bytes) -> None:
        """An aggregation packet (4.4.2)."""
        at = 2
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 2])
            if size < 3 or at + 2 + size > len(payload):
                self._spoil()
                return
            self._keep(payload[at + 2 : at + 2 + size])
            at += 2 + size

    def _add_piece(self, payload: bytes) -> None:
        """A fragmentation unit (4.4.3)."""
        edges, kind = payload[2], payload[2] & 63
        if edges & 0x80:
            if self._piece is not None:
                self._spoil()
            self._piece = bytearray((payload[0] & 0x81 | kind << 1, payload[1]))
        if self._piece is None or _kind(self._piece) != kind or self._size + len(self._piece) > _MOST_BYTES:
            self._spoil()
            return
        self._piece += payload[3:]
        if edges & 0x40:
            unit, self._piece = bytes(self._piece), None
            self._keep(unit)

    def _keep(self, unit: bytes) -> None:
        is_too_much = len(self._units) >= _MOST_UNITS or self._size + len(unit) > _MOST_BYTES
        if _kind(unit) >= AP or len(unit) < 3 or is_too_much:
            self._spoil()
            return
        self._units.append(unit)
        self._size += len(unit)

    def _spoil(self) -> None:
        self._is_whole = False
        self._piece = None
