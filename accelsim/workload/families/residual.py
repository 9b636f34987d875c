"""ResNets: stages of residual blocks, from the depth (He et al., CVPR 2016, Table 1)."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.families.graph import Graph
from accelsim.workload.network import Network

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""Depth -> blocks in conv2 to conv5; from 50 on they are bottlenecks (He et al. 2016, Table 1)."""


def resnet(
    name: str, source: str, *, depth: int, image: int = 224, classes: int = 1000, stride_in_3x3: bool = False
) -> Network:
    """A ResNet with projection shortcuts (option B).  Batch normalisation is folded, ReLU is done as outputs leave.

    ``stride_in_3x3``: bottlenecks halve the plane in their 3x3 convolution (the later "v1.5") instead of the first 1x1.
    Raises InputError for a depth that is not in the paper's table.
    """
    if depth not in BLOCKS:
        raise InputError(f"depth must be one of {', '.join(map(str, BLOCKS))}, not {depth}")
    g = Graph(3, image)
    g.conv("conv1", 64, 7, 2)
    g.pool("pool1", 3, 2, 1)
    for stage, blocks in enumerate(BLOCKS[depth], start=2):
        for block in range(1, blocks + 1):
            stride = 2 if stage > 2 and block == 1 else 1
            _block(g, f"{stage}_{block}", 64 * 2 ** (stage - 2), stride, depth >= 50, stride_in_3x3)
    g.global_pool("pool5")
    g.fc(f"fc{classes}", classes)
    return g.network(name, source)


def _block(g: Graph, label: str, width: int, stride: int, bottleneck: bool, stride_in_3x3: bool) -> None:
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times the channels, and the sum with what came in."""
    shortcut = str(g.last)
    if bottleneck:
        first, second = (1, stride) if stride_in_3x3 else (stride, 1)
        g.conv(f"conv{label}_a", width, 1, first)
        g.conv(f"conv{label}_b", width, 3, second)
        out = g.conv(f"conv{label}_c", 4 * width, 1)
    else:
        g.conv(f"conv{label}_a", width, 3, stride)
        out = g.conv(f"conv{label}_b", width, 3)
    if g.at(shortcut) != g.at(out):
        shortcut = g.conv(f"conv{label}_proj", g.at(out)[0], 1, stride, of=shortcut)
    g.elementwise(f"add{label}", "add", (out, shortcut))
