"""The loop that receives every camera: one recorder for each, in step with the list that serve sends.

All are polled on one clock, seven times a second or twenty, and nothing in a round waits. Reading so costs a sixth of
waking for every packet that comes (measured on ten cameras over RTSP).

The newest list is also kept in a file, readable by this account only (it holds what hub.db holds, passwords too): a
hub whose serve cannot start, because of an alert setting, say, still records. The first of several watch processes
writes it for all; a command that removes a camera while no hub runs deletes it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import structlog

from nightlatch.durably import write_durably
from nightlatch.errors import SealError
from nightlatch.hub.vault.recover import recover
from nightlatch.hub.watch.disk import Disk
from nightlatch.hub.watch.recorder import Recorder
from nightlatch.hub.watch.shards import Shard
from nightlatch.hub.watch.station import Station
from nightlatch.hub.wire.notices import LIST_FILE, CameraList, Hello, Pulse, decode, encode
from nightlatch.seal.recipients import Sealer
from nightlatch.supervise import beat

TICK_US = 150_000
SUB_TICK_US = 50_000  # where a sub-stream is received, in which things are seen so much sooner, or one is being opened
PATIENCE_US = 5_000_000  # for recorders to end
AGAIN_US = 2_000_000  # how often it says that it is alive, and tries a list again that the disk refused

log = structlog.get_logger()


class Watcher:
    """Starts, stops and replaces recorders as cameras come, change and go."""

    def __init__(self, data_dir: Path, station: Station, shard: Shard) -> None:
        self._file = data_dir / LIST_FILE
        self._station = station
        self._shard = shard
        self._list = self._kept = self._remembered()
        self._refused: CameraList | None = None  # by the disk
        self._running: dict[str, Recorder] = {}
        self._leaving: list[Recorder] = []
        self._for_whom: tuple[str | None, tuple[str, ...]] = (None, ())
        self._changed = threading.Event()
        self._stopping = False
        self._since_ms = station.clock.now_ms()
        self._look_around(self._list)

    def hello(self) -> Hello:
        """What serve is told at each connection."""
        telling = self._station.telling
        return Hello(self._shard.number, self._shard.count, telling.growing(), telling.moving(), self._since_ms)

    def take(self, cameras: CameraList) -> None:
        """Record these from now on; from any thread."""
        self._list = cameras
        self._look_around(cameras)
        self._changed.set()

    def stop(self) -> None:
        """End all recorders; `run` returns within a few seconds. A signal may call this, so it takes no lock."""
        self._stopping = True

    def recover(self) -> None:
        """Mend what the last stop left behind; serve matches its books only after that. Raises `OSError`."""
        found = recover(self._station.vault.folder, self._shard.keeps)
        log.info(
            "vault.recovered",
            parts_saved=found.parts_saved,
            clips_dropped=found.clips_dropped,
            left_over=found.left_over,
        )

    def run(self) -> None:
        """Record until `stop`."""
        disk = Disk(self._station.vault, self._station.telling)
        disk.start()
        self._changed.set()
        again_us = due_us = 0
        while not self._stopping:
            now_us = time.monotonic_ns() // 1000
            if self._changed.is_set() or now_us >= again_us:
                self._changed.clear()
                again_us = now_us + AGAIN_US
                self._station.telling.bus.send(Pulse(self._shard.number))
                beat()
                self._remember(self._list)
                self._match(self._list)
            self.poll(now_us)
            is_quick = any(each.camera.sub_url is not None or each.is_opening for each in self._running.values())
            due_us = max(due_us + (SUB_TICK_US if is_quick else TICK_US), now_us)  # a late round is not made up for
            self._changed.wait(max(0.0, (due_us - time.monotonic_ns() // 1000) / 1e6))
        self._end(list(self._running))
        self._see_off()
        self._station.looking.surroundings.hours.flush()
        disk.stop()

    def poll(self, now_us: int) -> None:
        """One round."""
        for recorder in self._running.values():
            recorder.poll(now_us)
        if self._leaving:
            for recorder in self._leaving:
                recorder.poll(now_us)
            self._leaving = [recorder for recorder in self._leaving if not recorder.is_done]

    def _look_around(self, cameras: CameraList) -> None:
        """What events are judged by changes while all recorders go on."""
        self._station.looking.surroundings.take(cameras, self._shard.keeps)

    def _see_off(self) -> None:
        """Poll those that end until they have, for a few seconds."""
        until_us = time.monotonic_ns() // 1000 + PATIENCE_US
        while self._leaving and (now_us := time.monotonic_ns() // 1000) < until_us:
            self.poll(now_us)
            time.sleep(TICK_US / 1e6)

    def _match(self, cameras: CameraList) -> None:
        """One recorder for each camera of ours that is on the list, as it stands there."""
        for_whom = cameras.household_id, cameras.recipients
        ours = [camera for camera in cameras.cameras if camera.enabled and self._shard.keeps(camera.id)]
        wanted = {camera.id: replace(camera, quota_bytes=None, site=None) for camera in ours}  # neither is recorded
        self._end(
            [
                camera_id
                for camera_id, recorder in self._running.items()
                if for_whom != self._for_whom or wanted.get(camera_id) != recorder.camera
            ]
        )
        self._for_whom = for_whom
        if cameras.household_id is None or not cameras.recipients:
            return  # nobody to seal for: nothing is recorded
        try:
            sealer = Sealer(list(cameras.recipients))
        except SealError as error:
            log.error("household.key_unusable", text=str(error))
            return
        for camera_id, camera in wanted.items():
            if camera_id not in self._running:
                self._running[camera_id] = Recorder(camera, cameras.household_id, sealer, self._station)

    def _end(self, camera_ids: list[str]) -> None:
        """Ask them to end; the next polls see them off."""
        now_us = time.monotonic_ns() // 1000
        for camera_id in camera_ids:
            recorder = self._running.pop(camera_id)
            recorder.stop()
            recorder.poll(now_us)  # lets go of the camera before a new recorder asks for it
            self._leaving.append(recorder)

    def _remembered(self) -> CameraList:
        try:
            found = decode(self._file.read_bytes())
        except (OSError, msgspec.DecodeError):
            found = None
        return found if isinstance(found, CameraList) else CameraList(None, (), ())

    def _remember(self, cameras: CameraList) -> None:
        if cameras == self._kept or self._shard.number != 0:
            return
        try:
            write_durably(self._file, encode(cameras))
        except OSError as error:  # a full disk: the next round tries again
            if cameras != self._refused:
                log.warning("cameras.not_remembered", error=type(error).__name__)
            self._refused = cameras
        else:
            self._kept = cameras
