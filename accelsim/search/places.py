"""What may stand where in a frame: sizes of tiles, shared memories, and the rules of the dataflow."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from accelsim.search.lattice import Flags, Ints, Lattice, tile_words
from accelsim.search.problem import Edge


class Places(Lattice):
    """A frame's lattice with what each memory holds and may hold."""

    def extents_at(self, level: int, dim: int) -> tuple[int, ...]:
        """Extent of a dim inside a node of a level, per tile of the dim."""
        name = self.dims[dim]
        inside = self.frame.positions(name, self.problem.above[level])
        bound = self.costs.extents[name]
        return tuple(min(bound, tile * inside) for tile in self.costs.tiles[dim])

    @cached_property
    def bits(self) -> Ints:
        """Per edge and tile vector, bits that the child's tile takes in its level, all buffers together."""
        rows = [self._bits(edge) for edge in self.edges]
        return np.array(rows, np.int64).reshape(len(self.edges), self.size)

    def _bits(self, edge: Edge) -> Ints:
        tensor, level = self.problem.tensors[edge.tensor], self.problem.levels[edge.child]
        words = np.ones((1,) * len(self.shape), np.int64)
        for rank in tensor.ranks:
            words = words * self._rank_words(rank, edge.child)
        bits = (tensor.bits or level.word_bits) * level.buffers
        return np.broadcast_to(words * bits, self.shape).ravel()

    def _rank_words(self, rank: Any, level: int) -> Ints:
        names = [t.dim for t in rank.terms if t.dim in self.dims]
        places = [self.dims.index(name) for name in names]
        chains = tuple((self.costs.extents[self.dims[d]], self.extents_at(level, d)) for d in places)
        table = tile_words(rank, tuple(names), chains)
        order = np.argsort(places).tolist()
        shape = [n if d in places else 1 for d, n in enumerate(self.shape)]
        return np.transpose(table, order).reshape(shape)

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
        rows = [self._may_stand(i, edge) for i, edge in enumerate(self.edges)]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    def _may_stand(self, number: int, edge: Edge) -> Flags:
        level, tensor = self.problem.levels[edge.child], self.problem.tensors[edge.tensor]
        words = dict(level.tensor_capacity_words).get(tensor.name, level.capacity_words)
        fits = np.ones(self.size, np.bool_)
        if words is not None:
            least = sum(
                self.bits[i, 0] for i, other in enumerate(self.edges)
                if other.child == edge.child and other.tensor != edge.tensor and self._must_share(edge, other)
                and i == self._first(other)
            )  # fmt: skip
            fits = self.bits[number] <= words * level.word_bits - least
        for spread in self.frame.spreads:
            if spread.below and spread.dim in tensor.dims:
                d = self.dims.index(spread.dim)
                pin = self.costs.tiles[d].index(spread.below)
                inside = self.problem.above[edge.child] > spread.fanout
                fits &= self.digits[d] <= pin if inside else self.digits[d] >= pin
        for name, dim, extent in self.problem.rules.tiles:
            if name == level.name and dim in tensor.dims and dim in self.dims:
                d = self.dims.index(dim)
                fits &= np.array(self.extents_at(edge.child, d))[self.digits[d]] == extent
        return fits

    def _must_share(self, edge: Edge, other: Edge) -> bool:
        groups, _ = self.capacities
        shared = groups[edge.child, edge.tensor] == groups[edge.child, other.tensor] >= 0
        return bool(shared) and self.problem.keeps[other.tensor][edge.child] == "must"

    def _first(self, edge: Edge) -> int:
        return next(i for i, e in enumerate(self.edges) if (e.tensor, e.child) == (edge.tensor, edge.child))

    @cached_property
    def closed_ok(self) -> Flags:
        """Per edge and tile vector, whether loops that change the child's tile may run outside from there on."""
        out = np.ones((len(self.edges), self.size), np.bool_)
        for level, tensor, barred in self.problem.rules.complete:
            for i, edge in enumerate(self.edges):
                if (self.problem.levels[edge.child].name, self.problem.tensors[edge.tensor].name) == (level, tensor):
                    for d, name in enumerate(self.dims):
                        if name in barred:
                            out[i] &= self.digits[d] == self.shape[d] - 1
        return out

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
