"""A watch process's end of the wire: sends from a thread of its own and never makes recording wait."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from pathlib import Path

import msgspec

from nightlatch.hub.wire.notices import LONGEST, CamerasChanged, Hello, Missed, Notice, decode, frame, lasting

WAITING = 4_096  # notices for a serve that is away; 16 cameras with open clips make some 50 a second
REMEMBERED = 1_024  # lasting ones, repeated to a new serve; the oldest outages go first
RETRY_S = 0.5


class NoticeClient:
    """While serve is slow or gone notices wait; when there is no room the oldest go, and Missed says how many."""

    def __init__(self, path: Path, heard: Callable[[Notice], None], hello: Callable[[], Hello]) -> None:
        """`heard` runs in a thread of the client; `hello` is asked at each connection."""
        self._path = path
        self._heard = heard
        self._hello = hello
        self._lock = threading.Lock()
        self._waiting: deque[Notice | tuple[Hashable, ...]] = deque()  # a tuple is the key of a lasting one
        self._lasting: OrderedDict[Hashable, Notice] = OrderedDict()
        self._unsent: set[Hashable] = set()  # keys that wait
        self._missed = 0
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected until `close`."""
        self._thread.start()

    def send(self, notice: Notice) -> None:
        """Queue a notice; never blocks. Of a lasting one only the newest is sent."""
        key = lasting(notice)
        with self._lock:
            if key is None:
                self._waiting.append(notice)
            else:
                self._lasting[key] = notice
                while len(self._lasting) > REMEMBERED:
                    self._unsent.discard(self._lasting.popitem(last=False)[0])
                if key not in self._unsent:
                    self._unsent.add(key)
                    self._waiting.append((key,))
            while len(self._waiting) > WAITING:
                self._drop(self._waiting.popleft())
        self._wake.set()

    def close(self) -> None:
        """Send what waits, for two seconds at most, and stop."""
        self._closing = True
        self._wake.set()
        self._thread.join(2.0)

    def _drop(self, waiting: Notice | tuple[Hashable, ...]) -> None:
        if isinstance(waiting, tuple):
            self._unsent.discard(waiting[0])
        self._missed += 1

    def _take(self) -> Notice | None:
        """The next notice that waits."""
        with self._lock:
            if self._missed:
                count, self._missed = self._missed, 0
                return Missed(count)
            while self._waiting:
                waiting = self._waiting.popleft()
                if not isinstance(waiting, tuple):
                    return waiting
                self._unsent.discard(waiting[0])
                if (found := self._lasting.get(waiting[0])) is not None:
                    return found
        return None

    def _again(self) -> None:
        """Serve may be a new one that knows nothing yet: all that lasts waits again."""
        with self._lock:
            for key in self._lasting:
                if key not in self._unsent:
                    self._unsent.add(key)
                    self._waiting.append((key,))

    def _run(self) -> None:
        while not self._closing:
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(str(self._path))
                    line.sendall(frame(self._hello()))
                    self._again()
                    self._talk(line)
                except OSError:
                    pass
                with contextlib.suppress(OSError):  # the listening thread keeps the socket open otherwise
                    line.shutdown(socket.SHUT_RDWR)
            if not self._closing:
                self._wake.wait(RETRY_S)
                self._wake.clear()

    def _talk(self, line: socket.socket) -> None:
        """Send until the connection breaks. Raises `OSError`; the notice in hand goes with it."""
        listener = threading.Thread(target=self._listen, args=(line,), name="hearing", daemon=True)
        listener.start()
        while listener.is_alive():
            while (notice := self._take()) is not None:
                try:
                    line.sendall(frame(notice))
                except OSError:
                    with self._lock:
                        self._missed += 1
                    raise
            if self._closing:
                return
            self._wake.wait(RETRY_S)
            self._wake.clear()

    def _listen(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                length = int.from_bytes(head, "big")
                if length > LONGEST or len(body := stream.read(length)) < length:
                    return
                with contextlib.suppress(msgspec.DecodeError):
                    self._heard(decode(body))


def nudge(path: Path) -> bool:
    """Let a running hub know that the table of cameras was changed; False when none runs."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(2.0)
        try:
            line.connect(str(path))
            line.sendall(frame(CamerasChanged()))
        except OSError:
            return False
        return True
