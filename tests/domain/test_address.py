"""Addresses as owners paste them: understood or refused with what to write, and no part of a password shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.address import read_rtsp, shown
from nightlatch.errors import Reason, SourceError

SECRET = "Geheim"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["C"]), max_size=6)


@pytest.mark.parametrize(
    "password",
    [
        "1234/Geheim",
        "12#Geheim",
        "99?Geheim",
        "geheim#Geheim",
        "ge@heim",
        "a@b/c",
        "p@ss",
        "/",
        "#?/",
        "50%off/x",
        ":",
        "",
    ],
)
@pytest.mark.parametrize("place", ["192.168.1.20", "192.168.1.20:8554", "[fe80::1]:554"])
def test_a_password_that_was_not_escaped_is_understood(password: str, place: str) -> None:
    found = read_rtsp(f"rtsp://admin:{password}@{place}/live?a=1")
    assert (found.user, found.password, found.place) == ("admin", password, place)
    assert found.shown == f"rtsp://{place}/live?a=1"
    assert read_rtsp(found.opens) == found


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:1234/Geheim@porch/live",  # admin's port, or a password
        "rtsp://admin:p@ss/Geheim@porch.lan/live",
        "rtsp://cam:554/live?user=admin&password=Geheim@b.example",
        "rtsp://admin:12345/Geheim@",
        "rtsp://admin:Geheim",
        "rtsp://[Geheim]/",
        "rtsp://host:99999/",
        "rtsp://a b/",
        "rtsp://:554/",
        "rtsp:///live",
        "rtsp://Geheim:\ud800@192.168.1.20/",
    ],
)
def test_an_address_that_is_unclear_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(SourceError) as refused:
        read_rtsp(url)
    assert refused.value.reason is Reason.BAD_ADDRESS
    assert SECRET not in str(refused.value)
    assert "%2F" in str(refused.value) or "rtsp://user:password@" in str(refused.value)
    assert SECRET not in shown(url)


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        ("RTSP://Admin:a%2Fb@Cam.lan:8554/Live", "rtsp://Admin:a%2Fb@Cam.lan:8554/Live"),
        ("rtsps://cam/a b", "rtsps://cam/a%20b"),
        ("rtsp://u:p@192.168.1.20/a@b.example/c", "rtsp://u:p@192.168.1.20/a@b.example/c"),
        ("rtsp://u:p@cam/live@1", "rtsp://u:p@cam/live@1"),
        ("rtsp://192.168.1.20/live?password=a@b.example", "rtsp://192.168.1.20/live?password=a@b.example"),
        ("rtsp://cam/live?password=a#b", "rtsp://cam/live?password=a%23b"),
        ("rtsp://cam/live#trackID=1", "rtsp://cam/live"),
        ("rtsp://u@cam", "rtsp://u@cam"),
    ],
)
def test_what_is_clear_is_read_as_ever(url: str, opens: str) -> None:
    assert read_rtsp(url).opens == opens


@given(
    user=PRINTABLE, before=PRINTABLE, after=PRINTABLE, place=st.sampled_from(["192.168.1.20", "cam.lan:554", "[::1]"])
)
def test_no_part_of_a_login_is_ever_shown(user: str, before: str, after: str, place: str) -> None:
    url = f"rtsp://{user}:{before}{SECRET}{after}@{place}/live"
    assert SECRET not in shown(url)
    try:
        found = read_rtsp(url)
    except SourceError as refused:
        said = str(refused) + repr(refused)
        found = None
    else:
        said = found.shown + repr(found)
    assert SECRET not in said
    if found is None:
        return
    assert found.place == place
    if ":" not in user and "%" not in before + after and url == url.strip():
        assert found.password == f"{before}{SECRET}{after}"


@given(name=st.sampled_from(["password", "pwd", "Token", "psw", "loginpas", "user"]), value=PRINTABLE, after=PRINTABLE)
def test_no_part_of_a_secret_in_a_query_is_ever_shown(name: str, value: str, after: str) -> None:
    url = f"rtsp://192.168.1.20/live?channel=1&{name}={value}{SECRET}{after}&subtype=0"
    assert SECRET not in shown(url)
    assert shown("rtsp://192.168.1.20/live?channel=1&user=a&subtype=0").endswith("/live?channel=1&user=…&subtype=0")
