"""Giving: the programme that the household joined, and everything ever given."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import Field

from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import Invitation, Programme, find_invitation
from nightlatch.hub.serve.logs import witness_key
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody
from nightlatch.web.invitation import LONGEST

router = APIRouter(prefix="/api/giving")


class InvitationBody(PageBody):
    invitation: str = Field(max_length=LONGEST)


class GivenBody(PageBody):
    given: str = Field(max_length=LONGEST)  # pasted, dropped or scanned: a link, or an invitation itself


@dataclass(frozen=True, slots=True)
class WitnessShape:
    """The key with which this hub vouches for the log, and how much of the log it vouches for."""

    key: str
    vouched: int | None


@dataclass(frozen=True, slots=True)
class ProgrammeShape:
    """What the invitation said."""

    id: str
    name: str
    url: str
    key: str  # b64 Ed25519
    words: str  # eight, of everything that the invitation says: for comparing
    policy: str  # of its log: keys and quorum
    notice: str  # what the owner reads before signing
    language: str

    @classmethod
    def of(cls, programme: Programme) -> ProgrammeShape:
        """What the page needs of `programme`."""
        return cls(
            id=programme.id,
            name=programme.name,
            url=programme.keeper_url,
            key=programme.key,
            words=programme.words,
            policy=programme.policy,
            notice=programme.notice,
            language=programme.language,
        )


@dataclass(frozen=True, slots=True)
class InvitationShape:
    """An invitation before it is accepted: what the owner decides upon."""

    invitation: str  # what joining it sends
    programme: ProgrammeShape
    log_url: str
    witnesses: list[str]  # of its log, as the policy names them
    household_vouches: bool  # nobody sees a clip before the hub of its household has seen the look in the log
    is_as_linked: bool | None  # the link names what it says; None: it came without a link

    @classmethod
    def of(cls, found: Invitation) -> InvitationShape:
        """What the page shows of `found`."""
        return cls(
            invitation=found.text,
            programme=ProgrammeShape.of(found.programme),
            log_url=found.programme.log_url,
            witnesses=[name for name, _ in found.policy.witnesses],
            household_vouches=found.policy.households > 0,
            is_as_linked=found.is_as_linked,
        )


@dataclass(frozen=True, slots=True)
class DonationsShape:
    """All that the household gives, and to whom."""

    witness: WitnessShape
    programme: ProgrammeShape | None  # that is joined
    programmes: list[ProgrammeShape]  # that one, first, and all that something was given to
    given: list[DonationLine]  # the newest first


@router.get("")
def giving(at: At, _: Owner) -> DonationsShape:
    """The programme, everything ever given, and how much of the log this hub vouches for."""
    programme = at.donations.membership.programme()
    return DonationsShape(
        WitnessShape(str(witness_key(at.logs.data_dir).verifier), at.logs.vouched(programme)),
        None if programme is None else ProgrammeShape.of(programme),
        [ProgrammeShape.of(each) for each in at.donations.membership.known()],
        at.donations.given(),
    )


@router.post("/invitation")
def look_at_invitation(_: Owner, body: GivenBody) -> InvitationShape:
    """What an invitation says, found by its link where there is one; nothing is joined."""
    return InvitationShape.of(find_invitation(body.given))


@router.put("/programme")
def join(at: At, _: Owner, body: InvitationBody) -> ProgrammeShape:
    """Join a programme."""
    return ProgrammeShape.of(at.donations.join(body.invitation))


@router.delete("/programme", status_code=204)
def leave(at: At, _: Owner) -> None:
    """Leave it."""
    at.donations.membership.leave()
