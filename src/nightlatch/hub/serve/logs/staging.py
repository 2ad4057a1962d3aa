"""Files of a log that were read and are not believed yet: beside the mirror, so that nothing unproven is ever shown.

A few lie in memory. More go to the disk, where whole bundles of entries survive a restart: reading goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from nightlatch.durably import make_folder, sync_filesystem

IN_MEMORY = 4 * 1024 * 1024  # bytes; a few thousand entries
MOST_BYTES = 4 * 1024**3  # that one log may take: two years of a million entries a month, some 180 MB each
ROOM = 256 * 1024 * 1024  # bytes that reading a log leaves free: recordings need them more


class Staging:
    """One reading's files, by their paths within a part."""

    def __init__(self, folder: Path, whole: Path) -> None:
        """`whole` is the folder of the log, all parts of it."""
        self._folder, self._whole = folder, whole
        self._there: int | None = None  # bytes that the whole log takes
        self._held: dict[str, bytes] = {}
        self._bytes = 0
        self._is_on_disk = folder.exists()

    @property
    def is_on_disk(self) -> bool:
        """Whether there is more than fits into memory."""
        return self._is_on_disk

    def keep(self, path: str, raw: bytes) -> None:
        """Take a file. Raises `OSError`, also when the disk is nearly full."""
        self._held[path] = raw
        self._bytes += len(raw)
        if self._bytes > IN_MEMORY:
            self._spill()

    def get(self, path: str) -> bytes | None:
        """A file that was taken, by this reading or by one that a restart ended."""
        if (held := self._held.get(path)) is not None:
            return held
        if not self._is_on_disk:
            return None
        try:
            return (self._folder / path).read_bytes()
        except OSError:
            return None

    def promote(self, to: Path) -> None:
        """Move all files into the mirror. Raises `OSError`; then some are there, and do no harm."""
        if self._is_on_disk:
            self._spill()
            for path in sorted(self._folder.rglob("*")):
                if path.is_file():
                    target = to / path.relative_to(self._folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(target)
            self.clear()
        for name, raw in self._held.items():
            _write(to / name, raw)
        self._held.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self._bytes = 0
        shutil.rmtree(self._folder, ignore_errors=True)
        self._is_on_disk = False

    def _spill(self) -> None:
        make_folder(self._folder)
        if self._there is None:
            self._there = sum(path.stat().st_size for path in self._whole.rglob("*") if path.is_file())
        self._there += self._bytes
        if shutil.disk_usage(self._folder).free < ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._there > MOST_BYTES:
            raise OSError(errno.EFBIG, "the log is larger than a hub keeps")
        for path, raw in self._held.items():
            _write(self._folder / path, raw)
        self._held.clear()
        self._bytes = 0
        self._is_on_disk = True


def settle(folder: Path) -> None:
    """Make durable what was promoted. What a power cut takes all the same is found out and read again."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            sync_filesystem(handle)
        finally:
            os.close(handle)


def _write(path: Path, raw: bytes) -> None:
    """Whole or not at all, but for a power cut. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(raw)
    temporary.rename(path)
