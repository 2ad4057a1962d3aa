"""Giving one clip to the programme, and taking it back.

The hub never opens what it sealed: the owner's browser opens the clip and hands it over. What comes back is redacted
in memory; the owner plays exactly these bytes to their end and signs over their hash. Only then, and only sealed to a
key that the keeper made for this one clip, does anything leave. Half-given clips are forgotten after half an hour.
"""

from __future__ import annotations

import json
import secrets
import threading
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.domain.consent import Consented, NotConsented, Withdrawn, canonical
from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.redaction import Redacted, Style, write
from nightlatch.domain.time import MINUTE_MS, Clock
from nightlatch.errors import CloudError, ConfigError, NightlatchError, NotFound, Refused
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.serve.books.records import CameraRow, ClipRow, DonationRow, HouseholdRow, ProgrammeRow
from nightlatch.hub.serve.catalogue import read_areas
from nightlatch.ledger.tiles import longest
from nightlatch.seal.recipients import Sealer
from nightlatch.web.addresses import is_secure_base
from nightlatch.web.asking import Bounds, Reply, Unanswered, ask, json_body
from nightlatch.web.face import KIB, MIB

KEPT_MS = 30 * MINUTE_MS
AT_ONCE = 2  # clips that may be in preparation
TIMEOUT_S = 30.0
KEEPER = Bounds(2 * MIB, TIMEOUT_S)  # the entries of one donation: at most some hundred, of 3 kB each
UPLOAD = Bounds(2 * MIB, within_s=330.0)  # a film of 40 MB over a home's 1 Mbit/s; the keeper waits for 300 s
LONGEST_LEAF = 4 * KIB  # ours have about 200 bytes


@dataclass(frozen=True, slots=True)
class Programme:
    """What an invitation says."""

    name: str
    keeper_url: str
    log_url: str
    key: str  # b64 Ed25519
    policy: str  # of its log: keys and quorum, as the ledger reads it
    notice: str  # the text that the owner reads before signing
    language: str


@dataclass(slots=True)
class Offer:
    """A clip on its way, in memory only."""

    id: str
    camera_id: str
    onset_ms: int
    made_ms: int
    share: float = 0.0
    problem: str | None = None
    redacted: Redacted | None = field(default=None, repr=False)
    donation: str | None = None
    recipient: str | None = None


def read_invitation(text: str) -> Programme:
    """Raises `ConfigError` for anything that is no invitation."""
    try:
        told = json.loads(text)
        found = Programme(
            *(
                str(told[name])
                for name in ("name", "keeper_url", "log_url", "programme_key", "policy", "notice", "language")
            )
        )
        if len(b64decode(found.key, validate=True)) != 32:
            raise ValueError("a key has 32 bytes")
    except (ValueError, KeyError, TypeError):
        raise ConfigError("This is not an invitation of a programme. Paste all of it, from { to }.") from None
    for url in (found.keeper_url, found.log_url):
        if not is_secure_base(url):
            raise ConfigError("The programme's addresses must begin with https://.")
    return found


