"""The models that hiding needs: which of them are not here, and fetching these when the owner asks for it."""

from __future__ import annotations

import threading
from pathlib import Path

from nightlatch.errors import NightlatchError
from nightlatch.hub.errands.asking import FETCH, LACK, LackedModel, LackRequest


class HidingModels:
    """State: what was missing when it was last looked up, and how far along fetching it is."""

    def __init__(self, models_dir: Path | None) -> None:
        self._models_dir = str(models_dir) if models_dir else None
        self._lock = threading.Lock()  # held while files are hashed: a second page waits for the first one's answer
        self.fetching = FETCH
        self._is_complete = False  # files stay; should one go, hiding says so
        self._missing: tuple[LackedModel, ...] = ()
        self.share: float | None = None  # of what is being fetched, 0 to 1
        self.problem: str | None = None  # why the last fetching brought nothing, and what to do

    def missing(self) -> tuple[LackedModel, ...]:
        """All that is not here. Raises `ErrandFailed` where that could not be found out."""
        with self._lock:
            if not self._is_complete and self.share is None:
                self._look()
            return self._missing

    def fetch(self) -> None:
        """Begin fetching what is missing and can be fetched. Does nothing while that is going on."""
        wanted = [model for model in self.missing() if model.fetch is not None]
        with self._lock:
            if self.share is not None or not wanted:
                return
            self.share, self.problem = 0.0, None
        threading.Thread(target=self._fetch, args=(wanted,), name="models", daemon=True).start()

    def _look(self) -> None:
        answer, _ = LACK.send(LackRequest(self._models_dir))
        self._missing = answer.models
        self._is_complete = not answer.models

    def _fetch(self, wanted: list[LackedModel]) -> None:
        """The body of a thread: one after another, by their sizes."""
        whole, done = sum(model.bytes for model in wanted), 0
        try:
            for model in wanted:
                self._fetch_one(model, done / whole, model.bytes / whole)
                done += model.bytes
        except NightlatchError as error:
            self.problem = str(error)
        finally:
            with self._lock:
                self.share = None

    def _fetch_one(self, model: LackedModel, before: float, part: float) -> None:
        """Raises `NightlatchError`. `before` is the share that is here already, `part` the model's own."""

        def on_share(share: float) -> None:
            self.share = min(1.0, before + part * share)

        if model.fetch is not None:
            self.fetching.send(model.fetch, on_share=on_share)
