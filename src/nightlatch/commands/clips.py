"""`nightlatch clips` and `nightlatch open`: one's own clips, without the page."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, KeyOption, err, hub_data, hub_settings, out
from nightlatch.errors import NightlatchError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nightlatch.domain.manifest import Manifest
    from nightlatch.owner.clips import Fetch, Gap


def clips(
    key: KeyOption = None,
    from_cloud: Annotated[
        str | None, typer.Option("--cloud", help="Ask this mailbox instead of the hub's folder; needs the 24 words.")
    ] = None,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """List clips. Without a key only ids, times and sizes are known: camera names are sealed, too."""
    from nightlatch.owner import clips as owner
    from nightlatch.owner.unlock import keys_from_file, opener_from_file

    table = Table("clip", "when", "camera", "length", "sealed")
    opener = opener_from_file(key) if key else None
    if from_cloud:
        from nightlatch.web.mailbox import MailboxClient

        if key is None:
            raise NightlatchError("The mailbox answers to the owner only: give --key with the recovery words.")
        client = MailboxClient(from_cloud, keys_from_file(key).signing_key)
        for held in client.clips():
            what = owner.read_manifest(functools.partial(client.get, held.clip), opener) if opener else None
            table.add_row(held.clip, *_clip_facts(what, held.created_ms), f"{held.bytes / 1e6:.1f} MB")
    else:
        folders = owner.clip_folders(hub_settings(config.load(config_file), hub_data(data)).data_dir)
        for clip, folder in sorted(folders.items(), key=lambda item: -item[1].stat().st_mtime):
            what = owner.read_manifest(owner.folder_fetch(folder), opener) if opener else None
            size = sum(p.stat().st_size for p in folder.glob("*.age"))
            table.add_row(clip, *_clip_facts(what, int(folder.stat().st_mtime * 1000)), f"{size / 1e6:.1f} MB")
    if table.row_count:
        out.print(table)
    else:
        out.print("No clip yet.")


def _clip_facts(what: Manifest | None, about_ms: int) -> tuple[str, str, str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime((what.onset_ms if what else about_ms) / 1000))
    if what is None:
        return when, "(sealed)", "(sealed)"
    return when, what.camera_name, f"{(what.ended_ms - what.began_ms) / 1000:.0f} s" if what.ended_ms else "not closed"


def open_(
    what: Annotated[str, typer.Argument(help="A clip's id, or a path to any .age file.")],
    key: Annotated[Path, typer.Option("--key", help="Key file, or a file with the 24 words.", exists=True)],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write; default CLIP.mp4.")] = None,
    partial: Annotated[bool, typer.Option(help="Leave out parts that are missing or damaged.")] = False,
    from_cloud: Annotated[str | None, typer.Option("--cloud", help="Fetch the clip from this mailbox.")] = None,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Open a clip with your key, checked against its sealed manifest."""
    from nightlatch.owner import clips as owner
    from nightlatch.owner.unlock import keys_from_file, opener_from_file

    opener = opener_from_file(key)
    if what.endswith(".age"):
        path = Path(what)
        if not path.is_file():
            raise NotFound(f"There is no file {path}.")
        _write(output or path.with_suffix(".opened"), [owner.open_file(path, opener)])
        return
    if from_cloud:
        from nightlatch.web.mailbox import MailboxClient

        client = MailboxClient(from_cloud, keys_from_file(key).signing_key)
        fetch: Fetch = functools.partial(client.get, what)
    else:
        folder = owner.clip_folders(hub_settings(config.load(config_file), hub_data(data)).data_dir).get(what)
        if folder is None:
            raise NotFound(f"There is no clip {what} here. See: nightlatch clips")
        fetch = owner.folder_fetch(folder)
    manifest = owner.read_manifest(fetch, opener)
    target = output or Path(f"{what}{manifest.suffix}")
    gaps: list[Gap] = []
    _write(target, owner.open_clip(fetch, opener, manifest, partial=partial, on_gap=gaps.append))
    for gap in gaps:
        err.print(f"[yellow]![/yellow] {gap.why}", soft_wrap=True)


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    if target.exists():
        raise NightlatchError(f"{target} already exists. Choose another name with -o.")
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    out.print(f"{target} is written.")
