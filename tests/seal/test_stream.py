"""A growing age file: no nonce twice, whole at every part, and the same bytes as everybody else's."""

from __future__ import annotations

import tempfile
import zlib
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import bech32
import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.errors import SealError
from nightlatch.seal import stream
from nightlatch.seal.envelope import Sealed, header_length
from nightlatch.seal.identities import Opener
from nightlatch.seal.stream import CHUNK, Chunks, NonceUsed, SealedStream, Tail, Text
from tests.seal.debian import AGE, age_opens

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "age" / "testdata"
KEY = str(pyrage.x25519.Identity.generate())
OPENER = Opener(KEY)


@dataclass
class Record:
    """Every (key, nonce) that sealed, with its text. Stands in for the primitive."""

    texts: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)

    def __call__(self, key: bytes) -> _Recorded:
        return _Recorded(self, key)


@dataclass
class _Recorded:
    record: Record
    key: bytes

    def encrypt(self, nonce: bytes, data: Text, associated_data: bytes | None) -> bytes:
        text = bytes(data)
        assert self.record.texts.setdefault((self.key, nonce), text) == text, "one nonce, two texts"
        return ChaCha20Poly1305(self.key).encrypt(nonce, data, associated_data)


def box(length: int, fill: int = 0) -> bytes:
    """An MP4 box, or less than one where `length` has no room for its head."""
    return (length.to_bytes(4, "big") + b"mdat").ljust(length, bytes([fill % 256]))[:length]


def ended(final: bytes, tail: Tail) -> list[bytes]:
    """What recovery makes of the final bytes and a tail."""
    return [part for part in (final + tail.end if tail.end else b"", tail.apart) if part]


def opened(files: list[bytes]) -> bytes:
    return b"".join(OPENER.open(Sealed(file)) for file in files)


def is_padded(text: bytes, padded: bytes) -> bool:
    """Whether `padded` is `text`, with at most one `free` box behind it."""
    rest = padded[len(text) :]
    head = len(rest).to_bytes(4, "big") + b"free"
    return padded.startswith(text) and rest in (b"", head.ljust(len(rest), b"\0"))


def grow(lengths: list[int]) -> Iterator[tuple[bytes, list[bytes]]]:
    """The text so far and the files after each part; at the end those of the finished stream."""
    record = Record()
    growing = SealedStream([OPENER.recipient], record)
    text = final = b""
    for number, length in enumerate(lengths):
        part = box(length, number)
        text += part
        final += b"".join(growing.add(part))
        yield text, ended(final, growing.tail())
    yield text, [final + b"".join(growing.finish())]


LENGTHS = st.one_of(
    st.lists(st.integers(1, 3 * CHUNK), min_size=1, max_size=12),
    st.lists(st.sampled_from([1, 7, 8, 9, CHUNK - 8, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]), min_size=1, max_size=12),
    st.lists(st.integers(1, 5_000_000), min_size=1, max_size=3),
    st.builds(lambda length, parts: [length] * parts, st.integers(1, 9000), st.integers(50, 200)),  # slow, for minutes
)


@settings(max_examples=60, deadline=None)
@given(LENGTHS)
def test_at_every_part_there_are_whole_files_with_all_of_the_text_and_no_nonce_seals_twice(lengths: list[int]) -> None:
    steps = list(grow(lengths))
    for text, files in steps[:-1]:
        assert opened(files) == text
        assert len(files) <= 2
        assert len(files) == 1 or len(text) > CHUNK
    text, files = steps[-1]
    assert is_padded(text, opened(files))
    assert len(opened(files)) - len(text) <= (CHUNK + 8 if len(text) > CHUNK else 0)


