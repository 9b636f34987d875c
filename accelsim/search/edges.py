"""What holds of a problem's edges in all of its frames: where their children lie, and what memories hold of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from accelsim.search.grid import Ints
from accelsim.search.problem import Problem
from accelsim.search.windows import WindowTables

LARGEST = int(np.iinfo(np.int64).max)


class Edges:
    """Arrays per edge of a problem."""

    def __init__(self, problem: Problem, tables: WindowTables) -> None:
        self.problem, self.tables, self.dims = problem, tables, problem.rules.dims
        self.all = problem.edges
        self.columns = max(1, len(self.dims))

    @cached_property
    def of(self) -> tuple[Ints, ...]:
        """Per tensor, its edges by number."""
        tensors = range(len(self.problem.tensors))
        return tuple(np.array([i for i, edge in enumerate(self.all) if edge.tensor == t], np.int64) for t in tensors)

    @cached_property
    def tensors(self) -> Ints:
        return np.array([edge.tensor for edge in self.all], np.int64)

    @cached_property
    def above(self) -> Ints:
        """How many fan-outs lie outside the child."""
        return np.array([self.problem.above[edge.child] for edge in self.all], np.int64)

    @cached_property
    def regions(self) -> tuple[tuple[int, ...], ...]:
        """Per tensor, the fan-outs that lie outside the levels that its tiles stand in, each number once."""
        return tuple(tuple(sorted(set(self.above[own].tolist()))) for own in self.of)

    @cached_property
    def own(self) -> tuple[tuple[str, ...], ...]:
        """Per tensor, the dims that index it."""
        return tuple(tuple(name for name in self.dims if name in tensor.dims) for tensor in self.problem.tensors)

    @cached_property
    def axes(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Per tensor and rank, places of the rank's dims among those of the tensor."""
        return tuple(
            tuple(
                tuple(i for i, name in enumerate(own) if name in {t.dim for t in rank.terms}) for rank in tensor.ranks
            )
            for own, tensor in zip(self.own, self.problem.tensors, strict=True)
        )

    @cached_property
    def windowed(self) -> tuple[tuple[int, ...], ...]:
        """Per tensor, the dims of its windows (WindowTables.windowed)."""
        operation, dense = self.problem.rules.operation, self.problem.view.tiles.dense
        names = [self.tables.windowed(operation, tensor, dense) for tensor in self.problem.tensors]
        return tuple(tuple(d for d, name in enumerate(self.dims) if name in own) for own in names)

    @cached_property
    def windows(self) -> frozenset[int]:
        """The dims of some tensor's windows."""
        return frozenset(d for own in self.windowed for d in own)

    @cached_property
    def relevant(self) -> list[int]:
        """Per dim, the edges of tensors that it indexes, a bit each."""
        tensors = self.problem.tensors
        return [_bits(name in tensors[edge.tensor].dims for edge in self.all) for name in self.dims]

    @cached_property
    def around(self) -> list[tuple[int, int]]:
        """Per fan-out, the edges whose child lies outside of all that it carries, and the others, a bit each."""
        counts = range(len(self.problem.rules.architecture.fanouts))
        return [(_bits(self.above <= fanout), _bits(self.above > fanout)) for fanout in counts]

    @cached_property
    def complete(self) -> list[int]:
        """Per dim, the edges whose child closes with all of it inside (``complete`` of the dataflow), a bit each."""
        out = [0] * len(self.dims)
        for level, tensor, dims in self.problem.rules.complete:
            for i, edge in enumerate(self.all):
                if (level, tensor) == (self.problem.levels[edge.child].name, self.problem.tensors[edge.tensor].name):
                    out = [bits | 1 << i if name in dims else bits for name, bits in zip(self.dims, out, strict=True)]
        return out

    @cached_property
    def bits(self) -> Ints:
        """Bits per element in the child's level, all buffers together."""
        pairs = ((self.problem.levels[edge.child], self.problem.tensors[edge.tensor]) for edge in self.all)
        return np.array([level.element_bits(tensor.bits) * level.buffers for level, tensor in pairs], np.int64)

    @cached_property
    def room(self) -> Ints:
        """Bits that the child's level has for the tensor and for those that share its memory."""
        out = []
        for edge in self.all:
            level, name = self.problem.levels[edge.child], self.problem.tensors[edge.tensor].name
            words = dict(level.tensor_capacity_words).get(name, level.capacity_words)
            out.append(LARGEST if words is None else words * level.word_bits)
        return np.array(out, np.int64)

    @cached_property
    def neighbours(self) -> Ints:
        """Per other edge, 1 where its child must stand in the memory that the child stands in."""
        out = np.zeros((len(self.all), len(self.all)), np.int64)
        for i, edge in enumerate(self.all):
            if self._shared(edge.child, edge.tensor):
                seen = {edge.tensor}
                for j, other in enumerate(self.all):
                    if other.child == edge.child and other.tensor not in seen and self._must(other.child, other.tensor):
                        out[i, j] = 1
                        seen.add(other.tensor)
        return out

    def _shared(self, at: int, tensor: int) -> bool:
        """Whether a level has a limit for all of its tensors, this one included."""
        level = self.problem.levels[at]
        name = self.problem.tensors[tensor].name
        return level.capacity_words is not None and name not in dict(level.tensor_capacity_words)

    def _must(self, at: int, tensor: int) -> bool:
        return self.problem.keeps[tensor][at] == "must" and self._shared(at, tensor)


def _bits(flags: Iterable[bool]) -> int:
    """A bit per flag."""
    return sum(1 << i for i, flag in enumerate(flags) if flag)
