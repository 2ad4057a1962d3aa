"""The pages' types are those of the programs: wire.ts, of either page, is what scripts/wire.py writes."""

from __future__ import annotations

import runpy
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

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


@pytest.mark.parametrize("face", WIRE["FACES"], ids=lambda face: face.path.parent.name)
def test_no_file_is_stale(face: Any) -> None:
    assert face.path.read_text() == face.text, "run make wire"


def test_dataclasses_enums_and_remarks_become_typescript() -> None:
    page = WIRE["Page"]()
    assert page.type_of(dict[str, list[HallLampShape]]) == "Record<string, HallLamp[]>"
    assert (
        page.text.strip()
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


class Switch(BaseModel):
    """A body, or an answer."""

    model_config = ConfigDict(frozen=True)

    on: bool = Field(False)  # as it stands


class Dimmer(Switch):
    """A switch that can do more."""

    share: float


def test_bodies_become_typescript_as_dataclasses_do() -> None:
    page = WIRE["Page"]({"Handle": Dimmer | None})
    assert page.type_of(Dimmer | None) == "Handle"
    assert (
        page.text.strip()
        == """
// A body, or an answer.
export interface Switch {
  on: boolean; // as it stands
}

// A switch that can do more.
export interface Dimmer extends Switch {
  share: number;
}

export type Handle = Dimmer | null;""".strip()
    )


def test_a_stale_file_fails_the_check(tmp_path: Path) -> None:
    stale = tmp_path / "wire.py"
    stale.write_text((Path(__file__).parents[1] / "scripts" / "wire.py").read_text())
    done = subprocess.run([sys.executable, stale, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run make wire" in done.stderr


def test_what_the_wire_has_no_word_for_is_refused() -> None:
    for loose in (dict[str, Any], Any, bytes, object):
        with pytest.raises(TypeError):
            WIRE["Page"]().type_of(loose)


def test_two_things_of_one_name_are_refused() -> None:
    page, other = WIRE["Page"](), StrEnum("Colour", ["RED"])
    page.type_of(Colour)
    with pytest.raises(TypeError, match="would be called Colour"):
        page.type_of(other)
