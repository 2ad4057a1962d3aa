"""The log's folder: durable, one writer, mended after a kill, refused when it was changed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nightlatch.errors import NightlatchError
from nightlatch.ledger import log as logs
from nightlatch.ledger.errors import LedgerError, NotShown, Unproven, Why
from nightlatch.ledger.log import Log
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.policy import Policy, read_policy, verify_receipt
from nightlatch.ledger.tiles import bundle, entry_tile, hash_tile, tile_name, unbundle
from nightlatch.seal.note import make_signer

SIGNER = make_signer("example.org/log")
POLICY = Policy(SIGNER.verifier, (), 0)


def reader(folder: Path):  # type: ignore[no-untyped-def]
    return lambda path: (folder / path).read_bytes()


def test_what_is_appended_is_in_the_folder_and_every_receipt_verifies(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        for n in range(300):
            assert log.append(b"entry %d" % n).index == n
        receipts = [log.receipt(n) for n in (0, 1, 255, 256, 299)]
    for n, receipt in zip((0, 1, 255, 256, 299), receipts, strict=True):
        assert verify_receipt(receipt, b"entry %d" % n, POLICY, None).index == n
    assert audit(reader(tmp_path), POLICY).leaves == tuple(b"entry %d" % n for n in range(300))
    assert (tmp_path / "tile/0/000").stat().st_size == 256 * 32


def test_a_log_is_opened_again_as_it_was(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
        before = log.checkpoint
    with Log(tmp_path, SIGNER) as log:
        assert log.checkpoint == before
        assert log.append(b"two").index == 1


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER), pytest.raises(LedgerError, match="Another program"):
        Log(tmp_path, SIGNER)


def test_threads_share_commits_and_none_loses_an_entry(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        found: list[int] = []
        threads = [threading.Thread(target=lambda n=n: found.append(log.append(b"%d" % n).index)) for n in range(40)]  # type: ignore[misc]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == list(range(40))
    assert sorted(audit(reader(tmp_path), POLICY).leaves) == sorted(b"%d" % n for n in range(40))


CHILD = """
import os, signal, sys
from pathlib import Path
from nightlatch.ledger import log as logs
from nightlatch.seal.note import read_signer
log = logs.Log(Path(sys.argv[1]), read_signer(sys.argv[2]))
log.append(b"before")
at = int(sys.argv[3])
count = 0
real = logs._write
def write(path, content):
    global count
    count += 1
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, content)
logs._write = write
log.append(b"during")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("at", [1, 2, 3, 99])
def test_a_kill_between_append_and_publish_loses_nothing_that_was_journalled(tmp_path: Path, at: int) -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path), SIGNER.secret(), str(at)], check=False)
    assert done.returncode == -signal.SIGKILL
    with Log(tmp_path, SIGNER) as log:
        assert [log.leaf(n) for n in range(log.checkpoint.size)] == [b"before", b"during"]
        assert log.append(b"after").index == 2
    assert audit(reader(tmp_path), POLICY).leaves == (b"before", b"during", b"after")


