"""A keeper with real keys, a real database, a real log; owners who give, reviewers who look."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.domain.consent import Consent, Consented, Purpose, Withdrawal, Withdrawn, signed
from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.domain.view import Enrolment, Leaf, View, commitment
from nightlatch.keeper.changes import Administrators, ChangeProof, Promises
from nightlatch.keeper.checks import RoomPolicy
from nightlatch.keeper.keys import Keys
from nightlatch.keeper.passkeys import Passkeys
from nightlatch.keeper.release import Picture
from nightlatch.keeper.room import Room
from nightlatch.keeper.serve import MIGRATIONS
from nightlatch.keeper.stamps import Stamps
from nightlatch.keeper.words import Assignment, Gift, ViewPass, ViewRequest
from nightlatch.seal.envelope import Sealed, SealedFile
from nightlatch.seal.note import COSIGNATURE, Signer, make_signer
from nightlatch.seal.recipients import Sealer
from nightlatch.store import records
from nightlatch.store.blobs import Blobs
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.keeper.authenticator import Authenticator
from tests.keeper.films import film
from tests.keeper.logs import TinyLog

TEN = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp()) * 1000
ORIGIN = "http://localhost:8642"
DAY_MS = 86_400_000
QUORUM = 2


def stamped(bgr: Picture, pseudonym: str, at_ms: int, view_id: int) -> Picture:
    """A mark that a test can read: the view's id in the first pixels."""
    marked = bgr.copy()
    marked[:8, :8] = view_id % 256
    return marked


@dataclass
class Owner:
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    identity: Any = field(default_factory=pyrage.x25519.Identity.generate)
    log_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    hub: Signer = field(default_factory=lambda: make_signer(f"nightlatch.hub/{secrets.token_hex(4)}", COSIGNATURE))


@dataclass
class Given:
    owner: Owner
    consent: Consent
    plain: bytes
    gift: Gift
    sealed: Sealed

    @property
    def donation(self) -> str:
        return self.consent.donation

    def withdrawn(self, at_ms: int) -> Withdrawn:
        told = Withdrawal(self.donation, self.consent.owner_key, self.consent.record_sha256, at_ms)
        return Withdrawn(signed(told, self.owner.key))


@dataclass
class Reviewer:
    name: str
    passkey: Authenticator
    token: str = ""


