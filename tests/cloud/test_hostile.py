"""The mailbox among strangers, thieves, crowds and wrong clocks."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from nightlatch.cloud.accounts import Accounts
from nightlatch.cloud.app import create_app
from nightlatch.cloud.patience import AT_ONCE, MOST_ADDRESSES, Patience
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.errors import Refused, TooManyTries
from nightlatch.store import records
from nightlatch.web.signature import NONCE_LIFE_S, SignedRequest, public_b64, sign
from tests.clocks import TestClock
from tests.cloud.clouds import CLIP, HOUSE, SEALER, Cloud, running
from tests.serving import served


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running(tmp_path, TestClock(), quota_bytes=100_000, largest_object_bytes=50_000) as made:
        assert made.enrol().status_code == 201
        yield made


def signed_headers(cloud: Cloud, key: Ed25519PrivateKey, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    return sign(key, method, path, "", sha256(body).digest(), cloud.clock.now_ms() // 1000)


# ---- strangers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["stranger", "owner"])
def test_nothing_is_read_from_somebody_who_may_not_put(cloud: Cloud, who: str) -> None:
    """The answer comes after the headers: no byte of the promised body is waited for."""
    key = cloud.owner if who == "owner" else Ed25519PrivateKey.generate()
    headers = signed_headers(cloud, key, "PUT", f"/v1/clips/{CLIP}/a")
    host, port = cloud.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        lines = [f"PUT /v1/clips/{CLIP}/a HTTP/1.1", f"Host: {host}", "Content-Length: 40000"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 403 " in line.recv(200)


def test_an_address_that_keeps_sending_bad_requests_has_to_wait(cloud: Cloud) -> None:
    with httpx.Client(base_url=cloud.url) as client:
        answers = [client.get("/v1/clips") for _ in range(round(AT_ONCE) + 20)]
        assert [a.status_code for a in answers[:30]] == [403] * 30
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200


def test_patience_comes_back_with_time_and_is_each_addresss_own() -> None:
    now = [0.0]
    patience = Patience(lambda: now[0])
    for _ in range(1000):
        patience.failed("192.0.2.1")
    with pytest.raises(TooManyTries):
        patience.check("192.0.2.1")
    patience.check("192.0.2.2")
    now[0] += 3
    patience.check("192.0.2.1")


def test_patience_takes_a_network_of_one_sender_as_one_and_stays_small() -> None:
    patience = Patience(lambda: 0.0)
    for i in range(100):
        patience.failed(f"2001:db8::{i:x}")
    with pytest.raises(TooManyTries):
        patience.check("2001:db8::ffff:1")
    patience.check("2001:db8:0:1::1")
    for i in range(MOST_ADDRESSES + 50):
        patience.failed(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}")
    assert len(patience._fill) == MOST_ADDRESSES


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 15_000,
        b'{"household": 1}',
        b'{"household": "00"}',
    ],
)
def test_a_malformed_enrolment_is_refused_in_a_sentence(cloud: Cloud, body: bytes) -> None:
    answer = cloud.ask(cloud.hub, "POST", "/v1/households", body)
    assert answer.status_code == 403
    assert answer.json()["error"]


def test_an_enrolment_code_is_asked_for_when_there_is_one(tmp_path: Path) -> None:
    with running(tmp_path, TestClock(), enrolment_code="let me in") as cloud:
        assert cloud.enrol().status_code == 403
        assert cloud.enrol(code="let me ín").status_code == 403
        assert cloud.enrol(code="let me in").status_code == 201


FROM_AFAR = {"X_Forwarded_For": "203.0.113.5"}


def enrolment(cloud: Cloud, household: str) -> bytes:
    said = f"nightlatch enrol v1\n{household}\n{public_b64(cloud.hub)}".encode()
    told = {
        "household": household,
        "hub_key": public_b64(cloud.hub),
        "owner_key": public_b64(cloud.owner),
        "statement_signature": b64encode(cloud.owner.sign(said)).decode(),
    }
    return json.dumps(told).encode()


def test_without_a_code_strangers_are_not_taken_in_and_are_told_what_to_do(tmp_path: Path) -> None:
    with running(tmp_path, TestClock()) as cloud:
        answer = cloud.ask(cloud.hub, "POST", "/v1/households", enrolment(cloud, HOUSE), **FROM_AFAR)
        assert answer.status_code == 403
        assert "enrolment_code" in answer.json()["error"]
        assert cloud.enrol().status_code == 201  # a hub of this machine


def test_a_mailbox_that_the_network_reaches_takes_nobody_in_without_a_code(tmp_path: Path) -> None:
    with running(tmp_path, TestClock(), host="0.0.0.0") as cloud:
        assert cloud.enrol().status_code == 403
    with running(tmp_path, TestClock(), host="0.0.0.0", enrolment_code="let me in") as cloud:
        assert cloud.enrol(code="let me in").status_code == 201


def test_a_household_that_is_known_stays_known_from_wherever_it_asks(tmp_path: Path) -> None:
    with running(tmp_path, TestClock()) as cloud:
        assert cloud.enrol().status_code == 201
        answer = cloud.ask(cloud.hub, "POST", "/v1/households", enrolment(cloud, HOUSE), **FROM_AFAR)
        assert answer.status_code == 201


def test_no_more_households_than_the_total_are_taken_in_however_many_ask_at_once(tmp_path: Path) -> None:
    with running(tmp_path, TestClock(), most_households=3) as cloud, ThreadPoolExecutor(8) as crowd:
        made = [(f"{n:032x}", Ed25519PrivateKey.generate()) for n in range(10)]
        answers = list(crowd.map(lambda each: cloud.enrol(each[0], hub=each[1]), made))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [507] * 7
        assert "most_households" in next(each for each in answers if each.status_code == 507).json()["error"]
        known = next(each for each, answer in zip(made, answers, strict=True) if answer.status_code == 201)
        assert cloud.enrol(known[0], hub=known[1]).status_code == 201


@pytest.mark.parametrize("path", ["/v1/nothing", "/", "/v1/clips/%00/%00", f"/v1/clips/{CLIP}/%00"])
def test_every_refusal_is_a_sentence(cloud: Cloud, path: str) -> None:
    answer = cloud.ask(cloud.owner, "GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"].endswith(".")


def test_a_query_that_makes_no_sense_is_refused_in_a_sentence(cloud: Cloud) -> None:
    for query in ("after_ms=x", "after_ms=-1", f"after_ms={10**30}"):
        answer = cloud.ask(cloud.owner, "GET", f"/v1/clips?{query}")
        assert answer.status_code == 422
        assert "after_ms" in answer.json()["error"]


# ---- copies ---------------------------------------------------------------------------------------------------


def test_a_copied_request_is_refused_after_a_restart_too(tmp_path: Path) -> None:
    clock, owner, hub = TestClock(), Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    with running(tmp_path, clock) as cloud:
        cloud.hub, cloud.owner = hub, owner
        cloud.enrol()
        heard = signed_headers(cloud, owner, "DELETE", "/v1/clips")
        assert httpx.delete(f"{cloud.url}/v1/clips", headers=heard).status_code == 204
    with running(tmp_path, clock) as cloud:
        cloud.hub = hub
        assert cloud.put().status_code == 201
        assert httpx.delete(f"{cloud.url}/v1/clips", headers=heard).status_code == 403
        assert len(cloud.blobs()) == 1


def test_strangers_cannot_push_a_nonce_out_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path / 'rows.db'}", TestClock(fixed_ms=1_800_000_000_000)
    records.migrate(url, MIGRATIONS)
    accounts = Accounts(records.engine(url), clock, None)
    once = SignedRequest("k" * 44, "n" * 22, clock.now_ms() // 1000)
    with pytest.raises(Refused, match="does not know"):
        accounts.admit(once, "hub", "owner")
    assert accounts.forget() == 0
    accounts.once(once)  # the stranger's try above left nothing behind
    with pytest.raises(Refused, match="already been answered"):
        accounts.once(once)
    clock.fixed_ms = clock.now_ms() + (NONCE_LIFE_S + 1) * 1000
    assert accounts.forget() == 1


def test_a_replaced_hub_does_not_come_back_with_its_old_statement(cloud: Cloud) -> None:
    old, new = cloud.hub, Ed25519PrivateKey.generate()
    assert cloud.enrol(hub=new).status_code == 201
    cloud.hub = new
    assert cloud.enrol(hub=old).status_code == 403
    assert cloud.ask(old, "PUT", f"/v1/clips/{CLIP}/a", SEALER.seal(b"x")).json()["reason"] == "unknown_key"
    assert cloud.put().status_code == 201
    assert cloud.enrol().status_code == 201  # the one in use may say it again


def test_a_hub_of_one_household_is_not_taken_into_another(cloud: Cloud) -> None:
    other = Cloud(cloud.url, cloud.clock, cloud.folder)
    assert other.enrol("cd" * 16).status_code == 201
    assert other.enrol("cd" * 16, hub=cloud.hub).status_code == 403
    assert cloud.put().status_code == 201


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_sender_whose_clock_is_off_is_told_so(cloud: Cloud, hours: int) -> None:
    path, body = f"/v1/clips/{CLIP}/a", SEALER.seal(b"x")
    signed = sign(cloud.hub, "PUT", path, "", sha256(body).digest(), cloud.clock.now_ms() // 1000 + hours * 3600)
    answer = httpx.put(cloud.url + path, content=body, headers=signed)
    assert answer.status_code == 403
    assert "clock" in answer.json()["error"]


# ---- crowds ---------------------------------------------------------------------------------------------------


def test_the_first_objects_of_a_clip_may_come_all_at_once(cloud: Cloud) -> None:
    with ThreadPoolExecutor(8) as crowd:
        for n in range(5):
            names = [f"part-{i:04d}" for i in range(8)]
            clip = f"{n:016x}"
            answers = list(crowd.map(lambda name, clip=clip: cloud.put(name, clip=clip), names))
            assert [a.status_code for a in answers] == [201] * 8
    listed = cloud.ask(cloud.owner, "GET", "/v1/clips").json()["clips"]
    assert [len(c["objects"]) for c in listed] == [8] * 5


def test_many_puts_at_once_do_not_pass_the_quota(cloud: Cloud) -> None:
    sealed = [SEALER.seal(os.urandom(30_000)) for _ in range(8)]
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda i: cloud.put(f"part-{i}", sealed[i]).status_code, range(8)))
    assert sorted(answers) == [201] * 3 + [507] * 5
    assert len(cloud.blobs()) == 3
    assert cloud.ask(cloud.owner, "GET", "/v1/status").json()["used_bytes"] <= 100_000


def test_a_manifest_rewritten_in_a_hurry_leaves_one_blob_and_is_always_there(cloud: Cloud) -> None:
    cloud.put("manifest")

    def rewrite(_: int) -> int:
        return cloud.put("manifest", x_nightlatch_replace="1").status_code

    def read(_: int) -> int:
        return cloud.ask(cloud.owner, "GET", f"/v1/clips/{CLIP}/manifest").status_code

    with ThreadPoolExecutor(4) as crowd:
        writing = [crowd.submit(rewrite, i) for i in range(20)]
        reading = [crowd.submit(read, i) for i in range(20)]
        assert {f.result() for f in writing} == {201}
        assert {f.result() for f in reading} == {200}
    assert len(cloud.blobs()) == 1


# ---- clocks and crashes -----------------------------------------------------------------------------------------


def test_a_clip_that_came_while_the_clock_ran_ahead_stays_no_longer_than_any_other(tmp_path: Path) -> None:
    clock = TestClock()
    app = create_app(CloudSettings(data_dir=tmp_path), clock, MIGRATIONS)
    with served(app) as url:
        cloud = Cloud(url, clock, tmp_path)
        cloud.enrol()
        clock.pass_hours(240)
        cloud.put()
        clock.pass_hours(-240)
        assert app.state.mailbox.expire() == 0
        clock.pass_hours(23.9)
        assert app.state.mailbox.expire() == 0
        clock.pass_hours(0.2)
        assert app.state.mailbox.expire() == 1
        assert cloud.blobs() == []


@pytest.mark.parametrize("days", [1, 7, 14, 30])
def test_every_plan_keeps_its_days_and_no_longer(tmp_path: Path, days: int) -> None:
    clock = TestClock()
    app = create_app(CloudSettings(data_dir=tmp_path, keep_days=days), clock, MIGRATIONS)
    with served(app) as url:
        cloud = Cloud(url, clock, tmp_path)
        cloud.enrol()
        cloud.put()
        clock.pass_hours(days * 24 - 0.1)
        assert app.state.mailbox.expire() == 0
        clock.pass_hours(0.1)
        assert app.state.mailbox.expire() == 1


def test_one_clip_that_does_not_go_holds_no_other_back(tmp_path: Path) -> None:
    clock = TestClock()
    app = create_app(CloudSettings(data_dir=tmp_path), clock, MIGRATIONS)
    with served(app) as url:
        cloud = Cloud(url, clock, tmp_path)
        cloud.enrol()
        cloud.put(clip="a" * 16)
        (stuck,) = cloud.blobs()
        cloud.put(clip="b" * 16)
        kept = stuck.read_bytes()
        stuck.unlink()
        (stuck / "a folder").mkdir(parents=True)  # a blob that cannot be deleted, even by root
        clock.pass_hours(25)
        assert app.state.mailbox.expire() == 1
        (stuck / "a folder").rmdir()
        stuck.rmdir()
        stuck.write_bytes(kept)
        assert app.state.mailbox.expire() == 1
        assert cloud.blobs() == []


def test_what_a_crash_left_without_a_row_is_swept_unless_it_is_young(cloud: Cloud) -> None:
    cloud.put()
    folder = cloud.folder / "blobs" / "ff"
    folder.mkdir(parents=True, exist_ok=True)
    for name, age_s in (("0" * 32, 7200), ("1" * 32, 60)):
        (folder / name).write_bytes(SEALER.seal(b"x"))
        then = (folder / name).stat().st_mtime - age_s
        os.utime(folder / name, (then, then))
    with running(cloud.folder, cloud.clock) as again:
        assert sorted(p.name for p in again.blobs() if p.parent == folder) == ["1" * 32]
        assert len(again.blobs()) == 2


# ---- what is told -----------------------------------------------------------------------------------------------


def test_the_disk_and_the_log_name_no_clip_and_no_key(cloud: Cloud) -> None:
    with capture_logs() as told:
        cloud.put("still")
        cloud.put("still", SEALER.seal(b"other"))
        cloud.ask(cloud.owner, "DELETE", f"/v1/clips/{CLIP}")
        cloud.put("still")
    assert [set(line) - {"event", "log_level"} for line in told] == [{"household", "bytes", "fresh"}] * 2
    for secret in (CLIP, "still", public_b64(cloud.hub), public_b64(cloud.owner)):
        assert secret not in str(told)
    for path in cloud.blobs():
        assert CLIP not in str(path)
        assert "still" not in str(path.relative_to(cloud.folder))
        assert HOUSE not in str(path)


def test_deleted_rows_leave_nothing_readable_in_the_database_file(cloud: Cloud) -> None:
    cloud.put("a-telling-name")
    cloud.ask(cloud.owner, "DELETE", "/v1/clips")
    with sqlite3.connect(cloud.folder / "cloud.db") as rows:
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"a-telling-name" not in (cloud.folder / "cloud.db").read_bytes()


def test_settings_do_not_show_their_secrets() -> None:
    settings = CloudSettings(records_url="postgresql+psycopg://me:hunter2@db/n", enrolment_code="hunter3")
    assert "hunter" not in repr(settings)


def test_a_statement_of_another_owner_is_refused(cloud: Cloud) -> None:
    hub, thief = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    said = f"nightlatch enrol v1\n{HOUSE}\n{public_b64(hub)}".encode()
    assert cloud.enrol(hub=hub, statement_signature=b64encode(thief.sign(said)).decode()).status_code == 403
    told = {"owner_key": public_b64(thief), "statement_signature": b64encode(thief.sign(said)).decode()}
    assert cloud.enrol(hub=hub, **told).status_code == 403
