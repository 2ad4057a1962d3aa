"""The review room's parts put together: its database, the keeper and the log that it talks to. It serves nothing.

Commands begin here, so that one which reads a row does not load the room, its page and its passkeys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from nightlatch.errors import ConfigError
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.following import Following
from nightlatch.ledger.policy import read_policy
from nightlatch.review.entries import Append
from nightlatch.review.keeper import Keeper
from nightlatch.review.logbook import Logbook
from nightlatch.review.proofs import LabelProofs
from nightlatch.review.records import open_records
from nightlatch.review.settings import ReviewSettings


@dataclass(frozen=True, slots=True)
class Parts:
    """The review room's database, and the two programs that it talks to."""

    engine: Engine
    keeper: Keeper
    append: Append
    receipt: Callable[[int], str]  # a fresh one, of an index


def open_parts(settings: ReviewSettings) -> Parts:
    """Everything that the room needs. Raises `ConfigError` for a secret that cannot be read."""
    log_secret = read_secret(settings.log_secret, "log_secret") if settings.log_secret else None
    logbook = Logbook(LogClient(settings.log_url, log_secret))
    keeper = Keeper(settings.keeper_url, read_secret(settings.keeper_secret, "keeper_secret"))
    return Parts(open_records(settings), keeper, logbook.append, logbook.receipt)


def label_proofs(settings: ReviewSettings) -> LabelProofs:
    """What holds labels against the log. Raises `ConfigError` for a policy that cannot be used."""
    if settings.log_policy is None:
        return LabelProofs()
    policy = read_policy(read_secret(settings.log_policy, "log_policy"))
    client = LogClient(settings.log_url)
    return LabelProofs(Following(policy), client, Logbook(client).receipt)


def read_secret(file: Path, name: str) -> str:
    """A secret that lies in a file. Raises `ConfigError`."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}). Set [review] {name} to the right file.") from None
