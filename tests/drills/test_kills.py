"""The short form of `make drill-kills`, and that what it counts with is right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.drills.kills import MOST_LOST_S, drill, said
from tests.rtsp import SOUND_S, VIDEO, Talk, Track, describe, numbered, numbers, payloads, shoot, sound_payloads

KILLS = 20
BUSY_S = 0.5  # that the loop may be late while other tests run beside it; `make drill-kills` allows none
needs_age = pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed (see scripts/packages.txt)")


@needs_age
@pytest.mark.services
@pytest.mark.timeout(300)
def test_a_kill_costs_at_most_a_second_as_counted_at_the_camera(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = drill(tmp_path, kills=KILLS, seed=10)
    with capsys.disabled():
        print(f"\n{said(found)}")
    assert found.faults == []
    assert len(found.kills) == KILLS
    assert len(found.lost_s) >= 2 * KILLS
    assert found.lost_s[-1] <= MOST_LOST_S + found.late_s + BUSY_S


def test_a_camera_of_a_drill_numbers_its_pictures_and_sends_them_whole() -> None:
    film = shoot(320, 180, seconds=2, bit_rate=1_000_000)
    assert len(film.shots) == 30
    assert [shot.is_key for shot in film.shots] == [number % 15 == 0 for number in range(30)]
    parts = payloads((numbered(123_456), *film.shots[0].units))
    assert numbers(b"".join(parts)) == [123_456]
    whole = film.shots[0].units[0]
    fragments = [part for part in parts if part[0] & 31 == 28]
    assert bytes((fragments[0][0] & 0xE0 | fragments[0][1] & 31,)) + b"".join(part[2:] for part in fragments) == whole
    assert sum(len(each) for each in sound_payloads()) == 8000
    assert len(sound_payloads()[0]) == SOUND_S * 8000


def test_a_camera_of_a_drill_answers_as_a_camera_does() -> None:
    film = shoot(320, 180, seconds=1)
    talk = Talk(lambda path: describe(film, has_sound=True) if path == "/live" else None)
    url = "rtsp://127.0.0.1:1/live"
    assert b"404" in talk.feed(b"DESCRIBE rtsp://127.0.0.1:1/none RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    assert b"m=audio 0 RTP/AVP 0" in talk.feed(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 2\r\n\r\n".encode())
    udp = f"SETUP {url}/track0 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n"
    assert b"461" in talk.feed(udp.encode())
    tcp = f"SETUP {url}/track0 RTSP/1.0\r\nCSeq: 4\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"
    assert b"interleaved=0-1" in talk.feed(b"$\x01\x00\x02ab" + tcp.encode()[:40]) + talk.feed(tcp.encode()[40:])
    assert not talk.is_playing
    assert b"200 OK" in talk.feed(f"PLAY {url} RTSP/1.0\r\nCSeq: 5\r\n\r\n".encode())
    assert talk.is_playing
    assert list(talk.tracks()) == [VIDEO]
    track = Track(96, 0, seq=0xFFFF)
    first, second = (track.packet(b"x", 1, is_last=True)[6:8] for _ in range(2))
    assert (first, second) == (b"\xff\xff", b"\x00\x00")
