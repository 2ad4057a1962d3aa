"""The owner's keys, derived exactly as the page derives them (see docs/threat-model.md, "Keys").

root (32 random bytes)  ── BIP-39 ──►  24 words on the recovery sheet
 ├─ HKDF "nightlatch age x25519 v1" ──►  age identity: opens what the hub sealed
 └─ HKDF "nightlatch ed25519 v1"    ──►  signing key: talks to the mailbox, consents
passphrase ── Argon2id ──►  HKDF "nightlatch wrap v1": wraps the root · HKDF "nightlatch login v1": proves it
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

import argon2.exceptions
import argon2.low_level
import bech32
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mnemonic import Mnemonic

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import SealError
from nightlatch.seal.identities import Opener

WRAP_AAD = b"nightlatch root v1"
MOST_MEMORY_KIB = 1024 * 1024
LONGEST_SHOWN = 12  # letters; the longest word of the list has eight
_WORDS = Mnemonic("english")


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"", info=info.encode()).derive(key)


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """Everything that follows from the 32-byte root."""

    root: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.root) != 32:
            raise SealError("An owner's root key has 32 bytes.")

    @classmethod
    def from_words(cls, text: str) -> OwnerKeys:
        """From the 24 words of a recovery sheet.

        Raises:
            SealError: names the first word that is not on the list, a wrong count, or a checksum that is wrong. What
                cannot be a misspelt word (a pasted key, say) is not repeated.
        """
        words = unicodedata.normalize("NFKC", text).lower().split()
        for number, word in enumerate(words, 1):
            if word not in _WORDS.wordlist:
                shown = f", “{word}”," if word.isalpha() and len(word) <= LONGEST_SHOWN else ""
                raise SealError(f"Word {number}{shown} is not on the list of recovery words. Check its spelling.")
        if len(words) != 24:
            raise SealError(f"A recovery sheet has 24 words; these are {len(words)}.")
        try:
            return cls(bytes(_WORDS.to_entropy(words)))
        except ValueError:
            raise SealError("These words do not belong together: one is wrong or two are swapped.") from None

    @property
    def words(self) -> str:
        """The 24 words, separated by spaces."""
        return str(_WORDS.to_mnemonic(self.root))

    @property
    def identity(self) -> str:
        """The age identity, `AGE-SECRET-KEY-1…` (c2sp.org/age)."""
        data = bech32.convertbits(_hkdf(self.root, "nightlatch age x25519 v1"), 8, 5) or []
        return str(bech32.bech32_encode("age-secret-key-", data)).upper()

    @property
    def recipient(self) -> str:
        """The public key that the hub seals to, `age1…`."""
        return Opener(self.identity).recipient

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(_hkdf(self.root, "nightlatch ed25519 v1"))

    @property
    def signing_public_b64(self) -> str:
        """b64 of the 32-byte Ed25519 public key."""
        return b64encode(self.signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (RFC 8032), 64 bytes."""
        return self.signing_key.sign(message)


def new_kdf() -> Kdf:
    """Parameters with a fresh salt, as the page makes them."""
    return Kdf("argon2id", m_kib=65536, t=3, p=1, salt=b64encode(secrets.token_bytes(16)).decode())


def derive(passphrase: str, kdf: Kdf | Mapping[str, object]) -> tuple[bytes, bytes]:
    """(wrap key, login key), 32 bytes each, from a passphrase (Argon2id, then HKDF); `kdf` may be as JSON has it.

    Raises:
        SealError: parameters that are not Argon2id within reason.
    """
    if isinstance(kdf, Mapping):
        kdf = Kdf.read(json.dumps(dict(kdf)))
    try:
        salt = b64decode(kdf.salt, validate=True)
    except ValueError:
        raise SealError("The household's key parameters are damaged.") from None
    if kdf.m_kib > MOST_MEMORY_KIB or kdf.t > 64 or kdf.p > 16 or len(salt) < 8:
        raise SealError("The household's key parameters are not ones that Nightlatch makes.")
    try:
        stretched = argon2.low_level.hash_secret_raw(
            unicodedata.normalize("NFKC", passphrase).encode(),
            salt,
            time_cost=kdf.t,
            memory_cost=kdf.m_kib,
            parallelism=kdf.p,
            hash_len=32,
            type=argon2.low_level.Type.ID,
        )
    except (argon2.exceptions.HashingError, OverflowError):
        raise SealError("The household's key parameters are not ones that Argon2id accepts.") from None
    return _hkdf(stretched, "nightlatch wrap v1"), _hkdf(stretched, "nightlatch login v1")


def wrap(root: bytes, wrap_key: bytes, nonce: bytes | None = None) -> str:
    """The root under the wrap key: b64(nonce || AES-256-GCM). `nonce` is for test vectors only."""
    nonce = nonce or secrets.token_bytes(12)
    return b64encode(nonce + AESGCM(wrap_key).encrypt(nonce, root, WRAP_AAD)).decode()


def unwrap(wrapped: str, wrap_key: bytes) -> bytes:
    """The root. Raises `SealError` when the passphrase is wrong or the bytes are damaged."""
    try:
        raw = b64decode(wrapped, validate=True)
        return AESGCM(wrap_key).decrypt(raw[:12], raw[12:], WRAP_AAD)
    except (InvalidTag, ValueError):
        raise SealError("That is not the passphrase of this household.") from None
