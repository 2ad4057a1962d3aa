"""An RTSP camera's side of the wire (RFC 2326, 3550, 6184) for drills and benches: H.264 and G.711 over TCP.

Own code, apart from the product's client and from its stage, so that one mistake cannot hide another. No sockets here:
`Talk` turns bytes of a client into bytes for it; `tests/drills/cameras.py` and `bench/crowd.py` do the sending.
"""

from __future__ import annotations

import io
import re
import secrets
import struct
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

LARGEST_PAYLOAD = 1400
CLOCK_HZ = 90_000
SOUND_HZ = 8000
SOUND_S = 0.04  # of sound in a packet
VIDEO, SOUND = 0, 1  # tracks, in the order of the SDP
TYPES = (96, 0)  # RTP payload types of the tracks
_UNIX_TO_NTP_S = 2_208_988_800
_NUMBER = re.compile(rb"nightlatch-count(\d{12})")
_REASONS = {
    200: "OK",
    404: "Not Found",
    454: "Session Not Found",
    405: "Method Not Allowed",
    461: "Unsupported Transport",
}


@dataclass(frozen=True, slots=True)
class Shot:
    """One encoded picture as NAL units, without parameter sets."""

    units: tuple[bytes, ...]
    is_key: bool


@dataclass(frozen=True, slots=True)
class Film:
    """What a camera shows over and over; the first shot is a key picture."""

    shots: tuple[Shot, ...]
    sets: tuple[bytes, ...]  # SPS and PPS
    fps: float


def shoot(width: int, height: int, *, fps: int = 15, seconds: int = 8, gop: int = 15, bit_rate: int = 400_000) -> Film:
    """A noisy picture with a bar that wanders, encoded as cameras encode: no B pictures, one slice, steady rate."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = width, height, "yuv420p", bit_rate
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(fps), Fraction(1, fps), gop
    encoder.thread_count = 1
    rate = bit_rate // 1000
    told = f"keyint={gop}:min-keyint={gop}:scenecut=0:vbv-maxrate={rate}:vbv-bufsize={rate}"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": f"{told}:sliced-threads=0"}
    dice = np.random.default_rng(10)
    base = dice.integers(60, 160, (height, width, 3), dtype=np.uint8)
    encoded: list[Any] = []
    for number in range(fps * seconds):
        picture = np.roll(base, number, axis=1)
        at = number * width // (fps * seconds)
        picture[:, at : at + width // 16] = 230
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        encoded += encoder.encode(frame)
    encoded += encoder.encode(None)
    return film_of(((bytes(each), bool(each.is_keyframe)) for each in encoded), fps)


def read_film(path: Path, fps: float) -> Film:
    """The pictures of an H.264 file."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        annexb = av.BitStreamFilterContext("h264_mp4toannexb", video)
        pictures: list[tuple[bytes, bool]] = []
        for packet in container.demux(video):
            if packet.size:
                pictures += [(bytes(made), bool(made.is_keyframe)) for made in annexb.filter(packet)]
    return film_of(pictures, fps)


def film_of(pictures: Iterator[tuple[bytes, bool]] | Sequence[tuple[bytes, bool]], fps: float) -> Film:
    """Annex B pictures, taken apart."""
    sets: dict[int, bytes] = {}
    shots = []
    for data, is_key in pictures:
        units = [unit for unit in re.split(rb"\x00\x00\x00?\x01", data) if unit]
        sets.update((unit[0] & 31, unit) for unit in units if unit[0] & 31 in (7, 8))
        shots.append(Shot(tuple(unit for unit in units if unit[0] & 31 in (1, 5)), is_key))
    return Film(tuple(shots), (sets[7], sets[8]), fps)


def numbered(number: int) -> bytes:
    """An SEI unit (H.264, D.1.6) that carries a picture's number in digits, which need no escaping."""
    said = b"nightlatch-count" + f"{number:012d}".encode()
    return bytes((6, 5, len(said))) + said + b"\x80"


def numbers(mp4: bytes) -> list[int]:
    """The numbers of the pictures in a recording, in its order."""
    return [int(found) for found in _NUMBER.findall(mp4)]


def payloads(units: Sequence[bytes]) -> list[bytes]:
    """RTP payloads of one picture: single units, and fragments (FU-A) of those that are too large."""
    made = []
    for unit in units:
        if len(unit) <= LARGEST_PAYLOAD:
            made.append(unit)
            continue
        pieces = [unit[at : at + LARGEST_PAYLOAD - 2] for at in range(1, len(unit), LARGEST_PAYLOAD - 2)]
        for number, piece in enumerate(pieces):
            edge = (number == 0) << 7 | (number == len(pieces) - 1) << 6
            made.append(bytes((unit[0] & 0xE0 | 28, edge | unit[0] & 31)) + piece)
    return made


