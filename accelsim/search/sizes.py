"""Words that a tensor's tile takes along one rank, per choice of tiles of its dims."""

from __future__ import annotations

import numpy as np

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.frames import divisors
from accelsim.search.grid import Ints
from accelsim.workload.operation import Rank, Tensor


def rank_words(rank: Rank, bounds: list[tuple[str, int]], sizes: tuple[tuple[int, int], ...]) -> Ints:
    """Words of the largest tile along a rank per choice of tiles; bounds: (name, bound) of its dims; sizes: rounds in
    time of each, and elements of a round."""
    single = Tensor("", (rank,))
    chain = {t.dim: (1, 1) for t in rank.terms}
    extents = [
        [min(bound, tile * width) for tile in divisors(rounds)]
        for (_, bound), (rounds, width) in zip(bounds, sizes, strict=True)
    ]
    table = np.empty([len(own) for own in extents], np.int64)
    for at in np.ndindex(*table.shape):
        for (name, bound), own, i in zip(bounds, extents, at, strict=True):
            chain[name] = (bound, own[i])
        table[at] = tensor_tile_words(single, chain)
    return table
