"""The mailbox over real HTTP: what it takes, from whom, and when it forgets."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.cloud.app import create_app
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.seal.envelope import Sealed
from nightlatch.web.signature import sign
from tests.clocks import TestClock
from tests.cloud.clouds import CLIP, HOUSE, SEALER, Cloud, running
from tests.serving import served


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running(tmp_path, TestClock(), quota_bytes=100_000, largest_object_bytes=50_000) as made:
        assert made.enrol().status_code == 201
        yield made


def test_the_owner_gets_back_what_the_hub_put(cloud: Cloud) -> None:
    sealed = SEALER.seal(b"footage" * 1000)
    assert cloud.put(body=sealed).status_code == 201
    assert cloud.put(body=sealed).status_code == 200  # the same again is fine
    assert cloud.ask(cloud.owner, "GET", f"/v1/clips/{CLIP}/part-0000").content == sealed
    part = cloud.ask(cloud.owner, "GET", f"/v1/clips/{CLIP}/part-0000", Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, sealed[100:200])
    listed = cloud.ask(cloud.owner, "GET", "/v1/clips?after_ms=0").json()
    assert [c["clip"] for c in listed["clips"]] == [CLIP]
    assert listed["keep_hours"] == 24


@pytest.mark.parametrize(
    "body", [b"\x00\x00\x00\x18ftypmp42" + bytes(99), b"\xff\xd8\xff\xe0" + bytes(99), b"", b"age-encryption.org/v1\n"]
)
def test_only_sealed_bytes_are_taken(cloud: Cloud, body: bytes) -> None:
    assert cloud.put(body=body).status_code == 415
    assert cloud.blobs() == []


def test_a_hub_may_only_put_and_an_owner_may_not(cloud: Cloud) -> None:
    cloud.put()
    for method, path in (("GET", f"/v1/clips/{CLIP}/part-0000"), ("DELETE", f"/v1/clips/{CLIP}"), ("GET", "/v1/clips")):
        assert cloud.ask(cloud.hub, method, path).status_code == 403
    assert cloud.ask(cloud.owner, "PUT", f"/v1/clips/{CLIP}/x", SEALER.seal(b"x")).status_code == 403
    assert len(cloud.blobs()) == 1


def test_nobody_unsigned_or_unknown_gets_anything(cloud: Cloud) -> None:
    cloud.put()
    assert httpx.get(f"{cloud.url}/v1/clips").status_code == 403
    assert cloud.ask(Ed25519PrivateKey.generate(), "GET", "/v1/clips").status_code == 403
    signed = sign(cloud.owner, "GET", "/v1/clips", "", sha256(b"").digest(), cloud.clock.now_ms() // 1000)
    assert httpx.get(f"{cloud.url}/v1/clips", headers=signed).status_code == 200
    assert httpx.get(f"{cloud.url}/v1/clips", headers=signed).status_code == 403  # replayed


def test_another_household_sees_nothing_of_it(cloud: Cloud) -> None:
    cloud.put()
    stranger = Cloud(cloud.url, cloud.clock, cloud.folder)
    assert stranger.enrol("cd" * 16).status_code == 201
    assert stranger.ask(stranger.owner, "GET", f"/v1/clips/{CLIP}/part-0000").status_code == 404
    assert stranger.ask(stranger.owner, "GET", "/v1/clips").json()["clips"] == []
    assert stranger.ask(stranger.owner, "DELETE", "/v1/clips").status_code == 204
    assert len(cloud.blobs()) == 1
    assert stranger.enrol(HOUSE).status_code == 403  # taking over an id takes the owner's key


def test_a_new_hub_needs_the_owners_word(cloud: Cloud) -> None:
    assert cloud.enrol(hub=Ed25519PrivateKey.generate()).status_code == 201
    forged = cloud.enrol(hub=Ed25519PrivateKey.generate(), statement_signature=b64encode(bytes(64)).decode())
    assert forged.status_code == 403


def test_after_24_hours_it_is_gone_from_disk_and_list(cloud: Cloud) -> None:
    cloud.put()
    cloud.clock.pass_hours(23.9)
    assert cloud.ask(cloud.owner, "GET", f"/v1/clips/{CLIP}/part-0000").status_code == 200
    cloud.clock.pass_hours(0.2)
    assert cloud.ask(cloud.owner, "GET", f"/v1/clips/{CLIP}/part-0000").status_code == 404
    assert cloud.ask(cloud.owner, "GET", "/v1/clips").json()["clips"] == []


def test_the_sweep_takes_the_bytes_and_the_rows(tmp_path: Path) -> None:
    clock = TestClock()
    app = create_app(CloudSettings(data_dir=tmp_path), clock, MIGRATIONS)
    mailbox = app.state.mailbox
    with served(app) as url:
        made = Cloud(url, clock, tmp_path)
        made.enrol()
        made.put()
        made.put("manifest")
        assert len(made.blobs()) == 2
        assert mailbox.expire() == 0
        clock.pass_hours(24)
        assert mailbox.expire() == 1
        assert made.blobs() == []
        assert mailbox.used_bytes(HOUSE) == 0


def test_delete_is_at_once(cloud: Cloud) -> None:
    cloud.put()
    cloud.put("manifest")
    assert cloud.ask(cloud.owner, "DELETE", f"/v1/clips/{CLIP}").status_code == 204
    assert cloud.blobs() == []
    assert cloud.put().status_code == 201


def test_a_manifest_is_replaced_only_when_asked(cloud: Cloud) -> None:
    cloud.put("manifest")
    assert cloud.put("manifest").status_code == 409
    assert cloud.put("manifest", x_nightlatch_replace="1").status_code == 201
    assert cloud.put("part-0000").status_code == 201
    assert cloud.put("part-0000", x_nightlatch_replace="1").status_code == 409
    assert len(cloud.blobs()) == 2


def test_quota_and_size_are_kept(cloud: Cloud) -> None:
    assert cloud.put(body=SEALER.seal(bytes(60_000))).status_code == 413
    assert cloud.put("a", SEALER.seal(bytes(45_000))).status_code == 201
    assert cloud.put("b", SEALER.seal(bytes(45_000))).status_code == 201
    assert cloud.put("c", SEALER.seal(bytes(45_000))).status_code == 507


@pytest.mark.parametrize(
    "path", ["/v1/clips/../../x/y", "/v1/clips/%2e%2e/x", f"/v1/clips/{CLIP}/%2fetc", "/v1/clips/x/y"]
)
def test_path_tricks_lead_nowhere(cloud: Cloud, path: str) -> None:
    answer = cloud.ask(cloud.hub, "PUT", path, SEALER.seal(b"x"))
    assert answer.status_code in (403, 404, 405)
    assert cloud.blobs() == []


def test_a_body_that_is_not_the_signed_one_is_refused(cloud: Cloud) -> None:
    signed = sign(cloud.hub, "PUT", f"/v1/clips/{CLIP}/a", "", sha256(b"one").digest(), cloud.clock.now_ms() // 1000)
    answer = httpx.put(f"{cloud.url}/v1/clips/{CLIP}/a", content=SEALER.seal(b"another"), headers=signed)
    assert answer.status_code == 403


def test_an_endless_body_is_cut_off(cloud: Cloud) -> None:
    signed = sign(cloud.hub, "PUT", f"/v1/clips/{CLIP}/a", "", sha256(b"").digest(), cloud.clock.now_ms() // 1000)

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(10_000)

    try:
        answer = httpx.put(f"{cloud.url}/v1/clips/{CLIP}/a", content=endless(), headers=signed, timeout=20)
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # hung up on while still sending: fine, too
    assert cloud.blobs() == []
    assert httpx.get(f"{cloud.url}/healthz").json() == {"ok": True}


def test_a_claim_of_four_gigabytes_costs_nothing(cloud: Cloud) -> None:
    signed = sign(cloud.hub, "PUT", f"/v1/clips/{CLIP}/a", "", sha256(b"").digest(), cloud.clock.now_ms() // 1000)
    host, port = cloud.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        lines = [f"PUT /v1/clips/{CLIP}/a HTTP/1.1", f"Host: {host}", f"Content-Length: {4 * 1024**3}"]
        lines += [f"{name}: {value}" for name, value in signed.items()]
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 413 " in line.recv(200)


def test_the_door_of_the_store_takes_sealed_bytes_only() -> None:
    with pytest.raises(Exception, match="not an age file"):
        Sealed(b"plain")
