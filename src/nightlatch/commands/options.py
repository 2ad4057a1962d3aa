"""What commands share: options, the settings they lead to, and the two consoles.

A zone is imported only by the function that needs it: `nightlatch cloud` works where no media library is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from nightlatch.cloud.settings import CloudSettings
    from nightlatch.config import Config
    from nightlatch.hub.serve.books.books import Books
    from nightlatch.hub.settings import HubSettings

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; default ./nightlatch.toml if there is one.")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Data folder; default \\[hub] data_dir, else ./data.", show_default=False)
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Key file (from “nightlatch keys export”) or a file with the 24 words.", exists=True),
]


def hub_data(data: Path | None) -> Path | None:
    """`--data` names the folder that `up` was given; the hub's part is a folder in it."""
    if data is None:
        data = Path("data")
        if not (data / "hub").is_dir():
            return None
    return data / "hub" if (data / "hub").is_dir() else data


def hub_settings(
    settings: Config,
    data: Path | None,
    port: int | None = None,
    demo: bool | None = None,
    cloud_url: str | None = None,
) -> HubSettings:
    from nightlatch.hub.settings import HubSettings

    if cloud_url is not None and "cloud_url" in settings.sections.get("hub", {}):
        cloud_url = None  # the file says where the mailbox is
    return settings.section("hub", HubSettings, data_dir=data, port=port, demo=demo, cloud_url=cloud_url)


def cloud_settings(settings: Config, data: Path | None, port: int | None) -> CloudSettings:
    from nightlatch.cloud.settings import CloudSettings

    return settings.section("cloud", CloudSettings, data_dir=data, port=port)


def hub_books(settings: HubSettings) -> Books:
    from nightlatch.hub.serve.books.books import Books
    from nightlatch.hub.serve.books.index import open_index

    return Books(settings.data_dir, open_index(settings.data_dir))
