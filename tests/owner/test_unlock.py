"""Where the owner's key comes from, what is said when it does not, and that Debian's age takes what is exported."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from nightlatch.errors import ConfigError, NotFound, SealError
from nightlatch.owner.keys import OwnerKeys, derive, new_kdf, wrap
from nightlatch.owner.unlock import export_key, keys_from_file, keys_from_passphrase, opener_from_file
from nightlatch.seal.recipients import Sealer

KEYS = OwnerKeys(bytes(range(32)))
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def household() -> tuple[str, str]:
    """(kdf, wrapped_root) as the page makes them."""
    kdf = new_kdf()
    return kdf.write(), wrap(KEYS.root, derive(PASSPHRASE, kdf)[0])


def hub_in(folder: Path, household: tuple[str, str] | None) -> Path:
    folder.mkdir(parents=True)
    index = sqlite3.connect(folder / "hub.db")
    index.execute("pragma journal_mode=wal")
    index.execute("create table households (kdf text, wrapped_root text)")
    if household:
        index.execute("insert into households values (?, ?)", household)
    index.commit()
    index.close()
    return folder


@pytest.mark.services
@pytest.mark.skipif(shutil.which("age") is None, reason="Debian's age is not installed")
def test_debians_age_opens_with_the_exported_key(tmp_path: Path) -> None:
    export_key(KEYS, tmp_path / "key.txt")
    plain = secrets.token_bytes(200_000)
    (tmp_path / "part-0000.age").write_bytes(Sealer([KEYS.recipient]).seal(plain))
    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "key.txt", tmp_path / "part-0000.age"], capture_output=True, check=True
    )
    assert opened.stdout == plain


def test_an_exported_key_is_private_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    export_key(KEYS, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert opener_from_file(path).recipient == KEYS.recipient
    written = path.read_bytes()
    with pytest.raises(ConfigError, match="already exists"):
        export_key(OwnerKeys(bytes(32)), path)
    assert path.read_bytes() == written
    with pytest.raises(ConfigError, match="cannot be written"):
        export_key(KEYS, tmp_path / "no such folder" / "key.txt")


@pytest.mark.parametrize(
    "text",
    [
        KEYS.words,
        KEYS.words.upper().replace(" ", "\n"),
        "# my sheet\n" + KEYS.words,
        "Recovery sheet\n\n" + "\n".join(f"{n}. {word}" for n, word in enumerate(KEYS.words.split(), 1)),
        "\r\n".join(f" {n:2} {word}" for n, word in enumerate(KEYS.words.split(), 1)),
    ],
)
def test_a_file_with_the_words_gives_all_keys(tmp_path: Path, text: str) -> None:
    (tmp_path / "words.txt").write_text(text)
    assert keys_from_file(tmp_path / "words.txt").root == KEYS.root
    assert opener_from_file(tmp_path / "words.txt").recipient == KEYS.recipient


def test_an_age_key_cannot_sign_and_is_not_repeated(tmp_path: Path) -> None:
    bare = tmp_path / "bare.txt"
    bare.write_text(f"  {KEYS.identity}  \r\n")
    assert opener_from_file(bare).recipient == KEYS.recipient
    with pytest.raises(SealError, match="only the opening key") as raised:
        keys_from_file(bare)
    assert KEYS.identity not in str(raised.value).upper()


@pytest.mark.parametrize("hidden", ["hunter2hunter2", "AGE-SECRET-KEY-1QQQ!", "MyVeryOwnPassphrase"])
def test_what_is_no_word_is_not_repeated(tmp_path: Path, hidden: str) -> None:
    (tmp_path / "words.txt").write_text(hidden)
    for read in (keys_from_file, opener_from_file):
        with pytest.raises(SealError) as raised:
            read(tmp_path / "words.txt")
        assert hidden.lower() not in str(raised.value).lower()


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot be read"):
        opener_from_file(tmp_path)
    with pytest.raises(NotFound, match="cannot be read"):
        opener_from_file(tmp_path / "nothing")
    (tmp_path / "film.mp4").write_bytes(bytes(1_000_000))
    with pytest.raises(SealError, match="too large"):
        opener_from_file(tmp_path / "film.mp4")


def test_the_passphrase_gives_the_keys(tmp_path: Path, household: tuple[str, str]) -> None:
    data = hub_in(tmp_path / "a folder with ? and #", household)
    assert keys_from_passphrase(data, PASSPHRASE).root == KEYS.root
    with pytest.raises(SealError, match="not the passphrase") as raised:
        keys_from_passphrase(data, "another passphrase")
    assert "another" not in str(raised.value)


def test_reading_the_index_leaves_the_hub_its_own(tmp_path: Path, household: tuple[str, str]) -> None:
    data = hub_in(tmp_path / "hub", household)
    hub = sqlite3.connect(data / "hub.db")
    hub.execute("begin immediate")  # a hub in the middle of a write
    hub.execute("update households set kdf = kdf")
    assert keys_from_passphrase(data, PASSPHRASE).root == KEYS.root
    hub.rollback()
    hub.close()


def test_no_household_is_said_plainly(tmp_path: Path, household: tuple[str, str]) -> None:
    with pytest.raises(NotFound, match="no hub in"):
        keys_from_passphrase(tmp_path, PASSPHRASE)
    with pytest.raises(NotFound, match="no household yet"):
        keys_from_passphrase(hub_in(tmp_path / "fresh", None), PASSPHRASE)
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "hub.db").write_bytes(b"not a database" * 100)
    with pytest.raises(NotFound, match="cannot be read as a hub's index"):
        keys_from_passphrase(torn, PASSPHRASE)


@pytest.mark.parametrize("kdf", ["", "[]", "null", '{"alg": "argon2id"}'])
def test_a_damaged_household_is_refused(tmp_path: Path, kdf: str) -> None:
    data = hub_in(tmp_path / "hub", (kdf, b64encode(bytes(60)).decode()))
    with pytest.raises(SealError):
        keys_from_passphrase(data, PASSPHRASE)
