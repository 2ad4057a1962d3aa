"""What events are judged by beside pictures: the mode, with time to leave, and hours that are usual."""

from __future__ import annotations

import stat
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Context, Mode, Site, Usual
from nightlatch.domain.geometry import Area, Box
from nightlatch.domain.sighting import (
    EventClosed,
    EventJudged,
    EventOpened,
    Judgement,
    Kind,
    Place,
    Story,
    Track,
    Verdict,
)
from nightlatch.domain.time import DAY_MS, HOUR_MS, Span
from nightlatch.hub.vault.habits import FOLDER, read_habits
from nightlatch.hub.watch.habits import KnownHours, wall_hour
from nightlatch.hub.watch.observer import Observer
from nightlatch.hub.watch.pool import Pool
from nightlatch.hub.watch.surroundings import EXIT_MS, LONGEST_EXIT_MS, Surroundings
from nightlatch.hub.wire.notices import CameraList
from nightlatch.pixels.media.frames import Looker
from nightlatch.pixels.replay.films import open_film
from nightlatch.pixels.sight import TracksChanged
from tests.hub.test_looks import Ears
from tests.hub.test_pool import Fake
from tests.pixels.sight.rooms import film

NOW_MS = 1_800_000_000_000
LEFT = Area("path", "watch", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
RIGHT = Area("car", "watch", ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
PORCH = Camera("0" * 12, "porch", "file:porch.mp4", areas=(LEFT, RIGHT), site=Site.DRIVE)


def all_of_them(camera_id: str) -> bool:
    return True


def someone(left: float, at_ms: int = NOW_MS, kind: Kind = Kind.PERSON) -> Track:
    return Track(1, kind, 0.9, (Place(at_ms, Box(left, 0.4, left + 0.1, 0.9)),))


def closed(verdict: Verdict, *tracks: Track, at_ms: int = NOW_MS) -> tuple[EventOpened, EventJudged]:
    kinds = tuple(dict.fromkeys(track.kind for track in tracks))
    judgement = Judgement(verdict, 0.1, (), kinds, tracks)
    return EventOpened(PORCH.id, "e", at_ms, at_ms), EventJudged(PORCH.id, "e", at_ms + 20_000, judgement)


def listed(mode: Mode, *cameras: Camera) -> CameraList:
    return CameraList("h", ("age1x",), cameras or (PORCH,), mode)


def in_mode(*modes: tuple[Mode, int]) -> Surroundings:
    made = Surroundings()
    for mode, at_ms in modes:
        at(made, at_ms).take(listed(mode), all_of_them)
    return made


def at(made: Surroundings, at_ms: int) -> Surroundings:
    """The same, at a moment of the clock that cannot be set."""
    made.monotonic_ms = lambda: at_ms
    return made


def test_an_event_is_judged_by_the_mode_as_it_is_now() -> None:
    made = in_mode((Mode.HOME, 0), (Mode.NIGHT, NOW_MS))
    assert at(made, NOW_MS).mode_for(NOW_MS - 60_000, NOW_MS) is Mode.NIGHT
    made.take(listed(Mode.HOME), all_of_them)
    assert at(made, NOW_MS).mode_for(NOW_MS - 60_000, NOW_MS) is Mode.HOME


def test_whoever_switches_to_away_has_time_to_leave_and_nobody_has_it_for_long() -> None:
    made = in_mode((Mode.NIGHT, 0), (Mode.AWAY, NOW_MS))
    assert (
        at(made, NOW_MS + 30_000).mode_for(NOW_MS - 20_000, NOW_MS + 30_000) is Mode.NIGHT
    )  # in front of the camera as it was switched
    assert at(made, NOW_MS + EXIT_MS).mode_for(NOW_MS + EXIT_MS - 1, NOW_MS + EXIT_MS) is Mode.NIGHT
    assert at(made, NOW_MS + EXIT_MS).mode_for(NOW_MS + EXIT_MS, NOW_MS + EXIT_MS) is Mode.AWAY
    assert at(made, NOW_MS + LONGEST_EXIT_MS).mode_for(NOW_MS - 20_000, NOW_MS + LONGEST_EXIT_MS) is Mode.AWAY


def test_a_clock_that_is_set_back_excuses_nobody() -> None:
    made = at(in_mode((Mode.HOME, 0), (Mode.AWAY, NOW_MS)), NOW_MS + 600_000)
    set_back_ms = NOW_MS - 3_600_000
    assert made.mode_for(set_back_ms, set_back_ms + 5_000) is Mode.AWAY


def test_the_same_mode_told_again_gives_no_new_time_to_leave() -> None:
    made = in_mode((Mode.HOME, 0), (Mode.AWAY, NOW_MS), (Mode.AWAY, NOW_MS + 300_000))
    assert at(made, NOW_MS + 300_000).mode_for(NOW_MS + 300_000, NOW_MS + 300_000) is Mode.AWAY


def test_a_process_that_starts_while_everybody_is_away_excuses_nobody() -> None:
    assert in_mode((Mode.AWAY, NOW_MS)).mode_for(NOW_MS, NOW_MS) is Mode.AWAY


def test_without_an_owner_nothing_is_known() -> None:
    made = Surroundings()
    made.take(CameraList(None, (), ()), all_of_them)
    assert made.context(PORCH, NOW_MS, NOW_MS, ()) == Context(Site.DRIVE, None, None)


def with_hours(folder: Path) -> Surroundings:
    made = Surroundings(KnownHours(folder))
    made.take(listed(Mode.HOME), all_of_them)
    return made


def test_an_hour_becomes_usual_where_people_were_and_the_area_they_are_in_is_asked(tmp_path: Path) -> None:
    made = with_hours(tmp_path)
    for days in (3, 2, 1):
        at_ms = NOW_MS - days * DAY_MS
        made.hours.watch(PORCH.id, at_ms)
        made.learn(PORCH, *closed(Verdict.ROUTINE, someone(0.1, at_ms), at_ms=at_ms))
    assert made.context(PORCH, NOW_MS, NOW_MS, (someone(0.1),)).usual == Usual(3, 3)
    assert made.context(PORCH, NOW_MS, NOW_MS, (someone(0.7),)).usual == Usual(0, 3)
    assert made.context(PORCH, NOW_MS, NOW_MS, ()).usual == Usual(3, 3)


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [(Verdict.THREAT, Kind.PERSON), (Verdict.HELP, Kind.PERSON), (Verdict.ROUTINE, Kind.CAT)],
)
def test_threats_and_cats_make_no_hour_usual(tmp_path: Path, verdict: Verdict, kind: Kind) -> None:
    made = with_hours(tmp_path)
    at_ms = NOW_MS - DAY_MS
    made.hours.watch(PORCH.id, at_ms)
    made.learn(PORCH, *closed(verdict, someone(0.1, at_ms, kind), at_ms=at_ms))
    assert made.context(PORCH, NOW_MS, NOW_MS, ()).usual == Usual(0, 1)


def test_usual_hours_survive_a_restart_in_a_file_that_only_this_account_reads(tmp_path: Path) -> None:
    made = KnownHours(tmp_path)
    made.watch(PORCH.id, NOW_MS - DAY_MS)
    made.learn(PORCH.id, Span(NOW_MS - DAY_MS, NOW_MS - DAY_MS + 1), ["path"], ["path"])
    made.flush()
    assert KnownHours(tmp_path).usual(PORCH.id, NOW_MS, ["path"]) == Usual(1, 1)
    file = tmp_path / FOLDER / f"{PORCH.id}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"v":1}', b'{"watched":[],"there":{},"areas":{}}', b"[" * 100_000,
     b'{"watched":{"a":1},"there":{},"areas":{}}', b'{"watched":{},"there":{},"areas":{"x":7}}', b"9" * 300_000],
    ids=range(10),
)  # fmt: skip
def test_a_damaged_file_counts_as_empty_and_is_replaced(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / f"{PORCH.id}.json").write_bytes(rubbish)
    made = KnownHours(tmp_path)
    assert made.usual(PORCH.id, NOW_MS, ()) is None
    made.watch(PORCH.id, NOW_MS)
    assert read_habits(tmp_path, PORCH.id).watched


