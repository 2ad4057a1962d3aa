"""One way to run a model: ONNX Runtime on the CPU, one thread a run, so that cameras share cores fairly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from nightlatch.errors import ConfigError, NightlatchError
from nightlatch.pixels.detectors.windows import Tensor


class ModelBroken(NightlatchError):
    """A model answered with what is no number."""


def only_numbers(found: Tensor) -> Tensor:
    """The same. Raises `ModelBroken`: a network that answers with NaN would else be blind without a word."""
    if not np.isfinite(found).all():
        raise ModelBroken("The model answers with what is no number. Choose another one, or download it again.")
    return found


class Network:
    """A loaded model; its first input is given. Runs may come from several threads."""

    def __init__(self, path: Path) -> None:
        """Raises `ConfigError` for a file that is no model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Its arena keeps what a run needs; without patterns that is least. YOLOX-nano, asked in a second thread: 114
        # MB of the process's own, 132 without an arena, for the same CPU.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises many kinds, all of which mean this
            raise ConfigError(f"{path.name} is not a model that can be used. Download it again.") from error
        self._input = self._session.get_inputs()[0].name
        self.inputs = {  # shapes by name; None: any
            each.name: tuple(n if isinstance(n, int) else None for n in each.shape)
            for each in self._session.get_inputs()
        }
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, batch: Tensor) -> dict[str, Tensor]:
        """Every output by its name. Raises `ModelBroken` for what is no number."""
        values = self._session.run(self._outputs, {self._input: batch})
        return {name: only_numbers(value) for name, value in zip(self._outputs, values, strict=True)}
