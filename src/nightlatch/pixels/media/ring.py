"""The last seconds of packets, so that a clip can begin before its event."""

from __future__ import annotations

from collections import deque

from nightlatch.pixels.media.packets import Packet

MOST_BYTES = 48 * 1024 * 1024


class Ring:
    """Keeps at least `keep_ms` of packets, from a key frame on, and never more than `most_bytes`."""

    def __init__(self, keep_ms: int, most_bytes: int = MOST_BYTES) -> None:
        self._keep_us = keep_ms * 1000
        self._most_bytes = most_bytes
        self._packets: deque[Packet] = deque()
        self._keys: deque[Packet] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: Packet) -> None:
        """Take the newest packet and let go of what is no longer needed, whole key-frame intervals at a time."""
        self._packets.append(packet)
        self.bytes += packet.size
        if packet.is_key and packet.kind == "video":
            self._keys.append(packet)
            while len(self._keys) > 1 and packet.dts_us - self._keys[1].dts_us >= self._keep_us:
                self._drop_to(self._keys[1])
        while self.bytes > self._most_bytes and len(self._packets) > 1:
            if len(self._keys) > 1:
                self._drop_to(self._keys[1])
            else:
                self._drop_one()

    def since(self, at_ms: int) -> list[Packet]:
        """From the key frame at or before `at_ms` (else the oldest one here) to now; empty without a key frame."""
        start = None
        for key in self._keys:
            if start is None or key.at_ms <= at_ms:
                start = key
        packets = list(self._packets)
        for index, packet in enumerate(packets):
            if packet is start:
                return packets[index:]
        return []

    def _drop_one(self) -> None:
        gone = self._packets.popleft()
        self.bytes -= gone.size
        if self._keys and self._keys[0] is gone:
            self._keys.popleft()

    def _drop_to(self, key: Packet) -> None:
        while self._packets[0] is not key:
            self._drop_one()
