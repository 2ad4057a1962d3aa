"""Passkeys at the review room's door, and who sits behind it now.

One touch of a passkey answers the keeper's challenge; this door and the keeper each check the answer for themselves,
against rosters of their own. Sessions and challenges live in memory: a restart ends them all.

Source: WebAuthn Level 3, sections 7.1 (registration) and 7.2 (assertion).
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256

import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from nightlatch.domain.time import MINUTE_MS, SECOND_MS, Clock
from nightlatch.errors import NotFound, Refused
from nightlatch.review import keeper as keeping
from nightlatch.review.errors import NoSession
from nightlatch.review.records import PasskeyState
from nightlatch.review.roster import Roster
from nightlatch.web.challenges import Challenges

IDLE_MS = 75 * SECOND_MS  # the page locks at 60 s and says so; this is for a page that does not
LONGEST_MS = 60 * MINUTE_MS  # then the passkey again; the keeper's session ends by then, too


@dataclass(frozen=True, slots=True)
class Sitting:
    """A reviewer at work here, and their session at the keeper."""

    reviewer: str
    device: str
    credential: str
    keeper_token: str = field(repr=False)
    began_ms: int
    last_ms: int


class Door:
    """Registration, login, sessions."""

    def __init__(self, roster: Roster, keeper: keeping.Keeper, clock: Clock, rp_id: str, origin: str) -> None:
        """`origin` is the review page's, as a browser says it; `rp_id` its host name."""
        self._roster, self._keeper, self._clock = roster, keeper, clock
        self._rp_id, self._origin = rp_id, origin
        self._challenges = Challenges(clock)
        self._sittings: dict[str, Sitting] = {}

    # ---- making a passkey -----------------------------------------------------------------------------------------

    def registration(self, invite: str) -> str:
        """Options (JSON) for `navigator.credentials.create`. Raises `Refused` for one that is used or over."""
        reviewer = self._roster.invited(invite)
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name="Nightlatch review room",
            user_name=reviewer,
            user_id=sha256(reviewer.encode()).digest(),
            challenge=self._challenges.fresh(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        return str(webauthn.options_to_json(options))

    def register(self, invite: str, device: str, attestation: str) -> str:
        """Take a new passkey (JSON of the PublicKeyCredential); the id of the change that two have to sign.

        Raises:
            Refused: an answer that does not fit, or an invitation that was used.
        """
        try:
            told = json.loads(attestation)
            challenge = self._open(_challenge_of(told))
            proven = webauthn.verify_registration_response(
                credential=told,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise Refused("The passkey's answer does not fit. Open the invitation again.") from None
        self._spend(challenge)
        credential, key = _b64url(proven.credential_id), _b64url(proven.credential_public_key)
        return self._roster.ask(invite, credential, key, device[:40])

    # ---- logging in -----------------------------------------------------------------------------------------------

    def challenge(self) -> bytes:
        """The keeper's challenge with ours behind it, to be answered by a passkey."""
        return self._challenges.fresh(before=self._keeper.challenge())

    def enter(self, assertion: str) -> tuple[str, Sitting]:
        """A session token (for the cookie) and who it is, for a passkey's answer (JSON).

        Raises:
            Refused: an answer that does not fit, or a passkey that two administrators have not signed for.
            KeeperSaidNo: the keeper thinks otherwise.
        """
        try:
            told = json.loads(assertion)
            challenge = self._open(_challenge_of(told))
            known = self._roster.passkey(str(told["id"]))
            proven = webauthn.verify_authentication_response(
                credential=told,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=urlsafe_b64decode(known.public_key + "=="),
                credential_current_sign_count=known.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError):
            raise Refused("The passkey's answer does not fit. Log in again.") from None
        except NotFound as error:
            raise Refused(str(error)) from None
        if known.state is not PasskeyState.ENROLLED:
            raise Refused("Two administrators have yet to sign for this passkey, or it was removed. Ask one of them.")
        self._spend(challenge)
        self._roster.used(known.credential, proven.new_sign_count)
        seat = self._keeper.sit(challenge, assertion)
        if (seat.reviewer, seat.device) != (known.reviewer, known.device):
            raise Refused("The keeper knows this passkey under another name. Tell an administrator.")
        token, now_ms = secrets.token_urlsafe(32), self._clock.now_ms()
        self._sittings = {k: s for k, s in self._sittings.items() if now_ms - s.last_ms <= IDLE_MS}
        sitting = Sitting(known.reviewer, known.device, known.credential, seat.token, now_ms, now_ms)
        self._sittings[_hashed(token)] = sitting
        return token, self._sittings[_hashed(token)]

    def sitting(self, token: str) -> Sitting:
        """Who sits behind this token; being asked counts as being there. Raises `NoSession`."""
        found, now_ms = self._sittings.get(_hashed(token)), self._clock.now_ms()
        if found is None or now_ms - found.last_ms > IDLE_MS or now_ms - found.began_ms > LONGEST_MS:
            self._sittings.pop(_hashed(token), None)
            raise NoSession("The room is locked. Touch your passkey.")
        if self._roster.passkey(found.credential).state is not PasskeyState.ENROLLED:
            self._sittings.pop(_hashed(token), None)
            raise NoSession("Your passkey was removed from the roster. Ask an administrator.")
        self._sittings[_hashed(token)] = replace(found, last_ms=now_ms)
        return found

    def leave(self, token: str) -> None:
        """End a session, here first."""
        if (gone := self._sittings.pop(_hashed(token), None)) is not None:
            self._keeper.leave(gone.keeper_token)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _open(self, challenge: bytes) -> bytes:
        """Raises `Refused` for one that is over, was used, or is not ours."""
        if not self._challenges.is_open(challenge):
            raise Refused("This took too long, or was used already. Try again.")
        return challenge

    def _spend(self, challenge: bytes) -> None:
        """Raises `Refused` for a second answer."""
        if not self._challenges.answered(challenge):
            raise Refused("This took too long, or was used already. Try again.")


def _challenge_of(credential: dict[str, dict[str, str]]) -> bytes:
    """The challenge that an answer says it is for. Only one that we gave out is taken, and only once."""
    client = json.loads(urlsafe_b64decode(credential["response"]["clientDataJSON"] + "=="))
    return urlsafe_b64decode(client["challenge"] + "==")


def _b64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
