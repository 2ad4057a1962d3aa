"""Bits and Exp-Golomb codes, as parameter sets are written in (ISO/IEC 14496-10, 9.1; ISO/IEC 23008-2, 9.2)."""

from __future__ import annotations


class BadBits(ValueError):
    """The bits end too early, or a code is longer than any there is."""


class Bits:
    """Reads a unit's payload from its first bit on, without the bytes that emulation prevention put in."""

    def __init__(self, payload: bytes) -> None:
        raw = payload.replace(b"\0\0\3", b"\0\0")
        self._left = len(raw) * 8
        self._value = int.from_bytes(raw)

    def take(self, count: int) -> int:
        """The next `count` bits. Raises `BadBits`."""
        self._left -= count
        if self._left < 0:
            raise BadBits("it is cut short")
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """The next ue(v). Raises `BadBits`."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 31:
                raise BadBits("a code is too long")
        return (1 << zeros) - 1 + self.take(zeros)
