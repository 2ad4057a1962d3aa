"""Chooses who receives: our own client for RTSP over TCP, FFmpeg for everything else, and where ours is at a loss."""

from __future__ import annotations

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.sources.address import Address, parse_address
from nightlatch.pixels.sources.avfeed import AvFeed
from nightlatch.pixels.sources.feed import Feed, Raw, Receiver
from nightlatch.pixels.sources.film import FilmFeed
from nightlatch.pixels.sources.rtsp import RtspFeed, TakeOver, TransportRefused

TIMEOUT_S = 10.0  # that a camera may take to answer, and to send
_VAGUE = (  # of FFmpeg: it knows no better than ours
    Reason.BROKEN_STREAM,
    Reason.WRONG_PASSWORD,  # of a login that it cannot answer; ours would have said so itself
)
OVER_TCP = "It is received over TCP: FFmpeg, which receives over UDP, does not know this camera's login."
TAKEN_OVER = "FFmpeg receives this camera: {why}"


def open_address(url: str, *, transport: str) -> Feed:
    """Begin to open a camera as the recorder does. Raises `SourceError` for an address that cannot be one."""
    return open_feed(parse_address(url), transport, TIMEOUT_S)


def open_feed(address: Address, transport: str, timeout_s: float, speed: float = 1.0) -> Feed:
    """Begin to open it; never waits for a camera. `speed` is a film's only.

    Raises:
        SourceError: a film that cannot be read.
    """
    if address.scheme == "file":
        return FilmFeed(address, timeout_s, speed)
    if address.scheme != "rtsp" or address.opens.startswith("rtsps:"):
        return AvFeed(address, transport, timeout_s)
    return Relay(address, timeout_s) if transport == "tcp" else Doubt(address, transport, timeout_s)


class Relay:
    """Our own client; FFmpeg takes over before the first packet, where ours is refused or does not understand."""

    is_live = True

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._feed: Feed = RtspFeed(address, timeout_s)
        self._why: str | None = None  # FFmpeg had to take over
        self._refused: SourceError | None = None  # what ours was told

    @property
    def receiver(self) -> Receiver:
        return self._feed.receiver

    @property
    def audio(self) -> AudioStream | None:
        return self._feed.audio

    @property
    def left_out(self) -> tuple[str, ...]:
        return self._feed.left_out if self._why is None else (*self._feed.left_out, TAKEN_OVER.format(why=self._why))

    def poll(self, now_us: int) -> list[Raw]:
        try:
            return self._feed.poll(now_us)
        except TakeOver as refusal:  # FFmpeg's feed raises none
            transport = "udp" if isinstance(refusal, TransportRefused) else "tcp"
            self._feed.close()
            self._why, self._refused = str(refusal), refusal
            self._feed = AvFeed(self._address, transport, self._timeout_s)
            return []
        except SourceError as error:
            if self._refused is not None and error.reason in _VAGUE:
                raise self._refused from None
            raise

    def close(self) -> None:
        self._feed.close()


class Doubt:
    """FFmpeg, over UDP; where it calls the password wrong our own client is asked, which knows more logins."""

    is_live = True

    def __init__(self, address: Address, transport: str, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._feed: Feed = AvFeed(address, transport, timeout_s)
        self._is_ours = False

    @property
    def receiver(self) -> Receiver:
        return self._feed.receiver

    @property
    def audio(self) -> AudioStream | None:
        return self._feed.audio

    @property
    def left_out(self) -> tuple[str, ...]:
        return (*self._feed.left_out, OVER_TCP) if self._is_ours else self._feed.left_out

    def poll(self, now_us: int) -> list[Raw]:
        try:
            return self._feed.poll(now_us)
        except SourceError as error:
            if self._is_ours or error.reason is not Reason.WRONG_PASSWORD:
                raise
        self._feed.close()
        self._feed, self._is_ours = RtspFeed(self._address, self._timeout_s), True
        return []

    def close(self) -> None:
        self._feed.close()
