"""Trains, calibrates, evaluates and exports: `python -m nightlatch.lab.eye FOLDER [--steps N] [--out FILE]`.

FOLDER holds the collection (crops, cifar10_subset, dogs_vs_cats, jetson_inference), packed or unpacked; beside it lie
videos and models, unless --data names another folder. Needs PyTorch and onnx (the extra `train`). Deterministic by seed
on one machine with one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from nightlatch.lab.eye.data import Stock, load, samples, unpacked
from nightlatch.lab.eye.model import CalibratedEye, EyeNetwork
from nightlatch.pixels.detectors.eye import NAMES, SIDE

SEED = 2019
BATCH = 96
RATE = 3e-3


class Batches(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless (B, 3, 64, 64) float tensors with (B,) kinds."""

    def __init__(self, stock: Stock, seed: int, size: int) -> None:
        super().__init__()
        self.stock, self.seed, self.size = stock, seed, size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        stream = samples(self.stock, self.seed)
        while True:
            some = list(islice(stream, self.size))
            images: NDArray[np.uint8] = np.stack([image for image, _ in some])  # (B, 64, 64, 3)
            yield (
                torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2),  # channels last in memory
                torch.tensor([number for _, number in some]),
            )


def main() -> None:
    """Train and write the model."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--steps", type=int, default=11000)
    asked.add_argument("--out", type=Path, default=Path("eye.onnx"))
    asked.add_argument("--data", type=Path)
    given = asked.parse_args()
    cv2.setNumThreads(0)  # its threads do not outlive the fork of the loader
    data = given.data or given.folder.parent
    with tempfile.TemporaryDirectory() as room:
        folder = unpacked(given.folder, Path(room))
        learn, kept = (load(folder, data / "videos", data / "models", held_out=held) for held in (False, True))
        train(learn, kept, given.steps, given.out)


def train(stock: Stock, kept: Stock, steps: int, out: Path) -> None:
    """Learn from `stock`, calibrate and report on `kept`, and write the model to `out`."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    for name in NAMES:
        counts = [len(each[name]) for each in (stock.things, stock.cut, stock.filmed, stock.drawn)]
        print(
            f"{name:9} {counts[0]} photographs, {counts[1]} cut out, {counts[2]} filmed, {counts[3]} drawn", flush=True
        )

    eye = EyeNetwork(len(NAMES)).to(memory_format=torch.channels_last)  # a third faster
    optimiser = torch.optim.AdamW(eye.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.12, div_factor=5)
    learn = iter(DataLoader(Batches(stock, SEED, BATCH), batch_size=None, num_workers=1, prefetch_factor=4))
    average = torch.optim.swa_utils.AveragedModel(eye, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    began_s = time.process_time()
    eye.train()
    for step in range(steps):
        x, y = next(learn)
        loss = nn.functional.cross_entropy(eye(x), y, label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        average.update_parameters(eye)
        if step % 100 == 0:
            print(f"{step:5} loss {loss.item():.3f}  {time.process_time() - began_s:.0f} CPU s", flush=True)

    torch.optim.swa_utils.update_bn((next(learn)[0] for _ in range(40)), average)
    final: EyeNetwork = average.module
    final.eval()
    logits, truth = _held_out(final, kept)
    temperature = _temperature(logits, truth)
    _report(logits / temperature, truth)
    _export(CalibratedEye(final, temperature).eval(), out)
    print(f"temperature {temperature:.2f}; {out} has {out.stat().st_size / 1e6:.2f} MB")


def _held_out(eye: EyeNetwork, kept: Stock) -> tuple[Tensor, Tensor]:
    found, truth = [], []
    with torch.no_grad():
        for x, y in islice(Batches(kept, SEED + 1, 256), 16):
            found.append(eye(x))
            truth.append(y)
    return torch.cat(found), torch.cat(truth)


def _temperature(logits: Tensor, truth: Tensor) -> float:
    """The temperature with the least loss on what was held out (Guo et al. 2017)."""
    choices = torch.linspace(0.5, 3.0, 51)
    losses = [nn.functional.cross_entropy(logits / t, truth).item() for t in choices]
    return float(choices[int(np.argmin(losses))])


def _report(logits: Tensor, truth: Tensor) -> None:
    guess = logits.argmax(1)
    print(f"held out: {(guess == truth).float().mean():.3f} right of {len(truth)}; rows are the truth")
    print(" " * 9 + "".join(f"{name:>9}" for name in NAMES))
    for n, name in enumerate(NAMES):
        row = [int(((truth == n) & (guess == m)).sum()) for m in range(len(NAMES))]
        print(f"{name:9}" + "".join(f"{count / max(1, sum(row)):9.2f}" for count in row))


def _export(model: nn.Module, path: Path) -> None:
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(path),
        input_names=["crops"],
        output_names=["kinds"],
        dynamic_axes={"crops": {0: "n"}, "kinds": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
