"""What may stand where in a frame: sizes of tiles, shared memories, and the rules of the dataflow."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from accelsim.search.grid import Flags, Ints
from accelsim.search.lattice import Lattice
from accelsim.search.problem import Edge
from accelsim.search.sides import room_of


class Places(Lattice):
    """A frame's lattice with what each memory holds and may hold."""

    def _over_all(self, values: Any) -> Any:
        """Values along some dims, at every tile vector."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    @cached_property
    def bits(self) -> Ints:
        """Per edge and tile vector, bits that the child's tile takes in its level."""
        rows = [self._over_all(self.sides[e.tensor].bits(e.child)) for e in self.edges]
        return np.array(rows, np.int64).reshape(len(self.edges), self.size)

    @cached_property
    def rooms(self) -> list[tuple[int | None, ...]]:
        """Per tensor and level, bits that its tile may take next to what must stand there too."""
        shared = self.common.neighbours
        return [
            tuple(
                room_of(self.problem, t, at, sum(int(self.sides[o].bits(at).flat[0]) for o in shared[t, at]))
                for at in range(self.radix)
            )
            for t in range(len(self.sides))
        ]

    @cached_property
    def place_ok(self) -> Flags:
        """Per edge and tile vector, whether the child may stand there as far as its own tile goes."""
        rows = [self._over_all(self._stands(e)[0] & self._beyond(e)) for e in self.edges]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    def _stands(self, edge: Edge) -> tuple[Flags, Flags]:
        return self.sides[edge.tensor].stands(edge.child, self.rooms[edge.tensor][edge.child])

    def _beyond(self, edge: Edge) -> Any:
        """Where a child outside of a fan-out lies outside of all that this carries of dims that reuse the tensor."""
        out, indexed = np.ones((1,) * len(self.shape), np.bool_), self.problem.tensors[edge.tensor].dims
        for spread in self.frame.spreads:
            if spread.below and spread.dim not in indexed and self.problem.above[edge.child] <= spread.fanout:
                d = self.dims.index(spread.dim)
                out = out & self.along(d, np.arange(self.shape[d]) >= self.costs.tiles[d].index(spread.below))
        return out

    @cached_property
    def hull(self) -> Flags:
        """Per edge and tile vector, whether the child may stand there or where loops further out enlarge its tile."""
        rows = [self._over_all(self._stands(e)[1]) for e in self.edges]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    @cached_property
    def closed_ok(self) -> Flags:
        """Per edge and tile vector, whether loops that change the child's tile may run outside from there on."""
        rows = []
        for edge, at in zip(self.edges, self.within, strict=True):
            done = np.ones((1,) * len(self.shape), np.bool_)
            for d in self.sides[edge.tensor].barred(at):
                done = done & self.along(d, np.arange(self.shape[d]) == self.shape[d] - 1)
            rows.append(self._over_all(done))
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    @cached_property
    def within(self) -> list[int]:
        """Per edge, its number among those of its tensor."""
        return [self.sides[edge.tensor].edges.index(edge) for edge in self.edges]
