"""What a tensor's tiles take of memories, per choice of tiles of its dims, and which tiles may stand where."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.edges import Edges
from accelsim.search.frames import Frame, divisors
from accelsim.search.grid import Ints
from accelsim.search.windows import WindowTables
from accelsim.workload.operation import Tensor

Sizes = tuple[tuple[int, ...], ...]
"""Per dim of a tensor its rounds in time, and elements of a round in each level that the tensor's tiles stand in."""


def sizes_of(edges: Edges, frame: Frame, number: int) -> Sizes:
    """What the bits of a tensor's tiles depend on."""
    rounds, regions = dict(zip(edges.dims, frame.rounds, strict=True)), edges.regions[number]
    return tuple((rounds[d], *[frame.positions(d, above) for above in regions]) for d in edges.own[number])


def bits_of(edges: Edges, number: int, sizes: Sizes, tables: WindowTables) -> Ints:
    """Bits that tiles take in the child's level, all buffers together: [edge of the tensor, choice of tiles]."""
    return tables.lent(("bits", number, sizes), partial(_bits, edges, number, sizes, tables))


def _bits(edges: Edges, number: int, sizes: Sizes, tables: WindowTables) -> Ints:
    regions, mine = edges.regions[number], edges.of[number]
    count = prod(len(divisors(rounds)) for rounds, *_ in sizes)
    out = np.empty((len(mine), count), np.int64)
    for r, region in enumerate(regions):
        words = _words(edges, number, [(rounds, inside[r]) for rounds, *inside in sizes], tables)
        there = edges.above[mine] == region
        out[there] = words.reshape(-1) * edges.bits[mine][there, None]
    return out


def _words(edges: Edges, number: int, sizes: list[tuple[int, int]], tables: WindowTables) -> Ints:
    """Words of a tile: an axis per dim of the tensor."""
    tiles, words = [len(divisors(rounds)) for rounds, _ in sizes], np.ones((1,) * len(sizes), np.int64)
    for r, axes in enumerate(edges.axes[number]):
        mine = tuple(sizes[axis] for axis in axes)
        table = tables.once(("words", number, r, mine), partial(_rank_words, edges, number, r, mine))
        shape = [1] * len(sizes)
        for axis in axes:
            shape[axis] = tiles[axis]
        words = words * table.reshape(shape)
    return words


def _rank_words(edges: Edges, number: int, r: int, sizes: tuple[tuple[int, int], ...]) -> Ints:
    """Words of the largest tile along a rank per choice of tiles, an axis per dim of it in the order of the tensor's;
    sizes: rounds in time of each, and elements of a round."""
    rank, own = edges.problem.tensors[number].ranks[r], edges.own[number]
    names, chain = [own[axis] for axis in edges.axes[number][r]], {t.dim: (1, 1) for t in rank.terms}
    bounds, single = [edges.problem.rules.operation.extents[name] for name in names], Tensor("", (rank,))
    extents = [[min(bound, tile * width) for tile in divisors(rounds)]
               for bound, (rounds, width) in zip(bounds, sizes, strict=True)]  # fmt: skip
    table = np.empty([len(each) for each in extents], np.int64)
    for at in np.ndindex(*table.shape):
        for name, bound, each, i in zip(names, bounds, extents, at, strict=True):
            chain[name] = (bound, each[i])
        table[at] = tensor_tile_words(single, chain)
    return table


def allowed(edges: Edges, frame: Frame) -> Ints:
    """Per dim and tile, a bit for every edge whose child may stand there, as far as tiles below the array and fixed
    tiles go."""
    tiles = [divisors(rounds) for rounds in frame.rounds] or [(1,)]
    out = np.full((len(tiles), max(map(len, tiles))), -1, np.int64)
    for spread in frame.spreads:
        if spread.below:
            d = edges.dims.index(spread.dim)
            pin, (outside, inside) = tiles[d].index(spread.below), edges.around[spread.fanout]
            out[d, :pin] &= ~outside
            out[d, pin + 1 :] &= ~(inside & edges.relevant[d])
    for name, dim, extent in edges.problem.rules.tiles:
        d = edges.dims.index(dim) if dim in edges.dims else -1
        for e, edge in enumerate(edges.all if d >= 0 else ()):
            if edges.problem.levels[edge.child].name == name and edges.relevant[d] >> e & 1:
                within = frame.positions(dim, edges.problem.above[edge.child])
                for i, tile in enumerate(tiles[d]):
                    if min(edges.problem.rules.operation.extents[dim], tile * within) != extent:
                        out[d, i] &= ~(1 << e)
    return out
