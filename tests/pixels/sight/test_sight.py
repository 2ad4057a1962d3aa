"""One camera's sight: packets in, events and tracks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import Detection, EventClosed, EventOpened, Kind
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import TracksChanged
from tests.pixels.sight.rooms import HIGH, WIDE, Image, box_at, crossing, film, look, opened, tell


@pytest.mark.parametrize(("gop_s", "within_ms"), [(1, 1000), (2, 2000), (4, 2000)])
def test_a_walker_opens_one_event_at_every_key_frame_interval(tmp_path: Path, gop_s: float, within_ms: int) -> None:
    path = film(tmp_path / "in.mp4", crossing(20.6, 28, 40, 100), seconds=45, gop_s=gop_s)
    told, sight = look(path)
    ((at_ms, event),) = opened(told)
    assert at_ms - 20_600 <= within_ms
    assert 20_400 <= event.onset_ms <= 21_400  # caught up: the onset is not the key frame's
    closed = [each for _, each in told if isinstance(each, EventClosed)]
    assert [c.event_id for c in closed] == [event.event_id]
    assert abs(closed[0].last_motion_ms - 28_000) <= 1_000
    assert sight.failed == 0


def test_a_quiet_camera_decodes_a_key_frame_and_two_skims_a_second(tmp_path: Path) -> None:
    told, sight = look(film(tmp_path / "in.mp4", lambda p, s: None, seconds=60))
    assert told == []
    assert sight.decoded <= 3 * 60 * 1.1 + 10
    assert sight.advice is None


def test_a_fast_small_cat_is_found(tmp_path: Path) -> None:
    told, _ = look(film(tmp_path / "in.mp4", crossing(25.3, 26.8, 26, 13, 0.8), seconds=40))
    ((at_ms, event),) = opened(told)
    assert 25_200 <= event.onset_ms <= 26_500
    assert at_ms <= 27_200


def test_the_same_packets_give_the_same_events_and_tracks(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 30, 70), seconds=40)
    first, _ = look(path)
    assert len(opened(first)) == 1
    assert look(path)[0] == first


def test_hevc_is_watched_too(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 30, 70), seconds=35, codec="libx265")
    assert len(opened(look(path)[0])) == 1


def _switched(picture: Image, second: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=0.55 if int(second / 20) % 2 else 1.0), np.uint8)


def _infrared(picture: Image, second: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=0.6, beta=70), np.uint8) if 20 <= second < 40 else picture


def _drifts(picture: Image, second: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=1 + 0.25 * np.sin(second / 20)), np.uint8)


def _headlights(picture: Image, second: float) -> Image:
    if not 20 <= second < 24:
        return picture
    beam = np.exp(-(((np.arange(WIDE) / WIDE - (1.2 - 1.4 * (second - 20) / 4)) / 0.12) ** 2)) * 70
    return np.clip(picture + beam[None, :, None], 0, 255).astype(np.uint8)


def _clock(picture: Image, second: float) -> None:
    text = f"2026-11-23 09:{59 if second < 30 else 0:02}:{(int(second) + 30) % 60:02}"
    cv2.putText(picture, text, (14, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)


def _rain(picture: Image, second: float) -> None:
    for x, y in np.random.default_rng(int(second * 5)).random((50, 2)):
        start = (int(x * WIDE), int(y * HIGH))
        cv2.line(picture, start, (start[0] - 2, start[1] + 12), (190, 190, 190), 1, cv2.LINE_AA)


@pytest.mark.parametrize("draw", [_switched, _infrared, _drifts, _headlights, _clock, _rain])
def test_light_clocks_and_rain_open_nothing(tmp_path: Path, draw: object) -> None:
    told, _ = look(film(tmp_path / "in.mp4", draw, seconds=75))  # type: ignore[arg-type]
    assert opened(told) == []


def test_somebody_who_switches_the_light_is_seen(tmp_path: Path) -> None:
    def draw(picture: Image, second: float) -> Image:
        if 30 <= second < 42:
            box_at(picture, 0.1 + (second - 30) / 15, 0.6, 40, 110)
        return _switched(picture, second)

    told, _ = look(film(tmp_path / "in.mp4", draw, seconds=60))
    assert len(opened(told)) == 1


def test_a_parked_car_ends_the_event_and_is_no_news_when_it_stays(tmp_path: Path) -> None:
    def draw(picture: Image, second: float) -> None:
        if second >= 15:
            box_at(picture, min(0.6, (second - 15) / 5), 0.6, 120, 60)

    told, _ = look(film(tmp_path / "in.mp4", draw, seconds=75))
    assert len(opened(told)) == 1
    (closed,) = [each for _, each in told if isinstance(each, EventClosed)]
    assert 17_500 <= closed.last_motion_ms <= 20_000


def test_ignored_places_do_not_open(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 30, 60), seconds=35)
    whole = Area("all", "ignore", ((0, 0), (1, 0), (1, 1), (0, 1)))
    assert opened(look(path, areas=(whole,))[0]) == []


class Eye:
    """A detector that knows the things of these films by their darkness."""

    def __init__(self, misses: int = 0) -> None:
        self.asked = 0
        self.misses = misses

    def look(self, bgr: Image, regions: Sequence[Box]) -> list[Detection] | None:
        self.asked += 1
        if self.asked <= self.misses:
            return None
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        count, _, stats, _ = cv2.connectedComponentsWithStats((grey < 38).astype(np.uint8))
        boxes = [
            Box(x / WIDE, y / HIGH, (x + w) / WIDE, (y + h) / HIGH)
            for x, y, w, h, n in stats[1:count].tolist()
            if n > 300
        ]
        return [Detection(box, Kind.PERSON, 0.9) for box in boxes]


def test_the_detector_names_the_track_and_is_asked_a_few_times_a_second_at_most(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 34, 90), seconds=36, fps=15)
    eye = Eye(misses=2)
    told, _ = look(path, detector=eye)
    changes = [each for _, each in told if isinstance(each, TracksChanged)]
    people = [t for t in changes[-1].tracks if t.kind is Kind.PERSON]
    assert len(people) == 1
    assert people[0].path[-1].at_ms - people[0].path[0].at_ms >= 5_000
    assert people[0].path[-1].box.left > people[0].path[0].box.left + 0.5
    assert 10 <= eye.asked <= 4.2 * (22 - 15 + 4)


class LateEye(Eye):
    """Answers each time about the picture that it was asked before, as a shared detector does."""

    before: list[Detection] | None = None

    def look(self, bgr: Image, regions: Sequence[Box]) -> list[Detection] | None:
        found, self.before = self.before, super().look(bgr, regions)
        return found


def test_a_late_answer_does_not_pull_the_track_back(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 19, 34, 90), seconds=34)
    told, _ = look(path, detector=LateEye(), answers_late=True)
    (track,) = [t for t in [e for _, e in told if isinstance(e, TracksChanged)][-1].tracks if t.kind is Kind.PERSON]
    steady = [p for p in track.path if 16_000 <= p.at_ms <= 18_500]
    off = [(p.box.left + p.box.right) / 2 - (p.at_ms - 15_000) / 4000 for p in steady]
    assert max(map(abs, off)) < 0.05


def test_opening_does_not_wait_for_the_detector(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(15, 22, 34, 90), seconds=36)
    (plain, _), (deaf, _) = look(path), look(path, detector=Eye(misses=10_000))
    assert opened(plain) == opened(deaf)


def test_tracks_come_before_the_close_and_belong_to_the_event(tmp_path: Path) -> None:
    told, _ = look(film(tmp_path / "in.mp4", crossing(15, 22, 34, 90), seconds=45))
    kinds = [type(each) for _, each in told]
    assert kinds[0] is EventOpened
    assert kinds[-1] is EventClosed
    assert set(kinds[1:-1]) == {TracksChanged}
    assert {each.event_id for _, each in told} == {"e1"}


def test_lost_packets_never_raise(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", crossing(15, 22, 34, 90), seconds=40)) as opened_film:
        packets = [p for n, p in enumerate(opened_film.packets) if n % 7]
        streams = opened_film.streams
    packets = [replace(p, data=p.data[: p.size // 2]) if n % 11 == 3 else p for n, p in enumerate(packets)]
    told, _ = tell(streams, packets)
    assert isinstance(told[-1][1], EventClosed)


def test_a_camera_with_rare_key_frames_is_watched_and_advised(tmp_path: Path) -> None:
    path = film(tmp_path / "in.mp4", crossing(25, 33, 34, 90), seconds=45, gop_s=10)
    told, sight = look(path)
    assert len(opened(told)) == 1
    assert sight.advice is not None
    assert "10 s" in sight.advice
    assert "tenth" in sight.advice


def _shaken(picture: Image, second: float) -> Image:
    if second < 15 or second % 6 > 1.5:
        return picture
    x, y = 4 * np.sin(second * 9), 3 * np.cos(second * 7)
    moved = cv2.warpAffine(
        picture, np.array([[1, 0, x], [0, 1, y]], np.float32), (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(moved, np.uint8)


def test_a_shaken_camera_opens_nothing_and_still_sees_a_walker(tmp_path: Path) -> None:
    def draw(picture: Image, second: float) -> Image:
        if 40 <= second < 47:
            box_at(picture, (second - 40) / 7, 0.6, 40, 100)
        return _shaken(picture, second)

    ((_, event),) = opened(look(film(tmp_path / "in.mp4", draw, seconds=60))[0])
    assert 39_800 <= event.onset_ms <= 41_500


@pytest.mark.parametrize("set_ms", [3_600_000, -3_600_000])
@pytest.mark.parametrize("set_at_s", [15, 25, 34])
def test_a_clock_that_is_set_moves_events_and_neither_ends_nor_opens_any(
    tmp_path: Path, set_ms: int, set_at_s: int
) -> None:
    with open_film(film(tmp_path / "a.mp4", crossing(20, 30, 40, 110), seconds=60)) as read:
        streams, packets = read.streams, list(read.packets)
    moved = [replace(p, at_ms=p.at_ms + set_ms) if p.dts_us >= set_at_s * 1_000_000 else p for p in packets]
    plain, after = ([each for _, each in tell(streams, taken)[0]] for taken in (packets, moved))
    opening = next(each for each in plain if isinstance(each, EventOpened))
    off_ms = set_ms if set_at_s < 20 else 0  # all of an event is told by the clock as it was when it opened
    assert [type(each) for each in after] == [type(each) for each in plain]
    assert after[0] == replace(opening, onset_ms=opening.onset_ms + off_ms, clip_from_ms=opening.clip_from_ms + off_ms)
    (ended,), (ends,) = ([e for e in told if isinstance(e, EventClosed)] for told in (plain, after))
    assert ends.clip_to_ms == ended.clip_to_ms + off_ms
    places = [track.path[-1].at_ms for each in after if isinstance(each, TracksChanged) for track in each.tracks]
    assert all(ends.onset_ms <= at_ms <= ends.clip_to_ms for at_ms in places)
