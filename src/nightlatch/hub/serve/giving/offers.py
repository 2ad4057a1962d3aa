"""Clips on their way to being given: in memory only, and forgotten after half an hour.

People are hidden in them by an errand, so that no film is decoded in this process.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.domain.donation import LONGEST_MS, SHORTEST_MS
from nightlatch.domain.redaction import Redacted
from nightlatch.domain.time import MINUTE_MS, Clock
from nightlatch.errors import ConfigError, NightlatchError, NotFound, Refused
from nightlatch.hub.errands.asking import HIDE, HideRequest
from nightlatch.hub.serve.books.records import CameraRow, ClipRow
from nightlatch.hub.serve.catalogue import read_areas
from nightlatch.hub.serve.giving.client import ClipKey

KEPT_MS = 30 * MINUTE_MS
AT_ONCE = 2  # clips that may be in preparation


@dataclass(slots=True)
class Offer:
    """A clip on its way, in memory only."""

    id: str
    camera_id: str
    onset_ms: int
    made_ms: int
    share: float = 0.0
    problem: str | None = None
    redacted: Redacted | None = field(default=None, repr=False)
    key: ClipKey | None = None  # from when the owner is about to sign
    programme_id: str = ""  # whose keeper made the key


class Offers:
    """All clips that are on their way."""

    def __init__(self, engine: Engine, clock: Clock, models_dir: Path | None) -> None:
        self._engine = engine
        self._clock = clock
        self._models_dir = models_dir
        self._offers: dict[str, Offer] = {}
        self._lock = threading.Lock()

    def begin(self, clip_id: str, film: bytes, from_ms: int, to_ms: int) -> Offer:
        """Begin hiding people in the film of a clip; times are from the film's beginning.

        Raises:
            NotFound: no such clip.
            Refused: its camera looks at a private room, or too many clips are on their way.
            ConfigError: not 20 to 30 seconds.
        """
        if not SHORTEST_MS <= to_ms - from_ms <= LONGEST_MS:
            raise ConfigError("A clip to give must be 20 to 30 seconds long. Move the ends.")
        with Session(self._engine) as session:
            clip = session.get(ClipRow, clip_id)
            camera = session.get(CameraRow, clip.camera_id) if clip else None
        if clip is None or camera is None:
            raise NotFound("This clip has been deleted or has expired.")
        if camera.private:
            raise Refused("This camera looks at a private room. Nothing from it can be given, by anybody.")
        with self._lock:
            self._forget()
            if sum(offer.redacted is None and offer.problem is None for offer in self._offers.values()) >= AT_ONCE:
                raise Refused("Two clips are being prepared already. Wait for them.")
            made = Offer(secrets.token_hex(8), camera.id, clip.onset_ms, self._clock.now_ms())
            self._offers[made.id] = made
        models_dir = str(self._models_dir) if self._models_dir else None
        request = HideRequest(from_ms, to_ms, read_areas(camera.areas), models_dir)
        threading.Thread(target=_hide, args=(made, film, request), name="redact", daemon=True).start()
        return made

    def find(self, offer_id: str) -> Offer:
        """Raises `NotFound`."""
        found = self._offers.get(offer_id)
        if found is None:
            raise NotFound("This clip is no longer being given. Begin again from its page.")
        return found

    def drop(self, offer_id: str) -> None:
        """Forget a clip that was given, or that will not be."""
        self._offers.pop(offer_id, None)

    def _forget(self) -> None:
        edge_ms = self._clock.now_ms() - KEPT_MS
        for old in [offer.id for offer in self._offers.values() if offer.made_ms < edge_ms]:
            del self._offers[old]


def _hide(offer: Offer, film: bytes, request: HideRequest) -> None:
    """The body of a thread: people are hidden, or the offer says why not."""

    def on_share(share: float) -> None:
        offer.share = share

    try:
        report, mp4 = HIDE.send(request, film, on_share=on_share)
        redacted = Redacted(mp4, report)
        if redacted.report.uncovered:
            raise Refused(
                "Somebody can still be found in the finished film, so nobody can say that everybody is hidden. "
                "Nothing was given. Choose another part, or another clip."
            )
        offer.redacted = redacted
    except (NightlatchError, OSError, ValueError) as error:
        is_ours = isinstance(error, NightlatchError)
        offer.problem = str(error) if is_ours else "The clip could not be redacted. Try again, or another clip."
