"""Models: what hiding needs on this machine and lacks."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from nightlatch.hub.errands.asking import LackedModel
from nightlatch.hub.serve.giving.models import HidingModels
from nightlatch.hub.serve.routes.asking import At, Owner

router = APIRouter(prefix="/api/giving/models")


@dataclass(frozen=True, slots=True)
class MissingModelShape:
    """A model that is not here."""

    name: str
    bytes: int
    licence: str
    what: str
    can_be_fetched: bool
    how_to_get: str  # a sentence

    @classmethod
    def of(cls, model: LackedModel) -> MissingModelShape:
        """What the page needs of it."""
        can = model.fetch is not None
        return cls(model.name, model.bytes, model.licence, model.what, can, model.how_to_get)


@dataclass(frozen=True, slots=True)
class HidingNeedsShape:
    """What is missing, and how far along fetching it is."""

    missing: list[MissingModelShape]
    share: float | None  # 0 to 1, while it is being fetched
    problem: str | None  # why fetching it brought nothing

    @classmethod
    def of(cls, models: HidingModels) -> HidingNeedsShape:
        """As they are now. Raises `ErrandFailed`."""
        missing = [MissingModelShape.of(model) for model in models.missing()]
        return cls(missing, models.share, models.problem)


@router.get("")
def needs(at: At, _: Owner) -> HidingNeedsShape:
    """What hiding needs and is not here."""
    return HidingNeedsShape.of(at.donations.models)


@router.post("", status_code=202)
def fetch(at: At, _: Owner) -> HidingNeedsShape:
    """Fetch it."""
    at.donations.models.fetch()
    return HidingNeedsShape.of(at.donations.models)
