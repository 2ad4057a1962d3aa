"""Many RTSP cameras in one cheap process, for benches: `python bench/crowd.py MAIN MAIN_FPS SUB SUB_FPS`.

Prints its port, then serves `/N/main` and `/N/sub` for any N over TCP until killed. A line on stdin is answered with
counts (JSON). Ours, not foreign: it costs the two cores of a bench as little as Python can, because each film is cut
into interleaved RTP once and all clients are sent the same bytes, one `send` a picture, when it is due. Sequence
numbers and stamps go on from loop to loop; there is a sender report every 5 s; camera N is N golden sections of a film
ahead of camera 0, with its sub-stream in step, so that neither key pictures nor what moves come at once. A client that
does not take 2 MiB in time loses whole pictures, which are counted. No sound, no login.
"""

from __future__ import annotations

import heapq
import json
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.rtsp import CLOCK_HZ, Film, Talk, Track, describe, payloads, read_film

REPORT_EVERY_S = 5.0
MOST_UNSENT = 2 * 1024 * 1024
TICK_S = 0.002  # pictures that are due within it are sent in one turn
GOLDEN = 0.6180339887


class Reel:
    """A film as interleaved RTP on channel 0, for ever: `picture(k)` is the k-th picture, of whichever loop."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.seconds = len(film.shots) / film.fps
        self.keys = [number for number, shot in enumerate(film.shots) if shot.is_key]
        self._step = round(CLOCK_HZ / film.fps)
        track, whole, starts = Track(96, 0, seq=0, ssrc=7), bytearray(), list[int]()
        self._bounds = [0]
        for number, shot in enumerate(film.shots):
            parts = payloads((*(film.sets if shot.is_key else ()), *shot.units))
            for at, part in enumerate(parts, 1):
                starts.append(len(whole))
                whole += track.packet(part, number * self._step, is_last=at == len(parts))
            self._bounds.append(len(whole))
        self._bytes = np.frombuffer(bytes(whole), np.uint8)
        self._starts = np.array(starts)
        self._seqs = np.arange(len(starts), dtype=np.uint64)
        counts = np.searchsorted(self._starts, self._bounds)
        self._pictures = np.repeat(np.arange(len(film.shots), dtype=np.uint64), np.diff(counts))
        self._loops: dict[int, memoryview] = {}

    def picture(self, k: int) -> memoryview:
        """What goes out for it."""
        loop, number = divmod(k, len(self.film.shots))
        if loop not in self._loops:
            self._loops = {key: kept for key, kept in self._loops.items() if key >= loop - 2}
            self._loops[loop] = self._patched(loop).data.cast("B")
        return self._loops[loop][self._bounds[number] : self._bounds[number + 1]]

    def stamp(self, k: int) -> int:
        """Of the k-th picture."""
        return k * self._step & 0xFFFFFFFF

    def after(self, k: int) -> int:
        """The first key picture that is not before the k-th."""
        loop, number = divmod(k, len(self.film.shots))
        return next(
            (loop * len(self.film.shots) + key for key in self.keys if key >= number), (loop + 1) * len(self.film.shots)
        )

    def _patched(self, loop: int) -> NDArray[np.uint8]:
        made = self._bytes.copy()
        seqs = self._seqs + np.uint64(loop * len(self._seqs))
        stamps = (self._pictures + np.uint64(loop * len(self.film.shots))) * np.uint64(self._step)
        for place, value in ((6, seqs >> np.uint64(8)), (7, seqs)):
            made[self._starts + place] = (value & np.uint64(255)).astype(np.uint8)
        for place in range(4):
            made[self._starts + 8 + place] = (stamps >> np.uint64(24 - 8 * place) & np.uint64(255)).astype(np.uint8)
        return made


@dataclass(slots=True)
class Client:
    """One connection."""

    handle: socket.socket
    talk: Talk
    unsent: bytearray = field(default_factory=bytearray)
    reel: Reel | None = None
    track: Track = field(default_factory=lambda: Track(96, 0, ssrc=7))
    began_s: float = 0.0  # when the film's first picture was due
    k: int = 0
    reported_s: float = 0.0


@dataclass(slots=True)
class Counts:
    """How the crowd is doing."""

    clients: int = 0
    pictures: int = 0
    dropped: int = 0  # for clients that did not take them
    latest_ms: int = 0  # the most that a picture was sent after it was due, since the last answer


class Crowd:
    """The server, in one thread."""

    def __init__(self, main: Reel, sub: Reel) -> None:
        self._reels = {"main": main, "sub": sub}
        self._epoll = select.epoll()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._socket.setblocking(False)
        self._clients: dict[int, Client] = {}
        self._due: list[tuple[float, int, int]] = []  # when, file descriptor, k
        self._began_s = time.monotonic()
        self._counts = Counts()
        for handle in (self._socket.fileno(), 0):
            self._epoll.register(handle, select.EPOLLIN)

    def run(self) -> None:
        """Until stdin ends."""
        print(self._socket.getsockname()[1], flush=True)
        while True:
            wait_s = self._due[0][0] - time.monotonic() if self._due else 1.0
            for handle, event in self._epoll.poll(max(wait_s, TICK_S)):
                if handle == 0:
                    if not sys.stdin.readline():
                        return
                    self._tell()
                elif handle == self._socket.fileno():
                    self._meet()
                elif handle in self._clients:
                    self._serve(self._clients[handle], event)
            self._play()

    def _tell(self) -> None:
        self._counts.clients = len(self._clients)
        told = {name: getattr(self._counts, name) for name in ("clients", "pictures", "dropped", "latest_ms")}
        print(json.dumps(told), flush=True)
        self._counts.latest_ms = 0

    def _meet(self) -> None:
        handle, _ = self._socket.accept()
        handle.setblocking(False)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[handle.fileno()] = Client(handle, Talk(self._describe))
        self._epoll.register(handle.fileno(), select.EPOLLIN)

    def _describe(self, path: str) -> str | None:
        reel = self._reels.get(path.rpartition("/")[2])
        return None if reel is None else describe(reel.film, has_sound=False)

    def _serve(self, client: Client, event: int) -> None:
        try:
            if event & select.EPOLLOUT:
                self._send(client, b"")
            if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                data = client.handle.recv(65536)
                if not data:
                    raise ConnectionResetError
                self._send(client, client.talk.feed(data))
                if client.talk.is_playing and client.reel is None:
                    self._begin(client)
                if client.talk.has_left:
                    raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            self._leave(client)

    def _begin(self, client: Client) -> None:
        _, number, which = client.talk.path.split("/")
        reel = client.reel = self._reels[which]
        client.began_s = self._began_s - int(number) * GOLDEN % 1.0 * reel.seconds
        client.k = reel.after(int((time.monotonic() - client.began_s) * reel.film.fps) + 1)
        self._schedule(client, reel)

    def _schedule(self, client: Client, reel: Reel) -> None:
        heapq.heappush(self._due, (client.began_s + client.k / reel.film.fps, client.handle.fileno(), client.k))

    def _play(self) -> None:
        now_s = time.monotonic()
        while self._due and self._due[0][0] <= now_s + TICK_S / 2:
            due_s, handle, k = heapq.heappop(self._due)
            client = self._clients.get(handle)
            if client is None or client.reel is None or client.k != k:
                continue
            self._counts.latest_ms = max(self._counts.latest_ms, int((now_s - due_s) * 1000))
            try:
                self._picture(client, client.reel, now_s)
            except OSError:
                self._leave(client)
                continue
            client.k += 1
            self._schedule(client, client.reel)

    def _picture(self, client: Client, reel: Reel, now_s: float) -> None:
        if len(client.unsent) > MOST_UNSENT:
            self._counts.dropped += 1
            return
        self._counts.pictures += 1
        if now_s - client.reported_s > REPORT_EVERY_S:
            client.reported_s = now_s
            self._send(client, client.track.report(reel.stamp(client.k), time.time()))
        self._send(client, reel.picture(client.k))

    def _send(self, client: Client, data: bytes | memoryview) -> None:
        was_clear = not client.unsent
        if not was_clear:
            client.unsent += data
        waiting = data if was_clear else client.unsent
        try:
            sent = client.handle.send(waiting) if waiting else 0
        except BlockingIOError:
            sent = 0
        if was_clear:
            client.unsent += data[sent:]
        else:
            del client.unsent[:sent]
        if was_clear != (not client.unsent):
            wanted = select.EPOLLIN | (select.EPOLLOUT if client.unsent else 0)
            self._epoll.modify(client.handle.fileno(), wanted)

    def _leave(self, client: Client) -> None:
        self._clients.pop(client.handle.fileno(), None)
        self._epoll.unregister(client.handle.fileno())
        client.handle.close()


def main() -> None:
    """Serve."""
    main_film, main_fps, sub_film, sub_fps = sys.argv[1:]
    Crowd(Reel(read_film(Path(main_film), float(main_fps))), Reel(read_film(Path(sub_film), float(sub_fps)))).run()


if __name__ == "__main__":
    main()
