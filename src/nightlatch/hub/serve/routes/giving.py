"""Giving: the programme that the household joined, and everything ever given."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import Field

from nightlatch.hub.serve.books.reading import DonationLine
from nightlatch.hub.serve.giving import Programme
from nightlatch.hub.serve.logwatch import witness_key
from nightlatch.hub.serve.routes.asking import At, Owner, PageBody

router = APIRouter(prefix="/api/giving")


class InvitationBody(PageBody):
    invitation: str = Field(max_length=64_000)


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
            policy=programme.policy,
            notice=programme.notice,
            language=programme.language,
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
    programme, watch = at.donations.membership.programme(), at.logwatch
    return DonationsShape(
        WitnessShape(str(witness_key(watch.data_dir).verifier), watch.vouched),
        None if programme is None else ProgrammeShape.of(programme),
        [ProgrammeShape.of(each) for each in at.donations.membership.known()],
        at.donations.given(),
    )


@router.put("/programme")
def join(at: At, _: Owner, body: InvitationBody) -> ProgrammeShape:
    """Join a programme."""
    return ProgrammeShape.of(at.donations.join(body.invitation))


@router.delete("/programme", status_code=204)
def leave(at: At, _: Owner) -> None:
    """Leave it."""
    at.donations.membership.leave()
