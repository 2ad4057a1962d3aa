"""Small typed notices between watch and serve, over one local socket. Losing one costs freshness, never footage."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

LONGEST = 4 * 1024 * 1024
WAITING = 256
RETRY_S = 0.5


class CameraStatus(msgspec.Struct, tag=True, frozen=True):
    """What a camera is doing since `since_ms`."""

    camera_id: str
    state: str
    since_ms: int
    reason: str | None = None
    reason_text: str | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    codecs: str | None = None
    audio: str | None = None


class NewStill(msgspec.Struct, tag=True, frozen=True):
    """A fresh sealed still."""

    camera_id: str
    at_ms: int
    sealed: bytes


class ClipChanged(msgspec.Struct, tag=True, frozen=True):
    """A clip began, grew or ended."""

    clip_id: str
    camera_id: str
    open: bool


class EventTold(msgspec.Struct, tag=True, frozen=True):
    """What is known of an event, told when it opens, when more becomes known, and when it closes.

    `jpeg` is small, `picture` 640 wide, both in the clear: they stay between these two processes unless the owner
    switched alerts on, and for `picture` pictures with them.
    """

    camera_id: str
    camera_name: str
    event_id: str
    clip_id: str
    onset_ms: int
    open: bool
    kinds: tuple[str, ...]
    verdict: str
    threat: float
    reasons: tuple[str, ...]
    jpeg: bytes | None = None
    picture: bytes | None = None


class Advice(msgspec.Struct, tag=True, frozen=True):
    """What would make a camera cheaper to watch; None when there is nothing to say."""

    camera_id: str
    text: str | None


class EyeNow(msgspec.Struct, tag=True, frozen=True):
    """What looks at all cameras, since `since_ms`, and how it fares."""

    name: str
    since_ms: int
    blind_since_ms: int | None = None
    blind_text: str | None = None  # why it is blind, and what to do
    coming_percent: int | None = None  # of the model that was chosen and is being fetched
    coming_text: str | None = None  # why it does not come, and what to do
    looks: dict[str, tuple[int, int]] = {}  # camera id → looks made, pictures passed over for newer ones


class CamerasChanged(msgspec.Struct, tag=True, frozen=True):
    """Serve to watch: read the camera table."""


Notice = CameraStatus | NewStill | ClipChanged | EventTold | Advice | EyeNow | CamerasChanged
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Notice).decode


def _frame(notice: Notice) -> bytes:
    body = _encode(notice)
    return len(body).to_bytes(4, "big") + body


class NoticeServer:
    """In serve: hears what watch says, and tells it things."""

    def __init__(self, path: Path, heard: Callable[[Notice], None], joined: Callable[[bool], None]) -> None:
        """`joined(True)` when watch connects, `joined(False)` when it is gone."""
        self._path = path
        self._heard = heard
        self._joined = joined
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Listen. The socket is readable by this account only."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._talk, self._path)
        self._path.chmod(0o600)
        self._loop = asyncio.get_running_loop()

    def tell(self, notice: Notice) -> None:
        """Send to every watch process, from any thread."""
        if self._loop is not None:
            frame = _frame(notice)
            self._loop.call_soon_threadsafe(self._write, frame)

    def _write(self, frame: bytes) -> None:
        for writer in self._writers:
            writer.write(frame)

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        self._path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._joined(True)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                if length > LONGEST:
                    return
                with contextlib.suppress(msgspec.DecodeError):
                    self._heard(_decode(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            self._joined(bool(self._writers))


class NoticeClient:
    """In watch: sends from a thread of its own; when serve is slow or gone the oldest notices are dropped."""

    def __init__(self, path: Path, heard: Callable[[Notice], None]) -> None:
        self._path = path
        self._heard = heard
        self._waiting: deque[Notice] = deque(maxlen=WAITING)
        self._latest: dict[str, CameraStatus | EyeNow] = {}
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, notice: Notice) -> None:
        """Queue a notice; never blocks."""
        if isinstance(notice, CameraStatus):
            self._latest[notice.camera_id] = notice
        elif isinstance(notice, EyeNow):
            self._latest["eye"] = notice
        self._waiting.append(notice)
        self._wake.set()

    def close(self) -> None:
        """Stop; what is still queued is dropped."""
        self._closing = True
        self._wake.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._closing:
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(str(self._path))
                    listener = threading.Thread(target=self._listen, args=(line,), daemon=True)
                    listener.start()
                    for latest in list(self._latest.values()):  # serve may be a new one that knows nothing yet
                        line.sendall(_frame(latest))
                    while not self._closing and listener.is_alive():
                        while self._waiting:
                            line.sendall(_frame(self._waiting.popleft()))
                        self._wake.wait(RETRY_S)
                        self._wake.clear()
                except OSError:
                    pass
            if not self._closing:
                self._wake.wait(RETRY_S)
                self._wake.clear()

    def _listen(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError, msgspec.DecodeError), line.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                length = int.from_bytes(head, "big")
                if length > LONGEST or len(body := stream.read(length)) < length:
                    return
                self._heard(_decode(body))
