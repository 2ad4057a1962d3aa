"""Models that are downloaded: what they are, where they are kept, and whether they are here, by hash."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError, NotFound

PIECE = 64 * 1024


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
    """Every model that can be downloaded, by name."""
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
        if is_it(model, path):
            return path
    return None


def is_it(model: Model, path: Path) -> bool:
    """Whether a file is this model, by size and SHA-256."""
    return path.is_file() and path.stat().st_size == model.bytes and hash_of(path) == model.sha256


def take(model: Model, given: Path, folder: Path) -> Path:
    """The model's file, copied into `folder` from a file or a folder that somebody brought here.

    Raises:
        NotFound: it is not there, or is another file.
        ConfigError: the folder cannot be written.
    """
    found = find(model, given) if given.is_dir() else given if is_it(model, given) else None
    if found is None:
        where = f"No file in {given} is" if given.is_dir() else f"{given} is not"
        raise NotFound(f"{where} {model.name}: its SHA-256 must be {model.sha256}. Download {model.url}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder / f"{model.name}.onnx", found.read_bytes())
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}. Set [hub] models_dir.") from None
    return folder / f"{model.name}.onnx"


def need(name: str, folder: Path) -> Path:
    """The file of a model that must be there. Raises `NotFound` with what to do."""
    found = find(known_models()[name], folder)
    if found is None:
        raise NotFound(f"The model {name} is not on this machine. Fetch it: nightlatch models fetch {name}")
    return found


def hash_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
