"""Hints to open pages: look again. They say what changed, never what it is now; one that is missed costs nothing."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict


class HomeHint(TypedDict):
    """Home changed: cameras or the recorder came or went, or the eye does better or worse."""

    type: Literal["home"]


class CameraHint(TypedDict):
    """A camera is doing something else now."""

    type: Literal["camera"]
    camera_id: str


class StillHint(TypedDict):
    """A camera has a fresh still."""

    type: Literal["still"]
    camera_id: str
    at_ms: int


class ClipHint(TypedDict):
    """A clip began, grew or ended."""

    type: Literal["clip"]
    clip_id: str
    camera_id: str


class ClipGoneHint(TypedDict):
    """A clip was deleted."""

    type: Literal["clip_gone"]
    clip_id: str


class OfferHint(TypedDict):
    """A clip on its way to being given is no longer being prepared: it is ready, or could not be."""

    type: Literal["offer"]


class HereHint(TypedDict):
    """Nothing changed; the hub is there, and this is the time by its clock."""

    type: Literal["here"]
    now_ms: int


Hint: TypeAlias = HomeHint | CameraHint | StillHint | ClipHint | ClipGoneHint | OfferHint | HereHint
