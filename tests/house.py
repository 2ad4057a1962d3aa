"""A whole house for tests: the real programs as child processes, on free ports, in a folder of its own."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from nightlatch.domain.passphrase import Kdf
from nightlatch.owner.keys import OwnerKeys, derive, wrap

Found = TypeVar("Found")
PASSPHRASE = "correct horse battery"
SETTLE_S = 60.0


def until(question: Callable[[], Found], what: str, timeout_s: float = SETTLE_S) -> Found:
    """The first truthy answer. Raises `TimeoutError` naming `what` when none comes in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {timeout_s:.0f} s")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """`nightlatch up` in a folder, or less of it. `start` and `stop` may be called again and again."""

    folder: Path
    program: Literal["up", "hub", "serve"] = "up"  # without the mailbox; without watching
    demo: bool = False
    clock_offset_s: int = 0
    config: Path | None = None
    words: tuple[str, ...] = ()  # before the command
    port: int = field(default_factory=free_port)
    cloud_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    keys: OwnerKeys = field(default_factory=lambda: OwnerKeys(secrets.token_bytes(32)))
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.address, headers={"X-Nightlatch": "1"}, timeout=20)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What a person would have seen on the terminal."""
        return self.folder / "log"

    @property
    def logging(self) -> Path:
        """Where the programs of the hub write what they do."""
        return self.data / "hub" / "logging"

    def start(self) -> None:
        self.launch()
        until(self.answers, "the page answering")

    def launch(self) -> None:
        """Start it, and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                stdout=log,
                stderr=log,
                env={**os.environ, "NIGHTLATCH_CLOCK_OFFSET_S": str(self.clock_offset_s)},
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        config = self.config or self.folder / "house.toml"
        if self.config is None:
            config.write_text('[hub]\ndetector = "ssd"\n')  # the default, without what it would download
        whole = ("up", "--data", str(self.data), "--cloud-port", str(self.cloud_port))
        hub = ("hub", "--data", str(self.data / "hub"), *(("--role", "serve") if self.program == "serve" else ()))
        return [
            *(sys.executable, "-m", "nightlatch", *self.words, *(whole if self.program == "up" else hub)),
            *("--port", str(self.port), "--demo" if self.demo else "--no-demo"),
            *("--config", str(config)),
        ]

    def answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"nightlatch {self.program} ended: {self.log.read_text()[-3000:]}")
        try:
            return self.client.get("/api/state").is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        self.process = None

    def children(self, role: str) -> list[int]:
        """Process ids of one program of this house: `watch`, `serve` or `cloud`."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue
            if str(self.data).encode() in b"\0".join(words) and role.encode() in words and b"up" not in words:
                found.append(int(entry.parent.name))
        return found

    def set_up(self, name: str = "Test house") -> None:
        """Make a household as the page does, and sign in."""
        kdf = Kdf("argon2id", m_kib=65536, t=3, p=1, salt=base64.b64encode(bytes(16)).decode())
        wrap_key, login_key = derive(PASSPHRASE, kdf)
        answer = self.client.post(
            "/api/household",
            json={
                "name": name,
                "kdf": asdict(kdf),
                "login_key": base64.b64encode(login_key).decode(),
                "wrapped_root": wrap(self.keys.root, wrap_key),
                "recipient": self.keys.recipient,
                "signing_key": self.keys.signing_public_b64,
                "device_name": "test",
            },
        )
        answer.raise_for_status()
        made = answer.json()
        statement = f"nightlatch enrol v1\n{made['household']['id']}\n{made['hub_key']}".encode()
        signature = base64.b64encode(self.keys.sign(statement)).decode()
        self.client.post("/api/household/enrolment", json={"signature": signature}).raise_for_status()

    def add_camera(self, name: str, url: str, **more: str) -> dict[str, Any]:
        answer = self.client.post("/api/cameras", json={"name": name, "url": url, **more})
        answer.raise_for_status()
        return dict(answer.json())

    def clips(self) -> list[dict[str, Any]]:
        now_ms = int((time.time() + self.clock_offset_s) * 1000)
        answer = self.client.get("/api/clips", params={"from_ms": 0, "to_ms": now_ms + 86_400_000})
        answer.raise_for_status()
        return list(answer.json())

    def home(self) -> dict[str, Any]:
        return dict(self.client.get("/api/home").raise_for_status().json())

    def files(self) -> list[Path]:
        """Every file of hub and cloud."""
        return sorted(p for p in self.data.rglob("*") if p.is_file())


@contextmanager
def house(folder: Path, **more: Any) -> Iterator[House]:
    """A running house that is stopped whatever happens."""
    made = House(folder, **more)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def describe(value: object) -> str:
    """`value` as indented JSON, for messages of failed tests."""
    return json.dumps(value, indent=1, default=str)