def test_files_are_written_when_they_are_due_and_not_for_every_event(tmp_path: Path) -> None:
    now_s = [0.0]
    made = KnownHours(tmp_path, monotonic=lambda: now_s[0])
    made.watch(PORCH.id, NOW_MS)
    made.learn(PORCH.id, Span(NOW_MS, NOW_MS + 1), (), ())
    assert not read_habits(tmp_path, PORCH.id).there
    now_s[0] = 601.0
    made.watch(PORCH.id, NOW_MS + HOUR_MS)
    assert read_habits(tmp_path, PORCH.id).there


def test_of_a_camera_that_is_removed_nothing_stays_and_other_shards_keep_theirs(tmp_path: Path) -> None:
    made = KnownHours(tmp_path)
    for camera_id in ("0" * 12, "1" * 12, "2" * 12):
        made.watch(camera_id, NOW_MS)
    mine: Callable[[str], bool] = lambda camera_id: camera_id != "2" * 12  # noqa: E731
    KnownHours(tmp_path).keep_only(["0" * 12], mine)
    assert sorted(each.name[0] for each in (tmp_path / FOLDER).iterdir()) == ["0", "2"]


def test_before_serve_is_heard_nothing_is_forgotten(tmp_path: Path) -> None:
    KnownHours(tmp_path).watch(PORCH.id, NOW_MS)
    Surroundings(KnownHours(tmp_path)).take(CameraList(None, (), ()), all_of_them)
    assert read_habits(tmp_path, PORCH.id).watched


