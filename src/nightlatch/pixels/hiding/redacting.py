"""Makes the film that may be given, out of a plate and drawings. In memory; the film is decoded once.

Look at every third picture with all eyes; find who is who over the film; make the plate of what nobody covered; look
for people on it until nobody is found; draw and encode. No pixel of the film is ever encoded, but those of the plate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.geometry import Area
from nightlatch.domain.redaction import Redacted, RedactionReport, Style
from nightlatch.domain.sighting import Kind
from nightlatch.pixels.hiding.doubting import Ends, ends_of
from nightlatch.pixels.hiding.eyes import PrivacyEyes
from nightlatch.pixels.hiding.film import CannotRedact, Excerpt, encoded
from nightlatch.pixels.hiding.finding import Chain, Cover, bodies, chains, covers_of
from nightlatch.pixels.hiding.looking import LOOK_EVERY, Footage, Watching
from nightlatch.pixels.hiding.plate import Hidden, NoPlate, Plate, mask_of, plate_of
from nightlatch.pixels.hiding.puppets import Puppet, drawn
from nightlatch.pixels.hiding.searching import searched
from nightlatch.pixels.hiding.staging import staged
from nightlatch.pixels.hiding.writing import written

LOOKING, AROUND, CHECKING = 0.7, 0.8, 0.9  # share of the work that is done then
Bgr = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a finished film is made of: one plate, and the puppets of each picture."""

    plate: Plate
    puppets: Sequence[tuple[Puppet, ...]]
    people: int  # looks × people that were found
    faces: int
    carried: int  # looks × covers that nobody was found for
    lost: int  # ends at which somebody was lost in the middle of the picture
    left: int  # people who are still found on the plate
    written: int  # places with writing or a screen


def redact_film(
    mp4: bytes,
    eyes: PrivacyEyes,
    *,
    from_ms: int,
    to_ms: int,
    masks: Sequence[Area] = (),
    more: Sequence[bytes] = (),
    on_progress: Callable[[float], None] = lambda share: None,
    any_length: bool = False,
) -> Redacted:
    """Cut [from_ms, to_ms) out of a film and hide everybody in it, and what lies under `masks`.

    The rest of the film, and `more` films of the same camera from before it, in their order, only say how the place
    looks where it is hidden in the stretch. `any_length` is for benchmarks over clips shorter than a gift may be.

    Raises:
        CannotRedact: no film, not 20 to 30 seconds of it, or nobody can say that everybody is hidden.
    """
    if not any_length and not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
        raise CannotRedact("A clip to give must be 20 to 30 seconds long. Move the ends.")
    film = Excerpt(mp4, from_ms, to_ms, masks)
    stage = stage_of(film, eyes, on_progress, _readable(more, masks), any_length=any_length)
    made, shares = _drawn(film, stage, lambda n: on_progress(CHECKING + (1 - CHECKING) * n / film.count))
    on_progress(1.0)
    return Redacted(made, _report(film, eyes.detector.name, stage, made, shares))


def _readable(more: Sequence[bytes], masks: Sequence[Area]) -> list[Excerpt]:
    """Those of `more` that are films; all their pictures are around an empty stretch at their beginning."""
    made = []
    for each in more:
        with suppress(CannotRedact):
            made.append(Excerpt(each, 0, 0, masks))
    return made


