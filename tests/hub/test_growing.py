"""A segment that grows is whole after any stop: a kill between any two writes, a torn write, a power cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.recording import Part, Segment, Sheet
from nightlatch.errors import SealError
from nightlatch.hub.vault.files import Vault, is_disk_full
from nightlatch.hub.vault.layout import read_name
from nightlatch.hub.vault.recover import recover
from nightlatch.hub.vault.tails import SLOT, TailNote, pack, unpack
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from nightlatch.seal.stream import CHUNK
from tests.clocks import TestClock
from tests.seal.debian import AGE, age_opens

CAMERA = "0123456789ab"
T0 = 1_790_000_000_000
PART_MS = 800
KEY = str(pyrage.x25519.Identity.generate())
OPENER = Opener(KEY)
SEALER = Sealer([OPENER.recipient])
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # these disks are not synced to anything
Disk = dict[str, bytes]  # what lies in a camera's folder, by path


def box(length: int, fill: int) -> bytes:
    """One MP4 box, different from any other."""
    length = max(9, length)
    return length.to_bytes(4, "big") + b"mdat" + bytes([fill % 256]) * (length - 8)


def part(index: int, length: int, seq: int = 0) -> Part:
    return Part(CAMERA, T0 + index * PART_MS, PART_MS, index, box(length, index), seq)


def read_disk(vault: Path) -> Disk:
    camera = vault / CAMERA
    return {str(path.relative_to(camera)): path.read_bytes() for path in camera.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Found:
    """What recovery left: text, the times that the names tell, and nothing else."""

    text: bytes
    spans: tuple[tuple[int, int], ...]
    sealed: tuple[bytes, ...]

    @property
    def ended_ms(self) -> int:
        return self.spans[-1][1] if self.spans else T0


def recovered(disk: Disk) -> Found:
    """What a vault looks like when it was started again on this disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        vault = Path(folder)
        for name, content in disk.items():
            path = vault / CAMERA / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        recover(vault, lambda _: True)
        spans, sealed = list[tuple[int, int]](), list[bytes]()
        for path in sorted(path for path in vault.rglob("*") if path.is_file()):
            said = read_name(str(path.relative_to(vault)))
            assert said is not None, path
            assert said.is_continued == bool(spans)
            spans.append((said.began_ms, said.began_ms + said.duration_ms))
            sealed.append(path.read_bytes())
        assert all(one[1] == other[0] for one, other in pairwise(spans))
        return Found(b"".join(OPENER.open(Sealed(each)) for each in sealed), tuple(spans), tuple(sealed))


def without_padding(text: bytes, whole: bytes) -> bytes:
    """`text` without the free box that may stand behind all of `whole`."""
    rest = text[len(whole) :]
    is_free = rest == (len(rest).to_bytes(4, "big") + b"free").ljust(len(rest), b"\0")
    return whole if text.startswith(whole) and rest and is_free else text


@dataclass
class Grown:
    """The disk after each step of a segment: its parts, its end, and its settling."""

    steps: list[Disk]
    texts: list[bytes]


def grown(lengths: list[int], settle_every: int) -> Grown:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        vault = Vault(Path(folder), TestClock(fixed_ms=T0))
        steps, texts, text = [Disk()], [b""], b""
        for index, length in enumerate(lengths):
            vault.keep_part(part(index, length), SEALER)
            text += part(index, length).mp4
            if settle_every and index % settle_every == 0:
                assert vault.settle().files == ()
            steps.append(read_disk(vault.folder))
            texts.append(text)
        vault.keep_segment(Segment(CAMERA, 0, T0, len(lengths) * PART_MS, "avc1.640028"))
        steps.append(read_disk(vault.folder))
        (kept,) = vault.settle().files
        steps.append(read_disk(vault.folder))
        assert (vault.folder / kept.path).stat().st_size == kept.bytes
        return Grown(steps, [*texts, text, text])


