"""A programme's log that forks or goes back is found out by the hub, across restarts, and the proof is kept."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightlatch.errors import NightlatchError, Refused
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.logs import Logs, witness_key
from nightlatch.hub.serve.logs.watch import Watch
from nightlatch.keeper.app import create_app
from nightlatch.ledger.checkpoint import cosign, cosigned_at_s
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.face import create_log_app
from nightlatch.ledger.log import Log
from nightlatch.ledger.memory import read_evidence
from nightlatch.ledger.policy import Policy, check_note
from nightlatch.seal.note import COSIGNATURE, make_signer, read_note
from tests.clocks import TestClock
from tests.keeper.house import ORIGIN, TEN, House
from tests.keeper.test_real_log import RealLog
from tests.serving import served, shown

SIGNER, FRIEND = make_signer("programme.test/log"), make_signer("friend.test", COSIGNATURE)


@dataclass(frozen=True)
class Home:
    """What a hub has of logs, as after a start."""

    donations: Donations
    logs: Logs
    clock: TestClock

    @property
    def watch(self) -> Watch:
        """Of the programme that is joined."""
        return self.logs.watch(self.donations.membership.joined())

    def join(
        self, url: str, policy: Policy | None = None, keeper: str | None = None, name: str = "A programme"
    ) -> Watch:
        """Join a programme; its watch."""
        told = {
            "name": name,
            "keeper_url": keeper or url,
            "log_url": url,
            "programme_key": b64encode(bytes(32)).decode(),
            "policy": str(policy or Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1)),
            "notice": "n",
            "language": "en",
        }
        self.donations.membership.join(json.dumps(told))
        return self.watch


def at_home(tmp_path: Path, clock: TestClock | None = None) -> Home:
    """A hub that starts."""
    engine, clock = open_index(tmp_path / "hub"), clock or TestClock()
    donations = Donations(Books(tmp_path / "hub", engine), clock, None)
    return Home(donations, Logs(tmp_path / "hub", donations, clock), clock)


def watch(
    tmp_path: Path, url: str, policy: Policy | None = None, keeper: str | None = None, clock: TestClock | None = None
) -> Watch:
    """The watch of a hub that joined the programme, as after a start."""
    return at_home(tmp_path, clock).join(url, policy, keeper)


def append(log: Log, leaf: bytes) -> None:
    """Append it, and let the one witness of the policy cosign."""
    log.append(leaf)
    log.cosigned([cosign(log.note, FRIEND, TestClock().now_ms() // 1000)], log.checkpoint.size)


def test_a_log_that_grows_is_believed(tmp_path: Path) -> None:
    with shown(tmp_path / "log") as url, Log(tmp_path / "log", SIGNER) as log:
        hub = watch(tmp_path, url)
        for leaf in (b"one", b"two"):
            append(log, leaf)
            hub.look()
    assert (hub.size, hub.trouble) == (2, None)


@pytest.mark.parametrize("wrong", ["a fork of the same size", "a fork that is longer", "a rollback"])
def test_a_log_that_contradicts_itself_is_found_out_after_a_restart(tmp_path: Path, wrong: str) -> None:
    leaves = {
        "a fork of the same size": [b"one", b"other"],
        "a fork that is longer": [b"one", b"other", b"three"],
        "a rollback": [b"one"],
    }[wrong]
    with Log(tmp_path / "true", SIGNER) as log:
        log.append(b"one")
        log.append(b"two")
    with Log(tmp_path / "false", SIGNER) as log:
        for leaf in leaves:
            log.append(leaf)
    with shown(tmp_path / "true") as url:
        watch(tmp_path, url).look()
    with shown(tmp_path / "false") as url:
        home = at_home(tmp_path)
        hub = home.join(url)
        hub.look()
        assert hub.trouble is not None
        assert "A programme contradicts itself" in hub.trouble
        with pytest.raises(Refused, match="Nothing will be given"):
            home.donations.ask_key("0" * 16)
    [evidence] = (tmp_path / "hub" / "log-evidence").iterdir()
    for note in evidence.read_text().split("\n----\n\n")[:2]:
        assert SIGNER.verifier.signed(read_note(note))


def test_a_log_that_is_away_is_not_accused(tmp_path: Path) -> None:
    hub = watch(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(NightlatchError):
        hub.look()
    assert hub.trouble is None


def test_without_a_programme_there_is_nothing_to_watch(tmp_path: Path) -> None:
    home = at_home(tmp_path)
    home.join("http://127.0.0.1:9")
    assert len(home.logs.wanted()) == 1
    home.donations.membership.leave()
    assert home.logs.wanted() == []
    assert home.logs.troubles() == []


def with_this_hub(tmp_path: Path) -> Policy:
    """A policy whose one witness is the hub."""
    (tmp_path / "hub").mkdir(exist_ok=True)
    return Policy(SIGNER.verifier, (("home", witness_key(tmp_path / "hub").verifier),), 1)


def test_the_hub_cosigns_what_continues_and_makes_the_quorum(tmp_path: Path) -> None:
    policy = with_this_hub(tmp_path)
    own = policy.witnesses[0][1]
    with Log(tmp_path / "log", SIGNER) as log, served(create_log_app(log, {}, "w", [own])) as url:
        LogClient(url, "w").append(b"one")
        hub = watch(tmp_path, url, policy)
        hub.look()
        assert (hub.size, hub.vouched, hub.trouble) == (1, 1, None)
        check_note(LogClient(url).checkpoint(), policy, TestClock().now_ms())
        LogClient(url, "w").append(b"two")
        assert hub.vouch(1)  # between two audits
        assert hub.vouched == 2
        check_note(LogClient(url).checkpoint(), policy, TestClock().now_ms())
        assert witness_key(tmp_path / "hub").verifier == own
        assert (tmp_path / "hub" / "witness.key").stat().st_mode & 0o077 == 0


def test_a_hub_that_the_policy_does_not_name_follows_all_the_same(tmp_path: Path) -> None:
    with Log(tmp_path / "log", SIGNER) as log:
        append(log, b"one")
        with served(create_log_app(log, {}, "w")) as url:
            hub = watch(tmp_path, url)
            assert hub.vouch(1)
            assert hub.size == 1  # a programme that was joined since is audited without waiting for its turn
            append(log, b"two")
            assert hub.vouch(1)
            assert hub.size == 2
        assert cosigned_at_s(log.note, witness_key(tmp_path / "hub").verifier) is None  # the log does not know it


@pytest.mark.parametrize("wrong", ["a fork of the same size", "a fork that is longer", "a rollback"])
def test_the_hub_refuses_to_cosign_what_contradicts_itself(tmp_path: Path, wrong: str) -> None:
    leaves = {
        "a fork of the same size": [b"one", b"other"],
        "a fork that is longer": [b"one", b"other", b"three"],
        "a rollback": [b"one"],
    }[wrong]
    policy = with_this_hub(tmp_path)
    own = policy.witnesses[0][1]
    with Log(tmp_path / "true", SIGNER) as log, served(create_log_app(log, {}, "w", [own])) as url:
        log.append(b"one")
        log.append(b"two")
        watch(tmp_path, url, policy).look()
        assert cosigned_at_s(log.note, own) is not None
    with Log(tmp_path / "false", SIGNER) as log, served(create_log_app(log, {}, "w", [own])) as url:
        for leaf in leaves:
            log.append(leaf)
        hub = watch(tmp_path, url, policy)
        with contextlib.suppress(NightlatchError):
            hub.vouch(1)
        hub.look()
        assert "contradicts itself" in (hub.trouble or "")
        assert cosigned_at_s(log.note, own) is None
        assert not hub.vouch(1)
        log.append(b"it goes on")
        hub.look()
        assert cosigned_at_s(log.note, own) is None
    kept = list((tmp_path / "hub" / "log-evidence").iterdir())
    assert kept
    # the one that was rolled back became a fork of the same size when it went on
    assert any(read_evidence(path.read_text(), SIGNER.verifier)[2] for path in kept)


def test_the_hub_of_a_household_that_gave_is_let_in_by_the_keeper(tmp_path: Path) -> None:
    clock = TestClock(fixed_ms=TEN)
    log = RealLog(tmp_path / "programme", clock)
    keeper = House(tmp_path / "keeper", clock, log)
    own = with_this_hub(tmp_path).witnesses[0][1]
    given = keeper.offer(witness=str(own))
    with served(create_app(keeper.room, keeper.passkeys, ORIGIN, "face")) as url:
        log.append(b"one")
        home = at_home(tmp_path, clock)
        hub = home.join(log.url, log.policy, url)
        hub.look()
        assert hub.trouble is None
        assert cosigned_at_s(read_note(log.client.checkpoint()), own) is None  # nothing given: nobody knows it
        keeper.room.receive(given.gift)
        keeper.room.sweep()
        clock.fixed_ms += 60_000
        hub.look()
        assert cosigned_at_s(read_note(log.client.checkpoint()), own) == TEN // 1000 + 60
        check_note(log.client.checkpoint(), log.policy, TEN)  # the others' cosignatures are still there
    log.close()
    keeper.engine.dispose()
