"""From RTP to pictures and sound."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import av
import pytest

from nightlatch.pixels.codecs import AudioStream, h264
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.rtsp import TakeOver
from nightlatch.pixels.sources.rtsp.protocol import Channel
from nightlatch.pixels.sources.rtsp.sdp import parse_sdp
from nightlatch.pixels.sources.rtsp.tracks import Tracks
from tests.pixels.sources.rtsp.scripted import STEP, film, frames, rtp, sdp

SEI = bytes((6, 5, 20)) + bytes(range(20)) + b"\x80"


def tracks(text: str) -> Tracks:
    """Set up with channels 0 and 1, 2 and 3."""
    made = Tracks()
    for index, offer in enumerate(made.choose(parse_sdp(text, "rtsp://camera/live"))):
        made.open(Channel(offer, 2 * index, 2 * index + 1))
    return made


def take(sent: Sequence[bytes], text: str | None = None) -> list[Raw]:
    made, raws = tracks(text or sdp()), list[Raw]()
    for each in sent:
        made.take(each, 5, raws)
    made.finish(raws)
    return raws


def units(raw: Raw) -> list[bytes]:
    return list(h264.split_lengths(raw.data))


def whole(number: int) -> list[bytes]:
    return h264.split_annex_b(film()[number])


def test_each_picture_comes_out_whole_with_its_time() -> None:
    raws = take(frames(film(), first=65_500, began=2**32 - 5 * STEP))
    assert [units(each) for each in raws] == [h264.split_annex_b(each) for each in film()]
    assert [each.is_key for each in raws] == [number % 10 == 0 for number in range(30)]
    assert {later.pts - raw.pts for raw, later in pairwise(raws)} == {STEP}  # type: ignore[operator]
    assert not any(each.is_torn for each in raws)
    assert raws[0].video is not None
    assert (raws[0].video.width, raws[0].video.height, raws[0].video.fps) == (160, 96, 15)
    assert (raws[0].dts, raws[0].duration_us, raws[0].arrival_us) == (None, 0, 5)


def test_the_rate_in_the_description_counts_more_than_that_in_the_stream() -> None:
    video = take(frames(film()[:1]), sdp().replace("a=control:track0", "a=framerate:12.5\r\na=control:track0"))[0].video
    assert video is not None
    assert video.fps == 12.5


def test_parameter_sets_in_the_stream_are_enough() -> None:
    assert take(frames(film()), sdp(sets=False))[0].video == take(frames(film()))[0].video


def test_parameter_sets_in_the_description_are_enough() -> None:
    bare = [each for each in frames(film()) if each[16] & 31 not in (h264.SPS, h264.PPS)]
    assert take(bare)[0].video == take(frames(film()))[0].video


def test_pictures_end_with_their_timestamp_where_there_is_no_marker() -> None:
    unmarked = [each[:5] + bytes((each[5] & 0x7F,)) + each[6:] for each in frames(film())]
    assert [units(each) for each in take(unmarked)] == [h264.split_annex_b(each) for each in film()[:-1]]


def test_pictures_whose_timestamps_stand_still_end_with_their_marker() -> None:
    raws = take(frames(film(), step=0))
    assert [units(each) for each in raws] == [h264.split_annex_b(each) for each in film()]


def test_an_sei_with_the_marker_joins_the_next_picture() -> None:
    sent: list[bytes] = []
    for number, unit in enumerate(film()[:20]):
        sent.append(rtp(SEI, len(sent), number * STEP, marker=True))
        for index, body in enumerate(bodies := h264.payloads(unit, 400), 1):
            sent.append(rtp(body, len(sent), number * STEP, marker=index == len(bodies)))
    raws = take(sent)
    assert len(raws) == 20
    assert [units(each) for each in raws[:2]] == [[SEI, *whole(0)], [SEI, *whole(1)]]
    assert [each.pts for each in raws[:2]] == [0, STEP]


def test_an_sei_with_the_time_of_the_picture_before_joins_the_next() -> None:
    sent: list[bytes] = []
    for number, unit in enumerate(film()[:4]):
        for index, body in enumerate(bodies := h264.payloads(unit, 400), 1):
            sent.append(rtp(body, len(sent), number * STEP, marker=index == len(bodies)))
        sent.append(rtp(SEI, len(sent), number * STEP, marker=True))
    raws = take(sent)
    assert [units(each) for each in raws] == [whole(0), *([SEI, *whole(number)] for number in (1, 2, 3))]
    assert [each.pts for each in raws] == [0, STEP, 2 * STEP, 3 * STEP]


def test_a_picture_whose_every_slice_bears_the_marker_stays_one_picture() -> None:
    pictures = film(slices=4)
    sent = []
    for number, unit in enumerate(pictures):
        for nal in h264.split_annex_b(unit):
            sent.append(rtp(nal, len(sent), number * STEP, marker=True))
    raws = take(sent)
    assert len(raws) == len(pictures)
    assert [sum(each[0] & 31 in (1, 5) for each in units(raw)) for raw in raws] == [4] * len(raws)
    assert decoded(raws) == len(pictures)


def test_a_loss_while_timestamps_stand_still_joins_no_pictures() -> None:
    sent = frames(film(slices=2), most=60, step=0)
    fifth = [index for index, each in enumerate(sent) if each[5] & 0x80][4]
    raws = take(sent[: fifth + 1] + sent[fifth + 2 :])
    assert [units(each) for each in raws[:5]] == [h264.split_annex_b(each) for each in film(slices=2)[:5]]
    assert not any(each.is_torn for each in raws[:5])


def test_parameter_sets_between_slices_stay_within_the_picture() -> None:
    sent = []
    sets = [each for each in h264.split_annex_b(film(slices=4)[0]) if each[0] & 31 in (h264.SPS, h264.PPS)]
    for number, unit in enumerate(film(slices=4)):
        slices = [each for each in h264.split_annex_b(unit) if each[0] & 31 in (1, 5)]
        nals = [nal for each in slices for nal in (*sets, each)]
        for index, nal in enumerate(nals, 1):
            sent.append(rtp(nal, len(sent), number * STEP, marker=index == len(nals)))
    assert len(take(sent)) == 30


def test_aggregated_units_come_apart() -> None:
    unit = whole(0)
    packed = b"\x78" + b"".join(len(each).to_bytes(2) + each for each in unit)
    assert units(take([rtp(packed, 1, 0, marker=True)])[0]) == unit


def test_pictures_are_torn_from_a_loss_to_the_next_whole_key_frame() -> None:
    sent = frames(film())
    third = next(index for index, each in enumerate(sent) if int.from_bytes(each[8:12]) == 3 * STEP)
    raws = take(sent[:third] + sent[third + 1 :])
    torn = [each.pts // STEP for each in raws if each.is_torn]  # type: ignore[operator]
    assert torn[0] in (3, 4)
    assert torn[-1] == 9
    assert len(torn) in (6, 7)


@pytest.mark.parametrize("place", [0, 1, 3, 9, 10, 11])
def test_a_key_frame_that_lost_anything_mends_nothing(place: int) -> None:
    sent = frames(film(), most=100)
    keys = [index for index, each in enumerate(sent) if int.from_bytes(each[8:12]) == 10 * STEP]
    lost = keys[min(place, len(keys) - 1)]
    raws = take(sent[:lost] + sent[lost + 1 :])
    torn = {each.pts // STEP for each in raws if each.is_torn}  # type: ignore[operator]
    if sent[lost][16] & 31 in (h264.SPS, h264.PPS):  # its slices are whole: nothing is torn
        assert torn <= set(range(10, 20))
    else:
        assert set(range(11, 20)) <= torn <= set(range(10, 20))


def test_a_loss_between_pictures_leaves_a_whole_key_frame_whole() -> None:
    sent = frames(film())
    before = [index for index, each in enumerate(sent) if int.from_bytes(each[8:12]) == 9 * STEP]
    raws = take(sent[: before[0]] + sent[before[-1] + 1 :])
    assert not any(each.is_torn for each in raws)


def test_what_is_not_torn_decodes_without_a_fault() -> None:
    sent = frames(film(60, 15), most=120)
    raws = take([each for index, each in enumerate(sent) if index % 41 != 40])
    assert any(each.is_torn for each in raws)
    assert decoded([each for each in raws if not each.is_torn]) == sum(not each.is_torn for each in raws)


def decoded(raws: Sequence[Raw]) -> int:
    """Pictures that a decoder makes of them, without any fault."""
    text = b"".join(b"\0\0\0\1" + unit for raw in raws for unit in units(raw))
    with av.open(io.BytesIO(text), format="h264") as back:
        pictures = list(back.decode(video=0))
    assert not any(each.is_corrupt for each in pictures)
    return len(pictures)


def test_a_description_without_known_pictures_is_for_another() -> None:
    for text in ("", "m=video 0 RTP/AVP 26\n", "m=audio 0 RTP/AVP 0\n"):
        with pytest.raises(TakeOver):
            tracks(text)


@pytest.mark.parametrize(
    ("media", "name"),
    [("98\na=rtpmap:98 G726-32/8000", "G.726"), ("99\na=rtpmap:99 L16/16000/1", "L16"), ("9", "G.722")],
)
def test_sound_that_cannot_be_kept_is_named(media: str, name: str) -> None:
    made = tracks(sdp(more=f"m=audio 0 RTP/AVP {media}\n"))
    assert made.left_out == (f"Its sound ({name}) cannot be recorded. Set the camera's audio to AAC if it can.",)
    assert made.audio is None


def test_the_second_sound_is_taken_where_the_first_cannot_be_kept() -> None:
    made = tracks(sdp(more="m=audio 0 RTP/AVP 9\nm=audio 0 RTP/AVP 8\n"))
    assert made.audio == AudioStream("pcm_alaw", 8_000, 1)
    assert len(made.left_out) == 1


def test_sound_has_its_time_and_length() -> None:
    made, raws = tracks(sdp(more="m=audio 0 RTP/AVP 0\n")), list[Raw]()
    for number in range(3):
        made.take(rtp(bytes(320), number, number * 320, kind=0, channel=2), 7, raws)
    assert [(each.kind, each.pts, each.duration_us, each.arrival_us) for each in raws] == [
        ("audio", at, 40_000, 7) for at in (0, 320, 640)
    ]


def test_sound_that_nothing_describes_is_let_go_with_a_word() -> None:
    hbr = "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3\n"
    made = tracks(sdp(more=f"m=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000/1\n{hbr}"))
    raws = list[Raw]()
    for number in range(60):
        made.take(rtp(b"\0\x10\0\x20abcd", number, number * 1024, kind=97, channel=2), 7, raws)
    assert raws == []
    assert made.audio is None
    assert made.left_out[0].startswith("Its sound (AAC) cannot be recorded: the camera does not say how")
