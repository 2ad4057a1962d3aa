"""Switches of the owner: whether a road carries pictures, whether devices hear that the hub fell silent. All off."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError

NAME = "alerts.json"  # in the hub's folder
_writing = threading.Lock()  # all switches of a hub are in one file


class Switch:
    """One switch by its name, remembered in a file; anything that cannot be read means off."""

    def __init__(self, name: str, data_dir: Path | None = None) -> None:
        self._name = name
        self._file = data_dir / NAME if data_dir is not None else None
        self._is_on = self._read().get(name) is True

    @property
    def is_on(self) -> bool:
        """Whether it is on."""
        return self._is_on

    def turn(self, *, on: bool) -> None:
        """Switch it. Off takes effect at once, on only once it is remembered. Raises `ConfigError` when that fails."""
        self._is_on = self._is_on and on
        try:
            with _writing:
                if self._file is not None:
                    write_durably(self._file, json.dumps({**self._read(), self._name: on}).encode())
        except OSError as error:
            raise ConfigError(f"{self._file} cannot be written: {error.strerror}. Check the disk.") from None
        self._is_on = on

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_bytes()) if self._file is not None else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
