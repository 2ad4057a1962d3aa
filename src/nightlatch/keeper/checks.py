"""The ten checks between a reviewer and a picture. All must pass, in this order; each says no by its own name.

Pure: a `Case` holds all that is known of one request, `check_view` returns a `LoggedView` or raises. Nothing else
makes a `LoggedView`, and `nightlatch.keeper.release` opens a clip for nothing else.

Sources: docs/keeper.md; RFC 6962 (inclusion), C2SP tlog-cosignature (quorum), WebAuthn Level 3 (sessions).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from zoneinfo import ZoneInfo

from nightlatch.domain.consent import Consented, NotConsented, Purpose
from nightlatch.domain.donation import State
from nightlatch.domain.time import HOUR_MS, MINUTE_MS
from nightlatch.domain.view import View, commitment, read_leaf, tag
from nightlatch.keeper.draw import Draw, winner
from nightlatch.keeper.hubs import hub_of
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.note import Verifier

CLOCK_SLACK_MS = 2 * MINUTE_MS
LONGEST_SESSION_MS = HOUR_MS  # then the passkey again, whatever came: a script has no finger
LONGEST_HERE_MS = 10 * MINUTE_MS  # with nothing but signs of life: no clip, no label


class Receipts(Protocol):
    """What the log and its witnesses prove; the ledger stands behind it. All raise `KeeperRefused`."""

    def index(self, receipt: str) -> int:
        """The index of the leaf that this receipt speaks of, or `NO_PROOF`."""
        ...

    def included(self, receipt: str, leaf: bytes) -> None:
        """Refuses with `NO_PROOF` unless exactly this leaf is in the tree of the receipt's checkpoint."""
        ...

    def cosigned(self, receipt: str, now_ms: int) -> None:
        """Refuses with `NO_QUORUM` or `STALE` unless enough witnesses cosigned the checkpoint, lately."""
        ...

    def hubs_in(self, receipt: str, hubs: Collection[Verifier], now_ms: int) -> frozenset[Verifier]:
        """Which of these hubs cosigned the receipt's checkpoint, lately."""
        ...

    def hubs_under(self, note: str, hubs: Collection[Verifier], now_ms: int) -> frozenset[Verifier]:
        """The same of a checkpoint."""
        ...


@dataclass(frozen=True, slots=True)
class RoomHours:
    """When the review room is open: minutes of the day by the wall clock of `zone`, Monday is 0."""

    from_minute: int = 7 * 60
    to_minute: int = 20 * 60
    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset(range(7))

    def include(self, now_ms: int) -> bool:
        moment = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(self.zone))
        minute = moment.hour * 60 + moment.minute
        return moment.weekday() in self.weekdays and self.from_minute <= minute < self.to_minute


@dataclass(frozen=True, slots=True)
class RoomPolicy:
    """What the programme set; every change of it is an entry in the log."""

    programme_key: str  # b64 Ed25519 public
    quota: int = 150  # views a day and reviewer
    most_viewers: int = 5  # reviewers that may ever see one clip
    hours: RoomHours = RoomHours()
    idle_ms: int = MINUTE_MS
    households: int = 0  # hubs of households that must have cosigned a look; 1 is that of the clip's own


@dataclass(frozen=True, slots=True)
class Seat:
    """A reviewer at work: a session that a passkey opened."""

    reviewer: str
    device: str
    credential: str
    began_ms: int  # when the passkey was touched
    last_ms: int  # when the reviewer last showed a sign of life
    acted_ms: int  # when they last drew, opened, skipped or labelled a clip


@dataclass(frozen=True, slots=True)
class Case:
    """One request for a view, with all that the keeper knows about it at `now_ms`."""

    now_ms: int
    latest_ms: int  # the latest moment that this keeper ever wrote down
    policy: RoomPolicy
    # the clip
    state: State
    signed_consent: bytes
    sealed: Sealed = field(repr=False)  # as it lies here now
    log_key: bytes = field(repr=False)
    # what is asked, and the proof that it was written down first
    view: View
    salt: bytes
    leaf: bytes
    receipt: str
    receipts: Receipts = field(repr=False)
    hubs: Collection[Verifier]  # of the households that gave
    leaf_is_used: bool
    # the draw
    draw: Draw | None
    eligible: tuple[str, ...]
    day_key: bytes = field(repr=False)
    # the reviewer
    seat: Seat | None
    is_enrolled: bool  # the seat's passkey is on the roster now
    viewed_today: int


