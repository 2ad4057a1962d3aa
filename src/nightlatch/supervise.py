"""Runs the programs of one machine as child processes and restarts those that die or hang, with back-off.

A program that `beats` has a pipe to its supervisor and writes a byte into it every few seconds, from the loop that
matters. One that wrote before and no longer does is killed: it cannot end itself when it is stopped, or stuck.
"""

from __future__ import annotations

import contextlib
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
STEADY_S = 3.0  # a child that lived this long did not fail to start: it is started again at once
GRACE_S = 8.0
HANGS_S = 20.0  # without a beat; the longest stop of a healthy recorder is a disk that wakes up, some 8 s
TICK_S = 0.2
PULSE = "NIGHTLATCH_PULSE"  # the number of the pipe's end, in the child's environment

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
    beats: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    not_before_s: float = 0.0
    still_s: float | None = None  # how long there was no beat, counted in ticks of ours; None before the first
    pulse: int | None = None  # our end of the pipe

    def start(self) -> None:
        environment = {**os.environ, **self.environment, "NIGHTLATCH_PARENT": str(os.getpid())}
        ends: tuple[int, ...] = ()
        if self.beats:
            self.close_pulse()
            self.pulse, end = os.pipe()
            os.set_blocking(self.pulse, False)
            os.set_blocking(end, False)
            ends, environment[PULSE] = (end,), str(end)
        try:
            self.process = subprocess.Popen(
                self.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if self.is_mute else None,
                start_new_session=True,  # Ctrl-C reaches the parent only, which then stops the children in order
                pass_fds=ends,
            )
        finally:
            for end in ends:
                os.close(end)
        self.started_s, self.still_s = time.monotonic(), None

    def hangs(self, tick_s: float) -> bool:
        """Whether it beat once and has not for `HANGS_S`, by ticks: time in which we were stopped does not count."""
        if self.pulse is None:
            return False
        with contextlib.suppress(BlockingIOError):
            if os.read(self.pulse, 4096):
                self.still_s = 0.0
                return False
        if self.still_s is not None:
            self.still_s += tick_s
        return self.still_s is not None and self.still_s > HANGS_S

    def close_pulse(self) -> None:
        """Let go of the pipe."""
        if self.pulse is not None:
            os.close(self.pulse)
        self.pulse = None


class Supervisor:
    """Keeps programs running until `stop`."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = list(programs)
        self._is_stopping = False  # no lock: a signal may come while its own thread holds one

    def stop(self) -> None:
        """End all programs, from any thread or a signal handler."""
        self._is_stopping = True

    def start(self) -> None:
        """Start every program, in order."""
        for program in self._programs:
            program.start()

    def run(self) -> int:
        """Watch the children until `stop`, then end them in reverse order; 0 when all ended in time."""
        while not self._is_stopping:
            for program in self._programs:
                self._revive(program)
            time.sleep(TICK_S)
        status = 0
        for program in reversed(self._programs):
            status |= self._end(program)
            program.close_pulse()
        return status

    def _revive(self, program: Program) -> None:
        process = program.process
        if process is not None and process.poll() is None:
            if not program.hangs(TICK_S):
                return
            log.error("program.hangs", program=program.name, after_s=HANGS_S)
            process.kill()  # one that is stopped takes no other signal
            process.wait()
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


def beat() -> None:
    """Tell the supervisor that this process is alive; must return at once, nothing without a supervisor."""
    end = os.environ.get(PULSE)
    if end is not None:
        with contextlib.suppress(OSError):  # the pipe is full, or nobody reads it any more
            os.write(int(end), b".")


def is_orphan() -> bool:
    """Whether there was a supervisor, and it is gone: this process then ends without anybody having wanted that."""
    parent = os.environ.get("NIGHTLATCH_PARENT")
    return parent is not None and os.getppid() != int(parent)


def die_with_parent() -> None:
    """End this process once its supervisor is gone (kill -9), so that no orphan holds the vault or the port."""
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
