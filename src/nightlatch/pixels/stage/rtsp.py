"""An RTSP server (RFC 2326) with Digest login, on loopback: the demo cameras, and cameras with faults for tests.

H.264 goes out by RFC 6184 (single NAL and FU-A), AAC by RFC 3640, G.711 by RFC 3551, over interleaved TCP or UDP. A
client that does not keep up loses packets; nothing grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import struct
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

from nightlatch.domain.digits import read_count
from nightlatch.pixels.codecs import PICTURES
from nightlatch.pixels.stage.encoding import SceneEncoder, Sound, Unit, read_film
from nightlatch.pixels.stage.scenes import Scene

REALM = "Nightlatch stage"
LARGEST_RTP = 1400
LARGEST_BACKLOG = 4 * 1024 * 1024
LONGEST_HEADER = 16 * 1024
H264 = PICTURES["h264"]
AUDIO_TYPES = {"pcm_mulaw": 0, "pcm_alaw": 8}


@dataclass(slots=True)
class Faults:
    """How a camera misbehaves, in seconds after PLAY, and which share of its UDP packets is lost on the way."""

    drop_after_s: float | None = None
    stall_after_s: float | None = None
    lost: float = 0.0


class Mount:
    """Something to play: shared by all its clients, running while there is one."""

    sound: Sound | None = None

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self._listeners: set[asyncio.Queue[Unit]] = set()
        self._task: asyncio.Task[None] | None = None
        self.parameters: tuple[bytes, ...] = ()

    async def ready(self) -> None:
        """Know SPS and PPS, for the SDP."""

    def units(self) -> AsyncIterator[Unit]:
        """The units, each when it is due."""
        raise NotImplementedError

    @contextlib.contextmanager
    def listen(self):  # type: ignore[no-untyped-def]
        """A queue of units; what does not fit is dropped."""
        queue: asyncio.Queue[Unit] = asyncio.Queue(60)
        self._listeners.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        async for unit in self.units():
            for queue in self._listeners:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait(unit)

    def _learn(self, data: bytes) -> None:
        if not self.parameters:
            self.parameters = H264.parameter_sets(data)


class SceneMount(Mount):
    """A scene rendered and encoded live; it begins when somebody first looks, and follows the wall clock from there."""

    def __init__(
        self,
        scene: Scene,
        gop_s: float = 1.0,
        bit_rate: int = 1_600_000,
        faults: Faults | None = None,
        beside: SceneMount | None = None,
    ) -> None:
        """`beside` is another stream of the same camera: both show the same moment."""
        super().__init__(faults)
        self.scene = scene
        self._gop_s, self._bit_rate = gop_s, bit_rate
        self._curtain: _Curtain = beside._curtain if beside is not None else _Curtain()

    async def ready(self) -> None:
        if not self.parameters:
            probe = SceneEncoder(self.scene, self._gop_s, self._bit_rate)
            for unit in await asyncio.to_thread(probe.unit, 0):
                self._learn(unit.data)

    async def units(self) -> AsyncIterator[Unit]:
        encoder = SceneEncoder(self.scene, self._gop_s, self._bit_rate)
        began_s = self._curtain.rise()
        index = int((time.monotonic() - began_s) * self.scene.fps)
        while True:
            due_s = began_s + index / self.scene.fps
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            for unit in await asyncio.to_thread(encoder.unit, index):
                yield unit
            index = max(index + 1, int((time.monotonic() - began_s) * self.scene.fps))


@dataclass(slots=True)
class _Curtain:
    """It rises once, when somebody first looks at any stream of a scene."""

    rose_s: float | None = None

    def rise(self) -> float:
        if self.rose_s is None:
            self.rose_s = time.monotonic()
        return self.rose_s


class FilmMount(Mount):
    """An H.264 film, looped at wall speed."""

    def __init__(self, path: Path, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self._units, self.sound, self._seconds = read_film(path)
        self._seconds = max(self._seconds, self._units[-1].at_s + 0.05)
        for unit in self._units:
            if unit.kind == "video":
                self._learn(unit.data)

    async def units(self) -> AsyncIterator[Unit]:
        began_s = time.monotonic()
        turn = 0
        while True:
            for unit in self._units:
                at_s = turn * self._seconds + unit.at_s
                await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
                yield Unit(unit.kind, unit.data, at_s, unit.is_key)
            turn += 1


@dataclass(slots=True)
class _RtpStream:
    """One RTP stream to one client."""

    kind: str
    payload_type: int
    rate: int
    channel: int | None = None
    address: tuple[str, int] | None = None
    seq: int = field(default_factory=lambda: secrets.randbelow(1 << 16))
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))

    def packets(self, unit: Unit) -> list[bytes]:
        stamp = int(unit.at_s * self.rate) & 0xFFFFFFFF
        if self.kind == "audio":
            body = unit.data
            if self.payload_type == 97:
                body = struct.pack(">HH", 16, len(unit.data) << 3) + unit.data
            return [self._rtp(body, stamp, True)]
        bodies = H264.payloads(unit.data, LARGEST_RTP)
        return [self._rtp(body, stamp, number == len(bodies)) for number, body in enumerate(bodies, 1)]

    def _rtp(self, body: bytes, stamp: int, marker: bool) -> bytes:
        self.seq = (self.seq + 1) & 0xFFFF
        return struct.pack(">BBHII", 0x80, self.payload_type | (marker << 7), self.seq, stamp, self.ssrc) + body


class RtspServer:
    """Serves mounts by path. `user` None: no login."""

    def __init__(self, mounts: dict[str, Mount], user: str | None = None, password: str = "") -> None:
        self._mounts = mounts
        self._user, self._password = user, password
        self._nonce = secrets.token_hex(16)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._meet, host, port, limit=LONGEST_HEADER)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
        client = _Client(self, reader, writer)
        try:
            await client.serve()
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            client.close()
            if task is not None:
                self._clients.discard(task)

    def mount(self, url: str) -> Mount | None:
        """The mount that a request's URL names."""
        path = re.sub(r"^rtsp://[^/]*", "", url).split("?")[0]
        path = re.sub(r"/track\d$", "", path).rstrip("/")
        return self._mounts.get(path)

    def knows(self, method: str, header: str) -> bool:
        """Whether an Authorization header proves the password (RFC 2617, without qop)."""
        if self._user is None:
            return True
        told = dict(re.findall(r'(\w+)="([^"]*)"', header)) if header.startswith("Digest ") else {}
        if told.get("username") != self._user or told.get("nonce") != self._nonce:
            return False
        first = md5(f"{self._user}:{REALM}:{self._password}".encode()).hexdigest()
        second = md5(f"{method}:{told.get('uri', '')}".encode()).hexdigest()
        right = md5(f"{first}:{self._nonce}:{second}".encode()).hexdigest()
        return secrets.compare_digest(told.get("response", ""), right)

    @property
    def challenge(self) -> str:
        return f'Digest realm="{REALM}", nonce="{self._nonce}"'


