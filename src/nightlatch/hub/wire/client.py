"""A watch process's end of the wire: sends from a thread of its own and never makes recording wait."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from pathlib import Path

import msgspec
import structlog

from nightlatch.hub.wire.notices import LONGEST, CamerasChanged, Hello, Missed, Notice, Outage, decode, frame, lasting

WAITING = 4_096  # notices for a serve that is away; 16 cameras with open clips make some 50 a second
REMEMBERED = 1_024  # lasting ones, repeated to a new serve; when there are more, the oldest outage goes
RETRY_S = 0.5

log = structlog.get_logger()


class NoticeClient:
    """While serve is slow or gone notices wait; when there is no room the oldest go.

    Once the rest has come through, Missed says how many went, and Hello which clips grow now. Of what lasts nothing is
    dropped: there is one notice of each, however often it changed.
    """

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
                if len(self._lasting) > REMEMBERED:
                    self._forget_an_outage()
                if key not in self._unsent:
                    self._unsent.add(key)
                    self._waiting.append((key,))
            while len(self._waiting) - len(self._unsent) > WAITING:
                oldest = self._waiting.popleft()
                if isinstance(oldest, tuple):
                    self._waiting.append(oldest)
                else:
                    self._missed += 1
        self._wake.set()

    def close(self) -> None:
        """Send what waits, for two seconds at most, and stop."""
        self._closing = True
        self._wake.set()
        self._thread.join(2.0)

    def _forget_an_outage(self) -> None:
        """The others are few for each camera, and a state that was told once may hold for weeks."""
        outages = (key for key, notice in self._lasting.items() if isinstance(notice, Outage))
        if (oldest := next(outages, None)) is not None:
            del self._lasting[oldest]

    def _take(self) -> Notice | None:
        """The next notice that waits; how many were missed comes last."""
        with self._lock:
            while self._waiting:
                waiting = self._waiting.popleft()
                if not isinstance(waiting, tuple):
                    return waiting
                self._unsent.discard(waiting[0])
                if (found := self._lasting.get(waiting[0])) is not None:
                    return found
            count, self._missed = self._missed, 0
        return Missed(count) if count else None

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
                self._say(line, notice)
                if isinstance(notice, Missed):
                    self._say(line, self._hello())
            if self._closing:
                return
            self._wake.wait(RETRY_S)
            self._wake.clear()

    def _say(self, line: socket.socket, notice: Notice) -> None:
        try:
            framed = frame(notice)
        except (ValueError, OverflowError) as error:  # one that cannot travel must not hold up the others
            log.error("notice.unfit", kind=type(notice).__name__, error=type(error).__name__)
            return
        try:
            line.sendall(framed)
        except OSError:
            with self._lock:
                self._missed += 1
            raise

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
