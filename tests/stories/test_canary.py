"""The canary: film a printed code with a tone, name the camera with a marker, and look for any of it at the cloud.

Everything that crosses to the cloud goes through a small tap here, so the traffic is searched as well as the disk.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.cameras import our_rtsp
from tests.house import House, free_port, house, until

MARKER = "CANARY-7f3a-marker"
SIGNATURES = {
    "an MP4 box": (b"ftypiso", b"ftypmp4", b"moof\0", b"mdat\0", b"avc1", b"avcC"),
    "a JPEG": (b"\xff\xd8\xff\xe0", b"JFIF\0"),
    "the camera's name": (MARKER.encode(), MARKER.lower().encode(), MARKER.encode("utf-16-le")),
    "a manifest's words": (b'"camera_name"', b'"onset_ms"', b'"codecs"'),
}


class Tap:
    """Passes TCP on and keeps what the hub sent."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.sent = bytearray()
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, keep: bool) -> None:
            try:
                while data := await source.read(65536):
                    if keep:
                        self.sent += data
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(copy(reader, back, True), copy(there, writer, False))

    def __enter__(self) -> Tap:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def tapped_house(folder: Path) -> Iterator[tuple[House, Tap]]:
    """A house whose hub reaches its cloud through a tap."""
    cloud_port = free_port()
    with Tap(cloud_port) as tap:
        folder.mkdir()
        (folder / "nightlatch.toml").write_text(f'[hub]\ncloud_url = "http://127.0.0.1:{tap.port}"\n')
        with house(folder, cloud_port=cloud_port, config=folder / "nightlatch.toml") as home:
            yield home, tap


@pytest.mark.timeout(300)
def test_the_cloud_learns_nothing_of_what_was_filmed(tmp_path: Path) -> None:
    with our_rtsp(["printed_code"]) as urls, tapped_house(tmp_path / "house") as (home, tap):
        home.set_up(name=f"{MARKER} house")
        home.add_camera(MARKER, urls["printed_code"])
        until(lambda: [c for c in home.clips() if c["sent_parts"] >= 4], "a clip in the mailbox", 120)
        clip = next(c for c in home.clips() if c["sent_parts"] >= 4)

        opener = Opener(home.keys.identity)
        kept = home.data / "hub" / "vault" / clip["camera_id"] / "clips" / clip["id"]
        opened = b"".join(opener.open(Sealed(p.read_bytes())) for p in sorted(kept.glob("*.age")))
        assert MARKER.encode() in opened  # the search below could find it, were it there
        assert b"moof" in opened
        assert b"\xff\xd8\xff" in opened
        sent = bytes(tap.sent)
    assert len(sent) > 50_000
    blobs = [p for p in (home.data / "cloud").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in blobs) > 50_000
    places = {f"cloud disk {p.name}": p.read_bytes() for p in blobs}
    places["traffic to the cloud"] = sent
    written = sorted(home.data.rglob("logging/*"))
    assert len(written) >= 2
    for each in (home.log, *written):
        for line in each.read_bytes().splitlines():
            assert MARKER.encode() not in line, "the log names a camera"
    found = [
        f"{what} in {place}"
        for place, content in places.items()
        for what, needles in SIGNATURES.items()
        # three bytes of a JPEG's start turn up by chance in megabytes of noise; longer marks do not
        if any(len(needle) > 4 and needle in content for needle in needles)
    ]
    assert found == []
    pieces = [opened[at : at + 24] for at in range(2000, min(len(opened), 400_000) - 24, 997)]
    assert not [piece for piece in pieces if len(set(piece)) > 12 and any(piece in c for c in places.values())]
