"""A redaction: how people are hidden in a clip before anybody but its owner sees it, and the report about it.

`write` and `read` are inverses; between child and hub, on the page and at the keeper a report takes no other form. It
is read strictly: a field that is missing, unknown or of another type is refused, so that nothing is taken for hidden
by mistake. A field that says nothing (its default) is not written: what `for_keeper` leaves out does not travel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from hashlib import sha256

from nightlatch.errors import Refused


class NotARedaction(Refused):
    """A report that cannot be read, or that belongs to another film."""


class Style(StrEnum):
    """How people are hidden. Films are made of a plate and puppets; the others are what there was before."""

    COVER = "cover"
    SILHOUETTES = "silhouettes"
    PUPPETS = "puppets"


@dataclass(frozen=True, slots=True)
class RedactionReport:
    """What was hidden in the film with this hash, and what a second look at the finished film still finds."""

    sha256: str  # hex, of the redacted film
    style: Style
    people: int  # pictures × people that were found
    uncovered: int  # people who are still found in the finished film
    sound_removed: bool
    metadata_removed: bool
    # the hub and its owner know these, too
    eye: str = ""  # the detector's name
    pictures: int = 0
    length_ms: int = 0
    faces: int = 0  # faces that belong to nobody who was found
    carried: int = 0  # pictures × people that were hidden through a detector's blinks
    share_covered: float = 0.0  # of all pixels
    share_grey: float = 0.0  # where nothing is known of the place
    share_drawn: float = 0.0
    written: int = 0  # places that looked like writing or a screen, and are covered
    owner_covered: int = 0  # rectangles that the owner covered besides
    lost: int = 0  # times that somebody was lost from sight in the middle of the picture: what was seen then is grey

    @property
    def hides_all(self) -> bool:
        """Whether nobody is still found, and sound and tags are gone."""
        return self.uncovered == 0 and self.sound_removed and self.metadata_removed

    def for_keeper(self) -> RedactionReport:
        """The same report with only what the keeper decides by."""
        return RedactionReport(
            self.sha256, self.style, self.people, self.uncovered, self.sound_removed, self.metadata_removed
        )


@dataclass(frozen=True, slots=True)
class Redacted:
    """A finished film and the report of exactly these bytes.

    `redact_film` makes it; the far end of a pipe makes it again from film and report. Raises `NotARedaction` when the
    report is about other bytes: a film that was changed or cut short on its way is not `Redacted`.
    """

    mp4: bytes = field(repr=False)
    report: RedactionReport

    def __post_init__(self) -> None:
        if sha256(self.mp4).hexdigest() != self.report.sha256:
            raise NotARedaction("The redaction's report belongs to another film. Redact the clip again.")

    @property
    def sha256(self) -> str:
        """Hex, of the film."""
        return self.report.sha256

    @property
    def length_ms(self) -> int:
        """How long the film is."""
        return self.report.length_ms


def write(report: RedactionReport) -> dict[str, object]:
    """The report as a JSON object."""
    made: dict[str, object] = {}
    for each in fields(report):
        value = getattr(report, each.name)
        if each.default is MISSING or value != each.default:
            made[each.name] = str(value) if isinstance(value, Style) else value
    return made


def read(told: Mapping[str, object]) -> RedactionReport:
    """The report that `write` wrote. Raises `NotARedaction` for anything else."""
    try:
        style = Style(str(told["style"]))
        report = RedactionReport(**{**told, "style": style})  # type: ignore[arg-type]  # the types are looked at below
    except (KeyError, TypeError, ValueError):
        raise NotARedaction("This is not a report of a redaction. Redact the clip again.") from None
    if not all(_fits(getattr(report, each.name), str(each.type)) for each in fields(report)):
        raise NotARedaction("The redaction's report says something impossible. Redact the clip again.")
    return report


def _fits(value: object, annotation: str) -> bool:
    if annotation == "bool":
        return isinstance(value, bool)
    if annotation == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if annotation == "int":
        return type(value) is int and value >= 0
    return isinstance(value, str)
