"""Trains the judge and prints how good it is: `python -m nightlatch.lab.judge.train [--out FILE] [--stories N]`."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from nightlatch.lab.judge.stories import make
from nightlatch.pixels.vision.judge import FEATURES, ROUTINE_TO, THREAT_FROM, features

HOLD_OUT = 1_000_000  # seeds from here on are never learnt from


def stories(first: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[str]]:
    """(N, F) features, (N,) whether a threat, and what was played."""
    rows, truth, names = [], [], []
    for seed in range(first, first + count):
        story, is_threat, name = make(seed)
        rows.append(features(story))
        truth.append(is_threat)
        names.append(name)
    return np.stack(rows), np.array(truth), names


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("judge.onnx"))
    asked.add_argument("--stories", type=int, default=12_000)
    given = asked.parse_args()
    x, y, _ = stories(0, given.stories)
    trees = GradientBoostingClassifier(n_estimators=90, max_depth=3, learning_rate=0.12, subsample=0.7, random_state=0)
    model = CalibratedClassifierCV(trees, method="sigmoid", cv=3)
    model.fit(x, y)
    x, y, names = stories(HOLD_OUT, 4_000)
    chance = model.predict_proba(x)[:, 1]
    any_person = x[:, FEATURES.index("people")] > 0
    cut = np.quantile(chance[y], 0.05)
    print(f"hold-out: AUC {roc_auc_score(y, chance):.3f} of {len(y)} stories, {y.mean():.0%} threats")
    print(f"at 95 % recall: {np.mean(chance[~y] >= cut):.3f} false alarms; “any person”: {np.mean(any_person[~y]):.3f}")
    print("said    true   of")
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        if inside.any():
            print(f"{chance[inside].mean():.2f}    {y[inside].mean():.2f}   {inside.sum()}")
    told: dict[str, list[float]] = defaultdict(list)
    for name, value in zip(names, chance, strict=True):
        told[name].append(value)
    print("behaviour            threat  unsure  routine")
    for name, values in sorted(told.items()):
        seen = np.array(values)
        threat, routine = np.mean(seen >= THREAT_FROM), np.mean(seen <= ROUTINE_TO)
        print(f"{name:20} {threat:7.2f} {1 - threat - routine:7.2f} {routine:8.2f}")
    made = to_onnx(
        model,
        initial_types=[("story", FloatTensorType([None, len(FEATURES)]))],
        options={id(model): {"zipmap": False}},
        target_opset=17,
    )
    given.out.write_bytes(made.SerializeToString())
    print(f"{given.out}: {given.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
