"""The real films of ../shared/data/videos: what is true of each, and how a camera would have sent it.

A film of some seconds gives a camera no time to learn its place, so each gets a quiet lead: its first picture for
twelve seconds, with a little noise. Encoded once into `bench/out/sight/real`, as cameras do: H.264, no B frames, a key
frame every second.

Which films taught what: all of them were seen while the built-in eye's SHARES, `WITHIN` of the joint eye and the
constants of `story/things` were set; the falls among them while `story/lying` was written. The constants of
`vision/vote` were chosen on one half, and on two films of the other whose faults suggested a rule: those are counted to
the first.
"""

from __future__ import annotations

import json
import random
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nightlatch.domain.sighting import ANIMALS, Kind
from nightlatch.pixels.media.packets import Packet
from sight.corpus import OUT

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL = OUT / "real"
LEAD_S = 12
FPS = 15
TORN_SHARE = 0.2  # of packets are dropped before looking, where that is asked

PERSON, PET, CAT, DOG, VEHICLE = (
    frozenset({Kind.PERSON}),
    ANIMALS,
    frozenset({Kind.CAT}),
    frozenset({Kind.DOG}),
    frozenset({Kind.VEHICLE}),
)
ASKED = {"person": (PERSON,), "fall": (PERSON,), "wildlife": (PET,), "vehicle": (VEHICLE,), "nothing": ()}
# To be seen, but not asked for. Looked up in the films, not in what an eye says of them.
BESIDE = {
    "pet__driveway_cat_walks": VEHICLE,  # a motorcycle is parked there
    "person__driveway_man_walks": VEHICLE,
    "person__driveway_hand_banana": VEHICLE,
    "vehicle__road_320x240_60fps": PERSON,
    "nothing__flowers_butterfly": frozenset({Kind.ANIMAL}),  # an insect is one, if one will
}
SUGGESTED = {"nothing__garden_path_brightness_change", "fall__home_subject3_fall_01"}  # a rule of the vote
LYING = "fall"  # the label of films in which somebody goes down and stays down


@dataclass(frozen=True, slots=True)
class RealFilm:
    """A film, and what should be told of it: one kind of each set in `must`, and besides only of `may`."""

    path: Path
    label: str
    must: tuple[frozenset[Kind], ...]
    may: frozenset[Kind]

    @property
    def name(self) -> str:
        """Without its ending."""
        return self.path.stem

    @property
    def is_taught(self) -> bool:
        """Whether it is of the half on which the constants of the vote were chosen."""
        return self.name in SUGGESTED or zlib.crc32(self.name.encode()) % 2 == 0

    def faults(self, told: frozenset[Kind]) -> list[str]:
        """What was told wrongly or not at all; MOTION is no kind."""
        missed = [f"misses {'/'.join(sorted(kinds))}" for kinds in self.must if not kinds & told]
        wrong = [kind for kind in Kind if kind in told and kind is not Kind.MOTION]
        for kinds in self.must:  # one animal is one kind: a second name for it is a fault
            right = [kind for kind in wrong if kind in kinds]
            wrong = [kind for kind in wrong if kind not in right[:1]]
        return missed + [f"false {kind.value}" for kind in wrong if kind not in self.may]


def why_no_films() -> str | None:
    """Why there are none here."""
    return None if (DATA / "videos" / "manifest.json").is_file() else f"{DATA / 'videos'} is not on this machine"


def real_films(most: int | None = None) -> list[RealFilm]:
    """All films of the collection, or the first so many when they are in order of their hash, so of all kinds."""
    entries = json.loads((DATA / "videos" / "manifest.json").read_text())
    found = [_film(entry["file"], entry["label"], entry["conclude"]) for entry in entries]
    if most is None:
        return found
    return sorted(found, key=lambda film: zlib.crc32(b"some" + film.name.encode()))[:most]


def _film(file: str, label: str, conclude: str) -> RealFilm:
    pet = CAT if "(cat)" in conclude else DOG if "(dog)" in conclude else PET
    must = ASKED.get(label, (pet,))
    if "+ person" in conclude:
        must = (*must, PERSON)
    path = DATA / "videos" / file
    return RealFilm(path, label, must, BESIDE.get(path.stem, frozenset()))


def as_sent(film: RealFilm) -> Path:
    """The film as a camera would have sent it, after a quiet lead; made once."""
    made = REAL / f"{film.name}.mp4"
    if not made.exists():
        REAL.mkdir(parents=True, exist_ok=True)
        part = made.with_suffix(".part.mp4")
        still = f"fps={FPS},scale=trunc(iw/2)*2:trunc(ih/2)*2,tpad=start_duration={LEAD_S}:start_mode=clone"
        coded = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-refs", "1", "-sc_threshold", "0")
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(film.path), "-an"]
        command += ["-vf", f"{still},noise=alls=3:allf=t", *coded, "-g", str(FPS), "-pix_fmt", "yuv420p"]
        subprocess.run([*command, "-threads", "1", str(part)], check=True)
        part.rename(made)
    return made


def torn(packets: Iterator[Packet], seed: int) -> Iterator[Packet]:
    """The same without a fifth of them; what was lost is not marked, as on a bad Wi-Fi whose packets just stay away."""
    dice = random.Random(seed)
    for packet in packets:
        if dice.random() >= TORN_SHARE:
            yield packet
