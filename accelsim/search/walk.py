"""One frame ready for the compiled walk: the bounds on what is still to come, and everything as arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from accelsim.search import bound_kernels
from accelsim.search.edges import LARGEST
from accelsim.search.grid import Floats, Ints
from accelsim.search.tables import Tables


class Walk(Tables):
    """A frame as arrays. ``relaxed`` bounds the cost still to come; ``feeds`` are the ways in which MACs are fed."""

    _priced: tuple[bytes | None, ...] = ()
    """The prices that ``priced`` was last asked for."""

    @cached_property
    def site(self) -> tuple[Any, ...]:
        """What kernels of bounds take of a frame: its lattice (Lattice.site and ``ups``), ``standing``, and what edges
        cost (``fixed``)."""
        extent, strides, dims, trips, *parts = self.lattice.site
        low, saved, constant, _ = self.fixed
        return (extent, strides, dims, trips, self.ups, *parts), self.standing, (low, saved, constant)

    def least(self, measure: int, price: Floats | None = None) -> Floats:
        """Least sum of a measure that is still to come, also when every bit in shared memory number g costs price[g]:
        [tile vector, row of the state]."""
        return self._into(np.empty((self.lattice.size, self.common.rows)), measure, price)

    def _into(self, out: Floats, measure: int, price: Floats | None) -> Floats:
        common = self.common
        bound_kernels.relax(measure, self.per_bit(price), self.site, common.ways, common.blocked, common.scratch, out)
        return out

    def per_bit(self, price: Floats | None) -> Floats:
        """What a bit of an edge's child costs, per edge."""
        groups, out = self.common.capacities[0], np.zeros(max(1, len(self.edges)))
        for number, edge in enumerate(self.edges if price is not None else ()):
            group = groups[edge.child, edge.tensor]
            out[number] = price[group] if price is not None and group >= 0 else 0.0
        return out

    def priced(self, price: Floats | None) -> Floats:
        """``least`` of the energy at these prices, to be used before anything else is bounded."""
        key, tables = None if price is None else price.tobytes(), self.tables
        known = tables.user == self.number and self._priced == (key,)
        out = tables.room(self.lattice.size, self.common.rows, self.number)
        if not known:
            self._into(out, 0, price)
            self._priced = (key,)
        return out

    @cached_property
    def relaxed(self) -> Floats:
        """Least cost still to come: [measure, tile vector, row of the state]."""
        return np.stack([self.least(measure) for measure in range(self.measures)])

    def root(self, price: Floats | None) -> float:
        """What no mapping's energy goes below, by these prices."""
        rows, costs = self.starts
        return float((costs[0] + self.priced(price)[0, rows]).min()) - self.full(price)

    def excess(self, price: Floats) -> Floats:
        """What ``root`` gains per price: bits that its cheapest way takes of a shared memory, less what there is."""
        groups, limits = self.common.capacities
        priced, used = self.priced(price), np.zeros(len(self.edges), np.int64)
        (rows, costs), common = self.starts, self.common
        row = int(rows[np.argmin(costs[0] + priced[0, rows])])
        charge = self.per_bit(price), np.zeros(len(self.sides), np.bool_)
        bound_kernels.taken(row, self.site, charge, common.ways, common.blocked, self.spot, priced, used)
        out = -limits.astype(float)
        for bits, edge in zip(used.tolist(), self.edges, strict=True):
            if groups[edge.child, edge.tensor] >= 0:
                out[groups[edge.child, edge.tensor]] += bits
        return out

    @cached_property
    def spot(self) -> tuple[Any, ...]:
        """Room for what kernels of bounds keep of one tile vector."""
        tensors, edges, loops = len(self.sides), len(self.edges), len(self.lattice.loops[0])
        digits, own, special, after, bits = (
            np.empty(n, np.int64) for n in (len(self.lattice.shape), tensors, tensors, loops, edges)
        )
        return digits, own, special, np.empty(tensors), after, bits, np.empty((edges, bound_kernels.CHARGES))

    def full(self, price: Floats | None) -> float:
        """What all bits of the shared memories cost."""
        return 0.0 if price is None else float((price * self.common.capacities[1]).sum())

    def inputs(self, price: Floats, priced: Floats, guide: tuple[Any, ...]) -> tuple[Any, ...]:
        """What ``kernels.explore`` takes of a frame, from ``turns`` to ``fans``, in its order; ``priced`` is the bound
        at these prices, or of one element."""
        child = self.common.items[:, 1].copy()
        passes, above = np.array(self.frame.fanouts, np.int64), np.array(self.problem.above)
        region = np.array([(passes >= a).sum() for a in above], np.int64)
        need = np.array([min([*np.flatnonzero(above > f), self.radix]) for f in passes], np.int64)
        nested = np.array([level.nested for level in self.problem.levels], np.bool_)
        return (
            self.common.turns,
            self.lattice.size - 1,
            (self.stand.place_ok, child, region, (nested, len(self.problem.tensors), bool(nested.any()))),
            *self._of_edges(priced),
            (price, *self._memories),
            guide,
            (self.moves, *self.lattice.loops, self.common.move_ok, self.lattice.digits, self.lattice.loops_left),
            (need, *self._pins(passes)),
        )

    @property
    def _memories(self) -> tuple[Any, ...]:
        """What ``kernels.explore`` takes of the memories that tensors share."""
        groups, limits = self.common.capacities
        group_of = np.array([groups[e.child, e.tensor] for e in self.edges], np.int64)
        return self.common.wanted, self.stand.bits, group_of, limits

    def _of_edges(self, priced: Floats) -> tuple[tuple[Any, ...], ...]:
        """``site``, ``costs`` and ``bounds`` of ``kernels.explore``: how edges meet tile vectors, what they cost, and
        what is still to come."""
        (low, _, constant, exact), (saved, live), lattice = self.fixed, self.slides, self.lattice
        slide_of = np.where(lattice.slots >= 0, np.cumsum(lattice.slots >= 0) - 1, -1)
        return (
            (self.held.tensors, lattice.special_at, lattice.visits, lattice.slots, slide_of),
            (low, exact, constant, self.terms, lattice.groups, self.tables.kept, lattice.roles, lattice.steps, live,
             self.stand.closed_ok),
            (self.relaxed, priced, saved, self.common.row_of),
        )  # fmt: skip

    @cached_property
    def margin(self) -> int:
        """Labels that the expansion of one may add: every choice of children that stand at its tile vector, each time
        followed by any loop, a fan-out or the end."""
        choices = 1
        for tensor in range(len(self.problem.tensors)):
            chains = [0] * self.radix  # of edges from a level outwards, none included
            for level in range(self.radix):
                mine = [e for e in self.edges if (e.tensor, e.child) == (tensor, level)]
                chains[level] = 1 + sum(chains[e.parent] for e in mine)
            choices *= max(chains)
        return choices * (len(self.lattice.loops[0]) + 2)

    def _pins(self, passes: Ints) -> tuple[Ints, Ints]:
        """Per fan-out in use, innermost first, and dim: number of the tile from which on it lies outside of it all, and
        of the largest before it begins there or further out."""
        shape = (len(passes), max(1, len(self.dims)))
        passed, most = np.zeros(shape, np.int64), np.full(shape, LARGEST)
        for row, fanout in enumerate(passes):
            for spread in self.frame.spreads:
                if spread.fanout == fanout and spread.below:
                    d = self.dims.index(spread.dim)
                    pin = self.lattice.tiles[d].index(spread.below)
                    passed[row, d], most[row, d] = max(passed[row, d], pin), min(most[row, d], pin)
        for row in range(len(passes) - 2, -1, -1):
            most[row] = np.minimum(most[row], most[row + 1])
        return passed, most

    @cached_property
    def feeds(self) -> list[tuple[int, Floats, bool]]:
        """Per way to feed the MACs: the state it leads to, its cost per measure, and whether that is exact."""
        ways: list[tuple[int, Floats, bool]] = [(0, self.multiplied, True)]
        for t, side in enumerate(self.sides):
            ways = [(s + parent * self.radix**t, total + cost, ok and exact)
                    for parent, cost, exact in side.feeds for s, total, ok in ways]  # fmt: skip
        return ways

    @cached_property
    def starts(self) -> tuple[Ints, Floats]:
        """Per way to feed the MACs, the row of bounds where it begins; and per measure and way its cost."""
        states, costs = [state for state, _, _ in self.feeds], [cost for _, cost, _ in self.feeds]
        return self.common.row_of[states], np.array(costs).T

    @cached_property
    def multiplied(self) -> Floats:
        """What the MACs themselves cost, per measure."""
        out = np.zeros(self.measures)
        out[0] = self.problem.compute_energy
        return out

    def forget_tiles(self) -> None:
        """Let the sides let go of what is large and quickly made again."""
        for side in self.sides:
            side.forget()

    @cached_property
    def lower(self) -> Floats:
        """Per measure, what no mapping of the frame goes below."""
        rows, costs = self.starts
        return np.asarray((costs + self.relaxed[:, 0, rows]).min(axis=1))
