"""A report of a redaction is one type with one written form, and a film that is not its own is no redacted film."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.redaction import NotARedaction, Redacted, RedactionReport, Style, read, write

count = st.integers(0, 2**31)
reports = st.builds(
    RedactionReport,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    style=st.sampled_from(Style),
    people=count,
    uncovered=count,
    sound_removed=st.booleans(),
    metadata_removed=st.booleans(),
    eye=st.text(max_size=20),
    pictures=count,
    length_ms=count,
    faces=count,
    carried=count,
    share_covered=st.floats(0, 1).map(abs),
    share_grey=st.floats(0, 1).map(abs),
    share_drawn=st.floats(0, 1).map(abs),
    lost=count,
)
FILM = b"film"
PLAIN = RedactionReport(sha256(FILM).hexdigest(), Style.COVER, 12, 0, True, True)


@given(reports)
def test_reading_is_the_inverse_of_writing(report: RedactionReport) -> None:
    assert read(json.loads(json.dumps(write(report)))) == report


@given(reports)
def test_the_keeper_is_sent_six_fields_and_reads_the_same_report(report: RedactionReport) -> None:
    sent = write(report.for_keeper())
    assert list(sent) == ["sha256", "style", "people", "uncovered", "sound_removed", "metadata_removed"]
    assert read(sent) == report.for_keeper()
    assert report.for_keeper().hides_all == report.hides_all


@pytest.mark.parametrize(
    "change",
    [
        {"style": "none"},
        {"style": None},
        {"people": "12"},
        {"people": True},
        {"uncovered": -1},
        {"uncovered": None},
        {"sound_removed": 1},
        {"share_covered": 1.5},
        {"share_grey": -0.5},
        {"share_drawn": "0.1"},
        {"eye": 5},
        {"more": 1},
    ],
)
def test_a_report_with_anything_else_in_it_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NotARedaction):
        read({**write(PLAIN), **change})


@pytest.mark.parametrize("name", write(PLAIN))
def test_a_report_that_leaves_out_what_the_keeper_decides_by_is_refused(name: str) -> None:
    with pytest.raises(NotARedaction):
        read({key: value for key, value in write(PLAIN).items() if key != name})


@pytest.mark.parametrize(
    ("change", "hides"),
    [({}, True), ({"uncovered": 1}, False), ({"sound_removed": False}, False), ({"metadata_removed": False}, False)],
)
def test_a_report_hides_all_when_nobody_is_left_and_sound_and_tags_are_gone(
    change: dict[str, bool], hides: bool
) -> None:
    assert replace(PLAIN, **change).hides_all is hides


def test_a_film_that_was_cut_short_on_its_way_is_no_redacted_film() -> None:
    assert Redacted(FILM, PLAIN).sha256 == PLAIN.sha256
    with pytest.raises(NotARedaction):
        Redacted(FILM[:-1], PLAIN)
