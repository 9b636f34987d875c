"""What may stand where in a frame: sizes of tiles, shared memories, and the rules of the dataflow."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from accelsim.search import bound_kernels
from accelsim.search.grid import Flags, Ints
from accelsim.search.lattice import Lattice
from accelsim.search.sides import room_of


class Stand(NamedTuple):
    """Per edge and tile vector: bits that the child's tile takes in its level, whether it may stand there as far as its
    own tile goes, whether loops that change it may run outside from there on, and both. Per tile vector the edges whose
    child may stand there or where loops further out enlarge its tile, a bit each."""

    bits: Ints
    place_ok: Flags
    closed_ok: Flags
    closable: Flags
    hull: Ints


class Places(Lattice):
    """A frame's lattice with what each memory holds and may hold."""

    @cached_property
    def rooms(self) -> list[tuple[int | None, ...]]:
        """Per tensor and level, bits that its tile may take next to what must stand there too."""
        shared = self.common.neighbours
        return [
            tuple(
                room_of(self.problem, t, at, sum(int(self.sides[o].bits(at)[0]) for o in shared[t, at]))
                for at in range(self.radix)
            )
            for t in range(len(self.sides))
        ]

    @cached_property
    def stand(self) -> Stand:
        shape = len(self.edges), self.size
        place_ok, closed_ok, closable = (np.empty(shape, np.bool_) for _ in range(3))
        out = Stand(np.empty(shape, np.int64), place_ok, closed_ok, closable, np.zeros(self.size, np.int64))
        for t, side in enumerate(self.sides):
            if side.edges:
                rows = np.array([i for i, edge in enumerate(self.edges) if edge.tensor == t])
                bound_kernels.placed(
                    rows, *side.stands(self.rooms[t]), self.places[0][t], self.digits, self._outside(t),
                    side.complete, *out,
                )  # fmt: skip
        return out

    def _outside(self, tensor: int) -> Ints:
        """Per edge of a tensor and dim that reuses it, the tile from which on its child lies outside of all that a
        fan-out inside of it carries of the dim."""
        side = self.sides[tensor]
        out = np.zeros((len(side.edges), len(self.shape)), np.int64)
        for spread in self.frame.spreads:
            if spread.below and spread.dim not in side.tensor.dims:
                d = self.dims.index(spread.dim)
                pin = self.costs.tiles[d].index(spread.below)
                for i, edge in enumerate(side.edges):
                    if self.problem.above[edge.child] <= spread.fanout:
                        out[i, d] = max(out[i, d], pin)
        return out

    @cached_property
    def within(self) -> list[int]:
        """Per edge, its number among those of its tensor."""
        return [self.sides[edge.tensor].edges.index(edge) for edge in self.edges]
