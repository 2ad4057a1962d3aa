"""The log and a witness over HTTP, and a folder of tiles behind a web server that knows nothing."""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from nightlatch.ledger.chronicle import open_chronicle
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.cosigners import local_cosigner
from nightlatch.ledger.face import create_log_app, create_witness_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.parts import Position, position
from nightlatch.ledger.policy import Policy, verify_receipt
from nightlatch.ledger.witness import Witness, request
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.clocks import TestClock

SIGNER, HOME = make_signer("example.org/log"), make_signer("home.example", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("home", HOME.verifier),), 1)


def test_an_entry_comes_back_with_a_receipt_that_a_witness_stands_behind(tmp_path: Path) -> None:
    clock = TestClock()
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], clock)
    with Log(tmp_path / "log", SIGNER) as ledger:
        app = create_log_app(ledger, {HOME.verifier: local_cosigner(witness)}, "s3cret")
        with TestClient(app) as client:
            refused = client.post("/v1/entries", json={"leaf": "b25l"}, headers={"Authorization": "Bearer wrong"})
            assert refused.status_code == 403
            for n, leaf in enumerate((b"one", b"two", b"three")):
                body = {"leaf": b64encode(leaf).decode()}
                told = client.post("/v1/entries", json=body, headers={"Authorization": "Bearer s3cret"}).json()
                assert told["index"] == n
                assert verify_receipt(told["receipt"], leaf, POLICY, clock.now_ms()).index == n
            assert client.get("/tile/0/000.p/3").status_code == 200
            assert client.get("/.journal").status_code == 404
            assert client.get("/tile/../.lock").status_code == 404
            found = audit(lambda path: client.get(f"/{path}").content, POLICY, now_ms=clock.now_ms())
    assert found.leaves == (b"one", b"two", b"three")


def test_a_witness_answers_with_the_codes_of_its_specification(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], TestClock())
    with Log(tmp_path / "log", SIGNER) as ledger, TestClient(create_witness_app(witness)) as client:
        ledger.append(b"one")
        ask = lambda body: client.post("/add-checkpoint", content=body)  # noqa: E731
        assert ask(request(0, [], str(ledger.note))).status_code == 200
        ledger.append(b"two")
        behind = ask(request(0, [], str(ledger.note)))
        assert (behind.status_code, behind.text) == (409, "1\n")
        assert behind.headers["content-type"].startswith("text/x.tlog.size")
        assert ask(request(1, [b"\0" * 32], str(ledger.note))).status_code == 422
        assert ask("nonsense").status_code == 400
        two = str(ledger.note)
        ask(request(1, ledger.consistency(1, 2), two))
        with Log(tmp_path / "shorter", SIGNER) as shorter:
            shorter.append(b"one")
            rolled_back = ask(request(1, [], str(shorter.note)))
        assert (rolled_back.status_code, rolled_back.text) == (409, "2\n")
        assert len(witness.evidence()) == 2
    with (
        Log(tmp_path / "other", make_signer("example.org/other")) as other,
        TestClient(create_witness_app(witness)) as client,
    ):
        assert client.post("/add-checkpoint", content=request(0, [], str(other.note))).status_code == 404


def test_a_static_folder_behind_any_web_server_is_a_whole_log(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as ledger:
        for n in range(260):
            ledger.append(b"%d" % n)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = audit(LogClient(f"http://127.0.0.1:{server.server_port}").file, Policy(SIGNER.verifier, (), 0))
    finally:
        server.shutdown()
    assert len(found.leaves) == 260


def test_a_witness_that_is_gone_leaves_the_log_without_its_word(tmp_path: Path) -> None:
    async def gone(_: str) -> tuple[int, str]:
        raise ConnectionError("gone")

    with Log(tmp_path, SIGNER) as ledger, TestClient(create_log_app(ledger, {HOME.verifier: gone}, "s")) as client:
        told = client.post("/v1/entries", json={"leaf": "b25l"}, headers={"Authorization": "Bearer s"}).json()
        with pytest.raises(Exception, match="0 of 1"):
            verify_receipt(told["receipt"], b"one", POLICY, None)


def test_a_log_shows_its_parts_under_their_numbers_and_readers_ask_no_witness(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=1_795_000_000_000)
    witness, asked = local_cosigner(Witness(tmp_path / "w", HOME, [SIGNER.verifier], clock)), list[str]()

    async def counted(body: str) -> tuple[int, str]:
        asked.append(body)
        return await witness(body)

    with open_chronicle(tmp_path / "log", SIGNER, policy=POLICY, clock=clock) as ledger:
        app = create_log_app(ledger, {HOME.verifier: counted}, "s")
        with TestClient(app, headers={"Authorization": "Bearer s"}) as client:
            places = []
            for leaf in ("b25l", "dHdv", "dGhyZWU="):
                places.append(client.post("/v1/entries", json={"leaf": leaf}).json()["index"])
                clock.pass_hours(24 * 31)
            assert [position(each) for each in places] == [Position(0, 0), Position(1, 1), Position(2, 1)]
            before = len(asked)
            for prefix, number in (("/", 0), ("/1/", 1), ("/2/", 2)):
                part = replace(POLICY, log=replace(SIGNER.verifier, name=f"example.org/log{prefix.rstrip('/')}"))
                found = audit(lambda path, prefix=prefix: client.get(prefix + path).content, part)  # type: ignore[misc]
                assert client.get(f"{prefix}next").status_code == (404 if number == 2 else 200)
                assert client.get(f"{prefix}begin").status_code == (200 if number else 404)
                receipt = client.get(f"/v1/receipts/{places[number]}").text
                assert verify_receipt(receipt, found.leaves[min(number, 1)], part, None).index == min(number, 1)
            assert client.get("/v1/checkpoint").text == client.get("/2/checkpoint").text
            for nothing in (
                "/3/checkpoint",
                "/0/next",
                "/01/begin",
                "/9999999999/checkpoint",
                "/v1/begin",
                "/1/.journal",
            ):
                assert client.get(nothing).status_code == 404
            for nothing in (-1, 2, 10**30, int(Position(1, 99)), int(Position(3, 0))):
                assert client.get(f"/v1/receipts/{nothing}").status_code == 404
            assert len(asked) == before