def test_a_disk_that_refuses_is_said_once_and_costs_no_look(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("not a folder")
    made = KnownHours(tmp_path)
    with capture_logs() as logged:
        for hour in range(3):
            made.watch(PORCH.id, NOW_MS - DAY_MS + hour * HOUR_MS)
        made.flush()
    assert [each["event"] for each in logged] == ["habits.not_kept"]
    assert made.usual(PORCH.id, NOW_MS, ()) == Usual(0, 1)


def test_an_event_over_the_turn_of_an_hour_belongs_to_both(tmp_path: Path) -> None:
    made = KnownHours(tmp_path)
    turn_ms = NOW_MS - NOW_MS % HOUR_MS
    made.learn(PORCH.id, Span(turn_ms - 60_000, turn_ms + 60_000), (), ())
    made.flush()
    kept = read_habits(tmp_path, PORCH.id)
    assert all(kept.there[day] >> hour & 1 for day, hour in map(wall_hour, (turn_ms - 60_000, turn_ms + 60_000)))


def test_each_judgement_knows_site_mode_and_usual_hours_and_the_last_one_teaches(tmp_path: Path) -> None:
    stories: list[Story] = []

    def judge(story: Story) -> Judgement:
        stories.append(story)
        return Judgement(Verdict.ROUTINE, 0.1, (), (Kind.PERSON,), story.tracks)

    scene = film(tmp_path / "in.mp4", lambda picture, second: None, seconds=2)
    with open_film(scene) as opened:
        picture = Looker(opened.streams).look(next(opened.packets))
    assert picture is not None
    known = KnownHours(tmp_path)
    known.watch(PORCH.id, picture.at_ms - DAY_MS)
    around = Surroundings(known)
    at(around, 0).take(listed(Mode.NIGHT), all_of_them)
    made: Any = Observer(*(PORCH, lambda: Fake(), judge, Ears(), deque[Any]()), pool=Pool(0), surroundings=around)  # type: ignore[arg-type,return-value]
    at_ms, event = picture.at_ms, "e" * 16
    made._follow([EventOpened(PORCH.id, event, at_ms, at_ms)], picture)
    made._follow([TracksChanged(event, at_ms + 500, (someone(0.7, at_ms + 500),))], picture)
    around.take(listed(Mode.HOME, replace(PORCH, site=Site.GARDEN)), all_of_them)
    made._follow([EventClosed(PORCH.id, event, at_ms, at_ms + 500, at_ms + 10_500)], picture)
    assert [story.context for story in stories] == [
        Context(Site.DRIVE, Mode.NIGHT, Usual(0, 1)),
        Context(Site.GARDEN, Mode.HOME, Usual(0, 1)),
    ]
    known.flush()
    day, hour = wall_hour(at_ms)
    assert read_habits(tmp_path, PORCH.id).areas["car"][day] >> hour & 1
