"""Chooses who receives: our own client for RTSP over TCP, FFmpeg for everything else, and where ours is at a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    if transport == "tcp":
        return Relay(RtspFeed(address, timeout_s), lambda error: _by_ffmpeg(address, timeout_s, error))
    return Relay(AvFeed(address, transport, timeout_s), lambda error: _by_us(address, timeout_s, error))


@dataclass(frozen=True, slots=True)
class Other:
    """Who goes on where the first is refused, before its first packet; `note` tells the owner."""

    feed: Feed
    note: str
    vague: tuple[Reason, ...] = ()  # for these reasons of its own, what the first was told counts


def _by_ffmpeg(address: Address, timeout_s: float, error: SourceError) -> Other | None:
    """Where our own client does not understand the camera, or the camera takes UDP only."""
    if not isinstance(error, TakeOver):
        return None
    transport = "udp" if isinstance(error, TransportRefused) else "tcp"
    return Other(AvFeed(address, transport, timeout_s), TAKEN_OVER.format(why=error), _VAGUE)


def _by_us(address: Address, timeout_s: float, error: SourceError) -> Other | None:
    """Where FFmpeg calls the password wrong: our own client knows more logins."""
    return Other(RtspFeed(address, timeout_s), OVER_TCP) if error.reason is Reason.WRONG_PASSWORD else None


class Relay:
    """A feed, and another in its place where it is refused."""

    is_live = True

    def __init__(self, first: Feed, then: Callable[[SourceError], Other | None]) -> None:
        self._feed = first
        self._then = then
        self._other: Other | None = None
        self._refused: SourceError | None = None  # what the first was told

    @property
    def receiver(self) -> Receiver:
        return self._feed.receiver

    @property
    def audio(self) -> AudioStream | None:
        return self._feed.audio

    @property
    def left_out(self) -> tuple[str, ...]:
        return self._feed.left_out if self._other is None else (*self._feed.left_out, self._other.note)

    def poll(self, now_us: int) -> list[Raw]:
        try:
            return self._feed.poll(now_us)
        except SourceError as error:
            if self._other is not None:
                if self._refused is not None and error.reason in self._other.vague:
                    raise self._refused from None
                raise
            if (other := self._then(error)) is None:
                raise
            self._feed.close()
            self._feed, self._other, self._refused = other.feed, other, error
            return []

    def close(self) -> None:
        self._feed.close()
