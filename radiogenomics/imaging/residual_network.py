"""Residual networks over boxes of voxels, with the names of weights that MONAI's have, so that theirs can be read.

He et al., Deep residual learning, CVPR 2016; in three dimensions: Hara et al., CVPR 2018; Chen et al., Med3D, 2019.
"""

from __future__ import annotations

from typing import Any

_BLOCKS = {
    "resnet10_3d": (1, 1, 1, 1),
    "resnet18_3d": (2, 2, 2, 2),
    "resnet34_3d": (3, 4, 6, 3),
    "resnet50_3d": (3, 4, 6, 3),
}


def residual_network(name: str, channels: int) -> Any:
    """An untrained network that gives (n, 512) of boxes (n, channels, z, y, x); `resnet50_3d` (n, 2048).

    As `monai.networks.nets.resnet*` with ``conv1_t_stride=2, shortcut_type="B", bias_downsample=False`` and without its last
    layer.
    """
    from torch import nn
    from torch.nn import functional

    wide = name == "resnet50_3d"

    class Block(nn.Module):
        """Two convolutions, or three where the network is deep, and what goes round them."""

        def __init__(self, inside: int, planes: int, stride: int) -> None:
            super().__init__()
            outside = planes * (4 if wide else 1)
            kernels = (1, 3, 1) if wide else (3, 3)
            sizes = (inside, planes, planes, outside) if wide else (inside, planes, planes)
            strides = (1, stride, 1) if wide else (stride, 1)
            self.depth = len(kernels)
            for index, kernel in enumerate(kernels):
                made = nn.Conv3d(sizes[index], sizes[index + 1], kernel, strides[index], kernel // 2, bias=False)
                setattr(self, f"conv{index + 1}", made)
                setattr(self, f"bn{index + 1}", nn.BatchNorm3d(sizes[index + 1]))
            self.downsample = None
            if stride != 1 or inside != outside:
                self.downsample = nn.Sequential(
                    nn.Conv3d(inside, outside, 1, stride, bias=False), nn.BatchNorm3d(outside)
                )

        def forward(self, x: Any) -> Any:
            out = x
            for index in range(1, self.depth + 1):
                out = getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(out))
                out = functional.relu(out) if index < self.depth else out
            return functional.relu(out + (x if self.downsample is None else self.downsample(x)))

    class Network(nn.Module):
        """Stem, four stages, mean over the box."""

        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv3d(channels, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm3d(64)
            inside = 64
            for stage, count in enumerate(_BLOCKS[name]):
                planes, blocks = 64 * 2**stage, []
                for index in range(count):
                    blocks.append(Block(inside, planes, 2 if stage and not index else 1))
                    inside = planes * (4 if wide else 1)
                setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))

        def forward(self, x: Any) -> Any:
            x = functional.max_pool3d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
            for stage in (1, 2, 3, 4):
                x = getattr(self, f"layer{stage}")(x)
            return x.mean(dim=(2, 3, 4))

    return Network()
