"""Cameras for drills: they number every picture, note when each was sent, and misbehave when told to.

All cameras of a drill share one thread and its event loop; what a drill changes (`Mood`) is read at the next picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.rtsp import (
    CLOCK_HZ,
    SOUND,
    SOUND_HZ,
    SOUND_S,
    VIDEO,
    Film,
    Talk,
    Track,
    describe,
    numbered,
    payloads,
    sound_payloads,
)

PER_PLAY = 1_000_000  # numbers of one PLAY begin at a multiple of this
REPORT_EVERY_S = 2.0
MOST_UNSENT = 4 * 1024 * 1024


@dataclass(slots=True)
class Mood:
    """How a camera behaves now."""

    film: int = 0  # which of its films it shows; a change counts from the next DESCRIBE, or
    changes_in_stream: bool = False  # from the next key picture
    has_sound: bool = True  # is announced
    sends_pictures: bool = True
    sends_sound: bool = True
    is_deaf: bool = False  # half-open: neither reads nor writes, never hangs up
    life_s: float | None = None  # hangs up after so long
    loses: float = 0.0  # share of RTP packets
    clock_s: float = 0.0  # its clock and its stamps are off by this
    pace: float = 1.0  # its stamps run so many times as fast as time
    sound_pace: float = 1.0
    refuses: Mapping[str, int] = field(default_factory=dict)  # RTSP method → status
    timeout_s: int = 60  # of its sessions; it hangs up on clients that stay silent for longer
    is_over_udp: bool = False


@dataclass(slots=True)
class Play:
    """What one client was sent: `sent_s[i]` is when picture i went out (time.monotonic), or None while it did not."""

    number: int
    began_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    sent_s: list[float | None] = field(default_factory=list)
    shown: int = 0  # shots: an encoder that paused goes on with the next one, so that all of them can be decoded
    late_s: float = 0.0  # the most that a picture was sent after it was due: how starved the machine is


class Way:
    """To one client: over its connection, or, where there are `ports` (by track), in datagrams beside it."""

    def __init__(self, writer: asyncio.StreamWriter, ports: Mapping[int, int]) -> None:
        self._writer, self._ports = writer, ports
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) if ports else None

    def write(self, packets: Sequence[bytes]) -> None:
        """Packets as they are interleaved: channel 2n is RTP of track n, and the next one its RTCP."""
        if self._socket is None:
            self._writer.write(b"".join(packets))
            return
        for packet in packets:
            port = self._ports[packet[1] // 2] + packet[1] % 2
            self._socket.sendto(packet[4:], ("127.0.0.1", port))


class Camera:
    """One simulated camera. `plays` is written by the loop's thread only."""

    def __init__(self, films: Sequence[Film], *, has_sound: bool = False, mood: Mood | None = None) -> None:
        self.films, self.has_sound = films, has_sound
        self.mood = mood or Mood()
        self.plays: list[Play] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._sound = sound_payloads()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    @property
    def is_open(self) -> bool:
        """Whether it takes connections."""
        return self._server is not None

    async def open(self) -> None:
        """Listen, on the port that it had before."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def hang_up(self) -> None:
        """End all connections."""
        for task in list(self._clients):
            task.cancel()

    async def close(self) -> None:
        """Refuse, as a camera that restarts does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.hang_up()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._clients.add(task)
        film = self.films[self.mood.film]
        sound = self.has_sound and self.mood.has_sound
        mood = self.mood
        talk = Talk(
            lambda _: describe(film, has_sound=sound), mood.refuses, mood.timeout_s, is_over_udp=mood.is_over_udp
        )
        playing: asyncio.Task[None] | None = None
        try:
            while not talk.has_left and (data := await reader.read(65536)):
                while self.mood.is_deaf:
                    await asyncio.sleep(0.1)
                writer.write(talk.feed(data))
                if talk.is_playing and playing is None:
                    playing = asyncio.create_task(self._play(film, talk, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            if playing is not None:
                playing.cancel()
            writer.close()

    async def _play(self, film: Film, talk: Talk, writer: asyncio.StreamWriter) -> None:
        tracks, way = talk.tracks(), Way(writer, talk.ports)
        play = Play(len(self.plays) * PER_PLAY)
        self.plays.append(play)
        began_s, reported_s, sounds = time.monotonic(), -REPORT_EVERY_S, 0
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                due_s = len(play.sent_s) / film.fps
                await asyncio.sleep(max(0.0, began_s + due_s - time.monotonic()))
                is_over = self.mood.life_s is not None and due_s > self.mood.life_s
                if is_over or time.monotonic() - talk.heard_s > talk.timeout_s:
                    writer.close()
                    return
                is_sent = self.mood.sends_pictures and not self.mood.is_deaf
                if self.mood.changes_in_stream and film.shots[play.shown % len(film.shots)].is_key:
                    film = self.films[self.mood.film]
                if is_sent and writer.transport.get_write_buffer_size() < MOST_UNSENT:
                    self._send(way, self._picture(film, play, tracks[VIDEO], due_s))
                    play.sent_s.append(now_s := time.monotonic())
                    play.late_s = max(play.late_s, now_s - began_s - due_s)
                else:
                    play.sent_s.append(None)
                while SOUND in tracks and sounds * SOUND_S < due_s:
                    if self.mood.sends_sound and not self.mood.is_deaf:
                        stamp = round((sounds * SOUND_S * self.mood.sound_pace + self.mood.clock_s) * SOUND_HZ)
                        payload = self._sound[sounds % len(self._sound)]
                        self._send(way, [tracks[SOUND].packet(payload, stamp, is_last=False)])
                    sounds += 1
                if due_s - reported_s >= REPORT_EVERY_S and not self.mood.is_deaf:
                    reported_s = due_s
                    self._report(way, tracks, due_s)

    def _picture(self, film: Film, play: Play, track: Track, due_s: float) -> list[bytes]:
        index = len(play.sent_s)
        shot = film.shots[play.shown % len(film.shots)]
        play.shown += 1
        units = (*(film.sets if shot.is_key else ()), numbered(play.number + index), *shot.units)
        parts = payloads(units)
        stamp = round((due_s * self.mood.pace + self.mood.clock_s) * CLOCK_HZ)
        return [track.packet(part, stamp, is_last=number == len(parts)) for number, part in enumerate(parts, 1)]

    def _send(self, way: Way, packets: Sequence[bytes]) -> None:
        loses = self.mood.loses
        way.write([each for each in packets if not loses or random.random() >= loses])

    def _report(self, way: Way, tracks: dict[int, Track], due_s: float) -> None:
        for kind, track in tracks.items():
            rate = CLOCK_HZ if kind == VIDEO else SOUND_HZ
            pace = self.mood.pace if kind == VIDEO else self.mood.sound_pace
            stamp = round((due_s * pace + self.mood.clock_s) * rate)
            way.write([track.report(stamp, time.time() + self.mood.clock_s)])


class Street:
    """Cameras that run in a thread of their own."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.cameras = cameras
        self._loop = asyncio.new_event_loop()

    def ask(self, what: Coroutine[Any, Any, None]) -> None:
        """Run one of a camera's coroutines, and wait for it."""
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    def run(self) -> None:
        """Until `stop`."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def street(cameras: Sequence[Camera]) -> Iterator[Street]:
    """The cameras, open."""
    made = Street(cameras)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        for camera in cameras:
            made.ask(camera.open())
        yield made
    finally:
        for camera in cameras:
            with contextlib.suppress(OSError):
                made.ask(camera.close())
        made.stop()
        thread.join(10)
