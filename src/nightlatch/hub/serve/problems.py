"""What is wrong at home: each problem in words, with what to do. Pure: facts in, sentences out.

Each check looks at the facts and yields a problem or nothing. `PROBLEMS` is the order in which Home shows them, the
worst first. Patience is part of each check: what mends itself within seconds is not worth mentioning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nightlatch.domain.camera import CameraState

PATIENCE_MS = 30_000  # for a recorder or a camera to start
STORE_PATIENCE_MS = 60_000  # for a camera that sends to be stored
BLIND_MS = 10_000  # one look that fails is not worth mentioning
PROOF_PATIENCE_MS = 600_000  # for a log to show what its programme said, and for a key to go
EARLIEST_MS = 1_767_225_600_000  # 2026-01-01: a clock that shows an earlier time was never set
LONG_MS = 3_600_000  # longer than any patience
SOON_FULL_H = 12.0
FAILED_ALERTS = 3  # in a row; a single one may be the road's fault for a moment
BROKER_PATIENCE_MS = 60_000
MAILBOX_PATIENCE_MS = 600_000  # while nothing waits to be sent to it
NO_KEY = "Its next key frame has not come yet. Set a shorter key-frame (I-frame) interval in it, such as 2 s."


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what to do about it, with one camera or with the house."""

    camera_id: str | None
    text: str
    todo: str
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """How one camera is doing."""

    id: str
    name: str
    state: CameraState
    since_ms: int
    reason_text: str | None
    recorded_to_ms: int | None
    waits_for_key: bool = False
    stored_for_ms: int | None = None  # since something of it was stored, by a clock that nobody sets; None: not yet


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """How the ways are doing by which the owner hears of things. Ages are by a clock that nobody sets."""

    failing: tuple[tuple[str, int], ...] = ()  # roads, and how many alerts in a row each has lost
    broker_away_ms: int | None = None  # None: it answers, or there is none
    lost_devices: tuple[str, ...] = ()  # their names; alerts to them fail, or they can no longer be alerted
    vigil_lapsed: bool = False  # the mailbox has not heard of this hub for so long that devices are told
    vigil_trouble: str | None = None
    vigil_is_vain: bool = False  # it is switched on, and there is no device to tell


@dataclass(frozen=True, slots=True)
class EyeFacts:
    """How the eye is doing: how long it has been blind, and why. A part of it that is not here yet is no problem."""

    blind_since_ms: int | None
    blind_text: str | None


@dataclass(frozen=True, slots=True)
class LogFacts:
    """How the log of one programme is doing."""

    programme: str
    trouble: str | None
    silent_since_ms: int | None


@dataclass(frozen=True, slots=True)
class TakingBackFacts:
    """A clip that was taken back, and what its programme has not done yet."""

    programme: str | None  # its name; None: it was left before 0.4, and nobody knows its address
    asked_ms: int
    tries: int
    is_refused: bool  # so it says
    is_proven: bool  # so its log says
    shred_by_ms: int | None


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """How the house is doing at `now_ms`."""

    now_ms: int
    started_ms: int
    watch_is_up: bool
    watch_is_silent: bool  # there, and does not answer
    is_disk_full: bool
    cameras: tuple[CameraFacts, ...]
    eye: EyeFacts | None  # None until it is heard from
    logs: tuple[LogFacts, ...]  # of programmes; only those that are in trouble
    mailbox_is_away: bool
    mailbox_trouble: str | None
    waiting_parts: int
    mailbox_away_ms: int = 0  # for how long
    full_in_hours: float | None = None
    alerts: AlertFacts = AlertFacts()
    taking_back: tuple[TakingBackFacts, ...] = ()


Check = Callable[[HouseFacts], Iterable[Problem]]


def problems(house: HouseFacts) -> list[Problem]:
    """What is wrong, the worst first."""
    return [problem for check in PROBLEMS for problem in check(house)]


def clock_was_never_set(house: HouseFacts) -> Iterable[Problem]:
    if house.now_ms < EARLIEST_MS:
        yield _problem("This machine's clock is wrong.", "Set its date and time: recordings are placed by it.")


def recorder_is_away(house: HouseFacts) -> Iterable[Problem]:
    if not house.watch_is_up and _lasted_ms(house.started_ms, house.now_ms) > PATIENCE_MS:
        todo = "It is being restarted. If this does not go away, look at the hub's output."
        yield _problem("The recorder is not running.", todo)


def recorder_is_silent(house: HouseFacts) -> Iterable[Problem]:
    if house.watch_is_silent:
        todo = "If it stays silent it is restarted within half a minute. If this comes back, this machine is too slow."
        yield _problem("The recorder does not answer.", todo)


