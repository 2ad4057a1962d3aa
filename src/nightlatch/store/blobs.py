"""Sealed blobs behind obstore: a folder, memory, or S3, by URL. Takes `Sealed`, never plain bytes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from nightlatch.durably import sync
from nightlatch.errors import ConfigError, NotFound
from nightlatch.seal.envelope import Sealed, SealedFile

_NAME = re.compile(r"[0-9a-z][0-9a-z-]{0,63}(?:/[0-9a-z][0-9a-z-]{0,63}){0,3}\Z")


class Blobs:
    """A flat store of sealed blobs; names are lower-case words and digits, at most four levels."""

    def __init__(self, url: str) -> None:
        """`file:///folder`, `memory:///` or `s3://bucket/prefix` (keys from the usual AWS variables).

        Raises:
            ConfigError: another kind of URL, or a folder that cannot be made.
        """
        self._folder: Path | None = None
        scheme = urlsplit(url).scheme
        self._store: ObjectStore
        if scheme == "memory":
            self._store = MemoryStore()
        elif scheme == "file":
            self._folder = Path(unquote(urlsplit(url).path))
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise ConfigError(f"{self._folder} cannot be made: {error.strerror}.") from error
            self._store = LocalStore(self._folder)
        elif scheme == "s3":
            self._store = from_url(url)
        else:
            raise ConfigError("Blobs go to file:///folder, memory:/// or s3://bucket/prefix.")

    def put(self, name: str, blob: Sealed) -> None:
        """Store `blob` under `name`, replacing what was there; durable on return for a folder."""
        obstore.put(self._store, _checked(name), bytes(blob))
        self._sync(name)

    def put_file(self, name: str, blob: SealedFile) -> None:
        """The same for a file, which is copied piece by piece."""
        obstore.put(self._store, _checked(name), blob.path)
        self._sync(name)

    def get(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes [start, end) of a blob. Raises `NotFound`."""
        try:
            if start == 0 and end is None:
                return bytes(obstore.get(self._store, _checked(name)).bytes())
            stop = end if end is not None else int(obstore.head(self._store, _checked(name))["size"])
            return bytes(obstore.get_range(self._store, name, start=start, end=stop)) if stop > start else b""
        except FileNotFoundError:
            raise NotFound("This blob is gone.") from None

    def delete(self, name: str) -> None:
        """Delete a blob; one that is not there is fine. A store that fails raises: what it holds is not gone."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, _checked(name))

    def names(self, older_than_s: float = 0.0) -> Iterator[str]:
        """All names, or those of blobs written more than `older_than_s` ago by the store's own clock."""
        limit = datetime.now(UTC) - timedelta(seconds=older_than_s)
        for batch in obstore.list(self._store):
            for found in batch:
                if older_than_s <= 0 or found["last_modified"] < limit:
                    yield str(found["path"])

    def _sync(self, name: str) -> None:
        if self._folder is not None:
            path = self._folder / name
            sync(path)
            while path != self._folder:  # each folder on the way may be new, too
                path = path.parent
                sync(path)


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise NotFound("That is not the name of a blob.")
    return name
