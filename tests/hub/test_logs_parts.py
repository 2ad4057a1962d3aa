"""A log in parts, with indexes, as the hub follows it: what it keeps, what it finds out, what survives."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nightlatch.errors import NotFound, Refused
from nightlatch.hub.serve.logs import LogDoubted, NotAudited, witness_key
from nightlatch.hub.serve.logs import watch as watching
from nightlatch.hub.serve.logs.watch import Watch
from nightlatch.ledger import tags
from nightlatch.ledger.checkpoint import Checkpoint, cosign, cosigned_at_s, open_checkpoint
from nightlatch.ledger.contradictions import is_contradiction, read_contradiction
from nightlatch.ledger.errors import Unproven
from nightlatch.ledger.memory import read_evidence
from nightlatch.ledger.merkle import Tree
from nightlatch.ledger.monitor import audit_parts, files_of
from nightlatch.ledger.policy import Policy, check_note
from nightlatch.ledger.tiles import WIDTH, entry_tile, hash_tile, unbundle
from nightlatch.seal.note import COSIGNATURE, Note, make_signer, read_note
from tests.clocks import TestClock
from tests.hub.test_logs import FRIEND, SIGNER, at_home, watch
from tests.ledger.long_log import WrittenPart, long_log, some_leaf
from tests.ledger.lying_log import lying_log, put
from tests.serving import shown

NOW_S = TestClock().now_ms() // 1000  # one for all of a test, so that a longer log begins with the shorter one
FILES = ("checkpoint", "tile/entries/000", "tile/0/000", "tags/0/000/head", "tags/0/000/00", "next")


@pytest.fixture(autouse=True)
def late_is_no_reason(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test's logs are of its own beginning: ten minutes after these files were loaded, none would be believed."""
    for module in {"tests.hub.test_logs_parts", request.module.__name__}:
        monkeypatch.setattr(f"{module}.NOW_S", TestClock().now_ms() // 1000)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SHORTLY_S", 0.01)
    monkeypatch.setattr(watching, "AGAIN_S", 0.0)


def write(folder: Path, count: int, cuts: Sequence[int] = (), **more: object) -> list[WrittenPart]:
    """A log of `count` entries that was cosigned just now."""
    shutil.rmtree(folder, ignore_errors=True)
    entries = (some_leaf(n) for n in range(count))
    return long_log(folder, SIGNER, entries, witnesses=[FRIEND], cuts=cuts, at_s=NOW_S, **more)  # type: ignore[arg-type]


def looked(hub: Watch) -> Watch:
    hub.look()
    return hub


def mirror_of(tmp_path: Path) -> Path:
    [folder] = (tmp_path / "hub" / "logs").iterdir()
    return folder


def policy_of(written: WrittenPart) -> Policy:
    return Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1)


def test_every_part_is_followed_and_kept_as_a_log_that_anybody_can_audit(tmp_path: Path) -> None:
    written = write(tmp_path / "log", 9_000, cuts=[4_200, 4_300])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert (hub.trouble, hub.mirror.newest.part.number, hub.size) == (None, 2, written[2].checkpoint.size)
        for part in written:
            for path in FILES:
                where = tmp_path / "log" / part.part.prefix / path
                if where.exists() and path != "checkpoint":
                    assert hub.file(part.part.prefix + path) == where.read_bytes(), path
        for prefix in ("1/", "2/"):
            assert hub.file(f"{prefix}begin") == (tmp_path / "log" / f"{prefix}begin").read_bytes()
    own = witness_key(tmp_path / "hub").verifier
    for part in written:
        note = read_note(hub.file(f"{part.part.prefix}checkpoint"))
        assert cosigned_at_s(note, own) is not None
        assert cosigned_at_s(note, FRIEND.verifier) is not None
    found = audit_parts(files_of(str(mirror_of(tmp_path))), policy_of(written[0]))
    assert [each.checkpoint for each in found] == [each.checkpoint for each in written]


