"""Logging in to a camera: the RFCs' own examples, and every order of challenges."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.sources.rtsp import TakeOver
from nightlatch.pixels.sources.rtsp.login import DigestProof, Login, LoginChallenge, parse_challenges

URI = "rtsp://camera/live"
MD5 = 'Digest realm="odd, very", nonce="abc"'
SHA = 'Digest realm="odd, very", nonce="abc", algorithm=SHA-256, qop="auth,auth-int"'
BASIC = 'Basic realm="odd"'
NEW = 'Digest realm="odd", nonce="new", algorithm="SHA-512-256"'


def way(header: str | None) -> str | None:
    if header is None:
        return None
    found = re.search(r"algorithm=([\w-]+)", header)
    return found[1] if found else header.split()[0]


def test_the_example_of_rfc_2617_comes_out() -> None:
    asked = LoginChallenge("digest", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "5ccc", qop="auth")
    told = DigestProof(asked, "GET", "/dir/index.html", 1, "0a4f113b").header("Mufasa", "Circle Of Life")
    assert 'response="6629fae49393a05397450978507c4ef1"' in told
    assert 'opaque="5ccc", qop=auth, nc=00000001, cnonce="0a4f113b"' in told


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_come_out(algorithm: str, response: str) -> None:
    nonce, cnonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    asked = LoginChallenge("digest", "http-auth@example.org", nonce, None, algorithm, True, "auth")
    told = DigestProof(asked, "GET", "/dir/index.html", 1, cnonce).header("Mufasa", "Circle of Life")
    assert f'response="{response}"' in told


@pytest.mark.parametrize(
    ("headers", "chosen"),
    [
        ([MD5], "Digest"),
        ([BASIC], "Basic"),
        ([MD5, SHA], "SHA-256"),
        ([SHA, MD5], "SHA-256"),
        ([f"{MD5}, {SHA}"], "SHA-256"),
        ([f"{BASIC}, {MD5}"], "Digest"),
        ([MD5, BASIC], "Digest"),
        ([NEW, BASIC], "Basic"),
        ([NEW, MD5], "Digest"),
        (["digest REALM=odd,NONCE=abc,ALGORITHM=sha-256"], "sha-256"),
        (["Negotiate", MD5], "Digest"),
        (['Digest realm="a \\"b\\" c", nonce="x", algorithm=MD5-sess, qop="auth"'], "MD5-sess"),
    ],
)
def test_the_strongest_challenge_that_we_know_is_answered(headers: list[str], chosen: str) -> None:
    login = Login("u", "p")
    assert login.header("DESCRIBE", URI) is None
    login.meet(headers, was_answered=False)
    assert way(login.header("DESCRIBE", URI)) == chosen


@pytest.mark.parametrize("headers", [[NEW], [], ["Negotiate"], ['Digest realm="a", nonce="b", qop="other"'], ["%%%"]])
def test_a_challenge_of_an_unknown_kind_is_never_called_a_wrong_password(headers: list[str]) -> None:
    with pytest.raises(TakeOver) as caught:
        Login("u", "p").meet(headers, was_answered=False)
    assert caught.value.reason is Reason.REFUSED
    assert "does not know" in str(caught.value)


def test_a_password_is_wrong_once_its_proof_was_refused() -> None:
    login = Login("u", "s3cret")
    login.meet([MD5], was_answered=False)
    with pytest.raises(SourceError) as caught:
        login.meet([MD5.replace("abc", "def")], was_answered=True)
    assert caught.value.reason is Reason.WRONG_PASSWORD
    assert "s3cret" not in f"{caught.value!r} {caught.value} {login!r}"


def test_without_a_name_the_camera_is_said_to_ask_for_one() -> None:
    with pytest.raises(SourceError) as caught:
        Login(None, "").meet([MD5], was_answered=False)
    assert caught.value.reason is Reason.WRONG_PASSWORD
    assert "asks for a name" in str(caught.value)


def test_a_camera_whose_sha_256_is_broken_gets_md5_and_never_basic() -> None:
    login = Login("u", "p")
    login.meet([SHA, MD5, BASIC], was_answered=False)
    login.meet([SHA, MD5, BASIC], was_answered=True)
    assert way(login.header("DESCRIBE", URI)) == "Digest"
    with pytest.raises(SourceError):
        login.meet([SHA, MD5, BASIC], was_answered=True)


def test_an_old_nonce_is_answered_anew_whether_it_is_called_stale_or_not() -> None:
    login = Login("u", "p")
    login.meet([MD5], was_answered=False)
    login.accept()
    login.meet([MD5.replace("abc", "second")], was_answered=True)  # taken before, and now it is not: too old
    assert 'nonce="second"' in str(login.header("DESCRIBE", URI))
    login.meet([MD5.replace("abc", "third") + ', stale="TRUE"'], was_answered=True)
    assert 'nonce="third"' in str(login.header("DESCRIBE", URI))


def test_a_nonce_of_another_connection_is_too_old() -> None:
    login = Login("u", "p")
    login.meet([MD5], was_answered=False)
    login.begin_anew()
    login.meet([MD5.replace("abc", "second")], was_answered=True)
    assert 'nonce="second"' in str(login.header("DESCRIBE", URI))


def test_a_nonce_that_is_always_stale_ends() -> None:
    def try_on(login: Login) -> None:
        login.meet([MD5], was_answered=False)
        for _ in range(10):
            login.meet([MD5 + ", stale=true"], was_answered=True)

    with pytest.raises(SourceError):
        try_on(Login("u", "p"))


def test_each_answer_to_a_nonce_is_counted() -> None:
    login = Login("u", "p")
    login.meet([SHA], was_answered=False)
    told = [login.header("OPTIONS", URI) or "" for _ in range(3)]
    assert [re.findall(r"nc=(\w+)", each)[0] for each in told] == ["00000001", "00000002", "00000003"]
    assert len({re.findall(r'cnonce="(\w+)"', each)[0] for each in told}) == 3


def test_basic_carries_any_letters() -> None:
    login = Login("ü:", "pä:ß")
    login.meet([BASIC], was_answered=False)
    told = login.header("DESCRIBE", URI) or ""
    assert base64.b64decode(told.split()[1]).decode() == "ü::pä:ß"


def test_quotes_in_a_name_do_not_break_out() -> None:
    asked = replace(LoginChallenge("digest", 'a"b', "n"), opaque="o")
    assert 'username="u\\"x", realm="a\\"b"' in DigestProof(asked, "OPTIONS", URI, 1, "c").header('u"x', "p")
    assert "\n" not in DigestProof(asked, "OPTIONS", URI, 1, "c").header("u\r\nX: y", "p")


def test_many_challenges_are_bounded() -> None:
    assert len(parse_challenges([", ".join([MD5] * 1000)])) <= 16
