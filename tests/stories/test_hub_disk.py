"""The hub's whole disk, without the passphrase, opens nothing."""

from __future__ import annotations

import base64
import re
import sqlite3
from pathlib import Path

import pyrage
import pytest

from nightlatch.domain.passphrase import Kdf
from nightlatch.errors import SealError
from nightlatch.owner.keys import OwnerKeys, derive, unwrap
from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.house import PASSPHRASE, House, house, until


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house that has recorded the demo cameras and a clip, stopped."""
    with house(tmp_path_factory.mktemp("house"), demo=True) as home:
        home.set_up()
        until(lambda: any(c["parts"] > 2 for c in home.clips()), "a clip", 120)
        until(lambda: list(home.data.glob("hub/vault/*/segments/*/*.age")), "a segment")
    return home


def test_everything_that_was_recorded_is_an_age_file_for_the_owner(lived_in: House) -> None:
    sealed = [p for p in lived_in.files() if p.suffix == ".age"]
    assert len(sealed) > 5
    opener = Opener(lived_in.keys.identity)
    for path in sealed:
        assert opener.open(Sealed(path.read_bytes()))


def test_no_key_on_the_disk_opens_a_clip(lived_in: House) -> None:
    clip = Sealed(next(p for p in lived_in.files() if p.name == "part-0000.age").read_bytes())
    tried = 0
    for path in lived_in.files():
        if path.suffix == ".age":
            continue
        content = path.read_bytes()
        assert b"AGE-SECRET-KEY" not in content.upper()
        secrets = {content[i : i + 32] for i in range(0, max(0, min(len(content), 200_000) - 31), 1)}
        for run in re.findall(rb"[A-Za-z0-9+/_-]{42,88}={0,2}", content):
            padded = run.replace(b"-", b"+").replace(b"_", b"/")
            padded += b"=" * (-len(padded) % 4)
            try:
                raw = base64.b64decode(padded)
            except ValueError:
                continue
            secrets |= {raw[i : i + 32] for i in range(max(0, len(raw) - 31))}
        roots = [s for s in secrets if len(s) == 32 and len(set(s)) > 8]
        if path.name.startswith("hub.db"):
            roots = roots[:2000]  # every window of a database is many; keys lie in its texts, which are all tried
        assert lived_in.keys.root not in secrets
        for root in roots[:4000]:
            tried += 1
            with pytest.raises(SealError):
                Opener(OwnerKeys(root).identity).open(clip)
    assert tried > 100


def test_the_passphrase_alone_unwraps_the_key(lived_in: House) -> None:
    with sqlite3.connect(lived_in.data / "hub" / "hub.db") as index:
        kdf, wrapped = index.execute("select kdf, wrapped_root from households").fetchone()
    wrap_key, _ = derive(PASSPHRASE, Kdf.read(kdf))
    assert unwrap(wrapped, wrap_key) == lived_in.keys.root
    wrong, _ = derive(PASSPHRASE + "x", Kdf.read(kdf))
    with pytest.raises(SealError):
        unwrap(wrapped, wrong)


def test_the_hub_package_cannot_be_made_to_open_a_seal() -> None:
    """The hub's own code never touches identities; the import contract says so and this checks the contract's words."""
    rules = (Path(__file__).parents[2] / ".importlinter").read_text()
    assert "nightlatch.seal.identities" in rules
    assert pyrage is not None