def test_a_look_reads_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "log", 9_000)
    asked = list[str]()
    plain = watching.ProgrammeClient.log_file

    def counting(self: watching.ProgrammeClient, path: str) -> bytes:
        asked.append(path)
        return plain(self, path)

    monkeypatch.setattr(watching.ProgrammeClient, "log_file", counting)
    with shown(tmp_path / "log") as url:
        looked(watch(tmp_path, url))
        assert len(asked) == -(-9_002 // WIDTH) + 2
        asked.clear()
        looked(watch(tmp_path, url))  # after a restart
        assert asked == ["checkpoint", "checkpoint"]
        write(tmp_path / "log", 9_300)
        asked.clear()
        hub = looked(watch(tmp_path, url))
        assert hub.size == 9_302
        assert asked == ["checkpoint", entry_tile(35, WIDTH), entry_tile(36, 86), "checkpoint"]


@pytest.mark.parametrize("size", [4_095, 4_096, 4_097, 4_098, 8_192])
def test_the_watch_goes_on_wherever_in_a_span_it_was_restarted(tmp_path: Path, size: int) -> None:
    leaves = [some_leaf(n) for n in range(9_000)]
    long_log(tmp_path / "whole", SIGNER, leaves, witnesses=[FRIEND], at_s=NOW_S)
    entries = b"".join((tmp_path / "whole" / entry_tile(n, WIDTH)).read_bytes() for n in range(33))
    cut(tmp_path / "log", unbundle(entries)[:size])
    with shown(tmp_path / "log") as url:
        assert looked(watch(tmp_path, url)).size == size
    with shown(tmp_path / "whole") as url:
        hub = looked(at_home_again(tmp_path, url))
        assert (hub.size, hub.trouble) == (9_002, None)
        assert hub.file("tags/0/001/head") == (tmp_path / "whole" / "tags/0/001/head").read_bytes()


def at_home_again(tmp_path: Path, url: str) -> Watch:
    return at_home(tmp_path).join(url)


def cut(folder: Path, entries: list[bytes]) -> str:
    """A log of these entries, whatever they say; its note."""
    return lying_log(folder, entries, SIGNER, FRIEND, NOW_S)


def test_another_key_that_the_old_one_signed_is_followed_without_crying_fork(tmp_path: Path) -> None:
    other, another = make_signer("programme.test/log/1"), make_signer("new.test", COSIGNATURE)
    policy = Policy(other.verifier, (("friend", FRIEND.verifier),), 1)
    written = write(tmp_path / "log", 500, cuts=[300], rotates={1: (other, policy)})
    assert another.name
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert (hub.trouble, hub.size) == (None, written[1].checkpoint.size)
        open_checkpoint(hub.file("1/checkpoint"), other.verifier)
        hub = looked(watch(tmp_path, url))  # the new policy is remembered
        assert (hub.trouble, hub.mirror.newest.part.policy.log) == (None, other.verifier)


def test_a_key_that_the_old_one_did_not_sign_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path / "log", 500, cuts=[300])
    other = replace(make_signer("programme.test/log/1"))
    with shown(tmp_path / "log") as url:
        note = read_note((tmp_path / "log" / "1" / "checkpoint").read_text())
        put(tmp_path / "log", "1/checkpoint", str(Note(note.text, (other.sign(note.text),))).encode())
        hub = looked(watch(tmp_path, url))
        assert "did not sign" in (hub.trouble or "")
        assert hub.mirror.newest.kept is None


def test_an_entry_after_the_end_of_a_part_is_a_contradiction_that_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "log", 500, cuts=[300])
    entries = unbundle((tmp_path / "log" / entry_tile(0, WIDTH)).read_bytes())
    entries += unbundle((tmp_path / "log" / entry_tile(1, 45)).read_bytes())
    cut(tmp_path / "log", [*entries, some_leaf(7)])
    with shown(tmp_path / "log") as url:
        home = at_home(tmp_path)
        hub = looked(home.join(url))
        assert "goes on after its end" in (hub.trouble or "")
        with pytest.raises(Refused, match="Nothing will be given"):
            home.donations.ask_key("0" * 16)
    assert shows(tmp_path).endswith("and has 302 entries all the same.")


