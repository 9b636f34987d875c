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
from accelsim.workload.operation import Rank, Tensor

Sizes = tuple[tuple[int, ...], ...]
"""Per dim of a tensor its rounds in time, and elements of a round in each level that the tensor's tiles stand in."""


def sizes_of(edges: Edges, frame: Frame, number: int) -> Sizes:
    """What the bits of a tensor's tiles depend on."""
    dims, regions = edges.problem.tensors[number].dims, edges.regions[number]
    return tuple(
        (rounds, *(frame.positions(name, above) for above in regions))
        for name, rounds in zip(edges.dims, frame.rounds, strict=True)
        if name in dims
    )


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
    problem, tensor = edges.problem, edges.problem.tensors[number]
    own = [name for name in edges.dims if name in tensor.dims]
    words = np.ones((1,) * len(own), np.int64)
    for rank in tensor.ranks:
        places = [own.index(term.dim) for term in rank.terms if term.dim in own]
        mine = tuple(sizes[place] for place in places)
        bounds = [(own[place], problem.rules.operation.extents[own[place]]) for place in places]
        table = tables.once(("words", rank, mine), partial(_rank_words, rank, bounds, mine))
        shape = [len(divisors(rounds)) if i in places else 1 for i, (rounds, _) in enumerate(sizes)]
        words = words * np.transpose(table, np.argsort(places).tolist()).reshape(shape)
    return words


def _rank_words(rank: Rank, bounds: list[tuple[str, int]], sizes: tuple[tuple[int, int], ...]) -> Ints:
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
