"""Trains the judge, prints how good it is, writes its table and its card: `python -m nightlatch.lab.judge`.

Same seeds, same bytes, on any number of threads. NumPy alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from nightlatch.lab.judge.boosting import learn
from nightlatch.lab.judge.card import card
from nightlatch.lab.judge.marks import held_out
from nightlatch.lab.judge.stories import make
from nightlatch.pixels.stage.behaviours import ROUTINE, THREATS
from nightlatch.pixels.vision.judge import MODEL, Judge
from nightlatch.pixels.vision.story.facts import facts
from nightlatch.pixels.vision.story.numbers import FEATURES, SLOPES, WAYS, features
from nightlatch.pixels.vision.story.score import Table, dump
from nightlatch.pixels.vision.story.things import things


def trained(count: int) -> Table:
    """The table learnt from stories of `count` seeds, of the families that are not held out."""
    families = (THREATS | ROUTINE) - held_out()
    numbers, truth = [], []
    for seed in range(count):
        played = make(seed, families=families)
        found = things(played.story)
        numbers.append(features(played.story, found, facts(played.story, found)))
        truth.append(played.is_threat)
    ways, slopes = [WAYS[name] for name in FEATURES], [SLOPES[name] for name in FEATURES]
    return learn(np.stack(numbers), np.array(truth), ways, slopes)


def main() -> None:
    """Entry point."""
    asked = argparse.ArgumentParser(prog="python -m nightlatch.lab.judge", description=__doc__)
    asked.add_argument("--out", type=Path, default=MODEL.parent, help="folder for judge.json and judge.md")
    asked.add_argument("--stories", type=int, default=10_000)
    given = asked.parse_args()

    began_s = time.process_time()
    text = dump(trained(given.stories), FEATURES)
    print(f"learnt in {time.process_time() - began_s:.0f} s of CPU", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MODEL.name
        path.write_text(text)
        judge = Judge(path)
    (given.out / MODEL.name).write_text(text)
    told = card(judge.judge, given.stories, len(FEATURES))
    print(told)
    (given.out / "judge.md").write_text(told)


if __name__ == "__main__":
    main()
