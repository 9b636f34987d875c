"""The largest tile that a storage node ever holds, exact: padding clipped, gaps of strides and dilation left out.

A tile is a box in iteration space, so its image in a tensor is a product over the tensor's ranks of one-dimensional
sets {offset + sum of stride x dim} within [0, size).  Ranks have no dim in common and every combination of tile
positions of different dims occurs, so the largest product is the product of the largest sets (DESIGN.md, section 1).

A tile that reaches no padding has, per rank,

    one term      X words
    two terms     X Y - max(0, X - D/g) max(0, Y - U/g)     with g = gcd(U, D)

for X values of a dim with stride U and Y of one with stride D: U x + D y is the same for (x, y) and
(x + D/g, y - U/g), hence the pairs whose such successor exists are counted once too often.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping as Table
from functools import lru_cache
from itertools import product
from math import gcd, prod

from accelsim.mapping.nest import Mapping, Storage
from accelsim.workload.operation import Operation, Rank, Tensor

Chain = tuple[int, ...]
"""Bound of a dim and the steps of its loops from the outermost inwards."""


def largest_tile_words(operation: Operation, mapping: Mapping, node_index: int) -> int:
    """Words of the largest tile of the storage node at ``mapping.nodes[node_index]``, over all instances and steps.

    The mapping's steps must be sound (see accelsim.mapping.validity); dims without a loop count with their bound.
    Raises InputError when the operation has no tensor of that name.
    """
    node = mapping.nodes[node_index]
    assert isinstance(node, Storage)
    return tensor_tile_words(operation.tensor(node.tensor), chains_above(operation, mapping, node_index))


def chains_above(operation: Operation, mapping: Mapping, node_index: int) -> dict[str, Chain]:
    """Per dim, its bound and the steps of its loops, temporal and spatial, above ``mapping.nodes[node_index]``."""
    chains: dict[str, Chain] = {dim: (bound,) for dim, bound in operation.bounds}
    for node in mapping.nodes[:node_index]:
        if not isinstance(node, Storage):
            chains[node.dim] += (node.step,)
    return chains


def tensor_tile_words(tensor: Tensor, chains: Table[str, Chain]) -> int:
    """Words of the tensor's largest tile below loops with these chains.

    Exact as long as no dim indexes the tensor twice, which accelsim.mapping.validity demands.
    """
    words = 1
    for rank in tensor.ranks:
        terms, size, offset = rank.terms, rank.size, rank.offset
        if len(terms) == 1:
            chain = chains[terms[0].dim]
            if offset >= 0 and offset + terms[0].stride * (chain[0] - 1) < size:
                words *= chain[-1]
                continue
        words *= _rank_words(offset, size, tuple([t.stride for t in terms]), tuple([chains[t.dim] for t in terms]))
    return words


def box_words(tensor: Tensor, box: Table[str, tuple[int, int]]) -> int:
    """Words of the tensor that a box of the iteration space touches; per dim its first index and length.

    Exact as long as no dim indexes the tensor twice.
    """
    words = 1
    for rank in tensor.ranks:
        start = rank.offset + sum(term.stride * box[term.dim][0] for term in rank.terms)
        strides = tuple([term.stride for term in rank.terms])
        words *= _inside(start, rank.size, strides, tuple([box[term.dim][1] for term in rank.terms]))
    return words


@lru_cache(maxsize=16384)
def _rank_words(offset: int, size: int, strides: tuple[int, ...], chains: tuple[Chain, ...]) -> int:
    """Largest number of indices in [0, size) that one tile touches along a rank."""
    last = offset + sum(stride * (chain[0] - 1) for stride, chain in zip(strides, chains, strict=True))
    lengths = tuple([chain[-1] for chain in chains])
    unclipped = offset >= 0 and last < size
    if len(strides) <= 2 and (unclipped or _some_full_tile_inside(offset, size, strides, chains)):
        return _distinct(strides, lengths)
    if unclipped:
        return _inside(0, 1 + sum(s * (n - 1) for s, n in zip(strides, lengths, strict=True)), strides, lengths)
    best = 0
    for tiles in product(*(_tiles(chain) for chain in chains)):
        lengths = tuple([length for _, length in tiles])
        if best < (_distinct(strides, lengths) if len(strides) <= 2 else size):
            start = offset + sum(stride * at for stride, (at, _) in zip(strides, tiles, strict=True))
            best = max(best, _inside(start, size, strides, lengths))
    return best


def _distinct(strides: tuple[int, ...], lengths: tuple[int, ...]) -> int:
    """Different values of sum stride x i, 0 <= i < length, for at most two terms.

    >>> _distinct((1, 1), (13, 3))      # 13 output rows under a 3-row filter read 15 input rows
    15
    >>> _distinct((4, 1), (5, 3))       # stride 4 skips every fourth row
    15
    """
    if not strides:
        return 1
    if len(strides) == 1:
        return lengths[0]
    (U, D), (X, Y) = strides, lengths
    g = gcd(U, D)
    return X * Y - max(0, X - D // g) * max(0, Y - U // g)


def _some_full_tile_inside(offset: int, size: int, strides: tuple[int, ...], chains: tuple[Chain, ...]) -> bool:
    """Whether some tile of full length in every dim reaches no padding; for at most two terms."""
    if not strides:
        return 0 <= offset < size
    reach = sum(stride * (chain[-1] - 1) for stride, chain in zip(strides, chains, strict=True))
    starts = _full_starts(chains[0])
    others = _full_starts(chains[1]) if len(chains) == 2 else (0,)
    stride = strides[0]
    for other in others:
        base = offset + (strides[1] * other if len(chains) == 2 else 0)
        first = bisect_left(starts, -(base // stride))
        if first < len(starts) and base + stride * starts[first] + reach < size:
            return True
    return False


def _inside(start: int, size: int, strides: tuple[int, ...], lengths: tuple[int, ...]) -> int:
    """Size of {start + sum stride x i, 0 <= i < length} within [0, size): the set is held as bits of an integer."""
    bits = 1
    for stride, length in zip(strides, lengths, strict=True):
        bits = _spread(bits, stride, length)
    bits = bits << start if start >= 0 else bits >> -start
    return (bits & ((1 << min(size, bits.bit_length())) - 1)).bit_count()


def _spread(bits: int, stride: int, length: int) -> int:
    """Union of ``bits`` shifted by 0, stride, ..., (length - 1) stride, in logarithmically many shifts."""
    done, union = 1, bits
    while done < length:
        more = min(done, length - done)
        union |= union << (stride * more)
        done += more
    return union


@lru_cache(maxsize=1024)
def _tiles(chain: Chain) -> tuple[tuple[int, int], ...]:
    """(start, length) of every tile that is not empty below the loops of a chain, in ascending order."""
    tiles = [(0, chain[0])]
    for step in chain[1:]:
        tiles = [(start + at, min(step, length - at)) for start, length in tiles for at in range(0, length, step)]
    return tuple(tiles)


@lru_cache(maxsize=1024)
def _full_starts(chain: Chain) -> tuple[int, ...]:
    """Starts of the tiles that no loop has clipped, in ascending order; never empty, as the first one is such."""
    return tuple(start for start, length in _tiles(chain) if length == chain[-1])


def distinct_words(operation: Operation, tensor: Tensor) -> int:
    """Different words of the tensor that the operation touches: stride gaps and padding left out."""
    return tensor_tile_words(tensor, {dim: (bound,) for dim, bound in operation.bounds})


def points_with_data(rank: Rank, extents: dict[str, int]) -> int:
    """Points over the rank's dims whose index is data, not padding."""
    low, high = rank.span(extents)
    if low >= 0 and high < rank.size:
        return prod(extents[term.dim] for term in rank.terms)
    ways = {rank.offset: 1}
    for term in rank.terms:
        spread: dict[int, int] = {}
        for index, n in ways.items():
            for i in range(extents[term.dim]):
                at = index + term.stride * i
                spread[at] = spread.get(at, 0) + n
        ways = spread
    return sum(n for index, n in ways.items() if 0 <= index < rank.size)
