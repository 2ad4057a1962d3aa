"""parts.json says how Python reads parts and indexes; the page is held to it (web/test/parts.test.ts)."""

from __future__ import annotations

from tests.ledger.parts import FILE, written


def test_the_file_is_the_one_that_its_script_writes() -> None:
    assert FILE.read_text() == written(), "python -m tests.ledger.parts writes it again"
