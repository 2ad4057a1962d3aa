"""An S3 service that we did not write: Ceph's gateway over one monitor and one store in memory, all in one folder."""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import obstore
import pytest
from obstore.store import S3Store

from tests.house import free_port

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "ceph-authtool", "monmaptool", "radosgw", "radosgw-admin")
DAEMONS = ("mon.a", "osd.0", "client.rgw")
CONFIG = """\
[global]
fsid = {fsid}
keyring = {folder}/keyring
run dir = {folder}/run
pid file = {folder}/run/$name.pid
log file = {folder}/$name.log
admin socket =
mon host = v2:127.0.0.1:{monitor}
public addr = 127.0.0.1
mon data = {folder}/mon
osd data = {folder}/osd
osd objectstore = memstore
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class update on start = false
osd crush update on start = false
mon allow pool size one = true
mon max pg per osd = 500
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw thread pool size = 16
"""


@dataclass(frozen=True, slots=True)
class S3:
    """A bucket, and what the usual variables must hold to reach it."""

    url: str
    environment: dict[str, str]


def _tell(*words: str | Path) -> None:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stdout[-500:]} {done.stderr[-500:]}")


def _begin(folder: Path, gateway: int) -> None:
    config, keyring, fsid, monitor = folder / "ceph.conf", folder / "keyring", str(uuid.uuid4()), free_port()
    for each in ("mon", "osd", "run"):
        (folder / each).mkdir(parents=True)
    config.write_text(CONFIG.format(folder=folder, fsid=fsid, monitor=monitor, gateway=gateway))
    _tell("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    everything = [word for what in ("mon", "osd") for word in ("--cap", what, "allow *")]
    for name in ("client.admin", "osd.0", "client.rgw"):
        _tell("ceph-authtool", keyring, "--gen-key", "-n", name, *everything)
    address = f"[v2:127.0.0.1:{monitor}]"
    _tell("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, folder / "monmap")
    _tell("ceph-mon", "-c", config, "-i", "a", "--mkfs", "--monmap", folder / "monmap")
    _tell("ceph-mon", "-c", config, "-i", "a")
    store = str(uuid.uuid4())
    _tell("ceph", "-c", config, "osd", "new", store, "0")
    _tell("ceph", "-c", config, "osd", "crush", "add-bucket", "here", "host")
    _tell("ceph", "-c", config, "osd", "crush", "move", "here", "root=default")
    _tell("ceph", "-c", config, "osd", "crush", "add", "osd.0", "1", "host=here")
    _tell("ceph-osd", "-c", config, "-i", "0", "--mkfs", "--osd-uuid", store)
    _tell("ceph-osd", "-c", config, "-i", "0")
    user = ("--uid=tester", "--display-name=tester", "--access-key=tester", "--secret-key=of-the-tests")
    _tell("radosgw-admin", "-c", config, "user", "create", *user)
    _tell("radosgw", "-c", config, "-n", "client.rgw")


def _answers(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the gateway does not answer")


@contextmanager
def s3(folder: Path) -> Iterator[S3]:
    """A bucket of Ceph's gateway; `folder` has a short name, for its sockets."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"{missing[0]} is not installed (see scripts/packages.txt)")
    gateway = free_port()
    endpoint = f"http://127.0.0.1:{gateway}"
    try:
        _begin(folder, gateway)
        _answers(endpoint)
        login = {"access_key_id": "tester", "secret_access_key": "of-the-tests", "region": "us-east-1"}
        bucket = S3Store("mailbox", endpoint=endpoint, client_options={"allow_http": True}, **login)
        httpx.put(obstore.sign(bucket, "PUT", "", timedelta(minutes=1)), timeout=30).raise_for_status()
        yield S3(
            "s3://mailbox/sealed",
            {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "tester",
                "AWS_SECRET_ACCESS_KEY": "of-the-tests",
                "AWS_REGION": "us-east-1",
                "AWS_ALLOW_HTTP": "true",
            },
        )
    finally:
        for daemon in reversed(DAEMONS):
            pid = folder / "run" / f"{daemon}.pid"
            if pid.exists():
                subprocess.run(["kill", "-9", pid.read_text().strip()], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
