"""What is signed and committed to is rendered alike in Python and in the browser (web/test/consent.test.ts)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from nightlatch.domain.consent import Consent, NotConsented, Purpose, Withdrawal, canonical
from nightlatch.domain.view import commitment, tag

RENDERED: dict[str, Any] = json.loads(Path(__file__).with_name("rendered.json").read_text())


@pytest.mark.parametrize("case", RENDERED["values"], ids=lambda case: str(case["canonical"])[:30].encode().hex())
def test_a_value_is_rendered_as_it_is_written_down(case: dict[str, Any]) -> None:
    assert canonical(case["value"]).decode() == case["canonical"]


@pytest.mark.parametrize("value", RENDERED["refused"], ids=range(len(RENDERED["refused"])))
def test_what_cannot_be_rendered_in_one_way_only_is_refused(value: Any) -> None:
    with pytest.raises(NotConsented):
        canonical(value)


def test_consents_and_withdrawals() -> None:
    for case in RENDERED["consents"]:
        facts = case["facts"]
        consent = Consent(
            facts["donation"],
            facts["ownerKey"],
            facts["programmeKey"],
            facts["sha256"],
            facts["lengthMs"],
            facts["noticeSha256"],
            facts["noticeLanguage"],
            tuple(Purpose(each) for each in facts["purposes"]),
            facts["givenMs"],
            facts["expiresMs"],
            facts["witness"],
        )
        assert (consent.canonical().decode(), consent.record_sha256) == (case["canonical"], case["sha256"])
    for case in RENDERED["withdrawals"]:
        facts = case["facts"]
        back = Withdrawal(facts["donation"], facts["ownerKey"], facts["consentSha256"], facts["atMs"])
        assert back.canonical().decode() == case["canonical"]


def test_tags_and_commitments_of_the_log() -> None:
    key, salt = b64decode(RENDERED["tags"]["logKey"]), b64decode(RENDERED["events"]["salt"])
    for day in RENDERED["tags"]["days"]:
        assert b64encode(tag(key, day["atMs"])).decode() == day["tag"]
    for case in RENDERED["events"]["committed"]:
        assert b64encode(commitment(salt, canonical(case["event"]))).decode() == case["commitment"]
