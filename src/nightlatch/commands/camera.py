"""`nightlatch camera`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, err, hub_books, hub_data, hub_settings, out
from nightlatch.domain.context import Site

SiteOption = Annotated[
    Site | None,
    typer.Option(
        help="Where it is: street, front_door, drive, garden or inside. What people do there is judged by it."
    ),
]

app = typer.Typer(help="Add, test, list and remove cameras.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What you call it: porch, drive, nursery…")],
    address: Annotated[str, typer.Argument(help="rtsp://user:password@host/…, usb:/dev/video0 or file:/path.mp4")],
    sub: Annotated[
        str | None, typer.Option(help="Address of its smaller second stream, which is cheaper to watch.")
    ] = None,
    transport: Annotated[str, typer.Option(help="tcp or udp (RTSP only).")] = "tcp",
    site: SiteOption = None,
    test: Annotated[bool, typer.Option(help="Look at the camera before adding it.")] = True,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Add a camera. It is tried first; a wrong password, no route or no H.264 is said plainly."""
    from nightlatch.clocks import system_clock
    from nightlatch.hub.serve import catalogue
    from nightlatch.hub.wire.client import nudge

    if test:
        _show_probe(address, transport)
    settings = hub_settings(config.load(config_file), hub_data(data))
    added = catalogue.add(
        *(hub_books(settings), system_clock()), name=name, url=address, sub_url=sub, transport=transport, site=site
    )
    nudge(settings.data_dir / "watch.sock")
    out.print(f"[bold]{escape(added.name)}[/bold] is added. A running hub starts recording it within seconds.")


@app.command("list")
def list_(config_file: ConfigOption = None, data: DataOption = None) -> None:
    """List the cameras."""
    from nightlatch.domain.address import shown
    from nightlatch.hub.serve import catalogue

    settings = hub_settings(config.load(config_file), hub_data(data))
    cameras = catalogue.cameras(hub_books(settings).engine)
    if not cameras:
        out.print("No camera yet. Add one: nightlatch camera add porch rtsp://user:password@192.168.1.20/stream")
        return
    table = Table("name", "address", "site", "sub-stream", "id")
    for camera in cameras:
        table.add_row(
            camera.name + ("" if camera.enabled else " (off)"),
            shown(camera.url),
            camera.site.value if camera.site else "–",
            "yes" if camera.sub_url else "no",
            camera.id,
        )
    out.print(table)


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="Its name or id.")],
    site: SiteOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say where a camera is. Its recording goes on."""
    from nightlatch.hub.serve import catalogue
    from nightlatch.hub.wire.client import nudge

    settings = hub_settings(config.load(config_file), hub_data(data))
    changed = catalogue.change(hub_books(settings), name, lambda camera: replace(camera, site=site or camera.site))
    nudge(settings.data_dir / "watch.sock")
    where = changed.site.value if changed.site else "nowhere that is known; choose one with --site"
    out.print(f"[bold]{escape(changed.name)}[/bold]: {where}.", highlight=False)


@app.command("test")
def try_(
    address: Annotated[str, typer.Argument(help="The address to try.")],
    transport: Annotated[str, typer.Option(help="tcp or udp (RTSP only).")] = "tcp",
) -> None:
    """Try an address without adding it."""
    _show_probe(address, transport)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Its name or id.")],
    delete_footage: Annotated[
        bool, typer.Option(help="Also delete what it recorded; otherwise that ages out.")
    ] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Remove a camera."""
    from nightlatch.hub.serve import catalogue
    from nightlatch.hub.wire.client import nudge
    from nightlatch.hub.wire.notices import LIST_FILE

    settings = hub_settings(config.load(config_file), hub_data(data))
    catalogue.remove(hub_books(settings), name, footage=delete_footage)
    if not nudge(settings.data_dir / "watch.sock"):  # the next start must not record it even for a second
        (settings.data_dir / LIST_FILE).unlink(missing_ok=True)
    out.print(f"{escape(name)} is removed.")


def _show_probe(address: str, transport: str) -> None:
    """Try a camera and print what was found.

    Raises:
        SourceError: it cannot be recorded; the sentence says why.
    """
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure
    from nightlatch.domain.camera import RECEIVED
    from nightlatch.pixels.sources.probe import probe

    configure()
    with err.status("Trying the camera…"):
        found = probe(address, transport, clock=system_clock())
    video, audio = found.streams.video, found.streams.audio
    out.print(
        f"It answers: {video.width}×{video.height} {video.codec}"
        + (f", {found.fps:.0f} pictures a second" if found.fps else "")
        + (f", sound {audio.codec}" if audio else ", no sound")
        + (f", a key frame every {found.gop_s:.1f} s" if found.gop_s else "")
    )
    out.print(f"  {RECEIVED[found.receiver]}")
    for note in found.notes:
        out.print(f"  {escape(note)}")
