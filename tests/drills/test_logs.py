"""The short form of `make drill-log`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.logs import drill, said


@pytest.mark.services
@pytest.mark.timeout(300)
def test_kills_lose_no_answered_entry_and_fork_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = drill(tmp_path, kills=16, seed=10)
    with capsys.disabled():
        print(f"\n{said(found)}")
    assert found.faults == []
    assert sum(found.kills.values()) == 16
    assert found.parts >= 2
    assert len(found.answered) > 20