def disk_is_full(house: HouseFacts) -> Iterable[Problem]:
    if house.is_disk_full:
        yield _problem(
            "The disk is full.", "Make room or keep fewer hours. Until then the oldest footage is deleted first."
        )


def disk_fills_up(house: HouseFacts) -> Iterable[Problem]:
    if house.full_in_hours is not None and house.full_in_hours < SOON_FULL_H and not house.is_disk_full:
        hours = max(1, round(house.full_in_hours))
        text = f"The disk will be full in about {hours} h."
        yield _problem(text, "Make room or keep fewer hours. Then the oldest recordings go before their time.")


def cameras_are_not_recorded(house: HouseFacts) -> Iterable[Problem]:
    for camera in house.cameras:
        yield from _of_camera(camera, house)


def _of_camera(camera: CameraFacts, house: HouseFacts) -> Iterable[Problem]:
    lasted_ms = _lasted_ms(camera.since_ms, house.now_ms)
    match camera.state:
        case CameraState.RETRYING:
            todo = camera.reason_text or "Check the camera and its network."
            yield _problem(f"{camera.name} is not being recorded.", todo, camera.id)
        case CameraState.STARTING if lasted_ms > PATIENCE_MS and house.watch_is_up and not house.watch_is_silent:
            if camera.waits_for_key:
                yield _problem(f"{camera.name} is not being recorded yet.", NO_KEY, camera.id)
            else:
                yield _problem(f"{camera.name} is not starting.", "Check the camera and its network.", camera.id)
        case CameraState.RECORDING if lasted_ms > STORE_PATIENCE_MS:
            if _stored_for_ms(camera, house.now_ms) > STORE_PATIENCE_MS:
                yield _problem(
                    f"{camera.name} is sending, but nothing is being stored.",
                    _why_nothing_is_stored(camera, house),
                    camera.id,
                )


def _stored_for_ms(camera: CameraFacts, now_ms: int) -> int:
    """How long ago something of it was stored. What the books hold of a clock that was set since says nothing."""
    if camera.stored_for_ms is not None:
        return camera.stored_for_ms
    return abs(now_ms - (camera.recorded_to_ms or 0))


def _lasted_ms(since_ms: int, now_ms: int) -> int:
    """A clock that was set back since then ends nobody's patience for ever."""
    return now_ms - since_ms if now_ms >= since_ms else LONG_MS


def _why_nothing_is_stored(camera: CameraFacts, house: HouseFacts) -> str:
    if house.is_disk_full:
        return "The disk is full: make room."
    if camera.waits_for_key:
        return NO_KEY
    return "No picture that can be kept is coming from it. Restart the camera; if that does not help, restart the hub."


def eye_is_blind(house: HouseFacts) -> Iterable[Problem]:
    eye = house.eye
    if eye is None or not eye.blind_text or eye.blind_since_ms is None:
        return
    if house.now_ms - eye.blind_since_ms >= BLIND_MS:
        text = "The eye is blind. Everything is recorded, but nothing is recognised."
        yield _problem(text, eye.blind_text, since_ms=eye.blind_since_ms)


def clips_that_were_taken_back_may_be_seen(house: HouseFacts) -> Iterable[Problem]:
    late = [each for each in house.taking_back if not each.is_refused and _is_over(house, each.asked_ms, PATIENCE_MS)]
    for programme in dict.fromkeys(each.programme for each in late):
        asked = [each for each in late if each.programme == programme]
        clips = "A clip that you took back may" if len(asked) == 1 else f"{len(asked)} clips that you took back may"
        since_ms = min(each.asked_ms for each in asked)
        if programme is None:
            todo = "It was given to a programme that you left before 0.4. Join that one again, and it is asked at once."
            yield _problem(f"{clips} still be seen: the address of the programme is not known.", todo, None, since_ms)
        else:
            tries = max(each.tries for each in asked)
            text = f"{clips} still be seen: {programme} has not agreed to stop showing it."
            asked_so_far = f"It was asked {_times(tries)}, and is asked again until it does."
            todo = f"{asked_so_far} See Giving for what it answered." if tries else "It has not been asked. See Giving."
            yield _problem(text, todo, since_ms=since_ms)


