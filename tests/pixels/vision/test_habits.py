"""What moves in one place again and again is no news; what passes there is, however often."""

from __future__ import annotations

from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Motion
from nightlatch.pixels.vision.gate import Gate

BEGAN_MS = 1_800_000_000_000


def _look(gate: Gate, at_ms: int, box: Box | None) -> bool:
    """Whether the gate opens by what moves at `box`."""
    boxes = () if box is None else (box,)
    motion = Motion(BEGAN_MS + at_ms, bool(boxes), 0.005, boxes)
    onset_ms = gate.weigh(gate.news(motion))
    gate.learn(motion)
    return onset_ms is not None


def _swings(gate: Gate, from_ms: int) -> bool:
    """A branch, for two seconds."""
    opened = [
        _look(gate, from_ms + 200 * n, Box(0.8 + 0.01 * (n % 3), 0.1, 0.86 + 0.01 * (n % 3), 0.2)) for n in range(10)
    ]
    return any(opened)


def _walks(gate: Gate, from_ms: int, y: float = 0.1, lasts_ms: int = 20_000) -> bool:
    """Somebody far away, from the left to the right, five looks a second."""
    looks = range(0, lasts_ms, 200)
    found = []
    for passed_ms in looks:
        x = 0.97 * passed_ms / lasts_ms
        found.append(_look(gate, from_ms + passed_ms, Box(x, y, x + 0.03, y + 0.1)))
    return any(found)


def test_a_branch_opens_at_first_and_then_no_more() -> None:
    gate = Gate()
    opened = [_swings(gate, 20_000 * n) for n in range(10)]
    assert opened[0]
    assert not any(opened[4:])


def test_after_a_long_calm_a_branch_is_news_again() -> None:
    gate = Gate()
    for n in range(5):
        _swings(gate, 20_000 * n)
    assert not _swings(gate, 120_000)
    assert _swings(gate, 3_600_000)


def test_everybody_who_walks_the_same_way_is_news() -> None:
    gate = Gate()
    assert all(_walks(gate, 30_000 * n) for n in range(40))
    slow = Gate()
    assert all(_walks(slow, 90_000 * n, lasts_ms=60_000) for n in range(10))


def test_who_walks_past_a_branch_is_news_and_takes_its_habit_away() -> None:
    gate = Gate()
    for n in range(6):
        _swings(gate, 20_000 * n)
    assert not _swings(gate, 130_000)
    assert _walks(gate, 150_000)
    assert _swings(gate, 180_000)


def test_what_is_large_is_never_a_habit() -> None:
    gate = Gate()
    near = Box(0.4, 0.2, 0.6, 0.9)
    for n in range(20):
        opened = [_look(gate, 20_000 * n + 200 * k, near) for k in range(10)]
        assert any(opened)
