"""What a tensor's tiles take of memories, per choice of tiles of its dims, and which tiles may stand where."""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.edges import LARGEST, Edges
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


def limits(edges: Edges, frame: Frame) -> tuple[Ints, Ints]:
    """Per edge and dim, numbers of the least tile that the child may stand at, and of the largest."""
    shape = len(edges.all), edges.columns
    least, top = np.zeros(shape, np.int64), np.full(shape, LARGEST)
    for spread in frame.spreads:
        if spread.below:
            d = edges.dims.index(spread.dim)
            pin = divisors(frame.rounds[d]).index(spread.below)
            outside = edges.above <= spread.fanout  # of all that the fan-out carries
            least[outside, d] = np.maximum(least[outside, d], pin)
            inside = ~outside & edges.relevant[:, d]
            top[inside, d] = np.minimum(top[inside, d], pin)
    for name, dim, extent in edges.problem.rules.tiles:
        d = edges.dims.index(dim) if dim in edges.dims else -1
        for e, edge in enumerate(edges.all if d >= 0 else ()):
            if edges.problem.levels[edge.child].name == name and edges.relevant[e, d]:
                inside_of = frame.positions(dim, edges.problem.above[edge.child])
                bound, tiles = edges.problem.rules.operation.extents[dim], divisors(frame.rounds[d])
                same = [i for i, tile in enumerate(tiles) if min(bound, tile * inside_of) == extent]
                least[e, d] = max(int(least[e, d]), same[0] if same else LARGEST)
                top[e, d] = min(int(top[e, d]), same[-1] if same else -1)
    return least, top
