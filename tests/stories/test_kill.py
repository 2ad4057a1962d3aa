"""kill -9, twenty times, while a camera is recorded: what it costs, and that index and files agree afterwards."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from nightlatch.seal.envelope import Sealed
from nightlatch.seal.identities import Opener
from tests.cameras import our_rtsp
from tests.house import House, house, until

KILLS = 20


def newest_ms(home: House) -> int:
    """End of the newest footage that is safe on disk: whole segments, and the parts in journals."""
    with sqlite3.connect(f"file:{home.data}/hub/hub.db?mode=ro", uri=True) as index:
        row = index.execute("select max(began_ms + duration_ms) from segments").fetchone()
    return int(row[0] or 0)


def recovered(home: House) -> int:
    """How often the vault has been recovered, and the books matched with it, so far."""
    log = home.logging / "serve.log"
    return log.read_text(errors="replace").count("books.matched") if log.exists() else 0


@pytest.mark.timeout(600)
def test_a_kill_costs_at_most_the_open_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    losses_ms: list[int] = []
    with our_rtsp(["flat"]) as urls, house(tmp_path / "house") as home:
        home.set_up()
        camera = home.add_camera("yard", urls["flat"])
        journal = home.data / "hub" / "vault" / camera["id"] / "open.parts"
        for kill in range(KILLS):
            pid = until(lambda: home.children("watch"), "the watch process")[0]
            until(lambda: journal.exists() and journal.stat().st_size > 0, "recording")
            size = journal.stat().st_size
            until(lambda was=size: journal.exists() and journal.stat().st_size not in (0, was), "a journalled part")
            time.sleep(kill / KILLS)  # the kills are spread over the second in which a part fills
            recoveries = recovered(home)
            killed_ms = time.time_ns() // 1_000_000
            os.kill(pid, signal.SIGKILL)
            until(lambda was=recoveries: recovered(home) > was, "the recovery")
            losses_ms.append(max(0, killed_ms - newest_ms(home)))
        until(lambda: [c["state"] for c in home.home()["cameras"]] == ["recording"], "recording again")
    with capsys.disabled():
        print(f"\n{KILLS} kills: lost ms per kill {sorted(losses_ms)}")
    assert max(losses_ms) <= 1_500  # one part of a second and the time that a frame takes from camera to disk

    with sqlite3.connect(home.data / "hub" / "hub.db") as index:
        rows = {row[0]: row[1] for row in index.execute("select path, bytes from segments")}
    vault = home.data / "hub" / "vault"
    on_disk = {str(p.relative_to(vault)): p.stat().st_size for p in vault.glob("*/segments/*/*.age")}
    assert rows == on_disk
    opener = Opener(home.keys.identity)
    for path in on_disk:
        assert opener.open(Sealed((vault / path).read_bytes()))
