"""A typed errand: work that serve hands to a niced process of its own, over pipes, with a deadline.

The child is a module that calls `run_child`. It reads one request and the bytes that come with it, says how far it has
got, and ends with one answer and bytes, or with a failure in words. Whatever happens to the child (a crash in a codec,
a hang, too much memory), `send` ends by its deadline and says so. Nothing touches a disk.

    frame: 1 byte kind (S share, A answer, F failure), 4 bytes length, MessagePack; an answer is followed by
    8 bytes length and its bytes. Lengths are big-endian.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Generic, TypeVar

import msgspec
import structlog

from nightlatch.errors import NightlatchError, Reason, SourceError

NICE = 10  # recording goes first
LONGEST_MESSAGE = 1024 * 1024
ENDING_S = 1.0  # for a child that broke off to be gone

log = structlog.get_logger()
Request = TypeVar("Request")
Answer = TypeVar("Answer")


class ErrandFailed(NightlatchError):
    """The errand ended without a result; the text says what to do."""


class TooLong(ErrandFailed):
    """It was not done by its deadline and was stopped."""


class CalledBack(ErrandFailed):
    """Whoever sent it wanted it no longer."""


class Recall:
    """Lets another thread call an errand back; its child is ended at once, or never started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self.is_called = False

    def call(self) -> None:
        """End the errand. Harmless before it is sent and after it is done."""
        with self._lock:
            self.is_called = True
            if self._child is not None:
                self._child.kill()

    def holds(self, child: subprocess.Popen[bytes]) -> None:
        """This is the child to end."""
        with self._lock:
            self._child = child
            if self.is_called:
                child.kill()


class Failure(msgspec.Struct, frozen=True):
    """Why the child could not do it."""

    text: str
    reason: Reason | None = None  # of a camera or film that cannot be read


class Errand(msgspec.Struct, Generic[Request, Answer], frozen=True):
    """What can be asked for: which module does it, what it takes and gives, and how long it may take."""

    module: str  # run with python -m
    request: type[Request]
    answer: type[Answer]
    deadline_s: float
    most_bytes: int  # that may come back with the answer
    broke: str  # what is said when the child ends without a word
    hung: str  # and when it is not done in time

    def send(
        self,
        request: Request,
        body: bytes = b"",
        *,
        on_share: Callable[[float], None] = lambda share: None,
        recall: Recall | None = None,
        command: list[str] | None = None,
    ) -> tuple[Answer, bytes]:
        """Have it done; `on_share` hears 0 to 1, `recall` ends it sooner. `command` is for tests.

        Raises:
            SourceError: the child says that a camera or film cannot be read.
            ErrandFailed: anything else; `TooLong` when its time was up, `CalledBack` when it was called back.
        """
        is_late, recall = threading.Event(), recall or Recall()
        with self._start(command or [sys.executable, "-m", self.module]) as child:
            recall.holds(child)

            def end() -> None:
                is_late.set()
                child.kill()

            timer = threading.Timer(self.deadline_s, end)
            timer.start()
            try:
                return self._talk(child, request, body, on_share)
            except (OSError, msgspec.MsgspecError, EOFError):
                if recall.is_called:
                    raise CalledBack("It was stopped.") from None
                log.warning("errand.broke", errand=self.module, status=_status(child), was_late=is_late.is_set())
                raise (TooLong(self.hung) if is_late.is_set() else ErrandFailed(self.broke)) from None
            finally:
                timer.cancel()
                child.kill()
                if child.stdin is not None:
                    with contextlib.suppress(OSError):  # what it did not read is still there
                        child.stdin.close()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """The child; what it prints when it breaks is nobody's to read: it may hold an address with its password."""
        environment = {**os.environ, "NIGHTLATCH_PARENT": str(os.getpid())}
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, env=environment)
        except OSError as error:  # no memory or no process left
            log.warning("errand.broke", errand=self.module, status=error.strerror, was_late=False)
            raise ErrandFailed(self.broke) from None

    def _talk(
        self, child: subprocess.Popen[bytes], request: Request, body: bytes, on_share: Callable[[float], None]
    ) -> tuple[Answer, bytes]:
        """Raises `OSError`, `EOFError` or `MsgspecError` when the child breaks off or talks nonsense."""
        stdin, stdout = child.stdin, child.stdout
        if stdin is None or stdout is None:
            raise EOFError
        try:
            write_message(stdin, request)
            stdin.write(len(body).to_bytes(8, "big"))
            stdin.write(body)
            stdin.close()
        except BrokenPipeError:
            pass  # it ended early; what it says below tells why
        while True:
            kind, message = read_exactly(stdout, 1), read_message(stdout)
            if kind == b"S":
                on_share(msgspec.msgpack.decode(message, type=float))
            elif kind == b"F":
                failure = msgspec.msgpack.decode(message, type=Failure)
                if failure.reason is not None:
                    raise SourceError(failure.reason, failure.text)
                raise ErrandFailed(failure.text)
            else:
                answer = msgspec.msgpack.decode(message, type=self.answer)
                length = int.from_bytes(read_exactly(stdout, 8), "big")
                if length > self.most_bytes:
                    raise EOFError
                return answer, read_exactly(stdout, length)


def _status(child: subprocess.Popen[bytes]) -> int | None:
    """With what it ended; None when it had to be ended."""
    try:
        return child.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        return None


def run_child(
    errand: Errand[Request, Answer], work: Callable[[Request, bytes, Callable[[float], None]], tuple[Answer, bytes]]
) -> None:
    """The child's main: do the work and say how it went."""
    from nightlatch.supervise import die_with_parent

    die_with_parent()
    os.nice(NICE)
    stdin, out = sys.stdin.buffer, sys.stdout.buffer

    def share(done: float) -> None:
        out.write(b"S")
        write_message(out, round(done, 3))
        out.flush()

    try:
        request = msgspec.msgpack.decode(read_message(stdin), type=errand.request)
        body = read_exactly(stdin, int.from_bytes(read_exactly(stdin, 8), "big"))
        answer, made = work(request, body, share)
    except NightlatchError as error:
        out.write(b"F")
        write_message(out, Failure(str(error), error.reason if isinstance(error, SourceError) else None))
    else:
        out.write(b"A")
        write_message(out, answer)
        out.write(len(made).to_bytes(8, "big"))
        out.write(made)
    out.flush()


def write_message(pipe: IO[bytes], message: object) -> None:
    """Four bytes of length, then MessagePack."""
    raw = msgspec.msgpack.encode(message)
    pipe.write(len(raw).to_bytes(4, "big"))
    pipe.write(raw)


def read_message(pipe: IO[bytes]) -> bytes:
    """Raises `EOFError` where the pipe ends or a length is nonsense."""
    length = int.from_bytes(read_exactly(pipe, 4), "big")
    if length > LONGEST_MESSAGE:
        raise EOFError
    return read_exactly(pipe, length)


def read_exactly(pipe: IO[bytes], length: int) -> bytes:
    """Raises `EOFError` when the pipe ends sooner."""
    raw = pipe.read(length)
    if len(raw) < length:
        raise EOFError
    return raw
