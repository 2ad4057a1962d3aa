"""Files of a built page, and of nothing beside it."""

from __future__ import annotations

from pathlib import Path


def built_file(folder: Path, path: str) -> Path | None:
    """The file at `path` in `folder`; None when there is none, or when the path leads out of it."""
    try:
        file = (folder / path).resolve()
        return file if path and file.is_file() and file.is_relative_to(folder.resolve()) else None
    except (ValueError, OSError):  # a name that no file system takes: too long, or with a zero byte
        return None
