"""An owner covers more of a finished film: it is grey in every picture, the rest stays, and the report stays true."""

from __future__ import annotations

import io
from dataclasses import replace
from hashlib import sha256

import av
import cv2
import numpy as np
import pytest

from nightlatch.domain.geometry import Box
from nightlatch.domain.redaction import NotARedaction, Redacted, RedactionReport, Style
from nightlatch.hub.errands.asking import COVER, CoverRequest
from nightlatch.hub.errands.errand import ErrandFailed
from nightlatch.pixels.hiding.covering import MOST_BOXES, cover_more
from nightlatch.pixels.hiding.film import CannotRedact, encoded
from nightlatch.pixels.hiding.plate import GREY

HEIGHT, WIDTH, COUNT = 180, 320, 45
SIGN = Box(0.503, 0.253, 0.747, 0.497)  # between pixels, at no even one


def place() -> np.ndarray:
    """A coloured room, its right eighth already grey."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    made = np.stack([60 + rows // 2, 150 - columns // 4, 200 - rows // 3], axis=2).astype(np.uint8)
    made[:, WIDTH * 7 // 8 :] = GREY
    return made


def finished(count: int = COUNT) -> Redacted:
    """A film of the room; an orange figure walks through its lower half."""

    def picture(n: int) -> np.ndarray:
        shown = place()
        cv2.rectangle(shown, (5 * n, 110), (5 * n + 20, 170), (0, 140, 255), -1)
        return shown

    mp4 = encoded(picture(n) for n in range(count))
    report = RedactionReport(
        sha256(mp4).hexdigest(), Style.PUPPETS, 9, 0, True, True, pictures=count, length_ms=3000,
        share_covered=0.145, share_grey=0.125, share_drawn=0.02,
    )  # fmt: skip
    return Redacted(mp4, report)


def pictures(mp4: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(mp4), "r") as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def film() -> Redacted:
    return finished()


def cover(film: Redacted, *boxes: Box) -> Redacted:
    return cover_more(film, boxes, lambda share: None)


def test_what_is_marked_is_grey_in_every_picture_and_the_rest_stays(film: Redacted) -> None:
    made = cover(film, SIGN)
    before, after = pictures(film.mp4), pictures(made.mp4)
    assert len(after) == len(before) == COUNT
    rows = slice(int(SIGN.top * HEIGHT), int(np.ceil(SIGN.bottom * HEIGHT)))
    columns = slice(int(SIGN.left * WIDTH), int(np.ceil(SIGN.right * WIDTH)))
    for old, new in zip(before, after, strict=True):
        assert np.abs(new[rows, columns].astype(int) - GREY[0]).max() <= 12
        apart = np.abs(new.astype(int) - old).max(axis=2)
        apart[rows.start - 10 : rows.stop + 10, columns.start - 10 : columns.stop + 10] = 0
        assert apart.mean() < 2
        assert np.percentile(apart, 99.5) < 25


def test_nothing_of_what_was_marked_can_be_made_out_any_more() -> None:
    shown = place()
    cv2.putText(shown, "AB 123", (170, 80), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
    mp4 = encoded([shown] * 15)
    report = RedactionReport(sha256(mp4).hexdigest(), Style.PUPPETS, 0, 0, True, True, pictures=15)
    made = cover(Redacted(mp4, report), Box(0.5, 0.3, 0.8, 0.5))
    inside = pictures(made.mp4)[7][56:88, 162:254]
    assert inside.astype(int).std() < 2


def test_the_report_counts_only_what_was_open_before(film: Redacted) -> None:
    quarter = cover(film, Box(0.0, 0.0, 0.5, 0.5)).report
    assert quarter.share_grey == pytest.approx(0.375, abs=0.01)
    assert quarter.share_covered == pytest.approx(0.395, abs=0.01)
    assert quarter.share_drawn == pytest.approx(0.02, abs=0.005)  # the figure walks below
    again = cover(film, Box(0.875, 0.0, 1.0, 0.5)).report
    assert again.share_grey == pytest.approx(0.125, abs=0.01)
    everything = cover(film, Box(0.0, 0.0, 1.0, 1.0)).report
    assert everything.share_grey == pytest.approx(1.0, abs=0.01)
    assert everything.share_drawn == pytest.approx(0.0, abs=0.01)
    assert everything.share_covered == pytest.approx(1.0, abs=0.02)
    assert everything.share_covered <= 1.0


def test_the_report_is_about_the_new_film_and_keeps_what_it_knew(film: Redacted) -> None:
    once = cover(film, SIGN)
    assert once.report.sha256 == sha256(once.mp4).hexdigest() != film.sha256
    assert once.report.owner_covered == 1
    twice = cover(once, Box(0.0, 0.0, 0.1, 0.1), Box(0.2, 0.0, 0.3, 0.1))
    assert twice.report.owner_covered == 3
    kept = replace(twice.report, sha256=film.sha256, owner_covered=0, share_grey=0.125, share_covered=0.145)
    assert replace(kept, share_drawn=0.02) == film.report


def test_the_finished_film_has_no_sound_and_no_second_stream(film: Redacted) -> None:
    with av.open(io.BytesIO(cover(film, SIGN).mp4), "r") as container:
        assert [each.type for each in container.streams] == ["video"]
        assert not container.streams.video[0].metadata.get("title")


@pytest.mark.parametrize(
    "box",
    [
        Box(-0.1, 0.0, 0.5, 0.5),
        Box(0.0, 0.0, 1.1, 0.5),
        Box(0.5, 0.1, 0.5, 0.2),
        Box(0.6, 0.1, 0.5, 0.2),
        Box(0.0, 0.2, 0.5, 0.1),
        Box(0.0, float("nan"), 0.5, 0.1),
        Box(0.0, 0.0, float("inf"), 0.1),
    ],
)
def test_a_rectangle_that_is_not_on_the_picture_is_refused(film: Redacted, box: Box) -> None:
    with pytest.raises(CannotRedact, match="Draw it again"):
        cover(film, SIGN, box)


def test_none_and_too_many_rectangles_are_refused(film: Redacted) -> None:
    with pytest.raises(CannotRedact, match="Nothing is marked"):
        cover(film)
    with pytest.raises(CannotRedact, match="At most 40"):
        cover(film, *[SIGN] * (MOST_BOXES + 1))


def test_a_film_that_is_none_or_is_cut_short_is_refused(film: Redacted) -> None:
    def made_of(mp4: bytes) -> Redacted:
        return Redacted(mp4, replace(film.report, sha256=sha256(mp4).hexdigest()))

    for mp4 in (b"", b"no film at all", film.mp4[: len(film.mp4) // 2]):
        with pytest.raises(CannotRedact, match="damaged"):
            cover(made_of(mp4), SIGN)
    shorter = finished(30).mp4
    with pytest.raises(CannotRedact, match="damaged"):
        cover(made_of(shorter), SIGN)


def test_another_films_report_is_refused(film: Redacted) -> None:
    with pytest.raises(NotARedaction):
        cover(Redacted(film.mp4 + b"x", film.report), SIGN)


def test_the_errand_covers_and_refuses_as_its_child_does(film: Redacted) -> None:
    report, mp4 = COVER.send(CoverRequest((SIGN,), film.report), film.mp4)
    assert Redacted(mp4, report).report.owner_covered == 1
    with pytest.raises(ErrandFailed, match="Draw it again"):
        COVER.send(CoverRequest((Box(0.0, 0.0, 2.0, 1.0),), film.report), film.mp4)
    with pytest.raises(ErrandFailed, match="another film"):
        COVER.send(CoverRequest((SIGN,), replace(film.report, sha256="0" * 64)), film.mp4)
