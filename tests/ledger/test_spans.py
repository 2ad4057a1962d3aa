"""Indexes by tag at their place, whatever crashes around them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nightlatch.ledger.log import Log
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.tags import SPANS, bucket_path, head_path, index_of, read_head
from nightlatch.seal.note import make_signer
from tests.ledger.long_log import long_log, some_leaf

SIGNER = make_signer("example.org/log")
CHILD = """
import os, signal, sys
from pathlib import Path
from nightlatch.ledger import log as logs, spans
from nightlatch.seal.note import read_signer
from tests.ledger.long_log import some_leaf
count, at = 0, int(sys.argv[3])
def counted(real):
    def write(*args):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    return write
log = logs.Log(Path(sys.argv[1]), read_signer(sys.argv[2]))
logs._write = counted(logs._write)
spans.write_folder = counted(spans.write_folder)
logs.Log._write_journal = counted(logs.Log._write_journal)
logs.Log._empty_journal = counted(logs.Log._empty_journal)
log.append_all([some_leaf(100_000 + n) for n in range(5)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("at", range(1, 13))
def test_a_kill_around_the_end_of_a_span_leaves_its_index_at_its_place(tmp_path: Path, at: int) -> None:
    long_log(tmp_path, SIGNER, (some_leaf(n) for n in range(SPANS[0] - 2)))
    command = [sys.executable, "-c", CHILD, str(tmp_path), SIGNER.secret(), str(at)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with Log(tmp_path, SIGNER) as log:
        log.append_all([some_leaf(200_000 + n) for n in range(5)])
    found = audit(lambda path: (tmp_path / path).read_bytes(), Policy(SIGNER.verifier, (), 0))
    wanted = index_of(0, 0, found.leaves[: SPANS[0]])
    head = read_head(0, 0, (tmp_path / head_path(0, 0)).read_bytes())
    assert (head.leaf, head.hashes) == (found.leaves[SPANS[0]], wanted.hashes)
    assert (tmp_path / bucket_path(0, 0, 0)).read_bytes() == wanted.buckets[0]


def test_an_index_that_is_in_no_checkpoint_yet_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files come first, its entry with the checkpoint."""
    order: list[str] = []
    real = "nightlatch.ledger.spans.write_folder"
    with Log(tmp_path, SIGNER) as log:
        log.append_all([some_leaf(n) for n in range(SPANS[0] - 1)])
        monkeypatch.setattr(real, lambda folder, files: order.append(f"{folder.name}: {len(files)}"))
        monkeypatch.setattr("nightlatch.ledger.log._write", lambda path, _: order.append(path.name))
        log.append(some_leaf(0))
    assert order[0] == "000: 2"
    assert order[-1] == "checkpoint"
