"""Models that are fetched: what they are, where they lie, and how they come, checked to the byte."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import httpx

from nightlatch.errors import ConfigError, NightlatchError, NotFound

PIECE = 64 * 1024
TIMEOUT_S = 30.0


class ModelLost(NightlatchError):
    """A model could not be fetched, or came damaged."""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of models.toml."""

    name: str
    url: str
    sha256: str
    bytes: int
    licence: str
    what: str


def known_models() -> dict[str, Model]:
    """Every model that can be fetched, by name."""
    told = tomllib.loads(files("nightlatch").joinpath("models.toml").read_text(encoding="utf-8"))
    return {name: Model(name=name, **entry) for name, entry in told.items()}


def models_folder(given: Path | None) -> Path:
    """`given`, else $NIGHTLATCH_MODELS, else the folder for caches of this account."""
    if given is not None:
        return given
    if named := os.environ.get("NIGHTLATCH_MODELS"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nightlatch" / "models"


def find(model: Model, folder: Path) -> Path | None:
    """The model's file in `folder` by its hash, whatever its name is; None when it is not there."""
    for path in sorted(folder.glob("*.onnx")) if folder.is_dir() else ():
        if path.stat().st_size == model.bytes and sha256(path.read_bytes()).hexdigest() == model.sha256:
            return path
    return None


def fetch(model: Model, folder: Path, on_share: Callable[[float], None] = lambda share: None) -> Path:
    """The model's file, fetched unless it is there. Whole and right, or not at all.

    Raises:
        ModelLost: no way to the server, or other bytes than the hash says.
        ConfigError: the folder cannot be written.
    """
    if (found := find(model, folder)) is not None:
        return found
    target = folder / f"{model.name}.onnx"
    partial = folder / f".{model.name}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest, size = sha256(), 0
        with (
            partial.open("wb") as file,
            httpx.stream("GET", model.url, follow_redirects=True, timeout=TIMEOUT_S) as answer,
        ):
            answer.raise_for_status()
            for piece in answer.iter_bytes(PIECE):
                size += len(piece)
                if size > model.bytes:
                    break
                digest.update(piece)
                file.write(piece)
                on_share(size / model.bytes)
        if size != model.bytes or digest.hexdigest() != model.sha256:
            raise ModelLost(f"{model.name} came with other bytes than it should have. It is not used.")
        partial.rename(target)
        return target
    except httpx.HTTPError:
        raise ModelLost(f"{model.name} could not be fetched. It is tried again at the next start.") from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}. Set [hub] models_dir.") from None
    finally:
        with suppress(OSError):  # what could not be written need not be taken away
            partial.unlink(missing_ok=True)


def need(name: str, folder: Path) -> Path:
    """The file of a model that must be there. Raises `NotFound` with what to do."""
    found = find(known_models()[name], folder)
    if found is None:
        raise NotFound(f"The model {name} is not on this machine. Fetch it: nightlatch models fetch {name}")
    return found
