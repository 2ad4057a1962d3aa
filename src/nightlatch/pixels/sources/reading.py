"""Opens what libavformat can read and hands out raw packets; the only place that sees its errors.

Its error texts hold the address with the password, so none of them gets through: each becomes a `SourceError` with
words of our own, raised from None. Only the protocols and containers named here can be reached, whatever a file or a
camera's answer refers to.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream as AvVideo

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import PICTURES, SOUNDS, AudioStream, Following, PictureCodec, VideoStream
from nightlatch.pixels.sources.address import Address
from nightlatch.pixels.sources.feed import Raw

_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,h264,hevc,asf,ogg"
_ANALYSE_US = 2_000_000
_UNSURE_PICTURES = 8  # how many tell whether a camera's pictures come in pieces
_UNSURE_SOUNDS = 50  # packets after which sound that nobody described stays out
_UNDESCRIBED = "Its sound (AAC) is not recorded: the camera never says how it is encoded. Try another audio setting."
# What the camera or its machine answered; the first that fits.
_ANSWERS: tuple[tuple[tuple[type[Exception], ...], Reason, str], ...] = (
    (
        (av.error.HTTPUnauthorizedError,),
        Reason.WRONG_PASSWORD,
        "The camera does not accept this name and password, or asks for them in a way that FFmpeg does not know. Check "
        "both in its own app.",
    ),
    (
        (av.error.HTTPForbiddenError,),
        Reason.REFUSED,
        "The camera does not let this name see the stream. Allow it in the camera's own app, or use another name.",
    ),
    (
        (av.error.HTTPNotFoundError,),
        Reason.NOT_FOUND,
        "The camera answers, but has no stream at this path. Check the path in its manual.",
    ),
    (
        (ConnectionRefusedError,),
        Reason.REFUSED,
        "Nothing listens at this address and port. Check the port, and that RTSP is switched on.",
    ),
    ((ConnectionError,), Reason.BROKEN_STREAM, "The camera closed the connection. Nightlatch keeps trying."),
    (
        (av.error.HTTPServerError,),
        Reason.REFUSED,
        "The camera answers with an error. It may have too many viewers: close others or restart it.",
    ),
    (
        (av.error.HTTPClientError,),
        Reason.REFUSED,
        "The camera refuses the stream. Try the other transport (TCP or UDP) or another path.",
    ),
)


class Reading:
    """An opened container: its streams and an iterator of raw packets. Not shared between threads."""

    def __init__(self, address: Address, transport: str, timeout_s: float) -> None:
        """Raises `SourceError` with the reason why it cannot be opened."""
        self._address = address
        if address.host is not None:
            _resolve(address.host, address.port)
        began_s = time.monotonic()
        try:
            self._container = _open(address, transport, timeout_s)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            is_late = address.scheme == "rtsp" and time.monotonic() - began_s >= timeout_s
            cause = TimeoutError() if is_late else error  # an interrupted opening comes back as any error at all
            raise explain(cause, address) from None
        try:
            self._video = _choose_video(self._container)
            self._audio = _choose_audio(self._container)
            context = self._video.codec_context
            self._codec = PICTURES[context.name]
            self._framing = self._codec.framing(bytes(context.extradata or b""), _fps(self._video))
        except SourceError:
            self.close()
            raise
        self._sound = _describe_audio(self._audio) if self._audio is not None else None
        self._unheard = _left_out(self._container, self._audio)
        self._undescribed = 0  # packets of sound that came before it was known what they are

    @property
    def audio(self) -> AudioStream | None:
        """The sound, as it is described by now; None when nobody describes it."""
        return self._sound if self._undescribed < _UNSURE_SOUNDS else None

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each track that is not recorded."""
        return self._unheard if self._undescribed < _UNSURE_SOUNDS else (*self._unheard, _UNDESCRIBED)

    @property
    def video(self) -> VideoStream | None:
        """None until parameter sets have come."""
        return self._framing.video

    def __iter__(self) -> Iterator[Raw]:
        """Packets until the end.

        Raises:
            SourceError: the stream broke or nothing came in time.
        """
        wanted = [self._video] if self._audio is None else [self._video, self._audio]
        is_whole = self._address.scheme == "file"  # a container keeps pictures whole, and all of them
        pieces, gaps = _Pieces(self._codec), _Gaps(self._codec)
        try:
            for packet in self._container.demux(wanted):
                if packet.size == 0 or packet.time_base is None:
                    continue
                if packet.stream_index == self._video.index:
                    if (raw := self._picture(packet, packet.time_base)) is not None:
                        yield from (raw,) if is_whole else map(gaps.mark, pieces.add(raw))
                elif (raw := self._heard(packet, packet.time_base)) is not None:
                    yield raw
            yield from map(gaps.mark, pieces.finish())
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise explain(error, self._address, is_open=True) from None

    def _picture(self, packet: Packet[Any], base: Fraction) -> Raw | None:
        is_key = packet.is_keyframe
        framed = self._framing.frame(bytes(packet), is_key)
        video = self._framing.video if is_key else None
        return Raw("video", is_key, packet.dts, packet.pts, base, _us(packet, base), framed, video) if framed else None

    def _heard(self, packet: Packet[Any], base: Fraction) -> Raw | None:
        if self._sound is None:
            return None
        data, codec = bytes(packet), SOUNDS[self._sound.codec]
        self._sound = codec.described(self._sound, data)
        sound = codec.unwrapped(data)
        self._undescribed = 0 if _is_described(self._sound) else self._undescribed + 1
        if not sound or self._undescribed:
            return None
        duration_us = _us(packet, base) or codec.samples(self._sound, sound) * 1_000_000 // self._sound.sample_rate
        return Raw("audio", True, packet.dts, packet.pts, base, duration_us, sound, None)

    def close(self) -> None:
        """Let go of the connection."""
        self._container.close()


