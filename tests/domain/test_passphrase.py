"""Parameters of a passphrase are read as they were written, and damaged ones are refused with a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import SealError

numbers = st.integers(0, 2**31)
PLAIN = Kdf("argon2id", 65536, 3, 1, "AAAAAAAAAAAAAAAAAAAAAA==")


@given(st.builds(Kdf, st.just("argon2id"), numbers, numbers, numbers, st.text()))
def test_reading_is_the_inverse_of_writing(kdf: Kdf) -> None:
    assert Kdf.read(kdf.write()) == kdf


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", "7", "[" * 100_000]
    + [
        json.dumps({**asdict(PLAIN), **change})
        for change in ({"alg": "scrypt"}, {"alg": 1}, {"t": "3"}, {"p": True}, {"m_kib": 1.5}, {"salt": 7}, {"more": 1})
    ],
    ids=lambda text: text[:40],
)
def test_what_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(SealError, match=r"Use the 24 words\."):
        Kdf.read(text)
