"""Debian's own `age`: what the owner would open files with, should Nightlatch be gone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

AGE = shutil.which("age")


def age_opens(folder: Path, key: str, sealed: bytes) -> bytes:
    """What `age -d` makes of a file. Raises `CalledProcessError` where it does not return 0."""
    (folder / "key.txt").write_text(key)
    (folder / "file.age").write_bytes(sealed)
    command = [AGE or "age", "-d", "-i", str(folder / "key.txt"), str(folder / "file.age")]
    return subprocess.run(command, check=True, capture_output=True).stdout
