"""What an owner's browser reads of a long log: bytes, requests and seconds, in Chromium, through the hub's route.

    python -m bench.log_page [--entries 1000000] [--clips 10] [--looks 20] [--every]

A month of entries is written at once (tests/ledger/long_log.py), among them the looks at the clips of one household,
spread over all days; a plain web server shows it. The owner is a real browser on a real hub. Four figures:

    first     from opening the page until it says in green what it checked
    idle      a minute of the page standing open while nothing changes in the log
    again     opening the page again in the same browser
    every     (with --every) "Read every entry"
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, Request, expect
from tests.browser.giving import DAY_S, Entry, claims, entry, gave, hub_key, join
from tests.browser.visit import browser, set_up
from tests.house import House, house
from tests.ledger.long_log import long_log, some_leaf
from tests.serving import shown

from nightlatch.ledger.policy import Policy
from nightlatch.owner.keys import OwnerKeys
from nightlatch.seal.note import COSIGNATURE, make_signer

DAYS = 30
IDLE_S = 60
OUT = Path(__file__).parent / "out"


@dataclass
class Meter:
    """What the page asked of the hub about giving since the last reading."""

    page: Page
    hub: int  # process id
    done: list[Request] = field(default_factory=list)
    began_s: float = 0.0
    before: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self.page.on("requestfinished", lambda request: self.done.append(request))
        self._devtools = self.page.context.new_cdp_session(self.page)
        self._devtools.send("Performance.enable")

    def begin(self) -> None:
        self.done.clear()
        self.began_s, self.before = time.monotonic(), self._cpu_s()

    def _cpu_s(self) -> tuple[float, float]:
        """Of the page's thread, and of the hub with all its threads."""
        metrics = self._devtools.send("Performance.getMetrics")["metrics"]
        [page_s] = [each["value"] for each in metrics if each["name"] == "TaskDuration"]
        stat = Path(f"/proc/{self.hub}/stat").read_text().rpartition(")")[2].split()
        return float(page_s), (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def say(self, what: str) -> None:
        took_s = time.monotonic() - self.began_s
        asked = [each for each in list(self.done) if "/api/giving" in each.url]
        sizes = [int(each.response().headers.get("content-length", 0)) for each in asked]  # type: ignore[union-attr]
        in_log = sum(size for each, size in zip(asked, sizes, strict=True) if "/logs/" in each.url)
        now, then = self._cpu_s(), self.before
        page_s, hub_s = now[0] - then[0] if now[0] > then[0] else now[0], now[1] - then[1]  # a new page counts anew
        read = f"{len(asked):6} requests  {sum(sizes):12,} bytes, of the log {in_log:12,}"
        print(f"{what:8} {took_s:7.1f} s  {read}  page {page_s:6.1f} s CPU, hub {hub_s:6.1f}", flush=True)


def leaves(size: int, own: dict[int, Entry]) -> Iterator[bytes]:
    """A month of entries of others, and the household's at their places."""
    for n in range(size):
        yield own[n].leaf if n in own else some_leaf(n)


def looks(keys: OwnerKeys, clips: list[str], each: int, size: int, begin_s: float) -> dict[str, dict[int, Entry]]:
    """By clip, the looks at it: by their places, spread over all days."""
    total = len(clips) * each
    found: dict[str, dict[int, Entry]] = {clip: {} for clip in clips}
    for n in range(total):
        place = int((n + 0.5) * size / total)
        at_s = begin_s + DAYS * DAY_S * place / size
        clip = clips[n % len(clips)]
        found[clip][place] = entry(keys, clip, at_s, reviewer="grey heron", purpose="label")
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--entries", type=int, default=1_000_000)
    asked.add_argument("--clips", type=int, default=10)
    asked.add_argument("--looks", type=int, default=20)
    asked.add_argument("--every", action="store_true")
    args = asked.parse_args()
    signer, friend = make_signer("bench.test/log"), make_signer("friend.test", COSIGNATURE)
    policy = Policy(signer.verifier, (("friend", friend.verifier),), 1, DAY_S)
    clips = [f"{n:032x}" for n in range(args.clips)]
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "keeper").mkdir()
        with (
            house(folder / "house", program="serve") as home,
            shown(folder / "log") as log_url,
            shown(folder / "keeper") as keeper_url,
            browser() as context,
        ):
            page = context.new_page()
            keys = OwnerKeys.from_words(" ".join(set_up(page, home.address)))
            programme = join(page, home, keeper_url, log_url, policy)
            page.goto(home.address)
            begin_s = time.time() - DAYS * DAY_S
            mine = looks(keys, clips, args.looks, args.entries, begin_s)
            own = {place: each for one in mine.values() for place, each in one.items()}
            began_s = time.monotonic()
            [part] = long_log(
                folder / "log",
                signer,
                leaves(args.entries, own),
                witnesses=(friend, hub_key(home)),
                policy=policy,
                at_s=int(time.time()),
            )
            size = part.checkpoint.size
            print(f"a log of {size:,} entries, written in {time.monotonic() - began_s:.0f} s", flush=True)
            for clip, entries in mine.items():
                gave(home, clip, programme, age_s=DAYS * DAY_S)
                claims(folder / "keeper", clip, [(part.positions[place], each) for place, each in entries.items()])
            measure(page, home, size, is_every=args.every)


def measure(page: Page, home: House, size: int, *, is_every: bool) -> None:
    """Open the page, leave it open, open it again, and read every entry."""
    assert home.process is not None
    meter = Meter(page, home.process.pid)
    proof = page.get_by_test_id("log-proof")
    meter.begin()
    page.goto(f"{home.address}/giving")
    expect(proof).to_contain_text("your entries and the indexes", timeout=600_000)
    meter.say("first")
    expect(page.get_by_test_id("look").first).to_contain_text("Proven")
    page.screenshot(path=OUT / "log_page.png")
    meter.begin()
    page.wait_for_timeout(IDLE_S * 1000)
    meter.say("idle")
    meter.begin()
    page.reload()
    expect(proof).to_contain_text("your entries and the indexes", timeout=600_000)
    meter.say("again")
    if is_every:
        meter.begin()
        page.get_by_test_id("read-every").click()
        expect(proof).to_contain_text(f"all {size:,} entries", timeout=1_800_000)
        meter.say("every")


if __name__ == "__main__":
    main()
