"""Keeps one recorder per camera, in step with the list that serve sends.

The newest list is also kept in a file, readable by this account only (it holds what hub.db holds, passwords too): a
hub whose serve cannot start, because of an alert setting, say, still records. The first of several watch processes
writes it for all; a command that removes a camera while no hub runs deletes it.
"""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import structlog

from nightlatch.domain.camera import Camera
from nightlatch.durably import write_durably
from nightlatch.errors import SealError
from nightlatch.hub.vault.recover import recover
from nightlatch.hub.watch.recorder import Recorder, Station
from nightlatch.hub.watch.shards import Shard
from nightlatch.hub.wire.notices import LIST_FILE, CameraList, Hello, Pulse, decode, encode
from nightlatch.seal.recipients import Sealer
from nightlatch.supervise import beat

PATIENCE_S = 5.0  # for a recorder to end
CHECK_S = 2.0  # how often it looks for a recorder that died

log = structlog.get_logger()


class Watcher:
    """Starts, stops and replaces recorders as cameras come, change and go."""

    def __init__(self, data_dir: Path, station: Station, shard: Shard) -> None:
        self._file = data_dir / LIST_FILE
        self._station = station
        self._shard = shard
        self._list = self._kept = self._remembered()
        self._refused: CameraList | None = None  # by the disk
        self._running: dict[str, tuple[Recorder, threading.Thread]] = {}
        self._for_whom: tuple[str | None, tuple[str, ...]] = (None, ())
        self._changed = threading.Event()
        self._stopping = False
        self._since_ms = station.clock.now_ms()

    def hello(self) -> Hello:
        """What serve is told at each connection."""
        telling = self._station.telling
        return Hello(self._shard.number, self._shard.count, telling.growing(), telling.moving(), self._since_ms)

    def take(self, cameras: CameraList) -> None:
        """Record these from now on; from any thread."""
        self._list = cameras
        self._changed.set()

    def stop(self) -> None:
        """End all recorders; `run` returns within a few seconds."""
        self._stopping = True
        self._changed.set()

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
        """Keep recorders in step with the list until `stop`."""
        while not self._stopping:
            self._station.telling.bus.send(Pulse(self._shard.number))
            beat()
            self._remember(self._list)
            self._match(self._list)
            self._changed.wait(CHECK_S)
            self._changed.clear()
        self._end(list(self._running))

    def _match(self, cameras: CameraList) -> None:
        """One running recorder for each camera of ours that is on the list, as it stands there."""
        for_whom = cameras.household_id, cameras.recipients
        wanted = {camera.id: camera for camera in cameras.cameras if camera.enabled and self._shard.keeps(camera.id)}
        self._end(
            [
                camera_id
                for camera_id in self._running
                if for_whom != self._for_whom or not self._fits(wanted, camera_id)
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
                recorder = Recorder(camera, cameras.household_id, sealer, self._station)
                thread = threading.Thread(target=recorder.run, name=f"record-{camera_id}", daemon=True)
                self._running[camera_id] = recorder, thread
                thread.start()

    def _fits(self, wanted: dict[str, Camera], camera_id: str) -> bool:
        recorder, thread = self._running[camera_id]
        return wanted.get(camera_id) == recorder.camera and thread.is_alive()

    def _end(self, camera_ids: list[str]) -> None:
        ending = [self._running.pop(camera_id) for camera_id in camera_ids]
        for recorder, _ in ending:
            recorder.stop()
        for _, thread in ending:
            thread.join(PATIENCE_S)

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
