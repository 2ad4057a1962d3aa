"""What each program's own OpenAPI description promises to read, sent to it with real credentials: no 500, no growth.

    python -m tests.drills.schemas [--seconds 300] [--only hub]

Each program runs as a process of its own, with a signed-in session, a signed household or a secret. Schemathesis makes
requests that fit its description and requests that nearly do, on every route; none may be answered with 500, and all
of them together may not make the program grow.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, Verbosity, given, settings

from nightlatch.web.signature import sign
from tests.clocks import TestClock
from tests.house import House
from tests.serving import served

NAMES = ("hub", "mailbox", "keeper", "review", "log")
MOST_GROWTH_MIB = 40.0
EXAMPLES = 5  # of one route, in one round, of each kind
FAILED = (500, 501, 505, 507)  # 502 and 503 say that another program is away, or that too much is on its way
ENDS = ("/api/logout", "/api/lock", "/api/passphrase", "/api/recovery")  # what would end the session
REACHES_OUT = ("/api/cameras", "/api/cameras/test", "/api/cameras/{camera_id}")  # asks addresses on the network
ENDLESS = ("/api/feed",)  # server-sent events
SECRET = "a-secret-of-this-drill"


@dataclass
class Found:
    """What one program answered."""

    name: str
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)  # route and status → the request
    before_mib: float = 0.0
    after_mib: float = 0.0

    def __str__(self) -> str:
        seen = ", ".join(f"{status} {count}" for status, count in sorted(self.statuses.items()))
        grown = f"{self.before_mib:.0f} → {self.after_mib:.0f} MiB"
        return "\n".join([f"{self.name:8} {self.statuses.total():6} requests   {grown}   {seen}", *self.wrong.values()])


# ---- the programs -------------------------------------------------------------------------------------------------


@contextmanager
def _hub(folder: Path) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from nightlatch.hub.serve.app import create_app
    from nightlatch.hub.settings import HubSettings

    yield create_app(HubSettings(data_dir=folder / "hub"), TestClock()), {"X-Nightlatch": "1"}


@contextmanager
def _mailbox(folder: Path) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from nightlatch.cloud.app import create_app
    from nightlatch.cloud.serve import MIGRATIONS
    from nightlatch.cloud.settings import CloudSettings

    yield create_app(CloudSettings(data_dir=folder / "cloud"), TestClock(), MIGRATIONS), {}


@contextmanager
def _keeper(folder: Path) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from nightlatch.keeper.app import create_app
    from tests.keeper.house import ORIGIN, house

    with house(folder / "keeper", idle_ms=10**9) as home:
        home.give()
        headers = {"Authorization": f"Bearer {SECRET}", "X-Nightlatch-Session": home.reviewer().token}
        yield create_app(home.room, home.passkeys, ORIGIN, SECRET), headers


@contextmanager
def _review(folder: Path) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from tests.review.rooms import Page, whole_room

    with whole_room(folder) as room:
        page = Page(room)
        for _ in range(3):
            room.house.give()
        page.enter(room.reviewer()).raise_for_status()
        yield room.app, {name: page.http.headers[name] for name in ("x-nightlatch", "origin", "cookie")}


@contextmanager
def _log(folder: Path) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    from nightlatch.ledger.face import create_log_app
    from nightlatch.ledger.log import Log
    from nightlatch.seal.note import make_signer

    with Log(folder / "log", make_signer("example.org/log")) as ledger:
        yield create_log_app(ledger, {}, SECRET), {"Authorization": f"Bearer {SECRET}"}


MADE: dict[str, Callable[[Path], AbstractContextManager[tuple[FastAPI, dict[str, str]]]]] = {
    "hub": _hub,
    "mailbox": _mailbox,
    "keeper": _keeper,
    "review": _review,
    "log": _log,
}


def serve(name: str, folder: Path) -> None:
    """Serve one program until this process's input ends; say where it is and what it reads."""
    with MADE[name](folder) as (app, headers), served(app) as url:
        if name == "hub":
            home = House(folder, port=urlsplit(url).port or 0)
            home.set_up()
            headers |= {"Cookie": "; ".join(f"{each}={value}" for each, value in home.client.cookies.items())}
        print(json.dumps({"url": url, "headers": headers, "openapi": app.openapi()}), flush=True)
        sys.stdin.read()


# ---- asking them --------------------------------------------------------------------------------------------------


