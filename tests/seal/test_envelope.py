"""Only age files pass the door."""

from __future__ import annotations

import subprocess
import zlib
from collections import Counter
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.errors import NotSealed, SealError
from nightlatch.seal.envelope import Sealed, header_length
from nightlatch.seal.identities import Opener
from nightlatch.seal.padding import bucket, pad_jpeg, pad_json, pad_mp4
from nightlatch.seal.recipients import Sealer

KEY = pyrage.x25519.Identity.generate()
SEALER = Sealer([str(KEY.to_public())])
VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "age" / "testdata"


@given(st.binary(max_size=200_000))
def test_what_is_sealed_passes_and_opens(plaintext: bytes) -> None:
    assert Opener(str(KEY)).open(SEALER.seal(plaintext)) == plaintext


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00\x00\x00\x20ftypisom", b"\xff\xd8\xff\xe0JFIF", b"age-encryption.org/v1\n", b"{}"],
    ids=["nothing", "MP4", "JPEG", "header only", "JSON"],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(NotSealed):
        Sealed(raw)


def test_a_file_cut_inside_its_header_or_before_its_payload_is_refused() -> None:
    whole = SEALER.seal(b"a clip")
    header = header_length(whole)
    for cut in range(header + 31):
        with pytest.raises(NotSealed):
            Sealed(whole[:cut])


def test_a_file_cut_later_does_not_open() -> None:
    whole = SEALER.seal(b"a clip" * 50_000)
    for cut in (header_length(whole) + 40, len(whole) // 2, len(whole) - 1):
        with pytest.raises(SealError):
            Opener(str(KEY)).open(Sealed(whole[:cut]))


@given(st.binary(max_size=3000))
def test_the_door_never_breaks(noise: bytes) -> None:
    for raw in (noise, b"age-encryption.org/v1\n" + noise, b"age-encryption.org/v1\n-> X25519 " + noise):
        try:
            Sealed(raw)
        except NotSealed:
            continue


def test_another_household_cannot_open() -> None:
    with pytest.raises(SealError):
        Opener(str(pyrage.x25519.Identity.generate())).open(SEALER.seal(b"ours"))


@pytest.mark.services
def test_debians_age_opens_what_we_seal_and_the_other_way_round(tmp_path: Path) -> None:
    try:
        subprocess.run(["age", "--version"], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("Debian's age is not installed (see scripts/packages.txt)")
    (tmp_path / "key").write_text(str(KEY))
    (tmp_path / "ours.age").write_bytes(SEALER.seal(b"a clip" * 30_000))
    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "key", tmp_path / "ours.age"], capture_output=True, check=True
    )
    assert opened.stdout == b"a clip" * 30_000
    theirs = subprocess.run(
        ["age", "-r", str(KEY.to_public())], input=b"by age", capture_output=True, check=True
    ).stdout
    assert Opener(str(KEY)).open(Sealed(theirs)) == b"by age"


@pytest.mark.shared
def test_the_published_age_vectors_pass_the_door_by_their_form() -> None:
    """C2SP/CCTV age. What only a key can tell (a wrong MAC, a damaged chunk) is not the door's to see.

    Armoured files are refused: what we keep and send is binary.
    """
    if not VECTORS.is_dir():
        pytest.skip("../shared/vectors/age is not here")
    seen: Counter[tuple[str, str, bool]] = Counter()
    for path in sorted(VECTORS.iterdir()):
        head, _, body = path.read_bytes().partition(b"\n\n")
        says = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        if says.get("compressed") == "zlib":
            body = zlib.decompress(body)
        try:
            passed = Sealed(body) == body
        except NotSealed:
            passed = False
        seen["armoured" if says.get("armored") == "yes" else "binary", says["expect"], passed] += 1
    assert sum(seen.values()) == 143
    assert sum(count for (form, _, passed), count in seen.items() if form == "armoured" and passed) == 0
    assert (seen["binary", "success", True], seen["binary", "success", False]) == (19, 0)
    assert (seen["binary", "no match", True], seen["binary", "no match", False]) == (12, 0)
    assert seen["binary", "header failure", False] >= 21
    assert seen["binary", "payload failure", False] >= 3


@given(st.integers(1, 50_000_000))
def test_buckets_are_few_and_near(length: int) -> None:
    assert bucket(length) >= length
    assert bucket(length) <= max(4096, length * 1.12)
    assert bucket(bucket(length)) == bucket(length)


@given(st.binary(max_size=9000))
def test_padding_leaves_what_it_pads_in_front(content: bytes) -> None:
    for pad in (pad_mp4, pad_json, pad_jpeg):
        padded = pad(content)
        assert padded.startswith(content)
        assert len(padded) == bucket(len(padded))
    free = pad_mp4(content)[len(content) :]
    assert free == b"" or (free[4:8] == b"free" and int.from_bytes(free[:4], "big") == len(free))
