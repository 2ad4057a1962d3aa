"""Kill -9 a log at random moments, across months and full spans: no answered entry is lost, and nothing forks.

    python -m tests.drills.logs [--kills 200] [--seed N]

The real `nightlatch log serve` takes entries from twelve writers, beside a real witness. Most kills fall while it
works, after the first or after some hundred answers; some in its start. Every few starts it is another month, so that
kills also fall into the end of a part and the beginning of the next; the first part begins shortly before a span is
full. Now and then a second log is started over the same folder, which must refuse.

Every checkpoint that was ever shown is kept. At the end:
- every entry that was answered is where the answer said;
- every checkpoint, of every part, is the beginning of what that part is now;
- each part ends with `log.next` and no other entry is one; the next begins where it ended;
- each full span of entries is spoken of at its place, and its files say what the entries say;
- the witness kept no evidence and cosigned the newest checkpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.log.__main__ import MISSING, Line

from nightlatch.errors import NightlatchError
from nightlatch.ledger import parts, tags
from nightlatch.ledger.checkpoint import cosigned_at_s, open_checkpoint
from nightlatch.ledger.client import encode_leaf
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.monitor import Audited, audit
from nightlatch.ledger.parts import Part, first_part, position
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.proof import read_proof
from nightlatch.seal.note import COSIGNATURE, Verifier, make_signer, read_note
from tests.house import free_port
from tests.ledger.long_log import long_log, some_leaf

WRITERS = 12
MOST_ANSWERED = 150  # entries before a kill
MONTH_EVERY = 7  # starts
SECOND_EVERY = 25
MONTH_S = 31 * 86_400
SECRET = "the secret of this drill"
LOADED = ("nightlatch.cli", "nightlatch.commands.log", "nightlatch.diagnostics", "nightlatch.ledger.face", "uvicorn")


@dataclass(slots=True)
class Found:
    """What was answered and shown, and what was wrong with it."""

    answered: dict[int, bytes] = field(default_factory=dict)
    shown: dict[tuple[str, int], bytes] = field(default_factory=dict)  # root, by a part's name and size
    kills: Counter[str] = field(default_factory=Counter)
    seconds_refused: int = 0
    parts: int = 0
    indexes: int = 0
    entries: int = 0
    faults: list[str] = field(default_factory=list)

    def show(self, note: str, log: Verifier) -> None:
        """Keep a checkpoint; another root for the same size is a fork already."""
        seen, _ = open_checkpoint(note, replace(log, name=note.split("\n", 1)[0]))
        if self.shown.setdefault((seen.origin, seen.size), seen.root) != seen.root:
            self.faults.append(f"{seen.origin} showed two trees of {seen.size} entries")


class Ground:
    """The folder, the keys, the witness and the zygote of a drill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "log"
        self.signer, witness = make_signer("drill.example/log"), make_signer("w.example", COSIGNATURE)
        self.policy = Policy(self.signer.verifier, (("w", witness.verifier),), 1)
        self.port, self.witness_port = free_port(), free_port()
        for name, text in (
            ("log.key", self.signer.secret()),
            ("witness.key", witness.secret()),
            ("secret", SECRET),
            ("policy", str(self.policy)),
        ):
            (folder / name).write_text(text)
        long_log(self.data, self.signer, (some_leaf(n) for n in range(4_000)), witnesses=[witness])
        command = ("log", "witness", "--data", folder / "witness", "--key", folder / "witness.key")
        words = [*map(str, command), "--log", str(self.signer.verifier), "--port", str(self.witness_port)]
        self.witness = subprocess.Popen([sys.executable, "-m", "nightlatch", *words], env=os.environ)
        self.zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.zygote", *LOADED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, months: int) -> int:
        """The log's process id."""
        url = f"http://127.0.0.1:{self.witness_port}/add-checkpoint"
        witness = f"{self.policy.witnesses[0][1]}={url}"
        given = ("--data", self.data, "--key", self.folder / "log.key", "--secret", self.folder / "secret")
        words = ["log", "serve", *map(str, given), "--policy", str(self.folder / "policy"), "--port", str(self.port)]
        env = {"NIGHTLATCH_CLOCK_OFFSET_S": str(months * MONTH_S)}
        asked = {"words": [*words, "--witness", witness], "log": str(self.folder / "said.txt"), "env": env}
        return int(self._ask(json.dumps(asked)))

    def ended(self) -> int:
        """How the log ended, which this waits for."""
        return int(self._ask(""))

    def close(self) -> None:
        assert self.zygote.stdin is not None
        self.zygote.stdin.close()
        self.witness.terminate()
        for program in (self.zygote, self.witness):
            program.wait(20)

    def _ask(self, line: str) -> str:
        assert self.zygote.stdin is not None
        assert self.zygote.stdout is not None
        self.zygote.stdin.write(f"{line}\n")
        self.zygote.stdin.flush()
        return self.zygote.stdout.readline()


