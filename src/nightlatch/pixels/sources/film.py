"""A film from a file, as a feed: handed out at its own pace, or `speed` times as fast, once or for ever."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.sources.address import Address
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.reading import Reading

AT_ONCE = 256  # packets of one poll


class FilmFeed:
    """`loops` is the round that the packets of the newest poll are from: with each round stamps begin again."""

    is_live = False
    receiver: Receiver = "ffmpeg"

    def __init__(self, address: Address, timeout_s: float, speed: float = 1.0) -> None:
        """Raises `SourceError` when the file cannot be read."""
        self._address = address
        self._timeout_s = timeout_s
        self._speed = speed
        self._reading = Reading(address, "tcp", timeout_s)
        self._raws = _with_decoding_times(iter(self._reading))
        self._held: Raw | None = None  # the next one, while it is not due
        self._began_us: int | None = None  # when the first was handed out
        self._zero_us = 0  # stamp of the first picture of this round
        self._loop_us = 0  # film time at which this round began
        self._newest_us = 0  # film time up to which was read
        self._is_first = True  # of this round
        self._round = 0  # of what is read
        self.loops = 0

    @property
    def audio(self) -> AudioStream | None:
        return self._reading.audio

    @property
    def left_out(self) -> tuple[str, ...]:
        return self._reading.left_out

    def poll(self, now_us: int) -> list[Raw]:
        if self._began_us is None:
            self._began_us = now_us
        until_us = math.inf if math.isinf(self._speed) else (now_us - self._began_us) * self._speed
        found: list[Raw] = []
        while len(found) < AT_ONCE:
            raw, self._held = self._held or self._read(), None
            if raw is None:
                if found:
                    break
                raise SourceError(Reason.ENDED, "The film is over.")
            if self._due_us(raw) > until_us or (found and self.loops != self._round):  # a new round comes by itself
                self._held = raw
                break
            self.loops = self._round
            found.append(replace(raw, arrival_us=now_us))
        return found

    def close(self) -> None:
        self._reading.close()

    def _read(self) -> Raw | None:
        for raw in self._raws:
            return self._note(raw)
        if not self._address.is_looped or self._is_first:
            return None
        self._reading.close()
        self._reading = Reading(self._address, "tcp", self._timeout_s)
        self._raws = _with_decoding_times(iter(self._reading))
        self._loop_us, self._is_first = self._newest_us, True
        self._round += 1
        return self._read()

    def _note(self, raw: Raw) -> Raw:
        stamp = raw.dts if raw.dts is not None else raw.pts
        if self._is_first:
            self._zero_us = int(stamp * raw.base * 1_000_000) if stamp is not None else 0
            self._is_first = False
        self._newest_us = max(self._newest_us, self._due_us(raw) + raw.duration_us)
        return raw

    def _due_us(self, raw: Raw) -> int:
        stamp = raw.dts if raw.dts is not None else raw.pts
        if stamp is None:
            return self._newest_us
        return self._loop_us + int(stamp * raw.base * 1_000_000) - self._zero_us


def _with_decoding_times(raws: Iterator[Raw]) -> Iterator[Raw]:
    """Matroska keeps no decoding times, and its first ones cannot be computed: count them back from the next."""
    held: list[Raw] = []
    for raw in raws:
        held.append(raw)
        if raw.kind == "audio" and len(held) == 1:
            yield held.pop()
        elif raw.kind == "video" and (raw.dts is not None or len(held) > 64):
            break
    following, ticks = None, 1
    for raw in reversed([r for r in held if r.kind == "video"]):
        if raw.dts is not None:
            following, ticks = raw.dts, max(1, round(raw.duration_us / 1_000_000 / raw.base))
        elif following is not None:
            following -= ticks
            held[next(i for i, r in enumerate(held) if r is raw)] = replace(raw, dts=following)
    yield from held
    yield from raws
