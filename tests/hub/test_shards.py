"""Two watch processes share the cameras of a hub; what happens to one does not touch the other."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest
from structlog.testing import capture_logs

from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Mode, Site
from nightlatch.errors import ConfigError
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch import watcher as watcher_module
from nightlatch.hub.watch.observer import Looking
from nightlatch.hub.watch.shards import Shard, read_shard, shards_for
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.watch.watcher import Watcher
from nightlatch.hub.wire.notices import CameraList, Notice, decode, encode
from nightlatch.pixels.sources.feed import Feed, Raw, Receiver
from nightlatch.pixels.sources.opening import open_address
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.plugs import Opens
from tests.clocks import TestClock
from tests.house import House, house, until


def test_every_camera_is_kept_by_one_shard_and_a_new_one_moves_no_other() -> None:
    ids = [f"{number * 7919:012x}" for number in range(1000)]
    for count in (1, 2, 3, 16):
        shards = [Shard(number, count) for number in range(count)]
        kept = [[shard.keeps(each) for shard in shards].count(True) for each in ids]
        assert kept == [1] * len(ids)
        assert max(sum(shard.keeps(each) for each in ids) for shard in shards) < 1.5 * len(ids) / count


def test_there_are_as_many_processes_as_the_cameras_need_and_no_more_than_cores() -> None:
    assert [shards_for(cameras, 2) for cameras in (0, 1, 60, 61, 400)] == [1, 1, 1, 2, 2]
    assert shards_for(10_000, 64) == 16


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "0/0", "0/99", "a/b", "١/٢", "0/2/3"])
def test_a_shard_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_shard(text)
    assert read_shard("1/2") == Shard(1, 2)


class Unheard:
    """Nobody is told."""

    def send(self, notice: Notice) -> None:
        """Must return at once."""


@contextmanager
def watcher(folder: Path, shard: Shard, opens: Opens[Feed] = open_address) -> Iterator[Watcher]:
    """A watch process without cameras, its main thread at least."""
    never: Any = None
    telling, looking = Telling(Unheard(), TestClock()), Looking(never, never, never)
    made = Watcher(folder, Station(Vault(folder, TestClock()), TestClock(), telling, looking, opens), shard)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(10)


PORCH = CameraList(None, ("age1x",), (Camera("0" * 12, "porch", "file:porch.mp4"),))


def kept(folder: Path) -> Notice | None:
    try:
        return decode((folder / "cameras.list").read_bytes())
    except OSError:
        return None


def test_the_first_process_keeps_the_list_for_all_so_that_no_two_write_one_file(tmp_path: Path) -> None:
    with watcher(tmp_path, Shard(1, 2)) as second:
        second.take(PORCH)
        with watcher(tmp_path, Shard(0, 2)) as first:
            first.take(PORCH)
            until(lambda: kept(tmp_path) == PORCH, "the list being kept", 10)
        (tmp_path / "cameras.list").unlink()
        second.take(CameraList(None, (), ()))
    assert kept(tmp_path) is None


def test_a_list_that_could_not_be_kept_is_kept_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher_module, "AGAIN_US", 20_000)
    (tmp_path / "cameras.list").mkdir()  # a file cannot take its place
    with watcher(tmp_path, Shard()) as made, capture_logs() as logged:
        made.take(PORCH)
        until(lambda: logged, "the failure", 10)
        (tmp_path / "cameras.list").rmdir()
        until(lambda: kept(tmp_path) == PORCH, "the list being kept", 10)
    assert len(logged) == 1


class Silent:
    """A camera that was opened and sends nothing."""

    is_live = True
    receiver: Receiver = "nightlatch"
    audio = None
    left_out = ()

    def poll(self, now_us: int) -> list[Raw]:
        return []

    def close(self) -> None:
        """Nothing to let go of."""


def test_another_quota_does_not_interrupt_a_recording_and_another_address_does(tmp_path: Path) -> None:
    opened: list[str] = []

    def opens(url: str, *, transport: str) -> Silent:
        opened.append(url)
        return Silent()

    recipient = str(pyrage.x25519.Identity.generate().to_public())
    with watcher(tmp_path, Shard(), opens) as made:
        for camera in (
            Camera("0" * 12, "porch", "rtsp://192.0.2.1/a"),
            Camera("0" * 12, "porch", "rtsp://192.0.2.1/a", quota_bytes=1),
            Camera("0" * 12, "porch", "rtsp://192.0.2.1/b", quota_bytes=1),
        ):
            listed = CameraList("h", (recipient,), (camera,))
            made.take(listed)
            until(lambda listed=listed: kept(tmp_path) == listed, "the list being kept", 10)  # type: ignore[misc]
        until(lambda: len(opened) > 1, "the other address", 10)
    assert opened == ["rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b"]


def surroundings(made: Watcher, camera: Camera) -> tuple[Site | None, Mode | None]:
    """What those who look would tell the judge of the camera when the time to leave is long over."""
    known = made._station.looking.surroundings
    known.monotonic_ms = lambda: time.monotonic_ns() // 1_000_000 + 3_600_000
    now = known.context(camera, 1_900_000_000_000, 1_900_000_000_000, ())
    known.monotonic_ms = lambda: time.monotonic_ns() // 1_000_000
    return now.site, now.mode


def test_another_mode_or_site_interrupts_no_recording_and_reaches_those_who_look(tmp_path: Path) -> None:
    opened: list[str] = []

    def opens(url: str, *, transport: str) -> Silent:
        opened.append(url)
        return Silent()

    recipient = str(pyrage.x25519.Identity.generate().to_public())
    porch = Camera("0" * 12, "porch", "rtsp://192.0.2.1/a")
    with watcher(tmp_path, Shard(), opens) as made:
        for mode, site, url in (
            (Mode.HOME, None, "a"),
            (Mode.AWAY, None, "a"),
            (Mode.AWAY, Site.GARDEN, "a"),
            (Mode.NIGHT, Site.INSIDE, "a"),
            (Mode.NIGHT, Site.INSIDE, "b"),
        ):
            camera = replace(porch, url=f"rtsp://192.0.2.1/{url}", site=site)
            listed = CameraList("h", (recipient,), (camera,), mode)
            made.take(listed)
            until(lambda listed=listed: kept(tmp_path) == listed, "the list being kept", 10)  # type: ignore[misc]
            assert surroundings(made, porch) == (site, mode)
        until(lambda: len(opened) > 1, "the other address", 10)
    assert opened == ["rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b"]
    with watcher(tmp_path, Shard(), opens) as again:  # serve does not run: the file says what the mode was
        assert surroundings(again, porch) == (Site.INSIDE, Mode.NIGHT)


def test_a_camera_that_was_removed_while_no_hub_ran_is_not_on_the_list_of_the_next_start(tmp_path: Path) -> None:
    def nightlatch(*words: str) -> None:
        subprocess.run([sys.executable, "-m", "nightlatch", *words, "--data", str(tmp_path)], check=True)

    hub = tmp_path / "hub"
    hub.mkdir()
    nightlatch("camera", "add", "porch", "file:porch.mp4", "--no-test")
    (hub / "cameras.list").write_bytes(encode(PORCH))
    nightlatch("camera", "add", "yard", "file:yard.mp4", "--no-test")
    assert kept(hub) == PORCH
    nightlatch("camera", "remove", "porch")
    assert kept(hub) is None


def segments(home: House) -> dict[str, int]:
    """The end of the newest entered segment by camera."""
    with sqlite3.connect(f"file:{home.data}/hub/hub.db?mode=ro", uri=True) as index:
        rows = index.execute("select camera_id, max(began_ms + duration_ms) from segments group by camera_id")
        return {str(camera_id): int(end_ms) for camera_id, end_ms in rows}


def one_of_each(home: House, url: str) -> list[str]:
    """Ids of two cameras that different shards keep: ids are random, so cameras are added until there are two."""
    found: dict[int, str] = {}
    for number in range(40):
        camera = str(home.add_camera(f"camera {number}", url)["id"])
        if found.setdefault(int(camera, 16) % 2, camera) != camera:
            home.client.delete(f"/api/cameras/{camera}").raise_for_status()
        if len(found) == 2:
            break
    return [found[0], found[1]]


@pytest.mark.timeout(240)
def test_when_one_of_two_is_killed_the_other_carries_on_and_books_and_files_agree(tmp_path: Path) -> None:
    street = film(scene("living-room", width=320, height=180), tmp_path / "street.mp4", 30)
    settings = tmp_path / "nightlatch.toml"
    settings.write_text("[hub]\nshards = 2\n")
    with house(tmp_path / "house", config=settings) as home:
        home.set_up()
        first, second = one_of_each(home, f"file:{street}?loop=1")
        until(lambda: set(segments(home)) >= {first, second}, "both recording", 90)
        (victim,) = [pid for pid in home.children("0/2") if pid in home.children("watch")]
        (other,) = [pid for pid in home.children("1/2") if pid in home.children("watch")]
        os.kill(victim, signal.SIGKILL)
        killed_ms = time.time_ns() // 1_000_000
        until(lambda: segments(home)[second] > killed_ms + 4000, "the other going on", 60)
        until(lambda: segments(home)[first] > killed_ms + 4000, "the killed one coming back", 90)
        assert other in home.children("1/2")
        until(lambda: {c["state"] for c in home.home()["cameras"]} == {"recording"}, "all recording", 30)
    with sqlite3.connect(home.data / "hub" / "hub.db") as index:
        rows = {str(row[0]) for row in index.execute("select path from segments")}
        gaps = index.execute("select count(*) from outages where ended_ms is null").fetchone()[0]
    vault = home.data / "hub" / "vault"
    assert rows == {str(path.relative_to(vault)) for path in vault.glob("*/segments/*/*.age")}
    assert gaps == 0


@pytest.mark.timeout(180)
def test_a_serve_that_cannot_start_does_not_stop_recording(tmp_path: Path) -> None:
    street = film(scene("living-room", width=320, height=180), tmp_path / "street.mp4", 30)
    with house(tmp_path / "house") as home:
        home.set_up()
        camera = home.add_camera("porch", f"file:{street}?loop=1")["id"]
        until(lambda: camera in segments(home), "recording", 60)
    told = decode((home.data / "hub" / "cameras.list").read_bytes())
    assert isinstance(told, CameraList)
    assert [each.id for each in told.cameras] == [camera]
    assert (home.data / "hub" / "cameras.list").stat().st_mode & 0o077 == 0
    assert isinstance(told.cameras[0], Camera)
    before = set((home.data / "hub" / "vault").glob("*/segments/*/*.age"))
    home.config = tmp_path / "nightlatch.toml"
    home.config.write_text('[hub]\nmqtt_url = "nonsense://broker"\n')  # serve ends with a sentence, again and again
    try:
        home.launch()
        until(lambda: home.log.read_text().count("mqtt_url must look like") > 2, "serve ending again and again", 60)
        until(lambda: set((home.data / "hub" / "vault").glob("*/segments/*/*.age")) - before, "recording", 60)
        assert not home.answers()
    finally:
        home.stop()
