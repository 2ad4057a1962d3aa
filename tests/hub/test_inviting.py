"""An invitation is found by its link, shown, and only then joined; what a link does not mean is refused."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response

from nightlatch.ledger.policy import Policy
from nightlatch.seal.note import COSIGNATURE, make_signer
from nightlatch.web.invitation import read_invitation
from tests.hub.test_api import Hub, running
from tests.serving import served

FRIEND = make_signer("friend.test", COSIGNATURE).verifier
POLICY = str(Policy(make_signer("p.test/log").verifier, (("friend", FRIEND),), 1, households=1))
SAID = {
    "name": "Friends of cats",
    "programme_key": b64encode(bytes(32)).decode(),
    "policy": POLICY,
    "notice": "What is asked.",
    "language": "en",
}


class Web:
    """A web server that shows what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.url, self.asked = "", list[str]()
        self.answer = Response()
        self.app = FastAPI()

        @self.app.get("/{path:path}")
        async def answer(path: str) -> Response:
            self.asked.append(path)
            return self.answer

    def shows(self, **said: object) -> str:
        """Show an invitation; its link."""
        text = json.dumps(SAID | {"keeper_url": self.url, "log_url": self.url} | said)
        self.answer = Response(text, media_type="application/json")
        return read_invitation(text).link


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    with served(made.app) as made.url:
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    for hub in running(tmp_path_factory.mktemp("home") / "hub"):
        assert hub.set_up().status_code == 201
        yield hub


def look(home: Hub, given: str) -> httpx.Response:
    return home.client.post("/api/giving/invitation", json={"given": given})


def test_a_link_shows_what_it_means_and_joins_nothing(home: Hub, web: Web) -> None:
    link = web.shows()
    told = look(home, f"Join us: {link}").raise_for_status().json()
    assert web.asked == ["invitation.json"]
    assert told["is_as_linked"] is True
    assert (told["programme"]["name"], told["programme"]["url"]) == ("Friends of cats", web.url)
    assert (told["witnesses"], told["household_vouches"]) == (["friend"], True)
    assert len(told["programme"]["words"].split()) == 8
    assert home.client.get("/api/giving").json()["programme"] is None


def test_what_was_shown_is_what_is_joined(home: Hub, web: Web) -> None:
    told = look(home, web.shows()).json()
    web.shows(notice="Another one.")
    joined = home.client.put("/api/giving/programme", json={"invitation": told["invitation"]}).raise_for_status().json()
    assert joined == told["programme"]
    home.client.delete("/api/giving/programme").raise_for_status()


def test_an_invitation_that_the_link_does_not_mean_is_refused(home: Hub, web: Web) -> None:
    link = web.shows()
    for change in ({"programme_key": b64encode(b"1" * 32).decode()}, {"policy": POLICY.replace("quorum 1\n", "")}):
        web.shows(**change)
        refused = look(home, link)
        assert refused.status_code == 422
        assert "another invitation than the one that this link means" in refused.json()["error"]


def test_a_link_without_a_fingerprint_says_so(home: Hub, web: Web) -> None:
    told = look(home, web.shows().partition("#")[0]).raise_for_status().json()
    assert told["is_as_linked"] is False


def test_an_invitation_itself_is_taken_as_before(home: Hub, web: Web) -> None:
    web.shows()
    told = look(home, "\ufeff" + bytes(web.answer.body).decode() + "\n").raise_for_status().json()
    assert told["is_as_linked"] is None
    assert web.asked == []


@pytest.mark.parametrize(
    ("answer", "todo"),
    [
        (Response("gone", 404), "a new link, or for its file"),
        (Response(status_code=302, headers={"Location": "/elsewhere"}), "a new link, or for its file"),
        (Response("the router's own page: secret"), "whole and as it came"),
        (Response("x" * 70_000), "sent more than it may"),
        (Response("{}", headers={"Content-Encoding": "gzip"}), "packed"),
    ],
)
def test_what_is_no_invitation_is_shown_to_nobody(home: Hub, web: Web, answer: Response, todo: str) -> None:
    link = web.shows()
    web.answer = answer
    refused = look(home, link)
    assert refused.status_code in (422, 502)
    assert todo in refused.json()["error"]
    assert "secret" not in refused.text
    assert web.asked == ["invitation.json"]


def test_a_programme_that_is_away_is_said_with_what_to_do(home: Hub) -> None:
    refused = look(home, f"http://127.0.0.1:9/invitation#{'0' * 32}")
    assert refused.status_code == 502
    assert "cannot be reached. Try again later" in refused.json()["error"]


def test_a_policy_that_asks_for_no_witness_is_not_even_shown(home: Hub, web: Web) -> None:
    refused = look(home, web.shows(policy=f"log {make_signer('p.test/log').verifier}\nquorum 0\n"))
    assert refused.status_code == 422
    assert "no witness" in refused.json()["error"]


def test_only_the_owner_may_have_a_link_followed(home: Hub, web: Web, tmp_path: Path) -> None:
    link = web.shows()
    with httpx.Client(base_url=home.client.base_url, headers={"X-Nightlatch": "1"}) as stranger:
        assert stranger.post("/api/giving/invitation", json={"given": link}).status_code == 401
    assert home.client.post("/api/giving/invitation", json={"given": link}, headers={"X-Nightlatch": ""}).is_error
    assert web.asked == []
