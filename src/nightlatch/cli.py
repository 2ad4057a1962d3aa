"""The command line as a table: each group is a file in `commands/`. `nightlatch --help` is the manual.

With `commands/`, the only place that knows more than one zone, each inside its own command, imported when it runs:
`nightlatch cloud` works where no media library is installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from nightlatch import __version__
from nightlatch.commands import camera, keeper, keys, log, models, programme, replay, review
from nightlatch.commands.clips import clips, open_
from nightlatch.commands.doctor import doctor
from nightlatch.commands.mode import mode
from nightlatch.commands.options import err, out
from nightlatch.commands.programs import cloud, hub, up
from nightlatch.commands.trace import trace
from nightlatch.diagnostics import LEVEL_NAME
from nightlatch.errors import NightlatchError

COMMANDS: dict[str, Callable[..., None]] = {
    "replay": replay.replay,
    "trace": trace,
    "up": up,
    "hub": hub,
    "cloud": cloud,
    "clips": clips,
    "open": open_,
    "mode": mode,
    "doctor": doctor,
}
GROUPS = {
    "camera": camera.app,
    "gate": replay.app,
    "log": log.app,
    "keeper": keeper.app,
    "review": review.app,
    "programme": programme.app,
    "models": models.app,
    "keys": keys.app,
}

app = typer.Typer(
    help="The security camera that locks from the inside: the home sees, the cloud is blind.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


@app.callback(invoke_without_command=True)
def _before_any(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the whole log here, too; NIGHTLATCH_LOG=debug does the same.")
    ] = False,
) -> None:
    if verbose:
        os.environ[LEVEL_NAME] = "debug"  # for the programs that this one starts, too
    if version:
        out.print(__version__)
        raise typer.Exit


def fail(error: NightlatchError) -> NoReturn:
    """Print what went wrong and what to do, and leave with status 1."""
    err.print(f"[bold red]✗[/bold red] {escape(str(error))}", soft_wrap=True, highlight=False)
    raise SystemExit(1)


def main() -> None:
    """Entry point of `nightlatch`."""
    try:
        app()
    except NightlatchError as error:
        fail(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