class Donations:
    """All that one household gives."""

    def __init__(self, engine: Engine, clock: Clock, models_dir: Path | None) -> None:
        self._engine = engine
        self._clock = clock
        self._models_dir = models_dir
        self._offers: dict[str, Offer] = {}
        self._lock = threading.Lock()
        self.distrusted: str | None = None  # why nothing is given any more: the log contradicted itself

    # ---- the programme ---------------------------------------------------------------------------------------

    def programme(self) -> Programme | None:
        """The programme that the household joined."""
        with Session(self._engine) as session:
            row = session.get(ProgrammeRow, 1)
            return read_invitation(row.invitation) if row else None

    def join(self, invitation: str) -> Programme:
        """Join the programme of an invitation, instead of any other. Raises `ConfigError`."""
        found = read_invitation(invitation)
        with Session(self._engine) as session, session.begin():
            session.merge(ProgrammeRow(one=1, invitation=invitation, joined_ms=self._clock.now_ms()))
        return found

    def leave(self) -> None:
        """Give nothing more. What was given stays listed, to be taken back."""
        with Session(self._engine) as session, session.begin():
            row = session.get(ProgrammeRow, 1)
            if row is not None:
                session.delete(row)

    # ---- giving ----------------------------------------------------------------------------------------------

    def offer(self, clip_id: str, film: bytes, from_ms: int, to_ms: int, style: Style) -> Offer:
        """Begin to hide people in the film of a clip; times are from the film's beginning.

        Raises:
            NotFound: no such clip.
            Refused: its camera looks at a private room, or too many clips are on their way.
            ConfigError: not 20 to 30 seconds.
        """
        if not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
            raise ConfigError("A given clip is 20 to 30 seconds long. Move the ends.")
        with Session(self._engine) as session:
            clip = session.get(ClipRow, clip_id)
            camera = session.get(CameraRow, clip.camera_id) if clip else None
        if clip is None or camera is None:
            raise NotFound("This clip has been deleted or has expired.")
        if camera.private:
            raise Refused("This camera looks at a private room. Nothing of it can be given, by anybody.")
        with self._lock:
            self._forget()
            if sum(offer.redacted is None and offer.problem is None for offer in self._offers.values()) >= AT_ONCE:
                raise Refused("Two clips are being prepared already. Wait for them.")
            made = Offer(secrets.token_hex(8), camera.id, clip.onset_ms, self._clock.now_ms())
            self._offers[made.id] = made
        models_dir = str(self._models_dir) if self._models_dir else None
        request = HideRequest(from_ms, to_ms, style, read_areas(camera.areas), models_dir)
        threading.Thread(target=self._hide, args=(made, film, request), name="redact", daemon=True).start()
        return made

    def find(self, offer_id: str) -> Offer:
        """Raises `NotFound`."""
        found = self._offers.get(offer_id)
        if found is None:
            raise NotFound("This clip is not being given any more. Begin again from its page.")
        return found

    def drop(self, offer_id: str) -> None:
        """Forget a clip that was not given."""
        self._offers.pop(offer_id, None)

    def ask_key(self, offer_id: str) -> Offer:
        """Have the keeper make a key for this clip. Raises `CloudError`, `NotFound`, `ConfigError`."""
        if self.distrusted is not None:
            raise Refused(f"{self.distrusted} Nothing is given to it.")
        offer = self.find(offer_id)
        if offer.redacted is None:
            raise ConfigError("This clip is not ready yet.")
        if offer.donation is None:
            told = self._ask("POST", "/v1/donations", {})
            offer.donation, offer.recipient = str(told["donation"]), str(told["recipient"])
        return offer

    def give(self, offer_id: str, consent: dict[str, Any], log_key: bytes) -> DonationRow:
        """Seal to the keeper's key and send, with the consent that the owner signed over these bytes.

        Raises:
            NotConsented: the signature is not the household's, or is for something else.
            CloudError: the programme did not take it; nothing is given.
        """
        offer = self.find(offer_id)
        redacted, programme = offer.redacted, self.programme()
        if redacted is None or offer.recipient is None or programme is None:
            raise ConfigError("This clip is not ready to be given.")
        signed = Consented(canonical(consent))
        said = signed.consent
        with Session(self._engine) as session:
            household = session.scalars(select(HouseholdRow)).one()
        if said.owner_key != household.signing_key or said.programme_key != programme.key:
            raise NotConsented("This consent is not of this household, or not for this programme. Sign it again.")
        if said.sha256 != redacted.sha256 or said.donation != offer.donation:
            raise NotConsented("This consent is for another film than the one that was played. Begin again.")
        sealed = Sealer([offer.recipient]).seal(redacted.mp4)
        body = {
            "consent": consent,
            "sealed": b64encode(sealed).decode(),
            "report": write(redacted.report.for_keeper()),
            "log_key": b64encode(log_key).decode(),
            "owner_recipient": household.recipient,
        }
        self._ask("PUT", f"/v1/donations/{offer.donation}", body)
        row = DonationRow(
            id=said.donation,
            camera_id=offer.camera_id,
            onset_ms=offer.onset_ms,
            length_ms=said.length_ms,
            consent=json.dumps(consent),
            consent_sha256=said.record_sha256,
            given_ms=said.given_ms,
            expires_ms=said.expires_ms,
        )
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.add(row)
        self.drop(offer_id)
        return row

    # ---- afterwards ------------------------------------------------------------------------------------------

    def given(self) -> list[DonationRow]:
        """Everything ever given, the newest first."""
        with Session(self._engine) as session:
            rows = list(session.scalars(select(DonationRow).order_by(DonationRow.given_ms.desc())))
            session.expunge_all()
            return rows

    def take_back(self, donation: str, withdrawal: dict[str, Any]) -> DonationRow:
        """Pass on the owner's signed withdrawal; repeat it until the programme answered.

        Raises:
            NotConsented: it is not the household's, or not of this donation.
            CloudError: the programme did not answer; the withdrawal is kept and can be sent again.
        """
        withdrawn = Withdrawn(canonical(withdrawal)).withdrawal
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            row = session.get(DonationRow, donation)
            if row is None:
                raise NotFound("There is no such donation.")
            if withdrawn.donation != donation or withdrawn.consent_sha256 != row.consent_sha256:
                raise NotConsented("This withdrawal is of another clip. Take it back again.")
            row.withdrawn_ms = row.withdrawn_ms or withdrawn.at_ms
        told = self._ask("POST", "/v1/revocations", withdrawal)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            row = session.get_one(DonationRow, donation)
            row.refused_ms = _number(told.get("refused_ms"))
            row.shred_by_ms = _number(told.get("shred_by_ms"))
            row.shredded_ms = _number(told.get("shredded_ms"))
            return row

    def entries(self, donation: str) -> list[dict[str, Any]]:
        """What the keeper says that the log holds about a donation; the browser verifies it. Raises `CloudError`."""
        return list(self._ask("GET", f"/v1/donations/{donation}/entries")["entries"])

    def introduce(self, witness: str) -> bool:
        """Tell the keeper with which key this hub cosigns; False while nothing is given. Raises `CloudError`."""
        given = next((row.id for row in self.given() if row.shredded_ms is None), None)
        if given is not None:
            self._ask("POST", "/v1/witnesses", {"donation": given, "key": witness})
        return given is not None

    def log_file(self, path: str) -> bytes:
        """A file of the programme's log (checkpoint, tile). Raises `CloudError`, `NotFound`."""
        bounds = Bounds(longest(path, LONGEST_LEAF), TIMEOUT_S)
        answer = self._request(self._joined().log_url, "GET", f"/{path}", None, bounds)
        if answer.status == 404:
            raise NotFound("The log has no such file.")
        if answer.status != 200:
            raise CloudError(f"The log does not show {path} (status {answer.status}).")
        return answer.body

    # ---- inside ----------------------------------------------------------------------------------------------

    def _hide(self, offer: Offer, film: bytes, request: HideRequest) -> None:
        def on_share(share: float) -> None:
            offer.share = share

        try:
            report, mp4 = HIDE.send(request, film, on_share=on_share)
            redacted = Redacted(mp4, report)
            if redacted.report.uncovered:
                raise Refused(
                    "Somebody was lost from sight, or is still found, so nobody can say that everybody is hidden. "
                    "Nothing was given. Choose another part, or another clip."
                )
            offer.redacted = redacted
        except (NightlatchError, OSError, ValueError) as error:
            is_ours = isinstance(error, NightlatchError)
            offer.problem = str(error) if is_ours else "The clip could not be redacted. Try again, or another clip."

    def _forget(self) -> None:
        edge_ms = self._clock.now_ms() - KEPT_MS
        for old in [offer.id for offer in self._offers.values() if offer.made_ms < edge_ms]:
            del self._offers[old]

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._request(self._joined().keeper_url, method, path, body, UPLOAD if method == "PUT" else KEEPER)
        told = answer.told()
        if answer.is_success:
            return told
        raise CloudError(f"The programme refused: {told.get('error') or f'status {answer.status}'}")

    def _joined(self) -> Programme:
        programme = self.programme()
        if programme is None:
            raise ConfigError("The household has joined no programme. Join one first, under Giving.")
        return programme

    def _request(self, url: str, method: str, path: str, body: dict[str, Any] | None, bounds: Bounds) -> Reply:
        raw, headers = (b"", dict[str, str]()) if body is None else json_body(body)
        try:
            return ask(method, url.rstrip("/") + path, bounds, body=raw, headers=headers)
        except Unanswered as error:
            raise CloudError(f"The programme {error.lack}. Try again later; nothing is lost.") from None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
