"""Places that anybody may take, since the keeper has no list of households: few in all, and few of one sender.

Nobody is refused because others came first: when there is no room, the oldest of the sender that holds most gives way.
So a crowd from one address displaces itself, and a household that holds one place keeps it longest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


def nobody(_: str) -> bool:
    return False


class Places:
    """Who holds one, the oldest first. Not for several threads at once."""

    def __init__(self) -> None:
        self._senders: dict[str, str] = {}  # what holds a place → who sent it

    def __contains__(self, name: str) -> bool:
        return name in self._senders

    def take(self, name: str, who: str) -> None:
        """A place for `name`; the newest one, if it held one already."""
        self._senders.pop(name, None)
        self._senders[name] = who

    def leave(self, name: str) -> None:
        """Give a place back."""
        self._senders.pop(name, None)

    def in_the_way(self, who: str, most: int, of_one: int, stays: Callable[[str], bool] = nobody) -> str | None:
        """What must give way before `who` may have one more; None when there is room.

        Raises:
            LookupError: there is no room, and all that is here stays.
        """
        mine = [name for name, sender in self._senders.items() if sender == who]
        if len(mine) < of_one and len(self._senders) < most:
            return None
        free = [name for name in (mine if len(mine) >= of_one else self._senders) if not stays(name)]
        if not free:
            raise LookupError("no place is free")
        counts = Counter(self._senders.values())
        return max(free, key=lambda name: counts[self._senders[name]])  # of equals, the first: the oldest
