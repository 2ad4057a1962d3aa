"""A clip in HEVC keeps the camera's sub-stream in H.264 beside it, sealed and named in the same manifest."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path

import av
import pytest
from sqlalchemy import create_engine, delete
from sqlalchemy.orm import Session

from nightlatch.domain.manifest import Manifest, Rendition
from nightlatch.domain.recording import Part
from nightlatch.errors import VaultError
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.matching import match
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, HubTables
from nightlatch.hub.vault.recover import recover
from nightlatch.owner.clips import Fetch, folder_fetch, open_clip, read_manifest
from nightlatch.owner.keys import OwnerKeys
from nightlatch.pixels.media.packets import Streams
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.hub.keeping import Keeping, manifest
from tests.pixels.media.films import cut, film, read

CAMERA = "0123456789ab"
CLIP = "c" * 16
T0 = 1_790_000_000_000
KEYS = OwnerKeys(bytes(range(32)))
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=0:info=0:bframes=0:keyint=10"


def recorded(path: Path, **options: object) -> tuple[Streams, list[Part]]:
    streams, packets = read(film(path, seconds=5, **options))  # type: ignore[arg-type]
    return streams, cut(streams, packets, target_ms=60_000)[1]


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    engine = create_engine("sqlite://")
    HubTables.metadata.create_all(engine)
    return Keeping(tmp_path, engine, Sealer([KEYS.recipient]), TestClock(fixed_ms=T0))


def kept(keeping: Keeping, tmp_path: Path) -> tuple[Manifest, Fetch]:
    """A clip as a hub keeps it whose camera sends 720p in HEVC and a small stream in H.264."""
    main, parts = recorded(tmp_path / "main.mp4", size="1280x720", more=HEVC)
    sub, beside = recorded(tmp_path / "sub.mp4", size="320x180")
    begun = replace(
        manifest(CAMERA, T0, T0),
        codecs=main.codecs,
        sub=Rendition(sub.codecs, sub.video.width, sub.video.height),
    )
    clip = keeping.begin(CLIP, begun)
    for one, other in zip_longest(parts, beside):
        if other is not None:
            keeping.sub(clip, other)
        if one is not None:
            keeping.part(clip, one)
    keeping.close(clip)
    fetch = folder_fetch(clip.folder)
    return read_manifest(fetch, Opener(KEYS.identity)), fetch


def shown(mp4: bytes) -> tuple[str, int, int]:
    with av.open(io.BytesIO(mp4)) as film_of_it:
        name = film_of_it.streams.video[0].codec_context.name
        pictures = list(film_of_it.decode(video=0))
    return name, pictures[0].width, len(pictures)


def test_both_streams_open_and_play(keeping: Keeping, tmp_path: Path) -> None:
    clip, fetch = kept(keeping, tmp_path)
    opener = Opener(KEYS.identity)
    assert clip.codecs.startswith("hvc1.")
    assert clip.sub is not None
    assert clip.sub.codecs.startswith("avc1.")
    assert shown(b"".join(open_clip(fetch, opener, clip))) == ("hevc", 1280, 50)
    smaller = []
    for stated in clip.sub.parts:
        sealed = fetch(f"sub-{stated.n:04d}")
        assert (b64encode(sha256(sealed).digest()).decode(), len(sealed)) == (stated.sha256, stated.bytes)
        smaller.append(opener.open(sealed))
    assert shown(b"".join(smaller)) == ("h264", 320, 50)


def test_the_books_count_both_and_can_be_made_again_from_the_files(keeping: Keeping, tmp_path: Path) -> None:
    clip, _ = kept(keeping, tmp_path)
    line = reading.clip(keeping.books.engine, CLIP)
    assert line is not None
    assert clip.sub is not None
    assert line.parts == len(clip.parts)
    assert line.bytes > sum(part.bytes for part in (*clip.parts, *clip.sub.parts))
    with Session(keeping.books.engine) as session:
        session.execute(delete(ClipPartRow))
        session.execute(delete(ClipRow))
        session.commit()
    recover(keeping.vault.folder, lambda _: True)
    match(keeping.books, lambda _: True, ())
    again = reading.clip(keeping.books.engine, CLIP)
    assert again is not None
    assert (again.parts, again.bytes) == (line.parts, line.bytes)


def test_a_clip_without_a_sub_stream_takes_no_part_of_one(keeping: Keeping) -> None:
    clip = keeping.begin(CLIP, manifest(CAMERA, T0, T0))
    with pytest.raises(VaultError):
        keeping.sub(clip, Part(CAMERA, T0, 1000, 0, b"x"))
