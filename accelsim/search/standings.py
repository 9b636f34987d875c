"""Where the tensors of a nest stand, with what slides: the states of the bound that follows slides step by step.

A standing of one tensor is the level that must come next, the edges that are *open* (their child's tile has not moved
yet, innermost first) and those that *slide*.  For a tensor without windows the level says it all.  A standing of the
nest is one per tensor, numbered so that placing a child leads to a smaller number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from math import prod
from typing import NamedTuple

import numpy as np

from accelsim.search import kernels
from accelsim.search.grid import Ints
from accelsim.search.problem import Problem
from accelsim.search.states import States


class Standing(NamedTuple):
    """Of one tensor: the next level, numbers of the edges that are open and of those that slide."""

    level: int
    open: tuple[int, ...] = ()
    sliding: tuple[int, ...] = ()


@dataclass(frozen=True)
class Standings:
    """``roles``: per tensor, what a loop over each dim does to it (FREE .. REUSES of the kernels)."""

    problem: Problem
    states: States
    roles: tuple[tuple[int, ...], ...]

    @cached_property
    def slides(self) -> tuple[bool, ...]:
        """Per tensor, whether its tiles may keep a part when they move, in some level."""
        kept = {edge.tensor for edge in self.problem.edges}
        return tuple(t in kept and kernels.SLIDES in roles for t, roles in enumerate(self.roles))

    @cached_property
    def _own(self) -> list[list[Standing]]:
        """Per tensor every standing, those with the outermost level to come first."""
        return [sorted(set(self._reached(t))) for t in range(len(self.problem.tensors))]

    def _reached(self, tensor: int) -> Iterator[Standing]:
        for level, keep in enumerate(self.problem.keeps[tensor]):
            if level == 0 or keep != "not":
                yield Standing(level)
                for chain in self._chains(tensor, level) if self.slides[tensor] else ():
                    for begun in range(len(chain) + 1):  # edges before it may slide, or be over
                        for count in range(begun + 1):
                            for sliding in combinations(chain[:begun], count):
                                yield Standing(self.problem.edges[chain[-1]].parent, chain[begun:], sliding)

    def _chains(self, tensor: int, level: int) -> Iterator[tuple[int, ...]]:
        """Every way outwards from a level, by edges, whole or not."""
        for number, edge in enumerate(self.problem.edges):
            if (edge.tensor, edge.child) == (tensor, level):
                yield (number,)
                for further in self._chains(tensor, edge.parent):
                    yield (number, *further)

    @cached_property
    def _places(self) -> list[dict[Standing, int]]:
        return [{standing: i for i, standing in enumerate(own)} for own in self._own]

    @cached_property
    def _strides(self) -> list[int]:
        sizes = [len(own) for own in self._own]
        return [prod(sizes[:t]) for t in range(len(sizes))]

    @cached_property
    def count(self) -> int:
        return prod(len(own) for own in self._own)

    @cached_property
    def _all(self) -> list[tuple[Standing, ...]]:
        """Every standing of the nest, by its number."""
        return [tuple(reversed(row)) for row in product(*reversed(self._own))]

    @cached_property
    def labels(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """How a label tells its standing: per state, the standing with nothing open or sliding; per edge, what it adds
        to its tensor's code when it is open, and when it slides; per tensor, level and code, what that adds to the
        number of the standing; and per tensor and state, the level that is waited for."""
        mine = [[i for i, edge in enumerate(self.problem.edges) if edge.tensor == t] for t in range(len(self._own))]
        bits = max(len(own) for own, slides in zip(mine, self.slides, strict=True) if slides)
        opened, sliding = (np.zeros(max(1, len(self.problem.edges)), np.int64) for _ in range(2))
        table = np.full((len(mine), self.states.radix, 1 << 2 * bits), -1, np.int64)
        for t, own in enumerate(mine):
            for local, edge in enumerate(own if self.slides[t] else ()):
                opened[edge], sliding[edge] = 1 << local, 1 << bits + local
            for standing, place in self._places[t].items():
                code = sum(opened[edge] for edge in standing.open) + sum(sliding[edge] for edge in standing.sliding)
                table[t, standing.level, code] = place * self._strides[t]
        waits = self.states.waits
        return table[np.arange(len(mine))[:, None], waits, 0].sum(axis=0), opened, sliding, table, waits

    def _moved(self, row: int, tensor: int, old: Standing, new: Standing) -> int:
        return row + (self._places[tensor][new] - self._places[tensor][old]) * self._strides[tensor]

    @cached_property
    def arrays(self) -> tuple[Ints, ...]:
        """What the kernel takes: per standing its state; the row of bounds where open edges are still to come; numbers
        of open and of sliding edges, -1 for none; first of its ways to place a child and the end; per way the standing
        after it and the edge; and per standing, dim and those of its open, then of its sliding edges that slide after a
        loop over the dim (a bit each), the standing after it."""
        states, rows, opens, slides, first, ways = [], [], [], [], [0], []
        for row, standings in enumerate(self._all):
            states.append(sum(s.level * self.states.radix**t for t, s in enumerate(standings)))
            rows.append(int(self.states.row_of[self._to_come(standings)]))
            opens.append([edge for s in standings for edge in s.open])
            slides.append([edge for s in standings for edge in s.sliding])
            ways += list(self._placed(row, standings))
            first.append(len(ways))
        onward = self._onward(max(len(a) + len(b) for a, b in zip(opens, slides, strict=True)))
        pairs = np.array(ways, np.int64).reshape(-1, 2)
        columns = (pairs[:, 0].copy(), pairs[:, 1].copy())
        return np.array(states), np.array(rows), _padded(opens), _padded(slides), np.array(first), *columns, onward

    def _to_come(self, standings: tuple[Standing, ...]) -> int:
        """The state with the children of open edges still to come."""
        state = 0
        for t, standing in enumerate(standings):
            level = self.problem.edges[standing.open[0]].child if standing.open else standing.level
            state += level * self.states.radix**t
        return state

    def _placed(self, row: int, standings: tuple[Standing, ...]) -> Iterator[tuple[int, int]]:
        for number, edge in enumerate(self.problem.edges):
            old = standings[edge.tensor]
            if old.level == edge.child:
                opened = (*old.open, number) if self.slides[edge.tensor] else ()
                yield self._moved(row, edge.tensor, old, Standing(edge.parent, opened, old.sliding)), number

    def _onward(self, most: int) -> Ints:
        dims = len(self.problem.rules.dims)
        out = np.zeros((self.count, max(1, dims), 1 << most), np.int64)
        alike: dict[tuple[int, ...], list[int]] = {}
        for d in range(dims):
            alike.setdefault(tuple(roles[d] for roles in self.roles), []).append(d)
        for row, standings in enumerate(self._all):
            several = [*(edge for s in standings for edge in s.open), *(edge for s in standings for edge in s.sliding)]
            for bits in range(1 << len(several)):
                slide = {edge for i, edge in enumerate(several) if bits >> i & 1}
                for roles, own in alike.items():
                    out[row, own, bits] = self._after(row, standings, roles, slide)
        return out

    def _after(self, row: int, standings: tuple[Standing, ...], roles: tuple[int, ...], slide: set[int]) -> int:
        for t, (old, role) in enumerate(zip(standings, roles, strict=True)):
            if not old.open and not old.sliding:
                continue
            still = tuple(edge for edge in old.sliding if edge in slide)
            if role == kernels.MOVES:
                row = self._moved(row, t, old, Standing(old.level))
            elif role == kernels.SLIDES:
                begun = tuple(edge for edge in old.open if edge in slide)
                row = self._moved(row, t, old, Standing(old.level, (), (*still, *begun)))
            elif role == kernels.REUSES:
                row = self._moved(row, t, old, Standing(old.level, old.open, still))
        return row


def _padded(rows: list[list[int]]) -> Ints:
    out = np.full((len(rows), max(1, *map(len, rows))), -1, np.int64)
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return out
