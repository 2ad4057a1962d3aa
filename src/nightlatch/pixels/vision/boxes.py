"""Sums with boxes: how far they cover each other, and which belong together."""

from __future__ import annotations

import math
from collections.abc import Iterable

from nightlatch.domain.geometry import Box, Point


def area_of(box: Box) -> float:
    """Share of the picture, 0 to 1."""
    return max(0.0, box.right - box.left) * max(0.0, box.bottom - box.top)


def feet(box: Box) -> Point:
    """Where a thing stands: the middle of its lower edge."""
    return (box.left + box.right) / 2, box.bottom


def middle(box: Box) -> Point:
    """The middle of a box."""
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def longer_side(box: Box) -> float:
    """In picture heights: the same for somebody who stands and who lies."""
    return max(1e-3, box.bottom - box.top, (box.right - box.left) * 16 / 9)


def apart(a: Box, b: Box) -> float:
    """Picture heights between two boxes' feet, in a picture of 16:9."""
    return math.hypot((a.left + a.right - b.left - b.right) / 2 * 16 / 9, a.bottom - b.bottom)


def overlap(a: Box, b: Box) -> float:
    """Share of the picture that both cover."""
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    return across * down if across > 0 and down > 0 else 0.0


def common(a: Box, b: Box) -> Box | None:
    """What lies in both; None where that is nothing."""
    left, top = max(a.left, b.left), max(a.top, b.top)
    right, bottom = min(a.right, b.right), min(a.bottom, b.bottom)
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1."""
    both = overlap(a, b)
    return both / max(1e-9, area_of(a) + area_of(b) - both)


def covered(a: Box, b: Box) -> float:
    """How much of `a` lies in `b`, 0 to 1."""
    return overlap(a, b) / max(1e-9, area_of(a))


def around(a: Box, b: Box) -> Box:
    """The smallest box that holds both."""
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def grown(box: Box, by: float) -> Box:
    """The box with a border of `by`, cut at the picture's edges."""
    return Box(max(0.0, box.left - by), max(0.0, box.top - by), min(1.0, box.right + by), min(1.0, box.bottom + by))


def joined(boxes: Iterable[Box], gap: float) -> tuple[Box, ...]:
    """Boxes nearer to each other than `gap` as one: a walker's head, coat and legs move as several blobs."""
    found: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b.left, b.top, b.right, b.bottom)):
        merged = box
        while (near := next((b for b in found if overlap(grown(b, gap), merged) > 0), None)) is not None:
            found.remove(near)
            merged = around(near, merged)
        found.append(merged)
    return tuple(found)
