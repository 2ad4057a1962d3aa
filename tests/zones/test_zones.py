"""Who may import whom: the contract holds, a planted violation breaks it, and the cloud stays blind at run time."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.house import free_port, house

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
        (
            "seal/stream.py",
            "from nightlatch.seal.identities import Opener",
            "Only the owner's side and the keeper open a seal",
        ),
        ("hub/serve/app.py", "from nightlatch.cloud import mailbox", "Zones never import each other"),
        ("hub/watch/recorder.py", "from sqlalchemy import Engine", "Watch keeps files"),
        ("hub/watch/eye.py", "import httpx", "Watch keeps files"),
        ("hub/watch/watcher.py", "from nightlatch.hub.serve.books import records", "Watch keeps files"),
        ("hub/serve/house.py", "import numpy", "Serve keeps the books"),
        ("hub/serve/catalogue.py", "from nightlatch.hub.watch import telling", "Serve keeps the books"),
        ("hub/serve/giving/offers.py", "from nightlatch.hub.errands import hide", "Serve keeps the books"),
        ("hub/vault/files.py", "from sqlalchemy import Engine", "The vault is files"),
        ("hub/wire/notices.py", "from nightlatch.pixels.media import packets", "The vault is files"),
        ("hub/serve/books/entries.py", "from nightlatch.hub.serve import house", "Books know no page"),
        ("hub/serve/alerts/push.py", "from fastapi import Request", "Books know no page"),
        ("hub/serve/routes/cameras.py", "from nightlatch.hub.serve.books.records import CameraRow", "Routes import no"),
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
        ("plugs.py", "from nightlatch.pixels.media.packets import Packet", "Rings"),
        ("durably.py", "from nightlatch.seal.envelope import Sealed", "Rings"),
        ("clocks.py", "from nightlatch.diagnostics import configure", "Rings"),
        ("web/face/guard.py", "from nightlatch.ledger import log", "Rings"),
        ("web/face/guard.py", "import av", "The cloud is blind"),
        ("pixels/vision/gate.py", "import httpx", "Looking is pure"),
        ("pixels/media/parts.py", "from nightlatch.pixels.codecs.h264 import split_lengths", "Only pixels.codecs"),
        ("pixels/sources/reading.py", "from nightlatch.pixels.codecs import h264", "Only pixels.codecs"),
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


def test_a_running_serve_holds_no_pixels_and_little_memory(tmp_path: Path) -> None:
    """It had 244 MiB in version 0.1, which imported the eyes for a function of 14 lines."""
    with house(tmp_path / "house") as home:
        (serve,) = home.children("serve")
        maps = Path(f"/proc/{serve}/maps").read_text()
        status = Path(f"/proc/{serve}/status").read_text()
    for library in ("/av/", "/cv2/", "/numpy/", "/onnxruntime/", "/scipy/"):
        assert library not in maps
    resident_kib = int(status.partition("VmRSS:")[2].split()[0])
    assert resident_kib < 120 * 1024


def naming(folder: Path) -> list[str]:
    """Files outside of pixels.codecs that hold a codec's boxes as bytes."""
    words = [b"avc1", b"avc3", b"avcC", b"hvc1", b"hev1", b"hvcC", b"mp4a", b"esds", b"Opus", b"dOps", b"ulaw", b"alaw"]
    found = set()
    for path in (folder / "src" / "nightlatch").rglob("*.py"):
        if path.parent.name != "codecs":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                    found |= {path.name for word in words if word in node.value}
    return sorted(found)


def test_only_the_codecs_name_a_codecs_boxes(copy: Path) -> None:
    assert naming(copy) == []
    target = copy / "src" / "nightlatch" / "pixels" / "media" / "segmenter.py"
    target.write_text(target.read_text() + '\nENTRY = b"....hvc1"\n')
    assert naming(copy) == ["segmenter.py"]


def opening(folder: Path) -> list[str]:
    """Files that call something which opens a seal, by its name: pyrage's and the cryptography library's have one."""
    found = set()
    for path in (folder / "src" / "nightlatch").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("decrypt"):
                found.add(str(path.relative_to(folder / "src" / "nightlatch")))
    return sorted(found)


def test_what_seals_cannot_open(copy: Path) -> None:
    allowed = ["keeper/keys.py", "owner/keys.py", "seal/identities.py"]
    assert opening(copy) == allowed
    target = copy / "src" / "nightlatch" / "seal" / "stream.py"
    target.write_text(target.read_text() + "\n\nopens = ChaCha20Poly1305(bytes(32)).decrypt\n")
    assert opening(copy) == [*allowed, "seal/stream.py"]


def test_a_new_root_module_must_stand_in_a_ring(copy: Path) -> None:
    (copy / "src" / "nightlatch" / "helpers.py").write_text("")
    result = lint(copy)
    assert result.returncode != 0
    assert "nightlatch.helpers" in result.stdout


@pytest.mark.parametrize("module", ["nightlatch.plugs", "nightlatch.domain.redaction"])
def test_what_serve_shares_with_watch_brings_no_pixels(module: str) -> None:
    heavy = ("av", "cv2", "numpy", "onnxruntime", "scipy", "nightlatch.pixels")
    code = f"import sys, {module}\nassert not set({heavy}) & set(sys.modules), set({heavy}) & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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
    for name in ("ai_edge_litert", "av", "cv2", "numpy", "onnxruntime", "pyrage", "pil"):
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
