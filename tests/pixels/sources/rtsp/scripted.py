"""A camera as values: requests in, answers out, and the RTP that it would send. No socket, no clock."""

from __future__ import annotations

import re
import struct
from base64 import b64encode
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np

from nightlatch.pixels.codecs import PictureCodec, h264

URL = "rtsp://camera/live"
STEP = 6_000  # ticks of 90 kHz: 15 pictures a second
Odd = Callable[[str, str, dict[str, str]], str | None]


@cache
def film(pictures: int = 30, gop: int = 10, width: int = 160, height: int = 96, slices: int = 1) -> tuple[bytes, ...]:
    """Annex B access units of something that moves, parameter sets before each key frame."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.thread_count = Fraction(15), Fraction(1, 15), 1
    parameters = f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:slices={slices}:sliced-threads=0"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": parameters}
    made: list[bytes] = []
    for number in range(pictures):
        picture = np.full((height, width, 3), 80, np.uint8)
        picture[20:60, number * 3 % width :][:, :30] = (200, 220, 210)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        made += [bytes(each) for each in encoder.encode(frame)]
    return tuple(made)


def rtp(
    payload: bytes, number: int, stamp: int, *, marker: bool = False, kind: int = 96, channel: int = 0, ssrc: int = 7
) -> bytes:
    """An interleaved frame."""
    head = struct.pack(">BBHII", 0x80, kind | marker << 7, number & 0xFFFF, stamp & 0xFFFFFFFF, ssrc)
    return interleaved(channel, head + payload)


def interleaved(channel: int, packet: bytes) -> bytes:
    return b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet


def frames(
    units: Sequence[bytes],
    most: int = 400,
    first: int = 0,
    began: int = 0,
    step: int = STEP,
    codec: PictureCodec = h264,
) -> list[bytes]:
    """A film as interleaved frames: single units and fragments, the marker on the last of each picture."""
    made: list[bytes] = []
    for number, unit in enumerate(units):
        bodies = codec.payloads(unit, most)
        for index, body in enumerate(bodies, 1):
            made.append(rtp(body, first + len(made), began + number * step, marker=index == len(bodies)))
    return made


def sdp(units: Sequence[bytes] = (), *, sets: bool = True, more: str = "") -> str:
    """A description of one H.264 track, `track0`, and of whatever else is asked for."""
    found = h264.parameter_sets((units or film())[0]) if sets else ()
    sprop = ";sprop-parameter-sets=" + ",".join(b64encode(each).decode() for each in found) if found else ""
    head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=control:*\r\n"
    video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    return f"{head}{video}a=fmtp:96 packetization-mode=1{sprop}\r\na=control:track0\r\n{more}"


G711 = "m=audio 0 RTP/AVP 0\r\na=control:track1\r\n"


class Scripted:
    """Answers requests as a plain camera does; `odd` may answer in its place (None: as usual)."""

    def __init__(self, text: str | None = None, odd: Odd | None = None, timeout_s: int = 60) -> None:
        self.sdp = text if text is not None else sdp()
        self.odd, self.timeout_s = odd, timeout_s
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.reports: list[bytes] = []
        self._rest = b""

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]

    def answer(self, data: bytes) -> bytes:
        """What it says to these bytes."""
        self._rest += data
        said = b""
        while self._rest[:1] == b"$":
            self.reports.append(self._rest[: 4 + int.from_bytes(self._rest[2:4])])
            self._rest = self._rest[len(self.reports[-1]) :]
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            first, *lines = self._rest[:end].decode().split("\r\n")
            self._rest = self._rest[end + 4 :]
            if first.startswith("RTSP/"):
                self.asked.append((first, "", {}))
                continue
            method, url, _ = first.split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.asked.append((method, url, headers))
            odd = self.odd(method, url, headers) if self.odd is not None else None
            said += (odd if odd is not None else self._usual(method, url, headers)).encode()
        return said

    def _usual(self, method: str, url: str, headers: dict[str, str]) -> str:
        if method == "OPTIONS":
            return reply(headers, 200, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        if method == "DESCRIBE":
            return reply(headers, 200, f"Content-Base: {url}/", body=self.sdp)
        if method == "SETUP":
            found = re.search(r"interleaved=\d+-\d+", headers["transport"])
            transport = f"Transport: RTP/AVP/TCP;unicast;{found[0] if found else ''}"
            return reply(headers, 200, transport, f"Session: 12345678;timeout={self.timeout_s}")
        return reply(headers, 200, "Session: 12345678")


def reply(asked: dict[str, str], status: int, *lines: str, body: str = "") -> str:
    """A response."""
    told = [f"RTSP/1.0 {status} Whatever", f"CSeq: {asked.get('cseq', '')}", *lines]
    if body:
        told.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join(told) + "\r\n\r\n" + body
