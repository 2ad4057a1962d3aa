"""What is wrong at home is said in words, with what to do, and not before it is news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nightlatch.domain.camera import CameraState
from nightlatch.hub.serve.problems import (
    BLIND_MS,
    BROKER_PATIENCE_MS,
    EARLIEST_MS,
    MAILBOX_PATIENCE_MS,
    PATIENCE_MS,
    PROOF_PATIENCE_MS,
    STORE_PATIENCE_MS,
    AlertFacts,
    CameraFacts,
    EyeFacts,
    HouseFacts,
    LogFacts,
    TakingBackFacts,
    problems,
)

NOW = EARLIEST_MS + 1_000_000_000
PORCH = CameraFacts("0123456789ab", "porch", CameraState.RECORDING, NOW - 3_600_000, None, NOW - 1_000)
WELL = HouseFacts(
    now_ms=NOW,
    started_ms=NOW - 3_600_000,
    watch_is_up=True,
    watch_is_silent=False,
    is_disk_full=False,
    cameras=(PORCH,),
    eye=EyeFacts(None, None),
    logs=(),
    mailbox_is_away=False,
    mailbox_trouble=None,
    waiting_parts=7,
)


BROKER_AWAY = AlertFacts(broker_away_ms=BROKER_PATIENCE_MS + 1)


def said(house: HouseFacts) -> list[str]:
    return [problem.text for problem in problems(house)]


def with_camera(**change: object) -> HouseFacts:
    return replace(WELL, cameras=(replace(PORCH, **change),))  # type: ignore[arg-type]


ASKED = TakingBackFacts("P", NOW - PATIENCE_MS - 1, 14, is_refused=False, is_proven=False, shred_by_ms=None)
LONG_AGO = NOW - 2 * PROOF_PATIENCE_MS


def taking_back(**change: object) -> HouseFacts:
    return replace(WELL, taking_back=(replace(ASKED, **change),))  # type: ignore[arg-type]


def test_all_is_well() -> None:
    assert problems(WELL) == []
    assert problems(replace(WELL, eye=None, cameras=())) == []


@pytest.mark.parametrize(
    ("house", "says"),
    [
        (replace(WELL, now_ms=EARLIEST_MS - 1, started_ms=EARLIEST_MS - 2, cameras=()), "clock is wrong"),
        (replace(WELL, watch_is_up=False), "recorder is not running"),
        (replace(WELL, watch_is_silent=True), "recorder does not answer"),
        (replace(WELL, is_disk_full=True), "disk is full"),
        (with_camera(state=CameraState.RETRYING), "porch is not being recorded"),
        (with_camera(state=CameraState.STARTING), "porch is not starting"),
        (with_camera(state=CameraState.STARTING, waits_for_key=True), "porch is not being recorded yet"),
        (with_camera(recorded_to_ms=NOW - STORE_PATIENCE_MS - 1), "porch is sending, but nothing is being stored"),
        (with_camera(recorded_to_ms=None), "porch is sending, but nothing is being stored"),
        (replace(WELL, eye=EyeFacts(NOW - BLIND_MS, "Restart the hub.")), "eye is blind"),
        (replace(WELL, logs=(LogFacts("Ours", "The log contradicts itself.", None),)), "The log contradicts itself"),
        (taking_back(), "may still be seen: P has not agreed"),
        (taking_back(asked_ms=NOW + 1), "may still be seen"),  # a clock was set back
        (taking_back(programme=None), "address of the programme is not known"),
        (taking_back(is_refused=True, asked_ms=LONG_AGO), "its log does not prove it"),
        (taking_back(is_refused=True, is_proven=True, asked_ms=LONG_AGO, shred_by_ms=LONG_AGO), "destroyed the key"),
        (replace(WELL, mailbox_is_away=True), "mailbox cannot be reached"),
        (replace(WELL, full_in_hours=3.2), "The disk will be full in about 3 h."),
        (replace(WELL, alerts=AlertFacts(lost_devices=("phone",))), "Alerts no longer reach phone."),
        (replace(WELL, alerts=BROKER_AWAY), "MQTT broker does not answer"),
        (replace(WELL, alerts=AlertFacts(failing=(("push", 3),))), "The last 3 alerts could not be sent by web push."),
        (replace(WELL, alerts=AlertFacts(vigil_lapsed=True)), "watch over this hub has lapsed"),
        (replace(WELL, alerts=AlertFacts(vigil_is_vain=True)), "nobody is told"),
        (
            replace(WELL, mailbox_is_away=True, waiting_parts=0, mailbox_away_ms=MAILBOX_PATIENCE_MS + 1),
            "mailbox cannot be reached",
        ),
        (with_camera(recorded_to_ms=NOW, stored_for_ms=STORE_PATIENCE_MS + 1), "nothing is being stored"),
        (replace(WELL, mailbox_is_away=True, mailbox_trouble="The mailbox is full."), "The mailbox is full"),
    ],
)
def test_each_problem_comes_with_what_to_do(house: HouseFacts, says: str) -> None:
    (problem,) = problems(house)
    assert says in problem.text
    assert problem.todo.endswith(".")


@pytest.mark.parametrize(
    "house",
    [
        replace(WELL, watch_is_up=False, started_ms=NOW - PATIENCE_MS),
        with_camera(state=CameraState.STARTING, since_ms=NOW - PATIENCE_MS),
        with_camera(state=CameraState.OFF, recorded_to_ms=None),
        with_camera(since_ms=NOW - STORE_PATIENCE_MS, recorded_to_ms=None),
        replace(WELL, eye=EyeFacts(NOW - BLIND_MS + 1, "Restart the hub.")),
        replace(WELL, mailbox_is_away=True, waiting_parts=0),
        replace(WELL, mailbox_is_away=True, waiting_parts=0, mailbox_away_ms=MAILBOX_PATIENCE_MS),
        replace(WELL, full_in_hours=20.0),
        replace(WELL, alerts=AlertFacts(broker_away_ms=BROKER_PATIENCE_MS, failing=(("mqtt", 2), ("push", 0)))),
        taking_back(asked_ms=NOW - PATIENCE_MS),
        taking_back(is_refused=True),
    ],
)
def test_what_mends_itself_within_seconds_is_not_mentioned(house: HouseFacts) -> None:
    assert said(house) == []


def test_a_camera_is_not_blamed_for_a_recorder_that_is_away() -> None:
    away = replace(with_camera(state=CameraState.STARTING), watch_is_up=False)
    assert said(away) == ["The recorder is not running."]


def test_the_worst_comes_first() -> None:
    house = replace(
        with_camera(state=CameraState.RETRYING, reason_text="Check the cable."),
        is_disk_full=True,
        logs=(LogFacts("Ours", "Odd.", None),),
    )
    assert said(house) == ["The disk is full.", "porch is not being recorded.", "Odd."]
    assert problems(house)[1].todo == "Check the cable."
    assert problems(house)[1].camera_id == PORCH.id


def test_a_clock_that_was_set_neither_hides_a_camera_that_stores_nothing_nor_accuses_one_that_does() -> None:
    hour_ms = 3_600_000
    for set_ms in (hour_ms, -2 * hour_ms):
        now_ms = NOW + set_ms
        stores = replace(with_camera(stored_for_ms=4_000), now_ms=now_ms)
        assert problems(stores) == []
        stalls = replace(with_camera(stored_for_ms=STORE_PATIENCE_MS + 1), now_ms=now_ms)
        assert len(problems(stalls)) == 1
    back = replace(with_camera(recorded_to_ms=NOW), now_ms=NOW - 2 * hour_ms)
    assert len(problems(back)) == 1  # the books hold a later time, and nothing was stored since the start
    lost = replace(WELL, watch_is_up=False, cameras=(), now_ms=NOW - 2 * hour_ms)
    assert said(lost) == ["The recorder is not running."]


def test_a_broker_that_is_away_is_said_once_with_since_when() -> None:
    alerts = replace(BROKER_AWAY, failing=(("mqtt", 9),))
    (problem,) = problems(replace(WELL, alerts=alerts))
    assert problem.since_ms == NOW - BROKER_PATIENCE_MS - 1


def test_what_keeps_the_home_from_being_recorded_comes_before_what_keeps_word_of_it_from_arriving() -> None:
    house = replace(
        with_camera(state=CameraState.RETRYING),
        watch_is_silent=True,
        mailbox_is_away=True,
        full_in_hours=1.0,
        alerts=AlertFacts(lost_devices=("phone",), vigil_lapsed=True),
    )
    assert [text.split()[0] for text in said(house)] == ["The", "porch", "Alerts", "The", "The", "The"]
    assert said(house)[0] == "The recorder does not answer."
    assert said(house)[-1] == "The mailbox's watch over this hub has lapsed."
