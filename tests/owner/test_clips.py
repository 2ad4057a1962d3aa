"""Clips opened by hand: every part held against the manifest, and what is missing said plainly."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from nightlatch.domain.recording import Part, Segment
from nightlatch.errors import NotFound, SealError
from nightlatch.hub.serve.books.records import CameraRow, HubTables
from nightlatch.owner.clips import Gap, clip_folders, folder_fetch, open_clip, open_file, read_manifest
from nightlatch.owner.keys import OwnerKeys
from nightlatch.seal.identities import Opener
from nightlatch.seal.recipients import Sealer
from nightlatch.web.mailbox import MailboxClient
from tests.clocks import TestClock
from tests.cloud.clouds import running
from tests.hub.keeping import Keeping, manifest

CAMERA = "0123456789ab"
T0 = 1_790_000_000_000
KEYS = OwnerKeys(bytes(range(32)))
OPENER = Opener(KEYS.identity)
SEALER = Sealer([KEYS.recipient])
PLAIN = [f"part {index} ".encode() * 700 for index in range(4)]


@pytest.fixture
def hub_data(tmp_path: Path) -> Path:
    """A data folder with one segment and one clip of four parts, written by the hub's own vault."""
    engine = create_engine(f"sqlite:///{tmp_path}/hub.db")
    HubTables.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add(CameraRow(id=CAMERA, name="porch", url="x", created_ms=T0))
    keeping = Keeping(tmp_path, engine, SEALER, TestClock(fixed_ms=T0))
    keeping.segment(Segment(CAMERA, 0, T0, 4000, "avc1.640028"), b"a segment")
    clip = keeping.begin("c" * 16, replace(manifest(CAMERA, T0 + 1500, T0, camera_name="porch"), audio="aac"))
    for index, plain in enumerate(PLAIN):
        keeping.part(clip, Part(CAMERA, T0 + index * 1000, 1000, index, plain))
    keeping.close(clip)
    engine.dispose()
    return tmp_path


@pytest.fixture
def folder(hub_data: Path) -> Path:
    return next(iter(clip_folders(hub_data).values()))


def test_clips_are_found_and_named_without_a_database(hub_data: Path) -> None:
    for file in hub_data.glob("hub.db*"):
        file.unlink()
    ((clip, folder),) = clip_folders(hub_data).items()
    assert folder.name == clip
    manifest = read_manifest(folder_fetch(folder), OPENER)
    assert (manifest.camera_name, manifest.began_ms, manifest.onset_ms, manifest.ended_ms) == (
        "porch",
        T0,
        T0 + 1500,
        T0 + 4000,
    )
    assert manifest.suffix == ".mp4"


def test_the_parts_come_back_in_order(folder: Path) -> None:
    fetch = folder_fetch(folder)
    opened = list(open_clip(fetch, OPENER, read_manifest(fetch, OPENER)))
    assert [piece[: len(plain)] for piece, plain in zip(opened, PLAIN, strict=True)] == PLAIN


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def cut_to_its_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:180])


def swap(path: Path) -> None:
    """Another part, sealed to the same owner: it opens, but it is not what was recorded."""
    path.write_bytes(SEALER.seal(b"another picture"))


def turn_a_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (remove, NotFound, "Part 3 of 4 is missing"),
        (cut, SealError, "Part 3 of 4 is not the one"),
        (cut_to_its_header, SealError, "Part 3 of 4 is cut short"),
        (swap, SealError, "Part 3 of 4 is not the one"),
        (turn_a_bit, SealError, "Part 3 of 4 is not the one"),
    ],
)
def test_a_damaged_part_is_named_and_can_be_left_out(
    folder: Path, damage: Callable[[Path], None], error: type[Exception], says: str
) -> None:
    damage(folder / "part-0002.age")
    fetch = folder_fetch(folder)
    manifest = read_manifest(fetch, OPENER)
    with pytest.raises(error, match=f"{says}.*--partial"):
        list(open_clip(fetch, OPENER, manifest))
    gaps: list[Gap] = []
    opened = b"".join(open_clip(fetch, OPENER, manifest, partial=True, on_gap=gaps.append))
    assert [plain in opened for plain in PLAIN] == [True, True, False, True]
    assert [gap.number for gap in gaps] == [3]
    assert gaps[0].why.startswith(says)


def test_without_its_first_part_a_clip_is_refused_even_in_part(folder: Path) -> None:
    (folder / "part-0000.age").unlink()
    fetch = folder_fetch(folder)
    with pytest.raises(NotFound, match="cannot be played without it"):
        list(open_clip(fetch, OPENER, read_manifest(fetch, OPENER), partial=True))


def test_another_household_opens_nothing(folder: Path) -> None:
    stranger = Opener(OwnerKeys(secrets.token_bytes(32)).identity)
    with pytest.raises(SealError, match="another key"):
        read_manifest(folder_fetch(folder), stranger)
    with pytest.raises(SealError):
        open_file(folder / "part-0001.age", stranger)


@pytest.mark.parametrize("told", [b"", b"[]", b"null", b"{}", b'{"parts": 3}', b"[" * 100_000, b"\xff"])
def test_a_manifest_that_we_did_not_write_is_refused(told: bytes) -> None:
    sealed = SEALER.seal(told)
    with pytest.raises(SealError, match="not one that Nightlatch wrote"):
        read_manifest(lambda _: sealed, OPENER)


def test_a_single_file_opens_and_a_wrong_one_is_refused(hub_data: Path) -> None:
    segment = next(hub_data.glob("vault/*/segments/*/*.age"))
    assert open_file(segment, OPENER) == b"a segment"
    (hub_data / "note.age").write_bytes(b"not sealed")
    with pytest.raises(SealError):
        open_file(hub_data / "note.age", OPENER)
    with pytest.raises(NotFound, match="is missing"):
        open_file(hub_data / "nothing.age", OPENER)
    with pytest.raises(NotFound, match="cannot be read"):
        open_file(hub_data, OPENER)


def test_a_clip_opens_from_the_mailbox_without_the_hub(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path / "cloud", TestClock()) as cloud:
        cloud.owner = KEYS.signing_key
        assert cloud.enrol().status_code == 201
        for path in folder.glob("*.age"):
            if path.stem != "part-0003":  # the hub was taken before the last part left
                assert cloud.put(path.stem, path.read_bytes(), clip=folder.name).status_code == 201
        client = MailboxClient(cloud.url, KEYS.signing_key)
        assert [held.clip for held in client.clips()] == [folder.name]
        fetch = functools.partial(client.get, folder.name)
        manifest = read_manifest(fetch, OPENER)
        with pytest.raises(NotFound, match="Part 4 of 4 is missing"):
            list(open_clip(fetch, OPENER, manifest))
        opened = b"".join(open_clip(fetch, OPENER, manifest, partial=True))
    assert [plain in opened for plain in PLAIN] == [True, True, True, False]
