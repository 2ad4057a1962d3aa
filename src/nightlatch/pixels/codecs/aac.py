"""AAC: raw frames in MP4; from cameras with AU headers (RFC 3640), as LATM (RFC 6416) or with ADTS headers."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nightlatch.pixels.codecs.codec import AudioStream, SoundGathering
from nightlatch.pixels.codecs.mp4 import full_box, sound_entry

FRAME = 1024  # samples
_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_LARGEST = 65_536  # bytes of a frame in pieces; what is longer counts as lost
_NO_CONFIG = (
    "Its sound (AAC) cannot be recorded: the camera does not say how it is encoded. Set its audio to AAC-LC or G.711."
)


class BadAac(ValueError):
    """Bytes that are not the AAC they should be."""


class _CutShort(BadAac):
    """More is to come."""


def rfc6381(stream: AudioStream) -> str:
    """`mp4a.40.` and the kind of object that its AudioSpecificConfig names (ISO/IEC 14496-3, 1.6.2.1)."""
    first = int.from_bytes(stream.extradata[:2].ljust(2, b"\0"))
    kind = first >> 11
    return f"mp4a.40.{32 + (first >> 5 & 63) if kind == 31 else kind or 2}"


def sample_entry(stream: AudioStream) -> bytes:
    """`mp4a` with its `esds`."""
    return sound_entry(b"mp4a", stream, full_box(b"esds", 0, 0, _esds(stream.extradata)))


def gathering(encoding: str, rate: int, channels: int, parameters: Mapping[str, str]) -> SoundGathering:
    """AU headers or ADTS for MPEG4-GENERIC, audioMuxElements for MP4A-LATM.

    Raises:
        ValueError: it can never be described; the text is a sentence for the owner.
    """
    config = _hex(parameters.get("config", ""))
    if encoding == "MP4A-LATM":
        if parameters.get("cpresent", "1").strip() != "0":
            return _LatmGathering(None)
        try:
            return _LatmGathering(_parse_mux(_Reader(config)))
        except BadAac:
            raise ValueError(_NO_CONFIG) from None
    if not parameters.get("mode", "AAC-hbr").upper().startswith("AAC"):
        raise ValueError("Its sound (MPEG-4) cannot be recorded. Set the camera's audio to AAC if it can.")
    sizes = [_bits_told(parameters, name) for name in ("sizelength", "indexlength", "indexdeltalength")]
    if not any(sizes):
        sizes = [6, 2, 2] if parameters.get("mode", "").upper() == "AAC-LBR" else [13, 3, 3]
    return _HeaderGathering(_describe(config), sizes[0], sizes[1], sizes[2])


def rate(told: int) -> int:
    """As the container says."""
    return told


def samples(stream: AudioStream, data: bytes) -> int:
    """The same in each frame."""
    return FRAME


def described(stream: AudioStream, data: bytes) -> AudioStream:
    """With an AudioSpecificConfig from the ADTS header, where there was none."""
    if stream.extradata or not _has_header(data):
        return stream
    profile, index = (data[2] >> 6) + 1, data[2] >> 2 & 15
    channels = (data[2] & 1) << 2 | data[3] >> 6
    config = (profile << 11 | index << 7 | channels << 3).to_bytes(2)
    hertz = _ADTS_RATES[index] if index < len(_ADTS_RATES) else stream.sample_rate
    return replace(stream, sample_rate=hertz, channels=channels or stream.channels, extradata=config)


def unwrapped(data: bytes) -> bytes:
    """Without an ADTS header (ISO/IEC 13818-7, 6.2), with or without its checksum."""
    if not _has_header(data):
        return data
    return data[7:] if data[1] & 1 else data[9:]


def _has_header(data: bytes) -> bool:
    return len(data) >= 9 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())[:256]
    except ValueError:
        return b""


def _bits_told(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= 32 else 0


def _describe(config: bytes) -> AudioStream | None:
    """The stream of an AudioSpecificConfig; None where it is empty or makes no sense."""
    try:
        return _parse_config(_Reader(config))
    except BadAac:
        return None


class _HeaderGathering:
    """MPEG4-GENERIC: several frames behind their headers, a frame in several packets, or ADTS in spite of the SDP."""

    def __init__(self, stream: AudioStream | None, size_bits: int, index_bits: int, delta_bits: int) -> None:
        self.stream = stream
        self._size_bits, self._index_bits, self._delta_bits = size_bits, index_bits, delta_bits
        self._open, self._size = b"", 0  # a frame in pieces, and how long it will be
        self._headed = b""  # what an ADTS header says of all frames

    def add(self, payload: bytes) -> list[bytes]:
        if _has_header(payload):
            return self._plain(_split_adts(payload))
        try:
            sizes, at = self._headers(payload)
        except BadAac:
            self.lose()
            return []
        if len(sizes) == 1 and sizes[0] > len(payload) - at:
            return self._add_piece(payload[at:], sizes[0])
        self.lose()
        found = []
        for size in sizes:
            if size == 0 or at + size > len(payload):
                break
            found.append(payload[at : at + size])
            at += size
        return self._plain(found)

    def lose(self) -> None:
        self._open, self._size = b"", 0

    def _headers(self, payload: bytes) -> tuple[list[int], int]:
        """The sizes of the frames, and where the first begins (RFC 3640, 3.2.1)."""
        if not self._size_bits:
            return [len(payload)], 0
        bits = int.from_bytes(payload[:2])
        end = 2 + (bits + 7) // 8
        if end >= len(payload):
            raise _CutShort("AU headers are cut short")
        head, sizes = _Reader(payload[2:end]), []
        left, index_bits = bits, self._index_bits
        while left >= self._size_bits + index_bits:
            sizes.append(head.take(self._size_bits))
            head.take(index_bits)
            left -= self._size_bits + index_bits
            index_bits = self._delta_bits
        return sizes, end

    def _add_piece(self, piece: bytes, size: int) -> list[bytes]:
        if size != self._size or size > _LARGEST:
            self._open, self._size = b"", size
        self._open += piece
        if len(self._open) < size:
            return []
        frame, self._open, self._size = self._open[:size], b"", 0
        return self._plain([frame]) if size <= _LARGEST else []

    def _plain(self, frames: list[bytes]) -> list[bytes]:
        """Without ADTS headers; what these say counts, whatever the description said."""
        if frames and _has_header(frames[0]):
            headed = bytes((frames[0][2], frames[0][3] & 0xC0))
            if headed != self._headed:
                self._headed = headed
                self.stream = _describe(described(AudioStream("aac", 0, 1), frames[0]).extradata)
        return [each for each in map(unwrapped, frames) if each] if self.stream is not None else []


class _LatmGathering:
    """MP4A-LATM: audioMuxElements (ISO/IEC 14496-3, 1.7.3), each in one packet or several."""

    def __init__(self, mux: _Mux | None) -> None:
        self._is_in_band = mux is None
        self._mux = mux
        self._open = b""

    @property
    def stream(self) -> AudioStream | None:
        return self._mux.stream if self._mux is not None else None

    def add(self, payload: bytes) -> list[bytes]:
        data = self._open + payload
        try:
            frames = self._element(_Reader(data))
        except _CutShort:
            self._open = data if len(data) <= _LARGEST else b""
            return []
        except BadAac:
            frames = []
        self._open = b""
        return frames

    def lose(self) -> None:
        self._open = b""

    def _element(self, bits: _Reader) -> list[bytes]:
        if self._is_in_band and not bits.take(1):
            self._mux = _parse_mux(bits)
        if self._mux is None:  # a frame before the first configuration
            return []
        found = []
        for _ in range(self._mux.frames):
            size, more = 0, 255
            while more == 255:
                more = bits.take(8)
                size += more
            found.append(bits.octets(size))
        return [each for each in found if each]


@dataclass(frozen=True, slots=True)
class _Mux:
    """What a StreamMuxConfig says."""

    stream: AudioStream
    frames: int  # in each audioMuxElement


def _parse_mux(bits: _Reader) -> _Mux:
    """StreamMuxConfig (ISO/IEC 14496-3, 1.7.3.2) with one program and one layer, as cameras send it."""
    version = bits.take(1)
    if version and bits.take(1):
        raise BadAac("an unknown version of LATM")
    if version:
        _long(bits)
    bits.take(1)
    frames = bits.take(6) + 1
    if bits.take(4) or bits.take(3):
        raise BadAac("several programs or layers")
    size = _long(bits) if version else None
    before = bits.left
    stream = _parse_config(bits)
    if size is not None:
        rest = size - (before - bits.left)
        if rest < 0:
            raise BadAac("the configuration is longer than it says")
        bits.take(rest)
    if bits.take(3):
        raise BadAac("frames of a fixed length")
    bits.take(8)
    if bits.take(1):  # other data
        if version:
            _long(bits)
        else:
            while bits.take(1):
                bits.take(8)
            bits.take(8)
    if bits.take(1):
        bits.take(8)
    return _Mux(stream, frames)


def _long(bits: _Reader) -> int:
    """LatmGetValue."""
    return bits.take(8 * (bits.take(2) + 1))


def _parse_config(bits: _Reader) -> AudioStream:
    """AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) of the AAC family; its bytes become the stream's `extradata`."""
    start = bits.left
    kind = _kind(bits)
    hertz = _hertz(bits)
    channels = bits.take(4)
    core = kind
    if kind in (5, 29):  # spectral bands are replicated: the sound itself counts at the lower rate
        _hertz(bits)
        core = _kind(bits)
    if core not in (1, 2, 3, 4) or not 1 <= channels <= 7 or not 4_000 <= hertz < 65_536:
        raise BadAac("no AAC that can be kept")
    bits.take(1)
    if bits.take(1):
        bits.take(14)
    bits.take(1)
    return AudioStream("aac", hertz, 8 if channels == 7 else channels, bits.between(start))


