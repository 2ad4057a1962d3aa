"""Runs the programs of one machine as child processes and restarts those that die, with back-off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 3.0  # a child that lived this long did not die of its start: it starts again at once
GRACE_S = 8.0

log = structlog.get_logger()


def nightlatch(*arguments: str) -> list[str]:
    """The command line of one of our own programs."""
    return [sys.executable, "-m", "nightlatch", *arguments]


@dataclass(slots=True)
class Program:
    """One child. It must exit on SIGTERM; it is killed `GRACE_S` later."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_mute: bool = False  # what it prints is for programs, not for people
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    not_before_s: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment, "NIGHTLATCH_PARENT": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.is_mute else None,
            start_new_session=True,  # Ctrl-C reaches the parent only, which then stops the children in order
        )
        self.started_s = time.monotonic()


class Supervisor:
    """Keeps programs running until `stop`."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = list(programs)
        self._stop = threading.Event()

    def stop(self) -> None:
        """End all programs, from any thread or a signal handler."""
        self._stop.set()

    def start(self) -> None:
        """Start every program, in order."""
        for program in self._programs:
            program.start()

    def run(self) -> int:
        """Watch the children until `stop`, then end them in reverse order; 0 when all ended in time."""
        while not self._stop.wait(0.2):
            for program in self._programs:
                self._revive(program)
        status = 0
        for program in reversed(self._programs):
            status |= self._end(program)
        return status

    def _revive(self, program: Program) -> None:
        process = program.process
        if process is not None and process.poll() is None:
            return
        now_s = time.monotonic()
        if process is not None:
            lived_s = now_s - program.started_s
            program.pause_s = FIRST_PAUSE_S if lived_s > STEADY_S else min(LONGEST_PAUSE_S, program.pause_s * 2)
            log.error("program.died", program=program.name, status=process.returncode, again_in_s=program.pause_s)
            program.not_before_s = now_s + program.pause_s
            program.process = None
        if now_s >= program.not_before_s:
            program.start()

    def _end(self, program: Program) -> int:
        process = program.process
        if process is None or process.poll() is not None:
            return 0
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            log.error("program.killed", program=program.name, after_s=GRACE_S)
            process.kill()
            process.wait()
            return 1
        return 0


def stop_on_signals(supervisor: Supervisor) -> None:
    """Let SIGINT and SIGTERM stop the supervisor."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())


def die_with_parent() -> None:
    """End this process when its supervisor is gone (kill -9), so that no orphan holds the vault or the port."""
    parent = os.environ.get("NIGHTLATCH_PARENT")
    if parent is None:
        return
    expected = int(parent)

    def watch() -> None:
        while os.getppid() == expected:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
