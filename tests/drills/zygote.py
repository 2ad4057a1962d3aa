"""Starts processes quickly: `python -m tests.drills.zygote [MODULE…]`, imports done, one fork for each line on stdin.

A line is the words of a `nightlatch` command, a file for its output and what its environment has besides, as JSON; the
answer is a process id. An empty line waits for that process and answers how it ended. What is forked runs the real
command line; only the interpreter's start and the imports are saved, some two seconds of every run of a drill.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

LOADED = (
    "nightlatch.cli",
    "nightlatch.clocks",
    "nightlatch.diagnostics",
    "nightlatch.hub.watch.run",
    "nightlatch.hub.watch.shards",
    "nightlatch.supervise",
)


def _become(words: list[str], log: str, env: dict[str, str]) -> None:
    os.environ.update(env)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["nightlatch", *words]
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    from nightlatch.cli import main

    main()


def run() -> None:
    """Until stdin ends."""
    for name in sys.argv[1:] or LOADED:
        import_module(name)
    child = 0
    while line := sys.stdin.readline():
        if line.strip():
            asked = json.loads(line)
            child = os.fork()
            if child == 0:
                try:
                    _become(asked["words"], asked["log"], asked.get("env", {}))
                finally:
                    sys.stderr.flush()
                    os._exit(0)
            print(child, flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    run()
