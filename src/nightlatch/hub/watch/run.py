"""The watch process of a hub: `nightlatch hub --role watch`. Pixels, files and notices; no table, no HTTP."""

from __future__ import annotations

import signal
from dataclasses import replace

from nightlatch.clocks import system_clock
from nightlatch.hub.folder import claim
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.eye import EyeReport, open_looking
from nightlatch.hub.watch.habits import KnownHours
from nightlatch.hub.watch.onlookers import Onlookers
from nightlatch.hub.watch.shards import Shard
from nightlatch.hub.watch.station import Station
from nightlatch.hub.watch.surroundings import Surroundings
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.watch.watcher import Watcher
from nightlatch.hub.wire.client import NoticeClient
from nightlatch.hub.wire.notices import CameraList, Notice, Watched


def run(settings: HubSettings, shard: Shard) -> None:
    """Record the cameras of this shard until SIGTERM.

    Raises:
        VaultError: the folder is not ours or cannot be written.
    """
    claim(settings.data_dir)
    clock, onlookers = system_clock(), Onlookers()

    def heard(notice: Notice) -> None:
        match notice:
            case CameraList():
                watcher.take(notice)
            case Watched():
                onlookers.see(notice.cameras)

    client = NoticeClient(settings.data_dir / "watch.sock", heard, lambda: watcher.hello())
    telling = Telling(client, clock)
    looking = open_looking(
        settings.detector,
        settings.models_dir,
        EyeReport(client.send, clock, settings.data_dir, shard),
        onlookers.want,
        settings.detector_model,
    )
    looking = replace(looking, surroundings=Surroundings(KnownHours(settings.data_dir)))
    watcher = Watcher(settings.data_dir, Station(Vault(settings.data_dir, clock), clock, telling, looking), shard)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: watcher.stop())
    watcher.recover()
    client.start()
    try:
        watcher.run()
    finally:
        client.close()
