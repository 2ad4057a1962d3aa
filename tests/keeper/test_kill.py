"""Killed in the middle of a view, the keeper leaves nothing of the clip on a disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Origin

from tests.keeper.films import film
from tests.keeper.house import ORIGIN

ROOT = Path(__file__).resolve().parents[2]


def traces(folder: Path, plain: bytes, jpegs: list[bytes]) -> list[str]:
    """Files that hold any 24 bytes in a row of the film or of its pictures, sampled every 24 bytes."""
    needles = [whole[at : at + 24] for whole in (plain, *jpegs) for at in range(0, len(whole) - 24, 24)]
    needles = [each for each in needles if len(set(each)) > 8] + [b"ftypisom", b"avcC", b"\xff\xd8\xff"]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    found = []
    for path in files:
        held = path.read_bytes()
        found += [f"{path.name}: {needle!r}" for needle in needles if needle in held]
    return found


def test_after_kill_9_no_byte_of_the_clip_is_on_a_disk(tmp_path: Path) -> None:
    data, scratch, here = tmp_path / "keeper", tmp_path / "tmp", tmp_path / "here"
    for folder in (scratch, here):
        folder.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch), "PYTHONPATH": f"{ROOT}/src:{ROOT}", "HOME": str(here)}
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.keeper.child", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=here,
        env=environment,
        text=True,
    )
    try:
        assert keeper.stdout is not None
        line = next((each for each in keeper.stdout if each.startswith("{")), "")
        assert line, "the keeper did not start"
        told = json.loads(line)
        jpegs = []
        address = f"ws{told['url'].removeprefix('http')}/v1/views/{told['view']}"
        with connect(address, origin=Origin(ORIGIN)) as socket:
            socket.send(json.dumps({"ticket": told["ticket"], "session": told["session"]}))
            assert json.loads(socket.recv(timeout=10)) == {"pictures": 150}
            socket.send(json.dumps({"from": 0, "to": 20}))
            for _ in range(21):
                socket.recv(timeout=10)
                jpegs.append(bytes(socket.recv(timeout=10)))  # type: ignore[arg-type]
            keeper.kill()
    finally:
        keeper.kill()
        keeper.communicate(timeout=20)
    plain = film(30, 5)
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness" / "film").write_bytes(b"before" + plain[100:200])
    assert traces(tmp_path / "witness", plain, []), "the scan finds what is there"
    (tmp_path / "witness" / "film").unlink()
    assert traces(tmp_path, plain, jpegs) == []
