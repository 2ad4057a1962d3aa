"""Compare our consensus and alpha with independent ones, on simulated reviewers. For developers; CI does not run it.

    python -m venv /tmp/oracle
    /tmp/oracle/bin/pip install numpy pandas scikit-learn attrs tqdm krippendorff
    /tmp/oracle/bin/pip install --no-deps crowd-kit
    PYTHONPATH=src:. /tmp/oracle/bin/python tests/review/compare_quality.py

crowd-kit's package imports torch and transformers for aggregating texts; its Dawid-Skene needs neither, so the
packages around it are stood in for here and only its own modules are loaded.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nightlatch.review.quality import MISSING, alpha, dawid_skene
from tests.review.simulated import crowd

SKILLS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5)


def crowdkits(answers: NDArray[np.int64]) -> NDArray[np.float64]:
    """crowd-kit's Dawid-Skene: (clips, 3) probabilities."""
    import pandas

    found = importlib.util.find_spec("crowdkit")
    if found is None or found.origin is None:
        raise SystemExit("crowd-kit is not installed; see the top of this file.")
    root = Path(found.origin).parent
    for name in ("aggregation", "aggregation.classification"):
        stand_in: Any = types.ModuleType(f"crowdkit.{name}")
        stand_in.__path__ = [str(root / name.replace(".", "/"))]
        sys.modules[f"crowdkit.{name}"] = stand_in
    from crowdkit.aggregation.classification.dawid_skene import DawidSkene  # type: ignore[import-not-found]

    rows = [
        (clip, who, answer) for clip, row in enumerate(answers) for who, answer in enumerate(row) if answer != MISSING
    ]
    told = DawidSkene(n_iter=200, tol=1e-9).fit_predict_proba(
        pandas.DataFrame(rows, columns=["task", "worker", "label"])
    )
    return np.asarray(told.reindex(columns=range(3), fill_value=0).sort_index(), np.float64)


def krippendorffs(answers: NDArray[np.int64]) -> float:
    import krippendorff  # type: ignore[import-not-found]

    values = np.where(answers == MISSING, np.nan, answers.astype(np.float64)).T
    return float(krippendorff.alpha(reliability_data=values, level_of_measurement="nominal"))


def main() -> None:
    print("clips labels  majority   ours  crowd-kit  same verdict  mean |dp|   alpha ours   krippendorff")
    for clips in (100, 500, 2000):
        for each in (2, 3, 4):
            truth, answers = crowd(seed=clips + each, clips=clips, skills=SKILLS, labels_each=each)
            mine, theirs = dawid_skene(answers, 3).posterior, crowdkits(answers)
            counts = np.stack([(answers == c).sum(axis=1) for c in range(3)], axis=1)
            right = [float((p.argmax(axis=1) == truth).mean()) for p in (counts, mine, theirs)]
            same = float((mine.argmax(axis=1) == theirs.argmax(axis=1)).mean())
            apart = float(np.abs(mine - theirs).mean())
            print(
                f"{clips:5} {each:6} {right[0]:9.3f} {right[1]:6.3f} {right[2]:10.3f} {same:13.3f} {apart:10.4f}"
                f" {alpha(answers):12.6f} {krippendorffs(answers):14.6f}"
            )


if __name__ == "__main__":
    main()
