"""Downloads a model, whole and right or not at all.

A download that breaks off continues where it stopped (RFC 9110, 14: Range, with If-Range where the server gave a
strong ETag), in this run or a later one; what has arrived is kept beside the models as `.NAME.part`. Whatever a server
says, the SHA-256 of the whole decides.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import httpx

from nightlatch.errors import ConfigError, NightlatchError
from nightlatch.pixels.detectors.models import Model, find, hash_of

TIMEOUT_S = 30.0
FIRST_PAUSE_S = 1.0
MOST_IN_VAIN = 4  # tries in a row that brought nothing new
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be different a moment later


class ModelLost(NightlatchError):
    """A model could not be downloaded, or arrived damaged."""


def fetch(
    model: Model,
    folder: Path,
    on_share: Callable[[float], None] = lambda share: None,
    *,
    pause_s: float = FIRST_PAUSE_S,
) -> Path:
    """The model's file, downloaded unless it is there. Whole and right, or not at all.

    `on_share` is told how much has arrived, 0 to 1; this falls back when a server cannot continue where it stopped.
    `pause_s` is the first pause between two tries; it doubles.

    Raises:
        ModelLost: the server cannot be reached, or the bytes do not match the hash; the text says what to do.
        ConfigError: the folder cannot be written.
    """
    if (found := find(model, folder)) is not None:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _partial(folder / f".{model.name}.part") as (partial, file):
            if (found := find(model, folder)) is not None:  # another process fetched it while we waited
                partial.unlink()
                return found
            _complete(model, _Download(model, partial, file, on_share), pause_s)
            partial.rename(folder / f"{model.name}.onnx")
        return folder / f"{model.name}.onnx"
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}. Set [hub] models_dir.") from None


@contextmanager
def _partial(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """What has arrived so far, open at its end and held by this process alone; an empty file is not left behind."""
    while True:
        file = path.open("a+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            break
        file.close()  # another process finished with it while we waited
    try:
        yield path, file
    finally:
        if path.exists() and path.stat().st_size == 0:
            path.unlink()
        if not path.exists():
            _tag(path).unlink(missing_ok=True)
        file.close()


def _tag(partial: Path) -> Path:
    return partial.with_suffix(".etag")


@dataclass(slots=True)
class _Download:
    """One model on its way."""

    model: Model
    partial: Path
    file: BinaryIO
    on_share: Callable[[float], None]

    @property
    def size(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def start_anew(self) -> None:
        """Throw away what has arrived."""
        self.file.truncate(0)
        _tag(self.partial).unlink(missing_ok=True)

    def go_on(self) -> None:
        """One request, from where we are. Raises `httpx.HTTPError`; what has arrived by then is kept."""
        asked = {"Accept-Encoding": "identity"}
        have = self.size
        if have:
            asked["Range"] = f"bytes={have}-"
            with suppress(FileNotFoundError):
                asked["If-Range"] = _tag(self.partial).read_text()
        with httpx.stream("GET", self.model.url, headers=asked, follow_redirects=True, timeout=TIMEOUT_S) as answer:
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                self.start_anew()
                return
            answer.raise_for_status()
            goes_on = answer.status_code == httpx.codes.PARTIAL_CONTENT
            if not goes_on or not answer.headers.get("content-range", "").startswith(f"bytes {have}-"):
                self.start_anew()
                if goes_on:
                    return  # another range than was asked for
            if (tag := answer.headers.get("etag", "")) and not tag.startswith("W/"):
                _tag(self.partial).write_text(tag)
            for piece in answer.iter_raw():
                self.file.write(piece)
                self.file.flush()
                self.on_share(min(1.0, self.size / self.model.bytes))
                if self.size > self.model.bytes:
                    return


def _complete(model: Model, coming: _Download, pause_s: float) -> None:
    """Ask until all of it is here, and right. Raises `ModelLost`."""
    before = best = coming.size
    in_vain, why = 0, "the server broke off"
    while coming.size < model.bytes:
        if in_vain == MOST_IN_VAIN:
            raise ModelLost(_what_to_do(model, why))
        if in_vain:
            threading.Event().wait(pause_s * 2 ** (in_vain - 1))
        try:
            coming.go_on()
            why = "the server broke off"
        except httpx.HTTPStatusError as error:
            why = f"{urlsplit(model.url).hostname} answered with status {error.response.status_code}"
            if error.response.status_code not in PASSING:
                raise ModelLost(_what_to_do(model, why)) from None
        except httpx.HTTPError as error:
            is_away = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            why = f"{urlsplit(model.url).hostname} cannot be reached from here" if is_away else "the server broke off"
        in_vain = 0 if coming.size > best else in_vain + 1
        best = max(best, coming.size)
    if coming.size != model.bytes or hash_of(coming.partial) != model.sha256:
        coming.start_anew()
        if before:  # the damage may lie in what an earlier run left
            return _complete(model, coming, pause_s)
        raise ModelLost(
            f"{model.name} arrived with the wrong bytes. It is not used and was thrown away. If this happens again, "
            f"download {model.url} by hand and run: nightlatch models fetch {model.name} --from FILE"
        )


def _what_to_do(model: Model, why: str) -> str:
    return (
        f"{model.name} could not be downloaded: {why}. What has arrived is kept; the next try "
        f"goes on from there. Without internet here: download {model.url} on another machine, bring the file, "
        f"and run: nightlatch models fetch {model.name} --from FILE"
    )
