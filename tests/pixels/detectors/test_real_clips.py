"""Every film of the collection: what was concluded against what should be, and against what was concluded before.

`real_clips.txt` holds what the committed detectors conclude; `python -m nightlatch.lab.eye.evaluate ../shared/data
--table tests/pixels/detectors/real_clips.txt` writes it anew after a change for the better.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nightlatch.lab.eye.evaluate import TOLD, detectors, evaluate, table
from nightlatch.pixels.detectors.opening import lacking

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
BEFORE = Path(__file__).with_name("real_clips.txt")
TOLERANCE = 2  # films that a detector had right and now has not: decoders and sums differ between machines

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (DATA / "videos" / "manifest.json").is_file(), reason="needs ../shared/data/videos"),
    pytest.mark.skipif(bool(lacking("both", DATA / "models")), reason="some networks come with set-up: make models"),
]


def right_before() -> dict[str, set[str]]:
    """The films that each detector had right."""
    head, *lines = [line for line in BEFORE.read_text().splitlines() if not line.startswith("#")]
    names = re.split(r"\s{2,}", head)[1:]
    starts = [head.index(name, len("film")) for name in names]
    ends = [*starts[1:], None]
    return {
        name: {line.split()[0] for line in lines if line[start:end].strip() == "right"}
        for name, start, end in zip(names, starts, ends, strict=True)
    }


@pytest.mark.timeout(1200)
def test_no_detector_forgets_what_it_knew() -> None:
    before = right_before()
    assert set(before) == {"eye", "ssd", "yolox", "both", TOLD}
    rows = list(evaluate(DATA, detectors(DATA)))
    print("\n" + table(rows))
    for name, known in before.items():
        now = {row.clip.name for row in rows if row.is_right(name)}
        assert len(known - now) <= TOLERANCE, f"{name} forgot {sorted(known - now)}"


def test_both_together_are_better_than_either() -> None:
    before = right_before()
    assert len(before["both"]) > len(before["yolox"])
    assert len(before["both"]) > len(before["eye"])
