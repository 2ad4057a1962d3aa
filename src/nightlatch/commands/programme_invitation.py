"""`nightlatch programme invitation`: what a programme hands to households: a link, a file and a QR code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from nightlatch.commands.options import ConfigOption
from nightlatch.errors import ConfigError

if TYPE_CHECKING:
    from nightlatch.web.invitation import Programme

NAMES_NO_FILE = (
    'No invitation is named. Write its path into nightlatch.toml: [keeper] invitation = "…/invitation.json" (then the '
    "keeper shows it to households), or name it here: --file invitation.json"
)

out = Console(highlight=False)


def invitation(
    file: Annotated[
        Path | None, typer.Option("--file", help="The invitation; default \\[keeper] invitation.", show_default=False)
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder for the file and the code.")] = Path(),
    config_file: ConfigOption = None,
) -> None:
    """Print the link that households join with and the words to compare, and write both a file and a QR code."""
    from nightlatch.web import qr

    path = file or _named(config_file)
    text, programme = _read(path)
    to.mkdir(parents=True, exist_ok=True)
    plain, code = to / f"{programme.file_name}.nightlatch", to / f"{programme.file_name}.png"
    plain.write_text(text, encoding="utf-8")
    code.write_bytes(qr.as_png(programme.link))
    out.print(f"link   {programme.link}", markup=False, soft_wrap=True)
    out.print(f"words  {programme.words}", markup=False, soft_wrap=True)
    out.print(f"file   {plain}", markup=False, soft_wrap=True)
    out.print(f"code   {code}", markup=False, soft_wrap=True)
    if sys.stdout.isatty():
        typer.echo(qr.as_text(programme.link))
    out.print("\nTell households the words in person, on paper or by telephone: they compare them before they join.")
    if urlsplit(programme.keeper_url).scheme == "http":
        out.print(
            f"This link works on this machine alone. For others, write the outside addresses into {path}.",
            markup=False,
            soft_wrap=True,
        )


def _named(config_file: Path | None) -> Path:
    """The file that the keeper shows; nothing else of its settings is looked at. Raises `ConfigError`."""
    from nightlatch import config

    named = config.load(config_file).sections.get("keeper", {}).get("invitation")
    if not isinstance(named, str):
        raise ConfigError(NAMES_NO_FILE)
    return Path(named)


def _read(path: Path) -> tuple[str, Programme]:
    """Raises `ConfigError` also for a policy that no household would take."""
    from nightlatch.ledger.policy import read_policy
    from nightlatch.web.invitation import read_invitation

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read. Name the programme's invitation with --file.") from None
    try:
        programme = read_invitation(text)
    except ConfigError as error:
        raise ConfigError(f"{path} cannot be handed out: {error}") from None
    read_policy(programme.policy)
    return text, programme
