"""A hub at home, with no open port, beside a witness elsewhere: the real programs, set up by command line."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from nightlatch.ledger.checkpoint import cosigned_at_s
from nightlatch.ledger.client import LogClient
from nightlatch.ledger.errors import Unproven
from nightlatch.ledger.policy import read_policy, verify_receipt
from nightlatch.seal.note import read_note, read_verifier
from tests.house import house, until
from tests.programme import Programme, programme


def cosigned(at: Programme, client: httpx.Client) -> bool:
    note = read_note(client.get(f"http://127.0.0.1:{at.log_port}/checkpoint", timeout=10).text)
    return all(cosigned_at_s(note, read_verifier(key)) is not None for key in (at.hub_key, at.witness_key))


def signed(at: Programme, quota: int) -> str:
    """What is said when two administrators have signed another policy."""
    config, hours = ("--config", str(at.config)), ("--opens", "0", "--closes", "1440")
    proposed = at.tell("programme", "policy", "--quota", str(quota), "--quorum", "2", *hours, *config)
    [change] = re.findall(r"programme sign (\w+)", proposed)
    at.tell("programme", "sign", change, "--key", "anna.key", "--yes", *config)
    return " ".join(at.tell("programme", "sign", change, "--key", "ben.key", "--yes", *config).split())


@pytest.mark.timeout(300)
def test_a_hub_behind_a_router_makes_the_quorum_and_nothing_holds_without_it(tmp_path: Path) -> None:
    with house(tmp_path / "house") as home:
        home.set_up()
        key = home.client.get("/api/giving").json()["witness"]["key"]
        with programme(tmp_path / "programme", hub_key=key) as at:
            home.client.put("/api/giving/programme", json={"invitation": at.invitation()}).raise_for_status()
            until(lambda: cosigned(at, home.client), "the hub's first word", 60)
            said = signed(at, 100)
            assert "it holds" in said
            assert "quota is 150, not 100" in said  # the keeper believes a quorum of two, and keeps to its promise
            assert cosigned(at, home.client)
            assert home.client.get("/api/giving").json()["witness"]["vouched"] >= 1
            log = LogClient(f"http://127.0.0.1:{at.log_port}", "what writers of this log show")
            believed = read_policy(at.policy)
            verify_receipt(log.append(b"with the hub").receipt, b"with the hub", believed, None)
            home.stop()
            alone = log.append(b"without it").receipt
            with pytest.raises(Unproven, match="Only 1 of 2 witnesses"):
                verify_receipt(alone, b"without it", believed, None)
