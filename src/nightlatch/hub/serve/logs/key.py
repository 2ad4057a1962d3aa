"""The key with which this hub cosigns logs."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from nightlatch.durably import write_durably
from nightlatch.seal.note import COSIGNATURE, Signer, make_signer, read_signer


def witness_key(data_dir: Path) -> Signer:
    """The key with which this hub cosigns, made at first use. Its name says nothing about the household."""
    path = data_dir / "witness.key"
    if not path.exists():
        made = make_signer("nightlatch.hub/new", COSIGNATURE)
        name = f"nightlatch.hub/{sha256(made.verifier.public).hexdigest()[:8]}"
        write_durably(path, replace(made, name=name).secret().encode())
    return read_signer(path.read_text())
