"""Runs the keeper."""

from __future__ import annotations

import os
import resource
import secrets
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import structlog

from nightlatch.domain.time import DAY_MS, Clock
from nightlatch.errors import ConfigError
from nightlatch.keeper.app import create_app, create_revocations_app
from nightlatch.keeper.changes import Administrators, Promises
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.proof import LedgerLog, LedgerReceipts
from nightlatch.keeper.refusals import KeeperRefused
from nightlatch.keeper.release import Watermark
from nightlatch.keeper.room import Room
from nightlatch.keeper.settings import KeeperSettings
from nightlatch.keeper.stamps import Stamps
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.policy import read_policy
from nightlatch.store import records
from nightlatch.store.blobs import Blobs
from nightlatch.web.serving import Beside, listen, serve

MIGRATIONS = Path(__file__).with_name("migrations")

log = structlog.get_logger()


def run(settings: KeeperSettings, clock: Clock, watermark: Watermark) -> None:
    """Serve until SIGTERM; `serve.json` says where.

    Raises:
        ConfigError: an address that is taken, a policy that names no witness, a file that is missing.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no picture of this memory
    os.umask(0o077)
    room, passkeys = open_room(settings, clock, watermark)
    secret = _face_secret(settings.data_dir / "face.secret")
    app = create_app(room, passkeys, settings.review_origin, secret, settings.invitation)
    listening = listen(settings.host, settings.port, "The keeper", "keeper")
    beside = []
    if settings.revocations_port is not None:
        second = listen(settings.host, settings.revocations_port, "The keeper's second face", "keeper")
        beside.append(Beside(create_revocations_app(app), second))
    serve(app, listening, settings.data_dir, beside=beside)


def open_room(settings: KeeperSettings, clock: Clock, watermark: Watermark) -> tuple[Room, Passkeys]:
    """The keeper in its data folder, with the log that its settings name. Raises `ConfigError`."""
    folder = settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'keeper.db'}"
    records.migrate(url, MIGRATIONS)
    engine = records.engine(url, durable=True)
    receipts = LedgerReceipts(read_policy(_text(settings.log_policy, "log_policy")))
    secret = _text(settings.log_secret, "log_secret").strip() if settings.log_secret else None
    ledger = LedgerLog(LogClient(settings.log_url, secret), receipts)
    administrators = Administrators(
        frozenset(settings.administrators), receipts, clock, frozenset(settings.passed_over)
    )
    keys = Keys(engine, folder)
    stamps = Stamps(engine, keys.derived("row stamps v1"), keys.counter, clock.now_ms() // DAY_MS)
    passkeys = Passkeys(engine, clock, administrators, settings.rp_id, settings.review_origin)
    policy = replace(settings.policy, households=receipts.policy.households)
    promises = Promises(engine, administrators, policy, receipts.policy.quorum)
    with suppress(KeeperRefused):  # a fault of the rows is told already
        if (breach := promises.breach()) is not None:
            log.error("policy.differs", breach=breach)
    blobs = Blobs((folder / "sealed").absolute().as_uri())
    room = Room(engine, keys, blobs, clock, policy, ledger, receipts, passkeys, promises, watermark, stamps)
    return room, passkeys


def _face_secret(path: Path) -> str:
    """What review must show; made at the first start."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read. Set [keeper] {name} to the right file.") from None
