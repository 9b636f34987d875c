"""DenseNets: every layer sees all that came before it in its block (Huang et al., CVPR 2017, Table 1)."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.families.graph import Graph
from accelsim.workload.network import Network

BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
"""Depth -> dense layers per block (Huang et al. 2017, Table 1)."""


def densenet(name: str, source: str, *, depth: int, growth: int = 32, image: int = 224, classes: int = 1000) -> Network:
    """A DenseNet-BC with half the channels after each transition.

    What a layer takes in is written in place and so concatenated without a copy.  The normalisation that stands before
    each convolution cannot be folded into the convolution before it, as others read that too: it is a layer.
    Raises InputError for a depth that is not in the paper's table.
    """
    if depth not in BLOCKS:
        raise InputError(f"depth must be one of {', '.join(map(str, BLOCKS))}, not {depth}")
    g = Graph(3, image)
    g.conv("conv0", 2 * growth, 7, 2)
    seen: tuple[str, ...] = (g.pool("pool0", 3, 2, 1),)
    for block, layers in enumerate(BLOCKS[depth], start=1):
        for layer in range(1, layers + 1):
            label = f"{block}_{layer}"
            g.norm(f"norm{label}", "batch", of=seen)
            g.conv(f"conv{label}_1x1", 4 * growth, 1)
            seen = (*seen, g.conv(f"conv{label}_3x3", growth, 3))
        g.norm(f"norm{block}", "batch", of=seen)
        if block < len(BLOCKS[depth]):
            g.conv(f"transition{block}", g.at()[0] // 2, 1)
            seen = (g.pool(f"pool{block}", 2, 2, average=True),)
    g.global_pool("pool4")
    g.fc("fc", classes)
    return g.network(name, source)
