"""Models that are not ours: what they are, where they are kept, and whether they are here, by hash."""

from __future__ import annotations

import os
import tomllib
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError, NotFound

PIECE = 64 * 1024
BESIDE = Path(__file__).parent  # where set-up puts what it takes out of packages


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of models.toml."""

    name: str
    url: str
    sha256: str
    bytes: int
    licence: str
    what: str
    file: str = ""  # of one that comes with set-up; others are downloaded and are called NAME.onnx

    @property
    def comes_with_set_up(self) -> bool:
        """Whether set-up takes it out of a package; if not, Nightlatch downloads it."""
        return bool(self.file)

    @property
    def file_name(self) -> str:
        """What it is called where it is kept."""
        return self.file or f"{self.name}.onnx"

    @property
    def how_to_get(self) -> str:
        """A sentence for somebody who lacks it."""
        if self.comes_with_set_up:
            return "It comes with set-up: run make models where there is internet."
        return f"Fetch it: nightlatch models fetch {self.name}"


def known_models() -> dict[str, Model]:
    """Every model in models.toml, by name."""
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
    """The model's file by its hash, in `folder` whatever its name is, or where set-up put it; None if it is nowhere."""
    beside = BESIDE / model.file
    if model.comes_with_set_up and is_it(model, beside):
        return beside
    ending = Path(model.file_name).suffix
    return next((path for path in sorted(folder.glob(f"*{ending}")) if is_it(model, path)), None)


def is_it(model: Model, path: Path) -> bool:
    """Whether a file is this model, by size and SHA-256."""
    return path.is_file() and path.stat().st_size == model.bytes and hash_of(path) == model.sha256


def take(model: Model, given: Path, folder: Path) -> Path:
    """The model's file, copied into `folder` from a file, a folder or a wheel that somebody brought here.

    Raises:
        NotFound: it is not there, or is another file.
        ConfigError: the folder cannot be written.
    """
    raw = bytes_of(model, given)
    if raw is None:
        where = f"No file in {given} is" if given.is_dir() else f"{given} is not"
        raise NotFound(f"{where} {model.name}: its SHA-256 must be {model.sha256}. Download {model.url}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder / model.file_name, raw)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}. Set [hub] models_dir.") from None
    return folder / model.file_name


def bytes_of(model: Model, given: Path) -> bytes | None:
    """The model out of its file, a folder with it, or a wheel that carries it; None when it is in none of these."""
    if given.is_dir():
        brought = (bytes_of(model, each) for each in sorted(given.iterdir()) if each.is_file())
        return next((raw for raw in brought if raw is not None), None)
    if is_it(model, given):
        return given.read_bytes()
    if not model.comes_with_set_up or given.suffix != ".whl" or not zipfile.is_zipfile(given):
        return None
    with zipfile.ZipFile(given) as wheel:
        for each in wheel.infolist():
            if each.file_size == model.bytes and each.filename.endswith(f"/{model.file}"):
                raw = wheel.read(each)
                return raw if sha256(raw).hexdigest() == model.sha256 else None
    return None


def need(name: str, folder: Path) -> Path:
    """The file of a model that must be there. Raises `NotFound` with what to do."""
    found = find(known_models()[name], folder)
    if found is None:
        raise NotFound(f"The model {name} is not on this machine. {known_models()[name].how_to_get}")
    return found


def hash_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