@pytest.mark.skipif(AGE is None, reason="Debian's age is not installed")
@settings(max_examples=12, deadline=None)
@given(LENGTHS)
def test_debians_age_opens_what_any_part_leaves(lengths: list[int]) -> None:
    steps = list(grow(lengths))
    some = steps[:: max(1, len(steps) // 3)] + steps[-1:]
    with tempfile.TemporaryDirectory() as folder:
        for text, files in some:
            got = b"".join(age_opens(Path(folder), KEY, file) for file in files)
            assert is_padded(text, got)


def test_a_chunk_that_sealed_one_end_refuses_another() -> None:
    chunks = Chunks(bytes(32), Record())
    assert chunks.end(b"one") == chunks.end(b"one")
    with pytest.raises(NonceUsed):
        chunks.end(b"two")
    chunks.add(bytes(CHUNK))  # the same counter without the flag is another nonce
    for counter, is_last in ((0, False), (0, True), (2, False), (2, True)):
        with pytest.raises(NonceUsed):
            chunks.seal(counter, bytes(CHUNK), is_last=is_last)
    assert chunks.end(b"two")


def test_a_chunk_whose_sealing_broke_off_is_not_sealed_again() -> None:
    class Broken:
        def __init__(self, key: bytes) -> None: ...

        def encrypt(self, nonce: bytes, data: Text, associated_data: bytes | None) -> bytes:
            raise MemoryError

    chunks = Chunks(bytes(32), Broken)
    with pytest.raises(MemoryError):
        chunks.add(bytes(CHUNK))
    with pytest.raises(NonceUsed):
        chunks.seal(0, bytes(CHUNK), is_last=False)


def test_every_file_has_keys_of_its_own() -> None:
    record = Record()
    for _ in range(5):
        growing = SealedStream([OPENER.recipient], record)
        for _ in range(3):
            growing.add(b"tiny")
            growing.tail()
        growing.finish()
    keys = [key for key, _ in record.texts]
    assert len(keys) == len(set(keys)) == 5 * (2 * 3)  # three tails each: a wrap and a chunk


def test_every_recipient_opens_it_also_a_tail_apart() -> None:
    openers = [Opener(str(pyrage.x25519.Identity.generate())) for _ in range(3)]
    growing = SealedStream([opener.recipient for opener in openers])
    final = b"".join(growing.add(box(CHUNK + 5)))
    growing.tail()
    final += b"".join(growing.add(box(9)))
    for opener in openers:
        files = ended(final, growing.tail())
        assert len(files) == 2
        assert b"".join(opener.open(Sealed(file)) for file in files) == box(CHUNK + 5) + box(9)


def test_nobody_and_nonsense_are_no_recipients() -> None:
    for recipients in ([], ["age1nonsense"], [KEY], ["age1" + "q" * 58]):
        with pytest.raises(SealError):
            SealedStream(recipients)


def test_a_recipient_of_low_order_is_refused() -> None:
    low = bech32.bech32_encode("age", bech32.convertbits(bytes(32), 8, 5) or [])
    with pytest.raises(SealError, match="not safe"):
        SealedStream([low])


# ---- the vectors of others --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vector:
    file_key: bytes
    identities: tuple[str, ...]
    raw: bytes
    payload_sha256: str


def read_vector(path: Path) -> Vector | None:
    """A file that opens and is not armoured."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    lines = [line.partition(": ")[::2] for line in head.decode().splitlines()]
    said = dict(lines)
    if said["expect"] != "success" or said.get("armored") == "yes":
        return None
    raw = zlib.decompress(raw) if said.get("compressed") == "zlib" else raw
    identities = tuple(value for name, value in lines if name == "identity")
    return Vector(bytes.fromhex(said["file key"]), identities, raw, said["payload"])


def stanzas_of(raw: bytes) -> list[bytes]:
    lines = raw[: header_length(raw)].splitlines(keepends=True)[1:-1]
    starts = [at for at, line in enumerate(lines) if line.startswith(b"-> ")]
    return [b"".join(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def made_again(vector: Vector, given_stanza: bytes) -> list[bytes]:
    """The stanza as we would make it for each of the vector's X25519 identities, with the same ephemeral key."""
    words = given_stanza.split(b"\n")[0].split(b" ")
    if words[1] != b"X25519":
        return []
    share, made = b64decode(words[2] + b"="), []
    for text in vector.identities:
        prefix, data = bech32.bech32_decode(text)
        if prefix == "age-secret-key-":
            secret = X25519PrivateKey.from_private_bytes(bytes(bech32.convertbits(data or [], 5, 8, False) or []))
            shared, public = stream.exchange(secret, share), secret.public_key().public_bytes_raw()
            made.append(stream.stanza(vector.file_key, share, shared, public, ChaCha20Poly1305))
    return made


def test_the_published_vectors_are_made_again_bit_for_bit() -> None:
    if not VECTORS.is_dir():
        pytest.skip("../shared/vectors/age is not here")
    vectors = [vector for path in sorted(VECTORS.iterdir()) if (vector := read_vector(path)) is not None]
    wrapped = 0
    for vector in vectors:
        stanzas = stanzas_of(vector.raw)
        wrapped += sum(each in made_again(vector, each) for each in stanzas)
        head = stream.header(stanzas, vector.file_key)
        assert vector.raw.startswith(head)
        nonce, payload = vector.raw[len(head) : len(head) + 16], vector.raw[len(head) + 16 :]
        key = stream.derive_payload_key(vector.file_key, nonce)
        sealed = [payload[at : at + CHUNK + 16] for at in range(0, len(payload), CHUNK + 16)]
        texts = [
            ChaCha20Poly1305(key).decrypt(stream.nonce(at, is_last=at == len(sealed) - 1), chunk, None)
            for at, chunk in enumerate(sealed)
        ]
        assert sha256(b"".join(texts)).hexdigest() == vector.payload_sha256
        chunks = Chunks(key, ChaCha20Poly1305)
        assert b"".join([*map(chunks.add, texts[:-1]), chunks.end(texts[-1])]) == payload
    assert len(vectors) == 19
    assert wrapped == 14  # the other five are for a passphrase or a post-quantum key
