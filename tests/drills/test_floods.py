"""The short form of `make drill-floods`: two floods of the keeper and of its second face, one of each other program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills.floods import drill, table, targets

SHORT = {("keeper", "large"), ("keeper", "films"), ("keeper²", "idle"), ("hub", "unread"), ("mailbox", "bodies")}
SHORT |= {("log", "heads"), ("review", "large")}


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("floods")
def test_whoever_asks_is_answered_while_a_thousand_others_flood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with targets(tmp_path) as running:
        wanted = [(each, kind) for each in running for kind in each.kinds if (each.name, kind) in SHORT]
        found = [drill(target, kind, 2) for target, kind in wanted]
    with capsys.disabled():
        print(f"\n{table(found)}")
    assert len(found) == len(SHORT)
    assert [line for each in found for line in each.wrong] == []