@dataclass(slots=True)
class Track:
    """One RTP stream to one client."""

    payload_type: int
    channel: int
    seq: int = field(default_factory=lambda: secrets.randbelow(1 << 16))
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    count: int = 0
    octets: int = 0

    def packet(self, payload: bytes, stamp: int, *, is_last: bool) -> bytes:
        """The next packet, interleaved (RFC 2326, 10.12)."""
        head = struct.pack(">BBHII", 0x80, self.payload_type | is_last << 7, self.seq, stamp & 0xFFFFFFFF, self.ssrc)
        self.seq = self.seq + 1 & 0xFFFF
        self.count += 1
        self.octets += len(payload)
        return struct.pack(">BBH", 0x24, self.channel, 12 + len(payload)) + head + payload

    def report(self, stamp: int, clock_s: float) -> bytes:
        """A sender report: `stamp` is `clock_s` on the camera's clock (RFC 3550, 6.4.1)."""
        ntp = int((clock_s + _UNIX_TO_NTP_S) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
        told = struct.pack(
            *(">BBHIQIII", 0x80, 200, 6, self.ssrc, ntp, stamp & 0xFFFFFFFF),
            *(self.count & 0xFFFFFFFF, self.octets & 0xFFFFFFFF),
        )
        return struct.pack(">BBH", 0x24, self.channel + 1, len(told)) + told


def sound_payloads(seconds: int = 1) -> list[bytes]:
    """A tone in PCMU (RFC 3551), cut as it is sent."""
    encoder: Any = av.CodecContext.create("pcm_mulaw", "w")
    encoder.sample_rate, encoder.format, encoder.layout = SOUND_HZ, "s16", "mono"
    wave = (np.sin(np.arange(SOUND_HZ * seconds) * 2 * np.pi * 440 / SOUND_HZ) * 9000).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    frame.sample_rate = SOUND_HZ
    told = b"".join(bytes(each) for each in encoder.encode(frame))
    size = round(SOUND_HZ * SOUND_S)
    return [told[at : at + size] for at in range(0, len(told), size)]


def describe(film: Film, *, has_sound: bool) -> str:
    """The SDP (RFC 8866)."""
    sets = ",".join(b64encode(each).decode() for each in film.sets)
    lines = [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=drill", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"),
        *("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"),
        f"a=fmtp:96 packetization-mode=1;profile-level-id={film.sets[0][1:4].hex()};sprop-parameter-sets={sets}",
        "a=control:track0",
    ]
    if has_sound:
        lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=control:track1"]
    return "\r\n".join(lines) + "\r\n"


@dataclass(slots=True)
class Talk:
    """What a camera answers on one connection. `sdp` gives the description for a path; None: there is no such path."""

    sdp: Callable[[str], str | None]
    refuses: Mapping[str, int] = field(default_factory=dict)  # method → status
    timeout_s: int = 60
    is_over_udp: bool = False  # and TCP is refused
    ports: dict[int, int] = field(default_factory=dict)  # over UDP: track → the client's
    path: str = ""
    channels: dict[int, int] = field(default_factory=dict)  # track → RTP channel
    is_playing: bool = False
    has_left: bool = False
    heard_s: float = field(default_factory=time.monotonic)
    _session: str = field(default_factory=lambda: secrets.token_hex(6))
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> bytes:
        """Take what a client sent; what to answer."""
        self._buffer += data
        told = b""
        while (request := self._next()) is not None:
            self.heard_s = time.monotonic()
            told += self._answer(*request)
        return told

    def tracks(self) -> dict[int, Track]:
        """Fresh RTP streams for what was set up."""
        return {track: Track(TYPES[track], channel) for track, channel in self.channels.items()}

    def _next(self) -> tuple[str, str, dict[str, str]] | None:
        while self._buffer[:1] == b"$":  # receiver reports
            if len(self._buffer) < 4 or len(self._buffer) < (end := 4 + int.from_bytes(self._buffer[2:4])):
                return None
            del self._buffer[:end]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        length = int(headers.get("content-length", "0"))
        if len(self._buffer) < end + 4 + length:
            return None
        del self._buffer[: end + 4 + length]
        method, url, _ = lines[0].split(" ", 2)
        return method, url, headers

    def _answer(self, method: str, url: str, asked: dict[str, str]) -> bytes:
        status, headers, body = 200, {"Session": f"{self._session};timeout={self.timeout_s}"}, ""
        if method in self.refuses:
            status, headers = self.refuses[method], {}
        elif method == "OPTIONS":
            headers = {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"}
        elif method == "DESCRIBE":
            base = url.split("?")[0].rstrip("/") + "/"
            self.path = re.sub(r"^rtsp://[^/]*", "", base).rstrip("/")
            found = self.sdp(self.path)
            status, body = (404, "") if found is None else (200, found)
            headers = {"Content-Type": "application/sdp", "Content-Base": base}
        elif method == "SETUP":
            track, wanted = SOUND if url.endswith("track1") else VIDEO, asked.get("transport", "")
            if not self.is_over_udp and (lanes := re.search(r"interleaved=(\d{1,3})-", wanted, re.ASCII)):
                channel = self.channels[track] = int(lanes[1])
                headers["Transport"] = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
            elif self.is_over_udp and (lanes := re.search(r"client_port=(\d{1,5})-", wanted, re.ASCII)):
                port = self.ports[track] = int(lanes[1])
                self.channels[track] = 2 * track
                headers["Transport"] = f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port=6970-6971"
            else:
                status = 461
        elif method == "PLAY":
            self.is_playing, headers["Range"] = True, "npt=0.000-"
        elif method == "TEARDOWN":
            self.has_left = True
        elif method not in ("GET_PARAMETER", "SET_PARAMETER"):
            status = 405
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {asked.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")


def count_pictures(mp4: bytes) -> int:
    """How many pictures of a recording can be decoded whole."""
    with av.open(io.BytesIO(mp4), "r") as container:
        return sum(not frame.is_corrupt for frame in container.decode(container.streams.video[0]))
