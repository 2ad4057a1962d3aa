"""ARCHITECTURE.md is true: what it names exists, what exists is named, and a running house has the processes it says.

The forms that are read:

- a code block whose first line is `src/nightlatch/` is the tree: the first word of each line below is a path in it;
- the code block under "Rings" names rooms in its second column;
- a table with the columns "zone" and "program", whose code spans are commands;
- a table with the columns "process", "how many" and "threads": the process as it is started, a number, and for `watch`
  "N with the first camera", "no more for each camera over RTSP and TCP", "M more for each stream that FFmpeg receives"
  (threads of Python's; those of libraries come and go).
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cameras import our_rtsp
from tests.documents import ROOT, SOURCE, blocks, spans, table, typed, wrong_in
from tests.house import House, house, until

PAGE = (ROOT / "ARCHITECTURE.md").read_text()


def rooms() -> set[str]:
    """What lies in the first floor of the package."""
    found = {each.stem for each in SOURCE.glob("*.py")} | {each.name for each in SOURCE.iterdir() if each.is_dir()}
    return {name for name in found if not name.startswith("__")}


def tree() -> list[str]:
    """The paths of the tree, if the page has one."""
    for block in blocks(PAGE):
        head, *lines = block.splitlines() or [""]
        if head.strip() == "src/nightlatch/":
            return [line.split()[0] for line in lines if line.strip()]
    return []


def exists(path: str) -> bool:
    return any((base / path).exists() for base in (ROOT, SOURCE, ROOT / "src"))


def test_every_path_exists() -> None:
    named = {each for each in spans(PAGE) if re.fullmatch(r"[\w.]+(/[\w.]+)*/?|\.importlinter", each)}
    for each in named:
        if "/" in each or each == ".importlinter":
            assert exists(each), each
        elif each.endswith((".py", ".md", ".toml")):
            assert any(next(base.rglob(each), None) for base in (SOURCE, ROOT / "tests", ROOT / "docs")), each


def test_every_path_of_the_tree_exists() -> None:
    for each in tree():
        assert exists(each), each


def test_every_room_is_on_the_page() -> None:
    words = set(re.findall(r"[\w.]+", " ".join([*blocks(PAGE), *spans(PAGE)])))
    assert {room for room in rooms() if not {room, f"{room}.py"} & words} == set()


def test_every_ring_is_made_of_rooms() -> None:
    ring = next(block for block in blocks(PAGE.partition("\n## Rings")[2]))
    rows = [re.split(r" {2,}", line.strip()) for line in ring.splitlines() if line.strip()]
    named = {room for row in rows for room in re.split(r"[ |,]+", row[1]) if room != "then"}
    assert len(named) > 10
    for room in named:
        places = [base / name for base in (SOURCE, SOURCE / "pixels") for name in (room, f"{room}.py")]
        assert any(place.exists() for place in places), room


def test_every_program_and_command_exists() -> None:
    for words in typed(PAGE):
        if words[0] == "nightlatch":
            assert wrong_in(words) is None
    rows = table(PAGE, "zone", "program")
    assert len(rows) > 4
    named = [span for row in rows for span in spans(row["program"])]
    for span in named:
        if (module := re.match(r"python -m nightlatch\.(\w+)", span)) is not None:
            assert (SOURCE / module[1]).is_dir(), span
        else:
            assert wrong_in(["nightlatch", *span.removeprefix("nightlatch ").split()]) is None


def processes(pid: int) -> Iterator[list[str]]:
    """A process and those below it, as they were started: the words after `-m`."""
    yield Path(f"/proc/{pid}/cmdline").read_text().strip("\0").split("\0")[2:]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from processes(int(child))


def threads(home: House, pid: int) -> int:
    """How many threads of Python's run in a process (those of libraries come and go): it is asked what each does."""
    before = len(home.log.read_text())
    os.kill(pid, signal.SIGUSR1)
    last = "in _run_module_as_main\n"
    until(lambda: last in home.log.read_text()[before:], "the stacks of all threads")
    return len(re.findall(r"^(?:Current t|T)hread 0x", home.log.read_text()[before:], re.MULTILINE))


def told_processes() -> dict[str, tuple[int, str]]:
    """Process → how many of it run, and what is said of its threads."""
    rows = table(PAGE, "process", "how many", "threads")
    assert rows, "the page has no table of processes"
    return {
        spans(row["process"])[0]: (int(found[0]), row["threads"])
        for row in rows
        if (found := re.match(r"\d+", row["how many"])) is not None
    }


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")
def test_a_running_house_has_these_processes(tmp_path: Path) -> None:
    told = told_processes()
    with house(tmp_path / "house", demo=True) as home:
        assert home.process is not None
        running = [" ".join(words) for words in processes(home.process.pid)]
    for name, (count, _) in told.items():
        assert sum(is_called(each, name) for each in running) == count, (name, running)
    assert [each for each in running if not any(is_called(each, name) for name in told)] == []


def is_called(command: str, name: str) -> bool:
    return f"{command} ".startswith(f"{name} ")


def test_each_camera_costs_as_many_threads_as_said(tmp_path: Path) -> None:
    said = next(text for name, (_, text) in told_processes().items() if name.endswith("watch"))
    forms = (
        r"(\d+) with the first camera: ",
        r"no more for each camera over RTSP and TCP",
        r"(\d+) more for each stream that F",
    )
    first, ours, ffmpegs = (re.search(form, said) for form in forms)
    assert first is not None, said
    assert ours is not None, said
    assert ffmpegs is not None, said
    with our_rtsp(["flat"]) as urls, house(tmp_path / "house") as home:
        home.set_up()
        watch = home.children("watch")[0]
        over_tcp = ({}, {}, {"sub_url": f"{urls['flat']}/sub"})
        for number, more in enumerate(over_tcp, 1):
            home.add_camera(f"camera {number}", urls["flat"], **more)
            until(lambda n=number: recording(home) == n, f"{number} cameras record")  # type: ignore[misc]
            until(lambda: threads(home, watch) == int(first[1]), f"{first[1]} threads with {number} cameras")
        home.add_camera("over UDP", urls["flat"], transport="udp")
        until(lambda: recording(home) == len(over_tcp) + 1, "the camera over UDP records")
        wanted = int(first[1]) + int(ffmpegs[1])
        until(lambda: threads(home, watch) == wanted, f"{wanted} threads with a stream that FFmpeg receives")


def recording(home: House) -> int:
    return [camera["state"] for camera in home.home()["cameras"]].count("recording")
