"""A whole programme for stories: log, witness, keeper and review room as the real programs, set up by command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.house import free_port, until

NOTICE = (
    "Two or three people of the programme look at this clip and say what is in it: a burglar, a visitor, a pet.\n\n"
    "It is used to label it, and to teach the eye with these labels; for nothing else.\n\n"
    "It is kept for a year at most. You see every look here. You can take it back at any time, here, with one click: "
    "nobody sees it any more within seconds, and its key is destroyed within a minute."
)


@dataclass
class Programme:
    """Everything lies in `folder`; all ports are free ones."""

    folder: Path
    log_port: int = field(default_factory=free_port)
    witness_port: int = field(default_factory=free_port)
    keeper_port: int = field(default_factory=free_port)
    review_port: int = field(default_factory=free_port)
    revocations_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    log_key: str = ""
    witness_key: str = ""
    programme_key: str = ""
    hub_key: str = ""  # of a household whose hub makes the quorum, too

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.review_port}"

    @property
    def config(self) -> Path:
        return self.folder / "nightlatch.toml"

    @property
    def policy(self) -> str:
        hub = f"witness home {self.hub_key}\n" if self.hub_key else ""
        quorum = 2 if self.hub_key else 1
        numbers = f"quorum {quorum}\nmax-age-s 600\nhouseholds 1\n"
        return f"log {self.log_key}\nwitness friend {self.witness_key}\n{hub}{numbers}"

    def tell(self, *words: str) -> str:
        """Run one command; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "nightlatch", *words], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"nightlatch {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def set_up(self) -> None:
        """Keys, two administrators, one configuration."""
        self.folder.mkdir(parents=True)
        self.log_key = self.tell("log", "keys", "programme.test/log", "log.key").strip()
        self.witness_key = self.tell("log", "keys", "friend.test/witness", "witness.key", "--witness").strip()
        (self.folder / "writers.secret").write_text("what writers of this log show")
        (self.folder / "policy").write_text(self.policy)
        public = {name: self.tell("programme", "key", f"{name}.key").strip() for name in ("anna", "ben")}
        admins = [word for name, key in public.items() for word in ("--admin", f"{name}={key}")]
        shared = f'log_url = "http://127.0.0.1:{self.log_port}"\nlog_secret = "{self.folder / "writers.secret"}"\n'
        printed = self.tell("programme", "init", *admins, "--data", "review")
        self.programme_key = re.findall(r'programme_key = "([^"]+)"', printed)[0]
        keys = ", ".join(f'"{key}"' for key in public.values())
        self.config.write_text(
            f'[review]\nport = {self.review_port}\ndata_dir = "{self.folder / "review"}"\norigin = "{self.origin}"\n'
            f'programme_key = "{self.programme_key}"\nkeeper_url = "http://127.0.0.1:{self.keeper_port}"\n'
            f'keeper_page_url = "ws://localhost:{self.keeper_port}"\n'
            f'keeper_secret = "{self.folder / "keeper" / "face.secret"}"\n{shared}'
            f"[keeper]\nport = {self.keeper_port}\nrevocations_port = {self.revocations_port}\n"
            f'data_dir = "{self.folder / "keeper"}"\n'
            f'programme_key = "{self.programme_key}"\nadministrators = [{keys}]\nreview_origin = "{self.origin}"\n'
            f'opens_minute = 0\ncloses_minute = 1440\nlog_policy = "{self.folder / "policy"}"\n'
            f'invitation = "{self.folder / "invitation.json"}"\n{shared}'
        )
        (self.folder / "invitation.json").write_text(self.invitation())

    def start(self) -> None:
        """The four programs, each as soon as the one it needs is there."""
        at = f"http://127.0.0.1:{self.witness_port}/add-checkpoint"
        self._run(
            "log",
            "witness",
            "--data",
            "witness",
            "--key",
            "witness.key",
            "--log",
            self.log_key,
            *self._port(self.witness_port),
        )
        self._answers(f"http://127.0.0.1:{self.witness_port}/", 404)
        self._run(
            *("log", "serve", "--data", "log", "--key", "log.key", "--secret", "writers.secret"),
            *("--witness", f"{self.witness_key}={at}", *self._port(self.log_port)),
            *(("--witness", self.hub_key) if self.hub_key else ()),
        )
        self._answers(f"http://127.0.0.1:{self.log_port}/checkpoint", 200)
        self._run("keeper", "serve", "--config", str(self.config))
        self._answers(f"http://127.0.0.1:{self.keeper_port}/healthz", 200)
        self._run("review", "serve", "--config", str(self.config))
        self._answers(f"{self.origin}/", 200)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    def invitation(self) -> str:
        """What a household pastes."""
        return json.dumps(
            {
                "name": "The test programme",
                "keeper_url": f"http://127.0.0.1:{self.keeper_port}",
                "log_url": f"http://127.0.0.1:{self.log_port}",
                "revocations_url": f"http://127.0.0.1:{self.revocations_port}",
                "programme_key": self.programme_key,
                "policy": self.policy,
                "notice": NOTICE,
                "language": "en",
            }
        )

    def invite(self) -> str:
        """A link for one reviewer."""
        return self.tell("programme", "invite", "--config", str(self.config)).strip()

    def signed(self, change: str) -> None:
        """Both administrators sign; it is logged, the keeper is told, it holds."""
        for name in ("anna", "ben"):
            self.tell("programme", "sign", change, "--key", f"{name}.key", "--yes", "--config", str(self.config))

    def said(self) -> str:
        """What the programs printed, for failures."""
        return (self.folder / "said").read_text()[-6000:]

    def _port(self, port: int) -> tuple[str, str]:
        return ("--port", str(port))

    def _run(self, *words: str) -> None:
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "nightlatch", *words],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                env={**os.environ, "TMPDIR": str(self.folder)},
            )
        self.processes.append(process)

    def _answers(self, url: str, status: int) -> None:
        def asked() -> bool:
            if self.processes[-1].poll() is not None:
                raise RuntimeError(self.said())
            try:
                return httpx.get(url, timeout=5).status_code == status
            except httpx.TransportError:
                return False

        until(asked, url, 120)  # five programs start beside whatever else this machine does


@contextmanager
def programme(folder: Path, **more: str) -> Iterator[Programme]:
    """A running programme that is stopped whatever happens."""
    made = Programme(folder, **more)
    made.set_up()
    try:
        made.start()
        yield made
    finally:
        made.stop()
