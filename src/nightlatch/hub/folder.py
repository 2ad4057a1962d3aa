"""The hub's data folder: ours or refused, one hub at a time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.errors import VaultError
from nightlatch.hub.vault.layout import vault_of


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
            raise VaultError(f"A hub is already running on {data_dir}. Stop it first, or use another --data.") from None
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
        if vault_of(data_dir).exists() or (data_dir / "hub.db").exists():
            raise VaultError(
                f"{data_dir} holds recordings but no identity.json. Is the right disk mounted there? "
                "If it is, restore identity.json from a backup."
            )
        hub_id = secrets.token_hex(16)
        write_durably(identity, json.dumps({"v": 1, "hub_id": hub_id}).encode())
        return hub_id
    except OSError as error:
        text = f"{data_dir} cannot be written: {error.strerror}. Check the disk and its permissions."
        raise VaultError(text) from error
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError(f"{identity} is damaged. Restore it from a backup.") from error
