"""`nightlatch programme up`: a whole programme from nothing, as docs/guide/run-a-programme.md says."""

from __future__ import annotations

import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from nightlatch.hub.serve.giving import find_invitation, read_invitation
from tests.house import until


def tell(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightlatch", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def five_free_ports() -> int:
    """The first of five ports in a row that nobody uses; drawn, for tests that run beside each other look too."""
    for first in random.sample(range(12_000, 32_000, 5), 1000):
        try:
            for port in range(first, first + 5):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no five ports in a row are free")


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Path]:
    """`programme up` until the block ends; gives what it printed. It must leave with status 0."""
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "nightlatch", "programme", "up", *words], cwd=folder, stdout=out, stderr=out
        )
        try:
            until(lambda: "Ctrl-C" in said.read_text() or process.poll() is not None, "the programme", 60)
            assert process.poll() is None, said.read_text()
            yield said
        finally:
            process.terminate()
            status = process.wait(40)
    assert status == 0, said.read_text()


def test_a_trial_programme_runs_invites_and_comes_back_with_the_same_keys(tmp_path: Path) -> None:
    port = str(five_free_ports())
    with running(tmp_path, "--trial", "--port", port, "--name", "Friends of cats") as said:
        found = read_invitation((tmp_path / "programme" / "invitation.json").read_text())
        assert found.name == "Friends of cats"
        assert httpx.get(f"{found.log_url}/checkpoint", timeout=5).status_code == 200
        assert httpx.get(f"{found.revocations_url}/healthz", timeout=5).json() == {"ok": True}
        config = ("--config", "programme/nightlatch.toml")
        invited = tell(tmp_path, "programme", "invite", *config)
        assert re.fullmatch(rf"http://localhost:{port}/#invite=\S{{20,}}\n", invited.stdout)
        printed = tell(tmp_path, "programme", "invitation", "--to", "handed", *config)
        assert f"link   {found.link}\nwords  {found.words}\n" in printed.stdout
        assert "works on this machine alone" in printed.stdout
        assert read_invitation((tmp_path / "handed" / "friends-of-cats.nightlatch").read_text()) == found
        assert (tmp_path / "handed" / "friends-of-cats.png").read_bytes().startswith(b"\x89PNG")
        assert found.link in said.read_text()
        assert find_invitation(found.link).is_as_linked
        status = tell(tmp_path, "programme", "status", *config)
        assert "first, second" in status.stdout
        assert "nan" not in status.stdout
        proposed = tell(tmp_path, "programme", "policy", "--quota", "150", *config)
        change = proposed.stdout.split()[-1]
        for who in ("first", "second"):
            signed = tell(tmp_path, "programme", "sign", change, "--key", f"programme/{who}.key", "--yes", *config)
            assert signed.returncode == 0, signed.stderr
        audited = tell(tmp_path, "log", "audit", "programme/log", "--policy", "programme/policy")
        assert "1 entries, 1 witnesses" in audited.stdout
    with running(tmp_path):
        assert read_invitation((tmp_path / "programme" / "invitation.json").read_text()) == found
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_an_invitation_that_cannot_be_handed_out_is_said_with_what_to_do(tmp_path: Path) -> None:
    unnamed = tell(tmp_path, "programme", "invitation")
    assert unnamed.returncode == 1
    assert "--file invitation.json" in unnamed.stderr
    (tmp_path / "invitation.json").write_text("{}")
    broken = tell(tmp_path, "programme", "invitation", "--file", "invitation.json")
    assert broken.returncode == 1
    assert "cannot be handed out" in broken.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["invitation.json"]


def test_one_administrator_begins_no_programme(tmp_path: Path) -> None:
    key = tell(tmp_path, "programme", "key", "anna.key").stdout.strip()
    refused = tell(tmp_path, "programme", "up", "--admin", f"anna={key}")
    assert refused.returncode == 1
    assert "Two administrators begin a programme" in refused.stderr
    twice = tell(tmp_path, "programme", "up", "--admin", f"anna={key}", "--admin", f"ben={key}")
    assert twice.returncode == 1
    assert "at least two administrators, with a key each" in twice.stderr
    assert not (tmp_path / "programme").exists()


def test_two_administrators_keep_their_own_keys(tmp_path: Path) -> None:
    keys = [tell(tmp_path, "programme", "key", f"{who}.key").stdout.strip() for who in ("anna", "ben")]
    admins = [word for who, key in zip(("anna", "ben"), keys, strict=True) for word in ("--admin", f"{who}={key}")]
    with running(tmp_path, *admins, "--port", str(five_free_ports())) as said:
        assert "trial" not in said.read_text()
        assert all(key in (tmp_path / "programme" / "nightlatch.toml").read_text() for key in keys)
        assert not list((tmp_path / "programme").glob("anna*"))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "programme").mkdir()
    (tmp_path / "programme" / "letters.txt").write_text("dear")
    refused = tell(tmp_path, "programme", "up", "--trial")
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert (tmp_path / "programme" / "letters.txt").read_text() == "dear"


def test_a_port_that_is_taken_is_said_with_the_setting(tmp_path: Path) -> None:
    first = five_free_ports()
    with socket.create_server(("127.0.0.1", first + 2)):
        refused = tell(tmp_path, "programme", "up", "--trial", "--port", str(first))
    assert refused.returncode == 1
    assert f"port {first + 2}" in refused.stderr


@pytest.mark.parametrize("told", ["", "{}", '{"port": "x", "trial": true, "witnesses": []}'])
def test_a_damaged_note_of_the_first_start_is_said(tmp_path: Path, told: str) -> None:
    (tmp_path / "programme").mkdir()
    (tmp_path / "programme" / "nightlatch.toml").write_text("")
    (tmp_path / "programme" / "programme.json").write_text(told)
    refused = tell(tmp_path, "programme", "up")
    assert refused.returncode == 1
    assert "programme.json is damaged" in refused.stderr
