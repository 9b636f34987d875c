"""The lattice of one frame: its tile vectors, the loops between them, and how often a tensor meets each."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from accelsim.search import bound_kernels
from accelsim.search.costs import FrameCosts
from accelsim.search.frames import Frame, factors
from accelsim.search.grid import Floats, Ints, along, digits_of, loops_of, tiles_of, ups_of
from accelsim.search.problem import Problem
from accelsim.search.sides import sides_of
from accelsim.search.states import States
from accelsim.search.windows import WindowTables


class Lattice:
    """Tile vectors of a frame, numbered in mixed radix by the tiles of its dims."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None = None) -> None:
        """``measures``: how many of the problem's are wanted; None for all."""
        self.problem, self.frame, self.number = problem, frame, tables.counted()
        self.costs = FrameCosts(problem, frame, tables)
        self.sides = sides_of(problem, frame, tables, measures)
        self.measures = len(problem.measures[:measures])
        self.dims = problem.rules.dims
        self.shape = self.costs.shape or (1,)
        self.size = prod(self.shape)
        self.common = tables.once("states", lambda: States(problem))
        self.radix = len(problem.levels)
        self.edges = problem.edges

    def along(self, dim: int, values: Any) -> Any:
        """Values per tile of a dim, on its axis of the lattice."""
        return along(len(self.shape), dim, values)

    @cached_property
    def digits(self) -> Ints:
        """Per dim and tile vector, the number of the dim's tile."""
        return digits_of(self.shape)

    @cached_property
    def moves(self) -> Ints:
        """Per kind of loop and tile vector, the tile vector after it, or -1."""
        moves = np.empty((len(self.loops[0]), self.size), np.int64)
        bound_kernels.moved(self.loops[0], self.ups, self.digits, np.array(self.shape), moves)
        return moves

    @cached_property
    def ups(self) -> Ints:
        """Per kind of loop and tile of its dim, the number of the tile after it; -1 where there is none, or where a
        dim's positions in space would then stand around no tile."""
        ups = ups_of(self.frame.rounds)
        for m, d in enumerate(self.loops[0].tolist()):
            pins = [s.below for s in self.frame.along(self.dims[d]) if s.below] if self.dims else []
            if pins:
                ups, tiles = ups.copy(), self.costs.tiles[d]
                for tile, after in enumerate(ups[m, : len(tiles)].tolist()):
                    if after >= 0 and any(pin % tiles[after] and tiles[after] % pin for pin in pins):
                        ups[m, tile] = -1
                    if after >= 0 and any(tiles[tile] < pin < tiles[after] for pin in pins):
                        ups[m, tile] = -1
        return ups

    @cached_property
    def loops(self) -> tuple[Ints, Ints]:
        """Kinds of loops, of a prime number of trips each: dim and trips."""
        return loops_of(self.frame.rounds)

    @cached_property
    def loops_left(self) -> Ints:
        """Per tile vector, loops of a prime number of trips that are still to come."""
        total = np.zeros((1,) * len(self.shape), np.int64)
        for d, tiles in enumerate(self.costs.tiles):
            rounds = self.frame.rounds[d]
            total = total + self.along(d, np.array([factors(rounds // tile) for tile in tiles], np.int64))
        return np.ascontiguousarray(np.broadcast_to(total, self.shape).reshape(-1))

    @cached_property
    def special(self) -> tuple[tuple[int, ...], ...]:
        """Per tensor its special dims (accelsim.search.costs)."""
        return tuple(side.special for side in self.sides)

    @cached_property
    def places(self) -> tuple[Ints, Ints, Floats]:
        """Per tensor and tile vector: its place among the tiles of the tensor's own dims, and among those of its
        special dims; and rounds outside over the dims that reuse the tensor."""
        count = len(self.sides)
        own, special = (np.empty((count, self.size), np.int64) for _ in range(2))
        visits = np.empty((count, self.size))
        reuse, mine, odd = (np.zeros((count, len(self.shape)), np.bool_) for _ in range(3))
        for t, side in enumerate(self.sides):
            for d, name in enumerate(self.dims):
                mine[t, d], odd[t, d] = name in side.tensor.dims, d in side.special
                reuse[t, d] = not mine[t, d] and not self.frame.is_ragged(name)
        rounds = np.array(self.frame.rounds or (1,), np.int64)
        bound_kernels.numbered(
            np.array(self.shape), tiles_of(self.frame.rounds), rounds, mine, odd, reuse, own, special, visits
        )
        return own, special, visits

    @property
    def special_at(self) -> Ints:
        """Per tensor and tile vector, the place among the tiles of its special dims."""
        return self.places[1]

    @property
    def visits(self) -> Floats:
        """Per tensor and tile vector, rounds outside over the dims that reuse it."""
        return self.places[2]
