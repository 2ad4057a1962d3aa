"""`nightlatch keeper`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nightlatch.commands.options import ConfigOption

app = typer.Typer(help="The keeper: holds the keys of donated clips; no proof, no picture.", no_args_is_help=True)


@app.callback()
def _keeper() -> None:
    pass


@app.command()
def serve(
    config_file: ConfigOption = None,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder; default \\[keeper] data_dir.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default 8643.")] = None,
) -> None:
    """Run the keeper, in a process and under a user of its own."""
    from nightlatch import config
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.keeper.serve import run
    from nightlatch.keeper.settings import KeeperSettings
    from nightlatch.pixels.watermark.marking import mark_key, marker
    from nightlatch.supervise import die_with_parent

    settings = config.load(config_file).section("keeper", KeeperSettings, data_dir=data, port=port)
    configure(log_file(settings.data_dir, "keeper"))
    die_with_parent()
    run(settings, system_clock(), marker(mark_key(settings.data_dir / "mark.key")))
