"""A manifest is read as it was written, in whatever version; what no hub of ours wrote is refused."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.domain.geometry import Box
from nightlatch.domain.manifest import (
    LARGEST_INTEGER,
    MOST_PLACES,
    MOST_TRACKS,
    Manifest,
    NotAManifest,
    SealedPart,
    SealedStill,
    abridged,
    read_manifest,
    thinned,
    write_manifest,
)
from nightlatch.domain.sighting import Judgement, Kind, Place, Track, Verdict
from nightlatch.errors import SealError

T0 = 1_790_000_000_000

whole = st.integers(0, LARGEST_INTEGER)
numbers = st.floats(allow_nan=False, allow_infinity=False)
hashes = st.binary(min_size=32, max_size=32).map(lambda raw: b64encode(raw).decode())
kinds = st.sampled_from(Kind)
places = st.builds(Place, whole, st.builds(Box, numbers, numbers, numbers, numbers))
paths = st.lists(places, min_size=1, max_size=4).map(tuple)
tracks = st.builds(Track, whole, kinds, numbers, paths)
judgements = st.builds(
    Judgement,
    st.sampled_from(Verdict),
    numbers,
    st.lists(st.text(), max_size=3).map(tuple),
    st.lists(kinds, max_size=3).map(tuple),
    st.lists(tracks, max_size=3).map(tuple),
)
stills = st.builds(SealedStill, hashes, whole, whole)
parts = st.lists(st.builds(SealedPart, st.just(0), hashes, whole, whole, whole), max_size=3).map(
    lambda found: tuple(replace(part, n=n) for n, part in enumerate(found))
)
manifests = st.builds(
    Manifest,
    household=st.text(),
    camera=st.text(),
    camera_name=st.text(),
    event=st.text(),
    onset_ms=whole,
    began_ms=whole,
    codecs=st.text(),
    width=whole,
    height=whole,
    fps=st.none() | numbers,
    audio=st.none() | st.text(),
    ended_ms=st.none() | whole,
    still=st.none() | stills,
    judgement=st.none() | judgements,
    eye=st.none() | st.text(),
    parts=parts,
)
PLAIN = Manifest(
    household="h",
    camera="0123456789ab",
    camera_name="porch",
    event="e" * 16,
    onset_ms=T0 + 1500,
    began_ms=T0,
    codecs="avc1.640028",
    width=1920,
    height=1080,
    fps=25.0,
    audio="aac",
)


@given(manifests)
def test_reading_is_the_inverse_of_writing(manifest: Manifest) -> None:
    raw = write_manifest(manifest)
    assert read_manifest(raw) == manifest
    assert write_manifest(read_manifest(raw + b"   ")) == raw


@given(judgements)
def test_what_a_manifest_says_of_a_judgement_survives_the_seal(judgement: Judgement) -> None:
    manifest = replace(PLAIN, judgement=abridged(judgement), eye="eye")
    assert read_manifest(write_manifest(manifest)) == manifest


@given(st.lists(places, min_size=1, max_size=3 * MOST_PLACES + 1), kinds)
def test_a_track_is_thinned_once(path: list[Place], kind: Kind) -> None:
    once = thinned(Track(1, kind, 0.123456, tuple(path)))
    assert 1 <= len(once.path) <= MOST_PLACES
    assert once.path[0].at_ms == path[0].at_ms
    assert thinned(once) == once


def track(number: int, kind: Kind, lasted_ms: int) -> Track:
    box = Box(0.12345, 0.2, 0.3, 0.4)
    return Track(number, kind, 0.987, (Place(T0, box), Place(T0 + lasted_ms, box)))


def test_known_things_and_long_stays_are_kept_when_there_are_too_many_tracks() -> None:
    motions = [track(n, Kind.MOTION, 60_000) for n in range(1, MOST_TRACKS + 1)]
    seen = (*motions, track(50, Kind.CAT, 1_000), track(51, Kind.PERSON, 9_000))
    kept = abridged(Judgement(Verdict.ROUTINE, 0.12345, (), tracks=seen))
    assert [each.id for each in kept.tracks] == [51, 50, *range(1, MOST_TRACKS - 1)]
    assert (kept.threat, kept.tracks[0].score, kept.tracks[0].path[0].box.left) == (0.123, 0.99, 0.123)


def test_a_clip_begins_where_its_first_part_does() -> None:
    stated = b64encode(bytes(32)).decode()
    one = PLAIN.with_part(SealedPart(0, stated, 4096, T0 + 7, 1000))
    two = one.with_part(SealedPart(1, stated, 4096, T0 + 1007, 1000))
    assert (two.began_ms, [part.n for part in two.parts], two.parts[-1].ended_ms) == (T0 + 7, [0, 1], T0 + 2007)


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(write_manifest(PLAIN)), **changes}).encode()


def test_keys_of_a_later_version_are_passed_over() -> None:
    assert read_manifest(changed(weather="rain", still=None)) == PLAIN


def test_a_number_that_no_browser_can_hold_is_refused() -> None:
    for name, value in (
        ("fps", 10**400),
        ("fps", float("nan")),
        ("onset_ms", 2**53),
        ("onset_ms", -1),
        ("width", True),
    ):
        with pytest.raises(NotAManifest):
            read_manifest(changed(**{name: value}))


def test_a_version_that_we_cannot_read_is_named_as_newer() -> None:
    with pytest.raises(SealError, match=r"newer Nightlatch\. Update"):
        read_manifest(changed(v=2))


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{}", b'{"v": 1}', b"[" * 100_000, b"\xff", b"\xef\xbb\xbf{}"])
def test_what_no_hub_wrote_is_refused_with_a_sentence(raw: bytes) -> None:
    with pytest.raises(NotAManifest, match=r"not one that Nightlatch wrote\."):
        read_manifest(raw)
