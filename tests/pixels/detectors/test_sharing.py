"""One detector for all cameras: whatever it does, no camera waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.detectors.sharing import MOST_LEFT_BEHIND, SharedDetector

BOX = Box(0.1, 0.1, 0.3, 0.6)


@dataclass
class Answering:
    """Answers with the brightness of the picture; counts its looks; fails or waits when told."""

    seen: list[int] = field(default_factory=list)
    failing: bool = False
    door: threading.Event = field(default_factory=threading.Event)  # closed: looks hang until it is set

    def __post_init__(self) -> None:
        self.door.set()

    def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
        self.seen.append(int(bgr[0, 0, 0]))
        self.door.wait(30)
        if self.failing:
            raise RuntimeError("the model broke")
        return [Detection(box, Kind.CAT, int(bgr[0, 0, 0]) / 255) for box in regions]


@dataclass
class Watch:
    """A clock that goes when it is told to."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@contextmanager
def shared(eye: Answering, watch: Watch | None = None, pause_s: float = 0.001) -> Iterator[SharedDetector]:
    made = SharedDetector(eye, pause_s=pause_s, hangs_after_s=20.0, monotonic=watch or Watch())
    try:
        yield made
    finally:
        made.stop()
        eye.door.set()


def picture(brightness: int) -> NDArray[np.uint8]:
    return np.full((36, 64, 3), brightness, np.uint8)


def until(happened: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.002)


def test_what_was_found_comes_with_the_next_picture() -> None:
    eye = Answering()
    with shared(eye) as detector:
        slot = detector.slot()
        assert slot.look(picture(51), [BOX]) is None
        until(lambda: eye.seen == [51])
        found: list[Detection] = []
        until(lambda: bool(found.extend(slot.look(picture(51), [BOX]) or []) or found))
        assert found[0] == Detection(BOX, Kind.CAT, 0.2)
        assert not detector.is_blind


def test_a_slow_detector_sees_the_newest_picture_and_the_others_are_counted() -> None:
    eye = Answering()
    with shared(eye) as detector:
        slot = detector.slot()
        eye.door.clear()
        slot.look(picture(1), [])
        until(lambda: eye.seen == [1])
        began_s = time.process_time()
        for number in range(2, 102):
            assert slot.look(picture(number), []) is None
        assert time.process_time() - began_s < 0.5
        assert slot.dropped == 99
        eye.door.set()
        until(lambda: eye.seen == [1, 101])


def test_a_busy_camera_does_not_starve_the_others() -> None:
    eye = Answering()
    with shared(eye) as detector:
        busy, quiet = detector.slot(), detector.slot()
        eye.door.clear()
        busy.look(picture(1), [])
        until(lambda: eye.seen == [1])
        quiet.look(picture(200), [])
        for number in range(2, 50):
            busy.look(picture(number), [])
        eye.door.set()
        until(lambda: len(eye.seen) == 3)
        assert eye.seen[1] == 200


def test_a_crashing_detector_is_blind_with_a_reason_and_sees_again_when_it_recovers() -> None:
    eye = Answering(failing=True)
    with shared(eye) as detector:
        slot = detector.slot()
        slot.look(picture(1), [BOX])
        until(lambda: detector.is_blind)
        assert detector.trouble == "RuntimeError"
        assert slot.look(picture(2), [BOX]) is None
        eye.failing = False
        slot.look(picture(3), [BOX])
        until(lambda: not detector.is_blind)
        until(lambda: slot.look(picture(4), [BOX]) is not None)
        assert slot.looked >= 1
        assert detector.failed >= 1


def test_a_crashing_detector_is_left_alone_for_a_while() -> None:
    eye = Answering(failing=True)
    with shared(eye, pause_s=30.0) as detector:
        slot = detector.slot()
        slot.look(picture(1), [])
        until(lambda: detector.failed == 1)
        for number in range(2, 30):
            slot.look(picture(number), [])
        assert eye.seen == [1]
        assert slot.dropped == 27


def test_a_detector_that_recovers_is_noticed_although_nothing_moves() -> None:
    eye = Answering(failing=True)
    with shared(eye) as detector:
        slot = detector.slot()
        slot.look(picture(1), [BOX])
        until(lambda: detector.is_blind)
        eye.failing = False
        until(lambda: not detector.is_blind)
        assert set(eye.seen) == {1}
        assert slot.looked == 0


def test_a_camera_whose_pictures_break_the_detector_does_not_starve_the_others() -> None:
    class Picky(Answering):
        def look(self, bgr: NDArray[np.uint8], regions: Sequence[Box]) -> list[Detection]:
            self.failing = int(bgr[0, 0, 0]) == 1
            return super().look(bgr, regions)

    eye = Picky()
    with shared(eye) as detector:
        breaking, good = detector.slot(), detector.slot()
        for _ in range(5):
            before = good.looked
            good.look(picture(2), [])
            deadline = time.monotonic() + 20.0
            while good.looked == before and time.monotonic() < deadline:
                breaking.look(picture(1), [])
                threading.Event().wait(0.002)
        assert good.looked >= 5


def test_a_hanging_detector_is_noticed_although_nothing_moves() -> None:
    eye, watch = Answering(), Watch()
    with shared(eye, watch) as detector:
        slot = detector.slot()
        eye.door.clear()
        slot.look(picture(1), [BOX])
        until(lambda: eye.seen == [1])
        watch.now_s = 21.0
        detector.check()
        assert detector.trouble == "it does not answer"


def test_a_hanging_detector_is_left_behind_and_tried_again_in_a_new_thread() -> None:
    eye, watch = Answering(), Watch()
    with shared(eye, watch) as detector:
        slot = detector.slot()
        eye.door.clear()
        slot.look(picture(1), [BOX])
        until(lambda: eye.seen == [1])
        watch.now_s = 21.0
        assert slot.look(picture(2), [BOX]) is None
        assert detector.trouble == "it does not answer"
        until(lambda: eye.seen == [1, 2])
        eye.door.set()
        until(lambda: not detector.is_blind)
        until(lambda: slot.look(picture(3), [BOX]) is not None)


def test_a_detector_that_always_hangs_costs_a_few_threads_and_no_more() -> None:
    eye, watch = Answering(), Watch()
    before = threading.active_count()
    with shared(eye, watch) as detector:
        slot = detector.slot()
        eye.door.clear()
        for tries in range(1, MOST_LEFT_BEHIND + 2):
            slot.look(picture(tries), [])
            until(lambda tries=tries: len(eye.seen) == tries)
            watch.now_s += 21.0
        for _ in range(20):
            assert slot.look(picture(9), []) is None
            watch.now_s += 21.0
        assert detector.is_blind
        assert "restart" in str(detector.trouble)
        assert threading.active_count() - before <= MOST_LEFT_BEHIND + 1


def test_a_camera_that_left_is_not_looked_for() -> None:
    eye = Answering()
    with shared(eye) as detector:
        gone, here = detector.slot(), detector.slot()
        detector.leave(gone)
        gone.look(picture(1), [])
        here.look(picture(2), [])
        until(lambda: eye.seen == [2])
