"""The watches against logs that run: real programs' faces and HTTP servers, some of them hostile."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.logs import LogDoubted, logs, staging, witness_key
from nightlatch.hub.serve.logs import watch as watching
from nightlatch.hub.serve.logs.watch import Watch
from nightlatch.ledger.checkpoint import cosign, cosigned_at_s
from nightlatch.ledger.chronicle import open_chronicle
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.cosigners import local_cosigner
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.memory import Memory, read_evidence
from nightlatch.ledger.policy import Policy, check_note
from nightlatch.ledger.tiles import WIDTH, entry_tile
from nightlatch.ledger.witness import Witness, request
from nightlatch.seal.note import COSIGNATURE, Note, Signer, make_signer, read_note
from tests.clocks import TestClock
from tests.hub.test_logs import FRIEND, SIGNER, Home, append, at_home, watch
from tests.hub.test_logs_parts import (  # noqa: F401 - a fixture for all tests here
    NOW_S,
    at_home_again,
    cut,
    late_is_no_reason,
    looked,
    mirror_of,
    policy_of,
    put,
    write,
)
from tests.hub.test_starving import running, until
from tests.ledger.long_log import some_leaf
from tests.serving import served, shown
from tests.web import hostile


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SHORTLY_S", 0.05)
    monkeypatch.setattr(watching, "AGAIN_S", 0.0)
    monkeypatch.setattr(logs, "ASK_S", 0.05)


POLICY = Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1)


@contextmanager
def running_log(tmp_path: Path, clock: TestClock) -> Iterator[tuple[str, LogClient]]:
    """A log with a witness beside it that answers at once."""
    friend = Witness(tmp_path / "friend", FRIEND, [SIGNER.verifier], clock)
    with ExitStack() as stack:
        chronicle = stack.enter_context(open_chronicle(tmp_path / "log", SIGNER, policy=POLICY, clock=clock))
        app = create_log_app(chronicle, {FRIEND.verifier: local_cosigner(friend)}, "w")
        url = stack.enter_context(served(app))
        yield url, LogClient(url, "w")


def test_the_hub_cosigns_each_entry_at_once_and_the_page_sees_it_within_a_second(tmp_path: Path) -> None:
    clock = TestClock()
    own = witness_key_of(tmp_path)
    with running_log(tmp_path, clock) as (url, log):
        log.enrol("0" * 32, str(own.verifier))
        log.append(some_leaf(0))
        home = at_home(tmp_path, clock)
        hub = home.join(url)
        with running(home):
            until(lambda: hub.size == 1)
            for n in range(1, 4):
                log.append(some_leaf(n))
                began_s = time.monotonic()
                until(lambda n=n: hub.size == n + 1)
                until(lambda: cosigned_at_s(read_note(log.checkpoint()), own.verifier) is not None)
                assert time.monotonic() - began_s < 5  # 60 ms on a machine with nothing else to do
                until(lambda n=n: shown_size(hub, "", POLICY) == n + 1)
                assert cosigned_at_s(read_note(hub.file("checkpoint")), own.verifier) is not None


def shown_size(hub: Watch, prefix: str, policy: Policy) -> int:
    """Of the checkpoint that the page gets, which its witnesses cosigned."""
    return check_note(hub.file(f"{prefix}checkpoint"), policy, None).checkpoint.size


def witness_key_of(tmp_path: Path) -> Signer:
    (tmp_path / "hub").mkdir(exist_ok=True)
    return witness_key(tmp_path / "hub")


def test_a_part_that_ends_while_the_hub_waits_is_followed(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=NOW_S * 1000)
    with running_log(tmp_path, clock) as (url, log):
        log.append(some_leaf(0))
        home = at_home(tmp_path, clock)
        hub = home.join(url)
        with running(home):
            until(lambda: hub.size == 1)
            clock.fixed_ms += 32 * 86_400_000  # the next month
            log.append(some_leaf(1))
            until(lambda: hub.mirror.newest.part.number == 1 and hub.size == 2, 40)
            for prefix in ("", "1/"):
                believed = hub.mirror.parts[1 if prefix else 0].part.policy
                until(lambda prefix=prefix, believed=believed: shown_size(hub, prefix, believed) == 2)
            assert hub.trouble is None


@contextmanager
def two_faced(first: Path, second: Path) -> Iterator[str]:
    """Shows those who wait at it one log, and those who look another."""
    app = FastAPI()

    @app.get("/v1/questions/{old}")
    def question(old: int) -> PlainTextResponse:
        with Log(first, SIGNER) as log:
            size = log.checkpoint.size
            return PlainTextResponse(request(old, log.consistency(old, size), str(log.note)))

    @app.get("/{path:path}")
    def file(path: str) -> PlainTextResponse:
        found = (first if path.startswith("tile") else second) / path
        return PlainTextResponse(found.read_bytes() if found.is_file() else b"", 200 if found.is_file() else 404)

    with served(app) as url:
        yield url


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_log_that_shows_those_who_wait_another_tree_than_those_who_look_is_found(tmp_path: Path, size: int) -> None:
    with Log(tmp_path / "first", SIGNER) as log:
        for n in range(3):
            append(log, some_leaf(n))
    cut(tmp_path / "second", [some_leaf(n + 1) for n in range(size)])
    with two_faced(tmp_path / "first", tmp_path / "second") as url:
        hub = watch(tmp_path, url)
        hub.try_look()
        if size == 5:  # its entries are not shown: nothing is proven yet, but what the log signed is remembered
            assert hub.doubt is None
            with Log(tmp_path / "first", SIGNER) as log:
                for n in range(3, 6):
                    append(log, some_leaf(n))
            hub = at_home(tmp_path).watch
            hub.try_look()
        assert "contradicts itself" in (hub.trouble or "")
        assert hub.size == 3
        with pytest.raises(LogDoubted):
            hub.file("checkpoint")
        [kept] = (tmp_path / "hub" / "log-evidence").glob("fork-*.txt")
        assert read_evidence(kept.read_text(), SIGNER.verifier).is_proof


def test_what_the_page_is_shown_is_only_what_was_audited(tmp_path: Path) -> None:
    """The case of the issue: one tree for the hub, another, with the programme's own witness, for the page."""
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        before = hub.file("checkpoint"), hub.file(entry_tile(0, WIDTH))
        cut(tmp_path / "log", [some_leaf(n + 1) for n in range(300)])
        hub.mirror.newest.cosigned.clear()
        assert hub.file(entry_tile(0, WIDTH)) == before[1]
        with pytest.raises(LogDoubted):
            hub.file("checkpoint")
        assert cosigned_at_s(read_note(before[0]), witness_key(tmp_path / "hub").verifier) is not None


