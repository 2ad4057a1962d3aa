"""One age key for each donation, in two halves that are kept apart, so that destroying one small file is enough.

    kek         = HKDF-SHA256(master key || half, info = "nightlatch donation key v1" || donation)
    wrapped_key = AES-256-GCM(kek, random nonce, donation's age secret key, associated data = donation)

    keeper.db   the wrapped key                     in the backup set
    master.key  32 random bytes                     kept apart by the people who run the keeper
    halves/ID   32 random bytes for this donation   never in a backup

A backup of any age, with the master key, opens nothing whose half is gone. What this cannot promise: blocks that a
flash disk or a snapshot of the whole machine still holds, and the memory of a running process.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from nightlatch.domain.donation import State
from nightlatch.durably import sync
from nightlatch.errors import ConfigError
from nightlatch.keeper.records import KeptDonationRow
from nightlatch.keeper.refusals import KeyGone
from nightlatch.keeper.stamps import tolerant
from nightlatch.seal.identities import Opener

KEY_BYTES = 32
_NONCE_BYTES = 12


class Keys:
    """Makes, opens and destroys the keys of donations."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """`folder` gets `master.key` and `halves/`. Raises `ConfigError` for a master key that others may read."""
        self._engine, self.folder = engine, folder
        self._halves = folder / "halves"
        self._halves.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._master = _own_key(folder / "master.key")

    def make(self, donation: str, now_ms: int) -> str:
        """A fresh key for `donation`; returns its age recipient, for the hub to seal to."""
        identity = pyrage.x25519.Identity.generate()
        recipient, half = str(identity.to_public()), secrets.token_bytes(KEY_BYTES)
        _write(self._half(donation), half)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = nonce + AESGCM(self._kek(donation, half)).encrypt(nonce, str(identity).encode(), donation.encode())
        with Session(self._engine) as session, session.begin():
            session.add(
                KeptDonationRow(id=donation, state=State.MADE, recipient=recipient, wrapped_key=wrapped, made_ms=now_ms)
            )
        return recipient

    def opener(self, donation: str) -> Opener:
        """What opens this donation. Raises `KeyGone`."""
        with Session(self._engine) as session:
            row = session.get(KeptDonationRow, donation)
            wrapped = row.wrapped_key if row is not None else None
        try:
            if wrapped is None:
                raise FileNotFoundError
            kek = self._kek(donation, self._half(donation).read_bytes())
            identity = AESGCM(kek).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], donation.encode())
        except (FileNotFoundError, InvalidTag):
            raise KeyGone("The key of this donation is destroyed, or not this keeper's; nothing opens it.") from None
        return Opener(identity.decode())

    def shred(self, donation: str) -> None:
        """Destroy the key: first the half, which is enough; then the wrapped key, in the row and in SQLite's pages."""
        half = self._half(donation)
        if half.exists():
            _overwrite(half)
            half.unlink()
            sync(self._halves)
        with tolerant(self._engine) as session, session.begin():
            row = session.get(KeptDonationRow, donation)
            if row is not None:
                row.wrapped_key = None

    def empty_journal(self) -> bool:
        """Leave no old page in SQLite's write-ahead log. False: somebody reads, so try again at the next sweep.

        Pages of the database itself are zeroed as they are freed (`secure_delete`, see nightlatch.store.records).
        """
        with self._engine.connect() as connection:
            return int(connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]) == 0

    @property
    def counter(self) -> Path:
        """A file beside the halves, in no backup: it counts the changes of the database."""
        return self._halves / ".changes"

    def derived(self, purpose: str) -> bytes:
        """32 bytes for another purpose of this keeper, from the master key."""
        return _hkdf(self._master, f"nightlatch {purpose}".encode())

    def has(self, donation: str) -> bool:
        """Whether the half of this donation is still there."""
        return self._half(donation).exists()

    def _half(self, donation: str) -> Path:
        if len(donation) != 32 or not set(donation) <= set("0123456789abcdef"):
            raise KeyGone("That is not the name of a donation.")
        return self._halves / donation

    def _kek(self, donation: str, half: bytes) -> bytes:
        return _hkdf(self._master + half, b"nightlatch donation key v1" + donation.encode())


def _hkdf(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def _own_key(path: Path) -> bytes:
    """The key in `path`, made at the first start."""
    if not path.exists():
        _write(path, secrets.token_bytes(KEY_BYTES))
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"Others may read {path}. Run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path} is not a key of 32 bytes. Put the right file back; without it no clip opens.")
    return key


def _write(path: Path, content: bytes) -> None:
    """A new file, 0600, that a power cut does not take."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    sync(path.parent)


def _overwrite(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, secrets.token_bytes(os.fstat(handle).st_size))
        os.fsync(handle)
    finally:
        os.close(handle)
