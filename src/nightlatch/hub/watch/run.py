"""The watch process of a hub: `nightlatch hub --role watch`."""

from __future__ import annotations

import signal

from nightlatch.clocks import system_clock
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.watch.eye import Report, open_looking
from nightlatch.hub.watch.watcher import Watcher
from nightlatch.hub.wire.notices import CamerasChanged, NoticeClient


def run(settings: HubSettings) -> None:
    """Record every camera until SIGTERM."""
    engine = open_index(settings.data_dir)

    def heard(notice: object) -> None:
        if isinstance(notice, CamerasChanged):
            watcher.cameras_changed()

    client = NoticeClient(settings.data_dir / "watch.sock", heard)
    clock = system_clock()
    report = Report(client.send, clock, settings.data_dir)
    looking = open_looking(settings.detector, settings.models_dir, report)
    watcher = Watcher(settings.data_dir, engine, clock, client, looking)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: watcher.stop())
    client.start()
    try:
        watcher.run()
    finally:
        client.close()
        engine.dispose()
