"""Who may import whom: the contract holds, a planted violation breaks it, and the cloud stays blind at run time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.house import free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "lint-imports", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("page", "__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_rings_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("cloud/mailbox.py", "import av", "The cloud is blind"),
        ("cloud/app.py", "from nightlatch.seal.identities import Opener", "The cloud is blind"),
        ("store/blobs.py", "from nightlatch.pixels.media import ring", "The cloud is blind"),
        (
            "hub/vault/files.py",
            "from nightlatch.seal.identities import Opener",
            "Only the owner's side and the keeper open a seal",
        ),
        ("hub/serve/app.py", "from nightlatch.cloud import mailbox", "Zones never import each other"),
        ("domain/time.py", "from nightlatch.store import blobs", "Rings"),
        (
            "doctor.py",
            "from nightlatch.seal.identities import Opener",
            "Only the owner's side and the keeper open a seal",
        ),
        ("domain/camera.py", "from nightlatch.config import load", "Words import nothing"),
        ("review/app.py", "import av", "The review room sees no picture"),
        ("review/queue.py", "from nightlatch.keeper import draw", "The review room sees no picture"),
        ("ledger/log.py", "from nightlatch.store import blobs", "Rings"),
        ("web/face/guard.py", "from nightlatch.ledger import log", "Rings"),
        ("web/face/guard.py", "import av", "The cloud is blind"),
        ("pixels/vision/gate.py", "import httpx", "Looking is pure"),
    ],
)
def test_a_planted_violation_is_found(copy: Path, file: str, line: str, broken: str) -> None:
    target = copy / "src" / "nightlatch" / file
    text = target.read_text()
    target.write_text(
        text.replace("from __future__ import annotations", f"from __future__ import annotations\n{line}", 1)
    )
    result = lint(copy)
    assert result.returncode != 0
    assert any(broken in each and "BROKEN" in each for each in result.stdout.splitlines()), result.stdout


@pytest.mark.parametrize(
    "module", ["av", "cv2", "numpy", "pyrage", "nightlatch.pixels.media", "nightlatch.seal.identities"]
)
def test_a_running_cloud_cannot_import_what_sees(module: str) -> None:
    code = (
        "from nightlatch.cloud import blind; blind.install()\n"
        "import nightlatch.cloud.serve\n"
        f"try:\n    import {module}\nexcept ImportError as e:\n    assert 'blind' in str(e), e\n"
        "else:\n    raise SystemExit(3)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cloud_that_already_sees_does_not_start() -> None:
    code = "import numpy\nfrom nightlatch.cloud import blind\nblind.install()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "The cloud is blind" in result.stderr


@pytest.mark.timeout(300)
def test_a_bare_install_of_the_cloud_brings_no_eyes_and_runs(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    shutil.copytree(ROOT / "src", tmp_path / "tree" / "src", ignore=shutil.ignore_patterns("page", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / "tree")
    installed = subprocess.run(
        [BIN / "uv", "pip", "install", "-q", "--python", python, f"{tmp_path / 'tree'}[cloud]"],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode and "fetch" in installed.stderr:
        pytest.skip(f"no package index is reachable: {installed.stderr[-200:]}")
    assert installed.returncode == 0, installed.stderr
    there = {p.name.lower() for p in (tmp_path / "venv").glob("lib/*/site-packages/*")}
    for name in ("av", "cv2", "numpy", "onnxruntime", "pyrage", "pil"):
        assert name not in there
    port = free_port()
    program = subprocess.Popen(
        [tmp_path / "venv" / "bin" / "nightlatch", "cloud", "--port", str(port), "--data", tmp_path / "data"]
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/healthz").json() == {"ok": True}
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                assert program.poll() is None
                time.sleep(0.1)
    finally:
        program.terminate()
        assert program.wait(15) in (0, -15)
