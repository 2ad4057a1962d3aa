"""Kill -9 at random moments: what it costs, counted at the camera.

    python -m tests.drills.kills [--kills 1000] [--seed N]

The real watch process records four simulated cameras (small without sound, below 64 KiB a part; small with sound; five
pictures a second; 2 Mbit/s) beside a real serve. Most kills fall while it records, at random moments of the first six
seconds; some right after its start, in the recovery, and some shortly after SIGTERM, while it closes. A kill counts
once, however many cameras it hit.

Every picture carries its number and the camera notes when it was sent, so after the next start:
- lost: from the last picture kept to the last one sent before the kill (before SIGTERM, where that came first);
- no picture between the first and the last kept of a run is missing;
- every new file, of clips and sheets too, opens with Debian's `age -d` (status 0), which is not ours;
- the index names exactly the segments and the files of closed clips that are there, with their sizes.
After each batch of kills all pictures of all cameras are decoded.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nightlatch.hub.vault.layout import read_name
from tests.drills.cameras import PER_PLAY, Camera, street
from tests.house import House, until
from tests.rtsp import count_pictures, numbers, shoot

MOST_LOST_S = 1.0
BATCH = 50  # kills in one folder
Kind = Literal["recording", "starting", "closing"]
KINDS: tuple[Kind, ...] = ("recording",) * 7 + ("starting", "closing", "closing")


@dataclass(slots=True)
class Kill:
    """One run of watch that was killed. `plays` is the range of each camera's plays in that run."""

    kind: Kind
    at_s: float  # time.monotonic: of the kill, or of the SIGTERM before it
    plays: list[range]
    lost_s: list[float] = field(default_factory=list)  # by camera that had sent something


@dataclass(slots=True)
class Found:
    """What a drill came to."""

    kills: list[Kill] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    files: int = 0
    pictures: int = 0
    late_s: float = 0.0  # the most that a camera sent a picture after it was due: the machine was busy

    @property
    def lost_s(self) -> list[float]:
        """Of every camera of every kill, in order."""
        return sorted(each for kill in self.kills for each in kill.lost_s)


class Watch:
    """The real watch process, started and killed again and again."""

    def __init__(self, home: House) -> None:
        self._words = ["hub", "--role", "watch", "--data", str(home.data / "hub"), "--no-demo"]
        self._log = home.folder / "watch.out"
        self._zygote = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> int:
        """Its process id."""
        return self._ask(json.dumps({"words": self._words, "log": str(self._log)}))

    def ended(self) -> int:
        """Wait for its end: the exit status."""
        return self._ask("")

    def close(self) -> None:
        """Let the next start come from elsewhere."""
        if self._zygote.stdin is not None:
            self._zygote.stdin.close()
        self._zygote.wait(10)

    def _ask(self, line: str) -> int:
        if self._zygote.stdin is None or self._zygote.stdout is None:
            raise RuntimeError("the zygote has no pipes")
        self._zygote.stdin.write(line + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())


