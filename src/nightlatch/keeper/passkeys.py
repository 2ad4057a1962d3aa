"""Who may sit in the review room: passkeys that two administrators enrolled, and the sessions that they open.

Whether a passkey is let in is read from the change that two signed, whose proof is checked each time it is used.
Sessions live in memory only, and challenges die with the process: a restart of the keeper ends them all.
"""

from __future__ import annotations

import secrets
import threading
from base64 import urlsafe_b64decode
from dataclasses import replace
from hashlib import sha256

import webauthn
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException

from nightlatch.domain.time import Clock
from nightlatch.domain.view import Enrolment
from nightlatch.keeper.changes import ROSTER, Administrators, ChangeProof, Changes
from nightlatch.keeper.checks import RoomPolicy, Seat, check_presence, check_seat
from nightlatch.keeper.records import RosterRow
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.web.challenges import LENGTH, Challenges

USED_OR_LATE = "This login was used already, or took too long. Log in again."


class Passkeys:
    """The roster as the keeper checked it, and the sessions of now."""

    def __init__(self, engine: Engine, clock: Clock, administrators: Administrators, rp_id: str, origin: str) -> None:
        """`origin` is the review page's, as a browser says it."""
        self._engine, self._clock, self._administrators = engine, clock, administrators
        self.changes = Changes(engine, administrators)
        self._rp_id, self._origin = rp_id, origin
        self._challenges = Challenges(clock)
        self._seats: dict[bytes, Seat] = {}
        self._lock = threading.Lock()

    def enrol(self, told: Enrolment, proof: ChangeProof) -> None:
        """Take a change of the roster: two administrators signed it, and the log has it. Raises `KeeperRefused`."""
        self._administrators.check(ROSTER, told.canonical(), proof)
        if told.do not in ("enrol", "remove"):
            raise KeeperRefused(Refusal.ROSTER, "A roster change lets a passkey in or removes it. Sign another one.")
        holds = self.changes.take(ROSTER, told.credential, told.canonical(), proof)
        if not holds:
            raise KeeperRefused(Refusal.ROSTER, "A later change of this passkey is known. Sign a new one.")
        with Session(self._engine) as session, session.begin():
            row = session.get(RosterRow, told.credential)
            if row is None:
                row = RosterRow(credential=told.credential, sign_count=0)
                session.add(row)
            row.public_key, row.reviewer, row.device = told.public_key, told.reviewer, told.device
            row.changed_ms, row.removed = told.at_ms, told.do == "remove"

    def challenge(self) -> bytes:
        """32 fresh bytes for one login."""
        return self._challenges.fresh()

    def sit(self, challenge: bytes, assertion: str) -> str:
        """A session's token for a WebAuthn assertion (JSON) over one of our challenges. Raises `KeeperRefused`.

        What stands behind the challenge's own bytes is review's, which checks it for itself. While a change is missing
        that the log holds, nobody comes in, and the challenge is not used up.
        """
        self.changes.check_told()
        now_ms, own = self._clock.now_ms(), challenge[:LENGTH]
        if not self._challenges.is_open(own):
            raise KeeperRefused(Refusal.PASSKEY, USED_OR_LATE)
        with Session(self._engine) as session, session.begin():
            try:
                told = webauthn.helpers.parse_authentication_credential_json(assertion)
                known, row = self.changes.enrolment(told.id), session.get(RosterRow, told.id)
                if known is None or known.do != "enrol" or row is None:
                    raise KeeperRefused(Refusal.PASSKEY, "This passkey is not on the roster. Ask an administrator.")
                proven = webauthn.verify_authentication_response(
                    credential=told,
                    expected_challenge=challenge,
                    expected_rp_id=self._rp_id,
                    expected_origin=self._origin,
                    credential_public_key=urlsafe_b64decode(known.public_key + "=="),
                    credential_current_sign_count=row.sign_count,
                    require_user_verification=True,
                )
            except (WebAuthnException, ValueError):
                raise KeeperRefused(Refusal.PASSKEY, "The passkey's answer does not fit. Log in again.") from None
            if not self._challenges.answered(own):
                raise KeeperRefused(Refusal.PASSKEY, USED_OR_LATE)
            row.sign_count = proven.new_sign_count
            seat = Seat(known.reviewer, known.device, known.credential, now_ms, now_ms, now_ms)
        token = secrets.token_urlsafe(32)
        with self._lock:  # one session a passkey
            self._seats = {k: s for k, s in self._seats.items() if s.credential != seat.credential}
            self._seats[_hashed(token)] = seat
        return token

    def seat(self, token: str) -> Seat | None:
        """Who sits behind this token."""
        return self._seats.get(_hashed(token))

    def enrolled(self, token: str) -> Seat:
        """Who sits behind this token, by a passkey that is on the roster now. Raises `KeeperRefused`."""
        seat = self.seat(token)
        return check_seat(seat, seat is not None and self.is_enrolled(seat), self._clock.now_ms())

    def present(self, token: str, policy: RoomPolicy) -> Seat:
        """The same, of somebody who is there and does something; an idle session ends. Raises `KeeperRefused`."""
        seat = self.enrolled(token)
        try:
            check_presence(seat, policy, self._clock.now_ms())
        except KeeperRefused:
            self.leave(token)
            raise
        self.act(token)
        return seat

    def act(self, token: str) -> None:
        """The reviewer did something that is counted: a draw, a view, a label."""
        now_ms = self._clock.now_ms()
        with self._lock:
            if (seat := self._seats.get(_hashed(token))) is not None:
                self._seats[_hashed(token)] = replace(seat, last_ms=now_ms, acted_ms=now_ms)

    def touch(self, token: str) -> None:
        """The reviewer is there: a picture was asked for, a key was pressed. A script can say so, too."""
        with self._lock:
            if (seat := self._seats.get(_hashed(token))) is not None:
                self._seats[_hashed(token)] = replace(seat, last_ms=self._clock.now_ms())

    def leave(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._seats.pop(_hashed(token), None)

    def is_enrolled(self, seat: Seat) -> bool:
        """Whether the roster still has the passkey of this seat."""
        known = self.changes.enrolment(seat.credential)
        named = (seat.reviewer, seat.device)
        return known is not None and known.do == "enrol" and (known.reviewer, known.device) == named


def _hashed(token: str) -> bytes:
    return sha256(token.encode()).digest()
