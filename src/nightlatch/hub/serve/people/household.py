"""Whose house this is, and who is signed in.

The hub holds public keys, a wrapped root and hashes: nothing that opens what it recorded.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nightlatch.domain.passphrase import Kdf
from nightlatch.domain.time import DAY_MS, MINUTE_MS, Clock
from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError, NightlatchError, Refused
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import HouseholdRow, SessionRow
from nightlatch.seal.recipients import Sealer

SESSION_IDLE_MS = 30 * DAY_MS
SEEN_EVERY_MS = MINUTE_MS
CHALLENGE_MS = 5 * MINUTE_MS
MOST_CHALLENGES = 32


class SetUpAlready(NightlatchError):
    """The household exists; it is made once."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a browser makes of a passphrase."""

    kdf: Kdf
    login_key: bytes
    wrapped_root: str


@dataclass(frozen=True, slots=True)
class Householder:
    """Whose house this is: public keys, and a wrapped root that the hub cannot unwrap."""

    id: str  # hex
    name: str
    recipient: str  # age1…
    signing_key: str  # b64 Ed25519 public
    wrapped_root: str = field(repr=False)  # b64
    kdf_text: str = field(repr=False)  # JSON, as `Kdf.write` made it

    @property
    def kdf(self) -> Kdf:
        """How the passphrase is stretched. Raises `SealError` when that is damaged: it is read by those who need it."""
        return Kdf.read(self.kdf_text)


@dataclass(frozen=True, slots=True)
class Device:
    """A signed-in browser."""

    id: str
    name: str
    created_ms: int
    last_seen_ms: int


def hub_key(data_dir: Path) -> Ed25519PrivateKey:
    """The hub's own signing key, made at first use."""
    path = data_dir / "hub.key"
    if not path.exists():
        write_durably(path, b64encode(secrets.token_bytes(32)))
    return Ed25519PrivateKey.from_private_bytes(b64decode(path.read_bytes()))


def setup_code(data_dir: Path) -> str:
    """The code that claims a hub which listens beyond this machine, made at first use."""
    path = data_dir / "setup.code"
    if not path.exists():
        write_durably(path, secrets.token_hex(5).encode())
    return path.read_text().strip()


