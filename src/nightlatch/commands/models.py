"""`nightlatch models`: what can be fetched, and whether it is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Models that may be fetched; the built-in eye needs none.", no_args_is_help=True)
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where models lie; default \\[hub] models_dir, or this account's cache.")
]


@app.command("list")
def list_(folder: FolderOption = None) -> None:
    """List them."""
    from nightlatch.pixels.detectors.models import find, known_models, models_folder

    for model in known_models().values():
        here = "here" if find(model, models_folder(folder)) else "not here"
        typer.echo(f"{model.name:14} {here:9} {model.bytes / 1e6:5.1f} MB  {model.licence:13} {model.what}")


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all of them when none is named.")] = None,
    folder: FolderOption = None,
) -> None:
    """Fetch models from their makers' releases, checked against their hashes."""
    from rich.progress import Progress

    from nightlatch.errors import NotFound
    from nightlatch.pixels.detectors.models import fetch as get
    from nightlatch.pixels.detectors.models import known_models, models_folder

    known = known_models()
    for name in names or list(known):
        if name not in known:
            raise NotFound(f"There is no model called {name}. See: nightlatch models list")
        with Progress(transient=True) as progress:
            task = progress.add_task(name, total=1.0)
            path = get(known[name], models_folder(folder), lambda share, t=task: progress.update(t, completed=share))  # type: ignore[misc]
        typer.echo(f"{name} is in {path}.")