def stops(before: Disk, after: Disk, at: float) -> Iterator[Disk]:
    """Disks as a kill leaves them on the way from one step to the next: chunks first, then the note."""
    opens = [name for name in after if name.endswith(".open") and after[name] != before.get(name)]
    with_chunks = before | {name: after[name] for name in opens}
    yield with_chunks
    for name in opens:
        there = len(before.get(name, b""))
        yield before | {name: after[name][: there + int(at * (len(after[name]) - there))]}
    tails, old = after.get("open.parts", b""), before.get("open.parts", b"")
    for start in range(0, len(tails), SLOT):
        note, stale = tails[start : start + SLOT], old[start : start + SLOT]
        if note != stale:
            torn = note[: int(at * len(note))] + stale[int(at * len(note)) :]
            yield with_chunks | {"open.parts": tails[:start] + torn + tails[start + SLOT :]}
    yield after


LENGTHS = st.one_of(
    st.lists(st.integers(9, 2 * CHUNK), min_size=1, max_size=7),
    st.lists(st.sampled_from([9, 500, CHUNK - 1, CHUNK, CHUNK + 1]), min_size=1, max_size=7),
    st.builds(lambda length, parts: [length] * parts, st.integers(9, 9000), st.integers(8, 20)),
)


@settings(max_examples=25, deadline=None)
@given(LENGTHS, st.integers(0, 3), st.floats(0.01, 0.99))
def test_a_kill_between_any_two_writes_costs_at_most_the_newest_part(
    lengths: list[int], settle_every: int, at: float
) -> None:
    segment = grown(lengths, settle_every)
    for number, (before, after) in enumerate(pairwise(segment.steps)):
        for disk in stops(before, after, at):
            found = recovered(disk)
            text = without_padding(found.text, segment.texts[number + 1])
            assert text in (segment.texts[number], segment.texts[number + 1])
            assert len(found.sealed) <= 2
            if disk is after:
                assert text == segment.texts[number + 1]
            index = segment.texts.index(text)
            assert found.ended_ms == T0 + index * PART_MS


@pytest.mark.skipif(AGE is None, reason="Debian's age is not installed")
@settings(max_examples=6, deadline=None)
@given(LENGTHS, st.floats(0.01, 0.99))
def test_debians_age_opens_all_that_a_kill_leaves(lengths: list[int], at: float) -> None:
    steps = grown(lengths, 1).steps
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        for before, after in list(pairwise(steps))[-3:]:
            for disk in stops(before, after, at):
                for sealed in recovered(disk).sealed:
                    assert age_opens(Path(folder), KEY, sealed)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(9, 2 * CHUNK), min_size=3, max_size=6), st.integers(0, 1 << 20))
def test_a_power_cut_that_kept_a_note_and_lost_its_chunks_falls_back_to_the_note_before(
    lengths: list[int], at: int
) -> None:
    segment = grown(lengths, 1)
    before, after = segment.steps[-4], segment.steps[-3]  # the newest part but the last one
    for name in [name for name in after if name.endswith(".open")]:
        old, new = len(before.get(name, b"")), after[name]
        block = (old + at % max(1, len(new) - old)) // 4096 * 4096
        if block < old or len(new) == old:
            continue  # the block was on the disk before
        lost = new[:block] + bytes(min(4096, len(new) - block)) + new[block + 4096 :]
        for content in (lost, new[:block]):
            assert recovered(after | {name: content}).text == segment.texts[-4]


def test_a_recovery_that_was_broken_off_is_done_again() -> None:
    segment = grown([100_000, 500, 500], 1)
    disk, text = segment.steps[-3], segment.texts[-3]
    whole = recovered(disk)
    assert whole.text == text
    assert len(whole.sealed) == 2
    (name,) = [name for name in disk if name.endswith(".open")]
    with_end = disk | {name: whole.sealed[0]}  # but not in its place
    day = "segments/20260921"
    with_rest = with_end | {f"{day}/{T0 + PART_MS}-{2 * PART_MS}-{name[1:5]}.p02.age": whole.sealed[1]}
    assert recovered(with_end) == whole
    again = recovered(with_rest)
    assert (again.text, again.spans) == (text, whole.spans)
    moved = {f"{day}/{T0}-{PART_MS}-{name[1:5]}.age": whole.sealed[0]}
    assert recovered({each: with_rest[each] for each in with_rest if each != name} | moved) == again


