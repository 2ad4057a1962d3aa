"""Our notes, proofs and tiles through the code of Go's checksum database, which we did not write; and back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nightlatch.ledger.checkpoint import cosign
from nightlatch.ledger.chronicle import open_chronicle
from nightlatch.ledger.log import Log
from nightlatch.ledger.merkle import is_consistent, is_included, leaf_hash
from nightlatch.ledger.parts import Position
from nightlatch.ledger.policy import Policy
from nightlatch.seal.note import COSIGNATURE, Note, make_signer
from tests.clocks import TestClock

GOCODE = Path("/usr/share/gocode")
SUMDB = GOCODE / "src/golang.org/x/mod/sumdb"
pytestmark = pytest.mark.skipif(
    shutil.which("go") is None or not SUMDB.is_dir(),
    reason="needs a Go compiler: apt install gccgo-go golang-golang-x-mod-dev",
)
SIGNER, HOME = make_signer("example.org/log"), make_signer("home.example", COSIGNATURE)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    source = Path(__file__).with_name("independent") / "main.go"
    offline = {"GO111MODULE": "off", "GOPATH": str(GOCODE), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    made = subprocess.run(
        ["go", "build", "-o", str(folder / "check"), str(source)],
        env={**os.environ, **offline, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return folder / "check"


def a_log(folder: Path, size: int, old: int, index: int) -> dict[str, Any]:
    """A log of ours on disk, and what is asked about it."""
    with Log(folder, SIGNER) as log:
        for n in range(size):
            log.append(b"entry %d" % n)
            if n + 1 == old:
                root = log.checkpoint.root
        log.cosigned([cosign(log.note, HOME, 1_700_000_000)], size)
        return {
            "key": str(SIGNER.verifier),
            "witness": str(HOME.verifier),
            "folder": str(folder),
            "receipt": log.receipt(index),
            "leaf": b64encode(log.leaf(index)).decode(),
            "old_size": old,
            "old_root": b64encode(root).decode(),
            "path": [b64encode(step).decode() for step in log.consistency(old, size)],
            "prove": sorted({0, index, size - 1}),
        }


def asked(checker: Path, question: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(checker)], input=json.dumps(question), capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("size", "old", "index"), [(1, 1, 0), (7, 4, 5), (300, 255, 256), (600, 300, 511)])
def test_go_reads_our_log_and_makes_the_proofs_that_we_make(
    checker: Path, tmp_path: Path, size: int, old: int, index: int
) -> None:
    question = a_log(tmp_path, size, old, index)
    done = asked(checker, question)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["Size"], told["Entries"]) == (size, size)
    with Log(tmp_path, SIGNER) as log:
        root = log.checkpoint.root
        old_root = b64decode(question["old_root"])
        path = [b64decode(step) for step in told["Consistency"] or []]
        assert path == log.consistency(old, size)
        assert is_consistent(old, size, old_root, root, path)
        for n, steps in told["Inclusion"].items():
            way = [b64decode(step) for step in steps or []]
            assert is_included(leaf_hash(log.leaf(int(n))), int(n), size, way, root)


def test_go_accepts_each_month_of_a_log(checker: Path, tmp_path: Path) -> None:
    """Every part is a log of its own, under its own name; what ties them are entries like all others."""
    clock = TestClock(fixed_ms=1_795_000_000_000)
    policy = Policy(SIGNER.verifier, (("home", HOME.verifier),), 1)
    with open_chronicle(tmp_path, SIGNER, policy=policy, clock=clock) as log:
        for _ in range(3):
            if log.is_turn_due():
                log.end_part()
                log.cosigned([cosign(log.note, HOME, 1_700_000_000)], log.note.text)
            log.append_all([b"entry %d" % n for n in range(300)])
            clock.pass_hours(24 * 31)
        log.cosigned([cosign(log.note, HOME, 1_700_000_000)], log.note.text)
        assert log.size.part == 2
        for number in range(3):
            key = replace(SIGNER, name="example.org/log" + (f"/{number}" if number else ""))
            note = log.checkpoint_of(number)
            assert note is not None
            size, place = int(note.text.split("\n")[1]), int(Position(number, 280))
            question = {
                "key": str(key.verifier),
                "witness": str(HOME.verifier),
                "folder": str(tmp_path / (str(number) if number else "")),
                "receipt": log.receipt(place),
                "leaf": b64encode(log.leaf(place)).decode(),
                "old_size": size,
                "old_root": note.text.split("\n")[2],
                "path": [],
                "prove": [0, 280, size - 1],
            }
            done = asked(checker, question)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["Entries"] == size


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("leaf", "inclusion"),
        ("old_root", "consistency"),
        ("key", "note"),
        ("witness", "cosignature"),
        ("tile", "tile"),
        ("entry", "entry 3"),
    ],
)
def test_go_refuses_what_was_changed(checker: Path, tmp_path: Path, wrong: str, says: str) -> None:
    """So that the agreement above says something."""
    question = a_log(tmp_path, 7, 4, 5)
    if wrong == "tile":
        tile = tmp_path / "tile/0/000.p/7"
        tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    elif wrong == "entry":
        bundle = tmp_path / "tile/entries/000.p/7"
        bundle.write_bytes(bundle.read_bytes().replace(b"entry 3", b"entry x"))
    else:
        other = {
            "leaf": b64encode(b"another").decode(),
            "old_root": b64encode(bytes(32)).decode(),
            "key": str(make_signer("example.org/log").verifier),
            "witness": str(make_signer("home.example", COSIGNATURE).verifier),
        }
        question[wrong] = other[wrong]
    done = asked(checker, question)
    assert done.returncode == 1
    assert done.stderr.startswith(says), done.stderr


def test_a_note_of_ours_with_another_name_is_not_of_this_log(checker: Path, tmp_path: Path) -> None:
    question = a_log(tmp_path, 2, 1, 0)
    raw = (tmp_path / "checkpoint").read_text()
    text = raw.partition("\n\n")[0].replace("example.org/log", "example.org/other", 1) + "\n"
    (tmp_path / "checkpoint").write_text(str(Note(text, (SIGNER.sign(text),))))
    assert asked(checker, question).stderr.startswith("checkpoint")
