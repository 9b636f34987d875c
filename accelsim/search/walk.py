"""One frame ready for the compiled walk: its lattice, the costs of its edges, what may stand where, and the bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.tiles import tensor_tile_words
from accelsim.model.energy import data_macs
from accelsim.model.plan import TileRule
from accelsim.search import labels
from accelsim.search.charges import Charges
from accelsim.search.costs import EdgeCosts, FrameCosts
from accelsim.search.frames import Frame, divisors
from accelsim.search.problem import MACS, Edge, Problem
from accelsim.search.windows import ENDS, GAIN, HIGHEST, WindowTables
from accelsim.workload.operation import Rank, Tensor

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Walk:
    """A frame as arrays. ``bound`` holds the relaxed cost to come; ``starts`` the ways in which MACs are fed."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None = None) -> None:
        """``measures``: how many of the problem's are wanted; None for all."""
        self.problem, self.frame = problem, frame
        self.costs = FrameCosts(problem, frame, tables)
        self.charges = [Charges(self.costs, measure) for measure in problem.measures[:measures]]
        self.dims = problem.rules.dims
        self.shape = self.costs.shape or (1,)
        self.size = prod(self.shape)
        self.radix = len(problem.levels)
        self.states = self.radix ** len(problem.tensors)
        self.edges = problem.edges

    @cached_property
    def space(self) -> int:
        """Points of the walk: tile vectors x what each tensor may have next, over all levels."""
        return self.size * prod(1 + sum(e.tensor == t for e in self.edges) for t in range(len(self.problem.tensors)))

    # The lattice

    @cached_property
    def digits(self) -> Ints:
        """Per dim and tile vector, the number of the dim's tile."""
        return _digits(self.shape)

    @cached_property
    def moves(self) -> tuple[Ints, Ints, Ints]:
        """(tile vector after a loop of a prime number of trips or -1, per kind of loop; dim and trips of each kind)."""
        return _moves(self.frame.rounds, self.shape)

    @cached_property
    def special(self) -> tuple[list[tuple[int, ...]], Ints]:
        """Per tensor the dims on which sums over windows (or ragged visits) depend, and per tile vector the place in
        the lattice of these alone."""
        per_tensor, places = [], []
        for tensor in self.problem.tensors:
            sliding = {t.dim for rule in self._rules for rank in self.costs.groups(tensor, rule)[1] for t in rank.terms}
            ragged = {d for d in self.dims if d not in tensor.dims and self.frame.is_ragged(d)}
            dims = tuple(i for i, name in enumerate(self.dims) if name in sliding | ragged)
            place = np.zeros(self.size, np.int64)
            for d in dims:
                place = place * self.shape[d] + self.digits[d]
            per_tensor.append(dims)
            places.append(place)
        return per_tensor, np.array(places, np.int64)

    @cached_property
    def _rules(self) -> tuple[Any, ...]:
        return tuple({self.problem.rule(m): None for m in self.problem.measures})

    @cached_property
    def visits(self) -> Floats:
        """Per tensor and tile vector, rounds outside over the dims that reuse it."""
        full = [np.broadcast_to(self.costs.visits(t), self.shape).ravel() for t in self.problem.tensors]
        return np.array(full)

    # What may stand where

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
        table = _tile_words(rank, tuple(names), chains)
        order = np.argsort(places) if places else []
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
    def place_ok(self) -> NDArray[np.bool_]:
        """Per edge and tile vector, whether the child may stand there as far as its own tile goes."""
        rows = [self._may_stand(i, edge) for i, edge in enumerate(self.edges)]
        return np.array(rows, np.bool_).reshape(len(self.edges), self.size)

    def _may_stand(self, number: int, edge: Edge) -> NDArray[np.bool_]:
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
    def closed_ok(self) -> NDArray[np.bool_]:
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
    def move_ok(self) -> NDArray[np.bool_]:
        """Per state and dim, whether a loop in time over it may run there: ``inside`` of the dataflow."""
        return self._loops_ok(relaxed=False)

    def _loops_ok(self, relaxed: bool) -> NDArray[np.bool_]:
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

    # Costs

    @cached_property
    def charged(self) -> list[list[EdgeCosts | None]]:
        """Per edge and measure."""
        return [[charges.edge(edge) for charges in self.charges] for edge in self.edges]

    def _flat(self, tensor: int, values: Floats) -> Floats:
        """Values over the lattice, constant but for the tensor's special dims, as one row over these."""
        dims = self.special[0][tensor]
        shape = [self.shape[d] if d in dims else 1 for d in range(len(self.shape))]
        return np.broadcast_to(values, shape).ravel()

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Costs per edge and measure over the special dims: changing altogether (lowest, highest), sliding."""
        edges, measures = max(1, len(self.edges)), len(self.charges)
        width = max([1, *(prod(self.shape[d] for d in dims) for dims in self.special[0])])
        low, high = np.zeros((edges, measures, width)), np.zeros((edges, measures, width))
        constant = np.zeros((edges, measures))
        least = np.zeros((edges, measures, width))
        slides: list[tuple[int, int, Floats, Floats, Any]] = []
        for i, edge in enumerate(self.edges):
            for k, charged in enumerate(self.charged[i]):
                if charged is None:
                    continue
                low[i, k], high[i, k] = self._spread(edge.tensor, charged.low, width), 0.0
                high[i, k] = self._spread(edge.tensor, charged.high, width)
                constant[i, k] = charged.constant
            slides += self._slides(i, width)
            least[i] = low[i]
            for number, _, _, charge, _ in (s for s in slides if s[0] == i):
                least[number] = np.minimum(least[number], charge)
        return {"low": low, "high": high, "constant": constant, "least": least, "slides": slides}

    def _spread(self, tensor: int, values: Floats, width: int) -> Floats:
        flat = self._flat(tensor, values)
        return np.concatenate([flat, np.zeros(width - len(flat))])

    def _slides(self, number: int, width: int) -> list[tuple[int, int, Floats, Floats, Any]]:
        """(edge, dim, what its end adds to the charge, the charge at the start, whether the highest is unknown), per dim
        that it may slide along."""
        edge, measures = self.edges[number], len(self.charges)
        out = []
        dims = dict.fromkeys(s.dim for c in self.charged[number] if c is not None for s in c.slides)
        for d in dims:
            starts = self.shape[d]
            ends, charge = np.full((ENDS, measures, starts, width), inf), np.full((measures, width), inf)
            loose = np.zeros(measures, np.bool_)
            own = self.special[0][edge.tensor]
            shape = tuple(self.shape[x] for x in own)
            n, at = prod(shape), own.index(d)
            helps = np.zeros(n, np.bool_)
            for k, charged in enumerate(self.charged[number]):
                found = [s for s in charged.slides if s.dim == d] if charged is not None else []
                if charged is None or not found:
                    ends[:, k], charge[k] = 0.0, 0.0
                    continue
                full = np.broadcast_to(found[0].ends, (ENDS, starts, *self._own_shape(edge.tensor)))
                full = full.reshape(ENDS, starts, *shape)
                lowest = full[HIGHEST] - full[GAIN]
                best = lowest.min(axis=1 + at)  # over the end of the slide
                charged_at = np.expand_dims(np.where(np.isinf(best), 0.0, best), 1 + at)
                added = full.copy()
                added[HIGHEST] -= charged_at
                ends[:, k, :, :n] = added.reshape(ENDS, starts, -1)
                loose[k] = charged.loose
                charge[k, :n] = np.moveaxis(best, 0, at).ravel()  # the start stands where the tile of that dim does
                helps |= charge[k, :n] < self._flat(edge.tensor, charged.low) * (1 - labels.CLOSE)
            charge[:, :n][:, ~helps] = inf
            out.append((number, d, ends, charge, loose))
        return out

    def _own_shape(self, tensor: int) -> tuple[int, ...]:
        """The lattice with one tile in every dim that is not special to the tensor."""
        dims = self.special[0][tensor]
        return tuple(n if d in dims else 1 for d, n in enumerate(self.shape))

    def kinds(self) -> Ints:
        """Per tensor, sliding dim and dim of a loop: how it ends the slide."""
        count = max(1, len(self.dims))
        out = np.full((len(self.problem.tensors), count, count), labels.MOVES, np.int64)
        for t, tensor in enumerate(self.problem.tensors):
            windows = [{x.dim for x in rank.terms} for rank in tensor.ranks if len(rank.terms) > 1]
            for a, slide in enumerate(self.dims):
                for b, name in enumerate(self.dims):
                    if name not in tensor.dims:
                        out[t, a, b] = labels.REUSES
                    elif any(slide in w and name in w for w in windows):
                        out[t, a, b] = labels.SAME
                    elif any(name in w for w in windows):
                        out[t, a, b] = labels.ELSE
        return out

    def left(self) -> Floats:
        """Per edge, dim and place over the special dims, the share of the tile that a loop over the dim leaves."""
        width = self.tables["low"].shape[2]
        out = np.ones((max(1, len(self.edges)), max(1, len(self.dims)), width))
        for i, edge in enumerate(self.edges):
            own, tensor = self.special[0][edge.tensor], self.problem.tensors[edge.tensor]
            for d, share in self.costs.left(edge, self.problem.view.tiles, TileRule()):
                if self.dims[d] in tensor.dims:
                    flat = np.broadcast_to(share, self._own_shape(edge.tensor)).ravel()
                    out[i, d, : len(flat)] = flat
        return out

    @cached_property
    def dense(self) -> Floats:
        """Least cost per measure, edge and tile vector."""
        tables = self.tables
        out = np.empty((len(self.charges), max(1, len(self.edges)), self.size))
        labels.dense(self.items, tables["least"], tables["constant"], self.visits, self.special[1], out)
        return out

    def least(self, costs: Floats) -> Floats:
        """Least sum of these costs (edge, tile vector) that is still to come: [state, tile vector]."""
        out = np.empty((self.states, self.size))
        moves, move_dim, _ = self.moves
        labels.relax(
            self.radix, self.items, costs, self.closable, moves, move_dim, self.relaxed_moves, out
        )  # fmt: skip
        return out

    @cached_property
    def closable(self) -> NDArray[np.bool_]:
        return self.place_ok & self.closed_ok

    @cached_property
    def relaxed_moves(self) -> NDArray[np.bool_]:
        return self._loops_ok(relaxed=True)

    @cached_property
    def relaxed(self) -> Floats:
        """Least cost still to come: [measure, state, tile vector]."""
        return np.array([self.least(costs) for costs in self.dense])

    def priced(self, price: Floats) -> Floats:
        """Least energy still to come when every bit in shared memory number g costs price[g]: [state, tile vector]."""
        groups, _ = self.capacities
        costs = self.dense[0].copy()
        for i, edge in enumerate(self.edges):
            group = groups[edge.child, edge.tensor]
            if group >= 0 and price[group]:
                costs[i] += price[group] * self.bits[i]
        return self.least(costs)

    def root(self, priced: Floats, price: Floats) -> float:
        """What no mapping's energy goes below, by a priced bound."""
        full = float((price * self.capacities[1]).sum())
        return min(float(cost[0] + priced[state, 0]) for state, cost, _ in self.feeds) - full

    @cached_property
    def items(self) -> Ints:
        rows = [(e.tensor, e.child, e.parent) for e in self.edges]
        return np.array(rows, np.int64).reshape(-1, 3)

    @cached_property
    def inputs(self) -> tuple[Any, ...]:
        """What ``labels.explore`` takes of a frame, from ``radix`` to ``bound``, and ``wanted``, in its order."""
        tables, edges, dims = self.tables, max(1, len(self.edges)), max(1, len(self.dims))
        measures, width = len(self.charges), tables["low"].shape[2]
        count, starts = max(1, len(tables["slides"])), max(self.shape)
        slides = np.full((ENDS, count, measures, starts, width), inf)
        loose = np.zeros((count, measures), np.bool_)
        slide_min, slide_of = np.full((count, measures, width), inf), np.full((edges, dims), -1, np.int64)
        for n, (number, d, ends, charge, unknown) in enumerate(tables["slides"]):
            slides[:, n, :, : ends.shape[2]] = ends
            loose[n] = unknown
            slide_min[n], slide_of[number, d] = charge, n
        relevant = np.zeros((len(self.problem.tensors), dims), np.bool_)
        for t, tensor in enumerate(self.problem.tensors):
            relevant[t, : len(self.dims)] = [name in tensor.dims for name in self.dims]
        even = np.array([not self.frame.is_ragged(name) for name in self.dims] or [True], np.bool_)
        groups, limits = self.capacities
        moves, move_dim, move_trips = self.moves
        above = np.array(self.problem.above)
        passes = np.array(self.frame.fanouts, np.int64)
        region = np.array([(passes >= a).sum() for a in above], np.int64)
        need = np.array([min([*np.flatnonzero(above > f), self.radix]) for f in passes], np.int64)
        pinned, most = self._pins(passes)
        states = np.arange(self.states)
        wanted = np.zeros((len(limits), self.states), np.bool_)
        for level, row in enumerate(groups):
            for t, group in enumerate(row):
                if group >= 0:
                    wanted[group] |= (states // self.radix**t) % self.radix >= level
        nested = np.array([level.nested for level in self.problem.levels], np.bool_)
        return (
            self.radix, self.items, self.items[:, 1].copy(), relevant, self.closed_ok, tables["low"], tables["high"],
            slides, loose, self.kinds(), self.left(), even, slide_min, tables["constant"], self.visits, self.special[1], slide_of, self.digits, self.place_ok,
            self.bits, groups, limits, moves, move_dim, move_trips, self.move_ok, self.size - 1, region, passes, need, pinned, most,
            nested, self.relaxed, wanted,
        )  # fmt: skip

    def _pins(self, passes: Ints) -> tuple[Ints, Ints]:
        """Per fan-out in use, innermost first, and dim: the tile that it must have there or -1; the largest before."""
        pinned = np.full((len(passes), max(1, len(self.dims))), -1, np.int64)
        for row, fanout in enumerate(passes):
            for spread in self.frame.spreads:
                if spread.fanout == fanout and spread.below:
                    d = self.dims.index(spread.dim)
                    pinned[row, d] = self.costs.tiles[d].index(spread.below)
        most = np.where(pinned >= 0, pinned, np.iinfo(np.int64).max)
        for row in range(len(passes) - 2, -1, -1):
            most[row] = np.minimum(most[row], most[row + 1])
        return pinned, most

    @cached_property
    def feeds(self) -> list[tuple[int, Floats, bool]]:
        """Per way to feed the MACs: the state it leads to, its cost per measure, and whether that is exact."""
        rules = self.problem.rules
        macs = data_macs(rules.operation) if rules.architecture.compute.gate_padding else rules.operation.macs
        fixed = np.zeros(len(self.charges))
        fixed[0] = macs * rules.architecture.compute.mac_energy
        ways: list[tuple[int, Floats, bool]] = [(0, fixed, True)]
        for t, options in enumerate(self.feed_costs):
            ways = [(s + parent * self.radix**t, total + cost, ok and exact)
                    for parent, cost, exact in options for s, total, ok in ways]  # fmt: skip
        return ways

    @cached_property
    def feed_costs(self) -> list[list[tuple[int, Floats, bool]]]:
        """Per tensor and way to feed the MACs: the level, its cost per measure, whether that is exact."""
        out = []
        for options in self.problem.feeds:
            costs = [(edge.parent, [charges.feed(edge) for charges in self.charges]) for edge in options]
            out.append([(p, np.array([c for c, _ in pairs]), all(e for _, e in pairs)) for p, pairs in costs])
        return out

    @cached_property
    def apart(self) -> Floats:
        """Per measure, a bound that takes every tensor by itself: quick, and below ``lower``."""
        cheapest = np.where(self.closable, self.dense, inf).min(axis=2)
        total = self.feeds[0][1] - sum(options[0][1] for options in self.feed_costs)
        for t, options in enumerate(self.feed_costs):
            best = np.zeros((len(self.charges), self.radix))
            for level in range(1, self.radix):
                ways = [cheapest[:, i] + best[:, e.parent] for i, e in enumerate(self.edges)
                        if (e.tensor, e.child) == (t, level)]  # fmt: skip
                best[:, level] = np.min(ways, axis=0) if ways else inf
            total = total + np.min([cost + best[:, parent] for parent, cost, _ in options], axis=0)
        return np.asarray(total)

    @cached_property
    def lower(self) -> Floats:
        """Per measure, what no mapping of the frame goes below."""
        starts = [cost + self.relaxed[:, state, 0] for state, cost, _ in self.feeds]
        return np.min(starts, axis=0)


@lru_cache(maxsize=64)
def _digits(shape: tuple[int, ...]) -> Ints:
    return np.indices(shape).reshape(len(shape), -1).astype(np.int64)


@lru_cache(maxsize=64)
def _moves(rounds: tuple[int, ...], shape: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
    digits, size = _digits(shape), prod(shape)
    rows, dims, trips = [], [], []
    strides = [prod(shape[d + 1 :]) for d in range(len(shape))]
    here = np.arange(size)
    for d, count in enumerate(rounds):
        tiles = divisors(count)
        place = {tile: i for i, tile in enumerate(tiles)}
        for prime in _primes(count):
            up = np.array([place.get(tile * prime, -1) for tile in tiles], np.int64)
            at = digits[d]
            rows.append(np.where(up[at] >= 0, here + (up[at] - at) * strides[d], -1))
            dims.append(d)
            trips.append(prime)
    if not rows:
        return np.full((1, size), -1, np.int64), np.zeros(1, np.int64), np.ones(1, np.int64)
    return np.array(rows, np.int64), np.array(dims, np.int64), np.array(trips, np.int64)


@lru_cache(maxsize=4096)
def _tile_words(rank: Rank, names: tuple[str, ...], chains: tuple[tuple[int, tuple[int, ...]], ...]) -> Ints:
    """Words of the largest tile along a rank, per combination of extents of its dims: (bound, extents) of each."""
    single = Tensor("", (rank,))
    chain = {t.dim: (1, 1) for t in rank.terms}
    table = np.empty([len(extents) for _, extents in chains], np.int64)
    for at in np.ndindex(*table.shape):
        for name, (bound, extents), i in zip(names, chains, at, strict=True):
            chain[name] = (bound, extents[i])
        table[at] = tensor_tile_words(single, chain)
    return table


def _primes(number: int) -> list[int]:
    found, n = [], 2
    while n * n <= number:
        if number % n == 0:
            found.append(n)
            while number % n == 0:
                number //= n
        n += 1
    return [*found, number] if number > 1 else found
