"""What moved and what was cut out: the kinds are those of the scene, and outlines hold the thing."""

from __future__ import annotations

from collections import Counter

import numpy as np

from nightlatch.domain.geometry import Box
from nightlatch.lab.eye.cutouts import cutout
from nightlatch.lab.eye.regions import WINDOW_PX, rendered, window


def test_rendered_scenes_show_every_kind_and_mostly_nothing_in_windows_that_are_square() -> None:
    found = list(rendered(1, looks_each=6))
    kinds = Counter(kind for kind, _ in found)
    assert set(kinds) >= {"person", "dog", "nothing"}
    assert all(image.shape[0] == image.shape[1] <= WINDOW_PX for _, image in found)
    again = list(rendered(1, looks_each=6))
    assert all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in zip(found, again, strict=True))


def test_a_window_at_the_edge_of_the_picture_stays_inside() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:20, :20] = 255
    assert window(picture, Box(0, 0, 0.1, 0.2)).shape == (43, 43, 3)
    assert window(picture, Box(0, 0, 1, 1)).shape == (90, 90, 3)


def test_a_thing_is_cut_out_along_its_outline() -> None:
    dice = np.random.default_rng(1)
    picture = dice.normal((60, 120, 60), 6, (120, 120, 3))
    y, x = np.mgrid[:120, :120]
    inside = ((x - 60) / 35) ** 2 + ((y - 62) / 45) ** 2 < 1
    picture[inside] = dice.normal((40, 60, 200), 6, (int(inside.sum()), 3))
    found = cutout(np.clip(picture, 0, 255).astype(np.uint8))
    assert found is not None
    image, mask = found
    assert abs(int((mask > 0).sum()) - int(inside.sum())) < 0.1 * inside.sum()
    assert image[mask > 0][:, 2].mean() > 150


def test_a_picture_of_one_colour_has_nothing_to_cut_out() -> None:
    assert cutout(np.full((80, 80, 3), 90, np.uint8)) is None
    assert cutout(np.zeros((10, 80, 3), np.uint8)) is None