def shows(tmp_path: Path) -> str:
    [kept] = (tmp_path / "hub" / "log-evidence").glob("lie-*.txt")
    assert is_contradiction(kept.read_text())
    return read_contradiction(kept.read_text(), [SIGNER.verifier])


def test_a_finished_part_that_goes_on_is_found_when_it_is_seen_again(tmp_path: Path) -> None:
    write(tmp_path / "log", 500, cuts=[300])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert hub.trouble is None
        entries = [some_leaf(n) for n in range(400)]
        cut(tmp_path / "log", entries)
        hub.look()
        assert "contradicts itself" in (hub.trouble or "")
    assert shows(tmp_path).endswith("was signed with 400 entries later.")


@pytest.mark.parametrize("level", [0, 1])
def test_an_index_that_leaves_an_entry_out_is_a_lie_that_is_kept(
    tmp_path: Path, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tags.SPANS[level] + 10
    leaves = [some_leaf(n) for n in range(count)]
    long_log(tmp_path / "log", SIGNER, leaves, witnesses=[FRIEND], at_s=NOW_S)
    size = open_checkpoint((tmp_path / "log" / "checkpoint").read_bytes(), SIGNER.verifier)[0].size
    entries = list[bytes]()
    for n in range(-(-size // WIDTH)):
        entries += unbundle((tmp_path / "log" / entry_tile(n, min(WIDTH, size - n * WIDTH))).read_bytes())
    place = tags.entry_of(level, 0)
    lying = entries[: tags.SPANS[level]]
    lying[17] = b"not ours"
    entries[place] = tags.index_of(level, 0, lying).leaf(NOW_S).canonical()
    cut(tmp_path / "log", entries)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
    assert "leaves out or invents entries" in (hub.trouble or "")
    assert "signed an index that is not of its entries 0 to" in shows(tmp_path)
    assert hub.size is None
    with pytest.raises(LogDoubted, match="Nothing that it shows"):
        hub.file("checkpoint")
    with shown(tmp_path / "log") as url:  # that is remembered, whatever the log shows later
        assert looked(watch(tmp_path, url)).doubt is not None


def test_a_log_from_before_there_were_indexes_is_not_accused(tmp_path: Path) -> None:
    cut(tmp_path / "log", [some_leaf(n) for n in range(5_000)])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        assert (hub.size, hub.trouble) == (5_000, None)
        with pytest.raises(NotFound):
            hub.file("tags/0/000/head")


def test_a_part_that_does_not_begin_where_the_one_before_ended_is_a_contradiction(tmp_path: Path) -> None:
    first = write(tmp_path / "log", 500, cuts=[300])[0]
    long_log(
        tmp_path / "other",
        SIGNER,
        (some_leaf(n + 1) for n in range(500)),
        witnesses=[FRIEND],
        cuts=[300],
        at_s=NOW_S,
    )
    shutil.rmtree(tmp_path / "log" / "1")
    (tmp_path / "other" / "1").rename(tmp_path / "log" / "1")
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
    assert "does not begin where the one before it ended" in (hub.trouble or "")
    assert shows(tmp_path).endswith(f"were signed with different trees of {first.checkpoint.size} entries.")


def test_damaged_files_are_fetched_again(tmp_path: Path) -> None:
    write(tmp_path / "log", 9_000)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        mirror = mirror_of(tmp_path)
        for path in ("tile/entries/003", "tile/0/005", "tags/0/001/00", "tile/entries/035.p/42"):
            wanted = (tmp_path / "log" / path).read_bytes()
            assert hub.file(path) == wanted
            hub = at_home(tmp_path).watch
            (mirror / path).write_bytes(b"\0" * 40)
            assert hub.file(path) == wanted, path
            assert (mirror / path).read_bytes() == wanted
            hub = at_home(tmp_path).watch
            (mirror / path).unlink()
            assert hub.file(path) == wanted, path


def test_a_finished_part_that_was_damaged_while_the_hub_runs_accuses_nobody(tmp_path: Path) -> None:
    write(tmp_path / "log", 5_000, cuts=[4_500])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        hub.mirror.parts[0].kept = None
        hub.look()
        assert (hub.trouble, hub.doubt) == (None, None)
        for path in ("tile/0/003", "tile/entries/003", "tile/1/000.p/17"):
            (mirror_of(tmp_path) / path).write_bytes(b"\0" * 32)
        hub = at_home(tmp_path).watch
        for _ in range(3):
            hub.try_look()
        assert (hub.trouble, hub.doubt, hub.size) == (None, None, 501)
        assert hub.file("tile/0/003") == (tmp_path / "log" / "tile/0/003").read_bytes()


def test_what_ties_the_parts_is_fetched_again_too(tmp_path: Path) -> None:
    write(tmp_path / "log", 500, cuts=[300])
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        for path in ("next", "1/begin"):
            (mirror_of(tmp_path) / path).write_bytes(b"{}")
            assert hub.file(path) == (tmp_path / "log" / path).read_bytes()
            (tmp_path / "log" / path).write_bytes(b"{}")
            assert hub.file(path) != b"{}"
        for path in ("begin", "1/next"):
            with pytest.raises(NotFound):
                hub.file(path)


def test_a_mirror_whose_edge_was_torn_is_read_again_and_still_remembers(tmp_path: Path) -> None:
    write(tmp_path / "log", 9_000)
    with shown(tmp_path / "log") as url:
        looked(watch(tmp_path, url))
        shutil.rmtree(mirror_of(tmp_path) / "tile" / "entries" / "035.p")
        (mirror_of(tmp_path) / "tile" / "entries" / "010").write_bytes(b"torn")
        hub = at_home(tmp_path).watch
        assert hub.mirror.newest.kept is None
        looked(hub)
        assert (hub.size, hub.trouble) == (9_002, None)
        shutil.rmtree(mirror_of(tmp_path) / "tile")
        write(tmp_path / "log", 8_000)  # a rollback
        hub = looked(at_home(tmp_path).watch)
        assert "contradicts itself" in (hub.trouble or "")


def test_a_part_of_a_file_is_cut_for_a_page_that_holds_an_older_checkpoint(tmp_path: Path) -> None:
    write(tmp_path / "log", 9_000)
    with shown(tmp_path / "log") as url:
        hub = looked(watch(tmp_path, url))
        whole = unbundle((tmp_path / "log" / entry_tile(3, WIDTH)).read_bytes())
        assert unbundle(hub.file(entry_tile(3, 17))) == whole[:17]
        assert hub.file(hash_tile(0, 3, 17)) == (tmp_path / "log" / hash_tile(0, 3, WIDTH)).read_bytes()[: 17 * 32]
        for odd in (entry_tile(35, 43), entry_tile(36, 1), "tile/0/../0", "etc/passwd", ".seen.json"):
            with pytest.raises(NotFound):
                hub.file(odd)
        with pytest.raises(NotAudited):  # a page that saw this part would take anything else for a rollback
            hub.file("9/checkpoint")


def test_nothing_is_shown_before_the_first_audit_and_all_of_it_while_the_log_is_away(tmp_path: Path) -> None:
    hub = watch(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(NotAudited, match="A programme has not been checked here yet"):
        hub.file("checkpoint")
    write(tmp_path / "log", 300)
    with shown(tmp_path / "log") as url:
        looked(watch(tmp_path, url))
    hub = at_home(tmp_path).watch
    hub.try_look()  # it is away now
    check_note(hub.file("checkpoint"), policy_of(write(tmp_path / "log", 1)[0]), TestClock().now_ms())
    assert len(unbundle(hub.file(entry_tile(1, 44)))) == 44


def test_what_a_receipt_shows_goes_through_the_same_memory(tmp_path: Path) -> None:
    old = write(tmp_path / "log", 300)[0].note
    ahead = write(tmp_path / "later", 700)[0].note
    write(tmp_path / "log", 500)
    with shown(tmp_path / "log") as url:
        home = at_home(tmp_path)
        hub = looked(home.join(url))
        programme = home.donations.membership.joined()
        assert home.logs.saw(programme, old)
        assert not home.logs.saw(programme, ahead)  # not shown here yet
        for _ in range(2):
            hub.look()
        assert "has shown more entries than it lets this hub read" in (hub.trouble or "")
        home = at_home(tmp_path)  # that is remembered
        hub = home.watch
        for _ in range(2):
            hub.look()
        assert "has shown more entries than it lets this hub read" in (hub.trouble or "")
        write(tmp_path / "log", 800)
        hub.look()
        assert (hub.trouble, hub.mirror.ahead) == (None, ())
        text = read_note(old).text
        forged = str(Note(text, (make_signer("programme.test/log").sign(text),)))
        with pytest.raises(Unproven, match="did not sign"):
            home.logs.saw(programme, forged)
        assert hub.doubt is None


@pytest.mark.parametrize("size", [100, 500, 700])
def test_another_tree_in_a_receipt_is_a_fork_that_is_kept(tmp_path: Path, size: int) -> None:
    write(tmp_path / "log", 500)
    forked = cut(tmp_path / "other", [some_leaf(n + 1) for n in range(size)])
    with shown(tmp_path / "log") as url:
        home = at_home(tmp_path)
        hub = looked(home.join(url))
        programme = home.donations.membership.joined()
        if size == 700:  # ahead of what this hub was shown: found out when the log gets there
            assert not home.logs.saw(programme, forked)
            write(tmp_path / "log", 900)
            hub.look()
        else:
            with pytest.raises(Unproven, match="two different trees"):
                home.logs.saw(programme, forked)
        assert "contradicts itself" in (hub.trouble or "")
        assert programme.id in home.donations.distrusted
    [kept] = (tmp_path / "hub" / "log-evidence").glob("fork-*.txt")
    assert read_evidence(kept.read_text(), SIGNER.verifier).is_proof


def test_only_the_programme_whose_log_contradicts_itself_is_given_nothing(tmp_path: Path) -> None:
    write(tmp_path / "log", 300)
    write(tmp_path / "good", 300)
    home = at_home(tmp_path)
    with shown(tmp_path / "log") as url, shown(tmp_path / "good") as good:
        looked(home.join(url, name="One"))
        first = home.donations.membership.joined()
        cut(tmp_path / "log", [some_leaf(n + 1) for n in range(400)])
        looked(home.logs.watch(first))
        other = make_signer("good.test/log")
        text = str(Checkpoint("good.test/log", 0, Tree().root()))
        note = Note(text, (other.sign(text),))
        signed = cosign(note, FRIEND, TestClock().now_ms() // 1000)
        put(tmp_path / "good", "checkpoint", str(Note(text, (*note.signatures, signed))).encode())
        hub = looked(home.join(good, Policy(other.verifier, (("friend", FRIEND.verifier),), 1), name="Two"))
        assert hub.trouble is None
        assert set(home.donations.distrusted) == {first.id}


def test_two_programmes_of_one_log_share_its_mirror_and_a_log_that_tells_them_different_things_is_found(
    tmp_path: Path,
) -> None:
    write(tmp_path / "one", 300)
    cut(tmp_path / "two", [some_leaf(n + 1) for n in range(300)])
    home = at_home(tmp_path)
    with shown(tmp_path / "one") as one, shown(tmp_path / "two") as two:
        looked(home.join(one, name="One"))
        first = home.donations.membership.joined()
        hub = looked(home.join(two, name="Two"))
        assert "two different trees" in (hub.trouble or "")
        assert set(home.donations.distrusted) == {first.id, home.donations.membership.joined().id}
