"""The owner's own way to the mailbox, and a mailbox that lies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from nightlatch.errors import CloudError, ConfigError, NotFound, NotSealed
from nightlatch.web.mailbox import MailboxClient
from tests.clocks import TestClock
from tests.cloud.clouds import CLIP, SEALER, Cloud, running
from tests.house import free_port
from tests.serving import served


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running(tmp_path, TestClock()) as made:
        made.enrol()
        yield made


def test_the_owner_lists_gets_and_deletes(cloud: Cloud) -> None:
    sealed = SEALER.seal(b"footage")
    cloud.put("part-0000", sealed)
    cloud.put("manifest")
    client = MailboxClient(cloud.url, cloud.owner)
    (held,) = client.clips()
    assert (held.clip, held.names) == (CLIP, ("manifest", "part-0000"))
    assert held.expires_ms - held.created_ms == 24 * 3_600_000
    assert client.get(CLIP, "part-0000") == sealed
    client.delete(CLIP)
    assert client.clips() == []
    with pytest.raises(NotFound, match="expired"):
        client.get(CLIP, "part-0000")


@pytest.mark.parametrize("clip", ["", "..", "../../healthz", "A" * 16, "0" * 16 + "\n", "%2e%2e", "x" * 16])
def test_a_name_that_is_none_is_not_asked_for(cloud: Cloud, clip: str) -> None:
    client = MailboxClient(cloud.url, cloud.owner)
    with pytest.raises(NotFound):
        client.get(clip, "manifest")
    with pytest.raises(NotFound):
        client.delete(clip)


def test_another_key_is_told_why_it_gets_nothing(cloud: Cloud) -> None:
    with pytest.raises(CloudError, match="does not know that key"):
        MailboxClient(cloud.url, Ed25519PrivateKey.generate()).clips()


def test_a_mailbox_that_is_not_there_is_said(cloud: Cloud) -> None:
    with pytest.raises(CloudError, match="cannot be reached"):
        MailboxClient(f"http://127.0.0.1:{free_port()}", cloud.owner).clips()
    for url in ("", "mailbox.example", "ftp://mailbox.example", "http://mail box", "http://x:port", "http://[::1"):
        with pytest.raises(ConfigError):
            MailboxClient(url, cloud.owner)


CLIP_TOLD: dict[str, Any] = {"clip": CLIP, "created_ms": 1, "expires_ms": 2, "bytes": 3, "objects": []}


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"{}",
        b'{"clips": 7}',
        json.dumps({"clips": [{**CLIP_TOLD, "clip": "../../../etc/x"}]}).encode(),
        json.dumps({"clips": [{**CLIP_TOLD, "objects": [{"name": "../x"}]}]}).encode(),
        json.dumps({"clips": [{**CLIP_TOLD, "bytes": None}]}).encode(),
    ],
)
def test_a_mailbox_that_talks_nonsense_is_not_believed(told: bytes) -> None:
    app = FastAPI()

    @app.get("/v1/clips")
    async def clips() -> Response:
        return Response(told)

    with served(app) as url, pytest.raises(CloudError, match="cannot be read"):
        MailboxClient(url, Ed25519PrivateKey.generate()).clips()


def test_a_mailbox_that_sends_for_ever_or_sends_plain_bytes_is_cut_off() -> None:
    app = FastAPI()

    @app.get("/v1/clips/{clip}/{name}")
    async def get(name: str) -> Response:
        if name == "plain":
            return Response(b"\x00\x00\x00\x18ftypmp42" + bytes(99))
        return StreamingResponse(bytes(10_000) for _ in range(10**9))

    with served(app) as url:
        client = MailboxClient(url, Ed25519PrivateKey.generate(), most_bytes=1_000_000)
        with pytest.raises(CloudError, match="more than"):
            client.get(CLIP, "endless")
        with pytest.raises(NotSealed):
            client.get(CLIP, "plain")
