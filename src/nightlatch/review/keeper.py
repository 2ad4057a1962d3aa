"""The keeper as the review room sees it: HTTP with a shared secret. Pictures never come this way.

The browser fetches them from the keeper itself, over one WebSocket, with the session and the ticket that pass here.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

import structlog
from pydantic import Base64Bytes, BaseModel, ConfigDict, ValidationError

from nightlatch.domain.consent import Purpose
from nightlatch.domain.view import Enrolment, View
from nightlatch.review.entries import Entry
from nightlatch.review.errors import KeeperSaidNo, KeeperSessionEnded, Unreachable
from nightlatch.review.labels import Submission
from nightlatch.review.roster import LoggedChange, TakesChanges
from nightlatch.web.asking import Bounds, Unanswered, ask, json_body
from nightlatch.web.sizes import KIB

log = structlog.get_logger()

BOUNDS = Bounds(64 * KIB, within_s=15.0)
SESSION = "x-nightlatch-session"
ENDED = ("session", "idle")  # the keeper's words for a session of its own that has ended
AGAIN_AFTER_S = 60.0
CLIPS_AT_ONCE = 500
BEHIND = "behind"  # its word for rows that are older than the log


@dataclass(frozen=True, slots=True)
class KeeperSession:
    """A session at the keeper: its token, and who the keeper says it is."""

    token: str = field(repr=False)
    reviewer: str
    device: str


@dataclass(frozen=True, slots=True)
class DrawnClip:
    """The clip that the keeper drew, and the tag under which its owner will find the entry."""

    view: View
    length_ms: int
    tag: bytes


@dataclass(frozen=True, slots=True)
class ViewTicket:
    """A view that the keeper let in: the browser shows the ticket to the keeper, once."""

    view: int
    ticket: str = field(repr=False)
    pictures: int


class _Reply(BaseModel):
    """What the keeper says; keys that we do not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _ChallengeReply(_Reply):
    challenge: Base64Bytes


class _SessionReply(_Reply):
    session: str
    reviewer: str
    device: str


class _DrawReply(_Reply):
    donation: str
    sealed_sha256: str
    consent_sha256: str
    reviewer: str
    device: str
    length_ms: int
    seq: int
    tag: Base64Bytes


class _ViewReply(_Reply):
    view: int
    ticket: str
    pictures: int


class _PolicyReply(_Reply):
    breach: str | None


class KeeperStanding(_Reply):
    """How the keeper stands: its own hours and limits, and how many clips wait there (`away`: for their hub)."""

    waiting: int
    away: int
    is_open: bool
    opens_minute: int
    closes_minute: int
    zone: str
    weekdays: list[int]
    quota: int
    most_viewers: int


class _GoneReply(_Reply):
    gone: list[str]


class _RefusalReply(_Reply):
    error: str
    refused: str = ""


Reply = TypeVar("Reply", bound=_Reply)


