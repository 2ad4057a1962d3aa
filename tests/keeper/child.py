"""A keeper in a process of its own, with a view open in it: `python -m tests.keeper.child FOLDER`. To be killed."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from nightlatch.keeper.app import create_app
from tests.keeper.films import film
from tests.keeper.house import ORIGIN, house
from tests.serving import served


def main(folder: Path) -> None:
    with house(folder) as home:
        given = home.offer(plain=film(30, 5), length_ms=30_000)
        home.room.receive(given.gift)
        reviewer = home.reviewer()
        opened = home.room.open_view(reviewer.token, home.asked(reviewer))
        with served(create_app(home.room, home.passkeys, ORIGIN, "secret")) as url:
            told = {"url": url, "view": opened.view_id, "ticket": opened.ticket, "session": reviewer.token}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