class _Pieces:
    """Puts pictures together again that came in pieces.

    libavformat ends a picture where parameter sets come; when a camera sends them between the slices of one
    picture, the picture is cut there. Pictures are held back by one until it is clear that a camera does not do so.
    """

    def __init__(self, codec: PictureCodec) -> None:
        self._codec = codec
        self._held: Raw | None = None
        self._whole = 0  # pictures seen in one piece
        self._is_split = False

    def add(self, raw: Raw) -> Iterator[Raw]:
        held = self._held
        if self._codec.begins_picture(raw.data):
            self._whole += 1
            self._held = raw if self._is_split or self._whole <= _UNSURE_PICTURES else None
            if held is not None:
                yield held
            if self._held is None:
                yield raw
            return
        self._is_split = True
        if held is not None:  # else its beginning is gone: what is left cannot be decoded by anybody
            self._held = replace(held, data=held.data + self._codec.without_parameters(raw.data))

    def finish(self) -> Iterator[Raw]:
        held, self._held = self._held, None
        if held is not None:
            yield held


class _Gaps:
    """Marks what is predicted from pictures that did not come: libavformat says nothing of what UDP loses."""

    def __init__(self, codec: PictureCodec) -> None:
        self._codec = codec
        self._video: VideoStream | None = None
        self._following: Following | None = None
        self._is_torn = False

    def mark(self, raw: Raw) -> Raw:
        """The next picture, marked as torn from a gap to the next key frame."""
        if raw.video is not None and raw.video != self._video:
            self._video = raw.video
            self._following = self._codec.following(raw.video)
        if self._following is None:
            return raw
        misses = self._following.misses(raw.data, raw.is_key)
        self._is_torn = not raw.is_key and (misses or self._is_torn)
        return replace(raw, is_torn=True) if self._is_torn else raw


