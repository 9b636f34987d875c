"""Words that a tensor's tile takes, per choice of tiles of its dims."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.frames import divisors
from accelsim.search.grid import Ints
from accelsim.workload.operation import Rank, Tensor


@lru_cache(maxsize=4096)
def tile_words(tensor: Tensor, bounds: tuple[tuple[str, int], ...], sizes: tuple[tuple[int, int, int], ...]) -> Ints:
    """Words of the tensor's largest tile per choice of tiles; sizes: per dim (its number, rounds in time, elements of a
    round); along dims of one round there is one tile."""
    words = np.ones((1,) * max(1, len(sizes)), np.int64)
    numbers = {name: d for d, (name, _) in enumerate(bounds)}
    for rank in tensor.ranks:
        dims = tuple(numbers[t.dim] for t in rank.terms if t.dim in numbers)
        chains = []
        for d in dims:
            bound, (_, rounds, width) = bounds[d][1], sizes[d]
            chains.append((bound, tuple(min(bound, tile * width) for tile in divisors(rounds))))
        table = _rank_words(rank, tuple(bounds[d][0] for d in dims), tuple(chains))
        shape = [1] * words.ndim
        for d, n in zip(dims, table.shape, strict=True):
            shape[d] = n
        words = words * np.transpose(table, np.argsort(dims).tolist()).reshape(shape)
    return words


@lru_cache(maxsize=4096)
def _rank_words(rank: Rank, names: tuple[str, ...], chains: tuple[tuple[int, tuple[int, ...]], ...]) -> Ints:
    """Words of the largest tile along a rank, per combination of extents of its dims: (bound, extents) of each."""
    single = Tensor("", (rank,))
    chain = {t.dim: (1, 1) for t in rank.terms}
    table = np.empty([len(extents) for _, extents in chains], np.int64)
    for at in np.ndindex(*table.shape):
        for name, (bound, extents), i in zip(names, chains, at, strict=True):
            chain[name] = (bound, extents[i])
        table[at] = tensor_tile_words(single, chain)
    return table
