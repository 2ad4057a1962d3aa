"""The guide's commands, run as they are printed: Debian's age opens what the hub's vault wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nightlatch.domain.recording import Part, Segment, Still
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.vault.recover import recover
from nightlatch.owner.keys import OwnerKeys
from nightlatch.owner.unlock import export_key
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.hub.keeping import keep_whole, manifest

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "open-clips-by-hand.md"
CAMERA = "0123456789ab"
T0 = 1_790_000_000_000
KEYS = OwnerKeys(bytes(range(32)))
SEALER = Sealer([KEYS.recipient])


def lived_in(data: Path) -> dict[str, str]:
    """A vault with a clip, a segment and the pieces of one that a power cut left; the names for the guide."""
    data.mkdir(parents=True)
    vault = Vault(data, TestClock(fixed_ms=T0))
    clip = vault.begin_clip("c" * 16, manifest(CAMERA, T0, T0, camera_name="porch"))
    for index in range(3):
        vault.keep_clip_part(clip, Part(CAMERA, T0 + index * 1000, 1000, index, b"clip part %d;" % index), SEALER)
    vault.keep_clip_still(clip, Still(CAMERA, T0, 1, 1, b"a still"), SEALER)
    vault.close_clip(clip, SEALER)
    keep_whole(vault, Segment(CAMERA, 0, T0, 4000, "avc1.640028"), b"a segment", SEALER)
    vault.settle()
    for index, piece in enumerate((b"piece 0;" + bytes(70_000), b"piece 1;", b"piece 2;")):
        vault.keep_part(Part(CAMERA, T0 + 4000 + index * 1000, 1000, index, piece, 1), SEALER)
    recover(vault.folder, lambda _: True)
    segments = sorted(data.glob("vault/*/segments/*/*.age"))
    return {
        "CAMERA": CAMERA,
        "CLIP": clip.id,
        "DAY": segments[0].parent.name,
        "SEGMENT": segments[0].stem,
        "BEFORE": segments[1].stem,
        "PIECE": segments[2].stem,
    }


@pytest.mark.services
@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")
def test_the_guides_commands_open_everything(tmp_path: Path) -> None:
    names = lived_in(tmp_path / "data" / "hub")
    export_key(KEYS, tmp_path / "key.txt")
    commands = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(commands) == 4
    for command in commands:
        subprocess.run(["sh", "-eu", "-c", command], cwd=tmp_path, env={**os.environ, **names}, check=True)
    clip = (tmp_path / "clip.mp4").read_bytes()
    assert re.findall(rb"clip part \d;", clip) == [b"clip part 0;", b"clip part 1;", b"clip part 2;"]
    assert (tmp_path / "still.jpg").read_bytes().startswith(b"a still")
    assert json.loads((tmp_path / "manifest.json").read_text())["camera_name"] == "porch"
    assert (tmp_path / "segment.mp4").read_bytes() == b"a segment"
    assert (tmp_path / "pieces.mp4").read_bytes() == b"piece 0;" + bytes(70_000) + b"piece 1;piece 2;"
