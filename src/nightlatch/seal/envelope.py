"""Bytes that are proven to be an age file, the only bytes that a store or the uplink takes.

The proof is of form, not of content: version line, recipient stanzas, MAC line, and a payload of at least a
nonce and one authenticated chunk (C2SP age, "Header" and "Payload"). No key is needed, and no library that could
decrypt.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.errors import NotSealed

VERSION_LINE = b"age-encryption.org/v1\n"
LONGEST_HEADER = 64 * 1024
_STANZA = re.compile(rb"-> [!-~]+(?: [!-~]+)*\Z")
_BODY = re.compile(rb"[A-Za-z0-9+/]{0,64}\Z")
_MAC = re.compile(rb"--- [A-Za-z0-9+/]{43}\Z")
NONCE_AND_TAG = 16 + 16


class Sealed(bytes):
    """An age file. The one door in is `Sealed(raw)`, which raises `NotSealed` for anything else."""

    __slots__ = ()

    def __new__(cls, raw: bytes) -> Sealed:
        header = header_length(raw)
        if len(raw) < header + NONCE_AND_TAG:
            raise NotSealed("This age file is cut short: it has a header and no payload.")
        return super().__new__(cls, raw)


@dataclass(frozen=True, slots=True)
class SealedFile:
    """An age file on a disk, by its form; `sha256` (hex) is what whoever wrote it counted. Raises `NotSealed`."""

    path: Path
    sha256: str
    size: int = field(init=False)

    def __post_init__(self) -> None:
        with self.path.open("rb") as file:
            header = header_length(file.read(LONGEST_HEADER))
            size = file.seek(0, io.SEEK_END)
        if size < header + NONCE_AND_TAG:
            raise NotSealed("This age file is cut short: it has a header and no payload.")
        object.__setattr__(self, "size", size)


def header_length(raw: bytes) -> int:
    """Length in bytes of the age header at the front of `raw`, its MAC line included.

    Raises:
        NotSealed: when `raw` does not begin with a well-formed age v1 header of at most 64 KiB.
    """
    if not raw.startswith(VERSION_LINE):
        raise NotSealed("These bytes are not an age file. Nightlatch stores and sends sealed bytes only.")
    at = len(VERSION_LINE)
    stanzas = 0
    body_open = False
    while True:
        end = raw.find(b"\n", at, LONGEST_HEADER)
        if end < 0:
            raise NotSealed("The header of this age file does not end.")
        line = raw[at:end]
        at = end + 1
        if body_open:
            if not _BODY.match(line):
                raise NotSealed("The header of this age file has a malformed recipient.")
            body_open = len(line) == 64
        elif line.startswith(b"---"):
            if not stanzas or not _MAC.match(line):
                raise NotSealed("The header of this age file has no recipient or a malformed MAC.")
            return at
        elif _STANZA.match(line):
            stanzas += 1
            body_open = True
        else:
            raise NotSealed("The header of this age file has a line that does not belong.")
