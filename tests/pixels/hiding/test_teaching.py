"""Does it teach? A program that sees only the given film tells of played scenes what there is to tell.

The eyes here know where everybody is, as far as they are asked: what is measured is the way from finds to drawings,
through the encoder, and back. With the real eyes, and on real films, `make bench-teach` measures the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from bench.teach import EVERY, PLAYS, Play, Sheet, read, told

from nightlatch.domain.sighting import Detection, Kind
from nightlatch.pixels.hiding.eyes import PrivacyEyes
from nightlatch.pixels.hiding.looking import LOOK_EVERY
from nightlatch.pixels.hiding.redacting import redact_film
from nightlatch.pixels.stage.encoding import film
from tests.pixels.hiding.scenes import Blind

SECONDS = 21
MUST = 0.9
pytestmark = pytest.mark.xdist_group("teaching")  # the plays are made once


class Knows:
    """Finds whoever the play has, now and then a little beside them; misses every seventh look."""

    name = "truth"

    def __init__(self, play: Play) -> None:
        self.play, self.looked = play, 0

    def look(self, bgr: np.ndarray, regions: Sequence[object]) -> list[Detection]:
        n = self.looked * LOOK_EVERY
        self.looked += 1
        if n >= SECONDS * 15 or self.looked % 7 == 0:
            return []
        kinds = {"person": Kind.PERSON, "cat": Kind.CAT, "dog": Kind.DOG}
        return [Detection(each.box, kinds[each.word or each.kind], 0.8) for each in self.play.shapes(n)]


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    """What was told of all plays."""
    made = Sheet()
    for name, acts in PLAYS.items():
        play = Play(1, 480, 270)
        play.acts = acts
        raw = film(play, tmp_path_factory.mktemp("play") / "film.mp4", SECONDS).read_bytes()
        given = redact_film(raw, PrivacyEyes(Knows(play), Blind(), Blind()), from_ms=0, to_ms=SECONDS * 1000).mp4
        true = told([play.shapes(n) for n in range(0, SECONDS * 15, EVERY)])
        print(made.add(name, true, told(read(given))))
    return made


def test_kinds_counts_postures_and_courses_are_told_from_the_given_film_alone(sheet: Sheet) -> None:
    every = [share for some in sheet.facts.values() for share in some]
    assert len(every) > 70
    assert np.mean(every) >= MUST, sheet.table()


@pytest.mark.parametrize("fact", ["kind", "at_once", "word", "lies", "postures"])
def test_what_a_label_needs_most_is_told(sheet: Sheet, fact: str) -> None:
    assert np.mean(sheet.facts[fact]) >= MUST, sheet.table()


def test_an_empty_room_has_nobody_in_it(tmp_path: Path) -> None:
    play = Play(1, 480, 270)
    raw = film(play, tmp_path / "film.mp4", SECONDS).read_bytes()
    given = redact_film(raw, PrivacyEyes(Blind(), Blind(), Blind()), from_ms=0, to_ms=SECONDS * 1000).mp4
    assert not any(read(given))
