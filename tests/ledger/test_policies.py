"""Python reads, believes and refuses what policies.json says, as the page does (web/test/policies.test.ts)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from nightlatch.errors import ConfigError
from nightlatch.ledger.errors import Unproven
from nightlatch.ledger.policy import check_note, read_policy, verify_receipt
from tests.ledger.policies import FILE, written

CASES: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text())


def named(kind: str) -> Any:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES[kind]])


def test_the_file_is_the_one_that_its_script_writes() -> None:
    assert FILE.read_text() == written(), "python -m tests.ledger.policies writes it again"


@named("policies")
def test_a_policy_is_read_or_refused_as_written_down(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(ConfigError) as refused:
            read_policy(case["text"])
        assert str(refused.value) == case["refused"]
        return
    found = read_policy(case["text"])
    witnesses = [[name, str(key)] for name, key in found.witnesses]
    assert [str(found.log), witnesses, found.quorum, found.max_age_s, found.households] == [
        case[what] for what in ("log", "witnesses", "quorum", "max_age_s", "households")
    ]


@named("checkpoints")
def test_a_checkpoint_is_believed_or_refused_as_written_down(case: dict[str, Any]) -> None:
    raw = b64decode(case["note_base64"]) if "note_base64" in case else case["note"]
    policy = read_policy(case["policy"])
    if "why" in case:
        with pytest.raises(Unproven) as refused:
            check_note(raw, policy, case["now_ms"])
        assert refused.value.why.value == case["why"]
        return
    found = check_note(raw, policy, case["now_ms"])
    assert (found.checkpoint.size, b64encode(found.checkpoint.root).decode()) == (case["size"], case["root"])
    assert [list(each) for each in found.by] == case["witnessed"]


@named("receipts")
def test_a_receipt_is_believed_or_refused_as_written_down(case: dict[str, Any]) -> None:
    ask = (case["receipt"], b64decode(case["leaf"]), read_policy(case["policy"]), case["now_ms"])
    if "why" in case:
        with pytest.raises(Unproven) as refused:
            verify_receipt(*ask)
        assert refused.value.why.value == case["why"]
        return
    assert verify_receipt(*ask).index == case["index"]
