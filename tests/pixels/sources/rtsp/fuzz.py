"""Hostile cameras by the million: `python -m tests.pixels.sources.rtsp.fuzz [COUNT [SEED]]`, or `make fuzz-rtsp`.

Each input is something that a camera may say (a whole session, a stretch of a playing one, a packet, a description, a
challenge), with some of its bytes changed. Nothing but a `SourceError` may come of it, and nothing may grow: what a
conversation holds is bounded, and so is the memory of the whole run.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

from nightlatch.errors import SourceError
from nightlatch.pixels.codecs import ENCODINGS, SOUNDS, hevc
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.rtsp.login import Login
from nightlatch.pixels.sources.rtsp.protocol import Conversation
from nightlatch.pixels.sources.rtsp.sdp import LARGEST, parse_sdp
from nightlatch.pixels.sources.rtsp.tracks import Tracks
from tests.pixels.codecs.test_hevc import encoded
from tests.pixels.sources.rtsp.scripted import URL, Scripted, film, frames, interleaved, rtp, sdp

MOST_HELD = LARGEST + 256 * 1024  # a body and a header that wait for more
MOST_GROWTH = 48 * 1024  # KiB of the whole process after it has warmed up
SOUND_LINES = (
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\n"
    "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\na=control:track1\r\n",
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/16000\r\na=fmtp:97 cpresent=1\r\na=control:track1\r\n",
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/16000\r\na=fmtp:97 cpresent=0;config=400028103fc0\r\n"
    "a=control:track1\r\n",
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:track1\r\n",
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 PCMU/8000\r\na=control:track1\r\n",
)
CHALLENGES = (
    'Digest realm="odd", nonce="abc", algorithm=SHA-256, qop="auth,auth-int", opaque="x", stale=TRUE',
    'Digest realm="odd \\"x\\"", nonce="abc"',
    'Basic realm="odd"',
)
LAW = bytes((0x80, 0, 1, 2, 3, 4, 5, 6)) * 6
SOUND_BODIES = (
    b"\0\x10\1\0" + LAW,
    b"\0\x20\0\x80\0\x80" + LAW,
    b"\xff\xf1\x60\x40\x06\x1f\xfc" + LAW,
    b"\x30" + LAW,
    LAW,
)
_TOKENS = (
    b"$",
    b"$\0\0\0",
    b"\r\n\r\n",
    b"\r\n",
    b"RTSP/1.0 200 OK\r\n",
    b"\xff" * 4,
    bytes(4),
    b"Content-Length: 9\r\n",
    b'"',
)


def change(data: bytes, rng: Random) -> bytes:
    """The same with up to four changes; sometimes none."""
    made, chance = bytearray(data), rng.random
    for _ in range(int(chance() * 5)):
        at, kind = int(chance() * (len(made) + 1)), int(chance() * 6)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << int(chance() * 8)
        elif kind == 1 and at < len(made):
            made[at] = int(chance() * 256)
        elif kind == 2:
            del made[at : at + 1 + int(chance() * 40)]
        elif kind == 3:
            made[at:at] = _TOKENS[int(chance() * len(_TOKENS))]
        elif kind == 4:
            made[at:at] = made[at // 2 : at // 2 + 1 + int(chance() * 60)]
        else:
            del made[at:]
    return bytes(made)


class Fuzz:
    """What lives longer than one input: sessions that play, and tracks."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)
        self._film = [*frames(film(), most=200), *frames(encoded(), most=200, codec=hevc)]
        report = interleaved(1, bytes((0x80, 200, 0, 6)) + bytes(range(24)) + bytes((0x81, 203, 0, 1)) + bytes(4))
        self._sent = [*self._film, report] * 2
        self._sdps = [sdp(more=more) for more in SOUND_LINES]
        self._sdps += [text.replace("H264/90000", "H265/90000") for text in self._sdps[:2]]
        self._sessions = [self._record(text) for text in self._sdps]
        self._tracks: list[Tracks] = []
        self._playing: Conversation | None = None
        self._at = 0
        self.refused = 0
        self._kinds: Sequence[Callable[[], None]] = (
            *([self._packet] * 40),
            *([self._stretch] * 2),
            *([self._challenge] * 2),
            self._description,
            self._session,
        )

    def one(self) -> None:
        """One input."""
        try:
            self._rng.choice(self._kinds)()
        except SourceError:
            self.refused += 1
            self._playing = None

    def _record(self, text: str) -> bytes:
        """All that a camera says in a session."""
        camera, said = Scripted(text), b""
        made = Conversation(URL, Login(None, ""), Tracks(), 10_000_000, 0)
        while asked := made.take():
            answer = camera.answer(asked)
            made.receive(answer, 0)
            said += answer
        return said + b"".join(self._film[:12])

    def _session(self) -> None:
        """A whole session, in pieces."""
        rng, tracks, raws = self._rng, Tracks(), list[Raw]()
        said = change(rng.choice(self._sessions), rng)
        made = Conversation(URL, Login("u", "p"), tracks, 10_000_000, 0)
        at = 0
        while at < len(said):
            size = rng.choice((1, 7, 100, 1_000, 10_000))
            for frame in made.receive(said[at : at + size], at):
                tracks.take(frame, at, raws)
            made.take()
            made.tick(at)
            at += size
        made.end()

    def _stretch(self) -> None:
        """A stretch of a session that plays."""
        rng = self._rng
        if self._playing is None or rng.random() < 0.0005:
            camera, self._guest = Scripted(rng.choice(self._sdps)), Tracks()
            self._playing = Conversation(URL, Login(None, ""), self._guest, 10_000_000, 0)
            while asked := self._playing.take():
                self._playing.receive(camera.answer(asked), 0)
        self._at += rng.randrange(1, 8)
        stretch = b"".join(self._sent[self._at % len(self._film) :][: rng.randrange(1, 8)])
        raws: list[Raw] = []
        for frame in self._playing.receive(change(stretch, rng), self._at):
            self._guest.take(frame, self._at, raws)
        self._playing.tick(self._at * 100_000)
        self._playing.take()
        assert self._playing.held <= MOST_HELD

    def _packet(self) -> None:
        """One packet of a track that goes on for long."""
        rng = self._rng
        if not self._tracks or rng.random() < 0.0002:
            self._tracks = [self._open(text) for text in self._sdps]
        self._at += 1
        raws: list[Raw] = []
        tracks = rng.choice(self._tracks)
        if rng.random() < 0.5:
            frame = self._sent[self._at % len(self._sent)]
        else:
            frame = rtp(rng.choice(SOUND_BODIES), self._at, self._at << 10, kind=97, channel=2)
        whole = change(frame[4:], rng)
        if len(whole) < 65_536:
            tracks.take(interleaved(frame[1], whole), self._at, raws)
            assert sum(len(raw.data) for raw in raws) < 16 * 1024 * 1024

    def _open(self, text: str) -> Tracks:
        tracks = Tracks()
        camera = Scripted(text)
        made = Conversation(URL, Login(None, ""), tracks, 10_000_000, 0)
        while asked := made.take():
            made.receive(camera.answer(asked), 0)
        return tracks

    def _description(self) -> None:
        """A description, and sound that it makes possible."""
        rng = self._rng
        told = parse_sdp(change(rng.choice(self._sdps).encode(), rng).decode("utf-8", "replace"), URL)
        Tracks().choose(told)
        for offer in told.offers:
            if (name := ENCODINGS.get(offer.encoding, "")) in SOUNDS:
                try:
                    made = SOUNDS[name].gathering(offer.encoding, offer.rate, offer.channels, offer.parameters)
                except ValueError:
                    continue
                made.add(change(rng.choice(SOUND_BODIES), rng))

    def _challenge(self) -> None:
        rng = self._rng
        login = Login("u", "p")
        for _ in range(3):
            told = [change(rng.choice(CHALLENGES).encode(), rng).decode("latin-1") for _ in range(rng.randrange(3))]
            login.meet(told, was_answered=rng.random() < 0.5)
            login.header("DESCRIBE", URL)


def run(count: int, seed: int) -> int:
    """So many inputs; how many of them ended a session. Raises what nobody expects, with the seed to repeat it."""
    fuzz, warm_kib = Fuzz(seed), 0
    for number in range(count):
        if number == min(count // 10, 200_000):
            warm_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            fuzz.one()
        except Exception:  # whatever it is, it is a fault: the number says where
            print(f"seed {seed}, input {number}", file=sys.stderr)
            raise
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - warm_kib
    assert grown_kib < MOST_GROWTH, f"grew by {grown_kib} KiB"
    return fuzz.refused


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    number = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    began_s = time.monotonic()
    ended = run(many, number)
    print(f"{many} inputs (seed {number}) in {time.monotonic() - began_s:.0f} s, {ended} ended a session; nothing grew")
