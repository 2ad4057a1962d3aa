"""One way to run a model: ONNX Runtime on the CPU, one thread a run, so that cameras share cores fairly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nightlatch.errors import ConfigError

Tensor = NDArray[np.float32]


class Network:
    """A loaded model with one input. Runs may come from several threads."""

    def __init__(self, path: Path) -> None:
        """Raises `ConfigError` for a file that is no model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # memory is worth more here than the last tenth of speed
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises many kinds, all of which mean this
            raise ConfigError(f"{path.name} is not a model that can be used. Download it again.") from error
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, batch: Tensor) -> dict[str, Tensor]:
        """Every output by its name."""
        values = self._session.run(self._outputs, {self._input: batch})
        return dict(zip(self._outputs, values, strict=True))
