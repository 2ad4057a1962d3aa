"""What an invitation says, what its link and its words say of it, and which links are followed."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import cv2
import numpy as np
import pytest

from nightlatch.errors import ConfigError
from nightlatch.web import qr
from nightlatch.web.invitation import read_invitation, read_link

SAID: dict[str, Any] = {
    "name": "Friends of cats",
    "keeper_url": "https://keeper.example",
    "log_url": "https://log.example",
    "programme_key": b64encode(bytes(32)).decode(),
    "policy": "log …",
    "notice": "What is asked.",
    "language": "en",
}
OTHER = {
    "name": "Friends of dogs",
    "keeper_url": "https://keeper.example.org",
    "log_url": "https://log.example.org",
    "programme_key": b64encode(bytes(31) + b"1").decode(),
    "policy": "log …\n",
    "notice": "What is asked!",
    "language": "de",
    "revocations_url": "https://revocations.example",
}
DIGITS = "0123456789abcdef" * 2
PAGE = "https://keeper.example/invitation"


def test_whatever_an_invitation_says_is_in_its_link_and_its_words() -> None:
    is_now = read_invitation(json.dumps(SAID))
    for name, value in OTHER.items():
        changed = read_invitation(json.dumps(SAID | {name: value}))
        assert changed.fingerprint != is_now.fingerprint, name
        assert changed.words != is_now.words, name


def test_how_an_invitation_is_written_changes_nothing() -> None:
    written = "\ufeff" + json.dumps(dict(reversed(SAID.items())), indent=4) + "\r\n"
    assert read_invitation(written) == read_invitation(json.dumps(SAID))


def test_words_are_the_first_eighty_eight_bits() -> None:
    found = read_invitation(json.dumps(SAID))
    assert len(found.words.split()) == 8
    assert found.id == found.fingerprint[:16]
    assert found.link == f"{PAGE}#{found.fingerprint}"


def test_a_file_is_called_as_its_programme() -> None:
    names = {"Friends of cats": "friends-of-cats", "Ľ/../ü": "invitation", "A" * 90: "a" * 40}
    for name, file_name in names.items():
        assert read_invitation(json.dumps(SAID | {"name": name})).file_name == file_name


@pytest.mark.parametrize(
    ("text", "fingerprint"),
    [
        (f"{PAGE}#{DIGITS}", DIGITS),
        (f"  Join us: <{PAGE}#{DIGITS}>, and bring a friend.", DIGITS),
        (f"{PAGE}/#{DIGITS}.", DIGITS),
        (f"{PAGE}.json#{DIGITS}", DIGITS),
        (PAGE, None),
        (f"{PAGE}#", None),
    ],
)
def test_a_link_is_found_in_what_was_pasted(text: str, fingerprint: str | None) -> None:
    found = read_link(text)
    assert (found.page, found.fingerprint, found.document) == (PAGE, fingerprint, f"{PAGE}.json")


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("hello", "link, or its file"),
        (f"{PAGE}#{DIGITS[:-1]}", "Copy all of it"),
        (f"{PAGE}#{DIGITS.upper()}", "Copy all of it"),
        ("https://keeper.example/", "ends in /invitation"),
        ("http://192.168.1.1/reboot", "begins with https://"),
        (f"http://keeper.example/invitation#{DIGITS}", "begins with https://"),
        (f"https://keeper.example/invitation?to=x#{DIGITS}", "begins with https://"),
        (f"https://a@keeper.example/invitation#{DIGITS}", "begins with https://"),
        ("https://review.example/#invite=abc", "invites a reviewer"),
        ("https://keeper.example/admin/invitation.json.json", "ends in /invitation"),
    ],
)
def test_any_other_link_is_refused_and_says_what_to_do(text: str, todo: str) -> None:
    with pytest.raises(ConfigError, match=todo):
        read_link(text)


def test_a_code_is_drawn_for_a_page_for_paper_and_for_a_terminal() -> None:
    link = f"{PAGE}#{DIGITS}"
    assert qr.as_svg(link).startswith("<svg ")
    assert "style=" not in qr.as_svg(link)  # the page's policy takes none
    picture = cv2.imdecode(np.frombuffer(qr.as_png(link), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == link
    assert "█" in qr.as_text(link)
