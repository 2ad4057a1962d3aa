"""The vault: what the cameras saw, sealed, in files. No SQL, no pixels, no HTTP.

Guarantees
- Only `Sealed` bytes are written. The hub holds public keys, so it cannot open what is here.
- A file is whole or absent: write, fsync, rename, fsync the folder (Moonfire NVR's order). Nobody is told of a file
  before that.
- The open segment is also kept as a journal of sealed parts. A left-over journal becomes files, in `recover` or when
  its camera comes back.
- The books can be lost: names (and `times.json` for clips) say everything an index needs.
"""

from __future__ import annotations

import errno
import json
import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from nightlatch.domain.manifest import Manifest, SealedPart, SealedStill, write_manifest
from nightlatch.domain.recording import Part, Segment, Sheet, Still
from nightlatch.domain.time import Clock
from nightlatch.durably import make_folder, write_durably
from nightlatch.errors import NightlatchError, VaultError
from nightlatch.hub.vault import layout
from nightlatch.hub.vault.journal import Journal
from nightlatch.hub.vault.layout import ClipObject, KeptFile
from nightlatch.hub.vault.recover import save_journal
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.padding import pad_jpeg, pad_json, pad_mp4
from nightlatch.seal.recipients import Sealer


class ClipGone(NightlatchError):
    """The owner deleted the clip while it was growing."""


@dataclass(slots=True)
class OpenClip:
    """A clip that is still growing: its manifest is written again with each part."""

    id: str
    folder: Path
    manifest: Manifest
    version: int = 0  # of the manifest


