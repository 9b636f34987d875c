"""The lattice of one frame: its tile vectors, the loops between them, and how often a tensor meets each."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.charges import Charges
from accelsim.search.costs import FrameCosts
from accelsim.search.frames import Frame, divisors, primes
from accelsim.search.problem import Problem
from accelsim.search.windows import WindowTables
from accelsim.workload.operation import Rank, Tensor

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Lattice:
    """Tile vectors of a frame, numbered in mixed radix by the tiles of its dims."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None = None) -> None:
        """``measures``: how many of the problem's are wanted; None for all."""
        self.problem, self.frame = problem, frame
        self.costs = FrameCosts(problem, frame, tables)
        self.charges = [Charges(self.costs, measure) for measure in problem.measures[:measures]]
        self.dims = problem.rules.dims
        self.shape = self.costs.shape or (1,)
        self.size = prod(self.shape)
        self.radix = len(problem.levels)
        self.states = self.radix ** len(problem.tensors)
        self.edges = problem.edges

    @cached_property
    def space(self) -> int:
        """Points of the walk: tile vectors x what each tensor may have next, over all levels."""
        return self.size * prod(1 + sum(e.tensor == t for e in self.edges) for t in range(len(self.problem.tensors)))

    @cached_property
    def digits(self) -> Ints:
        """Per dim and tile vector, the number of the dim's tile."""
        return _digits(self.shape)

    @cached_property
    def moves(self) -> tuple[Ints, Ints, Ints]:
        """(tile vector after a loop of a prime number of trips or -1, per kind of loop; dim and trips of each kind)."""
        return _moves(self.frame.rounds, self.shape)

    @cached_property
    def special(self) -> tuple[list[tuple[int, ...]], Ints]:
        """Per tensor its special dims (accelsim.search.costs), and per tile vector the place in the lattice of these
        alone."""
        per_tensor, places = [], []
        for groups in self.costs.groups:
            dims = tuple(sorted({d for group in groups for d in group.dims}))
            place = np.zeros(self.size, np.int64)
            for d in dims:
                place = place * self.shape[d] + self.digits[d]
            per_tensor.append(dims)
            places.append(place)
        return per_tensor, np.array(places, np.int64)

    @cached_property
    def visits(self) -> Floats:
        """Per tensor and tile vector, rounds outside over the dims that reuse it."""
        full = [np.broadcast_to(self.costs.visits(t), self.shape).ravel() for t in self.problem.tensors]
        return np.array(full)


@lru_cache(maxsize=64)
def _digits(shape: tuple[int, ...]) -> Ints:
    return np.indices(shape).reshape(len(shape), -1).astype(np.int64)


@lru_cache(maxsize=64)
def _moves(rounds: tuple[int, ...], shape: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
    digits, size = _digits(shape), prod(shape)
    rows, dims, trips = [], [], []
    strides = [prod(shape[d + 1 :]) for d in range(len(shape))]
    here = np.arange(size)
    for d, count in enumerate(rounds):
        tiles = divisors(count)
        place = {tile: i for i, tile in enumerate(tiles)}
        for prime in primes(count):
            up = np.array([place.get(tile * prime, -1) for tile in tiles], np.int64)
            at = digits[d]
            rows.append(np.where(up[at] >= 0, here + (up[at] - at) * strides[d], -1))
            dims.append(d)
            trips.append(prime)
    if not rows:
        return np.full((1, size), -1, np.int64), np.zeros(1, np.int64), np.ones(1, np.int64)
    return np.array(rows, np.int64), np.array(dims, np.int64), np.array(trips, np.int64)


@lru_cache(maxsize=4096)
def tile_words(rank: Rank, names: tuple[str, ...], chains: tuple[tuple[int, tuple[int, ...]], ...]) -> Ints:
    """Words of the largest tile along a rank, per combination of extents of its dims: (bound, extents) of each."""
    single = Tensor("", (rank,))
    chain = {t.dim: (1, 1) for t in rank.terms}
    table = np.empty([len(extents) for _, extents in chains], np.int64)
    for at in np.ndindex(*table.shape):
        for name, (bound, extents), i in zip(names, chains, at, strict=True):
            chain[name] = (bound, extents[i])
        table[at] = tensor_tile_words(single, chain)
    return table
