"""Several watch processes share the cameras of one hub, by id, so that a change to one moves no other."""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.domain.digits import read_count
from nightlatch.errors import ConfigError
from nightlatch.hub.wire.notices import Hello

MOST = 16
EACH = 60  # cameras, main and sub-stream, that one process received in 0.4 of a core (bench/cameras)


@dataclass(frozen=True, slots=True)
class Shard:
    """This process is number `number` (from 0) of `count`."""

    number: int = 0
    count: int = 1

    def keeps(self, camera_id: str) -> bool:
        """Whether a camera is this process's own, as serve understands its hello."""
        return Hello(self.number, self.count).keeps(camera_id)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def shards_for(cameras: int, cores: int) -> int:
    """How many watch processes so many cameras need: none is faster than one core."""
    return max(1, min(-(-cameras // EACH), cores, MOST))


def read_shard(text: str) -> Shard:
    """`0/2` → the first of two. Raises `ConfigError`."""
    before, _, after = text.partition("/")
    number, count = read_count(before), read_count(after)
    if number is None or count is None:
        raise ConfigError("A shard is written NUMBER/COUNT, 0/2 for the first of two.")
    if not number < count <= MOST:
        raise ConfigError(f"A shard's number is below its count, and there are at most {MOST}.")
    return Shard(number, count)
