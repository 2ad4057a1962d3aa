"""Labels as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from nightlatch.domain.consent import Json, canonical
from nightlatch.domain.label import Happening, Label, NotALabel, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span

HIDDEN = "hidden"  # too much of the picture is, to say anything else


def written(label: Label) -> str:
    """A label as canonical JSON."""
    return canonical(told(label)).decode()


def told(label: Label) -> dict[str, Json]:
    """A label as a JSON object."""
    said: dict[str, Json] = {
        "happenings": [each.value for each in sorted(label.happenings)],
        "spans": [[span.began_ms, span.ended_ms] for span in label.spans],
        "subjects": [each.value for each in sorted(label.subjects)],
    }
    if label.verdict is not None:
        said["verdict"] = label.verdict.value
    if label.is_hidden:
        said["answer"] = HIDDEN
    return said


def read(text: str) -> Label:
    """The inverse of `written`; what is left out is left open. Raises `NotALabel`."""
    try:
        said = json.loads(text)
        return label_of(
            said.get("subjects", ()),
            said.get("happenings", ()),
            said.get("verdict"),
            said.get("spans", ()),
            is_hidden=said.get("answer") == HIDDEN,
        )
    except (ValueError, TypeError, AttributeError):
        raise NotALabel("This label cannot be read. Load the page again.") from None


def label_of(
    subjects: Iterable[str],
    happenings: Iterable[str],
    verdict: str | None,
    spans: Iterable[Sequence[int]] = (),
    *,
    is_hidden: bool = False,
) -> Label:
    """A label of these words, and of spans [began, ended) in milliseconds. Raises `NotALabel`."""
    try:
        return Label(
            frozenset(Subject(each) for each in subjects),
            frozenset(Happening(each) for each in happenings),
            Verdict(verdict) if verdict is not None else None,
            tuple(sorted((Span(int(began), int(ended)) for began, ended in spans), key=lambda span: span.began_ms)),
            is_hidden,
        )
    except (ValueError, TypeError):
        raise NotALabel("This label holds a word that Nightlatch does not know. Load the page again.") from None
