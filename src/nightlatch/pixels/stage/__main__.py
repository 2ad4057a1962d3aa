"""`python -m nightlatch.pixels.stage serve|film`: the demo cameras, or a scene as a file."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.rtsp import FilmMount, Mount, RtspServer, SceneMount
from nightlatch.pixels.stage.scenes import SCENES, scene
from nightlatch.supervise import die_with_parent

DEMO = ("porch", "living-room")


def mounts(names: list[str]) -> dict[str, Mount]:
    """A mount for each scene, with a small second stream at /NAME/sub; films by path are /film0, /film1…"""
    made: dict[str, Mount] = {}
    for number, name in enumerate(names):
        if name in SCENES:
            main = SceneMount(scene(name))
            smaller = scene(name, width=640, height=360, fps=5)
            made |= {f"/{name}": main, f"/{name}/sub": SceneMount(smaller, bit_rate=300_000, beside=main)}
        else:
            made[f"/film{number}"] = FilmMount(Path(name))
    return made


async def serve(port: int, user: str | None, password: str, names: list[str]) -> None:
    """Serve until SIGTERM."""
    server = RtspServer(mounts(names), user, password)
    found = await server.start(port)
    sys.stdout.write(json.dumps({"port": found}) + "\n")
    sys.stdout.flush()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()
    await server.close()


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m nightlatch.pixels.stage")
    verbs = parser.add_subparsers(dest="verb", required=True)
    serving = verbs.add_parser("serve", help="serve scenes or films over RTSP on loopback")
    serving.add_argument("--port", type=int, default=0)
    serving.add_argument("--user")
    serving.add_argument("--password-env", default="NIGHTLATCH_STAGE_PASSWORD")
    serving.add_argument("names", nargs="*", default=list(DEMO))
    filming = verbs.add_parser("film", help="write a scene to a file")
    filming.add_argument("scene", choices=sorted(SCENES))
    filming.add_argument("out", type=Path)
    filming.add_argument("--seconds", type=float, default=20)
    filming.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.verb == "film":
        film(scene(asked.scene, asked.seed), asked.out, asked.seconds)
        return
    die_with_parent()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a player that goes in mid-film is no news on a terminal
    asyncio.run(serve(asked.port, asked.user, os.environ.get(asked.password_env, ""), asked.names or list(DEMO)))


if __name__ == "__main__":
    main()