class Drill:
    """A batch of kills in one folder."""

    def __init__(self, home: House, cameras: Sequence[Camera], dice: random.Random, found: Found) -> None:
        self._home, self._cameras, self._dice, self._found = home, cameras, dice, found
        self._ids: list[str] = []
        self._waiting: list[Kill] = []  # whose losses are known after the next recovery
        self._kept: list[dict[int, set[int]]] = [{} for _ in cameras]  # by camera and play: numbers of pictures
        self._opened: dict[str, bytes] = {}
        self._tried: dict[Path, int] = {}  # files of clips and sheets, by when they were last written
        self._key = home.folder / "key.txt"
        self._key.touch(0o600)
        self._key.write_text(str(home.keys.identity) + "\n")

    def run(self, kills: int) -> None:
        """So many, and a last run that is not killed."""
        self._home.set_up()
        self._ids = [self._home.add_camera(f"camera {n}", each.url)["id"] for n, each in enumerate(self._cameras)]
        watch = Watch(self._home)
        try:
            for number in range(kills):
                self._kill(watch, "recording" if number == 0 else self._dice.choice(KINDS))
            matched = self._matched()
            pid = watch.start()
            until(lambda: self._matched() > matched, "the recovery")
            self._judge()
            os.kill(pid, signal.SIGTERM)
            if (status := watch.ended()) != 0:
                self._found.faults.append(f"a clean stop ended with {status}")
        finally:
            watch.close()
        self._decode()

    def _kill(self, watch: Watch, kind: Kind) -> None:
        first = [len(each.plays) for each in self._cameras]
        matched, pid = self._matched(), watch.start()
        if kind == "starting":
            time.sleep(self._dice.uniform(0, 0.4))
        else:
            until(lambda: self._matched() > matched, "the recovery")
            self._judge()
            until(
                lambda: all(len(c.plays) > n and c.plays[-1].sent_s for c, n in zip(self._cameras, first, strict=True)),
                "play",
            )
            time.sleep(self._dice.choice((self._dice.uniform(0.2, 2.0), self._dice.uniform(2.0, 6.0))))
        kill = Kill(kind, time.monotonic(), [])
        if kind == "closing":
            os.kill(pid, signal.SIGTERM)
            time.sleep(self._dice.uniform(0, 0.15))
        os.kill(pid, signal.SIGKILL)
        watch.ended()
        kill.plays = [range(n, len(each.plays)) for each, n in zip(self._cameras, first, strict=True)]
        self._waiting.append(kill)

    def _matched(self) -> int:
        log = self._home.logging / "serve.log"
        return log.read_text(errors="replace").count("books.matched") if log.exists() else 0

    def _judge(self) -> None:
        """What the kills before this start cost."""
        vault = self._home.data / "hub" / "vault"
        try:
            until(lambda: self._agree(vault), "index and files agreeing", 5)
        except TimeoutError:
            self._found.faults.append(
                f"index and files differ; segments: {set(self._rows().items()) ^ set(self._files(vault).items())}"
            )
        new = [path for path in self._files(vault) if path not in self._opened]
        with ThreadPoolExecutor(4) as pool:
            for path, mp4 in zip(new, pool.map(lambda path: self._open(vault / path), new), strict=True):
                self._opened[path] = mp4
                camera = self._ids.index(path.split("/")[0])
                for number in numbers(mp4):
                    self._kept[camera].setdefault(number // PER_PLAY, set()).add(number % PER_PLAY)
            list(pool.map(self._open, self._others(vault)))
        for kill in self._waiting:
            self._count(kill)
            self._found.kills.append(kill)
        self._waiting.clear()

    def _open(self, path: Path) -> bytes:
        opened = subprocess.run(["age", "-d", "-i", str(self._key), str(path)], capture_output=True)
        self._found.files += 1
        if opened.returncode != 0:
            self._found.faults.append(f"age -d {path.name}: {opened.returncode} {opened.stderr.decode()[:200]}")
        return opened.stdout

    def _count(self, kill: Kill) -> None:
        for number, (camera, plays) in enumerate(zip(self._cameras, kill.plays, strict=True)):
            for index in plays:
                self._found.late_s = max(self._found.late_s, camera.plays[index].late_s)
                sent_s = [at_s for at_s in camera.plays[index].sent_s if at_s is not None]
                sent = bisect_right(sent_s, kill.at_s)
                if not sent:
                    continue
                kept = self._kept[number].get(index, set())
                last = max(kept, default=-1)
                since_s = sent_s[last] if kept else sent_s[0] - 1 / camera.films[0].fps
                kill.lost_s.append(max(0.0, sent_s[sent - 1] - since_s))
                if missing := sorted(set(range(last + 1)) - kept):
                    self._found.faults.append(f"camera {number}, play {index}: not kept in between: {missing[:10]}")

    def _others(self, vault: Path) -> list[Path]:
        """Files of clips and sheets that are new, or were written again."""
        found = []
        for path in (*vault.glob("*/clips/[0-9a-f]*/[a-z]*.age"), *vault.glob("*/sheets/*/[0-9]*.age")):
            if self._tried.get(path) != (written := path.stat().st_mtime_ns):
                self._tried[path] = written
                found.append(path)
        return found

    def _agree(self, vault: Path) -> bool:
        """Whether the index names the segments and the files of closed clips that are there."""
        with sqlite3.connect(f"file:{self._home.data}/hub/hub.db?mode=ro", uri=True) as index:
            clips = index.execute("select camera_id || '/clips/' || id, open from clips").fetchall()
            objects = index.execute(
                "select c.camera_id || '/clips/' || c.id || '/' || p.name || '.age', p.bytes "
                "from clip_parts p join clips c on c.id = p.clip_id where not c.open"
            ).fetchall()
        folders = {str(path.parent.relative_to(vault)) for path in vault.glob("*/clips/[0-9a-f]*/manifest.age")}
        there = [path for clip, is_open in clips if not is_open for path in (vault / clip).glob("[a-z]*.age")]
        return (
            self._rows() == self._files(vault)
            and dict(objects) == {str(path.relative_to(vault)): path.stat().st_size for path in there}
            and {clip for clip, is_open in clips if not is_open} <= folders <= {clip for clip, _ in clips}
        )

    def _rows(self) -> dict[str, int]:
        with sqlite3.connect(f"file:{self._home.data}/hub/hub.db?mode=ro", uri=True) as index:
            return {str(path): int(size) for path, size in index.execute("select path, bytes from segments")}

    def _files(self, vault: Path) -> dict[str, int]:
        return {str(path.relative_to(vault)): path.stat().st_size for path in vault.glob("*/segments/*/[0-9]*.age")}

    def _decode(self) -> None:
        """Every picture of every file; a saved part that goes on is joined to the one before."""
        whole: list[bytes] = []
        for path in sorted(self._opened, key=lambda each: (each.split("/")[0], each.rsplit("/", 1)[1])):
            name = read_name(path)
            if name is not None and name.is_continued and whole:
                whole[-1] += self._opened[path]
            else:
                whole.append(self._opened[path])
        for mp4 in whole:
            there, shown = len(numbers(mp4)), count_pictures(mp4)
            self._found.pictures += shown
            if shown != there:
                self._found.faults.append(f"{there} pictures are in a file, {shown} can be decoded")


def drill(folder: Path, kills: int, seed: int) -> Found:
    """So many kills, in batches that each have a folder of their own."""
    dice, found = random.Random(seed), Found()
    films = (
        shoot(320, 180, bit_rate=200_000),
        shoot(320, 180, bit_rate=400_000),
        shoot(640, 360, fps=5, gop=5, bit_rate=300_000),
        shoot(1280, 720, bit_rate=2_000_000),
    )
    cameras = [Camera([film], has_sound=number == 1) for number, film in enumerate(films)]
    with street(cameras):
        for batch in range(0, kills, BATCH):
            home = House(folder / f"batch-{batch}", program="serve")
            home.start()
            try:
                Drill(home, cameras, dice, found).run(min(BATCH, kills - batch))
            finally:
                home.stop()
            print(said(found), flush=True)
    return found


def said(found: Found) -> str:
    """One line."""
    lost = found.lost_s or [0.0]
    kinds = Counter(kill.kind for kill in found.kills)
    middle, late = lost[len(lost) // 2], lost[int(len(lost) * 0.99)]
    return (
        f"{len(found.kills)} kills ({', '.join(f'{kinds[kind]} {kind}' for kind in sorted(kinds))}), "
        f"{len(lost)} losses counted at a camera: median {middle:.2f} s, 99 % {late:.2f} s, most {lost[-1]:.2f} s "
        f"(the cameras themselves were late by up to {found.late_s:.2f} s); "
        f"{found.files} files opened, {found.pictures} pictures decoded, {len(found.faults)} faults"
    )


def main() -> None:
    """Print a line a batch, and what was wrong; status 1 if anything was."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--kills", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = asked.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        found = drill(Path(folder), given.kills, given.seed)
    for fault in found.faults:
        print(fault)
    if found.faults or found.lost_s[-1] > MOST_LOST_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
