"""Set-up goes on without the networks that it cannot have, and says so."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from nightlatch.pixels.detectors import models

SCRIPT = Path(__file__).parents[1] / "scripts" / "unpack.py"
SSD = models.BESIDE / "ssd_oidv4.tflite"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The script's names, in a tree where nothing was installed, so that nothing is downloaded either."""
    monkeypatch.setattr(models, "BESIDE", tmp_path)
    found = runpy.run_path(str(SCRIPT))
    found["main"].__globals__.update(ROOT=tmp_path, ASSETS=tmp_path / "assets.data")
    return found


def test_what_cannot_be_had_is_left_out_and_said(
    script: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert script["main"]() == 0
    said = capfd.readouterr().err
    assert "For now without ssd_oidv4, which finds people" in said
    assert "For now without pose_detection" in said
    assert "The next make run tries again." in said
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_holds_something_else_is_refused(
    script: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assets.data").write_bytes(bytes(12_000_000))
    assert script["main"]() == 0
    assert "does not hold it. Remove web/node_modules and try again." in capfd.readouterr().err
    assert not (tmp_path / "ssd_oidv4.tflite").exists()


@pytest.mark.skipif(not SSD.is_file(), reason="the SSD comes with set-up: make models")
def test_the_network_is_found_behind_the_labels_of_its_package(script: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "assets.data").write_bytes(b"l" * 184 + SSD.read_bytes() + b"more")
    (tmp_path / "ssd_oidv4.tflite").write_bytes(b"half of it")
    script["main"]()
    assert (tmp_path / "ssd_oidv4.tflite").read_bytes() == SSD.read_bytes()
    script["main"]()  # and it is not done twice
