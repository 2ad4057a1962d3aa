"""The hub's uplink against a real mailbox: what waits is sent, whatever happens in between."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from nightlatch.errors import CloudError, NotFound
from nightlatch.hub.serve import uplink as uplink_module
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import MIGRATIONS
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, HouseholdRow
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.store import records
from nightlatch.web.signature import public_b64, sign
from tests.clocks import TestClock
from tests.cloud.clouds import HOUSE, SEALER, Cloud, running
from tests.house import free_port

CAMERA = "0123456789ab"


@dataclass
class Hub:
    """The part of a hub that the uplink sees: an index, a vault and a key."""

    folder: Path
    clock: TestClock = field(default_factory=TestClock)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    owner: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        url = f"sqlite:///{self.folder / 'hub.db'}"
        records.migrate(url, MIGRATIONS)
        self.engine = records.engine(url)
        said = f"nightlatch enrol v1\n{HOUSE}\n{public_b64(self.key)}".encode()
        with Session(self.engine) as session, session.begin():
            session.add(
                HouseholdRow(
                    id=HOUSE,
                    name="Home",
                    created_ms=0,
                    recipient="age1",
                    signing_key=public_b64(self.owner),
                    kdf="{}",
                    login_sha256=bytes(32),
                    wrapped_root="",
                    enrolment=b64encode(self.owner.sign(said)).decode(),
                )
            )

    def clip(self, clip: str, onset_ms: int, parts: int = 3) -> None:
        names = ["manifest", *(f"part-{i:04d}" for i in range(parts))]
        with Session(self.engine) as session, session.begin():
            session.add(ClipRow(id=clip, camera_id=CAMERA, event_id=clip, onset_ms=onset_ms, began_ms=onset_ms))
            session.flush()
            for name in names:
                path = self.file(clip, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(SEALER.seal(os.urandom(3000)))
                size = path.stat().st_size
                session.add(ClipPartRow(clip_id=clip, name=name, bytes=size, created_ms=onset_ms))

    def file(self, clip: str, name: str) -> Path:
        return self.folder / "vault" / CAMERA / "clips" / clip / f"{name}.age"

    def waiting(self) -> int:
        query = select(ClipPartRow).where(ClipPartRow.version > ClipPartRow.sent_version)
        with Session(self.engine) as session:
            return len(session.scalars(query.where(ClipPartRow.refused.is_(None))).all())

    def refused(self) -> dict[str, str | None]:
        with Session(self.engine) as session:
            rows = session.scalars(select(ClipPartRow).where(ClipPartRow.refused.is_not(None)))
            return {row.name: row.refused for row in rows}

    @asynccontextmanager
    async def uplink(self, url: str) -> AsyncIterator[Uplink]:
        sender = Uplink(url, None, Books(self.folder, self.engine), self.key, self.clock)
        task = asyncio.create_task(sender.run())
        try:
            yield sender
            assert not task.done()  # nothing that happened has ended it
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await sender.close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(uplink_module, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(uplink_module, "LONGEST_PAUSE_S", 0.2)
    (tmp_path / "hub").mkdir()
    return Hub(tmp_path / "hub")


async def becomes(question: Callable[[], object], what: str, within_s: float = 20.0) -> None:
    deadline = asyncio.get_running_loop().time() + within_s
    while not question():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{what} did not happen")
        await asyncio.sleep(0.02)


def held(cloud: Cloud, hub: Hub) -> dict[str, int]:
    listed = cloud.ask(hub.owner, "GET", "/v1/clips").json()["clips"]
    return {c["clip"]: len(c["objects"]) for c in listed}


def test_everything_that_waits_is_sent_and_what_comes_later_at_once(hub: Hub, tmp_path: Path) -> None:
    async def story(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url) as sender:
            await becomes(lambda: hub.waiting() == 0, "sending")
            assert held(cloud, hub) == {f"{i:016x}": 13 for i in range(4)}
            assert sender.reachable is True
            assert sender.last_sent_ms is not None
            hub.clip("f" * 16, 99)
            sender.wake()
            await becomes(lambda: hub.waiting() == 0, "sending the new clip", within_s=5)
        assert held(cloud, hub)["f" * 16] == 4
        got = cloud.ask(hub.owner, "GET", f"/v1/clips/{'f' * 16}/part-0001").content
        assert got == hub.file("f" * 16, "part-0001").read_bytes()

    for i in range(4):
        hub.clip(f"{i:016x}", i, parts=12)
    with running(tmp_path / "cloud", hub.clock) as cloud:
        asyncio.run(story(cloud))


def test_the_newest_event_goes_first(hub: Hub, tmp_path: Path) -> None:
    hub.clip("a" * 16, 1000, parts=40)
    hub.clip("b" * 16, 2000, parts=5)
    with running(tmp_path / "cloud", hub.clock) as cloud:

        async def story() -> None:
            async with hub.uplink(cloud.url):
                await becomes(lambda: hub.waiting() == 0, "sending")

        asyncio.run(story())
        listed = cloud.ask(hub.owner, "GET", "/v1/clips").json()["clips"]
        arrived = {c["clip"]: max(o["created_ms"] for o in c["objects"]) for c in listed}
    assert arrived["b" * 16] <= arrived["a" * 16]


def test_a_mailbox_that_was_away_gets_everything_when_it_is_back(hub: Hub, tmp_path: Path) -> None:
    async def away() -> None:
        async with hub.uplink(f"http://127.0.0.1:{free_port()}") as sender:
            await becomes(lambda: sender.reachable is False, "noticing")
            assert sender.trouble == "The mailbox cannot be reached."
            assert hub.waiting() == 4
            with pytest.raises(CloudError, match="network"):
                await sender.relay("GET", "clips", "", {}, b"")

    async def back(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url) as sender:
            await becomes(lambda: hub.waiting() == 0, "sending")
            assert sender.trouble is None

    hub.clip("a" * 16, 1)
    asyncio.run(away())
    with running(tmp_path / "cloud", hub.clock) as cloud:
        asyncio.run(back(cloud))
        assert held(cloud, hub) == {"a" * 16: 4}


def test_a_mailbox_that_dies_while_nothing_waits_is_noticed(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink_module, "IDLE_S", 0.02)
    monkeypatch.setattr(uplink_module, "ASK_EVERY_S", 0.1)

    async def story() -> None:
        mailbox = ExitStack()
        cloud = mailbox.enter_context(running(tmp_path / "cloud", hub.clock))
        async with hub.uplink(cloud.url) as sender:
            await becomes(lambda: sender.reachable is True, "reaching it")
            assert sender.away_ms == 0
            await asyncio.to_thread(mailbox.close)
            await becomes(lambda: sender.reachable is False, "noticing")
            await becomes(lambda: sender.away_ms > 0, "counting")

    asyncio.run(story())


def test_a_mailbox_that_forgot_the_household_is_told_again(hub: Hub, tmp_path: Path) -> None:
    async def story(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url):
            await becomes(lambda: hub.waiting() == 0, "sending")

    hub.clip("a" * 16, 1)
    with running(tmp_path / "one", hub.clock) as cloud:
        asyncio.run(story(cloud))
    hub.clip("b" * 16, 2)
    with running(tmp_path / "another", hub.clock) as cloud:
        asyncio.run(story(cloud))
        assert held(cloud, hub) == {"b" * 16: 4}


def test_what_can_never_be_sent_is_set_aside_and_holds_nothing_up(hub: Hub, tmp_path: Path) -> None:
    async def story(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url) as sender:
            await becomes(lambda: hub.waiting() == 0, "sending")
            assert sender.reachable is True

    hub.clip("a" * 16, 1, parts=6)
    hub.file("a" * 16, "part-0000").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(99))
    hub.file("a" * 16, "part-0001").unlink()
    hub.file("a" * 16, "part-0002").write_bytes(SEALER.seal(bytes(60_000)))
    with running(tmp_path / "cloud", hub.clock, largest_object_bytes=50_000) as cloud:
        asyncio.run(story(cloud))
        assert held(cloud, hub) == {"a" * 16: 4}
    assert {name: bool(why) for name, why in hub.refused().items()} == {f"part-000{i}": True for i in range(3)}


def test_a_vault_that_cannot_be_read_for_a_while_does_not_end_the_sending(hub: Hub, tmp_path: Path) -> None:
    async def story(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url):
            await becomes(lambda: hub.waiting() == 0, "sending")
            hub.clip("b" * 16, 2)
            (hub.folder / "vault").rename(hub.folder / "aside")
            (hub.folder / "vault").write_text("a file where a folder should be")  # NotADirectoryError
            with Session(hub.engine) as session, session.begin():
                session.execute(update(ClipPartRow).values(version=ClipPartRow.version + 1))
            with capture_logs() as told:
                await becomes(lambda: any(line["event"] == "uplink.stumbled" for line in told), "stumbling")
            (hub.folder / "vault").unlink()
            (hub.folder / "aside").rename(hub.folder / "vault")
            await becomes(lambda: hub.waiting() == 0, "sending again")

    hub.clip("a" * 16, 1)
    with running(tmp_path / "cloud", hub.clock) as cloud:
        asyncio.run(story(cloud))
        assert held(cloud, hub) == {"a" * 16: 4, "b" * 16: 4}


def test_the_relay_passes_the_owners_word_and_nothing_of_the_hub(hub: Hub, tmp_path: Path) -> None:
    async def story(cloud: Cloud) -> None:
        async with hub.uplink(cloud.url) as sender:
            await becomes(lambda: hub.waiting() == 0, "sending")
            path = f"/v1/clips/{'a' * 16}/part-0000"
            signed = sign(hub.owner, "GET", path, "", sha256(b"").digest(), hub.clock.now_ms() // 1000)
            headers = {name.lower(): value for name, value in signed.items()}
            headers |= {"cookie": "nightlatch=secret", "range": "bytes=0-9"}
            answer = await sender.relay("GET", path.removeprefix("/v1/"), "", headers, b"")
            assert (answer.status_code, len(answer.content)) == (206, 10)
            assert "cookie" not in answer.request.headers
            unsigned = await sender.relay("DELETE", "clips", "", {"cookie": "nightlatch=secret"}, b"")
            assert unsigned.status_code == 403
            for climbing in ("../healthz", "clips/../../healthz", "", "/", "clips?x", "clips%2f..", "//elsewhere/x"):
                with pytest.raises(NotFound):
                    await sender.relay("GET", climbing, "", {}, b"")

    hub.clip("a" * 16, 1)
    with running(tmp_path / "cloud", hub.clock) as cloud:
        asyncio.run(story(cloud))
