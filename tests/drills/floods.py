"""The five programs, as real processes, under floods from many addresses: what each holds, and who is served meanwhile.

    python -m tests.drills.floods [--seconds 15] [--only keeper]

For each flood (`flooding.KINDS`) somebody asks an ordinary thing of that program again and again, from an address of
their own; of the keeper, that a clip be taken back, at each of its two faces. In the end:
- every one of them was answered, within `LATEST_S`;
- no program held more than `MOST_GROWTH_MIB` more than before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from tests.drills import strangers
from tests.house import House, house
from tests.programme import Programme, programme

MOST_GROWTH_MIB = 80.0
LATEST_S = 5.0
EVERY_S = 0.2
WARM_S = 1.0  # a flood has all its connections by then
KINDS = ("idle", "heads", "bodies", "unread", "large")


@dataclass(frozen=True, slots=True)
class Target:
    """One program, what is asked of it, and where a stranger would send a large body."""

    name: str
    url: str
    pid: int
    path: str
    kinds: Sequence[str]
    asks: dict[str, Callable[[httpx.Client], httpx.Response]]


@dataclass(slots=True)
class Found:
    """What one flood did to one program."""

    target: str
    kind: str
    before_mib: float
    peak_mib: float = 0.0
    after_mib: float = 0.0
    opened: int = 0
    answers: dict[str, int] = field(default_factory=dict)  # of the flood
    waited_s: dict[str, list[float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        slow = [f"{ask}: {max(took):.1f} s" for ask, took in self.waited_s.items() if took and max(took) > LATEST_S]
        unasked = [f"{ask}: never answered" for ask, took in self.waited_s.items() if not took]
        large = [f"{self.peak_mib - self.before_mib:.0f} MiB more"] if self.growth > MOST_GROWTH_MIB else []
        return [f"{self.target}, {self.kind}: {each}" for each in [*slow, *unasked, *large, *self.failed]]

    @property
    def growth(self) -> float:
        return self.peak_mib - self.before_mib

    def rows(self) -> Iterator[str]:
        flooders = ", ".join(f"{status} {count}" for status, count in sorted(self.answers.items()))
        for ask, took in self.waited_s.items():
            times = f"{1000 * median(took):6.0f} {1000 * max(took):8.0f}" if took else "     –        –"
            yield (
                f"{self.target:8} {self.kind:7} {self.opened:6} {self.before_mib:7.0f} {self.peak_mib:6.0f} "
                f"{self.after_mib:6.0f}   {ask:28} {len(took):5} {times} {len(self.failed):7}   {flooders}"
            )


HEADING = (
    f"{'program':8} {'flood':7} {'opened':>6} {'before':>7} {'peak':>6} {'after':>6}   "
    f"{'asked meanwhile':28} {'count':>5} {'median':>6} {'slowest':>8} {'failed':>7}   answers to the flood\n"
    f"{'':8} {'':7} {'':6} {'MiB':>7} {'MiB':>6} {'MiB':>6}   {'':28} {'':5} {'ms':>6} {'ms':>8}"
)


def drill(target: Target, kind: str, seconds: float) -> Found:
    """Flood one program for some seconds, and ask things of it."""
    Path(f"/proc/{target.pid}/clear_refs").write_text("5")  # the peak is counted from here
    found = Found(target.name, kind, _held(target.pid, "VmRSS"), waited_s={ask: [] for ask in target.asks})
    words = [sys.executable, "-m", "tests.drills.flooding", kind, target.url, target.path, str(seconds + WARM_S)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as flooding:
        time.sleep(WARM_S)
        until_s = time.monotonic() + seconds
        n = 0
        while time.monotonic() < until_s:
            for ask in target.asks:
                n += 1
                _ask(target, ask, n, found)
            time.sleep(EVERY_S)
        assert flooding.stdout is not None
        told = json.loads(flooding.stdout.read())
    found.opened, found.answers = told["opened"], told["answers"]
    found.peak_mib, found.after_mib = _held(target.pid, "VmHWM"), _held(target.pid, "VmRSS")
    return found


def _ask(target: Target, ask: str, n: int, found: Found) -> None:
    transport = httpx.HTTPTransport(local_address=f"127.9.{n // 200}.{n % 200 + 1}")
    with httpx.Client(base_url=target.url, transport=transport, timeout=10) as client:
        began_s = time.monotonic()
        try:
            answer = target.asks[ask](client)
        except httpx.HTTPError as error:
            found.failed.append(f"{ask}: {type(error).__name__}")
            return
        found.waited_s[ask].append(time.monotonic() - began_s)
        if answer.status_code >= 300:
            found.failed.append(f"{ask}: {answer.status_code} {answer.text[:100]}")


@contextmanager
def targets(folder: Path) -> Iterator[list[Target]]:
    """The five programs, running."""
    with programme(folder / "programme") as running, house(folder / "house", program="up") as home:
        yield [_hub(home), _mailbox(home), *_programme(running)]


def _hub(home: House) -> Target:
    home.set_up()
    asks = {"GET /api/state": lambda client: client.get("/api/state")}
    return Target("hub", home.address, _pid(home.data / "hub"), "/api/login", KINDS, asks)


def _mailbox(home: House) -> Target:
    url = f"http://127.0.0.1:{home.cloud_port}"
    asks = {"GET /healthz": lambda client: client.get("/healthz")}
    return Target("mailbox", url, _pid(home.data / "cloud"), "/v1/clips/a/b", KINDS, asks)


def _programme(running: Programme) -> Iterator[Target]:
    log, keeper, review = (process.pid for process in running.processes[1:])
    at = {name: f"http://127.0.0.1:{getattr(running, f'{name}_port')}" for name in ("log", "keeper", "revocations")}

    def take_back(url: str) -> Callable[[httpx.Client], httpx.Response]:
        donation = httpx.post(f"{at['keeper']}/v1/donations", timeout=10).json()["donation"]

        def asked(client: httpx.Client) -> httpx.Response:
            headers = {"Content-Type": "application/json"}
            return client.post(f"{url}/v1/revocations", content=strangers.withdrawal(donation), headers=headers)

        return asked

    asks = {"revoke, own face": take_back(at["revocations"]), "revoke, main face": take_back(at["keeper"])}
    asks["POST /v1/donations"] = lambda client: client.post("/v1/donations")
    yield Target("keeper", at["keeper"], keeper, f"/v1/donations/{'ef' * 16}/film", KINDS, asks)
    yield Target("keeper", at["keeper"], keeper, running.programme_key, ("films",), asks)
    own = {"revoke, own face": asks["revoke, own face"]}
    yield Target("keeper²", at["revocations"], keeper, "/v1/revocations", KINDS, own)
    yield Target("log", at["log"], log, "/v1/entries", KINDS, {"GET /checkpoint": lambda c: c.get("/checkpoint")})
    headers = {"X-Nightlatch": "1", "Origin": running.origin}
    asks = {"POST /api/challenge": lambda client: client.post("/api/challenge", headers=headers)}
    yield Target("review", f"http://127.0.0.1:{running.review_port}", review, "/api/login", KINDS, asks)


def _pid(folder: Path) -> int:
    return int(json.loads((folder / "serve.json").read_text())["pid"])


def _held(pid: int, name: str) -> float:
    """MiB: `VmRSS` now, `VmHWM` at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def run(folder: Path, seconds: float, only: str | None = None) -> Iterator[Found]:
    """All floods of all programs, one after the other."""
    with targets(folder) as running:
        for target in running:
            for kind in target.kinds if only in (None, target.name) else ():
                yield drill(target, kind, seconds)


def table(found: Sequence[Found]) -> str:
    return "\n".join([HEADING, *(row for each in found for row in each.rows())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--only")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="floods-") as folder:
        print(HEADING)
        found = []
        for each in run(Path(folder), asked.seconds, asked.only):
            found.append(each)
            print("\n".join(each.rows()), flush=True)
    wrong = [line for each in found for line in each.wrong]
    print("\n".join(wrong) if wrong else "Everybody was answered, and nothing grew.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
