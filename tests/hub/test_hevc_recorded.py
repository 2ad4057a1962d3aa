"""A camera in HEVC with a sub-stream in H.264, through the recorder: both are kept, and each opens and decodes."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from nightlatch.hub.serve.books.records import ClipRow, SegmentRow
from nightlatch.hub.vault.layout import object_path
from nightlatch.hub.wire.notices import CameraStatus
from nightlatch.pixels.media.beside import laid_in
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.hub.test_recorder import Heard, record
from tests.pixels.sources.test_cameras import HEVC_PICTURE, SOUND, camera, needs_gst


def _film(folder: Path, width: int, height: int, codec: str) -> Path:
    """Twelve seconds in which something moves from the fifth on."""
    return film(scene("printed_code", width=width, height=height), folder / f"{codec}-{width}.mp4", 12, codec=codec)


def _streams(mp4: bytes) -> list[tuple[str, int, int]]:
    with av.open(io.BytesIO(mp4)) as back:
        stream = back.streams.video[0]
        return [(stream.codec_context.name, stream.codec_context.width, sum(1 for _ in back.decode(video=0)))]


def _segments(engine: Engine, heard: Heard) -> list[bytes]:
    with Session(engine) as session:
        paths = session.scalars(select(SegmentRow.path).order_by(SegmentRow.began_ms)).all()
    return [Opener(heard.identity).open(Sealed((heard.books.vault / path).read_bytes())) for path in paths]


@pytest.fixture
def films(tmp_path: Path) -> tuple[Path, Path]:
    return _film(tmp_path, 960, 540, "libx265"), _film(tmp_path, 320, 180, "libx264")


@pytest.mark.timeout(90)
def test_the_sub_stream_is_kept_beside_a_main_stream_in_hevc(tmp_path: Path, films: tuple[Path, Path]) -> None:
    main, sub = films
    engine, heard = record(tmp_path / "hub", f"file:{main}", 14, sub_url=f"file:{sub}")
    segments = _segments(engine, heard)
    assert all(_streams(segment)[0][:2] == ("hevc", 960) for segment in segments)
    beside = b"".join(piece for segment in segments for piece in laid_in(segment))
    assert _streams(beside[: beside.index(b"ftyp", 8) - 4])[0][:2] == ("h264", 320)
    assert beside.count(b"moof") >= 10

    with Session(engine) as session:
        clip = session.scalars(select(ClipRow)).one()
    manifest = heard.manifest(clip)
    assert manifest.codecs.startswith("hvc1.")
    assert manifest.sub is not None
    assert (manifest.sub.width, manifest.sub.height) == (320, 180)

    def opened(name: str, count: int) -> bytes:
        names = [object_path(clip.camera_id, clip.id, f"{name}-{n:04d}") for n in range(count)]
        return b"".join(Opener(heard.identity).open(Sealed((heard.books.vault / n).read_bytes())) for n in names)

    whole = _streams(opened("part", len(manifest.parts)))[0]
    smaller = _streams(opened("sub", len(manifest.sub.parts)))[0]
    assert (whole[:2], smaller[:2]) == (("hevc", 960), ("h264", 320))
    assert abs(whole[2] - smaller[2]) <= 30
    assert abs(manifest.sub.parts[0].began_ms - manifest.began_ms) <= 1500


@pytest.mark.timeout(90)
def test_nothing_is_kept_beside_a_main_stream_that_browsers_play(tmp_path: Path) -> None:
    main, sub = _film(tmp_path, 640, 360, "libx264"), _film(tmp_path, 320, 180, "libx264")
    engine, heard = record(tmp_path / "hub", f"file:{main}", 9, sub_url=f"file:{sub}")
    segments = _segments(engine, heard)
    assert segments
    assert not any(laid_in(segment) for segment in segments)


@pytest.mark.timeout(90)
def test_without_a_sub_stream_hevc_is_recorded_looked_at_and_cut_into_clips(
    tmp_path: Path, films: tuple[Path, Path]
) -> None:
    engine, heard = record(tmp_path / "hub", f"file:{films[0]}", 14)
    assert sum(_streams(segment)[0][2] for segment in _segments(engine, heard)) >= 150
    with Session(engine) as session:
        clip = session.scalars(select(ClipRow)).one()
    assert heard.manifest(clip).sub is None
    assert heard.manifest(clip).codecs.startswith("hvc1.")


@needs_gst
@pytest.mark.services
@pytest.mark.timeout(90)
@pytest.mark.parametrize("pay", ["config-interval=0", "config-interval=-1 mtu=300", "aggregate-mode=max"])
def test_our_own_client_receives_hevc_from_gstreamer(tmp_path: Path, pay: str) -> None:
    with camera(sound=SOUND, pay=pay, encoder=":slices=2", picture=HEVC_PICTURE) as (_, port):
        engine, heard = record(tmp_path / "hub", f"rtsp://127.0.0.1:{port}/live", 9)
    states = [each for each in heard.notices if isinstance(each, CameraStatus) and each.receiver is not None]
    assert {each.receiver for each in states} == {"nightlatch"}
    found = [_streams(segment)[0] for segment in _segments(engine, heard)]
    assert {each[:2] for each in found} == {("hevc", 320)}
    assert 75 <= sum(count for _, _, count in found) <= 9 * 15 + 15
