"""The hub's data folder: ours or refused, one hub at a time, and files that are whole or absent."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightlatch.errors import VaultError


@contextmanager
def hold(data_dir: Path) -> Iterator[str]:
    """Hold the folder for one hub while it runs; gives the hub's id.

    Raises:
        VaultError: another hub runs on it, or it is not ours (see `claim`).
    """
    hub_id = claim(data_dir)
    lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise VaultError(f"A hub is running on {data_dir} already. Stop it first, or use another --data.") from None
        yield hub_id
    finally:
        os.close(lock)


def claim(data_dir: Path) -> str:
    """Make sure that `data_dir` is ours and return the hub's id.

    A folder that holds a vault but no `identity.json` is another disk mounted over ours, or half a restore:
    writing there would split the recording, so it is refused.

    Raises:
        VaultError: not writable, or not a folder of a hub.
    """
    identity = data_dir / "identity.json"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if identity.exists():
            found = json.loads(identity.read_text())
            return str(found["hub_id"])
        if (data_dir / "vault").exists() or (data_dir / "hub.db").exists():
            raise VaultError(
                f"{data_dir} holds recordings but no identity.json. Is the right disk mounted there? "
                "If it is, restore identity.json from a backup."
            )
        hub_id = secrets.token_hex(16)
        write_durably(identity, json.dumps({"v": 1, "hub_id": hub_id}).encode())
        return hub_id
    except OSError as error:
        raise VaultError(f"{data_dir} cannot be written: {error.strerror}. Check the disk and its rights.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError(f"{identity} is damaged. Restore it from a backup.") from error


def write_durably(path: Path, content: bytes) -> None:
    """Write `path` whole or not at all: temporary file, fsync, rename, fsync of the folder.

    Raises `OSError`; the temporary file is gone then.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the entries of `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` and fsync the folders above that gained an entry."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
