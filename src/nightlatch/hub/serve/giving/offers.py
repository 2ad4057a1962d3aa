"""Clips on their way to being given: in memory only, and forgotten half an hour after they are ready.

People are hidden in them by an errand, so that no film is decoded in this process. Nobody needs to wait for it: whoever
asks later finds what is being prepared or is ready, until the hub is restarted.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.geometry import Box
from nightlatch.domain.redaction import Redacted
from nightlatch.domain.time import MINUTE_MS, Clock
from nightlatch.errors import ConfigError, NightlatchError, NotFound, Refused
from nightlatch.hub.errands.asking import COVER, HIDE, LARGEST_FILM, CoverRequest, HideRequest
from nightlatch.hub.errands.errand import Recall
from nightlatch.hub.serve.books.records import CameraRow, ClipRow
from nightlatch.hub.serve.catalogue import read_areas
from nightlatch.hub.serve.giving.client import ClipKey

KEPT_MS = 30 * MINUTE_MS
AT_ONCE = 2  # clips that may be in preparation
MOST_KEPT = 6  # in memory, some MB each; then the oldest goes
MOST_FILMS = 40  # that come with one clip, itself among them
MOST_COVERS = 40  # rectangles
GONE = (
    "This clip is no longer being prepared: it was stopped, it lay ready for half an hour, or the hub was restarted. "
    "Nothing was given. Begin again."
)
SHOWN = (
    "Somebody can still be found in the finished film, so nobody can say that everybody is hidden. "
    "Nothing was given. Choose another part, or another clip."
)


@dataclass(slots=True)
class Offer:
    """A clip on its way, in memory only."""

    id: str
    clip_id: str
    camera_id: str
    onset_ms: int
    from_ms: int  # from the film's beginning
    to_ms: int
    began_ms: int  # what is being done now, or was done last
    done_ms: int | None = None  # None: it is still being prepared
    share: float = 0.0
    problem: str | None = None
    hidden: Redacted | None = field(default=None, repr=False)  # before its owner covered anything
    redacted: Redacted | None = field(default=None, repr=False)  # what would be given
    covers: tuple[Box, ...] = ()  # what its owner covered in it
    recall: Recall = field(default_factory=Recall, repr=False)
    key: ClipKey | None = None  # from when the owner is about to sign
    programme_id: str = ""  # whose keeper made the key

    @property
    def is_busy(self) -> bool:
        """Whether it is being prepared."""
        return self.done_ms is None

    @property
    def kept_until_ms(self) -> int | None:
        """None while it is being prepared."""
        return None if self.done_ms is None else self.done_ms + KEPT_MS


class Offers:
    """All clips that are on their way."""

    def __init__(self, engine: Engine, clock: Clock, models_dir: Path | None) -> None:
        self._engine = engine
        self._clock = clock
        self._models_dir = models_dir
        self._offers: dict[str, Offer] = {}
        self._lock = threading.Lock()
        self.hiding, self.covering = HIDE, COVER
        self.changed: Callable[[], None] = lambda: None  # called, from any thread, when one is no longer being prepared

    def begin(self, clip_id: str, body: bytes, from_ms: int, to_ms: int, lengths: Sequence[int] = ()) -> Offer:
        """Begin hiding people in the film of a clip; times are from the film's beginning.

        `body` is the film, or, with the `lengths` of each, that film and others of the same camera behind it. What was
        prepared of the same clip before is dropped.

        Raises:
            NotFound: no such clip.
            Refused: its camera looks at a private room, or too many clips are on their way.
            ConfigError: not 20 to 30 seconds, or not the films that `lengths` tells of.
        """
        if not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
            raise ConfigError("A clip to give must be 20 to 30 seconds long. Move the ends.")
        _check(body, lengths)
        with Session(self._engine) as session:
            clip = session.get(ClipRow, clip_id)
            camera = session.get(CameraRow, clip.camera_id) if clip else None
        if clip is None or camera is None:
            raise NotFound("This clip has been deleted or has expired.")
        if camera.private:
            raise Refused("This camera looks at a private room. Nothing from it can be given, by anybody.")
        models_dir = str(self._models_dir) if self._models_dir else None
        request = HideRequest(from_ms, to_ms, read_areas(camera.areas), models_dir, tuple(lengths))
        with self._lock:
            self._forget()
            self._check_room(besides=clip_id)
            for old in [offer for offer in self._offers.values() if offer.clip_id == clip_id]:
                self._drop(old.id)
            now_ms = self._clock.now_ms()
            made = Offer(secrets.token_hex(8), clip_id, camera.id, clip.onset_ms, from_ms, to_ms, now_ms)
            self._offers[made.id] = made
        threading.Thread(target=self._hide, args=(made, body, request), name="redact", daemon=True).start()
        return made

    def cover(self, offer_id: str, boxes: Sequence[Box]) -> Offer:
        """Begin covering `boxes` in a finished film: these, instead of what its owner covered in it before.

        Raises:
            NotFound: no such offer.
            Refused: it is being prepared, or too many others are.
            ConfigError: there is no finished film, or there are too many rectangles.
        """
        if len(boxes) > MOST_COVERS:
            raise ConfigError(f"At most {MOST_COVERS} places can be covered. Draw fewer, larger ones.")
        found = self.find(offer_id)
        with self._lock:
            if found.is_busy:
                raise Refused("This clip is being prepared already. Wait for it.")
            if found.hidden is None or found.redacted is None:
                raise ConfigError("This clip is not ready yet.")
            self._check_room()
            before, found.redacted, found.problem = found.redacted, None, None
            found.share, found.done_ms, found.began_ms = 0.0, None, self._clock.now_ms()
        wanted = tuple(boxes)
        threading.Thread(target=self._cover, args=(found, before, wanted), name="cover", daemon=True).start()
        return found

    def all(self) -> list[Offer]:
        """All that are being prepared, are ready, or could not be prepared; the newest first."""
        with self._lock:
            self._forget()
            return sorted(self._offers.values(), key=lambda offer: offer.began_ms, reverse=True)

    def find(self, offer_id: str) -> Offer:
        """Raises `NotFound`."""
        with self._lock:
            self._forget()
            found = self._offers.get(offer_id)
        if found is None:
            raise NotFound(GONE)
        return found

    def drop(self, offer_id: str) -> None:
        """Forget a clip that was given, or that will not be; what is being done for it ends."""
        with self._lock:
            self._drop(offer_id)

    def forget(self) -> None:
        """Let go of what nobody came back for."""
        with self._lock:
            self._forget()

    def _drop(self, offer_id: str) -> None:
        if (dropped := self._offers.pop(offer_id, None)) is not None:
            dropped.recall.call()

    def _check_room(self, besides: str = "") -> None:
        """Raises `Refused` where too many clips other than `besides` are being prepared."""
        if sum(offer.is_busy and offer.clip_id != besides for offer in self._offers.values()) >= AT_ONCE:
            raise Refused("Two clips are being prepared already. Wait for one of them, or stop it.")

    def _forget(self) -> None:
        now_ms = self._clock.now_ms()
        done = [offer for offer in self._offers.values() if offer.kept_until_ms is not None]
        old = {offer.id for offer in done if offer.kept_until_ms is not None and offer.kept_until_ms <= now_ms}
        by_age = sorted((offer for offer in done if offer.id not in old), key=lambda offer: offer.began_ms)
        for gone in (*old, *(offer.id for offer in by_age[: max(0, len(by_age) - MOST_KEPT)])):
            self._drop(gone)

    def _hide(self, offer: Offer, body: bytes, request: HideRequest) -> None:
        """The body of a thread: people are hidden, or the offer says why not."""
        try:
            report, mp4 = self.hiding.send(request, body, on_share=_hearing(offer), recall=offer.recall)
            redacted = Redacted(mp4, report)
            if report.uncovered:
                raise Refused(SHOWN)
            offer.hidden = offer.redacted = redacted
        except (NightlatchError, OSError, ValueError) as error:
            is_ours = isinstance(error, NightlatchError)
            offer.problem = str(error) if is_ours else "The clip could not be redacted. Try again, or another clip."
        self._end(offer)

    def _cover(self, offer: Offer, before: Redacted, boxes: tuple[Box, ...]) -> None:
        """The body of a thread: the boxes are covered, or the film stays as it was and the offer says why."""
        hidden, made = offer.hidden, before
        try:
            if hidden is not None and boxes:
                request = CoverRequest(boxes, hidden.report)
                report, mp4 = self.covering.send(request, hidden.mp4, on_share=_hearing(offer), recall=offer.recall)
                made = Redacted(mp4, report)
            elif hidden is not None:
                made = hidden
            offer.covers = boxes
        except (NightlatchError, OSError, ValueError) as error:
            is_ours = isinstance(error, NightlatchError)
            offer.problem = str(error) if is_ours else "It could not be covered. Try again, or do not give the clip."
        offer.redacted = made
        self._end(offer)

    def _end(self, offer: Offer) -> None:
        offer.done_ms = self._clock.now_ms()
        self.changed()


def _hearing(offer: Offer) -> Callable[[float], None]:
    def on_share(share: float) -> None:
        offer.share = share

    return on_share


def _check(body: bytes, lengths: Sequence[int]) -> None:
    """Raises `ConfigError` where the body is not the films that `lengths` tells of."""
    if not 0 < len(body) <= LARGEST_FILM:
        raise ConfigError("This request holds no film, or one that is too large.")
    if len(lengths) > MOST_FILMS or any(length <= 0 for length in lengths):
        raise ConfigError(f"At most {MOST_FILMS} films come with a clip, and none of them is empty.")
    if lengths and sum(lengths) != len(body):
        raise ConfigError("The lengths of the films do not add up to what came. Try again.")
