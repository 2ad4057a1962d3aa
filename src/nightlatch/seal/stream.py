"""An age file that is written while its text grows (c2sp.org/age, "X25519 recipient" and "Payload"). Seals only.

An age file is a header and chunks of 64 KiB, each sealed under a counter and a flag that marks the last one. A full
chunk is final as soon as more text follows it, so it can be written at once. Where the text might end, `tail` says how
the file would.

Guarantees
- One nonce of one key never seals two different texts: `Chunks` refuses (ChaCha20-Poly1305 would give both texts away,
  and let others forge). So a second tail in the same chunk is an age file of its own, with keys of its own, and a file
  that ends in a chunk that was a tail with less text in it is padded past that chunk.
- The file key and everything made from it live as long as the stream, in memory only.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import bech32
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nightlatch.errors import SealError
from nightlatch.seal.envelope import VERSION_LINE
from nightlatch.seal.padding import SMALLEST_BOX, free_box

CHUNK = 64 * 1024


class NonceUsed(SealError):
    """A nonce was about to seal a second text. Never happens; if it does, nothing is sealed."""


Text = bytes | memoryview


class Aead(Protocol):
    """The one primitive that seals; tests put one in that keeps a record."""

    def encrypt(self, nonce: bytes, data: Text, associated_data: bytes | None) -> bytes:
        """Text and tag."""


NewAead = Callable[[bytes], Aead]  # from a key of 32 bytes


class Chunks:
    """The chunks of one payload, and the only place that seals under its key: no nonce twice for different texts."""

    def __init__(self, payload_key: bytes, new_aead: NewAead) -> None:
        self._aead = new_aead(payload_key)
        self.counter = 0  # of the chunk that is being filled
        self._ended: tuple[int, bytes, bytes] | None = None  # counter, text and chunk of the newest end

    def can_end_with(self, text: Text) -> bool:
        """Whether the payload may end here with `text`: no end of this counter had another one."""
        return self._ended is None or self._ended[0] < self.counter or self._ended[1] == text

    def add(self, text: Text) -> bytes:
        """Seal a full chunk that others follow. Raises `NonceUsed`."""
        return self.seal(self.counter, text, is_last=False)

    def end(self, text: bytes) -> bytes:
        """Seal what would be the last chunk; more may still follow it in the same place. Raises `NonceUsed`."""
        return self.seal(self.counter, text, is_last=True)

    def seal(self, counter: int, text: Text, *, is_last: bool) -> bytes:
        """Seal one chunk. The same end again gives the very same bytes.

        Raises:
            NonceUsed: this counter has sealed another text, or may have.
        """
        if is_last and self._ended is not None and self._ended[:2] == (counter, text):
            return self._ended[2]
        if counter != self.counter or (is_last and not self.can_end_with(text)):
            raise NonceUsed("A chunk would have been sealed under a nonce that was used. Nothing was written.")
        if len(text) > CHUNK or (not is_last and len(text) != CHUNK):
            raise SealError("A chunk holds 64 KiB; only the last one may hold less.")
        if not is_last:
            self.counter += 1  # first: whatever fails below, this nonce is not used again
        sealed = self._aead.encrypt(nonce(counter, is_last=is_last), text, None)
        if is_last:
            self._ended = counter, bytes(text), sealed
        return sealed


@dataclass(frozen=True, slots=True)
class Tail:
    """How a growing file would end now.

    `end` is its last chunk, to be put behind the final ones, and `apart` an age file of its own with the text that came
    after. When no chunk is final yet, `apart` is the whole file and `end` is empty.
    """

    end: bytes
    apart: bytes
    apart_from: int  # where the text of `apart` begins: a sum of lengths that were given to `add`


class SealedStream:
    """One age file in the making. Its text is an MP4 of whole boxes wherever `tail` or `finish` is called."""

    def __init__(self, recipients: Sequence[str], new_aead: NewAead = ChaCha20Poly1305) -> None:
        """Raises `SealError` when there is no recipient or one is not an age X25519 public key."""
        self._keys = tuple(read_recipient(each) for each in recipients)
        if not self._keys:
            raise SealError("There is nobody to seal for: the household has no key yet.")
        self._new_aead = new_aead
        self._head, self._chunks = self._begin()
        self._rest = b""  # text of the chunk that is being filled
        self._length = 0  # of the text so far
        self._end, self._ended_at = b"", 0  # the newest end of this payload, and the length of its text
        self._tail: tuple[int, Tail] | None = None  # the newest, and the length it was for

    def add(self, text: bytes) -> list[bytes]:
        """Take more text; what is final of the file now, in pieces: larger ones cost page faults."""
        self._length += len(text)
        final: list[bytes] = []
        rest, view = self._rest, memoryview(text)
        while len(rest) + len(view) > CHUNK:
            if self._chunks.counter == 0:
                final.append(self._head)
            room = CHUNK - len(rest)
            final.append(self._chunks.add(rest + view[:room] if rest else view[:room]))
            rest, view = b"", view[room:]
        self._rest = rest + view
        return final

    def tail(self) -> Tail:
        """How the file would end here."""
        if self._tail is None or self._tail[0] != self._length:
            self._tail = self._length, self._new_tail()
        return self._tail[1]

    def finish(self) -> list[bytes]:
        """The rest of the file, in pieces. The stream is over."""
        tail = self.tail()
        if not tail.end or not tail.apart:
            return [tail.end or tail.apart]
        padded = self.add(free_box(max(SMALLEST_BOX, CHUNK + 1 - len(self._rest))))
        return [*padded, self._chunks.end(self._rest)]

    def _new_tail(self) -> Tail:
        is_small = self._chunks.counter == 0
        if self._chunks.can_end_with(self._rest):
            self._end, self._ended_at = self._chunks.end(self._rest), self._length
            return Tail(b"", self._head + self._end, 0) if is_small else Tail(self._end, b"", self._length)
        if is_small:
            return Tail(b"", self._apart(self._rest), 0)
        after = len(self._rest) - (self._length - self._ended_at)
        return Tail(self._end, self._apart(self._rest[after:]), self._ended_at)

    def _apart(self, text: bytes) -> bytes:
        """An age file of its own: another file key, another payload key."""
        head, chunks = self._begin()
        return head + chunks.end(text)

    def _begin(self) -> tuple[bytes, Chunks]:
        file_key, payload_nonce = os.urandom(16), os.urandom(16)
        stanzas = [self._wrap(file_key, each) for each in self._keys]
        payload_key = derive_payload_key(file_key, payload_nonce)
        return header(stanzas, file_key) + payload_nonce, Chunks(payload_key, self._new_aead)

    def _wrap(self, file_key: bytes, recipient: bytes) -> bytes:
        ephemeral = X25519PrivateKey.generate()
        shared = exchange(ephemeral, recipient)
        return stanza(file_key, ephemeral.public_key().public_bytes_raw(), shared, recipient, self._new_aead)


def nonce(counter: int, *, is_last: bool) -> bytes:
    """Of a chunk: eleven bytes of counter, one of flag."""
    return counter.to_bytes(11, "big") + bytes([is_last])


def exchange(ephemeral: X25519PrivateKey, recipient: bytes) -> bytes:
    """The shared secret. Raises `SealError` for a recipient that is a point of low order."""
    try:
        return ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    except ValueError as error:  # the secret would be all zeros
        raise SealError("That age public key is not safe to seal to.") from error


def stanza(file_key: bytes, share: bytes, shared: bytes, recipient: bytes, new_aead: NewAead) -> bytes:
    """The file key, wrapped for one recipient. `share` is the ephemeral public key, `shared` the exchanged secret."""
    wrap_key = _hkdf(shared, salt=share + recipient, info=b"age-encryption.org/v1/X25519")
    body = _base64(new_aead(wrap_key).encrypt(bytes(12), file_key, None))
    return b"-> X25519 " + _base64(share) + b"\n" + body + b"\n"  # 43 characters: one line


def header(stanzas: Sequence[bytes], file_key: bytes) -> bytes:
    """Version line, stanzas and MAC line."""
    text = VERSION_LINE + b"".join(stanzas) + b"---"
    mac = hmac.HMAC(_hkdf(file_key, salt=b"", info=b"header"), hashes.SHA256())
    mac.update(text)
    return text + b" " + _base64(mac.finalize()) + b"\n"


def derive_payload_key(file_key: bytes, payload_nonce: bytes) -> bytes:
    """The key of a payload's chunks."""
    return _hkdf(file_key, salt=payload_nonce, info=b"payload")


@lru_cache(maxsize=64)
def read_recipient(text: str) -> bytes:
    """The 32 bytes of an `age1…` key. Raises `SealError`."""
    prefix, data = bech32.bech32_decode(text)
    raw = bech32.convertbits(data, 5, 8, False) if prefix == "age" and data is not None else None
    if raw is None or len(raw) != 32:
        raise SealError("That is not an age public key (it should begin with age1).")
    return bytes(raw)


def _hkdf(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)


def _base64(raw: bytes) -> bytes:
    return b64encode(raw).rstrip(b"=")
