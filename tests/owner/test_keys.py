"""The owner's keys: fixed by vectors that the page's twin must meet, too (web/test/keys.test.ts)."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import SealError
from nightlatch.owner.keys import OwnerKeys, derive, new_kdf, unwrap, wrap

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["roots"], ids=lambda v: v["root"][:8])
def test_keys_follow_from_the_root(vector: dict[str, str]) -> None:
    keys = OwnerKeys(bytes.fromhex(vector["root"]))
    assert keys.words == vector["words"]
    assert keys.identity == vector["identity"]
    assert keys.recipient == vector["recipient"]
    assert keys.signing_public_b64 == vector["signing_key"]
    assert OwnerKeys.from_words(vector["words"]).root == keys.root


def test_the_passphrase_wraps_as_the_vectors_say() -> None:
    vector = VECTORS["passphrase"]
    wrap_key, login_key = derive(vector["passphrase"], Kdf(**vector["kdf"]))
    assert b64encode(login_key).decode() == vector["login_key"]
    assert wrap(bytes.fromhex(vector["root"]), wrap_key, bytes.fromhex(vector["nonce"])) == vector["wrapped_root"]
    assert unwrap(vector["wrapped_root"], wrap_key).hex() == vector["root"]


@given(st.binary(min_size=32, max_size=32))
def test_every_root_comes_back_from_its_words(root: bytes) -> None:
    assert OwnerKeys.from_words(OwnerKeys(root).words.upper()).root == root


def test_what_is_wrong_with_words_is_named() -> None:
    words = OwnerKeys(bytes(32)).words.split()
    with pytest.raises(SealError, match="Word 3, “abandom”"):
        OwnerKeys.from_words(" ".join([*words[:2], "abandom", *words[3:]]))
    with pytest.raises(SealError, match="these are 23"):
        OwnerKeys.from_words(" ".join(words[:-1]))
    with pytest.raises(SealError, match="swapped"):
        OwnerKeys.from_words(" ".join([*words[:-1], "zoo"]))


def test_a_wrong_passphrase_opens_nothing_and_shows_nothing() -> None:
    kdf = new_kdf()
    wrapped = wrap(bytes(range(32)), derive("the right one", kdf)[0])
    with pytest.raises(SealError, match="not the passphrase"):
        unwrap(wrapped, derive("another one", kdf)[0])
    assert "range" not in repr(OwnerKeys(bytes(range(32))))
    assert bytes(range(32)).hex() not in repr(OwnerKeys(bytes(range(32))))


@pytest.mark.parametrize(
    "change", [{"alg": "scrypt"}, {"m_kib": 10**9}, {"t": "x"}, {"salt": "!"}, {"p": 99}, {"t": 0}, {"m_kib": -1}]
)
def test_hostile_parameters_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(SealError):
        derive("anything", Kdf.read(json.dumps({**asdict(new_kdf()), **change})))
