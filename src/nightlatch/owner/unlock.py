"""Where the owner's key comes from on a command line: a key file, the 24 words, or the passphrase and hub.db."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path

from nightlatch.errors import ConfigError, NotFound
from nightlatch.owner.keys import OwnerKeys, derive, unwrap
from nightlatch.seal.identities import Opener

_IDENTITY = re.compile(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", re.MULTILINE)


def opener_from_file(path: Path) -> Opener:
    """From a file with an age identity or with 24 words. Raises `SealError`."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if found := _IDENTITY.search(text):
        return Opener(found[0])
    return Opener(keys_from_file(path).identity)


def keys_from_file(path: Path) -> OwnerKeys:
    """All keys, from a file with the 24 words (numbers and headings are passed over). Raises `SealError`."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = re.findall(r"^\s*\d{1,2}\.\s*([a-z]+)\s*$", text, re.MULTILINE)
    return OwnerKeys.from_words(" ".join(lines) if len(lines) == 24 else text)


def keys_from_passphrase(hub_data: Path, passphrase: str) -> OwnerKeys:
    """All keys, from the wrapped root in hub.db.

    Raises:
        NotFound: no household there.
        SealError: another passphrase.
    """
    file = hub_data / "hub.db"
    if not file.is_file():
        raise NotFound(f"There is no hub in {hub_data}. Name its folder with --data.")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as index:
        row = index.execute("select kdf, wrapped_root from households").fetchone()
    if row is None:
        raise NotFound("This hub has no household yet. Open its page to set one up.")
    wrap_key, _ = derive(passphrase, json.loads(row[0]))
    return OwnerKeys(unwrap(row[1], wrap_key))


def export_key(keys: OwnerKeys, path: Path) -> None:
    """Write an age identity file (mode 0600) that Debian's `age -d -i` reads. Raises `ConfigError` if it exists."""
    text = f"# Nightlatch household key. Whoever has this file can open everything.\n# public key: {keys.recipient}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} exists already. Choose another name.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{text}{keys.identity}\n")
