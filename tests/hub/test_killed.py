"""kill -9 at any moment of a vault at work, also in the middle of ending a segment: what is left is whole.

Twenty kills here; `NIGHTLATCH_KILLS=1000` for as many as that.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pyrage
import pytest

from nightlatch.hub.vault.layout import read_name
from nightlatch.hub.vault.recover import recover
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.hub.killed import PART_MS, T0, text_of
from tests.seal.debian import AGE, age_opens

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("NIGHTLATCH_KILLS", "20"))
KEY = str(pyrage.x25519.Identity.generate())
OPENER = Opener(KEY)


def killed(folder: Path, seed: int, after_s: float) -> tuple[int, int]:
    """How many parts a process began, and how many it kept, before it was killed."""
    command = [sys.executable, "-m", "tests.hub.killed", str(folder), OPENER.recipient, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()  # it is at work
        time.sleep(after_s)
        process.kill()
        lines = (said + process.stdout.read()).decode().split("\n")
    return sum(line.startswith("begin ") for line in lines), sum(line.startswith("kept ") for line in lines)


def parts_in(text: bytes) -> list[int]:
    """The numbers of the parts in the text of a file, in order; free boxes are passed over."""
    found, at = [], 0
    while at < len(text):
        length, kind = int.from_bytes(text[at : at + 4], "big"), text[at + 4 : at + 8]
        if kind != b"free":
            assert kind == b"mdat"
            found.append(int(text[at + 8 : at + 16]))
        at += length
    assert at == len(text)
    return found


@pytest.mark.timeout(60 + 4 * KILLS)
def test_after_a_kill_every_file_is_whole_and_at_most_the_part_that_was_being_written_is_gone(tmp_path: Path) -> None:
    moments = random.Random(1)
    for kill in range(KILLS):
        folder = tmp_path / str(kill)
        folder.mkdir()
        began, kept = killed(folder, kill, moments.uniform(0, 0.3))
        vault = folder / "vault"
        recover(vault, lambda _: True)
        paths = [path for path in vault.rglob("*") if path.is_file()]
        names = {path: read_name(str(path.relative_to(vault))) for path in paths}
        found, spans = [], []
        for path in sorted(paths):
            name, sealed = names[path], path.read_bytes()
            assert name is not None, path
            text = OPENER.open(Sealed(sealed))
            numbers = parts_in(text)
            whole = b"".join(text_of(number, kill) for number in numbers)
            assert re.fullmatch(rb"(....free\0*)?", text[len(whole) :], re.DOTALL)
            assert text.startswith(whole)
            assert (name.began_ms, name.duration_ms) == (T0 + numbers[0] * PART_MS, len(numbers) * PART_MS)
            found += numbers
            spans.append((name.began_ms, name.began_ms + name.duration_ms))
        assert found == list(range(len(found)))
        assert kept <= len(found) <= began
        assert all(one[1] == other[0] for one, other in pairwise(spans))
        if AGE is not None:
            for path in sorted(paths)[-3:]:
                assert age_opens(tmp_path, KEY, path.read_bytes())
