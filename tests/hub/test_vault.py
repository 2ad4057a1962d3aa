"""The vault keeps what it said it kept, whatever happens in between."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import Engine, create_engine, delete, event, select
from sqlalchemy.orm import Session

from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.domain.sighting import EventOpened
from nightlatch.errors import VaultError
from nightlatch.hub.folder import claim
from nightlatch.hub.serve.books.records import Base, CameraRow, ClipPartRow, ClipRow, SegmentRow, SheetRow
from nightlatch.hub.serve.books.retention import delete_clip, delete_footage, sweep, used_bytes
from nightlatch.hub.vault.files import Vault
from nightlatch.seal.envelope import Sealed, header_length
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer

CAMERA = "0123456789ab"
T0 = 1_790_000_000_000
HOUR = 3_600_000


class FixedClock:
    def __init__(self, now_ms: int = T0) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


@pytest.fixture
def key() -> str:
    return str(pyrage.x25519.Identity.generate())


@pytest.fixture
def sealer(key: str) -> Sealer:
    return Sealer([Opener(key).recipient])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path}/hub.db")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
    Base.metadata.create_all(engine)
    return engine


@pytest.fixture
def vault(tmp_path: Path, engine: Engine) -> Vault:
    return Vault(tmp_path, engine, FixedClock())


def segment(seq: int, seconds: int = 4) -> Segment:
    began = T0 + seq * seconds * 1000
    return Segment(CAMERA, seq, began, seconds * 1000, f"segment {seq}".encode() * 100, "avc1.640028")


def part(index: int, began_ms: int = T0) -> Part:
    return Part(CAMERA, began_ms + index * 1000, 1000, index, f"part {index}".encode() * 50)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_a_segment_is_on_disk_sealed_before_its_row_exists(
    vault: Vault, engine: Engine, sealer: Sealer, key: str
) -> None:
    vault.keep_segment(segment(0), sealer)
    with Session(engine) as session:
        row = session.scalar(select(SegmentRow))
    assert row is not None
    raw = (vault.folder / row.path).read_bytes()
    assert b"segment" not in raw
    assert row.bytes == len(raw)
    assert Opener(key).open(Sealed(raw)) == segment(0).mp4


def test_every_sealed_second_of_an_open_segment_survives_a_kill(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer, key: str
) -> None:
    for index in range(3):
        vault.keep_part(part(index), sealer)
    with (vault.folder / CAMERA / "open.parts").open("ab") as journal:
        journal.write(b"NLp1 torn in the middle of a write")
    found = Vault(tmp_path, engine, FixedClock()).recover()
    assert found.parts_saved == 3
    with Session(engine) as session:
        rows = session.scalars(select(SegmentRow).order_by(SegmentRow.began_ms)).all()
    assert [row.began_ms for row in rows] == [T0, T0 + 1000, T0 + 2000]
    opened = [Opener(key).open(Sealed((vault.folder / row.path).read_bytes())) for row in rows]
    assert opened == [part(i).mp4 for i in range(3)]
    assert not (vault.folder / CAMERA / "open.parts").exists()


def test_parts_of_a_segment_that_was_stored_whole_do_not_come_back(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer
) -> None:
    for index in range(4):
        vault.keep_part(part(index), sealer)
    journal = (vault.folder / CAMERA / "open.parts").read_bytes()
    vault.keep_segment(segment(0), sealer)
    (vault.folder / CAMERA / "open.parts").write_bytes(journal)  # killed between the row and the emptying
    assert Vault(tmp_path, engine, FixedClock()).recover().parts_saved == 0


def test_an_index_that_is_locked_for_long_is_an_error_of_the_disk_and_loses_nothing(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer
) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")  # the vault is given the same connection by the pool
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OSError, match="locked"):
        vault.keep_segment(segment(0), sealer)
    other.execute("ROLLBACK")
    other.close()
    vault.keep_segment(segment(1), sealer)
    vault.recover()
    with Session(engine) as session:
        assert len(session.scalars(select(SegmentRow)).all()) == 2


def test_the_index_is_rebuilt_from_the_files_alone(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer
) -> None:
    for seq in range(3):
        vault.keep_segment(segment(seq), sealer)
    vault.keep_sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"jpeg"), sealer)
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0 + 5000, T0), {"codecs": "avc1"})
    vault.keep_clip_still(clip, Still(CAMERA, T0, 320, 180, b"jpeg"), sealer)
    vault.keep_clip_part(clip, part(0), sealer)
    vault.close_clip(clip, sealer)

    def rows() -> object:
        with Session(engine) as session:
            segments = session.scalars(select(SegmentRow).order_by(SegmentRow.began_ms)).all()
            sheets = session.scalars(select(SheetRow)).all()
            clips = session.scalars(select(ClipRow)).all()
            objects = session.scalars(select(ClipPartRow).order_by(ClipPartRow.name)).all()
            return (
                [(r.camera_id, r.began_ms, r.duration_ms, r.bytes, r.path) for r in segments],
                [(r.camera_id, r.began_ms, r.bytes, r.path) for r in sheets],
                [(r.id, r.camera_id, r.event_id, r.onset_ms, r.began_ms) for r in clips],
                [(r.clip_id, r.name, r.bytes) for r in objects],
            )

    before = rows()
    with Session(engine) as session, session.begin():
        for table in (SegmentRow, SheetRow, ClipPartRow, ClipRow):
            session.execute(delete(table))
    Vault(tmp_path, engine, FixedClock()).recover()
    assert rows() == before


def test_rows_whose_files_are_gone_are_dropped(vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer) -> None:
    vault.keep_segment(segment(0), sealer)
    shutil.rmtree(vault.folder / CAMERA / "segments")
    assert Vault(tmp_path, engine, FixedClock()).recover().rows_dropped == 1
    with Session(engine) as session:
        assert session.scalar(select(SegmentRow)) is None


def test_a_clip_that_was_open_when_the_hub_died_is_closed_and_keeps_its_parts(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer, key: str
) -> None:
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0 + 5000, T0), {"household": "h", "codecs": "avc1"})
    vault.keep_clip_part(clip, part(0), sealer)
    vault.keep_clip_part(clip, part(1), sealer)
    assert Vault(tmp_path, engine, FixedClock()).recover().clips_closed == 1
    manifest = json.loads(Opener(key).open(Sealed((clip.folder / "manifest.age").read_bytes())))
    assert [p["n"] for p in manifest["parts"]] == [0, 1]
    with Session(engine) as session:
        row = session.get(ClipRow, clip.id)
        assert row is not None
        assert not row.open


def test_a_clip_that_died_before_its_first_part_leaves_nothing(vault: Vault, tmp_path: Path, engine: Engine) -> None:
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0, T0), {})
    Vault(tmp_path, engine, FixedClock()).recover()
    assert not clip.folder.exists()
    with Session(engine) as session:
        assert session.get(ClipRow, clip.id) is None


def test_sealed_clip_sizes_fall_into_buckets(vault: Vault, engine: Engine, sealer: Sealer) -> None:
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0, T0), {})
    vault.keep_clip_part(clip, Part(CAMERA, T0, 1000, 0, b"x" * 100_001), sealer)
    vault.keep_clip_part(clip, Part(CAMERA, T0 + 1000, 1000, 1, b"x" * 100_321), sealer)
    sealed = [path.read_bytes() for path in sorted(clip.folder.glob("part-*.age"))]
    payloads = {len(raw) - header_length(raw) for raw in sealed}  # the header varies by itself: age greases it
    assert len(sealed) == 2
    assert len(payloads) == 1


def test_a_camera_id_cannot_leave_the_vault(vault: Vault, sealer: Sealer) -> None:
    with pytest.raises(VaultError):
        vault.keep_segment(Segment("../../../tmp/x", 0, T0, 4000, b"x", "avc1"), sealer)


def test_a_used_folder_without_its_identity_is_refused(tmp_path: Path) -> None:
    first = claim(tmp_path / "data")
    assert claim(tmp_path / "data") == first
    (tmp_path / "data" / "vault").mkdir()
    (tmp_path / "data" / "identity.json").unlink()
    with pytest.raises(VaultError, match="right disk"):
        claim(tmp_path / "data")


def test_what_is_past_its_time_goes_from_disk_and_index(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer
) -> None:
    vault.keep_segment(segment(0), sealer)
    vault.keep_segment(segment(5000), sealer)
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0, T0), {})
    vault.keep_clip_part(clip, part(0), sealer)
    vault.close_clip(clip, sealer)
    vault.keep_sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"jpeg"), sealer)
    swept = sweep(tmp_path, engine, T0 + 24 * HOUR + 10_000, keep_hours=24, disk_floor_bytes=0)
    assert swept.clips == (clip.id,)
    assert [p.name.split("-")[0] for p in files(vault.folder)] == [str(T0 + 20_000_000)]
    with Session(engine) as session:
        assert len(session.scalars(select(SegmentRow)).all()) == 1
        assert session.scalar(select(ClipPartRow)) is None


def test_under_the_disk_floor_the_oldest_goes_first_and_an_open_clip_stays(
    vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer
) -> None:
    for seq in range(120):
        vault.keep_segment(segment(seq), sealer)
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0, T0), {})
    vault.keep_clip_part(clip, part(0), sealer)
    free = iter([0, 10, 100])
    sweep(tmp_path, engine, T0, keep_hours=24, disk_floor_bytes=50, free_bytes=lambda _: next(free))
    with Session(engine) as session:
        left = session.scalars(select(SegmentRow.began_ms).order_by(SegmentRow.began_ms)).all()
        assert session.get(ClipRow, clip.id) is not None
    assert left == [segment(seq).began_ms for seq in range(100, 120)]
    swept = sweep(tmp_path, engine, T0, keep_hours=24, disk_floor_bytes=50, free_bytes=lambda _: 0)
    assert swept.under_floor


def test_a_quota_holds_for_its_camera_only(vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session, session.begin():
        session.add(CameraRow(id=CAMERA, name="porch", url="x", created_ms=T0, quota_bytes=15_000))
    for seq in range(40):
        vault.keep_segment(segment(seq), sealer)
    sweep(tmp_path, engine, T0, keep_hours=24, disk_floor_bytes=0)
    assert 0 < used_bytes(engine, CAMERA) <= 15_000


def test_delete_now_is_now(vault: Vault, tmp_path: Path, engine: Engine, sealer: Sealer) -> None:
    clip = vault.begin_clip(EventOpened(CAMERA, "e" * 16, T0, T0), {})
    vault.keep_clip_part(clip, part(0), sealer)
    vault.keep_segment(segment(0), sealer)
    assert delete_clip(tmp_path, engine, clip.id)
    assert not clip.folder.exists()
    assert not delete_clip(tmp_path, engine, clip.id)
    delete_footage(tmp_path, engine, CAMERA)
    assert files(vault.folder) == []
    assert used_bytes(engine) == 0