class Household:
    """The one household of this hub and its signed-in devices."""

    def __init__(self, data_dir: Path, books: Books, clock: Clock) -> None:
        self._data_dir = data_dir
        self._books = books
        self._clock = clock
        self._challenges: dict[str, int] = {}

    def householder(self) -> Householder | None:
        """Whose house this is, or None before set-up."""
        row = self._row()
        return None if row is None else _householder(row)

    def existing(self) -> Householder:
        """Whose house this is. Raises `Refused` before set-up."""
        return _householder(self._existing())

    def sealer(self) -> Sealer:
        """Seals for the household. Raises `Refused` before set-up."""
        return Sealer([self.existing().recipient])

    def make(self, name: str, proofs: Proofs, recipient: str, signing_key: str) -> Householder:
        """Claim the hub.

        Raises:
            SetUpAlready: somebody already has.
            SealError, ConfigError: keys that are not keys.
        """
        Sealer([recipient])
        try:
            Ed25519PublicKey.from_public_bytes(b64decode(signing_key, validate=True))
        except ValueError:
            raise ConfigError("The signing key is not an Ed25519 public key.") from None
        row = HouseholdRow(
            id=secrets.token_hex(16),
            one=1,
            name=name.strip()[:80] or "Home",
            created_ms=self._clock.now_ms(),
            recipient=recipient,
            signing_key=signing_key,
            kdf=proofs.kdf.write(),
            login_sha256=sha256(proofs.login_key).digest(),
            wrapped_root=proofs.wrapped_root,
        )
        try:
            with self._books.change() as session:
                session.add(row)
                session.flush()
                made = _householder(row)
        except IntegrityError:
            raise SetUpAlready("This hub already has a household. Sign in instead.") from None
        (self._data_dir / "setup.code").unlink(missing_ok=True)
        return made

    def sign_in(self, login_key: bytes) -> Householder:
        """Whose house this is, if this key proves the passphrase. Raises `Refused`."""
        row = self._existing()
        if not compare_digest(sha256(login_key).digest(), row.login_sha256):
            raise Refused("That is not the passphrase of this household.")
        return _householder(row)

    def challenge(self) -> str:
        """A fresh b64 challenge for signing in with the recovery sheet; good once, for five minutes."""
        now_ms = self._clock.now_ms()
        self._challenges = {c: t for c, t in self._challenges.items() if now_ms - t < CHALLENGE_MS}
        while len(self._challenges) >= MOST_CHALLENGES:
            del self._challenges[next(iter(self._challenges))]
        made = b64encode(secrets.token_bytes(32)).decode()
        self._challenges[made] = now_ms
        return made

    def recover(self, challenge: str, signature: bytes) -> Householder:
        """Whose house this is, if its signing key answered the challenge. Raises `Refused`."""
        householder = self.existing()
        asked_ms = self._challenges.pop(challenge, None)
        if asked_ms is None or self._clock.now_ms() - asked_ms > CHALLENGE_MS:
            raise Refused("That took too long. Try again.")
        try:
            key = Ed25519PublicKey.from_public_bytes(b64decode(householder.signing_key))
            key.verify(signature, b"nightlatch recovery v1\n" + b64decode(challenge))
        except (InvalidSignature, ValueError):
            raise Refused("These are not the words on this household's recovery sheet.") from None
        return householder

    def change_passphrase(self, proofs: Proofs) -> None:
        """Keep the root under another passphrase and sign every device out."""
        with self._books.change() as session:
            row = session.scalar(select(HouseholdRow))
            if row is None:
                raise Refused("This hub has no household yet.")
            row.kdf = proofs.kdf.write()
            row.login_sha256 = sha256(proofs.login_key).digest()
            row.wrapped_root = proofs.wrapped_root
            session.execute(delete(SessionRow))

    def keep_enrolment(self, signature: str) -> None:
        """Keep the owner's statement for the mailbox. Raises `Refused` when it is not the owner's."""
        from nightlatch.web.signature import public_b64

        hub_public = public_b64(hub_key(self._data_dir))
        with self._books.change() as session:
            row = session.scalar(select(HouseholdRow))
            if row is None:
                raise Refused("This hub has no household yet.")
            said = f"nightlatch enrol v1\n{row.id}\n{hub_public}".encode()
            try:
                key = Ed25519PublicKey.from_public_bytes(b64decode(row.signing_key))
                key.verify(b64decode(signature, validate=True), said)
            except (InvalidSignature, ValueError):
                raise Refused("The owner's key did not sign this statement.") from None
            row.enrolment = signature
            row.enrolled_ms = None

    # ---- devices ------------------------------------------------------------------------------------------

    def admit(self, device_name: str) -> str:
        """Sign a device in; its token."""
        token, now_ms = secrets.token_urlsafe(32), self._clock.now_ms()
        name = "".join(c for c in device_name if c.isprintable()).strip()[:80] or "A browser"
        with self._books.change() as session:
            session.add(
                SessionRow(
                    id=secrets.token_hex(8),
                    token_sha256=sha256(token.encode()).digest(),
                    name=name,
                    created_ms=now_ms,
                    last_seen_ms=now_ms,
                )
            )
        return token

    def device(self, token: str | None) -> Device | None:
        """The signed-in device behind a token; None when there is none or it idled for 30 days.

        Every request asks this, so the books are only changed, in turn, when a minute has gone by since the last time.
        """
        if not token:
            return None
        now_ms = self._clock.now_ms()
        with Session(self._books.engine) as session:
            row = session.scalar(select(SessionRow).where(SessionRow.token_sha256 == sha256(token.encode()).digest()))
            found = None if row is None else _device(row)
        if found is None:
            return None
        if now_ms - found.last_seen_ms > SESSION_IDLE_MS:
            self.dismiss(found.id)
            return None
        if abs(now_ms - found.last_seen_ms) <= SEEN_EVERY_MS:
            return found
        with self._books.change() as session:
            session.execute(update(SessionRow).where(SessionRow.id == found.id).values(last_seen_ms=now_ms))
        return replace(found, last_seen_ms=now_ms)

    def devices(self) -> list[Device]:
        """Signed-in devices, the last seen first."""
        with Session(self._books.engine) as session:
            return [
                _device(row) for row in session.scalars(select(SessionRow).order_by(SessionRow.last_seen_ms.desc()))
            ]

    def dismiss(self, device_id: str) -> None:
        """Sign a device out."""
        with self._books.change() as session:
            session.execute(delete(SessionRow).where(SessionRow.id == device_id))

    # ---- inside ---------------------------------------------------------------------------------------------

    def _row(self) -> HouseholdRow | None:
        with Session(self._books.engine) as session:
            return session.scalar(select(HouseholdRow))

    def _existing(self) -> HouseholdRow:
        """Raises `Refused` before set-up."""
        row = self._row()
        if row is None:
            raise Refused("This hub has no household yet. Open its page to set one up.")
        return row


def _householder(row: HouseholdRow) -> Householder:
    return Householder(row.id, row.name, row.recipient, row.signing_key, row.wrapped_root, row.kdf)


def _device(row: SessionRow) -> Device:
    return Device(row.id, row.name, row.created_ms, row.last_seen_ms)