@pytest.mark.parametrize("behave", hostile.HOSTILE, ids=lambda each: each.__name__)
def test_a_hostile_log_holds_up_neither_the_others_nor_the_page(
    tmp_path: Path, behave: hostile.Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.bomb()
    monkeypatch.setattr(watching, "IDLE_S", 0.2)
    write(tmp_path / "log", 300)
    with hostile.listening(behave) as bad, shown(tmp_path / "log") as good:
        home = at_home(tmp_path)
        joined = home.join(bad, Policy(make_signer("bad.test/log").verifier, POLICY.witnesses, 1), name="Bad")
        given_to(home, joined)
        hub = home.join(good, name="Good")
        with running(home):
            until(lambda: hub.size == 300)
            for _ in range(3):
                began_s = time.monotonic()
                hub.file("checkpoint")
                with pytest.raises(NightlatchError, match="not been checked here yet"):
                    joined.file("checkpoint")
                assert time.monotonic() - began_s < 10  # a second of waiting, and a busy machine


def given_to(home: Home, hub: Watch) -> None:
    """Something was given to this programme and is not shredded."""
    home.logs._follow([hub.programme])


def test_a_log_whose_parts_never_end_is_read_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST_PARTS_A_LOOK", 5)
    write(tmp_path / "log", 40, cuts=[1] * 20)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert (hub.mirror.newest.part.number, hub.trouble) == (5, None)
        hub.turn()  # it reads on at once
        assert hub.mirror.newest.part.number == 10
        hub = looked(looked(at_home_again(tmp_path, url)))
        assert hub.mirror.newest.part.number == 20


def test_a_look_that_a_restart_ended_is_taken_up_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "log", 9_000)
    monkeypatch.setattr(staging, "IN_MEMORY", 100_000)
    asked = list[str]()
    plain = watching.ProgrammeClient.log_file

    def breaking(self: watching.ProgrammeClient, path: str) -> bytes:
        asked.append(path)
        if len(asked) == 20:
            raise RuntimeError("killed")
        return plain(self, path)

    monkeypatch.setattr(watching.ProgrammeClient, "log_file", breaking)
    with shown(tmp_path / "log") as url:
        hub = watch(tmp_path, url)
        with pytest.raises(RuntimeError):
            hub.look()
        assert hub.size is None
        hub = looked(at_home(tmp_path).watch)
        assert (hub.size, hub.trouble) == (9_002, None)
        assert len([path for path in asked if path.startswith("tile/entries")]) < 36 + 10
        assert not list(mirror_of(tmp_path).glob(".reading-*"))


def test_what_a_restart_left_of_another_tree_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "log", 9_000)
    monkeypatch.setattr(staging, "IN_MEMORY", 100_000)
    with shown(tmp_path / "log") as url:
        hub = watch(tmp_path, url)
        reading = mirror_of_programme(hub) / f".reading-{hub.programme.id}"
        put(reading, entry_tile(3, WIDTH), (tmp_path / "log" / entry_tile(4, WIDTH)).read_bytes())
        put(mirror_of_programme(hub), entry_tile(7, WIDTH), (tmp_path / "log" / entry_tile(4, WIDTH)).read_bytes())
        hub = looked(at_home(tmp_path).watch)
        assert (hub.size, hub.trouble) == (9_002, None)
        assert hub.file(entry_tile(7, WIDTH)) == (tmp_path / "log" / entry_tile(7, WIDTH)).read_bytes()