def _kind(bits: _Reader) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind


def _hertz(bits: _Reader) -> int:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    if index >= len(_ADTS_RATES):
        raise BadAac("an unknown rate")
    return _ADTS_RATES[index]


def _split_adts(data: bytes) -> list[bytes]:
    """The frames in it, each with its header; what is cut short is left out."""
    found, at = [], 0
    while _has_header(data[at : at + 9]):
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if size < 8 or at + size > len(data):
            break
        found.append(data[at : at + size])
        at += size
    return found


class _Reader:
    """Reads bits."""

    def __init__(self, data: bytes) -> None:
        self._end = self.left = len(data) * 8
        self._data = data

    def take(self, count: int) -> int:
        if count > self.left:
            raise _CutShort("cut short")
        first = self._end - self.left
        last = first + count
        value = int.from_bytes(self._data[first // 8 : (last + 7) // 8])
        self.left -= count
        return value >> -last % 8 & (1 << count) - 1

    def octets(self, count: int) -> bytes:
        """Whole bytes, wherever in a byte they begin."""
        return self.take(8 * count).to_bytes(count)

    def between(self, start: int) -> bytes:
        """What was read since `left` was `start`, filled up with zero bits."""
        count, left = start - self.left, self.left
        self.left = start
        value = self.take(count)
        self.left = left
        return (value << -count % 8).to_bytes((count + 7) // 8)


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x80, 0x80, 0x80, len(content))) + content


def _esds(config: bytes) -> bytes:
    """ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5) around an AudioSpecificConfig."""
    decoder = _descriptor(4, bytes((0x40, 0x15)) + bytes(3) + struct.pack(">II", 0, 0) + _descriptor(5, config))
    return _descriptor(3, struct.pack(">HB", 0, 0) + decoder + _descriptor(6, b"\2"))
