"""The conversation with a camera: whatever it answers, and however its bytes come in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.sources.rtsp import TakeOver, TransportRefused
from nightlatch.pixels.sources.rtsp.login import Login
from nightlatch.pixels.sources.rtsp.protocol import Channel, Conversation
from nightlatch.pixels.sources.rtsp.sdp import Description, TrackOffer
from nightlatch.pixels.sources.rtsp.wire import LONGEST_JUNK
from tests.pixels.sources.rtsp.scripted import G711, URL, Odd, Scripted, film, frames, interleaved, reply, rtp, sdp

TIMEOUT_US = 10_000_000


class Visitor:
    """Takes every track."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.refused: list[TrackOffer] = []

    def choose(self, description: Description) -> Sequence[TrackOffer]:
        return description.offers

    def open(self, channel: Channel) -> None:
        self.channels.append(channel)

    def refuse(self, offer: TrackOffer) -> None:
        self.refused.append(offer)


def talk(camera: Scripted, user: str | None = None) -> tuple[Conversation, Visitor]:
    """A conversation until nobody has anything more to say."""
    guest = Visitor()
    made = Conversation(URL, Login(user, "s3cret"), guest, TIMEOUT_US, 0)
    while asked := made.take():
        made.receive(camera.answer(asked), 0)
    return made, guest


def say(made: Conversation, data: bytes, times: int) -> None:
    """The same over and over."""
    for _ in range(times):
        made.receive(data, 0)


def odd(method: str, status: int, *lines: str, times: int = 1_000) -> Odd:
    """A camera that answers one method in its own way."""
    left = [times]

    def answer(asked: str, url: str, headers: dict[str, str]) -> str | None:
        if asked != method or left[0] <= 0:
            return None
        left[0] -= 1
        return reply(headers, status, *lines)

    return answer


def test_a_plain_camera_is_asked_in_order_and_plays() -> None:
    camera = Scripted(sdp(more=G711))
    made, guest = talk(camera)
    assert camera.methods == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert made.is_playing
    assert [url for _, url, _ in camera.asked[2:]] == [f"{URL}/track0", f"{URL}/track1", f"{URL}/"]
    assert [headers["session"] for _, _, headers in camera.asked[3:]] == ["12345678"] * 2
    assert [(each.rtp, each.rtcp) for each in guest.channels] == [(0, 1), (2, 3)]


def test_the_camera_may_choose_other_channels() -> None:
    _, guest = talk(Scripted(odd=odd("SETUP", 200, "Transport: RTP/AVP/TCP;interleaved=8-9;ssrc=1", "Session: a")))
    assert [(each.rtp, each.rtcp) for each in guest.channels] == [(8, 9)]


def test_a_challenge_is_answered_with_the_request_s_own_uri() -> None:
    camera = Scripted()
    camera.odd = lambda method, url, headers: (
        None
        if "authorization" in headers or method == "OPTIONS"
        else reply(headers, 401, 'WWW-Authenticate: Digest realm="r", nonce="n"')
    )
    made, _ = talk(camera, "u")
    assert made.is_playing
    assert camera.methods == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
    for _, url, headers in camera.asked[2:]:
        assert f'uri="{url}"' in headers["authorization"]


@pytest.mark.parametrize(
    ("method", "status", "reason", "kind"),
    [
        ("DESCRIBE", 404, Reason.NOT_FOUND, SourceError),
        ("DESCRIBE", 403, Reason.REFUSED, SourceError),
        ("DESCRIBE", 400, Reason.REFUSED, TakeOver),
        ("SETUP", 461, Reason.REFUSED, TransportRefused),
        ("SETUP", 453, Reason.REFUSED, SourceError),
        ("PLAY", 454, Reason.BROKEN_STREAM, SourceError),
        ("PLAY", 503, Reason.REFUSED, SourceError),
        ("DESCRIBE", 305, Reason.REFUSED, TakeOver),
    ],
)
def test_each_refusal_has_its_reason(method: str, status: int, reason: Reason, kind: type[SourceError]) -> None:
    with pytest.raises(SourceError) as caught:
        talk(Scripted(odd=odd(method, status)))
    assert caught.value.reason is reason
    assert type(caught.value) is kind


