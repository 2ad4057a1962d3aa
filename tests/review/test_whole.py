"""The whole road with the real log: typed invitations and signatures, entries over HTTP, cosigned receipts, a look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.sync.client import connect

from nightlatch import config
from nightlatch.domain.view import read_leaf
from nightlatch.keeper.checks import RoomHours
from nightlatch.keeper.proof import LedgerLog, LedgerReceipts
from nightlatch.keeper.reading import News
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.cosigners import local_cosigner
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.witness import Witness
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.clocks import TestClock
from tests.house import free_port
from tests.keeper.authenticator import Authenticator
from tests.review.rooms import SECRET, Page, served_at, whole_room
from tests.review.test_commands import typed

WRITERS = "the writers' secret"


@dataclass
class RealLog:
    """The ledger's log over HTTP, and receipts as the keeper checks them."""

    log: Log
    url: str
    receipts: LedgerReceipts
    keepers: LedgerLog

    def append(self, leaf: bytes) -> int:
        return self.keepers.append(leaf)

    def proof(self, index: int, _: int | None = None) -> str:
        return LogClient(self.url).receipt(index)

    def root(self, now_ms: int) -> bytes:
        return self.keepers.root(now_ms)

    def news(self, seen: bytes, now_ms: int, wants: Callable[[bytes], bool]) -> News:
        return self.keepers.news(seen, now_ms, wants)

    def index(self, receipt: str) -> int:
        return self.receipts.index(receipt)

    def included(self, receipt: str, leaf: bytes) -> None:
        self.receipts.included(receipt, leaf)

    def cosigned(self, receipt: str, now_ms: int) -> None:
        self.receipts.cosigned(receipt, now_ms)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RealLog]:
    signer, cosigner = make_signer("test.example/log"), make_signer("witness.example", COSIGNATURE)
    witness = Witness(tmp_path / "witness", cosigner, [signer.verifier], TestClock())
    port = free_port()
    policy = Policy(signer.verifier, (("home", cosigner.verifier),), 1)
    with Log(tmp_path / "log", signer) as held:
        app = create_log_app(held, {cosigner.verifier: local_cosigner(witness)}, WRITERS)
        with served_at(app, port):
            url, receipts = f"http://127.0.0.1:{port}", LedgerReceipts(policy)
            yield RealLog(held, url, receipts, LedgerLog(LogClient(url, WRITERS), receipts))


def test_from_an_invitation_to_a_look_that_the_log_proves(
    tmp_path: Path, log: RealLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = RoomHours(0, 1440)
    with whole_room(tmp_path, TestClock(), log, hours=hours) as room:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(config, "SECTIONS", {*config.SECTIONS, "review"})
        for name, key in zip(("anna", "ben"), room.house.administrators, strict=True):
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (tmp_path / f"{name}.key").write_bytes(pem)
        (tmp_path / "log.secret").write_text(WRITERS)
        (tmp_path / "face.secret").write_text(SECRET)
        told = {
            "data_dir": room.settings.data_dir,
            "programme_key": room.settings.programme_key,
            "origin": room.origin,
            "keeper_url": room.settings.keeper_url,
            "keeper_secret": tmp_path / "face.secret",
            "log_url": log.url,
            "log_secret": tmp_path / "log.secret",
        }
        lines = "".join(f'{name} = "{value}"\n' for name, value in told.items())
        (tmp_path / "nightlatch.toml").write_text(f"[review]\n{lines}")

        invite = typed("invite").strip().rpartition("=")[2]
        passkey = Authenticator(origin=room.origin)
        change = room.desk.roster.ask(invite, passkey.credential, passkey.public_key, "desk")
        typed("sign", change, "--key", "anna.key", "--yes")
        assert "it holds" in typed("sign", change, "--key", "ben.key", "--yes")
        assert "enrolled" in typed("status")

        given = room.house.give()
        page = Page(room)
        session = page.enter(passkey).json()["session"]
        opened = page.post("/next").json()
        leaf = log.log.leaf(opened["view"])
        assert read_leaf(leaf).kind == "view.open"
        receipt = LogClient(log.url).receipt(opened["view"])
        log.included(receipt, leaf)
        log.cosigned(receipt, room.clock.now_ms())

        ws = room.settings.keeper_page_url.replace("localhost", "127.0.0.1")
        with connect(f"{ws}/v1/views/{opened['view']}", origin=room.origin) as socket:  # type: ignore[arg-type]
            socket.send(f'{{"ticket": "{opened["ticket"]}", "session": "{session}"}}')
            assert '"pictures"' in str(socket.recv())
            socket.send('{"from": 0, "to": 0}')
            assert '"at_ms"' in str(socket.recv())
            assert bytes(socket.recv())[:2] == b"\xff\xd8"  # type: ignore[arg-type]
        room.house.room.revoke(given.withdrawn(room.clock.now_ms()))
        assert page.post("/next").json()["refused"] == "nothing_waiting"