class _Client:
    """One connection."""

    def __init__(self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._tracks: dict[str, _RtpStream] = {}
        self._session = secrets.token_hex(6)
        self._playing: asyncio.Task[None] | None = None
        self._udp: asyncio.DatagramTransport | None = None

    def close(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
        if self._udp is not None:
            self._udp.close()
        self._writer.close()

    async def serve(self) -> None:
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":  # interleaved RTCP of the client
                head = await self._reader.readexactly(3)
                await self._reader.readexactly(int.from_bytes(head[1:], "big"))
                continue
            raw = first + await self._reader.readuntil(b"\r\n\r\n")
            lines = raw.decode("latin-1").split("\r\n")
            method, url, _ = lines[0].split(" ", 2)
            headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:]) if k}
            if length := read_count(headers.get("content-length", "0"), LONGEST_HEADER - 1):
                await self._reader.readexactly(length)
            if not await self._answer(method, url, headers):
                return

    async def _answer(self, method: str, url: str, headers: dict[str, str]) -> bool:
        if method == "OPTIONS":
            self._say(headers, 200, {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"})
            return True
        if not self._server.knows(method, headers.get("authorization", "")):
            self._say(headers, 401, {"WWW-Authenticate": self._server.challenge})
            return True
        mount = self._server.mount(url)
        if mount is None:
            self._say(headers, 404, {})
        elif method == "DESCRIBE":
            await mount.ready()
            base = url.split("?")[0].rstrip("/") + "/"
            self._say(headers, 200, {"Content-Type": "application/sdp", "Content-Base": base}, _sdp(mount))
        elif method == "SETUP":
            await self._set_up(mount, url, headers)
        elif method == "PLAY":
            self._say(headers, 200, {"Session": self._session, "Range": "npt=0.000-"})
            self._playing = asyncio.create_task(self._play(mount))
        elif method == "TEARDOWN":
            self._say(headers, 200, {})
            return False
        elif method in ("GET_PARAMETER", "SET_PARAMETER"):
            self._say(headers, 200, {"Session": self._session})
        else:
            self._say(headers, 405, {})
        return True

    async def _set_up(self, mount: Mount, url: str, headers: dict[str, str]) -> None:
        track = _RtpStream("video", 96, 90_000)
        if url.endswith("track1") and mount.sound is not None:
            track = _RtpStream("audio", AUDIO_TYPES.get(mount.sound.codec, 97), mount.sound.rate)
        asked = headers.get("transport", "")
        if found := re.search(r"interleaved=(\d{1,3})-(\d{1,3})", asked, re.ASCII):
            track.channel = int(found[1])
            transport = f"RTP/AVP/TCP;unicast;interleaved={found[1]}-{found[2]}"
        elif found := re.search(r"client_port=(\d{1,5})-(\d{1,5})", asked, re.ASCII):
            host = str(self._writer.get_extra_info("peername")[0])
            track.address = (host, int(found[1]))
            if self._udp is None:
                loop = asyncio.get_running_loop()
                self._udp, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
                )
            port = self._udp.get_extra_info("sockname")[1]
            transport = f"RTP/AVP;unicast;client_port={found[1]}-{found[2]};server_port={port}-{port + 1}"
        else:
            self._say(headers, 461, {})
            return
        self._tracks[track.kind] = track
        self._say(headers, 200, {"Session": f"{self._session};timeout=60", "Transport": transport})

    def _say(self, asked: dict[str, str], status: int, headers: dict[str, str], body: str = "") -> None:
        names = {200: "OK", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}
        lines = [f"RTSP/1.0 {status} {names.get(status, 'Unsupported Transport')}", f"CSeq: {asked.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))

    async def _play(self, mount: Mount) -> None:
        began_s = time.monotonic()
        faults, waits_for_key, dice = mount.faults, True, random.Random(1)
        with mount.listen() as queue:
            while True:
                unit: Unit = await queue.get()
                played_s = time.monotonic() - began_s
                if faults.drop_after_s is not None and played_s > faults.drop_after_s:
                    self._writer.close()
                    return
                if faults.stall_after_s is not None and played_s > faults.stall_after_s:
                    continue
                track = self._tracks.get(unit.kind)
                if track is None or (waits_for_key and not (unit.kind == "video" and unit.is_key)):
                    continue
                waits_for_key = False
                if self._writer.transport.get_write_buffer_size() > LARGEST_BACKLOG:
                    waits_for_key = True  # a client that is this late starts again at a key frame
                    continue
                for packet in track.packets(unit):
                    if track.channel is not None:
                        self._writer.write(b"$" + bytes((track.channel,)) + len(packet).to_bytes(2, "big") + packet)
                    elif self._udp is not None and track.address is not None and dice.random() >= faults.lost:
                        self._udp.sendto(packet, track.address)


def _sdp(mount: Mount) -> str:
    sets = ",".join(b64encode(each).decode() for each in mount.parameters)
    level = mount.parameters[0][1:4].hex() if mount.parameters else "42e01e"
    lines = [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Nightlatch stage", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"),
        *("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"),
        f"a=fmtp:96 packetization-mode=1;profile-level-id={level};sprop-parameter-sets={sets}",
        "a=control:track0",
    ]
    if sound := mount.sound:
        kind = AUDIO_TYPES.get(sound.codec, 97)
        lines.append(f"m=audio 0 RTP/AVP {kind}")
        if sound.codec == "aac":
            lines += [
                f"a=rtpmap:97 mpeg4-generic/{sound.rate}/{sound.channels}",
                f"a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
                f"indexdeltalength=3;config={sound.config.hex()}",
            ]
        else:
            lines.append(f"a=rtpmap:{kind} {'PCMU' if kind == 0 else 'PCMA'}/{sound.rate}")
        lines.append("a=control:track1")
    return "\r\n".join(lines) + "\r\n"
