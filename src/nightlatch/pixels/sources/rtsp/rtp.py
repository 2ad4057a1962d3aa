"""One track's RTP (RFC 3550): its order, its clock, and what its camera's own clock says.

Packets are lost over TCP as well, in the camera: a gap in the sequence numbers is all that tells. Frames come as the
wire has them, with the four bytes of head that interleaving puts before each packet.
"""

from __future__ import annotations

import secrets
import struct

_HEAD = struct.Struct(">xxxxBBHII")  # behind the interleaving's own head
_REPORT = struct.Struct(">IIII")  # of a sender: who, NTP seconds, NTP fraction, RTP timestamp
_SMALLEST = 4 + 12
_NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
_MOST_BEHIND = 1_000  # a packet that is later than this by its number means that counting began anew
_SURE_AFTER = 20  # so many packets of another payload type than announced, and none of the announced: it is that one
_LONGEST_REPORT_S = 300  # what a report says of a moment further away than this is no evidence
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIBED, _BYE = 200, 201, 202, 203
_NAME = b"nightlatch"


class RtpTrack:
    """State of one track in one session. After `payload` its attributes speak of that packet."""

    def __init__(self, payload_type: int, rate: int) -> None:
        self._payload_type, self._rate = payload_type, rate
        self._next: int | None = None
        self._ssrc, self._own_ssrc = 0, secrets.randbits(32)
        self._raw: int | None = None  # the last timestamp as it came
        self._others = 0
        self._waiting: tuple[int, int] | None = None  # a report before the first packet
        self._report: tuple[int, int] | None = None  # µs of the camera's clock, and the timestamp of that moment
        self.stamp = 0  # unwrapped
        self.is_marked = False
        self.is_gap = False  # packets are missing before this one
        self.lost = 0  # packets, so far
        self.has_left = False  # it said good-bye, and nothing came since

    def goes_on(self, frame: bytes) -> bool:
        """Whether this is simply the next packet, of the same moment and without a marker; it counts then as taken."""
        if len(frame) < _SMALLEST:
            return False
        flags, kind, number, raw, ssrc = _HEAD.unpack_from(frame)
        if number != self._next or raw != self._raw or kind != self._payload_type or flags != 0x80:
            return False
        if ssrc != self._ssrc or self.has_left:
            return False
        self._next = number + 1 & 0xFFFF
        self.is_gap = self.is_marked = False
        return True

    def payload(self, frame: bytes) -> bytes | None:
        """What a packet carries; None for what is no packet of this track or comes twice."""
        if len(frame) < _SMALLEST:
            return None
        flags, kind, number, raw, ssrc = _HEAD.unpack_from(frame)
        if flags & 0xC0 != 0x80:
            return None
        if kind & 0x7F != self._payload_type and not self._is_meant(kind & 0x7F):
            return None
        self.is_gap = False
        if (number != self._next or ssrc != self._ssrc) and not self._take_up(number, ssrc):
            return None
        self._next = number + 1 & 0xFFFF
        if raw != self._raw:
            if self._raw is None:
                self.stamp = raw
            else:
                self.stamp += _apart(raw, self._raw)
            self._raw = raw
            if self._waiting is not None:
                self._note(*self._waiting)
        self.is_marked = kind > 127
        self.has_left = False
        if flags == 0x80:
            return frame[16:]
        return _inside(frame, flags)

    def report(self, frame: bytes) -> None:
        """Take an RTCP packet, which may be several in one (6.1)."""
        at, end = 4, len(frame)
        while at + 8 <= end and frame[at] >> 6 == 2:
            size = 4 * (int.from_bytes(frame[at + 2 : at + 4]) + 1)
            kind = frame[at + 1]
            if kind == _SENDER_REPORT and at + 20 <= end:
                _, seconds, fraction, raw = _REPORT.unpack_from(frame, at + 4)
                if seconds > _NTP_EPOCH_S:
                    self._note((seconds - _NTP_EPOCH_S) * 1_000_000 + (fraction * 1_000_000 >> 32), raw)
            elif kind == _BYE:
                self.has_left = True
            at += size

    def answer(self, channel: int) -> bytes:
        """A receiver report (6.4.2), interleaved: some cameras take a client that sends none for gone."""
        if self._next is None:
            return b""
        own, last = self._own_ssrc, self._next - 1 & 0xFFFF
        report = struct.pack(
            ">BBHIIIIIII", 0x81, _RECEIVER_REPORT, 7, own, self._ssrc, min(self.lost, 0x7FFFFF), last, 0, 0, 0
        )
        items = bytes((1, len(_NAME))) + _NAME
        items += bytes(4 - len(items) % 4)
        report += struct.pack(">BBHI", 0x81, _DESCRIBED, 1 + len(items) // 4, own) + items
        return b"$" + bytes((channel,)) + len(report).to_bytes(2) + report

    def clock_us(self, stamp: int) -> int | None:
        """What the camera's own clock showed at this timestamp, in µs since 1970; None where it does not tell."""
        if self._report is None:
            return None
        ticks = stamp - self._report[1]
        if abs(ticks) > _LONGEST_REPORT_S * self._rate:
            return None
        return self._report[0] + ticks * 1_000_000 // self._rate

    def _note(self, at_us: int, raw: int) -> None:
        if self._raw is None:
            self._waiting = (at_us, raw)
        else:
            self._waiting = None
            self._report = (at_us, self.stamp + _apart(raw, self._raw))

    def _take_up(self, number: int, ssrc: int) -> bool:
        """A packet that is not the next one; whether it counts."""
        if self._next is None:
            self._ssrc = ssrc
            return True
        if ssrc != self._ssrc:  # the camera began anew
            self._ssrc, self._report = ssrc, None
            self.is_gap = True
            return True
        ahead = number - self._next & 0xFFFF
        if ahead > 0xFFFF - _MOST_BEHIND:  # late or twice
            return False
        self.is_gap = True
        self.lost += min(ahead, _MOST_BEHIND)
        return True

    def _is_meant(self, kind: int) -> bool:
        """Whether another payload type than announced is the track's after all: some cameras announce a wrong one."""
        if self._next is not None or kind < 96:
            return False
        self._others += 1
        if self._others < _SURE_AFTER:
            return False
        self._payload_type = kind
        return True


def _apart(raw: int, before: int) -> int:
    """From one 32-bit timestamp to another, forwards or backwards, whichever is shorter."""
    return (raw - before + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def _inside(frame: bytes, flags: int) -> bytes | None:
    """The payload behind contributing sources and an extension, and before padding."""
    at, end = 16 + 4 * (flags & 15), len(frame)
    if flags & 0x10:
        if at + 4 > end:
            return None
        at += 4 + 4 * int.from_bytes(frame[at + 2 : at + 4])
    if flags & 0x20:
        end -= frame[-1]
    return frame[at:end] if at <= end else None
