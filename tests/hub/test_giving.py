"""What the hub makes of a keeper's answers, and of one that is no keeper."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response

from nightlatch.domain.consent import Consent, Consented, NotConsented, Purpose, Withdrawal, Withdrawn, signed
from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.errors import CloudError, ConfigError
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import DonationRow
from nightlatch.hub.serve.giving import Donations, ProgrammeClient, read_invitation
from nightlatch.hub.serve.giving.client import Parcel
from nightlatch.ledger.policy import Policy
from nightlatch.seal.note import COSIGNATURE, make_signer
from nightlatch.seal.recipients import Sealer
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.house import free_port
from tests.serving import served

DONATION, CONSENT = "d" * 32, "c" * 64
OWNER = Ed25519PrivateKey.generate()
POLICY = str(Policy(make_signer("p.test/log").verifier, (("friend", make_signer("f.test", COSIGNATURE).verifier),), 1))


def invitation(**addresses: str) -> str:
    """Of a programme that is asked there."""
    said = {"name": "A programme", "policy": POLICY, "notice": "n", "language": "en"}
    return json.dumps(said | {"programme_key": b64encode(bytes(32)).decode()} | addresses)


@contextmanager
def answering(tmp_path: Path, text: str, status: int = 200) -> Iterator[Donations]:
    """A household that gave one clip to a programme whose keeper says only this."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(path: str) -> Response:
        return Response(text, status)

    with served(app) as url:
        donations = Donations(Books(tmp_path, open_index(tmp_path)), TestClock(), None)
        joined = donations.membership.join(invitation(keeper_url=url, log_url=url))
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
        told = {"name": "Another", "programme_key": before.key, "policy": POLICY, "notice": "n", "language": "en"}
        after = donations.membership.join(json.dumps(told | other))
        assert [each.id for each in donations.membership.known()] == [after.id, before.id]
        donations.membership.leave()
        assert donations.membership.known() == [before]
        donations.take_back(DONATION, withdrawn())
        donations.sender.turn()
        assert donations.given()[0].refused_ms == 8


TAKEN = '{"refused_ms": 7000, "shred_by_ms": 67000, "shredded_ms": null}'


def keeper(asked: list[str], name: str, status: int, text: str) -> FastAPI:
    """Notes that it was asked, and what."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["POST", "PUT"])
    async def answer(path: str, request: Request) -> Response:
        asked.append(f"{name} {request.method} {path} {len(await request.body())}")
        return Response(text, status)

    return app


@pytest.mark.parametrize("status", [200, 503])
def test_a_withdrawal_goes_to_the_face_that_takes_nothing_else_and_then_to_the_keeper(status: int) -> None:
    asked: list[str] = []
    with served(keeper(asked, "first", status, TAKEN)) as first, served(keeper(asked, "main", 200, TAKEN)) as main:
        programme = read_invitation(invitation(keeper_url=main, log_url=main, revocations_url=first))
        assert ProgrammeClient(programme).take_back(withdrawn()).refused_ms == 7000
    assert [each.split()[0] for each in asked] == (["first"] if status == 200 else ["first", "main"])


def test_a_withdrawal_reaches_the_keeper_when_the_other_address_is_nobodys() -> None:
    asked: list[str] = []
    with served(keeper(asked, "main", 200, TAKEN)) as main:
        nobodys = f"http://127.0.0.1:{free_port()}"
        programme = read_invitation(invitation(keeper_url=main, log_url=main, revocations_url=nobodys))
        assert ProgrammeClient(programme).take_back(withdrawn()).refused_ms == 7000
    assert len(asked) == 1


def test_an_invitation_without_that_address_is_the_programme_that_it_was() -> None:
    old = read_invitation(invitation(keeper_url="https://keeper.example", log_url="https://log.example", policy=""))
    assert (old.revocations_url, old.id) == (None, "1e4c5ba4dce7ddea")
    with pytest.raises(ConfigError, match="https"):
        read_invitation(
            invitation(keeper_url="https://k.example", log_url="https://l.example", revocations_url="http://r.example")
        )


def test_a_clip_is_announced_first_and_its_film_is_sent_only_where_it_is_missing() -> None:
    sealed = Sealer([str(pyrage.x25519.Identity.generate().to_public())]).seal(b"a film")
    consent = Consent(
        donation=DONATION,
        owner_key=public_b64(OWNER),
        programme_key=b64encode(bytes(32)).decode(),
        sha256="12" * 32,
        length_ms=20_000,
        notice_sha256="34" * 32,
        notice_language="en",
        purposes=(Purpose.LABEL,),
        given_ms=1_000,
        expires_ms=2_000,
    )
    report = RedactionReport("12" * 32, Style.COVER, 1, 0, True, True)
    parcel = Parcel(Consented(signed(consent, OWNER)), sealed, report, bytes(32), "age1")
    for status, films in ((202, 1), (201, 0)):
        asked: list[str] = []
        with served(keeper(asked, "main", status, "")) as main:
            ProgrammeClient(read_invitation(invitation(keeper_url=main, log_url=main))).hand_over(parcel)
        head, *rest = asked
        assert head.startswith(f"main PUT v1/donations/{DONATION} ")
        assert rest == [f"main PUT v1/donations/{DONATION}/film {len(sealed)}"] * films


@pytest.mark.parametrize(
    "policy", ["", "quorum 0", POLICY.replace("quorum 1", "quorum 0"), POLICY.replace("log p", "log q")]
)
def test_a_programme_whose_log_nobody_could_check_is_not_joined(tmp_path: Path, policy: str) -> None:
    with answering(tmp_path, "{}") as donations:
        [before] = donations.membership.known()
        told = {"name": "Another", "keeper_url": "http://127.0.0.1:9", "log_url": "http://127.0.0.1:9"}
        told |= {"programme_key": before.key, "policy": policy, "notice": "n", "language": "en"}
        with pytest.raises(ConfigError, match="policy"):
            donations.membership.join(json.dumps(told))
        assert donations.membership.programme() == before
