"""`nightlatch trace`: whose view a leaked picture comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def trace(
    pictures: Annotated[
        list[Path], typer.Argument(help="Leaked pictures of one view, all the same size.", exists=True)
    ],
    key: Annotated[Path, typer.Option(help="The programme's mark.key, from the keeper's folder.", exists=True)],
) -> None:
    """Read the hidden mark in leaked pictures: it says which view they come from."""
    import cv2
    import numpy as np

    from nightlatch.errors import ConfigError
    from nightlatch.pixels.watermark.forensic import recover
    from nightlatch.pixels.watermark.marking import mark_key

    read = [cv2.imread(str(path), cv2.IMREAD_COLOR) for path in pictures]
    if any(picture is None for picture in read):
        raise ConfigError("One of these files is not a picture. Give JPEG or PNG files.")
    found = recover([np.asarray(picture, np.uint8) for picture in read if picture is not None], mark_key(key))
    if found is None:
        typer.echo(
            "No mark was found. The picture may be too small, turned by more than six degrees, or from somewhere else."
        )
        raise typer.Exit(1)
    if not found.is_whole:
        typer.echo(
            f"A mark is there (z = {found.z:.0f}), but part of it is damaged. Add more pictures from the same leak."
        )
        raise typer.Exit(1)
    typer.echo(f"View {found.view}: entry {found.view} of the log says who looked, when and why (z = {found.z:.0f}).")
