"""`nightlatch review`."""

from __future__ import annotations

from typing import Annotated

import typer

from nightlatch.commands.options import ConfigOption
from nightlatch.commands.programme import DataOption, review_settings

app = typer.Typer(help="The review room: labels, without the pictures.", no_args_is_help=True)


@app.callback()
def _review() -> None:
    pass


@app.command()
def serve(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; default 8642.")] = None,
) -> None:
    """Run the review room's page. It needs a keeper and a log."""
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.review.serve import run
    from nightlatch.supervise import die_with_parent

    settings = review_settings(config_file, data, port=port)
    configure(log_file(settings.data_dir, "review"))
    die_with_parent()
    run(settings, system_clock())
