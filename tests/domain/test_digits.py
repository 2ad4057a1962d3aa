"""A number is what everybody reads as the same number; the rest is none, and never an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.digits import MOST, read_count
from nightlatch.errors import ConfigError
from nightlatch.hub.watch.shards import read_shard
from nightlatch.ledger.checkpoint import read_checkpoint
from nightlatch.ledger.errors import Unproven
from nightlatch.ledger.policy import read_policy
from nightlatch.ledger.proof import VERSION, read_proof
from nightlatch.ledger.witness import read_request
from nightlatch.seal.note import make_signer

ODD = [
    "²",
    "٣",
    "1٣",
    "1" * 5000,
    "-1",
    " 1",
    "1 ",
    "1\n",
    "+1",
    "1_0",
    "01",
    "",
    "1.0",
    "0x1",
    "\ud800",
    str(MOST + 1),
]
NOTE = f"programme.test/log\n1\n{'A' * 43}=\n"


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_number_is_none(odd: str) -> None:
    assert read_count(odd) is None


@given(st.integers(0, MOST))
def test_every_number_is_read_as_it_is_written(count: int) -> None:
    assert read_count(str(count)) == count


@given(st.text())
def test_no_text_is_an_error_and_what_is_read_is_written_back(text: str) -> None:
    count = read_count(text)
    assert count is None or str(count) == text


def test_more_than_is_wanted_is_none() -> None:
    assert (read_count("16", 16), read_count("17", 16)) == (16, None)


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd != "1\n"])
def test_a_question_with_an_odd_size_is_refused_and_not_an_error(odd: str) -> None:
    with pytest.raises(Unproven):
        read_request(f"old {odd}\n\n{NOTE}\n")


@pytest.mark.parametrize("odd", ODD)
def test_a_checkpoint_of_an_odd_size_is_refused(odd: str) -> None:
    with pytest.raises(Unproven):
        read_checkpoint(f"programme.test/log\n{odd}\n{'A' * 43}=\n")


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd != "1\n"])
def test_a_receipt_of_an_odd_index_is_refused(odd: str) -> None:
    with pytest.raises(Unproven):
        read_proof(f"{VERSION}\nindex {odd}\n\n{NOTE}")


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd.strip() == odd])
@pytest.mark.parametrize("word", ["quorum", "max-age-s"])
def test_a_policy_with_an_odd_number_is_refused(word: str, odd: str) -> None:
    with pytest.raises(ConfigError, match="Line 2"):
        read_policy(f"log {make_signer('programme.test/log').verifier}\n{word} {odd}\n")


@pytest.mark.parametrize("odd", ODD)
def test_a_shard_with_an_odd_number_is_refused(odd: str) -> None:
    with pytest.raises(ConfigError):
        read_shard(f"{odd}/{odd}")
