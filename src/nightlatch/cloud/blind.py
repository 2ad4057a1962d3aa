"""Keeps the cloud blind at run time too: whatever could decode a picture or open a seal cannot be imported here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

FORBIDDEN = (
    "av",
    "cv2",
    "numpy",
    "PIL",
    "onnxruntime",
    "aiortc",
    "pyrage",
    "nightlatch.pixels",
    "nightlatch.owner",
    "nightlatch.hub",
    "nightlatch.seal.identities",
    "nightlatch.seal.recipients",
)


def is_forbidden(name: str) -> bool:
    """Whether the module `name` is, or lies in, one that the cloud must not have."""
    return any(name == f or name.startswith(f"{f}.") for f in FORBIDDEN)


class _Guard(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if is_forbidden(fullname):
            raise ImportError(f"The cloud is blind: it must not import {fullname} (invariant 1).")
        return None


def install() -> None:
    """Refuse such imports from now on. Raises `ImportError` when one has happened already."""
    loaded = sorted(name for name in sys.modules if is_forbidden(name))
    if loaded:
        raise ImportError(f"The cloud is blind: {loaded[0]} is loaded already (invariant 1).")
    if not any(isinstance(finder, _Guard) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Guard())
