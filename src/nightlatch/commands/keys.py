"""`nightlatch keys`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, hub_books, hub_data, hub_settings, out
from nightlatch.errors import NightlatchError

if TYPE_CHECKING:
    from nightlatch.owner.keys import OwnerKeys

app = typer.Typer(help="Your key: export it, or check the recovery sheet.", no_args_is_help=True)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(help="File to write; Debian's age reads it with -i.")] = Path("key.txt"),
    words: Annotated[bool, typer.Option(help="Type the 24 words instead of the passphrase.")] = False,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Write your key as an age identity, so that “age -d -i key.txt CLIP.age” opens anything by hand."""
    from nightlatch.owner.unlock import export_key

    export_key(_owner_keys(words, data, config_file), output)
    out.print(f"{output} is written. Anybody who has it can open everything: keep it off this machine.")


@app.command()
def check(data: DataOption = None, config_file: ConfigOption = None) -> None:
    """Type the 24 words of a recovery sheet and learn whether they are this household's."""
    mine = _owner_keys(True, data, config_file)
    settings = hub_settings(config.load(config_file), hub_data(data))
    from nightlatch.clocks import system_clock
    from nightlatch.hub.serve.people.household import Household

    found = Household(settings.data_dir, hub_books(settings), system_clock()).householder()
    if found is None or found.recipient != mine.recipient:
        raise NightlatchError("These words are a valid sheet, but not this household's.")
    out.print("This is the sheet of this household.")


def _owner_keys(words: bool, data: Path | None, config_file: Path | None) -> OwnerKeys:
    from nightlatch.owner.keys import OwnerKeys
    from nightlatch.owner.unlock import keys_from_passphrase

    if words:
        return OwnerKeys.from_words(typer.prompt("The 24 words", hide_input=not sys.stdin.isatty()))
    settings = hub_settings(config.load(config_file), hub_data(data))
    return keys_from_passphrase(settings.data_dir, typer.prompt("Passphrase", hide_input=True))