class Keeper:
    """What the review room may ask of the keeper. Every method raises `KeeperSaidNo` or `Unreachable`."""

    def __init__(self, url: str, secret: str) -> None:
        self.url, self.secret = url.rstrip("/"), secret

    def challenge(self) -> bytes:
        """Fresh bytes for a passkey to sign."""
        return _read(_ChallengeReply, self._ask("POST", "/v1/challenges")).challenge

    def sit(self, challenge: bytes, assertion: str) -> KeeperSession:
        """A session for a passkey's answer (JSON of the PublicKeyCredential); the keeper checks it for itself."""
        asked = {"challenge": b64encode(challenge).decode(), "assertion": assertion}
        told = _read(_SessionReply, self._ask("POST", "/v1/sessions", asked))
        return KeeperSession(told.session, told.reviewer, told.device)

    def leave(self, token: str) -> None:
        """End a session, and with it every open view."""
        self._ask("DELETE", "/v1/sessions", token=token)

    def assign(self, token: str) -> DrawnClip:
        """The clip that was drawn for this reviewer."""
        told = _read(_DrawReply, self._ask("POST", "/v1/assignments", token=token))
        view = View(
            donation=told.donation,
            sealed_sha256=told.sealed_sha256,
            consent_sha256=told.consent_sha256,
            reviewer=told.reviewer,
            device=told.device,
            purpose=Purpose.LABEL,
            from_ms=0,
            to_ms=told.length_ms,
            seq=told.seq,
        )
        return DrawnClip(view, told.length_ms, told.tag)

    def open(self, token: str, view: View, entry: Entry, receipt: str) -> ViewTicket:
        """Show the proof that the view is in the log; the keeper's ten checks decide."""
        asked = asdict(view) | _entry(entry) | {"receipt": receipt}
        told = _read(_ViewReply, self._ask("POST", "/v1/views", asked, token))
        return ViewTicket(told.view, told.ticket, told.pictures)

    def flag(self, token: str, view: int) -> None:
        """Stop a clip at once: nobody sees it again."""
        self._ask("POST", f"/v1/views/{view}/flag", token=token)

    def label(self, handed: Submission) -> None:
        """What was said of a clip, for its owner; the keeper checks that the log holds exactly this."""
        asked = {"event": handed.event.decode(), **_entry(handed.entry), "receipt": handed.receipt}
        self._ask("POST", f"/v1/views/{handed.view}/label", asked)

    def enough(self, donation: str) -> None:
        """A clip has the labels that it needs: it is not drawn any more. The keeper takes this after two views only."""
        self._ask("POST", f"/v1/donations/{donation}/enough")

    def enrol(self, enrolment: Enrolment, logged: LoggedChange) -> None:
        """A passkey let in or removed."""
        self._ask("POST", "/v1/roster", asdict(enrolment) | _proof(logged))

    def promise(self, logged: LoggedChange) -> None:
        """A policy that two administrators signed; the keeper holds its own settings against it."""
        self._ask("POST", "/v1/policy", {"event": logged.event.decode()} | _proof(logged))

    def breach(self) -> str | None:
        """How the keeper's settings differ from the policy, in which case it shows nothing; None when they do not."""
        return _read(_PolicyReply, self._ask("GET", "/v1/policy")).breach

    def standing(self) -> KeeperStanding:
        """Its hours, and how many clips wait."""
        return _read(KeeperStanding, self._ask("GET", "/v1/standing"))

    def gone(self, donations: Collection[str]) -> frozenset[str]:
        """Those of these clips that nobody may see any more: taken back, flagged, or ended. Their labels are no use."""
        asked, found = sorted(donations), set[str]()
        for first in range(0, len(asked), CLIPS_AT_ONCE):
            some = {"donations": asked[first : first + CLIPS_AT_ONCE]}
            found.update(_read(_GoneReply, self._ask("POST", "/v1/standing/clips", some)).gone)
        return frozenset(found)

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, token: str | None = None) -> bytes:
        raw, headers = (b"", dict[str, str]()) if body is None else json_body(body)
        headers |= {"Authorization": f"Bearer {self.secret}"} | ({SESSION: token} if token is not None else {})
        try:
            answer = ask(method, self.url + path, BOUNDS, body=raw, headers=headers)
        except Unanswered:
            raise Unreachable("The keeper does not answer, so nothing can be shown. Try again in a minute.") from None
        if answer.is_success:
            return answer.body
        told = _read(_RefusalReply, answer.body, answer.status)
        refuse = KeeperSessionEnded if told.refused in ENDED else KeeperSaidNo
        raise refuse(told.error, told.refused)


class KeeperToldAgain(Keeper):
    """A keeper that is told all changes again when it says that it is behind, and is then asked once more.

    Once a minute at most: what it lacks may be known to nobody.
    """

    def __init__(self, keeper: Keeper, tell_again: Callable[[TakesChanges], None]) -> None:
        super().__init__(keeper.url, keeper.secret)
        self._keeper, self._tell_again = keeper, tell_again
        self._told_s = -AGAIN_AFTER_S

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None, token: str | None = None) -> bytes:
        try:
            return super()._ask(method, path, body, token)
        except KeeperSaidNo as no:
            now_s = time.monotonic()
            if no.refusal != BEHIND or now_s - self._told_s < AGAIN_AFTER_S:
                raise
            self._told_s = now_s
            self._tell_again(self._keeper)
            log.warning("keeper.told_again")
            return super()._ask(method, path, body, token)


def _read(shape: type[Reply], raw: bytes, status: int = 200) -> Reply:
    """Raises `Unreachable` for what no keeper says: something else stands at its address."""
    try:
        return shape.model_validate_json(raw)
    except ValidationError:
        raise Unreachable(f"The keeper's answer makes no sense ({status}). Look at its log.") from None


def _proof(logged: LoggedChange) -> dict[str, object]:
    return {
        "signatures": dict(logged.signatures),
        **_entry(Entry(logged.leaf, logged.salt)),
        "receipt": logged.receipt,
    }


def _entry(entry: Entry) -> dict[str, str]:
    return {"salt": b64encode(entry.salt).decode(), "leaf": b64encode(entry.leaf).decode()}
