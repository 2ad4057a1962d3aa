"""Pad what leaves the home to size buckets, so that size says little (PURBs, Padmé: at most 12 % more).

Padding goes on before sealing, in the form that each format ignores: an MP4 `free` box, spaces after JSON,
bytes after a JPEG's end marker.
"""

from __future__ import annotations

SMALLEST_BUCKET = 4096
SMALLEST_BOX = 8  # the header of a box


def bucket(length: int) -> int:
    """The padded length for `length` bytes: Padmé (Nikitin et al., 2019, algorithm 1), at least 4 KiB."""
    if length <= SMALLEST_BUCKET:
        return SMALLEST_BUCKET
    exponent = length.bit_length() - 1
    kept_bits = exponent.bit_length()
    mask = (1 << (exponent - kept_bits)) - 1
    return (length + mask) & ~mask


def pad_mp4(mp4: bytes) -> bytes:
    """`mp4` with a `free` box behind it up to the next bucket."""
    total = bucket(len(mp4))
    while 0 < total - len(mp4) < SMALLEST_BOX:
        total = bucket(total + 1)
    filler = total - len(mp4)
    return mp4 if filler == 0 else mp4 + free_box(filler)


def free_box(length: int) -> bytes:
    """An MP4 box of `length` bytes that says nothing (ISO/IEC 14496-12, 8.1.2); at least `SMALLEST_BOX`."""
    return length.to_bytes(4, "big") + b"free" + bytes(length - SMALLEST_BOX)


def pad_json(json: bytes) -> bytes:
    """`json` with spaces behind it up to the next bucket."""
    return json.ljust(bucket(len(json)), b" ")


def pad_jpeg(jpeg: bytes) -> bytes:
    """`jpeg` with zero bytes behind its end marker up to the next bucket."""
    return jpeg.ljust(bucket(len(jpeg)), b"\0")
