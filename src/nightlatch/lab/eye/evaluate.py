"""What each eye concludes from real films: `python -m nightlatch.lab.eye.evaluate DATA [--table FILE] [--eye FILE]`.

DATA is the collection: videos with their manifest, and models. The table holds names and conclusions, no pictures.
Its last column is what the owner is told with what a newcomer gets: gate, tracks, votes and judge included. Films that
end before the gate knows the place have no event, and what they show is missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nightlatch.lab.eye.clips import GROUPS, TestFilm, concluded, looks, read_clips
from nightlatch.pixels.detectors.eye import MODEL, BuiltInEye
from nightlatch.pixels.detectors.opening import open_detector
from nightlatch.pixels.replay.replaying import replay
from nightlatch.plugs import Eye

WIDTH = 60
WIDE = 28
TOLD = "told with both"


@dataclass(frozen=True, slots=True)
class Row:
    """One film: what each detector, by name, missed and what it saw wrongly."""

    clip: TestFilm
    missed: Mapping[str, frozenset[str]]
    wrong: Mapping[str, frozenset[str]]

    def is_right(self, detector: str) -> bool:
        """Whether nothing was missed and nothing seen wrongly."""
        return not self.missed[detector] and not self.wrong[detector]


def detectors(data: Path, eye: Path = MODEL) -> dict[str, Eye]:
    """Each eye that an owner may choose. Raises `NotFound` when a model is neither in `data`/models nor from set-up."""
    others = {name: open_detector(name, data / "models") for name in ("ssd", "yolox", "both")}
    return {"eye": BuiltInEye(eye), **others}


def evaluate(data: Path, chosen: Mapping[str, Eye]) -> Iterator[Row]:
    """A row for each film of `data`/videos."""
    for clip in read_clips(data / "videos" / "manifest.json"):
        film = data / "videos" / clip.name
        pictures = list(looks(film))
        seen = {name: concluded(pictures, detector) for name, detector in chosen.items()} | {TOLD: told(film, chosen)}
        yield Row(
            clip,
            {name: clip.must - found for name, found in seen.items()},
            {name: clip.must_not & found for name, found in seen.items()},
        )


def told(film: Path, chosen: Mapping[str, Eye]) -> frozenset[str]:
    """The groups that a hub names in the events of a film."""
    kinds = {kind for event in replay(film, detector=chosen["both"]).events for kind in event.judgement.kinds}
    return frozenset(name for name, group in GROUPS.items() if kinds & group)


def table(rows: list[Row]) -> str:
    """Rows as text, a line a film, then the sums."""
    names = list(rows[0].missed)
    lines = [f"{'film':{WIDTH}}" + "".join(f"{name:{WIDE}}" for name in names).rstrip()]
    lines += [row.clip.name.ljust(WIDTH) + "".join(f"{_cell(row, n):{WIDE}}" for n in names).rstrip() for row in rows]
    for group in GROUPS:
        asked = [row for row in rows if group in row.clip.must]
        cells = [
            f"{sum(group not in row.missed[name] for row in asked)}/{len(asked)}, "
            f"wrongly {sum(group in row.wrong[name] for row in rows)}"
            for name in names
        ]
        lines.append(f"# {group + ' found':{WIDTH - 2}}" + "".join(f"{cell:{WIDE}}" for cell in cells).rstrip())
    right = [f"{sum(row.is_right(name) for row in rows)}/{len(rows)}" for name in names]
    lines.append(f"# {'films without a fault':{WIDTH - 2}}" + "".join(f"{cell:{WIDE}}" for cell in right).rstrip())
    return "\n".join(lines) + "\n"


def _cell(row: Row, name: str) -> str:
    faults = [f"misses {each}" for each in sorted(row.missed[name])] + [f"false {e}" for e in sorted(row.wrong[name])]
    return ", ".join(faults) or "right"


def main() -> None:
    """Print the table; write it where asked."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("data", type=Path)
    asked.add_argument("--table", type=Path)
    asked.add_argument("--eye", type=Path, default=MODEL)
    given = asked.parse_args()
    told = table(list(evaluate(given.data, detectors(given.data, given.eye))))
    print(told, end="")
    if given.table is not None:
        given.table.write_text(told)


if __name__ == "__main__":
    main()
