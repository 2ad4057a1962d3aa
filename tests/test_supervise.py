"""Programs that die or hang are started again; those that are well are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from nightlatch import supervise
from nightlatch.supervise import Program, Supervisor
from tests.house import until

BEATS = "from nightlatch.supervise import beat\nimport time\nwhile True:\n    beat()\n    time.sleep(0.05)"
NEVER_BEATS = "import time\ntime.sleep(600)"


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Program]]:
    """Two programs under a supervisor: one that beats, one that does not (an older one, or one that still starts)."""
    monkeypatch.setattr(supervise, "HANGS_S", 2.0)
    programs = [
        Program(name, [sys.executable, "-c", code], beats=True) for name, code in (("a", BEATS), ("b", NEVER_BEATS))
    ]
    supervisor = Supervisor(programs)
    supervisor.start()
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    yield programs
    supervisor.stop()
    thread.join()


def test_a_program_that_is_stopped_is_ended_and_started_again(running: list[Program]) -> None:
    beats, silent = running
    until(lambda: beats.still_s == 0.0, "the first beat", 20)
    first, other = beats.process, silent.process
    assert first is not None
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: beats.process is not None and beats.process is not first, "another process", 20)
    assert first.returncode == -signal.SIGKILL
    until(lambda: beats.still_s == 0.0, "its first beat", 20)
    assert silent.process is other
    assert silent.still_s is None


def test_a_program_without_a_supervisor_beats_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(supervise.PULSE, raising=False)
    supervise.beat()
    monkeypatch.setenv(supervise.PULSE, "987654")
    supervise.beat()


STOPPED_AT_ANY_MOMENT = """
import signal
from nightlatch import supervise
supervise.TICK_S = 1e-5
for moment in range(3_000):
    supervisor = supervise.Supervisor([])
    signal.signal(signal.SIGALRM, lambda *_: supervisor.stop())
    signal.setitimer(signal.ITIMER_REAL, 3e-4 + moment % 50 * 1e-5)
    supervisor.run()
"""


def test_a_signal_ends_a_supervisor_at_whatever_moment_it_comes() -> None:
    subprocess.run([sys.executable, "-c", STOPPED_AT_ANY_MOMENT], check=True, timeout=60)
