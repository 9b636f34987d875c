"""A nest with open steps as rows of numbers: which rows fit, what they cost, and the mapping that a row stands for.

A column per loop, outermost first.  A step that equals what encloses it is a loop of one trip: as if it were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd, inf

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.tiles import Chain, tensor_tile_words
from accelsim.model.batch import BatchEvaluator
from accelsim.search.interface import Limits, Objective
from accelsim.search.rules import Rules
from accelsim.workload.operation import Rank, Tensor

FEW = 64
"""Rows whose tiles are counted exactly in any case."""
Rows = NDArray[np.int64]
Held = tuple[int, Tensor, dict[str, tuple[int, ...]]]
"""Bits per word, tensor, and per dim the columns of the loops above the node."""


@dataclass(frozen=True)
class Sheet:
    """The nest of one operation on one machine; every dim of more than one element has a loop.

    ``exact``: tiles that reach into padding count without it; else, and quicker, many rows at once count all of them.
    """

    rules: Rules
    nodes: tuple[Node, ...]
    objective: Objective
    limits: Limits
    exact: bool = True

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        return tuple(node for node in self.nodes if not isinstance(node, Storage))

    @cached_property
    def slots(self) -> dict[str, tuple[int, ...]]:
        """Per dim, the columns of its loops."""
        dims = dict.fromkeys([*self.rules.dims, *(loop.dim for loop in self.loops)])
        return {dim: tuple(i for i, x in enumerate(self.loops) if x.dim == dim) for dim in dims}

    @cached_property
    def evaluator(self) -> BatchEvaluator:
        return BatchEvaluator(self.rules.operation, self.rules.architecture, self.nodes, self.limits.convention)

    def scores(self, rows: Rows) -> NDArray[np.float64]:
        """Objective and tie-breaker of rows that fit; infinite beyond ``max_cycles`` or ``max_energy``."""
        costs = self.evaluator(rows)
        energy, cycles = costs.energy, costs.cycles.astype(np.float64)
        first = {"energy": energy, "latency": cycles, "edp": energy * cycles}[self.objective]
        over = (cycles > (self.limits.max_cycles or inf)) | (energy > (self.limits.max_energy or inf))
        scores = np.stack([first, cycles if self.objective == "energy" else energy], axis=1)
        scores[over] = inf
        return scores

    def best(self, rows: Rows) -> tuple[tuple[float, float], Rows] | None:
        """Score and row of the best that fits, the first among equals; None when none does."""
        rows = rows[self.fits(rows)]
        if not len(rows):
            return None
        scores = self.scores(rows)
        least = np.flatnonzero(scores[:, 0] == scores[:, 0].min())
        at = int(least[np.argmin(scores[least, 1])])
        return ((float(scores[at, 0]), float(scores[at, 1])), rows[at]) if scores[at, 0] < inf else None

    def enclosing(self, rows: Rows) -> Rows:
        """Per loop, the extent that encloses it."""
        out = np.empty_like(rows)
        for dim, slots in self.slots.items():
            for before, column in zip((None, *slots), slots, strict=False):
                out[:, column] = self.rules.operation.extents[dim] if before is None else rows[:, before]
        return out

    def positions(self, rows: Rows) -> Rows:
        """Per row, MAC units in space."""
        space = [i for i, x in enumerate(self.loops) if isinstance(x, Spatial)]
        return np.asarray((-(-self.enclosing(rows) // rows))[:, space].prod(axis=1))

    def fits(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows keep to the sizes of the axes, the passes of unrolled dims, and the capacities."""
        trips = -(-self.enclosing(rows) // rows)
        ok = np.ones(len(rows), np.bool_)
        for columns, most in self._products:
            ok &= trips[:, columns].prod(axis=1) <= most
        ok &= self.positions(rows) >= self.rules.mac_units
        for column, extent in self._tiles:
            ok &= rows[:, column] == extent
        for bits, held in self._memories:
            left = np.flatnonzero(ok)
            part = rows[left]
            need = sum(
                (b * self._tile_words(tensor, columns, part) for b, tensor, columns in held),
                np.zeros(len(part), np.int64),
            )
            ok[left] = need <= bits
        return ok

    @cached_property
    def _products(self) -> list[tuple[list[int], int]]:
        """(columns, most trips of them together): axes and unrolled dims."""
        found = []
        for name, axis in self.rules.architecture.axes.items():
            columns = [i for i, x in enumerate(self.loops) if isinstance(x, Spatial) and x.axis == name]
            found.append((columns, axis.size))
        for dim, passes in self.rules.passes:
            found.append(([i for i, x in enumerate(self.loops) if isinstance(x, Temporal) and x.dim == dim], passes))
        return [(columns, most) for columns, most in found if columns]

    @cached_property
    def _tiles(self) -> list[tuple[int, int]]:
        """(column, step) that the rules fix; where no loop of the dim stands above a node, its tile is the bound."""
        found, above = [], 0
        for node in self.nodes:
            if not isinstance(node, Storage):
                above += 1
                continue
            for level, dim, extent in self.rules.tiles:
                own = [i for i in self.slots[dim] if i < above] if dim in self.slots else []
                if own and level == node.level and dim in self.rules.operation.tensor(node.tensor).dims:
                    found.append((own[-1], extent))
        return found

    @cached_property
    def _memories(self) -> list[tuple[int, list[Held]]]:
        """(bits that it holds, what shares it) of every bounded memory."""
        shared: dict[tuple[str, str], tuple[int, list[Held]]] = {}
        above = 0
        for node in self.nodes:
            if not isinstance(node, Storage):
                above += 1
                continue
            level, tensor = self.rules.architecture.level(node.level), self.rules.operation.tensor(node.tensor)
            private = dict(level.tensor_capacity_words)
            words = private.get(tensor.name, level.capacity_words)
            if words is not None:
                columns = {dim: tuple(i for i in own if i < above) for dim, own in self.slots.items()}
                key = (level.name, tensor.name if tensor.name in private else "")
                bits = level.element_bits(tensor.bits) * level.buffers
                shared.setdefault(key, (words * level.word_bits, []))[1].append((bits, tensor, columns))
        return list(shared.values())

    def _tile_words(self, tensor: Tensor, columns: dict[str, tuple[int, ...]], rows: Rows) -> Rows:
        words = np.ones(len(rows), np.int64)
        for rank in tensor.ranks:
            words *= self._rank_words(rank, columns, rows)
        return words

    def _rank_words(self, rank: Rank, columns: dict[str, tuple[int, ...]], rows: Rows) -> Rows:
        extents = self.rules.operation.extents
        if not len(rows):
            return np.zeros(0, np.int64)
        low, high = rank.span(extents)
        unclipped = (low >= 0 and high < rank.size) or not (self.exact or len(rows) <= FEW)
        if unclipped and len(rank.terms) <= 2:
            own = [columns.get(term.dim) or () for term in rank.terms]
            lengths = [
                rows[:, c[-1]] if c else np.full(len(rows), extents[term.dim])
                for c, term in zip(own, rank.terms, strict=True)
            ]
            return np.minimum(_distinct(rank, lengths), rank.size)
        used = [i for term in rank.terms for i in columns.get(term.dim, ())]
        if not used:
            return np.full(len(rows), self._chained(rank, columns, {}), np.int64)
        distinct, place = np.unique(rows[:, used], axis=0, return_inverse=True)
        table = [self._chained(rank, columns, dict(zip(used, map(int, row), strict=True))) for row in distinct]
        return np.array(table, np.int64)[place.ravel()]

    def _chained(self, rank: Rank, columns: dict[str, tuple[int, ...]], steps: dict[int, int]) -> int:
        chains: dict[str, Chain] = {}
        for term in rank.terms:
            chain = [self.rules.operation.extents[term.dim]]
            for i in columns.get(term.dim, ()):  # steps that change nothing would only be different keys of a cache
                chain += [steps[i]] if steps[i] < chain[-1] else []
            chains[term.dim] = tuple(chain)
        return tensor_tile_words(Tensor("", (rank,)), chains)

    def mapping(self, row: Rows) -> Mapping:
        """The mapping of a row: no loops of one trip, and neighbouring loops over one dim in time are one."""
        left, steps = dict(self.rules.operation.bounds), iter(map(int, row))
        kept: list[Node] = []
        for node in self.nodes:
            if not isinstance(node, Storage):
                step = next(steps)
                if step >= left[node.dim]:
                    continue
                left[node.dim] = step
                last = kept[-1] if kept else None
                if isinstance(node, Temporal) and isinstance(last, Temporal) and last.dim == node.dim:
                    kept.pop()
                node = Temporal(node.dim, step) if isinstance(node, Temporal) else Spatial(node.dim, step, node.axis)
            kept.append(node)
        return Mapping.of(self.rules.operation, kept)


def _distinct(rank: Rank, lengths: list[Rows]) -> Rows:
    """Words of a rank that reaches no padding; see accelsim.mapping.tiles."""
    if len(lengths) < 2:
        return lengths[0] if lengths else np.ones(1, np.int64)
    (first, second), (X, Y) = rank.terms, lengths
    g = gcd(first.stride, second.stride)
    both = np.maximum(0, X - second.stride // g) * np.maximum(0, Y - first.stride // g)
    return np.asarray(X * Y - both)


def chains(values: tuple[int, ...], length: int) -> Rows:
    """Every chain of that many of these values, ascending, that does not grow inwards."""
    from itertools import combinations_with_replacement

    return np.array([chain[::-1] for chain in combinations_with_replacement(values, length)], np.int64)


def placed(row: Rows, slots: tuple[int, ...], own: Rows) -> Rows:
    """Copies of a row with other steps of one dim."""
    rows = np.repeat(row[None, :], len(own), axis=0)
    rows[:, list(slots)] = own
    return rows