def stage_of(
    film: Excerpt,
    eyes: PrivacyEyes,
    on_progress: Callable[[float], None],
    more: Sequence[Excerpt] = (),
    *,
    any_length: bool = False,
) -> Stage:
    """Look at the film, and make what it will be drawn from. Raises `CannotRedact`."""
    watching = Watching(eyes)
    seen = watching.film(film, lambda share: on_progress(LOOKING * share))
    if film.count == 0:
        raise CannotRedact("There are no pictures in this stretch. Choose another one.")
    if not any_length and film.count / film.fps * 1000 < SHORTEST_MS - 1500:
        raise CannotRedact("The clip is shorter than it says: fewer than 20 seconds are left. Choose another one.")
    known = _known(seen, film.fps)
    try:
        plate = _plate(known)
    except NoPlate as error:
        at = seen.at[error.look]
        where = f"first at second {at / film.fps:.0f} (picture {at})"
        raise CannotRedact(f"{error}, {where}. Choose a part in which it does not.") from None
    if not plate.is_known.all():
        with suppress(NoPlate):  # the minutes before look too different: the film has to do
            plate = plate.filled_from(_plate(_known(watching.around(seen, plate, film, more), film.fps)))
    on_progress(AROUND)
    places = written(plate, seen.samples, known.hidden.reach, eyes.screens)
    plate, left = searched(plate.without(places), eyes)
    on_progress(CHECKING)
    people = sum(body.kind is Kind.PERSON for look in seen.looks.values() for body in bodies(look))
    faces = sum(len(look.faces) for look in seen.looks.values())
    puppets = staged(known.seen.looks, known.chains, film.count, film.fps, [each.stays for each in known.ends])
    return Stage(plate, puppets, people, faces, known.carried, len(known.lost), left, len(places))


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is where in some footage, as far as can be said."""

    seen: Footage
    fps: float
    chains: Sequence[Chain]
    ends: Sequence[Ends]
    hidden: Hidden
    carried: int

    @property
    def lost(self) -> list[Mask]:
        """When the whereabouts are known of each who was lost."""
        return [known for each in self.ends for known in each.known]


def _known(seen: Footage, fps: float) -> _Known:
    found = chains(seen.looks, fps)
    ends = [ends_of(chain, found, seen.at, seen.small, fps) for chain in found]
    return _Known(seen, fps, found, ends, *_hidden(found, ends, seen, fps))


def _plate(known: _Known) -> Plate:
    """Raises `NoPlate`."""
    seen = known.seen
    return plate_of(seen.small, seen.samples, known.hidden, known.lost, known.fps / LOOK_EVERY)


def _hidden(found: Sequence[Chain], ends: Sequence[Ends], seen: Footage, fps: float) -> tuple[Hidden, int]:
    """Where somebody or something is in each look, or may be, and how many of these covers nobody was found for.

    A vehicle that stands belongs to the place.
    """
    carried = 0
    boxes: dict[int, list[Cover]] = {n: [] for n in seen.at}
    for chain, end in zip(found, ends, strict=True):
        if chain.family is Kind.VEHICLE and not chain.has_moved:
            continue
        for n, cover in covers_of(chain, seen.at, fps, end.held).items():
            boxes[n].append(cover)
            carried += n not in chain.found
    shape = seen.small[0].shape
    taken = [mask_of([each.core for each in boxes[n] if each.core is not None], shape) for n in seen.at]
    reach = [mask_of([each.reach for each in boxes[n]], shape) for n in seen.at]
    return Hidden(np.stack(taken), np.stack(reach)), carried


@dataclass(frozen=True, slots=True)
class _Shares:
    """Of all pixels."""

    grey: float
    drawn: float
    covered: float


def _drawn(film: Excerpt, stage: Stage, on_picture: Callable[[int], None]) -> tuple[bytes, _Shares]:
    """The finished film, and what share of it is grey, and drawn."""
    drawings: list[float] = []
    covered: list[float] = []
    plate, grey = stage.plate, ~stage.plate.is_known

    def pictures() -> Iterator[Bgr]:
        for n, each in enumerate(stage.puppets):
            shown = drawn(plate.picture, each)
            if n % LOOK_EVERY == 0:
                is_drawn = (shown != plate.picture).any(axis=2)
                drawings.append(float(is_drawn.mean()))
                covered.append(float((is_drawn | grey).mean()))
            yield film.masked(shown)

    made = encoded(pictures(), on_picture)
    return made, _Shares(float(grey.mean()), float(np.mean(drawings)), float(np.mean(covered)))


def _report(film: Excerpt, eye: str, stage: Stage, made: bytes, shares: _Shares) -> RedactionReport:
    return RedactionReport(
        sha256=sha256(made).hexdigest(),
        style=Style.PUPPETS,
        eye=eye,
        pictures=film.count,
        length_ms=round(film.count / film.fps * 1000),
        people=stage.people,
        faces=stage.faces,
        share_covered=round(shares.covered, 3),
        share_grey=round(shares.grey, 3),
        share_drawn=round(shares.drawn, 3),
        uncovered=stage.left,
        written=stage.written,
        lost=stage.lost,
        carried=stage.carried,
        sound_removed=True,
        metadata_removed=True,
    )
