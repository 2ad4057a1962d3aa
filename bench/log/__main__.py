"""Measures the log: 50 writers against a witness that takes 200 ms, and 40 readers of receipts beside them.

The log, the witness and the writers are three processes. Printed are entries a second, how long a writer waits, how
many rounds of witnesses and fsyncs that took, and what the readers got meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from nightlatch.ledger.client import encode_leaf
from nightlatch.ledger.cosigners import http_cosigner
from nightlatch.ledger.face import create_log_app, create_witness_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.witness import Witness
from nightlatch.seal.note import COSIGNATURE, make_signer, read_signer, read_verifier
from nightlatch.web import serving

HOST, SECRET = "127.0.0.1", "the secret of this measurement"


MISSING: dict[str, Any] = {}


@dataclass
class Counts:
    """How often something happened in a process."""

    fsyncs: int = 0
    asked: int = 0


@dataclass
class Waits:
    """How long each answer took, in seconds."""

    writers: list[float] = field(default_factory=list)
    readers: list[float] = field(default_factory=list)
    failed: int = 0
    without: int = 0  # receipts that the witness did not cosign
    last: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=50)
    parser.add_argument("--readers", type=int, default=40)
    parser.add_argument("--read-every-s", type=float, default=0.25)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--witness-s", type=float, default=0.2)
    parser.add_argument("--serve", nargs=4, metavar=("ROLE", "FOLDER", "PORT", "OTHER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        role, folder, port, other = given.serve
        _serve(role, Path(folder), int(port), int(other), given.witness_s)
        return
    with tempfile.TemporaryDirectory(prefix="bench-log-") as folder:
        _measure(Path(folder), given)


def _measure(folder: Path, given: argparse.Namespace) -> None:
    for name, signer in (("log", make_signer("bench.example/log")), ("witness", make_signer("w.example", COSIGNATURE))):
        (folder / f"{name}.key").write_text(signer.secret())
        (folder / f"{name}.pub").write_text(str(signer.verifier))
    ports = {role: _free_port() for role in ("log", "witness")}
    command = [sys.executable, "-m", "bench.log", "--witness-s", str(given.witness_s), "--serve"]
    programs = list[subprocess.Popen[bytes]]()
    try:
        for role in ("witness", "log"):
            programs.append(subprocess.Popen([*command, role, str(folder), str(ports[role]), str(ports["witness"])]))
            asyncio.run(Line.to(ports[role]))
        asyncio.run(_play(ports, given))
    finally:
        for program in programs:
            program.terminate()
            program.wait(20)


async def _play(ports: dict[str, int], given: argparse.Namespace) -> None:
    waits = Waits()
    before = {role: await (await Line.to(port)).ask("GET", "/counts") for role, port in ports.items()}
    began = time.monotonic()
    until = began + given.seconds
    await asyncio.gather(
        *(_write(ports["log"], waits, until, n) for n in range(given.writers)),
        *(_read(ports["log"], waits, until, given.read_every_s) for _ in range(given.readers)),
    )
    took_s = time.monotonic() - began
    after = {role: await (await Line.to(port)).ask("GET", "/counts") for role, port in ports.items()}
    entries = len(waits.writers)
    rounds = after["witness"]["asked"] - before["witness"]["asked"]
    fsyncs = after["log"]["fsyncs"] - before["log"]["fsyncs"]
    print(f"{given.writers} writers, a witness that takes {given.witness_s * 1000:.0f} ms, {given.readers} readers")
    print(f"entries/s      {entries / took_s:8.1f}   ({entries} in {took_s:.1f} s, {waits.failed} failed,", end="")
    print(f" {waits.without} without the witness)")
    print(f"a writer waits p50 {_at(waits.writers, 0.5):.2f} s   p99 {_at(waits.writers, 0.99):.2f} s")
    print(f"a reader waits p50 {_at(waits.readers, 0.5):.2f} s   p99 {_at(waits.readers, 0.99):.2f} s", end="")
    print(f"   ({len(waits.readers) / took_s:.0f} receipts/s)")
    print(f"rounds         {rounds:8}   ({rounds / took_s:.1f}/s)")
    print(f"fsyncs         {fsyncs:8}   ({fsyncs / max(1, entries):.2f} an entry)")
    cpu_s = after["log"]["cpu_s"] - before["log"]["cpu_s"]
    print(f"CPU of one     {cpu_s / took_s:8.0%} the log, {time.process_time() / took_s:.0%} this measurement")


async def _write(port: int, waits: Waits, until: float, number: int) -> None:
    line, n = await Line.to(port), 0
    while time.monotonic() < until:
        began, n = time.monotonic(), n + 1
        leaf = f"writer {number} entry {n} ".encode().ljust(200, b".")
        told = await line.ask("POST", "/v1/entries", json.dumps(encode_leaf(leaf)).encode())
        if "index" in told:
            waits.writers.append(time.monotonic() - began)
            waits.last = max(waits.last, told["index"])
            waits.without += "\n— w.example " not in told["receipt"]
        else:
            waits.failed += 1


async def _read(port: int, waits: Waits, until: float, every_s: float) -> None:
    line = await Line.to(port)
    while time.monotonic() < until:
        began = time.monotonic()
        if await line.ask("GET", f"/v1/receipts/{waits.last}") is not MISSING:
            waits.readers.append(time.monotonic() - began)
        await asyncio.sleep(every_s)


@dataclass
class Line:
    """A connection that is kept; an HTTP library's pool of 90 takes 11 ms of CPU for each answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secret: str = SECRET

    @classmethod
    async def to(cls, port: int) -> Line:
        for _ in range(300):
            try:
                return cls(*await asyncio.open_connection(HOST, port))
            except OSError:
                await asyncio.sleep(0.1)
        raise SystemExit(f"Nothing came up at port {port}.")

    async def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """The JSON of an answer, if it is JSON; `MISSING` for any refusal."""
        raw = await self.exchange(method, path, body)
        if raw is None:
            return MISSING
        return json.loads(raw) if raw.startswith(b"{") else {}

    async def exchange(self, method: str, path: str, body: bytes = b"") -> bytes | None:
        """The body of an answer; None for any refusal."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.secret}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        told = await self.reader.readuntil(b"\r\n\r\n")
        length = int(told.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        raw = await self.reader.readexactly(length)
        return raw if told.startswith(b"HTTP/1.1 2") else None


def _serve(role: str, at: Path, port: int, witness_port: int, witness_s: float) -> None:
    counts, real = Counts(), os.fsync

    def fsync(handle: Any) -> None:
        counts.fsyncs += 1
        real(handle)

    os.fsync = fsync  # type: ignore[assignment]
    key = read_signer((at / f"{role}.key").read_text())
    if role == "log":
        cosigner = read_verifier((at / "witness.pub").read_text())
        url = f"http://{HOST}:{witness_port}/add-checkpoint"
        app = create_log_app(Log(at / "log", key), {cosigner: http_cosigner(url)}, SECRET)
    else:
        logs = [read_verifier((at / "log.pub").read_text())]
        app = create_witness_app(Witness(at / "witness", key, logs, _Clock()))
        _slow(app, counts, witness_s)
    app.add_api_route("/counts", lambda: {**asdict(counts), "cpu_s": time.process_time()})
    serving.serve(app, serving.listen(HOST, port, role, None), None)


def _slow(app: FastAPI, counts: Counts, witness_s: float) -> None:
    """Let each answer of a witness take so long."""
    [route] = [each for each in app.routes if getattr(each, "path", "") == "/add-checkpoint"]
    real = route.app  # type: ignore[attr-defined]

    async def slow(scope: object, receive: object, send: object) -> None:
        counts.asked += 1
        await asyncio.sleep(witness_s)
        await real(scope, receive, send)

    route.app = slow  # type: ignore[attr-defined]


class _Clock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def _free_port() -> int:
    listening = serving.listen(HOST, 0, "This measurement", None)
    try:
        return int(listening.getsockname()[1])
    finally:
        listening.close()


def _at(values: list[float], share: float) -> float:
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * share))] if found else float("nan")


if __name__ == "__main__":
    main()
