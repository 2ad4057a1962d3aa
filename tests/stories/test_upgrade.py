"""A household of version 0.1 opens and plays after the upgrade.

tests/data/household-0.1.tar.xz is a hub's folder as 0.1 left it: a rendered camera, three segments, one sheet, one clip
of an event, and a device that was signed in.
"""

from __future__ import annotations

import io
import sqlite3
import tarfile
import time
from base64 import b64encode
from pathlib import Path

import av
import pytest

from nightlatch.domain.manifest import read_manifest
from nightlatch.domain.passphrase import Kdf
from nightlatch.owner.clips import folder_fetch, open_clip
from nightlatch.owner.keys import OwnerKeys, derive
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.house import PASSPHRASE, House, house, until

LEFT_MS = 1_795_837_830_000  # when 0.1 was stopped; the clock of the test goes on from there
CAMERA, CLIP = "68dd942e7692", "65262d5be2c0a625"
KEYS = OwnerKeys(bytes(range(32)))


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The folder of a house that 0.1 left."""
    hub = tmp_path / "house" / "data" / "hub"
    hub.mkdir(parents=True, mode=0o700)
    with tarfile.open(Path(__file__).parents[1] / "data" / "household-0.1.tar.xz") as packed:
        packed.extractall(hub, filter="data")
    return tmp_path / "house"


def sign_in(home: House) -> None:
    kdf = Kdf(**home.client.get("/api/login").raise_for_status().json()["kdf"])
    _, login_key = derive(PASSPHRASE, kdf)
    body = {"login_key": b64encode(login_key).decode(), "device_name": "test"}
    home.client.post("/api/login", json=body).raise_for_status()


@pytest.mark.timeout(180)
def test_a_household_of_0_1_opens_and_plays(left: Path) -> None:
    with house(left, clock_offset_s=int(LEFT_MS / 1000 - time.time())) as home:
        sign_in(home)
        (camera,) = home.client.get("/api/cameras").json()
        assert (camera["id"], camera["name"], camera["address"]) == (CAMERA, "yard", "file:/nowhere/yard.mp4")
        (clip,) = until(home.clips, "the clip", 20)
        assert (clip["id"], clip["parts"], clip["open"]) == (CLIP, 13, False)
        opener = Opener(KEYS.identity)
        sealed = home.client.get(f"/api/clips/{CLIP}/manifest").raise_for_status().content
        manifest = read_manifest(opener.open(Sealed(sealed)))
        assert manifest.judgement is not None
        assert len(manifest.parts) == 13
        window = {"camera": CAMERA, "from_ms": LEFT_MS - 60_000, "to_ms": LEFT_MS}
        segments = home.client.get("/api/segments", params=window).json()
        assert [segment["duration_ms"] for segment in segments] == [4000, 4000, 4000]
    fetch = folder_fetch(home.data / "hub" / "vault" / CAMERA / "clips" / CLIP)
    with av.open(io.BytesIO(b"".join(open_clip(fetch, opener, manifest)))) as film:
        assert sum(1 for _ in film.decode(video=0)) > 100
    assert list((home.data / "hub").glob("hub.db.before-*"))  # a copy of the index, should somebody go back
    with sqlite3.connect(home.data / "hub" / "hub.db") as index, pytest.raises(sqlite3.IntegrityError):
        index.execute("update cameras set transport = 'pigeon'")