def test_the_disk_shows_nothing_of_a_segment_that_grows() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        vault = Vault(Path(folder), TestClock(fixed_ms=T0))
        for index, length in enumerate((50_000, 500, 150_000, 500)):
            vault.keep_part(part(index, length), SEALER)
            vault.keep_sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"mdat, as it were"), SEALER)
            disk = read_disk(vault.folder)
            assert "open.parts" in disk
            assert not any(b"mdat" in content or bytes([index]) * 16 in content for content in disk.values() if index)


def test_a_note_that_is_torn_or_stale_does_not_count() -> None:
    note = TailNote("beef", 7, 3, T0, T0 + 2400, T0 + 1600, 0, 70_000, b"end", b"apart")
    packed = pack(note)
    assert unpack(packed) == unpack(packed.ljust(SLOT, b"x")) == note
    for at in range(len(packed)):
        assert unpack(packed[:at]) is None
        assert unpack(packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :]) is None
    assert unpack(bytes(SLOT)) is None
    with pytest.raises(SealError):
        pack(TailNote("beef", 7, 3, T0, T0, T0, 0, 0, bytes(SLOT), b""))


# ---- with a disk that fails --------------------------------------------------------------------------------------


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, TestClock(fixed_ms=T0))


def kept(vault: Vault) -> list[bytes]:
    """What is in its place, opened."""
    paths = sorted(vault.folder.glob("*/segments/*/*.age"))
    return [OPENER.open(Sealed(path.read_bytes())) for path in paths]


def test_nothing_is_true_before_the_disk_has_it(vault: Vault) -> None:
    vault.keep_part(part(0, 200_000), SEALER)
    vault.keep_segment(Segment(CAMERA, 0, T0, PART_MS, "avc1.640028"))
    vault.keep_sheet(Sheet(CAMERA, T0, (T0, T0 + 4000), 5, 320, 180, b"jpeg"), SEALER)
    assert list(vault.folder.rglob("*.age")) == []
    told = vault.settle()
    assert sorted(each.path for each in told.files) == sorted(
        str(path.relative_to(vault.folder)) for path in vault.folder.rglob("*.age")
    )
    assert len(told.files) == 2
    assert vault.settle().files == ()


def test_two_segments_grow_at_once(vault: Vault) -> None:
    for index in range(3):
        vault.keep_part(part(index, 50_000, seq=0), SEALER)
    vault.keep_part(Part(CAMERA, T0 + 4000, PART_MS, 0, box(90_000, 77), 1), SEALER)
    vault.keep_part(part(3, 50_000, seq=0), SEALER)  # late sound
    vault.keep_segment(Segment(CAMERA, 0, T0, 4000, "avc1.640028"))
    vault.settle()
    vault.keep_segment(Segment(CAMERA, 1, T0 + 4000, PART_MS, "avc1.640028"))
    vault.settle()
    first = b"".join(part(index, 50_000).mp4 for index in range(4))
    assert [without_padding(text, first) for text in kept(vault)] == [first, box(90_000, 77)]


def test_what_grew_when_a_camera_stopped_becomes_whole_and_its_notes_go(vault: Vault) -> None:
    vault.keep_part(part(0, 100_000), SEALER)
    vault.keep_part(part(1, 100), SEALER)
    vault.release(CAMERA)
    (file,) = vault.settle().files
    assert [without_padding(text, text[:100_100]) for text in kept(vault)] == [part(0, 100_000).mp4 + part(1, 100).mp4]
    assert f"-{2 * PART_MS}-" in file.path
    assert [path.name for path in (vault.folder / CAMERA).iterdir()] == ["segments"]


