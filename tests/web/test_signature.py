"""Signed requests: RFC 9421 as we use it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.errors import Refused
from nightlatch.web.signature import check_digest, content_digest, public_b64, sign, signature_base, verify

NOW = 1_800_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def headers(
    key: Ed25519PrivateKey = KEY, created: int = NOW, path: str = "/v1/clips", query: str = ""
) -> dict[str, str]:
    signed = sign(key, "GET", path, query, sha256(b"").digest(), created)
    return {name.lower(): value for name, value in signed.items()}


def test_a_signed_request_names_its_key() -> None:
    assert verify("GET", "/v1/clips", "", headers(), NOW).key == public_b64(KEY)


@pytest.mark.parametrize(
    ("method", "path", "query", "now", "said"),
    [
        ("DELETE", "/v1/clips", "", NOW, "does not fit"),
        ("GET", "/v1/other", "", NOW, "does not fit"),
        ("GET", "/v1/clips", "a=1", NOW, "does not fit"),
        ("GET", "/v1/clips", "", NOW + 301, "clock"),
        ("GET", "/v1/clips", "", NOW - 301, "clock"),
    ],
)
def test_a_request_that_differs_is_refused(method: str, path: str, query: str, now: int, said: str) -> None:
    with pytest.raises(Refused, match=said):
        verify(method, path, query, headers(), now)


def test_one_key_has_one_name() -> None:
    signed = headers()
    key = public_b64(KEY)
    alias = key[:-2] + chr(ord(key[-2]) + 1) + "="  # decodes to the same 32 bytes
    assert b64decode(alias) == b64decode(key)
    params = signed["signature-input"].removeprefix("nightlatch=").replace(key, alias)
    base = signature_base("GET", "/v1/clips", "", signed["content-digest"], params)
    forged = {
        "content-digest": signed["content-digest"],
        "signature-input": f"nightlatch={params}",
        "signature": f"nightlatch=:{b64encode(KEY.sign(base)).decode()}:",
    }
    with pytest.raises(Refused, match="does not fit"):
        verify("GET", "/v1/clips", "", forged, NOW)


@given(st.dictionaries(st.sampled_from(["signature", "signature-input", "content-digest"]), st.text(max_size=300)))
def test_no_header_breaks_it(noise: dict[str, str]) -> None:
    with pytest.raises(Refused):
        verify("GET", "/v1/clips", "", {**headers(), **noise, "content-digest": "sha-256=:x:"}, NOW)
    with pytest.raises(Refused):
        verify("GET", "/v1/clips", "", noise, NOW)


def test_missing_or_foreign_headers_are_refused() -> None:
    for lacking in ("signature", "signature-input", "content-digest"):
        with pytest.raises(Refused, match="not signed"):
            verify("GET", "/v1/clips", "", {k: v for k, v in headers().items() if k != lacking}, NOW)
    other = headers()
    other["signature-input"] = other["signature-input"].replace('"@path" ', "")
    with pytest.raises(Refused, match="not signed"):
        verify("GET", "/v1/clips", "", other, NOW)


def test_a_body_that_was_not_signed_is_refused() -> None:
    with pytest.raises(Refused):
        check_digest(content_digest(b"one"), sha256(b"another").digest())


def test_the_digest_of_the_rfc() -> None:
    """RFC 9530, appendix D: the body {"hello": "world"} and its newline."""
    stated = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert content_digest(b'{"hello": "world"}\n') == stated


def test_our_ed25519_signs_as_rfc_9421_does() -> None:
    """RFC 9421, B.2.6: the same base and key give the same signature, whatever made them."""
    secret = b64decode("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=")
    base = (
        b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        b'"content-type": application/json\n"content-length": 18\n"@signature-params": ("date" "@method" "@path" '
        b'"@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
    )
    expected = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    key = Ed25519PrivateKey.from_private_bytes(secret)
    assert key.sign(base) == b64decode(expected)
