"""The shapes of bodies: what a request may hold, and what an answer says. Keys on the wire are fields here."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer

from nightlatch.domain.consent import Json, canonical
from nightlatch.domain.digits import MOST

Document = dict[str, JsonValue]  # signed by somebody else: kept as it came, so that its bytes can be checked
Number = Annotated[int, Field(ge=-MOST, le=MOST)]  # that anybody sends: a database holds no larger one
Base64Text = Annotated[bytes, PlainSerializer(lambda raw: b64encode(raw).decode(), return_type=str)]


def signed_bytes(document: Document) -> bytes:
    """The bytes that an owner signed. Raises `NotConsented` for a value that no record of ours holds."""
    return canonical(cast(Json, document))  # looks at every value itself


class Body(BaseModel):
    """A body of a request: unknown keys and guesses at types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Answer(BaseModel):
    """A body of an answer; made from the domain's object with `model_validate`."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