_DOOR = object()


@dataclass(frozen=True, slots=True)
class LoggedView:
    """A view that passed all ten checks. Only `check_view` makes one."""

    id: int  # index of its leaf in the log
    view: View
    consented: Consented
    door: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.door is not _DOOR:
            raise TypeError("A LoggedView is made by check_view alone.")


def check_view(case: Case) -> LoggedView:
    """All ten checks. Raises `KeeperRefused` with the name and number of the first that says no."""
    for step, check in enumerate(CHECKS, 1):
        try:
            check(case)
        except KeeperRefused as refused:
            refused.step = step
            raise
    return LoggedView(case.receipts.index(case.receipt), case.view, Consented(case.signed_consent), _DOOR)


def consent_verifies(case: Case) -> None:
    """1. The owner signed for exactly this file, this programme and this purpose."""
    try:
        consent = Consented(case.signed_consent).consent
    except NotConsented as error:
        raise KeeperRefused(Refusal.CONSENT, str(error)) from None
    if consent.donation != case.view.donation or consent.record_sha256 != case.view.consent_sha256:
        raise KeeperRefused(Refusal.CONSENT, "The consent is for another clip. Ask for the next clip.")
    if sha256(case.sealed).hexdigest() != case.view.sealed_sha256:
        raise KeeperRefused(Refusal.CONSENT, "The sealed file is not the one that was let in. Tell the programme.")
    if consent.programme_key != case.policy.programme_key:
        raise KeeperRefused(Refusal.CONSENT, "The clip was given to another programme. Ask for the next clip.")
    if case.view.purpose not in consent.purposes or case.view.purpose is not Purpose.LABEL:
        raise KeeperRefused(Refusal.CONSENT, "The owner did not agree to this purpose. Ask for the next clip.")


def not_expired(case: Case) -> None:
    """2. The consent has begun and not ended, by a clock that was not set back."""
    check_clock(case.now_ms, case.latest_ms)
    consent = Consented(case.signed_consent).consent
    if not consent.given_ms - CLOCK_SLACK_MS <= case.now_ms < consent.expires_ms:
        raise KeeperRefused(Refusal.EXPIRED, "The consent for this clip has ended. Ask for the next clip.")


def not_revoked(case: Case) -> None:
    """3. The owner has not taken it back, and nobody flagged it."""
    if case.state is not State.WAITING:
        raise KeeperRefused(Refusal.REVOKED, "Nobody may see this clip any more. Ask for the next clip.")


def was_drawn(case: Case) -> None:
    """4. The draw for this reviewer, made again now, gives this clip."""
    draw, view = case.draw, case.view
    if draw is None or not draw.is_open or draw.reviewer != view.reviewer or draw.donation != view.donation:
        raise KeeperRefused(Refusal.NOT_DRAWN, "This clip was not drawn for you. Ask for the next clip.")
    if winner(case.day_key, draw.root, draw.reviewer, draw.n, case.eligible) != view.donation:
        raise KeeperRefused(Refusal.NOT_DRAWN, "The draw no longer gives this clip. Ask for the next clip.")


def entry_matches(case: Case) -> None:
    """5. The log holds a `view.open` that commits to exactly this view, under a tag that its owner will find."""
    view = case.view
    consent = Consented(case.signed_consent).consent
    try:
        leaf = read_leaf(case.leaf)
        committed = commitment(case.salt, view.canonical())
    except ValueError:
        raise KeeperRefused(Refusal.WRONG_ENTRY, "The entry or its salt cannot be read. Log the view again.") from None
    if leaf.kind != "view.open" or leaf.commitment != committed:
        raise KeeperRefused(Refusal.WRONG_ENTRY, "The log's entry is for something else. Log this view first.")
    if leaf.tag != tag(case.log_key, leaf.at_s * 1000):
        raise KeeperRefused(Refusal.WRONG_ENTRY, "The owner could not find this entry: its tag is wrong. Log it again.")
    if abs(case.now_ms - leaf.at_s * 1000) > CLOCK_SLACK_MS:
        raise KeeperRefused(Refusal.WRONG_ENTRY, "The entry was not made just now. Log the view again.")
    if not 0 <= view.from_ms < view.to_ms <= consent.length_ms:
        raise KeeperRefused(Refusal.WRONG_ENTRY, "The entry names a stretch that the clip does not have.")
    case.receipts.included(case.receipt, case.leaf)