class Vault:
    """One instance per watch process; each camera's calls come from one thread. Every call may raise `OSError`."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self.folder = layout.vault_of(data_dir)
        self._clock = clock
        self._run = secrets.token_hex(2)  # tells apart two runs that begin a segment in the same millisecond
        self._journals: dict[str, Journal] = {}
        self._grown: dict[tuple[str, int], list[bytes]] = {}
        make_folder(self.folder)

    # ---- the 24 hours -------------------------------------------------------------------------------------

    def keep_left_over(self, camera_id: str) -> list[KeptFile]:
        """Store what the last stream of a camera left in its journal, before the next one empties it.

        Something is left when the disk took parts but not their segment.
        """
        if camera_id in self._journals:
            return []  # an older thread that hangs still has it
        return save_journal(layout.camera_folder(self.folder, camera_id))

    def keep_part(self, part: Part, sealer: Sealer) -> None:
        """Journal one part of the open segment. Durable on return."""
        self._grown.setdefault((part.camera_id, part.seq), []).append(part.mp4)
        self._journal(part.camera_id).append(part, sealer.seal(part.mp4))

    def keep_segment(self, segment: Segment, sealer: Sealer) -> KeptFile:
        """Store a whole segment, then empty the journal. Durable on return."""
        path = layout.segment_path(segment.camera_id, segment.began_ms, segment.duration_ms, self._run)
        kept = self._keep(
            segment.camera_id, path, sealer.seal(b"".join(self._grown.pop((segment.camera_id, segment.seq), ())))
        )
        self._journal(segment.camera_id).clear()
        return kept

    def keep_sheet(self, sheet: Sheet, sealer: Sealer) -> KeptFile:
        """Store a minute of stills; a minute that comes again replaces what was there."""
        duration_ms = max(1, sheet.at_ms[-1] - sheet.began_ms) if sheet.at_ms else 1
        path = layout.sheet_path(sheet.camera_id, sheet.began_ms, duration_ms, len(sheet.at_ms))
        return self._keep(sheet.camera_id, path, sealer.seal(sheet.jpeg))

    def _keep(self, camera_id: str, path: str, sealed: Sealed) -> KeptFile:
        layout.camera_folder(self.folder, camera_id)  # refuses an id that would leave the vault
        file = self.folder / path
        make_folder(file.parent)
        write_durably(file, sealed)
        return KeptFile(path, len(sealed))

    # ---- clips --------------------------------------------------------------------------------------------

    def begin_clip(self, clip_id: str, manifest: Manifest) -> OpenClip:
        """Start a clip's folder. Its manifest is written with its first part."""
        folder = layout.clip_folder(self.folder, manifest.camera, clip_id)
        make_folder(folder)
        times = {"event": manifest.event, "began_ms": manifest.began_ms, "onset_ms": manifest.onset_ms}
        write_durably(folder / layout.TIMES, json.dumps(times).encode())
        return OpenClip(clip_id, folder, manifest)

    def keep_clip_part(self, clip: OpenClip, part: Part, sealer: Sealer) -> tuple[ClipObject, ...]:
        """Add a part; the manifest that names it follows at once. Durable on return. Raises `ClipGone`."""
        sealed = sealer.seal(pad_mp4(part.mp4))
        number = len(clip.manifest.parts)
        name = f"part-{number:04d}"
        with _while_it_is_there(clip):
            write_durably(clip.folder / f"{name}.age", sealed)
            clip.manifest = clip.manifest.with_part(
                SealedPart(number, _hash(sealed), len(sealed), part.began_ms, part.duration_ms)
            )
            return ClipObject(name, len(sealed), 1), self._write_manifest(clip, sealer)

    def keep_clip_sub(self, clip: OpenClip, part: Part, sealer: Sealer) -> ClipObject:
        """Add a part of the sub-stream; the manifest that names it follows with the next part. Raises `ClipGone`.

        `clip.manifest.sub` says what the sub-stream is. A crash before that manifest loses a second of a copy that
        is smaller than what is there anyway; writing the manifest twice a second would cost more than the part.
        """
        sub = clip.manifest.sub
        if sub is None:
            raise VaultError("This clip has no sub-stream beside it.")
        sealed = sealer.seal(pad_mp4(part.mp4))
        number = len(sub.parts)
        name = f"sub-{number:04d}"
        with _while_it_is_there(clip):
            write_durably(clip.folder / f"{name}.age", sealed)
        clip.manifest = clip.manifest.with_sub_part(
            SealedPart(number, _hash(sealed), len(sealed), part.began_ms, part.duration_ms)
        )
        return ClipObject(name, len(sealed), 1)

    def keep_clip_still(self, clip: OpenClip, still: Still, sealer: Sealer) -> ClipObject:
        """Set the clip's still. Raises `ClipGone`."""
        sealed = sealer.seal(pad_jpeg(still.jpeg))
        with _while_it_is_there(clip):
            write_durably(clip.folder / f"{layout.STILL}.age", sealed)
        clip.manifest = replace(clip.manifest, still=SealedStill(_hash(sealed), len(sealed), still.at_ms))
        return ClipObject(layout.STILL, len(sealed), 1)

    def close_clip(self, clip: OpenClip, sealer: Sealer) -> ClipObject:
        """Write the last manifest. Raises `ClipGone`."""
        parts = clip.manifest.parts
        clip.manifest = replace(clip.manifest, ended_ms=parts[-1].ended_ms if parts else self._clock.now_ms())
        with _while_it_is_there(clip):
            return self._write_manifest(clip, sealer)

    def _write_manifest(self, clip: OpenClip, sealer: Sealer) -> ClipObject:
        sealed = sealer.seal(pad_json(write_manifest(clip.manifest)))
        write_durably(clip.folder / f"{layout.MANIFEST}.age", sealed)
        clip.version += 1
        return ClipObject(layout.MANIFEST, len(sealed), clip.version)

    # ---- stop ---------------------------------------------------------------------------------------------

    def release(self, camera_id: str) -> None:
        """Close the journal of a camera that stopped; what is in it stays."""
        journal = self._journals.pop(camera_id, None)
        if journal is not None:
            journal.close()

    def _journal(self, camera_id: str) -> Journal:
        journal = self._journals.get(camera_id)
        if journal is None:
            folder = layout.camera_folder(self.folder, camera_id)
            make_folder(folder)
            journal = self._journals[camera_id] = Journal(folder / layout.JOURNAL)
        return journal


@contextmanager
def _while_it_is_there(clip: OpenClip) -> Iterator[None]:
    """Raises `ClipGone` when the folder of the clip is gone."""
    try:
        yield
    except FileNotFoundError:
        raise ClipGone(f"The clip {clip.id} was deleted while it was growing.") from None


def _hash(sealed: Sealed) -> str:
    return b64encode(sha256(sealed).digest()).decode()


def is_disk_full(error: OSError) -> bool:
    """Whether `error` means that there is no room, rather than a broken disk."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