def test_a_disk_that_refuses_a_name_is_heard_of_at_the_next_part_and_the_segment_is_kept_later(vault: Vault) -> None:
    blocked = vault.folder / CAMERA / "segments"
    vault.keep_part(part(0, 100_000), SEALER)
    blocked.touch()
    vault.keep_segment(Segment(CAMERA, 0, T0, PART_MS, "avc1.640028"))
    assert vault.settle().files == ()
    with pytest.raises(OSError, match="exists"):
        vault.keep_part(part(1, 100, seq=1), SEALER)
    assert vault.settle().files == ()
    blocked.unlink()
    assert len(vault.settle().files) == 1
    vault.keep_part(part(2, 100, seq=1), SEALER)  # all is well
    vault.release(CAMERA)
    vault.settle()
    assert kept(vault) == [part(0, 100_000).mp4, part(1, 100).mp4 + part(2, 100).mp4]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a small disk of its own needs root")
def test_a_full_disk_costs_the_parts_that_it_refused_and_heals_by_itself(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(tmp_path / "disk")]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        vault = Vault(tmp_path / "disk", TestClock(fixed_ms=T0))
        (tmp_path / "disk" / "other").write_bytes(bytes(900_000))
        refused = []
        for index in range(6):
            try:
                vault.keep_part(part(index, 150_000), SEALER)
            except OSError as error:
                refused.append((index, error))
            vault.settle()
        assert refused
        assert all(is_disk_full(error) for _, error in refused)
        (tmp_path / "disk" / "other").unlink()
        vault.settle()
        for index in range(6, 8):
            vault.keep_part(part(index, 50_000), SEALER)
        vault.keep_segment(Segment(CAMERA, 0, T0, 8 * PART_MS, "avc1.640028"))
        vault.settle()
        want = b"".join(part(i, 150_000 if i < 6 else 50_000).mp4 for i in range(8) if i not in dict(refused))
        assert b"".join(kept(vault)) == want
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "disk")], check=True)


def test_notes_that_cannot_be_wiped_keep_nothing_from_being_told_and_bring_nothing_back(vault: Vault) -> None:
    vault.keep_part(part(0, 100_000), SEALER)
    tails = vault.folder / CAMERA / "open.parts"
    handles = [int(path.name) for path in Path("/proc/self/fd").iterdir() if str(path.resolve()) == str(tails)]
    vault.keep_segment(Segment(CAMERA, 0, T0, PART_MS, "avc1.640028"))
    for handle in handles:  # from here on it can only be read
        only_read = os.open(tails, os.O_RDONLY)
        os.dup2(only_read, handle)
        os.close(only_read)
    assert handles
    assert len(vault.settle().files) == 1
    assert recover(vault.folder, lambda _: True).parts_saved == 0
    assert kept(vault) == [part(0, 100_000).mp4]


# ---- with an owner who deletes -----------------------------------------------------------------------------------


def test_what_grew_goes_with_the_cameras_footage_and_the_next_segment_is_kept(vault: Vault) -> None:
    vault.keep_part(part(0, 100_000), SEALER)
    shutil.rmtree(vault.folder / CAMERA)
    vault.keep_part(part(1, 100_000), SEALER)
    vault.keep_segment(Segment(CAMERA, 0, T0, 2 * PART_MS, "avc1.640028"))
    assert vault.settle().files == ()
    assert not (vault.folder / CAMERA).exists()
    vault.keep_part(Part(CAMERA, T0 + 4000, PART_MS, 0, box(90_000, 77), 1), SEALER)
    vault.keep_segment(Segment(CAMERA, 1, T0 + 4000, PART_MS, "avc1.640028"))
    assert len(vault.settle().files) == 1
    assert kept(vault) == [box(90_000, 77)]


def test_a_whole_segment_that_was_deleted_before_it_settled_stays_deleted(vault: Vault) -> None:
    vault.keep_part(part(0, 100_000), SEALER)
    vault.keep_segment(Segment(CAMERA, 0, T0, PART_MS, "avc1.640028"))
    shutil.rmtree(vault.folder / CAMERA)
    assert vault.settle().files == ()
    assert not (vault.folder / CAMERA).exists()
    vault.release(CAMERA)
    assert vault.settle().files == ()
