"""Where the owner's key comes from on a command line: a key file, the 24 words, or the passphrase and hub.db."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import ConfigError, NotFound, SealError
from nightlatch.owner.keys import OwnerKeys, derive, unwrap
from nightlatch.seal.identities import Opener

_IDENTITY = re.compile(r"^[ \t]*(AGE-SECRET-KEY-1[0-9A-Z]+)[ \t]*$", re.MULTILINE)
LONGEST_KEY_FILE = 64 * 1024


def opener_from_file(path: Path) -> Opener:
    """From a file with an age identity or with 24 words. Raises `SealError`, `NotFound`."""
    text = _text(path)
    if found := _IDENTITY.search(text):
        return Opener(found[1])
    return Opener(_keys_from_text(path, text).identity)


def keys_from_file(path: Path) -> OwnerKeys:
    """All keys, from a file with the 24 words (numbers and headings are ignored).

    Raises:
        SealError: no recovery words in it; an age identity alone cannot sign.
        NotFound: no such file, or not ours to read.
    """
    text = _text(path)
    if _IDENTITY.search(text):
        raise SealError(f"{path} holds only the opening key. The mailbox asks for a signature: give the 24 words.")
    return _keys_from_text(path, text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LONGEST_KEY_FILE:
            raise SealError(f"{path} is too large for a key file. Give the exported key, or a file with the 24 words.")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None


def _keys_from_text(path: Path, text: str) -> OwnerKeys:
    numbered = re.findall(r"^\s*(\d{1,2})[.)]?\s+([a-zA-Z]+)\s*$", text, re.MULTILINE)
    if [int(number) for number, _ in numbered] == list(range(1, 25)):
        return OwnerKeys.from_words(" ".join(word for _, word in numbered))
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    try:
        return OwnerKeys.from_words(" ".join(lines))
    except SealError as error:
        raise SealError(f"{path} is neither an age key nor the 24 words. {error}") from None


def keys_from_passphrase(hub_data: Path, passphrase: str) -> OwnerKeys:
    """All keys, from the wrapped root in hub.db, which is only read (a copy on a read-only disk will do).

    Raises:
        NotFound: no household there.
        SealError: another passphrase, or the row is damaged.
    """
    file = hub_data / "hub.db"
    if not file.is_file():
        raise NotFound(f"There is no hub in {hub_data}. Name its folder with --data.")
    row = _household(file)
    if row is None:
        raise NotFound("This hub has no household yet. Open its page to set one up.")
    wrap_key, _ = derive(passphrase, Kdf.read(row[0]))
    return OwnerKeys(unwrap(row[1], wrap_key))


def _household(file: Path) -> tuple[str, str] | None:
    """(kdf, wrapped_root). Raises `NotFound` when it is not a hub's index."""
    place = file.absolute().as_uri()
    for mode in ("mode=ro", "mode=ro&immutable=1"):  # the second for a disk on which SQLite cannot make its -shm file
        try:
            with closing(sqlite3.connect(f"{place}?{mode}", uri=True)) as index:
                found: tuple[str, str] | None = index.execute("select kdf, wrapped_root from households").fetchone()
                return found
        except sqlite3.Error:
            continue
    raise NotFound(f"{file} cannot be read as a hub's index. Use the 24 words instead.")


def export_key(keys: OwnerKeys, path: Path) -> None:
    """Write an age identity file (mode 0600) that Debian's `age -d -i` reads. Raises `ConfigError` if it exists."""
    text = f"# Nightlatch household key. Anybody with this file can open everything.\n# public key: {keys.recipient}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} already exists. Choose another name.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{text}{keys.identity}\n")
            file.flush()
            os.fsync(handle)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
