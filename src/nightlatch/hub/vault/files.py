"""The vault: sealed files on disk and the index of them.

Guarantees
- Only `Sealed` bytes are written. The hub holds public keys, so it cannot open what is here.
- A file is whole or absent: write, fsync, rename, fsync the folder, and only then the row (Moonfire NVR's order).
- The open segment is also kept as a journal of sealed parts of about a second, so that a power cut or kill -9
  costs at most the part being filled. `recover` turns a left-over journal into files.
- The index can be lost: `recover` rebuilds it from names (and `times.json` for clips).

Layout: see docs/guide/open-clips-by-hand.md. A name is never trusted for what a file shows: the camera and the
time are inside the sealed bytes too, where the owner's browser checks them.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import struct
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.domain.sighting import EventOpened
from nightlatch.domain.time import Clock
from nightlatch.durably import make_folder, sync, write_durably
from nightlatch.errors import NotSealed, VaultError
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow, SegmentRow, SheetRow
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.padding import pad_jpeg, pad_json, pad_mp4
from nightlatch.seal.recipients import Sealer

_SEGMENT = re.compile(r"(\d{1,15})-(\d{1,9})-([0-9a-f]{4})(?:\.p(\d{1,4}))?\.age\Z")
_SHEET = re.compile(r"(\d{1,15})-(\d{1,9})-(\d{1,3})\.age\Z")
_CLIP_OBJECT = re.compile(r"(manifest|still|part-\d{4})\.age\Z")
_CAMERA = re.compile(r"[0-9a-f]{12}\Z")
_CLIP = re.compile(r"[0-9a-f]{16}\Z")
_RECORD = struct.Struct(">4sQQIII")  # magic, segment began, part began, part duration, index, length
_MAGIC = b"NLp1"
LONGEST_PART = 64 * 1024 * 1024


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%d")


@dataclass(slots=True)
class Recovered:
    """What `Vault.recover` found and mended."""

    parts_saved: int = 0  # sealed parts taken from journals of open segments
    rows_added: int = 0  # files without a row
    rows_dropped: int = 0  # rows without a file
    clips_closed: int = 0  # clips that were open when the hub died
    left_over: int = 0  # temporary files removed


@dataclass(slots=True)
class _Journal:
    """The open segment of one camera, as sealed parts; emptied when the segment is stored whole."""

    path: Path
    handle: int = -1
    segment_began_ms: int | None = None

    def append(self, segment_began_ms: int, part: Part, sealed: Sealed) -> None:
        if self.handle < 0:
            fresh = not self.path.exists()
            self.handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if fresh:
                sync(self.path.parent)
        head = _RECORD.pack(_MAGIC, segment_began_ms, part.began_ms, part.duration_ms, part.index, len(sealed))
        os.writev(self.handle, (head, sealed))
        os.fdatasync(self.handle)

    def clear(self) -> None:
        if self.handle >= 0:
            os.ftruncate(self.handle, 0)
        self.segment_began_ms = None

    def close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def _read_journal(path: Path) -> Iterator[tuple[int, int, int, int, Sealed]]:
    """(segment began, part began, duration, index, sealed part) for each whole record; stops at the torn one."""
    with path.open("rb") as file:
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            magic, segment_began, began, duration, index, length = _RECORD.unpack(head)
            if magic != _MAGIC or length > LONGEST_PART:
                return
            body = file.read(length)
            if len(body) < length:
                return
            try:
                yield segment_began, began, duration, index, Sealed(body)
            except NotSealed:
                return


@dataclass(slots=True)
class OpenClip:
    """A clip that is still growing: its row exists and its manifest is rewritten with each part."""

    id: str
    folder: Path
    began_ms: int
    manifest: dict[str, object]
    parts: list[dict[str, object]] = field(default_factory=list)
    version: int = 0


class Vault:
    """Writes what the cameras saw, sealed. One instance per watch process; each camera's calls come from one thread."""

    def __init__(self, data_dir: Path, engine: Engine, clock: Clock) -> None:
        self.folder = data_dir / "vault"
        self._engine = engine
        self._clock = clock
        self._run = secrets.token_hex(2)  # tells apart two runs that begin a segment in the same millisecond
        self._journals: dict[str, _Journal] = {}
        self._turn = threading.RLock()
        make_folder(self.folder)

    @contextmanager
    def _rows(self) -> Iterator[Session]:
        """A change of the index, one at a time: SQLite lets writers wait, but not in turn. Raises `OSError`."""
        try:
            with self._turn, Session(self._engine) as session, session.begin():
                yield session
        except OperationalError as error:
            said = str(error.orig)
            raise OSError(errno.ENOSPC if "full" in said else errno.EIO, f"index: {said}") from None

    # ---- the 24 hours -------------------------------------------------------------------------------------

    def keep_part(self, part: Part, sealer: Sealer) -> None:
        """Journal one part of the open segment. Durable on return. Raises `OSError`."""
        journal = self._journal(part.camera_id)
        if part.index == 0 or journal.segment_began_ms is None:
            journal.segment_began_ms = part.began_ms
        journal.append(journal.segment_began_ms, part, sealer.seal(part.mp4))

    def keep_segment(self, segment: Segment, sealer: Sealer) -> None:
        """Store a whole segment and its row, then empty the journal. Durable on return. Raises `OSError`."""
        name = f"{segment.began_ms}-{segment.duration_ms}-{self._run}.age"
        path = self._camera(segment.camera_id) / "segments" / _day(segment.began_ms) / name
        sealed = sealer.seal(segment.mp4)
        make_folder(path.parent)
        write_durably(path, sealed)
        row = {
            "camera_id": segment.camera_id,
            "began_ms": segment.began_ms,
            "duration_ms": segment.duration_ms,
            "bytes": len(sealed),
            "path": str(path.relative_to(self.folder)),
        }
        with self._rows() as session:
            session.execute(insert(SegmentRow), row)
        self._journal(segment.camera_id).clear()

    def keep_sheet(self, sheet: Sheet, sealer: Sealer) -> None:
        """Store a minute of stills. Raises `OSError`."""
        duration_ms = max(1, sheet.at_ms[-1] - sheet.began_ms) if sheet.at_ms else 1
        name = f"{sheet.began_ms}-{duration_ms}-{len(sheet.at_ms)}.age"
        path = self._camera(sheet.camera_id) / "sheets" / _day(sheet.began_ms) / name
        sealed = sealer.seal(sheet.jpeg)
        make_folder(path.parent)
        write_durably(path, sealed)
        relative = str(path.relative_to(self.folder))
        with self._rows() as session:
            session.execute(delete(SheetRow).where(SheetRow.path == relative))  # the same minute written again
            session.add(
                SheetRow(
                    camera_id=sheet.camera_id,
                    began_ms=sheet.began_ms,
                    duration_ms=duration_ms,
                    bytes=len(sealed),
                    path=relative,
                )
            )

    # ---- clips --------------------------------------------------------------------------------------------

    def begin_clip(self, opened: EventOpened, facts: dict[str, object]) -> OpenClip:
        """Start a clip folder and its row. `facts`: the other manifest fields (household, codecs…)."""
        clip_id = secrets.token_hex(8)
        folder = self._camera(opened.camera_id) / "clips" / clip_id
        make_folder(folder)
        times = {
            "event": opened.event_id,
            "began_ms": opened.clip_from_ms,
            "onset_ms": opened.onset_ms,
        }
        write_durably(folder / "times.json", json.dumps(times).encode())
        clip = OpenClip(
            id=clip_id,
            folder=folder,
            began_ms=opened.clip_from_ms,
            manifest={
                "v": 1,
                "camera": opened.camera_id,
                "event": opened.event_id,
                "kind": "motion",
                "onset_ms": opened.onset_ms,
                "began_ms": opened.clip_from_ms,
                "ended_ms": None,
                "still": None,
                **facts,
            },
        )
        with self._rows() as session:
            session.add(
                ClipRow(
                    id=clip_id,
                    camera_id=opened.camera_id,
                    event_id=opened.event_id,
                    onset_ms=opened.onset_ms,
                    began_ms=opened.clip_from_ms,
                    ended_ms=None,
                    open=True,
                )
            )
        return clip

    def keep_clip_part(self, clip: OpenClip, part: Part, sealer: Sealer) -> None:
        """Add a part; the manifest that names it follows at once. Durable on return. Raises `OSError`."""
        sealed = sealer.seal(pad_mp4(part.mp4))
        name = f"part-{len(clip.parts):04d}"
        if not clip.parts:
            clip.began_ms = part.began_ms
            clip.manifest["began_ms"] = part.began_ms
        write_durably(clip.folder / f"{name}.age", sealed)
        clip.parts.append(
            {
                "n": len(clip.parts),
                "sha256": b64encode(sha256(sealed).digest()).decode(),
                "bytes": len(sealed),
                "began_ms": part.began_ms,
                "duration_ms": part.duration_ms,
            }
        )
        self._write_manifest(clip, sealer, (name, len(sealed)))

    def keep_clip_still(self, clip: OpenClip, still: Still, sealer: Sealer) -> None:
        """Set the clip's still. Raises `OSError`."""
        sealed = sealer.seal(pad_jpeg(still.jpeg))
        write_durably(clip.folder / "still.age", sealed)
        clip.manifest["still"] = {
            "sha256": b64encode(sha256(sealed).digest()).decode(),
            "bytes": len(sealed),
            "at_ms": still.at_ms,
        }
        self._note_objects(clip.id, ("still", len(sealed), 1))

    def close_clip(self, clip: OpenClip, sealer: Sealer) -> None:
        """Write the last manifest and mark the clip whole. Raises `OSError`."""
        last = clip.parts[-1] if clip.parts else None
        ended = int(str(last["began_ms"])) + int(str(last["duration_ms"])) if last else self._clock.now_ms()
        clip.manifest["ended_ms"] = ended
        self._write_manifest(clip, sealer)
        with self._rows() as session:
            row = session.get(ClipRow, clip.id)
            if row is not None:
                row.began_ms = clip.began_ms
                row.ended_ms = ended
                row.open = False

    def _write_manifest(self, clip: OpenClip, sealer: Sealer, part: tuple[str, int] | None = None) -> None:
        """Write the manifest, and the rows of it and of the part (its name and size) that it is the first to name."""
        text = json.dumps({**clip.manifest, "parts": clip.parts}, separators=(",", ":")).encode()
        sealed = sealer.seal(pad_json(text))
        write_durably(clip.folder / "manifest.age", sealed)
        clip.version += 1
        manifest = ("manifest", len(sealed), clip.version)
        self._note_objects(clip.id, manifest, *([(*part, 1)] if part is not None else []))

    def _note_objects(self, clip_id: str, *objects: tuple[str, int, int]) -> None:
        """Rows of a clip's files (name, size, version) in two statements: many cameras write them every second."""
        now_ms = self._clock.now_ms()
        rows = [
            {"clip_id": clip_id, "name": name, "version": version, "bytes": size, "created_ms": now_ms}
            for name, size, version in objects
        ]
        new = insert(ClipPartRow)
        change = {"version": new.excluded.version, "bytes": new.excluded.bytes}
        with self._rows() as session:
            if session.scalar(select(ClipRow.id).where(ClipRow.id == clip_id)) is None:
                return  # the owner deleted the clip while it was growing
            session.execute(new.on_conflict_do_update(index_elements=["clip_id", "name"], set_=change), rows)

    # ---- start and stop -----------------------------------------------------------------------------------

    def release(self, camera_id: str) -> None:
        """Close the journal of a camera that stopped; what is in it stays for `recover`."""
        journal = self._journals.pop(camera_id, None)
        if journal is not None:
            journal.close()

    def recover(self) -> Recovered:
        """After a stop of any kind: save journals, drop torn files, bring rows and files back into step."""
        found = Recovered()
        for camera in self._cameras():
            self._recover_journal(camera, found)
            for torn in camera.rglob(".*.tmp"):
                torn.unlink(missing_ok=True)
                found.left_over += 1
        self._match_index(found)
        return found

    def _recover_journal(self, camera: Path, found: Recovered) -> None:
        journal = camera / "open.parts"
        if not journal.exists():
            return
        run = secrets.token_hex(2)
        for segment_began, began, duration, index, sealed in _read_journal(journal):
            folder = camera / "segments" / _day(began)
            whole = camera / "segments" / _day(segment_began)
            if any(whole.glob(f"{segment_began}-*-????.age")):
                continue  # the segment was stored; only the journal's emptying was lost
            make_folder(folder)
            write_durably(folder / f"{began}-{duration}-{run}.p{index:02d}.age", sealed)
            found.parts_saved += 1
        journal.unlink()
        sync(camera)

    def _match_index(self, found: Recovered) -> None:
        with self._rows() as session:
            known_segments = {row.path: row for row in session.scalars(select(SegmentRow))}
            known_sheets = {row.path: row for row in session.scalars(select(SheetRow))}
            known_clips = {row.id: row for row in session.scalars(select(ClipRow))}
            for camera in self._cameras():
                for path in (camera / "segments").glob("*/*.age"):
                    relative = str(path.relative_to(self.folder))
                    match = _SEGMENT.match(path.name)
                    if known_segments.pop(relative, None) is None and match:
                        session.add(
                            SegmentRow(
                                camera_id=camera.name,
                                began_ms=int(match[1]),
                                duration_ms=int(match[2]),
                                bytes=path.stat().st_size,
                                path=relative,
                            )
                        )
                        found.rows_added += 1
                for path in (camera / "sheets").glob("*/*.age"):
                    relative = str(path.relative_to(self.folder))
                    match = _SHEET.match(path.name)
                    if known_sheets.pop(relative, None) is None and match:
                        session.add(
                            SheetRow(
                                camera_id=camera.name,
                                began_ms=int(match[1]),
                                duration_ms=int(match[2]),
                                bytes=path.stat().st_size,
                                path=relative,
                            )
                        )
                        found.rows_added += 1
                for folder in (camera / "clips").glob("*"):
                    if _CLIP.match(folder.name):
                        self._match_clip(session, camera.name, folder, known_clips.pop(folder.name, None), found)
            for gone in (*known_segments.values(), *known_sheets.values(), *known_clips.values()):
                session.delete(gone)
                found.rows_dropped += 1

    def _match_clip(
        self, session: Session, camera_id: str, folder: Path, row: ClipRow | None, found: Recovered
    ) -> None:
        objects = {p.name.removesuffix(".age"): p.stat() for p in folder.iterdir() if _CLIP_OBJECT.match(p.name)}
        if "manifest" not in objects:  # died before the first part was whole: there is nothing to play
            shutil.rmtree(folder)
            if row is not None:
                session.delete(row)
                found.rows_dropped += 1
            return
        ended_ms = int(max(s.st_mtime for s in objects.values()) * 1000)
        if row is None:
            try:
                times = json.loads((folder / "times.json").read_text())
                began_ms, onset_ms, event = (
                    int(times["began_ms"]),
                    int(times["onset_ms"]),
                    str(times["event"]),
                )
            except (OSError, ValueError, KeyError, TypeError):
                began_ms = onset_ms = int(min(s.st_mtime for s in objects.values()) * 1000)
                event = folder.name
            row = ClipRow(
                id=folder.name,
                camera_id=camera_id,
                event_id=event,
                onset_ms=onset_ms,
                began_ms=began_ms,
                ended_ms=ended_ms,
                open=False,
            )
            session.add(row)
            found.rows_added += 1
        elif row.open:
            row.open, row.ended_ms = False, ended_ms
            found.clips_closed += 1
        session.flush()
        for name, stat in objects.items():
            part = session.get(ClipPartRow, (folder.name, name))
            if part is None:
                session.add(
                    ClipPartRow(
                        clip_id=folder.name,
                        name=name,
                        version=1,
                        bytes=stat.st_size,
                        created_ms=int(stat.st_mtime * 1000),
                    )
                )
            elif part.bytes != stat.st_size:
                part.version, part.bytes = part.version + 1, stat.st_size

    def _cameras(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p.is_dir() and _CAMERA.match(p.name))

    def _camera(self, camera_id: str) -> Path:
        if not _CAMERA.match(camera_id):
            raise VaultError("A camera's id is twelve hex digits; this one would leave the vault.")
        return self.folder / camera_id

    def _journal(self, camera_id: str) -> _Journal:
        journal = self._journals.get(camera_id)
        if journal is None:
            folder = self._camera(camera_id)
            make_folder(folder)
            journal = self._journals[camera_id] = _Journal(folder / "open.parts")
        return journal


def is_disk_full(error: OSError) -> bool:
    """Whether `error` means that there is no room, rather than a broken disk."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