def refusals_are_not_proven(house: HouseFacts) -> Iterable[Problem]:
    for each in house.taking_back:
        if not each.is_refused or not _is_over(house, each.asked_ms, PROOF_PATIENCE_MS):
            continue
        if not each.is_proven:
            said = f"{each.programme} says that it no longer shows a clip that you took back"
            yield _problem(
                f"{said}, but its log does not prove it.",
                "It is asked again until it does. See Giving.",
                since_ms=each.asked_ms,
            )
        elif _is_over(house, each.shred_by_ms or each.asked_ms, PROOF_PATIENCE_MS):
            text = f"{each.programme} has not said that it destroyed the key of a clip that you took back."
            yield _problem(text, "It is asked again until it does. Ask the programme.", since_ms=each.shred_by_ms)


def _is_over(house: HouseFacts, since_ms: int, patience_ms: int) -> bool:
    """Also for a moment that has not come yet: then a clock was set, and nobody knows how long it has been."""
    return not 0 <= house.now_ms - since_ms <= patience_ms


def _times(tries: int) -> str:
    return "once" if tries == 1 else f"{tries} times"


def log_is_not_believed(house: HouseFacts) -> Iterable[Problem]:
    for each in house.logs:
        if each.trouble is not None:
            todo = f"Nothing will be given to {each.programme} until this is cleared up. Ask the programme."
            yield _problem(each.trouble, todo)


def log_is_silent(house: HouseFacts) -> Iterable[Problem]:
    for each in house.logs:
        if each.silent_since_ms is not None:
            text = (
                f"The log of {each.programme} is silent. Until it answers, nobody can check who looked at your clips."
            )
            todo = (
                "If this does not go away, check the hub's network, then ask the programme. "
                "Taking back works all the same."
            )
            yield _problem(text, todo, since_ms=each.silent_since_ms)


def alerts_do_not_arrive(house: HouseFacts) -> Iterable[Problem]:
    alerts = house.alerts
    for device in alerts.lost_devices:
        todo = "Open Household on that device and switch its alerts on again, or sign it out."
        yield _problem(f"Alerts no longer reach {device}.", todo)
    is_broker_away = alerts.broker_away_ms is not None and alerts.broker_away_ms > BROKER_PATIENCE_MS
    if is_broker_away and alerts.broker_away_ms is not None:
        todo = "Home Assistant hears nothing until it does. Check the broker, and mqtt_url in nightlatch.toml."
        since_ms = house.now_ms - alerts.broker_away_ms
        yield _problem("Your MQTT broker does not answer.", todo, since_ms=since_ms)
    for road, lost in alerts.failing:
        if lost >= FAILED_ALERTS and not (road == "mqtt" and is_broker_away):
            todo = "What happened is recorded all the same. If this does not go away, look at the hub's output."
            yield _problem(f"The last {lost} alerts could not be sent by {ROADS.get(road, road)}.", todo)


def nobody_would_be_told(house: HouseFacts) -> Iterable[Problem]:
    alerts = house.alerts
    if alerts.vigil_is_vain:
        text = "If this hub falls silent, nobody is told: no device is alerted any more."
        yield _problem(text, "Open Household on a device and switch its alerts on, or switch this off.")
    elif alerts.vigil_lapsed:
        text = "The mailbox's watch over this hub has lapsed."
        why = alerts.vigil_trouble or "The mailbox cannot be reached."
        yield _problem(text, f"{why} Your devices may be told that the hub is silent.")


def mailbox_is_away(house: HouseFacts) -> Iterable[Problem]:
    if not house.mailbox_is_away:
        return
    if house.waiting_parts:
        todo = f"{house.waiting_parts} sealed pieces are waiting at home and will be sent when it answers."
    elif house.mailbox_away_ms > MAILBOX_PATIENCE_MS:
        todo = "Clips stay at home until it answers. Check the hub's network, and the mailbox."
    else:
        return
    since_ms = house.now_ms - house.mailbox_away_ms if house.mailbox_away_ms else None
    yield _problem(house.mailbox_trouble or "The mailbox cannot be reached.", todo, since_ms=since_ms)


ROADS = {"push": "web push", "mqtt": "MQTT"}

PROBLEMS: tuple[Check, ...] = (
    clock_was_never_set,
    recorder_is_away,
    recorder_is_silent,
    disk_is_full,
    cameras_are_not_recorded,
    eye_is_blind,
    alerts_do_not_arrive,
    disk_fills_up,
    clips_that_were_taken_back_may_be_seen,
    refusals_are_not_proven,
    log_is_not_believed,
    log_is_silent,
    mailbox_is_away,
    nobody_would_be_told,
)


def _problem(text: str, todo: str, camera_id: str | None = None, since_ms: int | None = None) -> Problem:
    return Problem(camera_id, text, todo, since_ms)
