"""A skeleton with its steps as arrays: which rows of steps are nests that fit, without building a single mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, gcd

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from accelsim.search.rules import Rules
from accelsim.search.skeleton import with_steps
from accelsim.workload.operation import Rank, Tensor

Steps = NDArray[np.int64]
"""One row per mapping, one column per loop of the template, outermost first."""


@dataclass(frozen=True)
class Template:
    """A skeleton of one operation on one machine; ``loops`` are the columns of Steps."""

    rules: Rules
    nodes: tuple[Node, ...]

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        return tuple(node for node in self.nodes if not isinstance(node, Storage))

    @cached_property
    def slots(self) -> dict[str, tuple[int, ...]]:
        """Per dim, the columns of its loops, outermost first."""
        return {dim: tuple(i for i, x in enumerate(self.loops) if x.dim == dim) for dim in self.rules.dims}

    @cached_property
    def gaps(self) -> tuple[tuple[int, ...], ...]:
        """Columns of the loops in time that stand together, nothing between them."""
        runs: list[list[int]] = [[]]
        column = 0
        for node in self.nodes:
            if isinstance(node, Temporal):
                runs[-1].append(column)
            elif runs[-1]:
                runs.append([])
            column += not isinstance(node, Storage)
        return tuple(tuple(run) for run in runs if run)

    @property
    def is_closed(self) -> bool:
        """Whether every dim has a loop at all."""
        return all(self.slots.values())

    def space(self, values: dict[str, tuple[int, ...]]) -> int:
        """Rows of steps that do not grow inwards, made of these values per dim and ending in 1."""
        total = 1
        for dim, slots in self.slots.items():
            total *= comb(len(values[dim]) + len(slots) - 2, len(slots) - 1)
        return total

    def mapping(self, steps: Sequence[int]) -> Mapping:
        return with_steps(self.rules, self.nodes, steps)

    def enclosing(self, steps: Steps) -> Steps:
        """Per loop, the extent that encloses it."""
        out = np.empty_like(steps)
        for dim, slots in self.slots.items():
            for before, column in zip((None, *slots), slots, strict=False):
                out[:, column] = self.rules.operation.extents[dim] if before is None else steps[:, before]
        return out

    def fits(self, steps: Steps) -> NDArray[np.bool_]:
        """Which rows obey the array's sizes, the passes of unrolled dims, and the capacities.

        Tiles count as if none reached the padding, so a row that fits only by reaching it is left out.
        """
        trips = -(-self.enclosing(steps) // steps)
        ok = np.ones(len(steps), np.bool_)
        for columns, most in self._products:
            ok &= trips[:, columns].prod(axis=1) <= most
        for _, capacity, terms in self._capacities:
            need = np.zeros(len(steps), np.int64)
            for bits, tensor, places in terms:
                need += bits * self.tile_words(tensor, steps, places)
            ok &= need <= capacity
        return ok

    def needs(self, steps: Steps) -> list[tuple[str, int, int]]:
        """(level, words needed, words held) of every bounded memory, for a single row of steps."""
        out = []
        for (level, word_bits), capacity, terms in self._capacities:
            bits = sum(int(b * self.tile_words(t, steps, places)[0]) for b, t, places in terms)
            out.append((level, -(-bits // word_bits), capacity // word_bits))
        return out

    @cached_property
    def _products(self) -> list[tuple[list[int], int]]:
        """(columns, most trips of them together): axes and unrolled dims."""
        out = []
        for name, axis in self.rules.architecture.axes.items():
            columns = [i for i, x in enumerate(self.loops) if isinstance(x, Spatial) and x.axis == name]
            if columns:
                out.append((columns, axis.size))
        for dim, passes in self.rules.passes:
            columns = [i for i, x in enumerate(self.loops) if isinstance(x, Temporal) and x.dim == dim]
            if columns:
                out.append((columns, passes))
        return out

    @cached_property
    def _capacities(self) -> list[tuple[tuple[str, int], int, list[tuple[int, Tensor, dict[str, int | None]]]]]:
        """((level, word bits), bits held, (bits per tile word, tensor, column of each dim's last loop above))."""
        operation = self.rules.operation
        shared: dict[tuple[str, str | None], list[tuple[int, Tensor, dict[str, int | None]]]] = {}
        for at, node in enumerate(self.nodes):
            if isinstance(node, Storage):
                level, tensor = self.rules.architecture.level(node.level), operation.tensor(node.tensor)
                key = (level.name, tensor.name if tensor.name in dict(level.tensor_capacity_words) else None)
                bits = (tensor.bits or level.word_bits) * level.buffers
                shared.setdefault(key, []).append((bits, tensor, self.columns_above(at)))
        out = []
        for (name, partition), terms in shared.items():
            level = self.rules.architecture.level(name)
            words = dict(level.tensor_capacity_words).get(partition or "", level.capacity_words)
            if words is not None:
                out.append(((level.name, level.word_bits), words * level.word_bits, terms))
        return out

    def columns_above(self, at: int) -> dict[str, int | None]:
        """Per dim, the column of its last loop above ``nodes[at]``, or None."""
        above = sum(not isinstance(node, Storage) for node in self.nodes[:at])
        return {dim: max((i for i in slots if i < above), default=None) for dim, slots in self.slots.items()}

    def tile_words(self, tensor: Tensor, steps: Steps, places: dict[str, int | None]) -> Steps:
        """Words of the tensor's tile, per row, where the last loops above the node are at these columns."""
        extents = self.rules.operation.extents
        words = np.ones(len(steps), np.int64)
        for rank in tensor.ranks:
            lengths = []
            for term in rank.terms:
                column = places.get(term.dim)
                lengths.append(np.full(len(steps), extents[term.dim]) if column is None else steps[:, column])
            words *= np.minimum(rank_words(rank, lengths), rank.size)
        return words


def rank_words(rank: Rank, lengths: list[Steps]) -> Steps:
    """Different values of sum stride x i, 0 <= i < length; see accelsim.mapping.tiles. More than two terms: the box."""
    if not lengths:
        return np.ones(1, np.int64)
    if len(lengths) == 1:
        return lengths[0]
    if len(lengths) == 2:
        (first, second), (X, Y) = rank.terms, lengths
        g = gcd(first.stride, second.stride)
        both = np.maximum(0, X - second.stride // g) * np.maximum(0, Y - first.stride // g)
        return np.asarray(X * Y - both)
    box = np.ones_like(lengths[0])
    for term, length in zip(rank.terms, lengths, strict=True):
        box = box + term.stride * (length - 1)
    return box