def drill(folder: Path, *, kills: int, seed: int) -> Found:
    """Kill so many logs in a new folder, and look at what is left."""
    found, dice, ground = Found(), random.Random(seed), Ground(folder)
    try:
        asyncio.run(_kill(ground, found, dice, kills))
        _look(ground, found)
    finally:
        ground.close()
    return found


async def _kill(ground: Ground, found: Found, dice: random.Random, kills: int) -> None:
    for number in range(kills):
        pid = ground.start(number // MONTH_EVERY)
        kind = "starting" if dice.random() < 0.15 else "working"
        if kind == "starting":
            await asyncio.sleep(dice.random() * 0.4)
        else:
            await _up(ground.port)
            if number % SECOND_EVERY == SECOND_EVERY - 1:
                if await asyncio.to_thread(_second_refuses, ground):
                    found.seconds_refused += 1
                else:
                    found.faults.append(f"a second log ran beside the first in run {number}")
            writers = [asyncio.create_task(_write(ground, found, f"{number} {n}")) for n in range(WRITERS)]
            await _answered(found, len(found.answered) + int(dice.random() ** 2 * MOST_ANSWERED))
            await asyncio.sleep(dice.random() * 0.05)
        os.kill(pid, signal.SIGKILL)
        if ground.ended() != -signal.SIGKILL:
            found.faults.append(f"the log ended by itself in run {number}")
        if kind == "working":
            await asyncio.gather(*writers)
        found.kills[kind] += 1
    pid = ground.start(kills // MONTH_EVERY)
    await _up(ground.port)
    last = asyncio.create_task(_write(ground, found, "last"))
    await _answered(found, len(found.answered) + 3)
    os.kill(pid, signal.SIGTERM)
    ground.ended()
    await last


async def _answered(found: Found, count: int) -> None:
    """Wait until so many entries have been answered, or ten seconds."""
    until_s = time.monotonic() + 10
    while len(found.answered) < count and time.monotonic() < until_s:
        await asyncio.sleep(0.005)


async def _write(ground: Ground, found: Found, name: str) -> None:
    """Append until the log is gone; every other entry has a tag of its own."""
    n = 0
    try:
        line = Line(*await asyncio.open_connection("127.0.0.1", ground.port), SECRET)
        while True:
            n += 1
            raw = f"{name} {n}"
            leaf = some_leaf(abs(hash(raw)) % 10**9) if n % 2 else raw.encode()
            told = await line.ask("POST", "/v1/entries", json.dumps(encode_leaf(leaf)).encode())
            if told is MISSING:
                found.faults.append(f"an entry was refused in run {name}")
                return
            found.answered[int(told["index"])] = leaf
            found.show(read_proof(told["receipt"]).note, ground.signer.verifier)
            if n % 5 == 0:
                shown = await line.exchange("GET", "/v1/checkpoint")
                found.show((shown or b"").decode(), ground.signer.verifier)
    except (OSError, asyncio.IncompleteReadError):
        return


async def _up(port: int) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise TimeoutError("The log did not come up.")


def _second_refuses(ground: Ground) -> bool:
    """Whether a second log over the same folder ends at once with a sentence."""
    given = ("--data", ground.data, "--key", ground.folder / "log.key", "--secret", ground.folder / "secret")
    command = [sys.executable, "-m", "nightlatch", "log", "serve", *map(str, given), "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode != 0 and "Another program is writing to this log" in done.stdout + done.stderr


# ---- what is left ------------------------------------------------------------------------------------------------


def _look(ground: Ground, found: Found) -> None:
    part, before = first_part(ground.policy), None
    leaves: dict[int, Sequence[bytes]] = {}
    while True:
        now = _audited(ground, part, found)
        if now is None:
            return
        leaves[part.number] = now.leaves
        found.entries += len(now.leaves)
        folder = ground.data / part.prefix
        if before is not None:
            parts.read_begin((folder / "begin").read_bytes(), now.leaves[0], before.checkpoint)
        ends = [n for n, leaf in enumerate(now.leaves) if parts.is_last(leaf)]
        _look_at_indexes(ground.data / part.prefix, now.leaves, found)
        if not ends:
            break
        if ends != [len(now.leaves) - 1]:
            found.faults.append(f"part {part.number} goes on behind its end")
        part, before = parts.read_next((folder / "next").read_bytes(), now.leaves[-1], part), now
    found.parts = part.number + 1
    for number, leaf in found.answered.items():
        at = position(number)
        if at.part not in leaves or at.index >= len(leaves[at.part]) or leaves[at.part][at.index] != leaf:
            found.faults.append(f"the entry at {at} was answered and is not there")
    _look_at_witness(ground, part, found)


def _audited(ground: Ground, part: Part, found: Found) -> Audited | None:
    """A part that holds together, and that begins with everything that was shown of it."""
    folder, name = ground.data / part.prefix, part.policy.log.name
    try:
        now = audit(lambda path: (folder / path).read_bytes(), part.policy)
    except (NightlatchError, OSError) as error:
        found.faults.append(f"part {part.number} does not hold together: {error}")
        return None
    tree = Tree()
    for leaf in now.leaves:
        tree.append(leaf_hash(leaf))
    for (origin, size), root in found.shown.items():
        if origin == name and (size > tree.size or tree.root(size) != root):
            found.faults.append(f"{origin} showed another tree of {size} entries")
    return now


def _look_at_indexes(folder: Path, leaves: Sequence[bytes], found: Found) -> None:
    for place in range(len(leaves)):
        if (owed := tags.due(place)) is None:
            continue
        level, n = owed
        span = tags.SPANS[level]
        wanted = tags.index_of(level, n, leaves[span * n : span * (n + 1)])
        head = tags.read_head(level, n, (folder / tags.head_path(level, n)).read_bytes())
        buckets = [(folder / tags.bucket_path(level, n, each)).read_bytes() for each in range(tags.BUCKETS[level])]
        if head.leaf != leaves[place] or head.hashes != wanted.hashes or tuple(buckets) != wanted.buckets:
            found.faults.append(f"the index of span {n} does not fit the entries of {folder}")
        found.indexes += 1


def _look_at_witness(ground: Ground, newest: Part, found: Found) -> None:
    if kept := list((ground.folder / "witness" / "evidence").glob("*")):
        found.faults.append(f"the witness refused the log: {[each.name for each in kept]}")
    note = read_note((ground.data / newest.prefix / "checkpoint").read_bytes())
    if cosigned_at_s(note, ground.policy.witnesses[0][1]) is None:
        found.faults.append("the newest checkpoint is not cosigned")


def said(found: Found) -> str:
    """What a person reads."""
    kills = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kills.items()))
    return (
        f"{sum(found.kills.values())} kills ({kills}): {len(found.answered)} entries were answered, "
        f"{found.entries} are there, in {found.parts} parts with {found.indexes} indexes; "
        f"{len(found.shown)} checkpoints were shown. "
        f"{found.seconds_refused} second writers were refused. Faults: {found.faults or 'none'}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-logs-") as folder:
        found = drill(Path(folder), kills=given.kills, seed=given.seed)
    print(said(found))
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
