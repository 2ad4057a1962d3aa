"""The programme's invitation at the keeper: a page for people, a document for hubs, and nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nightlatch.keeper.app import create_app
from nightlatch.web.invitation import read_invitation
from tests.keeper.house import ORIGIN, house
from tests.serving import served
from tests.web.test_invitation import SAID

TEXT = json.dumps(SAID | {"name": "Cats <script>alert(1)</script> & dogs", "notice": 'One.\n\n"Two" <b>.'}, indent=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "invitation.json"
    made.write_text(TEXT)
    return made


@pytest.fixture
def url(tmp_path: Path, file: Path) -> Iterator[str]:
    with (
        house(tmp_path / "keeper") as home,
        served(create_app(home.room, home.passkeys, ORIGIN, "secret", file)) as made,
    ):
        yield made


def test_a_hub_reads_the_file_as_it_is_and_a_browser_saves_it(url: str) -> None:
    found = httpx.get(f"{url}/invitation.json")
    assert found.text == TEXT
    assert found.headers["content-disposition"].endswith('.nightlatch"')


def test_a_person_sees_link_code_words_and_notice(url: str) -> None:
    programme, shown = read_invitation(TEXT), httpx.get(f"{url}/invitation").text
    assert programme.link in shown
    assert programme.words in shown
    assert "<svg " in shown
    assert "choose <b>Giving</b>, and paste this link" in shown


def test_nothing_that_an_invitation_says_becomes_part_of_the_page(url: str) -> None:
    found = httpx.get(f"{url}/invitation")
    assert "<script" not in found.text
    assert "&lt;script&gt;" in found.text
    assert found.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in found.headers["content-security-policy"]


def test_a_change_of_the_file_is_shown_at_once(url: str, file: Path) -> None:
    file.write_text(json.dumps(SAID))
    assert httpx.get(f"{url}/invitation.json").text == json.dumps(SAID)


@pytest.mark.parametrize("text", ["", "{}", "what else lies there"])
def test_a_file_that_is_no_invitation_is_not_shown(url: str, file: Path, text: str) -> None:
    file.write_text(text)
    for path in ("/invitation", "/invitation.json"):
        found = httpx.get(url + path)
        assert found.status_code == 404
        assert "Ask it for a file" in found.json()["error"]


def test_a_keeper_that_is_told_of_none_shows_none(tmp_path: Path) -> None:
    with house(tmp_path / "keeper") as home, served(create_app(home.room, home.passkeys, ORIGIN, "secret")) as url:
        assert httpx.get(f"{url}/invitation").status_code == 404
