"""The eye: depthwise separable convolutions over 64 × 64 pixels, some 240,000 weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Depthwise 3 × 3, squeeze and excite, pointwise; with a way around where shapes allow."""

    def __init__(self, wide: int, out: int, stride: int) -> None:
        super().__init__()
        self.deep = nn.Sequential(
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU()
        )
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(wide, wide // 4, 1),
            nn.ReLU(),
            nn.Conv2d(wide // 4, wide, 1),
            nn.Sigmoid(),
        )
        self.point = nn.Sequential(nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out))
        self.around = stride == 1 and wide == out

    def forward(self, x: Tensor) -> Tensor:  # (B, wide, H, W)
        y = self.deep(x)
        y = self.point(y * self.squeeze(y))  # (B, out, H / stride, W / stride)
        return torch.relu(x + y if self.around else y)


class EyeNetwork(nn.Module):
    """(B, 3, 64, 64) BGR, 0 to 255 → (B, kinds) logits."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        shape = [
            (32, 32, 1),
            (32, 56, 2),
            (56, 56, 1),
            (56, 56, 1),
            (56, 112, 2),
            (112, 112, 1),
            (112, 112, 1),
            (112, 112, 1),
            (112, 200, 2),
            (200, 200, 1),
            (200, 200, 1),
        ]
        self.blocks = nn.Sequential(*(Block(*each) for each in shape))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(200, kinds))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem((x - 118.0) / 60.0)  # (B, 32, 32, 32)
        return self.head(self.blocks(x))  # (B, 200, 4, 4) → (B, kinds)


class CalibratedEye(nn.Module):
    """The eye with its temperature: logits → probabilities."""

    def __init__(self, eye: EyeNetwork, temperature: float) -> None:
        super().__init__()
        self.eye = eye
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.eye(x) / self.temperature, dim=1)
