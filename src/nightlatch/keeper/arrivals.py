"""Clips on their way in: heads that were announced, in memory, and films that come behind them, in files of one folder.

Both are few: anybody may send them. Of heads, the oldest of the address that holds most gives way; of films, one of the
address that brought most within the hour, and of those the slowest. What is in the folder is sealed, is not in the
backup set, and is deleted when its film has been let in, or not, or when the keeper starts. From the event loop only,
but for `knows` and the methods of a `Film`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from nightlatch.keeper.places import Places
from nightlatch.keeper.refusals import Crowded, KeeperRefused, Refusal, Unannounced
from nightlatch.keeper.words import Announcement, Gift
from nightlatch.seal.envelope import SealedFile
from nightlatch.web.sizes import KIB

HEAD_LIFE_S = 600.0
MOST_HEADS, MOST_HEADS_FOR_ONE = 256, 8  # 32 KiB each at most
MOST_FILMS, MOST_FILMS_FOR_ONE = 16, 2  # 32 MiB each at most, on the disk
HOUR_S = 3600.0
MOST_ADDRESSES = 4096  # whose films of the last hour are counted
PIECE = 256 * KIB  # written at once


@dataclass(frozen=True, slots=True)
class _Expected:
    """A head whose film may come."""

    said: Announcement
    since_s: float
    is_in: bool  # this very clip was let in before: its film is read once more, and not kept


class Film:
    """One film while it comes: written piece by piece, its hash and its length counted on the way."""

    def __init__(self, said: Announcement, who: str, path: Path, began_s: float) -> None:
        self.said, self.who, self.path, self.began_s = said, who, path, began_s
        self.size, self.is_whole = 0, False
        self.gives_way = asyncio.Event()
        self._hash = sha256()
        self._file = path.open("xb")

    def write(self, piece: bytes) -> None:
        """The next piece. Raises `KeeperRefused` when it is more than was announced."""
        self.size += len(piece)
        if self.size > self.said.sealed_bytes:
            raise KeeperRefused(Refusal.SIZE, "The film is longer than was announced. Give the clip again.", 4)
        self._hash.update(piece)
        self._file.write(piece)

    def gift(self) -> Gift:
        """The whole gift. Raises `KeeperRefused` when the film is not the one that was announced, and `NotSealed`."""
        self._file.close()
        if (self.size, self._hash.hexdigest()) != (self.said.sealed_bytes, self.said.sealed_sha256):
            raise KeeperRefused(Refusal.HASH, "The film is not the one that was announced. Give the clip again.", 4)
        return self.said.with_film(SealedFile(self.path, self.said.sealed_sha256))

    def discard(self) -> None:
        """Delete the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def pace(self, now_s: float) -> float:
        """Bytes a second; a film that has just begun counts as fast."""
        return (self.size + PIECE) / (now_s - self.began_s + 0.001)

    async def pieces(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What comes, in larger pieces. Raises `Crowded` once the film has to give way to another."""
        leaving, held = asyncio.create_task(self.gives_way.wait()), bytearray()
        try:
            while (piece := await _next(stream, leaving)) is not None:
                held += piece
                if len(held) >= PIECE:
                    yield bytes(held)
                    held.clear()
        finally:
            leaving.cancel()
        self.is_whole = True
        yield bytes(held)


class Arrivals:
    """What was announced and has yet to come."""

    def __init__(self, folder: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        """`folder` is emptied: what a crash left there is worth nothing."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self._folder, self._now_s = folder, now_s
        self._heads: dict[str, _Expected] = {}
        self._places = Places()
        self._films: dict[str, Film] = {}
        self._brought: OrderedDict[str, tuple[int, float]] = OrderedDict()  # address → films, and when the last began

    def knows(self, donation: str) -> bool:
        """Whether its clip is on its way."""
        return donation in self._heads or donation in self._films

    def expect(self, said: Announcement, who: str, is_in: bool) -> None:
        """A head was checked; its film may come. Raises `Crowded` while all places are taken by films under way."""
        self._forget_old()
        try:
            gone = self._places.in_the_way(who, MOST_HEADS, MOST_HEADS_FOR_ONE, self._films.__contains__)
        except LookupError:
            raise Crowded("Too many clips are on their way. Give this one in a minute.") from None
        if gone is not None and said.donation not in self._heads:
            self._forget(gone)
        self._heads[said.donation] = _Expected(said, self._now_s(), is_in)
        self._places.take(said.donation, who)

    def begin(self, donation: str, who: str, length: int) -> Film:
        """A film begins to come; nothing of it was read yet.

        Raises:
            Unannounced: nobody said that it would.
            KeeperRefused: it says that it has another length than was announced.
            Crowded: other films are on their way, of addresses that brought fewer than this one.
        """
        self._forget_old()
        expected = self._heads.get(donation)
        if expected is None:
            raise Unannounced
        if length != expected.said.sealed_bytes:
            raise KeeperRefused(Refusal.SIZE, "The film has not the length that was announced. Give it again.", 4)
        if (before := self._films.pop(donation, None)) is not None:
            before.gives_way.set()  # its connection broke, and its hub tries again
        self._make_room(who)
        film = Film(expected.said, who, self._folder / secrets.token_hex(16), self._now_s())
        self._films[donation] = film
        return film

    def is_in(self, donation: str) -> bool:
        """Whether this very clip was let in before."""
        expected = self._heads.get(donation)
        return expected is not None and expected.is_in

    def end(self, film: Film, is_in: bool) -> None:
        """A film was let in, or it was not: then its head goes, unless it only stopped to come."""
        donation = film.said.donation
        if self._films.get(donation) is film:
            del self._films[donation]
            if is_in and donation in self._heads:
                self._heads[donation] = _Expected(film.said, self._now_s(), True)
            elif film.is_whole:
                self._forget(donation)

    def _make_room(self, who: str) -> None:
        brought, now_s = self._count(who), self._now_s()
        coming = [film for film in self._films.values() if not film.is_whole]
        mine = [film for film in self._films.values() if film.who == who]
        if len(mine) >= MOST_FILMS_FOR_ONE:
            coming = [film for film in coming if film.who == who]
        elif len(self._films) < MOST_FILMS:
            return
        slowest = max(coming, key=lambda film: (self._brought[film.who][0], -film.pace(now_s)), default=None)
        if slowest is None or self._brought[slowest.who][0] < brought:
            raise Crowded("Too many clips are on their way. Give this one in a minute.")
        del self._films[slowest.said.donation]
        slowest.gives_way.set()

    def _count(self, who: str) -> int:
        """One more film of this address; how many it brought lately."""
        now_s = self._now_s()
        count, last_s = self._brought.pop(who, (0, now_s))
        self._brought[who] = (count + 1 if now_s - last_s < HOUR_S else 1, now_s)
        under_way = {film.who for film in self._films.values()}
        while len(self._brought) > MOST_ADDRESSES:
            self._brought.pop(next(each for each in self._brought if each not in under_way))
        return self._brought[who][0]

    def _forget_old(self) -> None:
        over_s = self._now_s() - HEAD_LIFE_S
        for donation in [name for name, head in self._heads.items() if head.since_s < over_s]:
            if donation not in self._films:
                self._forget(donation)

    def _forget(self, donation: str) -> None:
        self._heads.pop(donation, None)
        self._places.leave(donation)


async def _next(stream: AsyncIterator[bytes], leaving: asyncio.Task[Literal[True]]) -> bytes | None:
    """The next piece; None at the end. Raises `Crowded` when it is time to leave."""
    reading = asyncio.ensure_future(_piece(stream))
    try:
        await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise Crowded("Too many clips are on their way. Give this one in a minute.")
        return reading.result()
    finally:
        if not reading.done():
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading


async def _piece(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)
