"""What the hub makes of a keeper's answers, and of one that is no keeper."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Response

from nightlatch.domain.consent import NotConsented, Withdrawal, Withdrawn, signed
from nightlatch.errors import CloudError, ConfigError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import DonationRow
from nightlatch.hub.serve.giving import Donations, ProgrammeClient
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.serving import served

DONATION, CONSENT = "d" * 32, "c" * 64
OWNER = Ed25519PrivateKey.generate()


@contextmanager
def answering(tmp_path: Path, text: str, status: int = 200) -> Iterator[Donations]:
    """A household that gave one clip to a programme whose keeper says only this."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(path: str) -> Response:
        return Response(text, status)

    with served(app) as url:
        donations = Donations(Books(tmp_path, open_index(tmp_path)), TestClock(), None)
        invitation = {
            "name": "A programme",
            "keeper_url": url,
            "log_url": url,
            "programme_key": b64encode(bytes(32)).decode(),
            "policy": "",
            "notice": "n",
            "language": "en",
        }
        joined = donations.membership.join(json.dumps(invitation))
        with donations._books.change() as session:
            session.add(
                DonationRow(
                    id=DONATION,
                    programme_id=joined.id,
                    camera_id="porch",
                    onset_ms=1,
                    length_ms=20_000,
                    consent=json.dumps({"record": {"dpv:hasDataSubject": public_b64(OWNER)}}),
                    consent_sha256=CONSENT,
                    given_ms=2,
                    expires_ms=3,
                )
            )
        yield donations
        donations._books.engine.dispose()


def withdrawn(consent: str = CONSENT) -> Withdrawn:
    return Withdrawn(signed(Withdrawal(DONATION, public_b64(OWNER), consent, 7_000), OWNER))


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", "{}", '{"donation": "d"}', '{"donation": 5, "recipient": "age1"}', '{"donation": null}'],
)
def test_what_no_keeper_says_is_a_sentence_and_no_key(tmp_path: Path, text: str) -> None:
    with answering(tmp_path, text) as donations, pytest.raises(CloudError, match="cannot be read"):
        ProgrammeClient(donations.membership.joined()).make_key()


@pytest.mark.parametrize(
    ("text", "said"), [('{"error": "Not today."}', "Not today"), ("[]", "status 503"), ("<html>", "status 503")]
)
def test_a_refusal_is_passed_on_in_the_keepers_words_or_by_its_status(tmp_path: Path, text: str, said: str) -> None:
    with answering(tmp_path, text, 503) as donations, pytest.raises(CloudError, match=said):
        donations.entries(DONATION)


def test_what_the_keeper_claims_is_read_and_what_we_do_not_know_is_passed_over(tmp_path: Path) -> None:
    claim = {"kind": "view.open", "leaf": "bGVhZg==", "index": None, "due_ms": 5, "sealed_event": "YQ==", "new": 1}
    with answering(tmp_path, json.dumps({"entries": [claim]})) as donations:
        [found] = donations.entries(DONATION).entries
    assert (found.kind, found.index, found.due_ms) == ("view.open", None, 5)


def test_a_withdrawal_that_was_not_answered_is_kept_to_be_sent_again(tmp_path: Path) -> None:
    with answering(tmp_path, '{"refused_ms": "soon"}') as donations:
        donations.take_back(DONATION, withdrawn())
        donations.sender.turn()
        [line] = donations.given()
    assert line.letter is not None
    assert "cannot be read" in (line.letter.answer or "")
    assert (line.withdrawn_ms, line.refused_ms, line.shredded_ms) == (7_000, None, None)


def test_a_withdrawal_that_was_answered_says_when_the_key_is_gone(tmp_path: Path) -> None:
    with answering(tmp_path, '{"refused_ms": 8, "shred_by_ms": 9, "shredded_ms": null}') as donations:
        donations.take_back(DONATION, withdrawn())
        donations.sender.turn()
        [line] = donations.given()
    assert (line.refused_ms, line.shred_by_ms, line.shredded_ms) == (8, 9, None)


def test_a_withdrawal_of_another_consent_is_refused_and_not_sent(tmp_path: Path) -> None:
    with answering(tmp_path, "{}") as donations:
        with pytest.raises(NotConsented):
            donations.take_back(DONATION, withdrawn(consent="e" * 64))
        assert donations.given()[0].withdrawn_ms is None


def test_without_a_programme_nobody_is_asked(tmp_path: Path) -> None:
    with answering(tmp_path, "{}") as donations:
        donations.membership.leave()
        with pytest.raises(ConfigError, match="not joined a programme"):
            ProgrammeClient(donations.membership.joined()).make_key()


def test_a_clip_is_taken_back_where_it_was_given_whatever_was_joined_or_left_since(tmp_path: Path) -> None:
    with answering(tmp_path, '{"refused_ms": 8, "shred_by_ms": 9, "shredded_ms": null}') as donations:
        [before] = donations.membership.known()
        other = {"keeper_url": "http://127.0.0.1:9", "log_url": "http://127.0.0.1:9"}
        told = {"name": "Another", "programme_key": before.key, "policy": "", "notice": "n", "language": "en"}
        after = donations.membership.join(json.dumps(told | other))
        assert [each.id for each in donations.membership.known()] == [after.id, before.id]
        donations.membership.leave()
        assert donations.membership.known() == [before]
        donations.take_back(DONATION, withdrawn())
        donations.sender.turn()
        assert donations.given()[0].refused_ms == 8
