"""The consent record: what is signed, what is refused, and that the schema that we publish says the same."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.consent import (
    LONGEST_KEPT_MS,
    Consent,
    Consented,
    NotConsented,
    Purpose,
    Withdrawal,
    Withdrawn,
    canonical,
    signed,
)
from nightlatch.web.signature import public_b64

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
OWNER, PROGRAMME = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
CONSENT = Consent(
    donation="ab" * 16,
    owner_key=public_b64(OWNER),
    programme_key=public_b64(PROGRAMME),
    sha256="12" * 32,
    length_ms=24_500,
    notice_sha256="34" * 32,
    notice_language="en",
    purposes=(Purpose.LABEL, Purpose.TRAIN),
    given_ms=1_795_442_400_123,
    expires_ms=1_795_442_400_123 + 86_400_000,
    witness="nightlatch.hub/0123abcd+4567cdef+BGhpcyBpcyBub3QgYSBrZXk=",
)
BEFORE = replace(CONSENT, witness="")  # as hubs before 0.4 wrote it
WITHDRAWAL = Withdrawal(CONSENT.donation, CONSENT.owner_key, CONSENT.record_sha256, CONSENT.given_ms + 5)


def schema(name: str) -> jsonschema.Draft202012Validator:
    told = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(told)
    return jsonschema.Draft202012Validator(told)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif isinstance(value, list):
        for n, each in enumerate(value):
            yield from leaves(each, (*path, n))
    else:
        yield path


def test_what_the_owner_signed_reads_back_as_it_was() -> None:
    assert Consented(signed(CONSENT, OWNER)).consent == CONSENT
    assert Consented(signed(BEFORE, OWNER)).consent == BEFORE
    assert Withdrawn(signed(WITHDRAWAL, OWNER)).withdrawal == WITHDRAWAL


def test_records_validate_against_the_published_schemas() -> None:
    schema("consent").validate(json.loads(signed(CONSENT, OWNER)))
    schema("consent").validate(json.loads(signed(BEFORE, OWNER)))
    schema("withdrawal").validate(json.loads(signed(WITHDRAWAL, OWNER)))
    with pytest.raises(jsonschema.ValidationError):
        schema("consent").validate(json.loads(signed(WITHDRAWAL, OWNER)))
    with pytest.raises(jsonschema.ValidationError):
        schema("consent").validate(json.loads(signed(replace(CONSENT, length_ms=30_001), OWNER)))


def test_every_dpv_term_in_our_records_exists_in_dpv_2() -> None:
    known = {row["term"] for row in csv.DictReader((SCHEMAS / "dpv-terms.csv").open())}
    used = set(re.findall(r'"dpv:(\w+)"', (CONSENT.canonical() + WITHDRAWAL.canonical()).decode()))
    assert used == known


def test_a_change_anywhere_in_the_record_is_refused() -> None:
    whole = json.loads(signed(CONSENT, OWNER))
    paths = list(leaves(whole))
    assert len(paths) > 20
    for path in paths:
        changed = json.loads(signed(CONSENT, OWNER))
        at = changed
        for key in path[:-1]:
            at = at[key]
        value = at[path[-1]]
        at[path[-1]] = value + 1 if isinstance(value, int) else value[:-2] + ("AA" if value[-2:] != "AA" else "BB")
        with pytest.raises(NotConsented):
            Consented(canonical(changed))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'{"record": {}, "signature": ""}',
        b'{"record": 1, "signature": ""}',
        b"[" * 100_000,
        signed(WITHDRAWAL, OWNER),
        signed(CONSENT, Ed25519PrivateKey.generate()),
        signed(CONSENT, OWNER).replace(b'"signature"', b'"more":1,"signature"'),
        signed(CONSENT, OWNER).replace(b"dpv:ConsentGiven", b"dpv:ConsentExpired"),
    ],
)
def test_what_no_owner_signed_as_a_consent_is_refused(raw: bytes) -> None:
    with pytest.raises(NotConsented):
        Consented(raw)


def test_a_consent_is_not_taken_for_a_withdrawal() -> None:
    with pytest.raises(NotConsented):
        Withdrawn(signed(CONSENT, OWNER))


@pytest.mark.parametrize(
    "change",
    [
        {"donation": "../../etc"},
        {"witness": "half a line\nand more"},
        {"witness": "k" * 201},
        {"sha256": "AB" * 32},
        {"purposes": ()},
        {"purposes": (Purpose.TRAIN, Purpose.LABEL)},
        {"purposes": (Purpose.LABEL, Purpose.LABEL)},
        {"notice_language": "English"},
        {"expires_ms": CONSENT.given_ms},
        {"expires_ms": CONSENT.given_ms + LONGEST_KEPT_MS + 1},
        {"owner_key": "not a key"},
        {"programme_key": CONSENT.programme_key[:-2] + "9="},
    ],
)
def test_a_consent_that_says_nothing_clear_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(NotConsented):
        replace(CONSENT, **change)


@pytest.mark.parametrize("value", [1.5, True, None, 2**53, {"é": 1}, {"a": [None]}, "\ud800"])
def test_what_two_jcs_writers_might_write_differently_is_refused(value: Any) -> None:
    with pytest.raises(NotConsented):
        canonical(value)


json_of_ours: st.SearchStrategy[Any] = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(json_of_ours)
def test_canonical_bytes_are_the_same_after_reading_them_back(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_canonical_bytes_are_those_of_rfc_8785() -> None:
    """From section 3.2.2 and 3.2.3 of the RFC: strings escape what must be, and names are in order."""
    assert canonical({"\r": "Carriage Return", "1": "One", "b": '€$\x0f\nA\'B"\\\\"/'}) == (
        b'{"\\r":"Carriage Return","1":"One","b":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
