"""`nightlatch trace`: whose view a leaked picture comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nightlatch.pixels.watermark.forensic import Statement, Trace

NOTHING = (
    "No mark was found. Either none of this came from the review room, or the picture is too small or too blurred. "
    "Try more pictures, or turn them upright: up to eight degrees are tried."
)


def trace(
    pictures: Annotated[
        list[Path],
        typer.Argument(
            help="Leaked screenshots, pieces of them, photos; of one view, they help each other.", exists=True
        ),
    ],
    key: Annotated[Path, typer.Option(help="The programme's mark.key, from the keeper's folder.", exists=True)],
) -> None:
    """Read the hidden mark in leaked pictures: it says which view they come from."""
    from nightlatch.pixels.watermark.forensic import together

    readings = _readings(pictures, key)
    alone = [together([reading]) if reading is not None else None for reading in readings]
    whole = {found.view: found for found in alone if found is not None and found.is_whole}
    if len(whole) > 1:
        _tell_each(pictures, alone)
        return
    found = together([reading for reading in readings if reading is not None])
    if whole:
        [found] = whole.values()
    if found is None:
        typer.echo(NOTHING)
        raise typer.Exit(1)
    if not found.is_whole:
        typer.echo(
            f"A mark is there, but it is too damaged to name a view (the bits stand {found.bits_z:.1f} above a guess). "
            "Add more pictures from the same leak."
        )
        raise typer.Exit(1)
    typer.echo(f"View {found.view}: entry {found.view} of the log says who looked, when and why.")
    _tell_how_sure(found, sum(each is not None and each.is_whole for each in alone), len(pictures))


def _readings(pictures: Sequence[Path], key: Path) -> list[Statement | None]:
    import cv2
    import numpy as np

    from nightlatch.errors import ConfigError
    from nightlatch.pixels.watermark.forensic import read
    from nightlatch.pixels.watermark.marking import mark_key

    secret, found = mark_key(key), []
    for path in pictures:
        leak = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if leak is None:
            raise ConfigError(f"{path.name} is not a picture. Give JPEG or PNG files.")
        found.append(read(np.asarray(leak, np.uint8), secret))
    return found


def _tell_how_sure(found: Trace, alone: int, count: int) -> None:
    from nightlatch.pixels.watermark.code import READ_Z

    how = "read from all of them together" if alone == 0 and count > 1 else f"read in {alone} of {count}"
    typer.echo(
        f"How sure: {how}; the check fits, and the bits stand {found.bits_z:.1f} above a guess ({READ_Z} is enough)."
    )


def _tell_each(pictures: Sequence[Path], alone: Sequence[Trace | None]) -> None:
    """Pictures of different views are told apart, never mixed."""
    typer.echo("These pictures come from more than one view:")
    for path, found in zip(pictures, alone, strict=True):
        view = f"view {found.view}" if found is not None and found.is_whole else "no view can be named"
        typer.echo(f"  {path.name}: {view}")
