"""Signed notes (c2sp.org/signed-note): a text, and lines with signatures under it. Parse and format are inverses.

Two kinds of keys: Ed25519 over the text (0x01), and the timestamped cosignatures of witnesses (0x04,
c2sp.org/tlog-cosignature). Signatures by keys that are not asked about are left alone.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from nightlatch.errors import NightlatchError

ED25519 = 0x01
COSIGNATURE = 0x04
LONGEST = 1024 * 1024
MOST_SIGNATURES = 100
_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})\Z")
_NAME = re.compile(r"[^\s+]+\Z")
_SECRET = "PRIVATE+KEY+"


class NoteError(NightlatchError):
    """A note or a key that is malformed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One line: whose, and the bytes after the key's id (for witnesses: eight of time, then the signature)."""

    name: str
    id: bytes
    raw: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.id + self.raw).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and its signatures, none of them verified."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with a name, as `name+hash+base64`."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name, newline, kind, key)."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    def by(self, note: Note) -> list[Signature]:
        """The note's signatures that claim to be by this key."""
        return [each for each in note.signatures if each.name == self.name and each.id == self.id]

    def fits(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the 64 bytes of `signature` over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def signed(self, note: Note) -> bool:
        """Whether this key (0x01) signed the note's text."""
        return self.kind == ED25519 and any(self.fits(note.text.encode(), each.raw) for each in self.by(note))


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with a name. Its text form is a secret."""

    name: str
    kind: int
    key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Verifier(self.name, self.kind, public)

    def __repr__(self) -> str:
        return f"Signer({self.name})"

    def sign(self, text: str) -> Signature:
        """A signature (0x01) over a text."""
        return Signature(self.name, self.verifier.id, self.key.sign(text.encode()))

    def secret(self) -> str:
        """`PRIVATE+KEY+name+hash+base64`, to be kept in a file of mode 0600."""
        raw = self.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return f"{_SECRET}{self.name}+{self.verifier.id.hex()}+{b64encode(bytes([self.kind]) + raw).decode()}"


def make_signer(name: str, kind: int = ED25519) -> Signer:
    """A fresh key. Raises `NoteError` for a name with spaces or plus signs."""
    if not _NAME.match(name):
        raise NoteError("The name of a log or witness has no spaces and no plus signs, like example.org/log.")
    return Signer(name, kind, Ed25519PrivateKey.generate())


def read_verifier(text: str) -> Verifier:
    """Raises `NoteError` for anything but `name+hash+base64` with a hash that matches."""
    name, _, rest = text.strip().partition("+")
    wanted, _, coded = rest.partition("+")
    raw = _decode(coded)
    if not _NAME.match(name) or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
        raise NoteError("This is not the key of a log or witness. It looks like name+0123abcd+base64.")
    made = Verifier(name, raw[0], raw[1:])
    if made.id.hex() != wanted:
        raise NoteError(f"The key of {name} is damaged: its hash does not match. Copy it again.")
    return made


def read_signer(text: str) -> Signer:
    """The inverse of `Signer.secret`. Raises `NoteError`, which never shows the text."""
    name, _, rest = text.strip().removeprefix(_SECRET).partition("+")
    wanted, _, coded = rest.partition("+")
    raw = _decode(coded)
    if not text.startswith(_SECRET) or len(raw) != 33:
        raise NoteError("This is not a secret key of a log or witness.")
    made = Signer(name, raw[0], Ed25519PrivateKey.from_private_bytes(raw[1:]))
    if made.verifier.id.hex() != wanted:
        raise NoteError(f"The secret key of {name} is damaged: its hash does not match.")
    return made


def read_note(raw: bytes | str) -> Note:
    """Raises `NoteError` for bytes that are not a signed note."""
    try:
        whole = raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        raise NoteError("A signed note is UTF-8 text.") from None
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or len(whole) > LONGEST:
        raise NoteError("This is not a signed note: an empty line and signatures are missing.")
    if any(ord(each) < 0x20 and each != "\n" for each in whole):
        raise NoteError("A signed note has no control characters.")
    found = []
    for line in lines[:-1].split("\n"):
        match = _LINE.match(line)
        signed = _decode(match[2]) if match else b""
        if match is None or len(signed) < 5:
            raise NoteError("This signed note has a line that is not a signature.")
        found.append(Signature(match[1], signed[:4], signed[4:]))
    if len(found) > MOST_SIGNATURES:
        raise NoteError("This signed note has too many signatures.")
    return Note(text + "\n", tuple(found))


def _decode(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
