"""Hides people in one clip, in a process of its own: `python -m nightlatch.hub.errands.hide`. Nothing touches a disk.

Reads a line of JSON and then the film from standard input; writes lines of JSON (`{"share": 0.4}`), a last one with
the report and the length, and then the redacted film. It is niced: recording goes first.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nightlatch.errors import NightlatchError

NICE = 10
LONGEST_S = 900.0


class RedactionFailed(NightlatchError):
    """The clip could not be redacted; nothing of it leaves."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to cut out and how to hide people in it. Times are milliseconds from the film's beginning."""

    from_ms: int
    to_ms: int
    style: str  # cover or silhouettes
    models_dir: str | None
    areas: str = "[]"  # JSON, as a camera's row holds them; masks are painted black


@dataclass(frozen=True, slots=True)
class Hidden:
    """A redacted film and what was done to it."""

    mp4: bytes = field(repr=False)
    sha256: str
    report: dict[str, object]


def redact(film: bytes, wanted: Wanted, on_share: Callable[[float], None]) -> Hidden:
    """Run the child to its end; `on_share` hears 0 to 1.

    Raises:
        RedactionFailed: with what to do; nothing was made.
    """
    command = [sys.executable, "-m", "nightlatch.hub.errands.hide"]
    environment = {**os.environ, "NIGHTLATCH_PARENT": str(os.getpid())}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as child:
        if child.stdin is None or child.stdout is None:
            raise RedactionFailed("The redaction could not be started. Try again.")
        try:
            child.stdin.write(json.dumps(dataclasses.asdict(wanted)).encode() + b"\n")
            child.stdin.write(film)
            child.stdin.close()
        except BrokenPipeError:
            pass  # it ended early; what it says below tells why
        for line in child.stdout:
            told = json.loads(line)
            if "error" in told:
                raise RedactionFailed(str(told["error"]))
            if "share" in told:
                on_share(float(told["share"]))
                continue
            mp4 = child.stdout.read(int(told["bytes"]))
            return Hidden(mp4, str(told["sha256"]), dict(told["report"]))
    raise RedactionFailed("The redaction ended without a result. The clip may be damaged; try another one.")


def main() -> None:
    """The child."""
    from nightlatch.supervise import die_with_parent

    die_with_parent()
    os.nice(NICE)
    out = sys.stdout.buffer
    wanted = Wanted(**json.loads(sys.stdin.buffer.readline()))

    def say(**told: object) -> None:
        out.write(json.dumps(told).encode() + b"\n")
        out.flush()

    try:
        made = _redact(sys.stdin.buffer.read(), wanted, lambda share: say(share=round(share, 3)))
    except NightlatchError as error:
        say(error=str(error))
        return
    say(bytes=len(made.mp4), sha256=made.sha256, report=made.report)
    out.write(made.mp4)
    out.flush()


def _redact(film: bytes, wanted: Wanted, on_share: Callable[[float], None]) -> Hidden:
    from nightlatch.domain.redaction import Style
    from nightlatch.hub.watch.eye import privacy_eyes
    from nightlatch.hub.watch.watcher import read_areas
    from nightlatch.pixels.media.rewrite import redact_film

    eyes = privacy_eyes(Path(wanted.models_dir) if wanted.models_dir else None)
    done = redact_film(
        film,
        eyes.detector,
        eyes.faces,
        style=Style.SILHOUETTES if wanted.style == "silhouettes" else Style.COVER,
        from_ms=wanted.from_ms,
        to_ms=wanted.to_ms,
        masks=read_areas(wanted.areas),
        on_progress=on_share,
    )
    return Hidden(done.mp4, done.sha256, dataclasses.asdict(done.report))


if __name__ == "__main__":
    main()
