"""Seal to public keys. The hub holds recipients only, so it cannot open what it wrote."""

from __future__ import annotations

from collections.abc import Sequence

import pyrage

from nightlatch.errors import SealError
from nightlatch.seal.envelope import Sealed


class Sealer:
    """Seals bytes to every X25519 recipient (`age1…`) of the household."""

    def __init__(self, recipients: Sequence[str]) -> None:
        """Raises `SealError` when there is no recipient or one is not an age X25519 public key."""
        if not recipients:
            raise SealError("There is nobody to seal for: the household has no key yet.")
        self.recipients = tuple(recipients)
        try:
            self._keys = [pyrage.x25519.Recipient.from_str(r) for r in self.recipients]
        except pyrage.RecipientError as error:
            raise SealError("That is not an age public key (it should begin with age1).") from error

    def seal(self, plaintext: bytes) -> Sealed:
        """One age file of `plaintext`."""
        return Sealed(pyrage.encrypt(plaintext, self._keys))