def test_a_torn_journal_is_read_to_its_last_whole_entry(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
        log._write_journal(1, [b"two", b"three"])
    journal = tmp_path / ".journal"
    journal.write_bytes(journal.read_bytes()[:-2])
    with Log(tmp_path, SIGNER) as log:
        assert [log.leaf(n) for n in range(log.checkpoint.size)] == [b"one", b"two"]


def test_a_torn_entry_hides_none_that_comes_after_it(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
        log._write_journal(1, [b"torn"])
    journal = tmp_path / ".journal"
    journal.write_bytes(journal.read_bytes()[:-2])
    with Log(tmp_path, SIGNER) as log:
        assert log.checkpoint.size == 1
        log._write_journal(1, [b"two"])  # as a kill right after the journal leaves it
    with Log(tmp_path, SIGNER) as log:
        assert [log.leaf(n) for n in range(log.checkpoint.size)] == [b"one", b"two"]


def test_a_torn_tile_of_hashes_is_written_again_and_torn_entries_are_refused(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        for n in range(5):
            log.append(b"%d" % n)
    tile = tmp_path / hash_tile(0, 0, 5)
    tile.write_bytes(tile.read_bytes()[:40])
    with Log(tmp_path, SIGNER):
        pass
    assert audit(reader(tmp_path), POLICY).checkpoint.size == 5
    entries = tmp_path / entry_tile(0, 5)
    entries.write_bytes(entries.read_bytes()[:-1])
    with pytest.raises(LedgerError, match="torn"):
        Log(tmp_path, SIGNER)


def test_entries_that_were_changed_are_refused(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"truth")
    (tmp_path / entry_tile(0, 1)).write_bytes(bundle([b"fraud"]))
    with pytest.raises(LedgerError, match="not those"):
        Log(tmp_path, SIGNER)
    with pytest.raises(Unproven) as refused:
        audit(reader(tmp_path), POLICY)
    assert refused.value.why is Why.NOT_INCLUDED


def test_the_log_of_another_is_refused(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
    with pytest.raises(NightlatchError):
        Log(tmp_path, make_signer("example.org/log"))


FULL = """
import resource, signal, sys
from pathlib import Path
from nightlatch.ledger.errors import LogFull
from nightlatch.ledger.log import Log
from nightlatch.seal.note import read_signer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Log(Path(sys.argv[1]), read_signer(sys.argv[2])) as log:
    log.append(b"small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        log.append(b"x" * 60_000)
    except LogFull as full:
        print(full)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(log.append(b"again").index)
"""


def test_a_full_disk_takes_no_half_entry_and_the_log_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path), SIGNER.secret()]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert "nothing was taken" in said[0]
    assert said[1] == "1"
    assert audit(reader(tmp_path), POLICY).leaves == (b"small", b"again")


def test_an_entry_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log, pytest.raises(LedgerError, match="65,535"):
        log.append(b"x" * 65_536)


def test_tiles_are_named_as_the_specification_says() -> None:
    assert tile_name(0) == "000"
    assert tile_name(1_234_067) == "x001/x234/067"
    assert hash_tile(0, 5, 256) == "tile/0/005"
    assert entry_tile(5, 7) == "tile/entries/005.p/7"
    assert unbundle(bundle([b"", b"a", b"bc"])) == [b"", b"a", b"bc"]


def test_a_policy_reads_as_it_was_written_and_says_which_line_is_wrong() -> None:
    witness = make_signer("home", 4).verifier
    policy = Policy(SIGNER.verifier, (("home", witness),), 1, 300)
    assert read_policy(str(policy)) == policy
    with pytest.raises(NightlatchError, match="Line 2"):
        read_policy(f"log {SIGNER.verifier}\nwitness x\n")
    with pytest.raises(NightlatchError, match="quorum"):
        read_policy(f"log {SIGNER.verifier}\nquorum 2\n")


def test_the_writing_order_puts_the_checkpoint_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = logs._write

    def write(path: Path, content: bytes) -> None:
        order.append(os.path.relpath(path, tmp_path))
        real(path, content)

    monkeypatch.setattr(logs, "_write", write)
    with Log(tmp_path, SIGNER) as log:
        order.clear()
        log.append(b"one")
    assert order == ["tile/entries/000.p/1", "tile/0/000.p/1", "checkpoint"]


def test_a_log_that_could_not_show_an_entry_shows_it_with_the_next_across_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Log(tmp_path, SIGNER) as log:
        for n in range(255):
            log.append(b"%d" % n)
        with monkeypatch.context() as full:
            full.setattr(logs, "_write", no_room)
            with pytest.raises(NotShown):
                log.append(b"255")
        assert log.append(b"256").index == 256
        assert verify_receipt(log.receipt(255), b"255", POLICY, None).index == 255
    with Log(tmp_path, SIGNER) as log:
        assert log.checkpoint.size == 257
    assert audit(reader(tmp_path), POLICY).leaves == tuple(b"%d" % n for n in range(257))


def test_partial_tiles_go_once_the_next_tile_is_full_and_the_log_still_opens(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        for n in range(513):
            log.append(b"%d" % n)
    assert sorted(p.name for p in (tmp_path / "tile/0").iterdir()) == ["000", "001", "001.p", "002.p"]
    assert sorted(p.name for p in (tmp_path / "tile/entries").iterdir()) == ["000", "001", "001.p", "002.p"]
    with Log(tmp_path, SIGNER) as log:
        assert log.checkpoint.size == 513


def test_a_log_that_did_not_open_lets_go_of_its_folder(tmp_path: Path) -> None:
    with Log(tmp_path, SIGNER) as log:
        log.append(b"one")
    for _ in range(2):
        with pytest.raises(Unproven):
            Log(tmp_path, make_signer("example.org/log"))
    with Log(tmp_path, SIGNER) as log:
        assert log.checkpoint.size == 1
