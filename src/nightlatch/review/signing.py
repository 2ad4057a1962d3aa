"""An administrator's key in a file of their own, and what it signs."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from nightlatch.errors import ConfigError


def make_key(file: Path) -> Ed25519PrivateKey:
    """A new Ed25519 key in a file (PKCS #8 PEM) that only its owner may read. Raises `ConfigError` if it exists."""
    key = Ed25519PrivateKey.generate()
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{file} cannot be made: {error.strerror}. Name another file.") from None
    with os.fdopen(handle, "wb") as out:
        out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def read_key(file: Path) -> Ed25519PrivateKey:
    """The key in a file. Raises `ConfigError` when there is none."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{file} holds no key of ours. Make one: nightlatch programme key {file}.new") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{file} holds a key of another kind. Make one: nightlatch programme key {file}.new")
    return key
