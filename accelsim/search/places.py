"""What may stand where in a frame: sizes of tiles, shared memories, and the rules of the dataflow."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from accelsim.search.lattice import Flags, Ints, Lattice, tile_words


class Places(Lattice):
    """A frame's lattice with what each memory holds and may hold."""

    def extents_at(self, level: int, dim: int) -> tuple[int, ...]:
        """Extent of a dim inside a node of a level, per tile of the dim."""
        name = self.dims[dim]
        inside = self.frame.positions(name, self.problem.above[level])
        bound = self.costs.extents[name]
        return tuple(min(bound, tile * inside) for tile in self.costs.tiles[dim])

    @cached_property
    def nodes(self) -> dict[tuple[int, int], tuple[Ints, Flags, Flags]]:
        """Per tensor and level, bits that its tile takes there, all buffers together; where it may stand; and where it
        may stand or grow to; along the tensor's dims alone (one tile along others)."""
        bits = {(e.tensor, e.child): self._bits(e.tensor, e.child) for e in self.edges}
        return {node: (own, *self._may_stand(*node, bits)) for node, own in bits.items()}

    def _over_all(self, values: Any) -> Any:
        """Values along some dims, at every tile vector."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    @cached_property
    def bits(self) -> Ints:
        """Per edge and tile vector, bits that the child's tile takes in its level."""
        rows = [self._over_all(self.nodes[e.tensor, e.child][0]) for e in self.edges]
        return np.array(rows, np.int64).reshape(len(self.edges), self.size)

    def _bits(self, number: int, at: int) -> Ints:
        tensor, level, above = self.problem.tensors[number], self.problem.levels[at], self.problem.above[at]
        sizes = tuple((d, self.frame.rounds[d], self.frame.positions(name, above)) if name in tensor.dims else (d, 1, 1)
                      for d, name in enumerate(self.dims))  # fmt: skip
        bounds = tuple((name, self.costs.extents[name]) for name in self.dims)
        return tile_words(tensor, bounds, sizes) * (level.element_bits(tensor.bits) * level.buffers)

    @cached_property
    def capacities(self) -> tuple[Ints, Ints]:
        """(number of the memory that a level's tile of a tensor shares with other tensors, or -1; bits per number)."""
        groups = np.full((self.radix, len(self.problem.tensors)), -1, np.int64)
        limits: list[int] = []
        for number, level in enumerate(self.problem.levels):
            if level.capacity_words is None or number == 0:
                continue
            private = dict(level.tensor_capacity_words)
            mine = [t for t, x in enumerate(self.problem.tensors)
                    if x.name not in private and self.problem.keeps[t][number] != "not"]  # fmt: skip
            if len(mine) > 1:
                groups[number, mine] = len(limits)
                limits.append(level.capacity_words * level.word_bits)
        return groups, np.array(limits or [0], np.int64)

    @cached_property
    def place_ok(self) -> Flags:
        """Per edge and tile vector, whether the child may stand there as far as its own tile goes."""
        rows = [self._over_all(self.nodes[e.tensor, e.child][1]) for e in self.edges]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    def _may_stand(self, number: int, at: int, bits: dict[tuple[int, int], Ints]) -> tuple[Flags, Flags]:
        level, tensor = self.problem.levels[at], self.problem.tensors[number]
        words = dict(level.tensor_capacity_words).get(tensor.name, level.capacity_words)
        within = np.ones((1,) * len(self.shape), np.bool_)
        if words is not None:
            least = sum(int(own.flat[0]) for (other, where), own in bits.items()
                        if where == at and self._must_share(at, number, other))  # fmt: skip
            within = bits[number, at] <= words * level.word_bits - least
        beyond = np.ones((1,) * len(self.shape), np.bool_)
        for spread in self.frame.spreads:
            if spread.below:
                d = self.dims.index(spread.dim)
                pin, tiles = self.costs.tiles[d].index(spread.below), np.arange(self.shape[d])
                if self.problem.above[at] <= spread.fanout:  # it lies outside of all that the fan-out carries
                    beyond = beyond & self.along(d, tiles >= pin)
                elif spread.dim in tensor.dims:
                    within = within & self.along(d, tiles <= pin)
        for name, dim, extent in self.problem.rules.tiles:
            if name == level.name and dim in tensor.dims and dim in self.dims:
                d = self.dims.index(dim)
                beyond = beyond & self.along(d, np.array(self.extents_at(at, d)) == extent)
        return within & beyond, within

    @cached_property
    def hull(self) -> Flags:
        """Per edge and tile vector, whether the child may stand there or where loops further out enlarge its tile."""
        rows = [self._over_all(self.nodes[e.tensor, e.child][2]) for e in self.edges]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    def _must_share(self, level: int, tensor: int, other: int) -> bool:
        """Whether another tensor must stand in the part of a memory that this one may stand in."""
        groups, _ = self.capacities
        shared = tensor != other and groups[level, tensor] == groups[level, other] >= 0
        return bool(shared) and self.problem.keeps[other][level] == "must"

    @cached_property
    def done(self) -> list[Flags]:
        """Per edge, ``closed_ok`` along the dims that it depends on."""
        out = [np.ones((1,) * len(self.shape), np.bool_) for _ in self.edges]
        for level, tensor, barred in self.problem.rules.complete:
            for i, edge in enumerate(self.edges):
                if (self.problem.levels[edge.child].name, self.problem.tensors[edge.tensor].name) == (level, tensor):
                    for d in (d for d, name in enumerate(self.dims) if name in barred):
                        out[i] = out[i] & self.along(d, np.arange(self.shape[d]) == self.shape[d] - 1)
        return out

    @cached_property
    def closed_ok(self) -> Flags:
        """Per edge and tile vector, whether loops that change the child's tile may run outside from there on."""
        rows = [self._over_all(own) for own in self.done]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    @cached_property
    def move_ok(self) -> Flags:
        """Per state and dim, whether a loop in time over it may run there: ``inside`` of the dataflow."""
        return self._loops_ok(relaxed=False)

    def _loops_ok(self, relaxed: bool) -> Flags:
        """``relaxed``: a tensor still to come counts only when the dim would change its tile (edges may stay open)."""
        out = np.ones((self.states, max(1, len(self.dims))), np.bool_)
        for levels, inside in self.problem.rules.inside:
            numbers = [i for i, level in enumerate(self.problem.levels) if level.name in levels]
            for t, keeps in enumerate(self.problem.keeps):
                kept = [i for i in numbers if keeps[i] != "not"]
                if not kept:
                    continue
                waits = (np.arange(self.states) // self.radix**t) % self.radix >= min(kept)
                for d, name in enumerate(self.dims):
                    if name not in inside and (not relaxed or name in self.problem.tensors[t].dims):
                        out[waits, d] = False
        return out