class House:
    passed_over: frozenset[str] = frozenset()

    def __init__(self, folder: Path, clock: TestClock, log: TinyLog, durable: bool = True, **policy: Any) -> None:
        self.folder, self.clock, self.log = folder, clock, log
        folder.mkdir(exist_ok=True)
        self.programme = Ed25519PrivateKey.generate()
        self.administrators = [Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()]
        self.policy = RoomPolicy(public_b64(self.programme), **policy)
        self.url, self.durable = f"sqlite:///{folder / 'keeper.db'}", durable
        self.start()

    def start(self) -> None:
        """The keeper, as after a restart: sessions and open views are gone, rows and keys are not."""
        records.migrate(self.url, MIGRATIONS)
        self.engine = records.engine(self.url, durable=self.durable)
        self.keys = Keys(self.engine, self.folder)
        self.stamps = Stamps(self.engine, self.keys.derived("row stamps v1"), self.keys.counter, self.today)
        self.blobs = Blobs((self.folder / "sealed").absolute().as_uri())
        keys = frozenset(public_b64(key) for key in self.administrators)
        administrators = Administrators(keys, self.log.receipts, self.clock, self.passed_over)
        self.passkeys = Passkeys(self.engine, self.clock, administrators, "localhost", ORIGIN)
        self.promises = Promises(self.engine, administrators, self.policy, QUORUM)
        self.room = Room(
            self.engine,
            self.keys,
            self.blobs,
            self.clock,
            self.policy,
            self.log,
            self.log.receipts,
            self.passkeys,
            self.promises,
            stamped,
            self.stamps,
        )

    @property
    def today(self) -> int:
        return self.clock.now_ms() // DAY_MS

    # ---- owners

    def offer(self, owner: Owner | None = None, plain: bytes | None = None, **changes: Any) -> Given:
        """A clip that is ready to be given; `changes` are to its consent."""
        owner, plain = owner or Owner(), plain if plain is not None else film()
        made = self.room.make()
        now_ms = self.clock.now_ms()
        told: dict[str, Any] = {
            "donation": made.donation,
            "owner_key": public_b64(owner.key),
            "programme_key": self.policy.programme_key,
            "sha256": sha256(plain).hexdigest(),
            "length_ms": 20_000,
            "notice_sha256": "34" * 32,
            "notice_language": "en",
            "purposes": (Purpose.LABEL,),
            "given_ms": now_ms,
            "expires_ms": now_ms + 30 * DAY_MS,
            "witness": str(owner.hub.verifier),
        }
        consent = Consent(**{**told, **changes})
        report = RedactionReport(consent.sha256, Style.COVER, 12, 0, True, True)
        sealed = Sealer([made.recipient]).seal(plain)
        gift = Gift(
            made.donation,
            Consented(signed(consent, owner.key)),
            self.arrived(sealed),
            report,
            owner.log_key,
            str(owner.identity.to_public()),
        )
        return Given(owner, consent, plain, gift, sealed)

    def arrived(self, sealed: Sealed) -> SealedFile:
        """A film as it lies after it came."""
        path = self.folder / f"{secrets.token_hex(8)}.age"
        path.write_bytes(sealed)
        return SealedFile(path, sha256(sealed).hexdigest())

    def give(self, owner: Owner | None = None, **changes: Any) -> Given:
        given = self.offer(owner, **changes)
        self.room.receive(given.gift)
        return given

    # ---- reviewers

    def enrolment(self, reviewer: Reviewer, do: str = "enrol", signers: int = 2) -> tuple[Enrolment, ChangeProof]:
        told = Enrolment(
            do,
            reviewer.name,
            "desk-1",
            reviewer.passkey.credential,
            reviewer.passkey.public_key,
            self.clock.now_ms() + (1 if do == "remove" else 0),
        )
        return told, self.proof("roster", told.canonical(), signers)

    def proof(self, kind: str, said: bytes, signers: int = 2) -> ChangeProof:
        """Signed by administrators, and in the log."""
        salt = secrets.token_bytes(32)
        leaf = Leaf(self.clock.now_ms() // 1000, kind, bytes(16), commitment(salt, said)).canonical()
        receipt = self.log.proof(self.log.append(leaf))
        signatures = {public_b64(k): b64encode(k.sign(said)).decode() for k in self.administrators[:signers]}
        return ChangeProof(signatures, salt, leaf, receipt)

    def reviewer(self, name: str = "heron") -> Reviewer:
        """Enrolled, and sitting."""
        reviewer = Reviewer(name, Authenticator())
        self.passkeys.enrol(*self.enrolment(reviewer))
        self.sit(reviewer)
        return reviewer

    def sit(self, reviewer: Reviewer) -> str:
        challenge = self.passkeys.challenge()
        reviewer.token = self.passkeys.sit(challenge, reviewer.passkey.answer(challenge))
        return reviewer.token

    def view_of(self, drawn: Assignment, **changes: Any) -> View:
        view = View(
            donation=drawn.donation,
            sealed_sha256=drawn.sealed_sha256,
            consent_sha256=drawn.consent_sha256,
            reviewer=drawn.reviewer,
            device=drawn.device,
            purpose=Purpose.LABEL,
            from_ms=0,
            to_ms=drawn.length_ms,
            seq=drawn.seq,
        )
        return replace(view, **changes)

    def logged(
        self, view: View, tag: bytes, kind: str = "view.open", witnesses: int | None = None, ahead_ms: int = 0
    ) -> ViewRequest:
        """What review does: write the view into the log, take the receipt."""
        salt = secrets.token_bytes(32)
        leaf = Leaf((self.clock.now_ms() + ahead_ms) // 1000, kind, tag, commitment(salt, view.canonical())).canonical()
        return ViewRequest(view, salt, leaf, self.log.proof(self.log.append(leaf), witnesses))

    def asked(self, reviewer: Reviewer, **changes: Any) -> ViewRequest:
        drawn = self.room.next_clip(reviewer.token)
        return self.logged(self.view_of(drawn, **changes), drawn.tag)

    def look(self, reviewer: Reviewer) -> ViewPass:
        """A view that was let in and connected."""
        opened = self.room.open_view(reviewer.token, self.asked(reviewer))
        self.room.connect(opened.view_id, opened.ticket, reviewer.token)
        return opened


@contextmanager
def house(folder: Path, **policy: Any) -> Iterator[House]:
    clock = TestClock(fixed_ms=TEN)
    made = House(folder, clock, TinyLog(clock), **policy)
    yield made
    made.engine.dispose()
