"""Witnesses behind a home router: they fetch the question, bring the answer, and strangers cannot get in their way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from nightlatch.errors import NightlatchError, Refused
from nightlatch.ledger.brought import MOST_HOUSEHOLDS, Couriers
from nightlatch.ledger.checkpoint import cosign, cosigned_at_s
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.policy import Policy, check_note, verify_receipt
from nightlatch.ledger.witness import Moved, Witness, read_request
from nightlatch.seal.note import COSIGNATURE, Note, NoteError, Signer, make_signer, read_note
from tests.clocks import TestClock
from tests.house import until
from tests.serving import served

SIGNER, HOME, STRANGER = (
    make_signer("example.org/log"),
    make_signer("nightlatch.hub/1", COSIGNATURE),
    make_signer("nightlatch.hub/2", COSIGNATURE),
)
POLICY = Policy(SIGNER.verifier, (("home", HOME.verifier),), 1)
SLOT = "ab" * 16


def round_of(client: LogClient, witness: Witness, signer: Signer, wait_s: int = 0) -> bool:
    """One question fetched, checked, cosigned and brought back; whether the log knows who made it."""
    newest = witness.newest("example.org/log")
    asked = client.question(newest.size if newest else 0, wait_s)
    signature = witness.add_checkpoint(asked)
    assert signature.name == signer.name
    return client.bring(str(Note(read_note(read_request(asked)[2]).text, (signature,))))


@contextmanager
def waiting(client: LogClient, witness: Witness) -> Iterator[None]:
    """A hub that waits at the log for whatever comes."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                round_of(client, witness, HOME, 1)
            except (NightlatchError, Moved):
                over.wait(0.05)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def test_a_hub_that_nobody_can_reach_makes_the_quorum(tmp_path: Path) -> None:
    clock = TestClock()
    witness = Witness(tmp_path / "w", HOME, [SIGNER.verifier], clock)
    with Log(tmp_path / "log", SIGNER) as ledger:
        with served(create_log_app(ledger, {}, "writers", [HOME.verifier])) as url:
            client = LogClient(url, "writers")
            with waiting(client, witness):
                until(lambda: cosigned_at_s(read_note(client.checkpoint()), HOME.verifier), "its first word", 20)
                for leaf in (b"one", b"two", b"three"):
                    appended = client.append(leaf)
                    assert verify_receipt(appended.receipt, leaf, POLICY, clock.now_ms()).index == appended.index
            check_note(client.checkpoint(), POLICY, clock.now_ms())
        assert cosigned_at_s(ledger.note, HOME.verifier) is not None  # also for those who read the folder


def test_the_log_does_not_wait_twice_for_a_hub_that_went_away(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as ledger:
        ledger.append(b"one")
        brought = Couriers(ledger, [HOME.verifier])
        assert not brought.awaited(1)  # never seen: not waited for
        brought.bring(str(Note(ledger.note.text, (cosign(ledger.note, HOME, 1000),))))
        assert not brought.awaited(1)
        assert brought.awaited(2) == {HOME.verifier}
        brought.missed({HOME.verifier})
        assert not brought.awaited(2)
        ledger.append(b"two")
        brought.bring(str(Note(ledger.note.text, (cosign(ledger.note, HOME, 1001),))))
        assert brought.awaited(3) == {HOME.verifier}


def test_strangers_and_late_comers_change_nothing(tmp_path: Path) -> None:
    with (
        Log(tmp_path / "log", SIGNER) as ledger,
        TestClient(create_log_app(ledger, {}, "s", [HOME.verifier])) as client,
    ):
        ledger.append(b"one")
        early, before = ledger.note, client.get("/checkpoint").text
        bring = lambda note: client.post("/v1/cosignatures", content=str(note))  # noqa: E731
        assert bring(Note(early.text, (cosign(early, STRANGER, 1000),))).status_code == 403
        forged = cosign(Note("other\n", ()), HOME, 1000)
        assert bring(Note(early.text, (forged,))).status_code == 403
        assert bring(Note(early.text, (cosign(early, HOME, 1000),) * 3)).status_code == 400
        assert bring("nonsense").status_code == 400
        assert client.get("/checkpoint").text == before
        ledger.append(b"two")
        late = bring(Note(early.text, (cosign(early, HOME, 1000),)))
        assert (late.status_code, late.text) == (409, "2\n")
        assert client.get("/v1/questions/3").text == "2\n"  # a hub that knows more than the log shows is told so
        assert client.get("/v1/questions/-1").status_code == 422


def test_the_same_word_again_is_not_written_again(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as ledger:
        ledger.append(b"one")
        brought = Couriers(ledger, [HOME.verifier])
        for at_s in (1000, 1003, 1010):
            brought.bring(str(Note(ledger.note.text, (cosign(ledger.note, HOME, at_s),))))
            wanted = 1010 if at_s == 1010 else 1000
            assert cosigned_at_s(ledger.note, HOME.verifier) == wanted


def test_only_a_writer_names_households_each_has_one_place_and_all_are_bounded(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as ledger:
        ledger.append(b"one")
        with served(create_log_app(ledger, {}, "writers")) as url:
            with pytest.raises(NightlatchError):
                LogClient(url, "wrong").enrol(SLOT, str(HOME.verifier))
            writer, anybody = LogClient(url, "writers"), LogClient(url)
            word = str(Note(ledger.note.text, (cosign(ledger.note, HOME, 1000),)))
            assert not anybody.bring(word)
            writer.enrol(SLOT, str(HOME.verifier))
            assert anybody.bring(word)
            assert cosigned_at_s(read_note(anybody.checkpoint()), HOME.verifier) == 1000
            writer.enrol(SLOT, str(STRANGER.verifier))
            assert not anybody.bring(word)
            with pytest.raises(NightlatchError):
                writer.enrol(SLOT, str(SIGNER.verifier))
        again = Couriers(ledger, [])
        again.bring(str(Note(ledger.note.text, (cosign(ledger.note, STRANGER, 1000),))))
        for n in range(MOST_HOUSEHOLDS):
            again.enrol(f"{n:032x}", make_signer(f"hub/{n}", COSIGNATURE).verifier)
        again.bring(str(Note(ledger.note.text, (cosign(ledger.note, STRANGER, 1010),))))  # the one that is about stays
        with pytest.raises(Refused):
            again.bring(str(Note(ledger.note.text, (cosign(ledger.note, HOME, 1020),))))
        with pytest.raises(NoteError):
            again.bring("nonsense")


def test_a_folder_of_files_asks_nobody(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as ledger, served(create_log_app(ledger, {}, "w")) as url:
        assert httpx.get(f"{url}/.households").status_code == 404
