"""Bits and Exp-Golomb codes, as parameter sets are written in (ISO/IEC 14496-10, 9.1; ISO/IEC 23008-2, 9.2)."""

from __future__ import annotations


class BadBits(ValueError):
    """The bits end too early, or a code is longer than any there is."""


def unprevented(payload: bytes) -> bytes:
    """A unit's payload without the bytes that emulation prevention put in (7.4.1; 7.4.2 in HEVC)."""
    return payload.replace(b"\0\0\3", b"\0\0")


class Bits:
    """Reads bytes from their first bit on."""

    def __init__(self, data: bytes) -> None:
        self.left = len(data) * 8  # bits that were not read yet
        self._value = int.from_bytes(data)

    def take(self, count: int) -> int:
        """The next `count` bits. Raises `BadBits`."""
        self.left -= count
        if self.left < 0:
            raise BadBits("it is cut short")
        return (self._value >> self.left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """The next ue(v). Raises `BadBits`."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 31:
                raise BadBits("a code is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """The next se(v). Raises `BadBits`."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)