def mirror_of_programme(hub: Watch) -> Path:
    return hub.mirror.folder


def test_a_full_disk_ends_nothing_and_what_was_audited_is_still_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        before = hub.file("checkpoint")
        write(tmp_path / "log", 600)

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(staging, "_write", full)
            for _ in range(watching.MISSES):
                hub.try_look()
            assert hub.size == 300
            assert "disk" in (hub.trouble or "")
            assert read_note(hub.file("checkpoint")).text == read_note(before).text
        hub.try_look()
        assert (hub.size, hub.trouble) == (600, None)


def test_a_log_that_never_stops_to_grow_does_not_take_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        monkeypatch.setattr(staging, "IN_MEMORY", 100_000)
        monkeypatch.setattr(staging, "MOST_BYTES", 400_000)
        write(tmp_path / "log", 9_000)
        hub.try_look()
        assert "larger than a hub keeps" in (hub.trouble or "")
        assert (hub.size, hub.silent_since_ms) == (300, None)
        assert sum(path.stat().st_size for path in (tmp_path / "hub" / "logs").rglob("*") if path.is_file()) < 600_000


def test_what_a_hub_before_0_4_remembered_still_counts(tmp_path: Path) -> None:
    note = write(tmp_path / "log", 500)[0]
    hub = watch(tmp_path, "http://127.0.0.1:9")
    name = sha256(hub.programme.key.encode()).hexdigest()[:16]
    Memory(tmp_path / "hub" / f"log-{name}.json", tmp_path / "hub" / "log-evidence").keep(note.checkpoint, note.note)
    cut(tmp_path / "log", [some_leaf(n + 1) for n in range(600)])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert "does not continue what it showed before" in (hub.trouble or "")


def test_clocks_that_are_set_back_and_forth_accuse_nobody(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=NOW_S * 1000)
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url, clock=clock))
        assert hub.trouble is None
        for offset_s in (86_400, -86_400, 400 * 86_400):
            clock.fixed_ms = (NOW_S + offset_s) * 1000
            hub.look()
            assert "too old, or a clock is wrong" in (hub.trouble or "")
            assert hub.doubt is None
        clock.fixed_ms = NOW_S * 1000
        hub.look()
        assert hub.trouble is None
    assert policy_of(write(tmp_path / "other", 1)[0]) == POLICY


def test_a_restored_log_is_believed_again_once_it_shows_what_it_showed(tmp_path: Path) -> None:
    write(tmp_path / "log", 500)
    with shown(tmp_path / "log") as url:
        home = at_home(tmp_path)
        hub = looked(home.join(url))
        write(tmp_path / "log", 300)
        hub.look()
        assert "contradicts itself" in (hub.trouble or "")
        assert home.donations.distrusted
        assert not list((tmp_path / "hub" / "log-evidence").glob("fork-*"))
        write(tmp_path / "log", 600)
        hub.look()
        assert (hub.trouble, hub.size, home.donations.distrusted) == (None, 600, {})


def test_a_page_that_asks_sees_a_log_of_plain_files_grow(tmp_path: Path) -> None:
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        write(tmp_path / "log", 400)
        until(lambda: check_note(hub.file("checkpoint"), POLICY, None).checkpoint.size == 400)


def test_two_threads_that_read_one_log_for_two_programmes_keep_out_of_each_others_way(tmp_path: Path) -> None:
    write(tmp_path / "log", 9_000)
    with shown(tmp_path / "log") as one, shown(tmp_path / "log") as two:
        home = at_home(tmp_path)
        both = [home.join(one, name="One"), home.join(two, name="Two")]
        threads = [threading.Thread(target=each.try_look) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for each in both:
            each.try_look()
            assert (each.size, each.trouble) == (9_002, None)
        assert both[0].mirror is both[1].mirror


def test_signatures_that_a_log_piles_up_do_not_keep_the_page_from_reading(tmp_path: Path) -> None:
    write(tmp_path / "log", 300)
    note = read_note((tmp_path / "log" / "checkpoint").read_text())
    many = tuple(cosign(note, make_signer(f"w{n}.test", COSIGNATURE), NOW_S) for n in range(98))
    signatures = (note.signatures[0], *many, note.signatures[1])
    put(tmp_path / "log", "checkpoint", str(Note(note.text, signatures)).encode())
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        shown_note = read_note(hub.file("checkpoint"))
        assert len(shown_note.signatures) == 100
        check_note(str(shown_note), POLICY, NOW_S * 1000)
        assert cosigned_at_s(shown_note, witness_key(tmp_path / "hub").verifier) is not None
