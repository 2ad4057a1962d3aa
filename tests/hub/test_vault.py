"""The vault keeps what it said it kept, whatever happens in between."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import threading
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import Engine, create_engine, delete, event, select
from sqlalchemy.orm import Session

from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.errors import Reason, SourceError, VaultError
from nightlatch.hub.folder import claim
from nightlatch.hub.serve.books.entries import enter
from nightlatch.hub.serve.books.matching import Correction, match
from nightlatch.hub.serve.books.records import (
    CameraRow,
    ClipPartRow,
    ClipRow,
    HubTables,
    OutageRow,
    SegmentRow,
    SheetRow,
)
from nightlatch.hub.serve.books.retention import delete_clip, delete_footage, sweep, used_bytes
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.files import ClipGone, Vault
from nightlatch.hub.vault.recover import recover
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.telling import Received, Telling
from nightlatch.hub.wire.notices import ClipGrew, Notice, Outage, Stored
from nightlatch.pixels.media.packets import Streams
from nightlatch.seal.envelope import Sealed, header_length
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from tests.hub.keeping import Keeping, keep_whole, manifest
from tests.pixels.sources.simulated import VIDEO

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
    HubTables.metadata.create_all(engine)
    return engine


@pytest.fixture
def home(tmp_path: Path, engine: Engine, sealer: Sealer) -> Keeping:
    return Keeping(tmp_path, engine, sealer, FixedClock())


@pytest.fixture
def vault(home: Keeping) -> Vault:
    return home.vault


def started_again(home: Keeping) -> Correction:
    """What matching finds after a start of the hub."""
    recover(home.vault.folder, lambda _: True)
    return match(home.books, lambda _: True, ())


CLIP = "c" * 16


def segment(seq: int, seconds: int = 4) -> Segment:
    began = T0 + seq * seconds * 1000
    return Segment(CAMERA, seq, began, seconds * 1000, "avc1.640028")


def film(seq: int) -> bytes:
    return f"segment {seq}".encode() * 100


def part(index: int, began_ms: int = T0) -> Part:
    return Part(CAMERA, began_ms + index * 1000, 1000, index, f"part {index}".encode() * 50)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_a_segment_is_on_disk_sealed_before_its_row_exists(
    home: Keeping, vault: Vault, engine: Engine, sealer: Sealer, key: str
) -> None:
    keep_whole(vault, segment(0), film(0), sealer)
    assert files(vault.folder / CAMERA / "segments") == []
    (kept,) = vault.settle().files
    assert (vault.folder / kept.path).stat().st_size == kept.bytes
    home.telling.stored(kept)
    with Session(engine) as session:
        row = session.scalar(select(SegmentRow))
    assert row is not None
    raw = (vault.folder / row.path).read_bytes()
    assert b"segment" not in raw
    assert row.bytes == len(raw)
    assert Opener(key).open(Sealed(raw)) == film(0)


def test_every_part_of_a_growing_segment_survives_a_kill(
    home: Keeping, vault: Vault, engine: Engine, sealer: Sealer, key: str
) -> None:
    for index in range(3):
        vault.keep_part(part(index), sealer)
    assert recover(vault.folder, lambda _: True).parts_saved == 1
    match(home.books, lambda _: True, ())
    with Session(engine) as session:
        rows = session.scalars(select(SegmentRow).order_by(SegmentRow.began_ms)).all()
    assert [(row.began_ms, row.duration_ms) for row in rows] == [(T0, 3000)]
    opened = [Opener(key).open(Sealed((vault.folder / row.path).read_bytes())) for row in rows]
    assert opened == [b"".join(part(i).mp4 for i in range(3))]
    assert files(vault.folder) == [vault.folder / rows[0].path]


def test_what_a_version_before_0_3_left_in_its_journal_becomes_files(vault: Vault, sealer: Sealer, key: str) -> None:
    head = struct.Struct(">4sQQIII")
    sealed = [sealer.seal(part(index).mp4) for index in range(3)]
    journal = b"".join(
        head.pack(b"NLp1", T0, T0 + index * 1000, 1000, index, len(each)) + each for index, each in enumerate(sealed)
    )
    (vault.folder / CAMERA).mkdir()
    (vault.folder / CAMERA / "open.parts").write_bytes(journal + b"NLp1 torn in the middle of a write")
    assert recover(vault.folder, lambda _: True).parts_saved == 3
    saved = files(vault.folder)
    assert [name.name.split("-")[0] for name in saved] == [str(T0 + index * 1000) for index in range(3)]
    assert [name.suffixes[0] for name in saved] == [".p00", ".p01", ".p02"]
    assert [Opener(key).open(Sealed(each.read_bytes())) for each in saved] == [part(i).mp4 for i in range(3)]


def test_a_segment_that_was_stored_whole_does_not_come_back(home: Keeping, vault: Vault, sealer: Sealer) -> None:
    for index in range(4):
        vault.keep_part(part(index), sealer)
    notes = (vault.folder / CAMERA / "open.parts").read_bytes()
    vault.keep_segment(segment(0))
    home.settle()
    (vault.folder / CAMERA / "open.parts").write_bytes(notes)  # killed between the file and the emptying
    assert recover(vault.folder, lambda _: True).parts_saved == 0
    assert len(files(vault.folder)) == 1


def test_an_index_that_is_locked_for_long_is_an_error_of_the_disk_and_loses_nothing(
    home: Keeping, vault: Vault, engine: Engine, sealer: Sealer
) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=50")  # the books are given the same connection by the pool
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keep_whole(vault, segment(0), film(0), sealer)  # recording asks no index
    (kept,) = vault.settle().files
    with pytest.raises(OSError, match="locked"):
        enter(home.books, [Stored(kept.path, kept.bytes)], T0)
    other.execute("ROLLBACK")
    other.close()
    home.segment(segment(1), film(1))
    match(home.books, lambda _: True, ())
    with Session(engine) as session:
        assert len(session.scalars(select(SegmentRow)).all()) == 2


def test_the_index_is_rebuilt_from_the_files_alone(home: Keeping, engine: Engine) -> None:
    for seq in range(3):
        home.segment(segment(seq), film(seq))
    home.sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"jpeg"))
    clip = home.begin(CLIP, manifest(CAMERA, T0 + 5000, T0))
    home.still(clip, Still(CAMERA, T0, 320, 180, b"jpeg"))
    home.part(clip, part(0))
    home.close(clip)

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
    started_again(home)
    assert rows() == before


def test_rows_whose_files_are_gone_are_dropped(home: Keeping, vault: Vault, engine: Engine) -> None:
    home.segment(segment(0), film(0))
    shutil.rmtree(vault.folder / CAMERA / "segments")
    assert started_again(home).rows_dropped == 1
    with Session(engine) as session:
        assert session.scalar(select(SegmentRow)) is None


def test_a_clip_that_was_open_when_the_hub_died_is_closed_and_keeps_its_parts(
    home: Keeping, engine: Engine, key: str
) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0 + 5000, T0))
    home.part(clip, part(0))
    home.part(clip, part(1))
    assert started_again(home).clips_closed == 1
    said = json.loads(Opener(key).open(Sealed((clip.folder / "manifest.age").read_bytes())))
    assert [p["n"] for p in said["parts"]] == [0, 1]
    with Session(engine) as session:
        row = session.get(ClipRow, clip.id)
        assert row is not None
        assert not row.open


def test_a_clip_keeps_what_was_written_before_a_kill_also_if_the_disk_had_not_answered(
    home: Keeping, vault: Vault, sealer: Sealer, key: str
) -> None:
    clip = vault.begin_clip(CLIP, manifest(CAMERA, T0 + 5000, T0))
    for index in range(3):
        vault.keep_clip_part(clip, part(index), sealer)
    assert list(clip.folder.glob("*.age")) == []
    (torn,) = clip.folder.glob(".part-0002.age.*")
    torn.write_bytes(torn.read_bytes()[:-1])
    started_again(home)
    said = json.loads(Opener(key).open(Sealed((clip.folder / "manifest.age").read_bytes())))
    assert [p["n"] for p in said["parts"]] == [0, 1]
    assert [path.name for path in files(clip.folder)] == [
        "manifest.age",
        "part-0000.age",
        "part-0001.age",
        "times.json",
    ]


def test_a_clip_that_died_before_its_first_part_leaves_nothing(home: Keeping, engine: Engine) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    started_again(home)
    assert not clip.folder.exists()
    with Session(engine) as session:
        assert session.get(ClipRow, clip.id) is None


def test_sealed_clip_sizes_fall_into_buckets(home: Keeping) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, Part(CAMERA, T0, 1000, 0, b"x" * 100_001))
    home.part(clip, Part(CAMERA, T0 + 1000, 1000, 1, b"x" * 100_321))
    sealed = [path.read_bytes() for path in sorted(clip.folder.glob("part-*.age"))]
    payloads = {len(raw) - header_length(raw) for raw in sealed}  # the header varies by itself: age greases it
    assert len(sealed) == 2
    assert len(payloads) == 1


def test_a_camera_id_cannot_leave_the_vault(vault: Vault, sealer: Sealer) -> None:
    with pytest.raises(VaultError):
        vault.keep_segment(Segment("../../../tmp/x", 0, T0, 4000, "avc1"))
    with pytest.raises(VaultError):
        vault.keep_part(Part("../../../tmp/x", T0, 1000, 0, b"x"), sealer)


def test_a_used_folder_without_its_identity_is_refused(tmp_path: Path) -> None:
    first = claim(tmp_path / "data")
    assert claim(tmp_path / "data") == first
    (tmp_path / "data" / "vault").mkdir()
    (tmp_path / "data" / "identity.json").unlink()
    with pytest.raises(VaultError, match="right disk"):
        claim(tmp_path / "data")


def test_what_is_past_its_time_goes_from_disk_and_index(home: Keeping, vault: Vault, engine: Engine) -> None:
    home.segment(segment(0), film(0))
    home.segment(segment(5000), film(5000))
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    home.close(clip)
    home.sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"jpeg"))
    swept = sweep(home.books, T0 + 24 * HOUR + 10_000, keep_hours=24, disk_floor_bytes=0)
    assert swept.clips == (clip.id,)
    left = [path for path in files(vault.folder) if path.name != layout.TAILS]
    assert [p.name.split("-")[0] for p in left] == [str(T0 + 20_000_000)]
    with Session(engine) as session:
        assert len(session.scalars(select(SegmentRow)).all()) == 1
        assert session.scalar(select(ClipPartRow)) is None


def test_under_the_disk_floor_the_oldest_goes_first_and_an_open_clip_stays(home: Keeping, engine: Engine) -> None:
    for seq in range(120):
        home.segment(segment(seq), film(seq))
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    free = iter([0, 10, 100])
    sweep(home.books, T0, keep_hours=24, disk_floor_bytes=50, free_bytes=lambda _: next(free))
    with Session(engine) as session:
        left = session.scalars(select(SegmentRow.began_ms).order_by(SegmentRow.began_ms)).all()
        assert session.get(ClipRow, clip.id) is not None
    assert left == [segment(seq).began_ms for seq in range(100, 120)]
    swept = sweep(home.books, T0, keep_hours=24, disk_floor_bytes=50, free_bytes=lambda _: 0)
    assert swept.under_floor


def test_a_quota_holds_for_its_camera_only(home: Keeping, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        session.add(CameraRow(id=CAMERA, name="porch", url="x", created_ms=T0, quota_bytes=15_000))
    for seq in range(40):
        home.segment(segment(seq), film(seq))
    sweep(home.books, T0, keep_hours=24, disk_floor_bytes=0)
    assert 0 < used_bytes(engine, CAMERA) <= 15_000


def test_delete_now_is_now(home: Keeping, vault: Vault, engine: Engine) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    home.segment(segment(0), film(0))
    assert delete_clip(home.books, clip.id)
    assert not clip.folder.exists()
    assert not delete_clip(home.books, clip.id)
    delete_footage(home.books, CAMERA)
    assert files(vault.folder) == []
    assert used_bytes(engine) == 0


class Late:
    """A bus on which notices wait."""

    def __init__(self) -> None:
        self.grown: list[ClipGrew] = []

    def send(self, notice: Notice) -> None:
        if isinstance(notice, ClipGrew):
            self.grown.append(notice)


def test_a_clip_that_was_deleted_while_it_grew_does_not_come_back(home: Keeping, engine: Engine) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    late = Late()
    Telling(late, FixedClock()).clip(clip)
    delete_clip(home.books, clip.id)
    with pytest.raises(ClipGone):
        home.part(clip, part(1))
    enter(home.books, late.grown, T0)  # told before, entered after
    started_again(home)
    with Session(engine) as session:
        assert session.get(ClipRow, clip.id) is None


def test_a_clip_that_grows_while_the_books_are_matched_stays_open(home: Keeping, engine: Engine) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    with Session(engine) as session, session.begin():
        session.execute(delete(ClipRow))  # serve was away when it began
    match(home.books, lambda _: True, home.telling.growing())
    home.part(clip, part(1))
    with Session(engine) as session:
        row = session.get_one(ClipRow, clip.id)
        names = session.scalars(select(ClipPartRow.name).order_by(ClipPartRow.name)).all()
        versions = {each.name: each.version for each in session.scalars(select(ClipPartRow))}
    assert row.open
    assert names == ["manifest", "part-0000", "part-0001"]
    assert versions["manifest"] == 2


def test_only_the_cameras_of_a_shard_are_matched(home: Keeping, engine: Engine) -> None:
    home.segment(segment(0), film(0))
    with Session(engine) as session, session.begin():
        session.execute(delete(SegmentRow))
    assert match(home.books, lambda camera_id: camera_id != CAMERA, ()) == Correction()
    assert match(home.books, lambda camera_id: camera_id == CAMERA, ()).rows_added == 1


def test_a_clip_that_is_deleted_while_parts_are_being_written_leaves_no_file(home: Keeping, vault: Vault) -> None:
    for number in range(30):
        clip = home.begin(f"{number:016x}", manifest(CAMERA, T0, T0))
        home.part(clip, part(0))
        grown = threading.Event()

        def grow(clip: OpenClip = clip, grown: threading.Event = grown) -> None:
            with suppress(ClipGone):
                for index in range(1, 2000):
                    home.part(clip, part(index))
                    grown.set()

        growing = threading.Thread(target=grow)
        growing.start()
        assert grown.wait(10)
        assert delete_clip(home.books, clip.id)
        growing.join(20)
        assert not growing.is_alive()
        assert files(clip.folder.parent) == []


def test_what_a_deletion_left_when_the_hub_was_killed_goes_at_the_next_start(
    home: Keeping, vault: Vault, engine: Engine
) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    clip.folder.rename(layout.aside(clip.folder))  # and then it was killed
    camera = layout.camera_folder(vault.folder, "ba9876543210")
    camera.mkdir()
    camera.rename(layout.aside(camera))
    started_again(home)
    assert files(vault.folder) == []
    assert layout.camera_folders(vault.folder) == [vault.folder / CAMERA]
    with Session(engine) as session:
        assert session.get(ClipRow, clip.id) is None


def test_a_segment_that_was_deleted_before_it_was_entered_gets_no_row(
    home: Keeping, vault: Vault, engine: Engine, sealer: Sealer
) -> None:
    keep_whole(vault, segment(0), film(0), sealer)
    (kept,) = vault.settle().files
    home.segment(segment(1), film(1))
    delete_footage(home.books, CAMERA)
    enter(home.books, [Stored(kept.path, kept.bytes)], T0)
    with Session(engine) as session:
        assert session.scalar(select(SegmentRow)) is None


def test_a_manifest_that_was_written_again_while_serve_was_away_is_sent_again_even_at_the_same_size(
    home: Keeping, engine: Engine
) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.part(clip, part(0))
    home.close(clip)
    file = clip.folder / "manifest.age"
    sent_ms = int(file.stat().st_mtime * 1000)
    with Session(engine) as session, session.begin():
        for row in session.scalars(select(ClipPartRow)):
            row.sent_version, row.sent_ms = row.version, sent_ms
    started_again(home)
    assert waiting(engine) == []
    later_s = sent_ms / 1000 + 60
    os.utime(file, (later_s, later_s))  # the same size: manifests are padded
    os.utime(clip.folder / "part-0000.age", (later_s, later_s))
    started_again(home)
    assert waiting(engine) == ["manifest"]  # a part never changes, and the mailbox would refuse it


def test_a_still_that_is_replaced_and_the_manifest_that_names_it_change_together(
    home: Keeping, vault: Vault, sealer: Sealer, engine: Engine, key: str
) -> None:
    clip = home.begin(CLIP, manifest(CAMERA, T0, T0))
    home.still(clip, Still(CAMERA, T0, 1, 1, b"the onset"))
    home.part(clip, part(0))
    home.still(clip, Still(CAMERA, T0 + 700, 1, 1, b"a better look"))
    opener = Opener(key)

    def named() -> tuple[bytes, object]:
        still = (clip.folder / "still.age").read_bytes()
        said = json.loads(opener.open(Sealed((clip.folder / "manifest.age").read_bytes())))["still"]
        assert said["sha256"] == b64encode(sha256(still).digest()).decode()
        return opener.open(Sealed(still)).rstrip(b"\0"), said["at_ms"]

    assert named() == (b"a better look", T0 + 700)
    vault.keep_clip_still(clip, Still(CAMERA, T0 + 900, 1, 1, b"the best"), sealer)  # and a kill, before it settles
    started_again(home)
    assert named() == (b"the best", T0 + 900)
    with Session(engine) as session:
        row = session.get(ClipPartRow, (CLIP, "still"))
        assert row is not None
        assert row.version >= 2


def waiting(engine: Engine) -> list[str]:
    """What waits for the uplink."""
    with Session(engine) as session:
        return list(session.scalars(select(ClipPartRow.name).where(ClipPartRow.version > ClipPartRow.sent_version)))


def outages(engine: Engine) -> list[tuple[int, int | None]]:
    with Session(engine) as session:
        return [(row.began_ms, row.ended_ms) for row in session.scalars(select(OutageRow).order_by(OutageRow.began_ms))]


def test_a_camera_that_stays_lost_over_a_kill_of_the_recorder_has_one_outage_and_its_first_reason(
    home: Keeping, engine: Engine
) -> None:
    lost = SourceError(Reason.TIMEOUT, "No answer.")
    clock = FixedClock()
    Telling(home, clock).lost(CAMERA, lost, T0)
    clock.at_ms += 60_000
    bus = Resent(home)
    after = Telling(bus, clock)  # the process was killed
    after.lost(CAMERA, lost, None)
    assert outages(engine) == [(T0, None)]
    clock.at_ms += 60_000
    after.recording(CAMERA, Received(clock.at_ms, Streams(VIDEO, None), (), "nightlatch"))
    assert outages(engine) == [(T0, T0 + 120_000)]
    bus.again()
    assert outages(engine) == [(T0, T0 + 120_000)]


class Resent:
    """A bus that tells once more what it told."""

    def __init__(self, home: Keeping) -> None:
        self._home = home
        self._told: list[Notice] = []

    def send(self, notice: Notice) -> None:
        self._told.append(notice)
        self._home.send(notice)

    def again(self) -> None:
        for notice in list(self._told):
            self._home.send(notice)


def test_outages_that_are_told_again_to_a_new_serve_are_entered_once(home: Keeping, engine: Engine) -> None:
    told = [Outage(CAMERA, T0 + 1000 * n, T0 + 1000 * n + 500, Reason.TIMEOUT) for n in range(3)]
    told.append(Outage(CAMERA, T0 + 9000, None, Reason.TIMEOUT))
    for _ in range(2):
        enter(home.books, told, T0)
    assert outages(engine) == [(each.began_ms, each.ended_ms) for each in told]
