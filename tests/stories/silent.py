"""The hub's page process and the mailbox as they are, but that a push service may run on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

from nightlatch.clocks import system_clock
from nightlatch.cloud.app import create_app as mailbox
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.hub.serve.app import create_app as hub
from nightlatch.hub.settings import HubSettings
from nightlatch.web.serving import listen, serve


def main(program: str, folder: Path, port: int, *more: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if program == "mailbox":
        settings = CloudSettings(data_dir=folder, shortest_silence_s=1)
        serve(
            mailbox(settings, system_clock(), MIGRATIONS, outside_only=False), listen("127.0.0.1", port, "", None), None
        )
    else:
        cloud_url, after_s = more
        told = HubSettings(data_dir=folder, cloud_url=cloud_url, silence_after_s=int(after_s))
        serve(hub(told, system_clock(), outside_only=False), listen("127.0.0.1", port, "", None), None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
