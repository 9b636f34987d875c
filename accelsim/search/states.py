"""The states of a search: per tensor the level that must come next, and what that allows, alike in all frames."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from accelsim.search.grid import Flags, Floats, Ints
from accelsim.search.problem import Problem

MOST_PRIMES = 15
"""Different primes that a number below 2**63 has at most."""


class States:
    """Every tensor done (0) or waiting for a level, in mixed radix; ``row_of``: those that occur, numbered."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.radix = problem, len(problem.levels)
        self.count = self.radix ** len(problem.tensors)

    @cached_property
    def items(self) -> Ints:
        """Per edge its tensor, child and parent."""
        return np.array([(e.tensor, e.child, e.parent) for e in self.problem.edges], np.int64).reshape(-1, 3)

    @cached_property
    def waits(self) -> Ints:
        """Per tensor and state, the level that must come next."""
        numbers = np.arange(self.count)
        return np.array([numbers // self.radix**t % self.radix for t in range(len(self.problem.tensors))], np.int64)

    @cached_property
    def turns(self) -> tuple[Ints, Ints, Ints, Ints]:
        """How states follow each other: per edge, what its child adds to the number of a state; per edge and state, the
        state once its child stands, or -1 where that is not next, and the state in which it is still to come; per
        state, the outermost level that a tensor waits for. A plain tuple: Numba's cache would remember another class
        by its place."""
        tensor, child, parent = self.items.T
        numbers, waited = np.arange(self.count), self.waits[tensor]
        unit = (self.radix**tensor)[:, None]
        lift = (child - parent)[:, None] * unit
        after = np.where(waited == child[:, None], numbers - lift, -1)
        back = numbers + np.maximum(child[:, None] - waited, 0) * unit
        return lift.ravel(), after, back, self.waits.max(axis=0)

    @cached_property
    def row_of(self) -> Ints:
        """Rows of the states that occur, every tensor done or waiting for a level that may keep it; -1 for others."""
        used = np.ones(self.count, np.bool_)
        for t, keeps in enumerate(self.problem.keeps):
            kept = np.array([level == 0 or keep != "not" for level, keep in enumerate(keeps)])
            used &= kept[self.waits[t]]
        return np.where(used, np.cumsum(used) - 1, -1)

    @cached_property
    def rows(self) -> int:
        return int(self.row_of.max()) + 1

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
    def ways(self) -> Ints:
        """Per edge how rows are numbered by the levels of its tensor (bound_kernels.STRIDE, LEVELS, CHILD, LIFT): rows
        between neighbours; levels that occur; the child among them, outermost first; and what placing it takes off a
        row."""
        used = [[i for i, keep in enumerate(keeps) if i == 0 or keep != "not"] for keeps in self.problem.keeps]
        strides = [prod(map(len, used[:t])) for t in range(len(used))]
        return np.array(
            [
                (strides[t], len(used[t]), at := used[t].index(child), strides[t] * (at - used[t].index(parent)))
                for t, child, parent in self.items.tolist()
            ],
            np.int64,
        ).reshape(-1, 4)

    @cached_property
    def scratch(self) -> tuple[Any, ...]:
        """Room for what bound_kernels.relax keeps of the tile vector that it is at: digits; per dim, what those before
        make of places and visits of the tensors and of the edges allowed; loops; and a row."""
        dims, tensors = max(1, len(self.problem.rules.dims)), len(self.problem.tensors)
        own, special = (np.zeros((dims + 1, tensors), np.int64) for _ in range(2))
        digits, allowed = np.empty(dims, np.int64), np.full(dims + 1, -1, np.int64)
        onto, dim = (np.empty(dims * MOST_PRIMES, np.int64) for _ in range(2))
        return digits, own, special, np.ones((dims + 1, tensors)), allowed, onto, dim, np.empty(self.rows)

    @cached_property
    def blocked(self) -> Floats:
        """Per dim and row, infinite where ``relaxed_moves`` has no loop; empty where it has all."""
        if self.relaxed_moves.all():
            return np.zeros((0, 0))
        states = np.flatnonzero(self.row_of >= 0)
        return np.ascontiguousarray(np.where(self.relaxed_moves[states], 0.0, np.inf).T)

    @cached_property
    def wanted(self) -> Flags:
        """Per shared memory and state, whether some tensor may still come to stand there."""
        groups, limits = self.capacities
        wanted = np.zeros((len(limits), self.count), np.bool_)
        for level, row in enumerate(groups):
            for t, group in enumerate(row):
                if group >= 0:
                    wanted[group] |= self.waits[t] >= level
        return wanted

    @cached_property
    def move_ok(self) -> Flags:
        """Per state and dim, whether a loop in time over it may run there: ``inside`` of the dataflow."""
        return self._loops_ok(relaxed=False)

    @cached_property
    def relaxed_moves(self) -> Flags:
        """The same where a tensor to come counts only when the dim changes its tile, since edges may stay open."""
        return self._loops_ok(relaxed=True)

    def _loops_ok(self, relaxed: bool) -> Flags:
        dims = self.problem.rules.dims
        out = np.ones((self.count, max(1, len(dims))), np.bool_)
        for levels, inside in self.problem.rules.inside:
            numbers = [i for i, level in enumerate(self.problem.levels) if level.name in levels]
            for t, keeps in enumerate(self.problem.keeps):
                kept = [i for i in numbers if keeps[i] != "not"]
                if not kept:
                    continue
                waits = self.waits[t] >= min(kept)
                for d, name in enumerate(dims):
                    if name not in inside and (not relaxed or name in self.problem.tensors[t].dims):
                        out[waits, d] = False
        return out
