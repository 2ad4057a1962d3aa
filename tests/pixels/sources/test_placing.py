"""Times that run on, whatever a camera says."""

from __future__ import annotations

import itertools
from fractions import Fraction

from nightlatch.pixels.sources.placing import Placer

BASE = Fraction(1, 90_000)
STEP = 6_000  # 15 a second
BEGAN_US = 1_800_000_000_000_000


def _run(stamps: list[int | None], arrivals_us: list[int] | None = None) -> tuple[Placer, list[int], list[int]]:
    placer = Placer(is_live=True)
    times, places = [], []
    for i, stamp in enumerate(stamps):
        arrival_us = arrivals_us[i] if arrivals_us else BEGAN_US + i * 66_667
        dts_us, _ = placer.time("video", stamp, stamp, BASE, 66_667, arrival_us)
        times.append(dts_us)
        places.append(placer.place("video", dts_us, i % 15 == 0, arrival_us))
    return placer, times, places


def _is_smooth(times: list[int]) -> bool:
    return all(0 < b - a < 250_000 for a, b in itertools.pairwise(times))


def test_missing_timestamps_are_counted_on() -> None:
    _, times, _ = _run([i * STEP if i % 3 else None for i in range(60)])
    assert _is_smooth(times)


def test_no_timestamps_at_all_still_give_a_film() -> None:
    _, times, _ = _run([None] * 60)
    assert _is_smooth(times)


def test_a_jump_backwards_and_a_wrap_leave_no_trace() -> None:
    placer, times, _ = _run([10**9 + i * STEP for i in range(30)] + [i * STEP for i in range(30)])
    assert _is_smooth(times)
    assert placer.jumps == 1
    _, times, _ = _run([(2**32 - 15 * STEP + i * STEP) % 2**32 for i in range(60)])
    assert _is_smooth(times)


def test_a_jump_forward_that_the_wall_clock_did_not_see_is_taken_out_and_one_that_it_saw_stays() -> None:
    _, times, _ = _run([i * STEP + (10**8 if i >= 30 else 0) for i in range(60)])
    assert _is_smooth(times)
    gone_us = 20_000_000
    arrivals = [BEGAN_US + i * 66_667 + (gone_us if i >= 30 else 0) for i in range(60)]
    _, times, places = _run([i * STEP + (gone_us * 9 // 100 if i >= 30 else 0) for i in range(60)], arrivals)
    assert 20_000_000 < times[30] - times[29] < 20_200_000
    assert places[-1] - places[0] == (arrivals[-1] - arrivals[0]) // 1000


def test_a_little_out_of_order_stays_in_order() -> None:
    stamps: list[int | None] = [i * STEP for i in range(60)]
    stamps[20], stamps[21] = stamps[21], stamps[20]
    _, times, _ = _run(stamps)
    assert all(b > a for a, b in itertools.pairwise(times))


def test_drift_is_taken_back_at_a_key_frame_only() -> None:
    count = 15 * 60
    placer, _, places = _run([int(i * STEP * 0.95) for i in range(count)])  # five percent slow
    steps = [b - a for a, b in itertools.pairwise(places)]
    late = [i + 1 for i, step in enumerate(steps) if step > 200]
    assert placer.resyncs == len(late) >= 4
    assert all(i % 15 == 0 for i in late)
    assert abs(places[-1] - (BEGAN_US // 1000 + count * 66.667)) < 700


def test_a_burst_is_placed_in_the_past() -> None:
    placer = Placer(is_live=True)
    placer.settle([(i * 66_667, BEGAN_US + i) for i in range(30)])
    placed = [placer.place("video", i * 66_667, i % 15 == 0, BEGAN_US + i) for i in range(30)]
    assert placed[0] == BEGAN_US // 1000 - 1934
    assert placed[29] == BEGAN_US // 1000
    assert placer.resyncs == 0


def test_sound_and_picture_share_a_jump() -> None:
    placer = Placer(is_live=True)
    apart = []
    for i in range(120):
        jump = 5 * 10**8 if i >= 60 else 0
        arrival_us = BEGAN_US + i * 66_667
        video, _ = placer.time("video", i * STEP - jump, None, BASE, 66_667, arrival_us)
        audio, _ = placer.time("audio", i * STEP + 900 - jump, None, BASE, 66_667, arrival_us)
        apart.append(audio - video)
    assert all(abs(a - 10_000) < 2 for a in apart)
