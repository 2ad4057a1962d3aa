"""Open sealed files with the owner's key. Few modules may import this; the import contract names them."""

from __future__ import annotations

from typing import BinaryIO

import pyrage

from nightlatch.errors import SealError
from nightlatch.seal.envelope import Sealed, SealedFile


class Opener:
    """Opens age files with one X25519 identity (`AGE-SECRET-KEY-1…`)."""

    def __init__(self, identity: str) -> None:
        """Raises `SealError` when `identity` is not an age secret key."""
        try:
            self._identity = pyrage.x25519.Identity.from_str(identity)
        except pyrage.IdentityError as error:
            raise SealError("That is not an age secret key (it should begin with AGE-SECRET-KEY-1).") from error
        self.recipient = str(self._identity.to_public())

    def open(self, sealed: Sealed) -> bytes:
        """The plaintext. Raises `SealError` when the file is for another key, damaged or cut short."""
        try:
            return bytes(pyrage.decrypt(bytes(sealed), [self._identity]))
        except pyrage.DecryptError as error:
            raise SealError("This file does not open: it is for another key, or it is damaged or cut short.") from error

    def open_into(self, sealed: SealedFile, plain: BinaryIO) -> None:
        """Write the plaintext of a file, piece by piece. Raises `SealError`; what was written then is worth nothing."""
        try:
            with sealed.path.open("rb") as file:
                pyrage.decrypt_io(file, plain, [self._identity])
        except (pyrage.DecryptError, OSError) as error:  # OSError: a chunk that was changed, or a torn end
            raise SealError("This file does not open: it is for another key, or it is damaged or cut short.") from error
