"""Trains the judge, prints how good it is, writes the model and its card: `python -m nightlatch.lab.judge`.

Same seeds, same bytes. Needs scikit-learn and skl2onnx (the extra `train`).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from nightlatch.lab.judge.stories import make
from nightlatch.pixels.vision.judge import MODEL, ROUTINE_TO, THREAT_FROM
from nightlatch.pixels.vision.story.numbers import FEATURES, features
from nightlatch.pixels.vision.story.things import things

HOLD_OUT = 1_000_000  # seeds from here on are never learnt from
DISTURBED = 2_000_000
RECALL = 0.95


@dataclass(frozen=True, slots=True)
class Stories:
    """Many stories: x (N, F) features, y (N,) whether a threat, and what was played."""

    x: NDArray[np.float32]
    y: NDArray[np.bool_]
    behaviours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """How good: area under the curve, and shares of harmless stories that alarm at 95 % recall, ours and the peer's."""

    auc: float
    false_alarms: float
    any_person: float
    any_person_recall: float


def stories(first: int, count: int, worse: float = 1.0, in_parts: float = 0.0) -> Stories:
    """The stories of `count` seeds from `first` on, seen as `make` says."""
    played = [make(seed, worse, in_parts) for seed in range(first, first + count)]
    x = np.stack([features(each.story, things(each.story)) for each in played])
    return Stories(x, np.array([each.is_threat for each in played]), tuple(each.behaviour for each in played))


def marks(chance: NDArray[np.float64], some: Stories) -> Marks:
    """Compare what was said, (N,), with the truth and with “any person is an alarm”."""
    person = some.x[:, FEATURES.index("people")] > 0
    cut = np.quantile(chance[some.y], 1 - RECALL)
    return Marks(
        float(roc_auc_score(some.y, chance)),
        float(np.mean(chance[~some.y] >= cut)),
        float(np.mean(person[~some.y])),
        float(np.mean(person[some.y])),
    )


def reliability(chance: NDArray[np.float64], y: NDArray[np.bool_]) -> list[str]:
    """Lines of a table: what was said, how often it was true, of how many."""
    lines = ["said   true   of"]
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1 + 1e-9)
        if inside.any():
            lines.append(f"{chance[inside].mean():.2f}   {y[inside].mean():.2f}   {inside.sum()}")
    return lines


def verdicts(chance: NDArray[np.float64], behaviours: tuple[str, ...]) -> list[str]:
    """Lines of a table: shares of each behaviour that are called threat, unsure, routine."""
    lines = ["behaviour          threat unsure routine"]
    for name in sorted(set(behaviours)):
        said = chance[[each == name for each in behaviours]]
        threat, routine = np.mean(said >= THREAT_FROM), np.mean(said <= ROUTINE_TO)
        lines.append(f"{name:18} {threat:6.2f} {1 - threat - routine:6.2f} {routine:7.2f}")
    return lines


def main() -> None:
    """Entry point."""
    asked = argparse.ArgumentParser(prog="python -m nightlatch.lab.judge", description=__doc__)
    asked.add_argument("--out", type=Path, default=MODEL.parent, help="folder for judge.onnx and judge.md")
    asked.add_argument("--stories", type=int, default=12_000)
    given = asked.parse_args()

    seen = stories(0, given.stories)
    trees = GradientBoostingClassifier(n_estimators=90, max_depth=3, learning_rate=0.12, subsample=0.7, random_state=0)
    model = CalibratedClassifierCV(trees, method="sigmoid", cv=3)  # Platt; isotonic gives steps and ties
    model.fit(seen.x, seen.y)

    held = stories(HOLD_OUT, given.stories // 3)
    chance = model.predict_proba(held.x)[:, 1]
    told = marks(chance, held)
    blurred, parted = (
        marks(model.predict_proba(some.x)[:, 1], some)
        for some in (
            stories(DISTURBED, given.stories // 6, worse=2.0),
            stories(DISTURBED, given.stories // 6, in_parts=0.5),
        )
    )
    tables = "\n".join((*reliability(chance, held.y), "", *verdicts(chance, held.behaviours)))
    for name, each in (("hold-out", told), ("disturbed", blurred), ("in parts", parted)):
        print(f"{name}: {each}")
    print(tables)

    made = to_onnx(
        model,
        initial_types=[("story", FloatTensorType([None, len(FEATURES)]))],
        options={id(model): {"zipmap": False}},
        target_opset=17,
    )
    (given.out / "judge.onnx").write_bytes(made.SerializeToString())
    (given.out / "judge.md").write_text(card(given.stories, (told, blurred, parted), tables))


def card(learnt: int, marked: tuple[Marks, Marks, Marks], tables: str) -> str:
    """The model card, Markdown, with the marks for the hold-out, disturbed stories and people seen in parts."""
    told, blurred, parted = marked
    return f"""# Model card: the judge

Says how likely it is that an event is a threat, from {len(FEATURES)} numbers about what moved. No pixels.
Ours; Apache-2.0. Written by `python -m nightlatch.lab.judge`; the same seeds give the same bytes.

- **It has only seen simulated behaviour**: {learnt:,} stories that our code plays
  (`pixels/stage/behaviours.py`) and a pretended detector sees (`lab/judge/stories.py`: missed looks, jitter, broken
  tracks, wrong kinds). No footage of anybody, no real burglar, no real street. Its idea of a threat is what we wrote
  down: trying doors, breaking in, taking a package, prowling, hanging about. The figures say how well it learnt
  *that*, not how it does at your door.
- **Model**: gradient-boosted trees (90 of depth 3), Platt-calibrated over three folds, as ONNX.
- **Hold-out** ({learnt // 3:,} stories of other seeds): AUC {told.auc:.3f}.
  At 95 % recall it alarms for {told.false_alarms:.1%} of harmless stories; “any person is an alarm” alarms for
  {told.any_person:.1%} of them, at a recall of {told.any_person_recall:.1%}.
- **Disturbed** ({learnt // 6:,} more; twice the misses, jitter, breaks and wrong kinds, never learnt from):
  AUC {blurred.auc:.3f}; {blurred.false_alarms:.1%} against {blurred.any_person:.1%}
  at a recall of {blurred.any_person_recall:.1%}.
- **In parts** ({learnt // 6:,} more; half of the people seen as head and legs apart, never learnt from):
  AUC {parted.auc:.3f}; {parted.false_alarms:.1%} against {parted.any_person:.1%}
  at a recall of {parted.any_person_recall:.1%}.
- **Verdicts**: threat from {THREAT_FROM:.2f}, routine up to {ROUTINE_TO:.2f}, between them unsure.
- **Known weak**: a courier who leaves what the camera does not see looks like a thief; who waits long at a door looks
  like who tries it. Packages count only if the detector in use knows packages. Somebody who falls is routine, for it is
  no threat; the reasons say that somebody went down.
- **Base rate**: 30 % of the stories it learnt from are threats, and threats come by night more often. In a quiet street
  far fewer are: its probabilities are too high there.

What was said and how often it was true, then what each behaviour was called, on the hold-out:

```
{tables}
```
"""


if __name__ == "__main__":
    main()
