"""How soon an owner is told who is there: real films in real time, through the looking pool and the shared eye.

    python bench/notices.py [--films 16] [--detector both]

Each film of ../shared/data/videos comes as `sight/reel.py` says, one picture every 67 ms, key frames every second, as
from one camera on a machine that has nothing else to do. Counted is from where the event says that it began, and, where
the film moves from its first picture on, from that: to the notice that watch sends to serve, the first one at all and
the first that names a kind. What the road adds (a broker, a push service) is not in it.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import pyrage

sys.path.insert(0, str(Path(__file__).parent))

from nightlatch.clocks import system_clock
from nightlatch.domain.camera import Camera
from nightlatch.domain.sighting import Kind
from nightlatch.hub.vault.files import Vault
from nightlatch.hub.watch.clipping import Filing
from nightlatch.hub.watch.eye import open_looking
from nightlatch.hub.watch.observer import Looking
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import EventNotice, Notice
from nightlatch.pixels.replay.films import open_film
from nightlatch.seal.recipients import Sealer
from sight.reel import DATA, LEAD_S, RealFilm, as_sent, real_films, why_no_films

LEARN_S = 8  # of the quiet lead, that are played
PLAYED_S = 6  # of the film


@dataclass(slots=True)
class Ear:
    """A bus that remembers when what came."""

    heard: list[tuple[float, EventNotice]] = field(default_factory=list)

    def send(self, notice: Notice) -> None:
        """Called from any thread."""
        if isinstance(notice, EventNotice):
            self.heard.append((time.time(), notice))


@dataclass(frozen=True, slots=True)
class Delay:
    """Of one film, in seconds; None where it was never told."""

    name: str
    began: float | None  # from the film's first picture to where the event says that it began
    first: float | None
    named: float | None
    kinds: tuple[Kind, ...] = ()


def play(film: RealFilm, looking: Looking, folder: Path) -> Delay:
    """One film, as fast as a camera sends it."""
    ear = Ear()
    clock = system_clock()
    telling = Telling(ear, clock)
    sealer = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
    camera = Camera(secrets.token_hex(6), film.name, "file:x")
    filing = Filing("h", sealer, Vault(folder, clock), telling)
    began_s = film_began_s = 0.0
    with open_film(as_sent(film)) as opened:
        observer = looking.observer(camera, opened.streams, filing, deque())
        observer.start()
        for packet in opened.packets:
            at_s = packet.dts_us / 1e6 - (LEAD_S - LEARN_S)
            if at_s < 0 or at_s > LEARN_S + PLAYED_S:
                continue
            began_s = began_s or time.time() - at_s
            film_began_s = began_s + LEARN_S
            time.sleep(max(0.0, began_s + at_s - time.time()))
            observer.offer(replace(packet, at_ms=round((began_s + at_s) * 1000)))
        time.sleep(0.5)
        observer.stop()
        observer.wait(5)
    told = [(at, notice) for at, notice in ear.heard if notice.is_open]
    named = [(at, notice) for at, notice in told if set(notice.kinds) - {Kind.MOTION}]
    if not told:
        return Delay(film.name, None, None, None)
    onset_s = told[0][1].onset_ms / 1000
    return Delay(
        film.name,
        onset_s - film_began_s,
        told[0][0] - onset_s,
        named[0][0] - onset_s if named else None,
        named[0][1].kinds if named else (),
    )


def table(found: Sequence[Delay]) -> list[str]:
    """A line a film, then the middle and the worst."""
    lines = [f"{'':48} began  first  named"]
    for each in found:
        numbers = "".join(f"{'–' if s is None else f'{s:.2f}':>7}" for s in (each.began, each.first, each.named))
        lines.append(f"{each.name:46} {numbers}  {', '.join(each.kinds)}")
    for what, delays in (("first", [d.first for d in found]), ("named", [d.named for d in found])):
        some = sorted(s for s in delays if s is not None)
        if some:
            within = sum(s <= 1.0 for s in some)
            lines.append(
                f"{what}: median {median(some):.2f} s, most {some[-1]:.2f} s, within a second {within}/{len(some)}"
            )
    return lines


def main() -> None:
    """Entry point."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--films", type=int, default=16)
    asked.add_argument("--detector", default="both")
    given = asked.parse_args()
    if (why := why_no_films()) is not None:
        raise SystemExit(f"Left out: {why}.")
    films = [film for film in real_films(2 * given.films) if film.must][: given.films]  # of all kinds
    with tempfile.TemporaryDirectory() as folder:
        looking = open_looking(given.detector, DATA / "models")
        print("\n".join(table([play(film, looking, Path(folder)) for film in films])))


if __name__ == "__main__":
    main()
