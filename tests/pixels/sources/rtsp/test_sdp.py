"""Session descriptions as cameras write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.pixels.sources.rtsp.sdp import LARGEST, parse_sdp, resolve

BASE = "rtsp://camera:8554/live"
PLAIN = """v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=control:*
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==
a=framerate:15.0
a=control:trackID=1
m=audio 0 RTP/AVP 0
a=control:trackID=2
m=audio 0 RTP/AVP 97
a=rtpmap:97 mpeg4-generic/16000/2
a=control:rtsp://camera/elsewhere/a
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
"""


def test_tracks_have_what_receiving_needs() -> None:
    video, law, aac, data = parse_sdp(PLAIN, BASE).offers
    assert (video.media, video.payload_type, video.encoding, video.rate, video.fps) == ("video", 96, "H264", 90_000, 15)
    assert video.parameters["sprop-parameter-sets"].endswith("aMuMsg==")
    assert video.url == f"{BASE}/trackID=1"
    assert (law.encoding, law.rate, law.channels) == ("PCMU", 8_000, 1)
    assert (aac.encoding, aac.rate, aac.channels, aac.url) == ("MPEG4-GENERIC", 16_000, 2, "rtsp://camera/elsewhere/a")
    assert data.media == "application"


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        (BASE, "*", BASE),
        (BASE, "", BASE),
        (BASE, "track0", f"{BASE}/track0"),
        (f"{BASE}/", "track0", f"{BASE}/track0"),
        (f"{BASE}?channel=1&subtype=0", "trackID=0", f"{BASE}?channel=1&subtype=0/trackID=0"),
        (BASE, "/other/track0", "rtsp://camera:8554/other/track0"),
        (BASE, "rtsp://10.0.0.2/live/track0", "rtsp://10.0.0.2/live/track0"),
        (BASE, "rtsp://u:p@10.0.0.2/live", "rtsp://10.0.0.2/live"),
        (BASE, "rtsp://[/live", BASE),
        (BASE, "track 0\t", BASE),
    ],
)
def test_control_is_resolved_as_cameras_mean_it(base: str, control: str, url: str) -> None:
    assert resolve(base, control) == url


def test_a_session_s_control_stands_for_all_of_it() -> None:
    told = parse_sdp(PLAIN.replace("a=control:*", "a=control:rtsp://camera/all/"), BASE)
    assert told.url == "rtsp://camera/all/"
    assert told.offers[0].url == "rtsp://camera/all/trackID=1"


def test_the_camera_s_own_loudspeaker_is_no_track() -> None:
    told = parse_sdp(PLAIN.replace("a=control:trackID=2", "a=sendonly"), BASE)
    assert [offer.encoding for offer in told.offers if offer.media == "audio"] == ["MPEG4-GENERIC"]


def test_encrypted_tracks_are_for_another() -> None:
    told = parse_sdp(PLAIN.replace("video 0 RTP/AVP", "video 0 RTP/SAVP"), BASE)
    assert not [offer for offer in told.offers if offer.media == "video"]


def test_the_first_payload_type_that_is_described_counts() -> None:
    told = parse_sdp("m=video 0 RTP/AVP 95 97 96\na=rtpmap:96 H264/90000\na=rtpmap:97 H265/90000\n", BASE)
    assert [(each.payload_type, each.encoding) for each in told.offers] == [(97, "H265")]


def test_what_makes_no_sense_is_left_out() -> None:
    for text in ("", "m=", "m=video", "m=video x RTP/AVP 96", "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0\n", "a=\nm=\n"):
        assert parse_sdp(text, BASE).offers == ()


def test_a_hostile_description_is_bounded() -> None:
    assert len(parse_sdp("m=audio 0 RTP/AVP 0\n" * 100_000, BASE).offers) <= 32
    assert parse_sdp("a=x:y\n" * (LARGEST // 6) + PLAIN, BASE).offers == ()


@given(st.text(max_size=400))
def test_anything_at_all_is_read_without_an_error(text: str) -> None:
    parse_sdp(text, BASE)
    parse_sdp(PLAIN[:120] + text + PLAIN[120:], BASE)