def test_udp_instead_of_what_was_asked_for_is_a_refused_transport() -> None:
    with pytest.raises(TransportRefused):
        talk(Scripted(odd=odd("SETUP", 200, "Transport: RTP/AVP;unicast;client_port=1-2", "Session: a")))


def test_a_camera_that_does_not_know_options_is_no_worse() -> None:
    assert talk(Scripted(odd=odd("OPTIONS", 501)))[0].is_playing


def test_sound_that_is_refused_leaves_the_pictures() -> None:
    camera = Scripted(sdp(more=G711))
    camera.odd = lambda method, url, headers: reply(headers, 500) if "track1" in url else None
    made, guest = talk(camera)
    assert made.is_playing
    assert [each.encoding for each in guest.refused] == ["PCMU"]


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_says_where_to(status: int) -> None:
    made, _ = talk(Scripted(odd=odd("DESCRIBE", status, "Location: rtsp://u:p@other:8554/there")))
    assert made.moved == "rtsp://other:8554/there"
    assert not made.is_playing


@pytest.mark.parametrize("to", ["http://other/", "file:///etc/passwd", "", "rtsp://a b/", "rtsp://[/"])
def test_a_redirect_to_anything_but_rtsp_is_refused(to: str) -> None:
    with pytest.raises(SourceError) as caught:
        talk(Scripted(odd=odd("DESCRIBE", 302, f"Location: {to}")))
    assert caught.value.reason is Reason.REFUSED
    assert "passwd" not in str(caught.value)


def test_the_session_is_kept_alive_well_before_it_ends() -> None:
    camera = Scripted(timeout_s=9)
    made, _ = talk(camera)
    made.tick(2_900_000)
    assert made.take() == b""
    for at_us in (3_000_000, 6_000_000, 9_000_000):
        made.tick(at_us)
        made.receive(camera.answer(made.take()), at_us)
    assert camera.methods[-3:] == ["GET_PARAMETER"] * 3


def test_options_keeps_a_session_alive_where_parameters_are_not_offered() -> None:
    camera = Scripted(timeout_s=9, odd=odd("OPTIONS", 200, "Public: DESCRIBE, SETUP, PLAY"))
    made, _ = talk(camera)
    made.tick(5_000_000)
    camera.answer(made.take())
    assert camera.methods[-1] == "OPTIONS"


@pytest.mark.parametrize("status", [400, 454, 501, 401])
def test_what_a_camera_says_to_a_keep_alive_ends_nothing(status: int) -> None:
    camera = Scripted(timeout_s=9, odd=odd("GET_PARAMETER", status, 'WWW-Authenticate: Digest realm="r", nonce="n"'))
    made, _ = talk(camera, "u")
    for at_us in range(3_000_000, 30_000_000, 3_000_000):
        made.tick(at_us)
        while asked := made.take():
            made.receive(camera.answer(asked), at_us)
    assert made.is_playing


def test_a_keep_alive_without_an_answer_ends_nothing_and_its_late_answer_either() -> None:
    camera = Scripted(timeout_s=9)
    made, _ = talk(camera)
    made.tick(4_000_000)
    late = camera.answer(made.take())
    made.tick(15_000_000)
    asked = made.take()
    assert asked
    made.receive(late, 15_000_001)
    made.receive(camera.answer(asked), 15_000_002)
    assert made.is_playing


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    made = Conversation(URL, Login(None, ""), Visitor(), TIMEOUT_US, 0)
    made.take()
    made.tick(TIMEOUT_US)
    with pytest.raises(SourceError) as caught:
        made.tick(TIMEOUT_US + 1)
    assert caught.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("CSeq", "cSEQ").replace("Session", "SESSION").replace("Transport", "transport"),
        lambda text: text.replace("\r\nCSeq: ", "\r\nX-No: "),
        lambda text: text.replace("\r\nCSeq: ", "\r\nCSeq: 0"),
        lambda text: text.replace("Session: ", "Session:\r\n \t"),
        lambda text: text.replace("RTSP/1.0 200 Whatever", "RTSP/1.0 200"),
        lambda text: "\r\n\r\n" + text,
        lambda text: text.partition("\r\n\r\n")[0].replace("\r\n", "\n") + "\n\n" + text.partition("\r\n\r\n")[2],
        lambda text: "RTSP/1.0 100 Continue\r\n\r\n" + text,
    ],
)
def test_odd_headers_are_read(edit: object) -> None:
    class Odd(Scripted):
        def _usual(self, method: str, url: str, headers: dict[str, str]) -> str:
            return str(edit(super()._usual(method, url, headers)))  # type: ignore[operator]

    made, guest = talk(Odd())
    assert made.is_playing
    assert len(guest.channels) == 1


