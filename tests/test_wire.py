"""The page's types are the hub's: web/shared/wire.ts is what scripts/wire.py writes."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest

WIRE = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "wire.py"))


class Colour(StrEnum):
    """What a lamp shows."""

    RED = "red"
    DARK_GREEN = "dark_green"


@dataclass(frozen=True, slots=True)
class LampShape:
    """A lamp."""

    name: str
    colours: list[Colour | None]  # None: it is off


@dataclass(frozen=True, slots=True)
class HallLampShape(LampShape):
    """A lamp in the hall."""

    place: tuple[float, float]
    mode: Literal["on", "off"] | None


def test_the_file_is_not_stale() -> None:
    assert WIRE["TARGET"].read_text() == WIRE["wire"](), "run make wire"


def test_dataclasses_enums_and_remarks_become_typescript() -> None:
    page = WIRE["Page"]()
    assert page.type_of(dict[str, list[HallLampShape]]) == "Record<string, HallLamp[]>"
    assert (
        page.text.removeprefix(WIRE["HEAD"]).strip()
        == """
// What a lamp shows.
export const COLOURS = ["red", "dark_green"] as const;
export type Colour = (typeof COLOURS)[number];

// A lamp.
export interface Lamp {
  name: string;
  colours: (Colour | null)[]; // null: it is off
}

// A lamp in the hall.
export interface HallLamp extends Lamp {
  place: [number, number];
  mode: "on" | "off" | null;
}""".strip()
    )


def test_what_the_wire_has_no_word_for_is_refused() -> None:
    for loose in (dict[str, Any], Any, bytes, object):
        with pytest.raises(TypeError):
            WIRE["Page"]().type_of(loose)


def test_two_things_of_one_name_are_refused() -> None:
    page, other = WIRE["Page"](), StrEnum("Colour", ["RED"])
    page.type_of(Colour)
    with pytest.raises(TypeError, match="would be called Colour"):
        page.type_of(other)
