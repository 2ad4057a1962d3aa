"""Whether a road carries pictures: off until the owner switches it on, for that road alone."""

from __future__ import annotations

import json
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError

NAME = "alerts.json"  # in the hub's folder


class PictureSwitch:
    """One road's switch, remembered in a file; anything that cannot be read means off."""

    def __init__(self, road: str, data_dir: Path | None = None) -> None:
        self._road = road
        self._file = data_dir / NAME if data_dir is not None else None
        self._is_on = self._read().get(road) is True

    @property
    def is_on(self) -> bool:
        """Whether this road carries pictures."""
        return self._is_on

    def turn(self, *, on: bool) -> None:
        """Switch it. Off takes effect at once, on only once it is remembered. Raises `ConfigError` when that fails."""
        self._is_on = self._is_on and on
        try:
            if self._file is not None:
                write_durably(self._file, json.dumps({**self._read(), self._road: on}).encode())
        except OSError as error:
            raise ConfigError(f"{self._file} cannot be written: {error.strerror}. Check the disk.") from None
        self._is_on = on

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_bytes()) if self._file is not None else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