def test_requests_of_the_camera_are_answered_between_frames() -> None:
    camera = Scripted()
    made, _ = talk(camera)
    asked = "OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n", "REDIRECT rtsp://x/ RTSP/1.0\r\nCSeq: 8\r\n\r\n"
    one, two = frames(film()[:1])[:2]
    assert made.receive(one + asked[0].encode() + asked[1].encode() + two, 0) == [one, two]
    told = made.take().decode()
    assert "RTSP/1.0 200 OK\r\nCSeq: 7" in told
    assert "RTSP/1.0 501 Not Implemented\r\nCSeq: 8" in told


def test_a_camera_that_asks_without_end_is_left() -> None:
    made, _ = talk(Scripted())
    with pytest.raises(SourceError):
        say(made, b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n" * 100, 100)


def test_junk_between_frames_is_passed_over() -> None:
    made, _ = talk(Scripted())
    sent = frames(film()[:8], most=60)[:7]
    cut = sent[1][7:]  # the end of a frame whose beginning the camera dropped
    junk = b"\x00$\x09\x00\x01 x RTSP", b"$" * 9, bytes(range(128, 250)), b"GARBAGE \x00" * 3 + b"\n"
    told = made.receive(sent[0] + cut + sent[2] + junk[0] + sent[3] + junk[1] + sent[4] + junk[2], 0)
    told += made.receive(junk[3] + sent[5] + sent[6], 0)
    assert told == [sent[0], *sent[2:]]


def test_nothing_but_junk_ends() -> None:
    made, _ = talk(Scripted())
    with pytest.raises(SourceError) as caught:
        say(made, bytes(1000), LONGEST_JUNK // 1000 + 2)
    assert caught.value.reason is Reason.BROKEN_STREAM


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"RTSP/1.0 " + b"x" * 80_000,
        b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * 20_000,
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    ],
)
def test_what_is_no_rtsp_is_said_at_once_and_kept_nowhere(said: bytes) -> None:
    made = Conversation(URL, Login(None, ""), Visitor(), TIMEOUT_US, 0)
    with pytest.raises(TakeOver):
        made.receive(said, 0)


def stream() -> tuple[bytes, list[bytes]]:
    """What a playing camera may send, and the frames in it."""
    units = frames(film()[:3], most=90)
    report = interleaved(1, bytes((0x80, 200, 0, 6)) + bytes(24))
    middle = b"RTSP/1.0 200 OK\r\nCSeq: 99\r\nContent-Length: 5\r\n\r\n$\0\0\0\0"
    asked = b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n"
    junk = b"\x01\x02$\x09\x09"
    told = [report, *units]
    sent = report + b"".join(units[:4]) + middle + asked + rtp(b"", 1, 1, channel=9) + junk + b"".join(units[4:])
    return sent, told


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2_000), max_size=30))
def test_frames_are_the_same_however_the_bytes_are_split(cuts: list[int]) -> None:
    sent, told = stream()
    made, _ = talk(Scripted())
    edges = [0, *sorted(set(cuts)), len(sent)]
    found = [each for at, end in pairwise(edges) for each in made.receive(sent[at:end], 0)]
    assert found == told
    assert made.take().startswith(b"RTSP/1.0 200 OK\r\nCSeq: 7")


def test_frames_are_the_same_byte_by_byte() -> None:
    sent, told = stream()
    made, _ = talk(Scripted())
    assert [each for at in range(len(sent)) for each in made.receive(sent[at : at + 1], 0)] == told


def test_taking_leave_ends_the_session() -> None:
    made, _ = talk(Scripted())
    assert made.end().startswith(b"TEARDOWN rtsp://camera/live/ RTSP/1.0\r\n")
    assert made.end() == b""
    assert Conversation(URL, Login(None, ""), Visitor(), TIMEOUT_US, 0).end() == b""
