"""All scenes by name: the same seed gives the same pictures, in any order, with the truth about each."""

from __future__ import annotations

from nightlatch.pixels.stage.acting import CYCLE_S, Scene, Truth, Visit
from nightlatch.pixels.stage.behaviours import BEHAVIOURS, behaved
from nightlatch.pixels.stage.drawing import DRAWN, SHAPE, Colour, Image
from nightlatch.pixels.stage.negatives import NEGATIVES
from nightlatch.pixels.stage.places import CODE, Flat, LivingRoom, Porch, PrintedCode

__all__ = (
    "CODE",
    "CYCLE_S",
    "DRAWN",
    "SCENES",
    "SHAPE",
    "Colour",
    "Flat",
    "Image",
    "LivingRoom",
    "Porch",
    "PrintedCode",
    "Scene",
    "Truth",
    "Visit",
    "scene",
)

SCENES: dict[str, type[Scene]] = {
    "porch": Porch,
    "living-room": LivingRoom,
    "printed_code": PrintedCode,
    "flat": Flat,
    **NEGATIVES,
    **{name.replace(" ", "-"): behaved(name) for name in BEHAVIOURS},
}


def scene(name: str, seed: int = 1, width: int = 1280, height: int = 720, fps: float = 15) -> Scene:
    """The scene called `name`. Raises `KeyError` for one that there is not."""
    return SCENES[name](seed, width, height, fps)
