"""The short form of `make fuzz-http`."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("schemathesis")  # in the locked set; a checkout that is beside another environment may lack it

from tests.drills.schemas import NAMES, fuzz


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_what_a_program_says_that_it_reads_is_never_answered_with_500(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = fuzz(name, tmp_path, seconds=0, examples=2)
    with capsys.disabled():
        print(f"\n{found}")
    assert found.wrong == {}
    assert found.statuses.total() > 10
