"""One way to run a TensorFlow Lite model: LiteRT on the CPU, in one thread. Only models that are known by their hash.

LiteRT may end the whole program over a file that is subtly wrong, so nothing is loaded whose SHA-256 is not the one
that was expected.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nightlatch.errors import ConfigError, NotFound
from nightlatch.pixels.detectors.models import Model, hash_of
from nightlatch.pixels.detectors.onnx import only_numbers
from nightlatch.pixels.detectors.windows import Tensor


class LiteNetwork:
    """A loaded model with one input. Runs may come from several threads; they take turns."""

    def __init__(self, model: Model, path: Path) -> None:
        """Raises `NotFound` when LiteRT or the file is not there, `ConfigError` for any other file."""
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise NotFound("LiteRT, which runs this model, is not installed. Run: make page") from None
        if not path.is_file():
            raise NotFound(f"The model {model.name} is not on this machine. {model.how_to_get}")
        if hash_of(path) != model.sha256:
            raise ConfigError(f"{path.name} is damaged, or another file. Remove it. {model.how_to_get}")
        try:
            with _without_chatter():
                self._network = Interpreter(str(path), num_threads=1)
                self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"{path.name} is not a model that can be used here: {error}") from error
        self._input = self._network.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._network.get_output_details()]
        self._lock = threading.Lock()

    def run(self, batch: Tensor) -> list[Tensor]:
        """Every output, in the model's order. Raises `ModelBroken` for what is no number."""
        with self._lock:
            self._network.set_tensor(self._input, batch)
            self._network.invoke()
            found = [np.asarray(self._network.get_tensor(each), np.float32) for each in self._outputs]
        return [only_numbers(each) for each in found]


@contextmanager
def _without_chatter() -> Iterator[None]:
    """LiteRT says on stderr, past Python, that it made itself a delegate; nobody needs to read that."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # there is no stderr
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