def explain(error: Exception, address: Address, is_open: bool = False) -> SourceError:
    """A `SourceError` for what libavformat or the system raised; nothing of its text is taken over."""
    for kinds, reason, text in _ANSWERS:
        if isinstance(error, kinds):
            return SourceError(reason, text)
    match error:
        case FileNotFoundError():
            return SourceError(Reason.NOT_FOUND, f"There is nothing at {address.shown}. Check the path.")
        case PermissionError():
            return SourceError(
                Reason.REFUSED, f"{address.shown} may not be read. Give Nightlatch the right to read it."
            )
        case av.error.ExitError() | TimeoutError():
            if is_open:
                return SourceError(Reason.STALLED, "The camera stopped sending. Nightlatch keeps trying.")
            return SourceError(
                Reason.TIMEOUT, "The camera did not answer in time. Check its address, and that it is switched on."
            )
    if getattr(error, "errno", None) in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL):
        return SourceError(
            Reason.NO_ROUTE, "This address cannot be reached. Check that it is right, and the network cable."
        )
    if address.scheme == "file":
        return SourceError(
            Reason.BROKEN_STREAM, "The file is damaged or holds no film. Use an H.264 or H.265 film as MP4 or MKV."
        )
    if address.scheme == "usb" and not is_open:
        return SourceError(
            Reason.NOT_H264,
            "This device is not there, is busy, or does not offer H.264. Use one that encodes H.264 itself.",
        )
    return SourceError(Reason.BROKEN_STREAM, "What the camera sends cannot be read. Restart it if this continues.")


def _resolve(host: str, port: int) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        text = "No camera has this name. Check the spelling, or use its IP address (like 192.168.1.20)."
        raise SourceError(Reason.NO_ROUTE, text) from None


def _open(address: Address, transport: str, timeout_s: float) -> InputContainer:
    if address.scheme == "rtsp":
        options = {
            "protocol_whitelist": "rtsp,rtsps,rtp,srtp,tcp,udp,tls,crypto",
            "rtsp_transport": transport if transport in ("tcp", "udp") else "tcp",
            "allowed_media_types": "video+audio",
            "fpsprobesize": "0",
            "analyzeduration": str(_ANALYSE_US),
        }
        kind: str | None = "rtsp"
    elif address.scheme == "usb":
        kind, options = "v4l2", {"input_format": "h264", "protocol_whitelist": "file"}
    else:
        if not Path(address.opens).exists():
            raise FileNotFoundError(errno.ENOENT, "missing")
        if not Path(address.opens).is_file():
            raise SourceError(Reason.BAD_ADDRESS, f"{address.shown} is not a file. Name an H.264 or H.265 film.")
        kind, options = None, {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
    target = f"file:{address.opens}" if address.scheme == "file" else address.opens
    timeout = (timeout_s, timeout_s + 2.0)  # the source's own wait ends first and calls it a stall
    return av.open(target, mode="r", format=kind, options=options, timeout=timeout, metadata_errors="ignore")


def _choose_video(container: InputContainer) -> AvVideo:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    names = [s.codec_context.name if s.codec_context is not None else "unknown" for s in streams]
    if not streams:
        raise SourceError(Reason.NO_VIDEO, "There is no picture in this stream. Check the address.")
    known = next((stream for stream, name in zip(streams, names, strict=True) if name in PICTURES), None)
    if known is not None:
        return known
    text = f"The picture is encoded as {names[0]}, which cannot be recorded as it is. "
    raise SourceError(Reason.NOT_H264, text + "Switch this stream to H.264 or H.265.")


def _choose_audio(container: InputContainer) -> AvAudio | None:
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and context.name in SOUNDS and context.sample_rate:
            return stream
    return None


def _describe_audio(stream: AvAudio) -> AudioStream:
    context = stream.codec_context
    rate = SOUNDS[context.name].rate(context.sample_rate)
    return AudioStream(context.name, rate, context.channels or 1, bytes(context.extradata or b""))


def _is_described(stream: AudioStream) -> bool:
    """Whether MP4 can say what it is: AAC needs its configuration."""
    return stream.codec != "aac" or bool(stream.extradata)


def _left_out(container: InputContainer, kept: AvAudio | None) -> tuple[str, ...]:
    names = [
        stream.codec_context.name if stream.codec_context is not None else "unknown"
        for stream in container.streams.audio
        if stream is not kept
    ]
    return tuple(
        f"Its sound ({name}) cannot be recorded. Set the camera's audio to AAC if it can."
        for name in dict.fromkeys(names)
        if kept is None
    )


def _us(packet: Packet[Any], base: Fraction) -> int:
    return int((packet.duration or 0) * base * 1_000_000)


def _fps(stream: AvVideo) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return round(float(rate), 3) if rate and 0.1 <= rate <= 240 else None