def checkpoint_holds(case: Case) -> None:
    """6. The checkpoint is cosigned by the quorum, and fresh; if the policy says so, by the clip's own hub, too."""
    case.receipts.cosigned(case.receipt, case.now_ms)
    if not case.policy.households:
        return
    own = hub_of(case.signed_consent)
    seen = case.receipts.hubs_in(case.receipt, case.hubs, case.now_ms)
    if own not in seen:
        raise KeeperRefused(
            Refusal.NO_QUORUM, "The hub of the household that gave this clip has not seen this look yet."
        )
    if len(seen) < case.policy.households:
        told = f"Only {len(seen)} of {case.policy.households} households have seen this look."
        raise KeeperRefused(Refusal.NO_QUORUM, told)


def proof_is_new(case: Case) -> None:
    """7. Neither this entry nor this draw has opened a view before."""
    if case.leaf_is_used or case.draw is None or case.view.seq != case.draw.seq:
        raise KeeperRefused(Refusal.USED_PROOF, "This proof has opened a view already. Ask for the next clip.")


def session_is_bound(case: Case) -> None:
    """8. The session belongs to this reviewer, on this device, by a passkey that is on the roster now."""
    seat, view = check_seat(case.seat, case.is_enrolled, case.now_ms), case.view
    if (seat.reviewer, seat.device) != (view.reviewer, view.device):
        raise KeeperRefused(Refusal.SESSION, "The entry names another reviewer or device than this session.")


def within_quota(case: Case) -> None:
    """9. The reviewer has seen fewer clips today than the quota."""
    if case.viewed_today >= case.policy.quota:
        raise KeeperRefused(Refusal.QUOTA, f"{case.policy.quota} clips are enough for a day. Come back tomorrow.")


def room_is_open(case: Case) -> None:
    """10. The room is open, and the reviewer is there."""
    check_hours(case.policy, case.now_ms)
    check_presence(case.seat, case.policy, case.now_ms)


CHECKS: tuple[Callable[[Case], None], ...] = (
    consent_verifies,
    not_expired,
    not_revoked,
    was_drawn,
    entry_matches,
    checkpoint_holds,
    proof_is_new,
    session_is_bound,
    within_quota,
    room_is_open,
)


# The same refusals for an open view, which is checked again and again.


def check_clock(now_ms: int, latest_ms: int) -> None:
    """Raises `KeeperRefused` when the clock says less than what was written down."""
    if now_ms < latest_ms - CLOCK_SLACK_MS:
        raise KeeperRefused(Refusal.CLOCK, "The keeper's clock was set back. Nothing is shown until it is right again.")


def check_seat(seat: Seat | None, is_enrolled: bool, now_ms: int) -> Seat:
    """Raises `KeeperRefused` without a session of the last hour by a passkey that is on the roster now."""
    if seat is None or not is_enrolled or now_ms - seat.began_ms > LONGEST_SESSION_MS:
        raise KeeperRefused(Refusal.SESSION, "Log in with your passkey.")
    return seat


def check_presence(seat: Seat | None, policy: RoomPolicy, now_ms: int) -> None:
    """Raises `KeeperRefused` when the reviewer has done nothing for too long, or only said that they are there."""
    if seat is None or now_ms - seat.last_ms > policy.idle_ms:
        raise KeeperRefused(Refusal.IDLE, "Nothing happened for a while, so the session is locked. Log in again.")
    if now_ms - seat.acted_ms > LONGEST_HERE_MS:
        raise KeeperRefused(Refusal.IDLE, "Ten minutes on one clip: the session is locked. Touch your passkey again.")


def check_hours(policy: RoomPolicy, now_ms: int) -> None:
    """Raises `KeeperRefused` outside the hours."""
    if not policy.hours.include(now_ms):
        raise KeeperRefused(Refusal.CLOSED, "The review room is closed at this hour.")
