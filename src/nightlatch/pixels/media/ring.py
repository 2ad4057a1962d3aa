"""The last seconds of packets, so that a clip can begin before its event."""

from __future__ import annotations

from collections import deque
from itertools import islice

from nightlatch.pixels.media.packets import Packet

MOST_BYTES = 48 * 1024 * 1024


class Ring:
    """Keeps at least `keep_ms` of packets, from a key frame on, and never more than `most_bytes`.

    So it holds `keep_ms` and up to one interval of key frames, however long that is. What no clip can begin with is
    not kept: where one interval is larger than `most_bytes` there is nothing until the next key frame.
    """

    def __init__(self, keep_ms: int, most_bytes: int = MOST_BYTES) -> None:
        self.keep_ms = keep_ms
        self._most_bytes = most_bytes
        self._packets: deque[Packet] = deque()
        self._keys: deque[Packet] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def key_us(self) -> int | None:
        """Decoding time of the newest key frame here."""
        return self._keys[-1].dts_us if self._keys else None

    def add(self, packet: Packet) -> None:
        """Take the newest packet and let go of what is no longer needed, whole key-frame intervals at a time."""
        if packet.kind == "video" and packet.is_key:
            self._keys.append(packet)
        elif not self._keys:
            return
        self._packets.append(packet)
        self.bytes += packet.size
        while len(self._keys) > 1 and (
            self.bytes > self._most_bytes or packet.dts_us - self._keys[1].dts_us >= self.keep_ms * 1000
        ):
            self._drop_to(self._keys[1])
        if self.bytes > self._most_bytes and len(self._packets) > 1:
            self._packets.clear()
            self._keys.clear()
            self.bytes = 0

    def since(self, time_us: int) -> list[Packet]:
        """From the key frame at or before `time_us` (else the oldest one here) to now; empty without a key frame."""
        start = None
        for key in self._keys:
            if start is None or key.dts_us <= time_us:
                start = key
        for index, packet in enumerate(self._packets):
            if packet is start:
                return list(islice(self._packets, index, None))
        return []

    def _drop_to(self, key: Packet) -> None:
        while self._packets[0] is not key:
            gone = self._packets.popleft()
            self.bytes -= gone.size
            if self._keys[0] is gone:
                self._keys.popleft()
