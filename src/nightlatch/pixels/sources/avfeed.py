"""What FFmpeg reads (UDP, rtsps, USB, and cameras that our own client does not understand), as a feed.

It is read by a thread of its own, which also drains the connection while the loop is late. Where more waits than memory
should hold, it is let go up to the next key frame, which says so.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import replace

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.sources.address import Address
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.reading import Reading

WAITING_BYTES = 64 * 1024 * 1024
PATIENCE_S = 5.0  # beyond the timeout: a name server that never answers cannot be interrupted


class AvFeed:
    """One camera or device; its thread begins at once."""

    is_live = True
    receiver: Receiver = "ffmpeg"

    def __init__(self, address: Address, transport: str, timeout_s: float) -> None:
        self._address = address
        self._transport = transport
        self._timeout_s = timeout_s
        self._reading: Reading | None = None
        self._queue: queue.SimpleQueue[Raw | SourceError] = queue.SimpleQueue()
        self._put_bytes = 0  # written by the reading thread only
        self._got_bytes = 0  # written by the polling thread only
        self._ended: SourceError | None = None
        self._is_closed = False
        self._began_s = time.monotonic()
        threading.Thread(target=self._run, name="ffmpeg", daemon=True).start()

    @property
    def audio(self) -> AudioStream | None:
        return self._reading.audio if self._reading is not None else None

    @property
    def left_out(self) -> tuple[str, ...]:
        return self._reading.left_out if self._reading is not None else ()

    def poll(self, now_us: int) -> list[Raw]:
        found: list[Raw] = []
        while self._ended is None:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, SourceError):
                self._ended = item
            else:
                self._got_bytes += len(item.data)
                found.append(item)
        if found:
            return found
        if self._ended is not None:
            raise self._ended
        if self._reading is None and time.monotonic() - self._began_s > self._timeout_s + PATIENCE_S:
            raise SourceError(Reason.TIMEOUT, "The camera did not answer in time. Check its address.")
        return found

    def close(self) -> None:
        self._is_closed = True  # the thread notices with its next packet, or when its connection times out

    def _run(self) -> None:
        try:
            reading = Reading(self._address, self._transport, self._timeout_s)
        except SourceError as error:
            self._queue.put(error)
            return
        self._reading = reading
        try:
            self._read(reading)
            self._queue.put(SourceError(Reason.ENDED, "The camera ended the stream. Nightlatch keeps trying."))
        except SourceError as error:
            self._queue.put(error)
        finally:
            reading.close()

    def _read(self, reading: Reading) -> None:
        is_full = has_lost = False
        for raw in reading:
            if self._is_closed:
                return
            is_key = raw.kind == "video" and raw.is_key
            is_full = self._put_bytes - self._got_bytes > WAITING_BYTES or (is_full and not is_key)
            if is_full:
                has_lost = True
                continue
            self._put_bytes += len(raw.data)
            self._queue.put(replace(raw, arrival_us=time.monotonic_ns() // 1000, follows_overload=has_lost))
            has_lost = False
