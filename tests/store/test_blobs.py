"""Sealed blobs in a folder and in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlatch.cloud.settings import CloudSettings
from nightlatch.errors import ConfigError, NotFound
from nightlatch.seal.recipients import Sealer
from nightlatch.store.blobs import Blobs

SEALED = Sealer([str(pyrage.x25519.Identity.generate().to_public())]).seal(b"footage" * 900)


def test_a_delete_that_fails_is_not_taken_for_done(tmp_path: Path) -> None:
    blobs = Blobs(f"file://{tmp_path}")
    (tmp_path / "ab" / "one" / "full").mkdir(parents=True)
    with pytest.raises(Exception, match="one"):
        blobs.delete("ab/one")


@given(st.text(max_size=30))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    blobs = Blobs("memory:///")
    try:
        blobs.put(name, SEALED)
    except NotFound:
        return
    assert ".." not in name
    assert not name.startswith("/")
    assert list(blobs.names()) == [name]


def test_a_folder_with_odd_letters_is_that_folder_and_closed_to_others(tmp_path: Path) -> None:
    settings = CloudSettings(data_dir=tmp_path / "my #1 house? 100%")
    Blobs(settings.blobs).put("ab/one", SEALED)
    folder = tmp_path / "my #1 house? 100%" / "blobs"
    assert (folder / "ab" / "one").read_bytes() == SEALED
    assert os.stat(folder).st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        Blobs(f"file://{tmp_path / 'file' / 'blobs'}")
