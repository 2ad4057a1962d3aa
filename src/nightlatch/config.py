"""One TOML file, every key optional, unknown keys refused.

    [hub]      see nightlatch.hub.settings.HubSettings
    [cloud]    see nightlatch.cloud.settings.CloudSettings
    [review]   see nightlatch.review.settings.ReviewSettings
    [keeper]   see nightlatch.keeper.settings.KeeperSettings

Search order: `--config`, `$NIGHTLATCH_CONFIG`, `./nightlatch.toml`. No file at all is fine.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from nightlatch.errors import ConfigError

SECTIONS = ("hub", "cloud", "review", "keeper")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Config:
    """The parsed file; each program reads its own section."""

    path: Path | None
    sections: Mapping[str, Mapping[str, Any]]

    def section(self, name: str, model: type[Model], **given: Any) -> Model:
        """The settings of one program; `given` (from the command line, None = not given) wins over the file.

        Raises:
            ConfigError: an unknown key or a value out of range, with its name and what is wrong.
        """
        values = {**self.sections.get(name, {}), **{k: v for k, v in given.items() if v is not None}}
        try:
            return model.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(
                f"[{name}] {'.'.join(str(p) for p in e['loc'])}: "
                + ("there is no such setting" if e["type"] == "extra_forbidden" else e["msg"])
                for e in error.errors(include_url=False, include_input=False)
            )
            raise ConfigError(f"{self.path or 'The settings'} cannot be used. {faults}.") from None


def load(path: Path | None = None) -> Config:
    """Read the file, if there is one.

    Raises:
        ConfigError: a named file that is missing, is not TOML, or has an unknown section.
    """
    named = path or (Path(env) if (env := os.environ.get("NIGHTLATCH_CONFIG")) else None)
    found = named or Path("nightlatch.toml")
    if not found.is_file():
        if named is not None:
            raise ConfigError(f"There is no file {named}. Create it, or leave out --config to use the defaults.")
        return Config(None, {})
    try:
        content = tomllib.loads(found.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found} is not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigError(f"{found} cannot be read: {error.strerror}.") from None
    for name, value in content.items():
        if name not in SECTIONS or not isinstance(value, dict):
            known = ", ".join(f"[{s}]" for s in SECTIONS)
            raise ConfigError(f"{found}: “{name}” is not a section that Nightlatch knows. It knows {known}.")
    return Config(found, content)
