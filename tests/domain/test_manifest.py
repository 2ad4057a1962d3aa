"""A manifest is read as it was written, in whatever version; what no hub of ours wrote is refused."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, replace
from pathlib import Path
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
    Rendition,
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
CASES: dict[str, Any] = json.loads(Path(__file__).with_name("manifests.json").read_text())

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
renditions = st.builds(Rendition, st.text(), whole, whole, parts)
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
    sub=st.none() | renditions,
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


def test_the_sub_stream_has_parts_of_its_own() -> None:
    part = SealedPart(0, b64encode(bytes(32)).decode(), 4096, T0 + 7, 1000)
    assert PLAIN.with_sub_part(part) == PLAIN
    sub = Rendition("avc1.42e01e", 640, 360)
    grown = replace(PLAIN, sub=sub).with_sub_part(part)
    assert (grown.sub, grown.parts, grown.began_ms) == (replace(sub, parts=(part,)), (), T0)


def in_plain_words(manifest: Manifest) -> Any:
    """As the shared cases put it: lists, and a place as five numbers."""
    says = json.loads(json.dumps(asdict(manifest)))
    for each in (says["judgement"] or {"tracks": []})["tracks"]:
        each["path"] = [[place["at_ms"], *place["box"].values()] for place in each["path"]]
    return says


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["name"])
def test_a_manifest_is_read_as_the_page_reads_it(case: dict[str, Any]) -> None:
    manifest = read_manifest(case["text"].encode())
    assert in_plain_words(manifest) == case["says"]
    assert (write_manifest(manifest).decode() == case["text"]) == case["written"]


def bytes_of(case: dict[str, Any]) -> bytes:
    if "base64" in case:
        return b64decode(case["base64"])
    if "text" in case:
        return str(case["text"]).encode()
    whole = json.loads(CASES["read"][0]["text"]) | case.get("change", {})
    return json.dumps({name: value for name, value in whole.items() if name not in case.get("without", [])}).encode()


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["name"])
def test_what_no_hub_wrote_is_refused_as_on_the_page(case: dict[str, Any]) -> None:
    with pytest.raises(NotAManifest) as refusal:
        read_manifest(bytes_of(case))
    assert str(refusal.value) == CASES["sentences"]["refused"]


@pytest.mark.parametrize("case", CASES["newer"], ids=lambda case: case["name"])
def test_a_newer_version_is_named_as_on_the_page(case: dict[str, Any]) -> None:
    with pytest.raises(SealError) as refusal:
        read_manifest(bytes_of(case))
    assert str(refusal.value) == CASES["sentences"]["newer"]


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(NotAManifest):
        read_manifest(b"[" * 100_000)
