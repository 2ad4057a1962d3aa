"""`nightlatch doctor`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, cloud_settings, hub_data, hub_settings, out


def doctor(
    report: Annotated[bool, typer.Option(help="Plain text for a bug report; holds no secret.")] = False,
    cameras: Annotated[bool, typer.Option("--cameras", help="Try each camera, too; up to half a minute each.")] = False,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Check this machine: ports, disk, clock, codecs. Says what to do."""
    from nightlatch import doctor as checks

    file = config.load(config_file)
    settings = hub_settings(file, hub_data(data) or (data / "hub" if data else None))
    found = checks.examine(
        settings.data_dir,
        {"page": settings.port, "mailbox": cloud_settings(file, None, None).port},
        settings.cloud_url,
        try_cameras=cameras,
        floor_bytes=settings.disk_floor_bytes,
    )
    findings = list(found)
    if report:
        sys.stdout.write(checks.report(findings))
    else:
        mark = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
        for each in findings:
            said = f"{each.name}: {escape(each.text)} [dim]{escape(each.todo)}[/dim]"
            out.print(f"{mark[each.state]} {said}", soft_wrap=True)
    if any(each.state == "fail" for each in findings):
        raise typer.Exit(1)
