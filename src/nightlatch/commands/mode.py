"""`nightlatch mode`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, hub_books, hub_data, hub_settings, out
from nightlatch.domain.context import Mode

if TYPE_CHECKING:
    from nightlatch.domain.mode import HouseholdMode


def mode(
    to: Annotated[
        Mode | None, typer.Argument(metavar="MODE", help="home, night or away; without one it is shown.")
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Until somebody changes it, whatever the schedule says.")
    ] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Show what the household is doing (home, night or away), or set it until the schedule's next change."""
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure
    from nightlatch.domain.mode import SetBy
    from nightlatch.hub.serve.people.modes import Modes
    from nightlatch.hub.wire.client import nudge

    configure()
    settings = hub_settings(config.load(config_file), hub_data(data))
    modes = Modes(hub_books(settings), system_clock())
    if to is not None:
        modes.choose(to, SetBy.COMMAND, hold=hold)
        nudge(settings.data_dir / "watch.sock")
    else:
        modes.follow()
    out.print(escape(_sentence(modes.now())), highlight=False)


def _sentence(now: HouseholdMode) -> str:
    """`Away since 8:05 today, by hand on Anna's phone, until 17:00.`"""
    ways = {"hand": "by hand", "command": "by a command", "schedule": "by schedule", "mqtt": "over MQTT"}
    said = now.mode.value.capitalize()
    if now.since_ms is None or now.by is None:
        return f"{said}. Nobody has set it yet."
    said += f" since {_moment(now.since_ms)}, {ways[now.by]}"
    said += f" on {now.device}" if now.device else ""
    if now.until_ms is not None:
        return f"{said}, until {_moment(now.until_ms)}."
    return f"{said}, until somebody changes it." if now.held else f"{said}."


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).strftime("%Y-%m-%d %H:%M")