class Client:
    """Sends what schemathesis made; signs it for the mailbox, and comes from another address now and then."""

    def __init__(self, told: dict[str, Any], name: str) -> None:
        self.url, self.headers = told["url"], told["headers"]
        self._key = Ed25519PrivateKey.generate() if name == "mailbox" else None
        self._count = 0
        self._http = httpx.Client(timeout=30)
        if self._key is not None:
            self._enrol(self._key)

    def send(self, case: schemathesis.Case) -> httpx.Response | None:
        """The answer; None for a request that HTTP cannot carry."""
        self._count += 1
        if self._count % 30 == 0:  # an address that sends many bad requests has to wait
            n = self._count // 30 % 60_000
            self._http.close()
            transport = httpx.HTTPTransport(local_address=f"127.{10 + n // 10_000}.{n // 250 % 40}.{n % 250 + 1}")
            self._http = httpx.Client(timeout=30, transport=transport)
        try:
            made = requests.Request(**case.as_transport_kwargs(base_url=self.url)).prepare()
            body = made.body.encode() if isinstance(made.body, str) else bytes(made.body or b"")
            url = httpx.URL(made.url or "")
            headers = dict(made.headers) | self.headers
            if self._key is not None:
                path, _, query = url.raw_path.decode().partition("?")
                now_s = int(time.time())
                headers |= sign(self._key, made.method or "", path, query, sha256(body).digest(), now_s)
            return self._http.request(made.method or "", url, content=body, headers=headers)
        except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError, requests.RequestException):
            return None

    def _enrol(self, hub: Ed25519PrivateKey) -> None:
        from tests.cloud.clouds import Cloud

        Cloud(self.url, TestClock(), Path(), hub).enrol().raise_for_status()


def fuzz(name: str, folder: Path, seconds: float, examples: int = EXAMPLES) -> Found:
    """Send rounds of requests to one program for so long; with 0, one round."""
    found = Found(name)
    words = [sys.executable, "-m", "tests.drills.schemas", "--serve", name, "--folder", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            told = json.loads(next(each for each in program.stdout if each.startswith(b'{"url"')))
            threading.Thread(target=_drain, args=(program.stdout.fileno(),), daemon=True).start()
            client, schema = Client(told, name), schemathesis.openapi.from_dict(told["openapi"])
            routes = [each.ok() for each in schema.get_all_operations()]
            began_s = time.monotonic()
            while not found.statuses or time.monotonic() < began_s + seconds:
                for route in random.sample(routes, len(routes)):
                    spent_s = time.monotonic() - began_s
                    if not found.before_mib and found.statuses and spent_s >= seconds / 4:
                        found.before_mib = _held(program.pid)
                    if 0 < seconds < spent_s:
                        break
                    if route.path not in (*ENDS, *REACHES_OUT, *ENDLESS):
                        _ask(route, client, found, examples)
            found.after_mib = _held(program.pid)
        finally:
            program.stdin.close()
            program.wait(30)
    if found.after_mib - found.before_mib > MOST_GROWTH_MIB:
        found.wrong["growth"] = f"it grew by {found.after_mib - found.before_mib:.0f} MiB"
    return found


def _drain(pipe: int) -> None:
    """Read on what a program logs, so that it never waits for us."""
    while os.read(pipe, 65536):
        pass


def _ask(route: Any, client: Client, found: Found, examples: int) -> None:
    """Some requests to one route, half of them as described."""
    from schemathesis.generation import GenerationMode

    for mode in GenerationMode:

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            verbosity=Verbosity.quiet,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=route.as_strategy(generation_mode=mode))
        def once(case: schemathesis.Case) -> None:
            answer = client.send(case)
            if answer is None:
                return
            found.statuses[answer.status_code] += 1
            if answer.status_code in FAILED:
                said = f"{answer.request.method} {answer.request.url} {answer.request.content[:300]!r}"
                found.wrong.setdefault(
                    f"{route.label} {answer.status_code}", f"  {route.label}: {answer.status_code} for {said}"
                )

        try:
            once()
        except Exception as error:  # a route for which nothing can be generated in this mode
            if "Unsatisfiable" not in type(error).__name__:
                raise


def _held(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--serve", choices=NAMES)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(arguments)
    if asked.serve is not None:
        serve(asked.serve, asked.folder)
        return 0
    is_wrong = False
    for name in NAMES if asked.only is None else (asked.only,):
        with tempfile.TemporaryDirectory(prefix="schemas-") as folder:
            found = fuzz(name, Path(folder), asked.seconds)
        print(found, flush=True)
        is_wrong = is_wrong or bool(found.wrong)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
