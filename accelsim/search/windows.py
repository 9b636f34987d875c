"""Words of a sliding window per choice of tile: exact sums over its positions, and what every loop's step keeps.

A tensor's tile is a product over groups of dims that share a rank.  With the tile of a node in hand, what passes is

    |tile| summed over all positions  -  sum over loops above the node of what stays when that loop steps

and what stays is a product over groups: it depends on the node's tile, on the tile inside the loop, and on whether the
loop is over a dim of the group.  So the words of a node add up loop by loop, in whatever order loops come.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.model import kernels as k
from accelsim.model.plan import EVER_AS_UNION, uncountable
from accelsim.search.frames import primes
from accelsim.search.place import Place
from accelsim.search.store import Store
from accelsim.workload.operation import Operation, Rank, Tensor

Loops = tuple[tuple[int, int, int], ...]
"""(term of the rank, step, mode) of every loop above a node, outermost first."""
Sums = NDArray[np.float64]


class Table(NamedTuple):
    """Where the sums of a group stand: what passes, ``every[at_every + tile]``, and what stays, ``kept[at_kept +
    (node's tile x tiles + tile inside the loop) x kinds + kind]``; kind 0: loops over other dims; then those of its own
    dims, by trips."""

    at_every: int
    at_kept: int
    tiles: int
    kinds: int


class WindowTables(Store):
    """Tables of one search, each made once, one after the other in two arrays."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[object, Table] = {}
        self._groups: dict[tuple[str, bool], tuple[list[str], list[Rank]]] = {}
        self._every, self._kept = np.empty(1 << 12), np.empty(1 << 16)
        self._used = [0, 0]

    @property
    def every(self) -> Sums:
        return self._every

    @property
    def kept(self) -> Sums:
        return self._kept

    def groups(self, operation: Operation, tensor: Tensor, dense: bool) -> tuple[list[str], list[Rank]]:
        """The tensor's dims that pass in pieces, and its windows without dims of one element. ``dense``: some rule of
        the search counts boxes."""
        key = (tensor.name, dense)
        if key not in self._groups:
            plain, windows = [], []
            dense = dense and tensor is not operation.output
            for rank in tensor.ranks:
                terms = tuple(t for t in rank.terms if operation.extents[t.dim] > 1)
                if len(terms) > k.DIMS:
                    raise uncountable(operation, tensor)
                low, high = rank.span(operation.extents)
                inside = low >= 0 and high < rank.size
                if len(terms) == 1 and inside and not (dense and terms[0].stride > 1):
                    plain.append(terms[0].dim)
                elif terms or not inside:
                    windows.append(Rank(terms, rank.size, rank.offset))
            self._groups[key] = plain, windows
        return self._groups[key]

    def windowed(self, operation: Operation, tensor: Tensor, dense: bool) -> frozenset[str]:
        """The dims of the tensor's windows."""
        _, windows = self.groups(operation, tensor, dense)
        key = "windowed", tensor.name, dense
        return self.once(key, lambda: frozenset(term.dim for rank in windows for term in rank.terms))

    def window(self, rank: Rank, dense: bool, places: tuple[Place, ...]) -> Table:
        """Sums of a window; tiles are numbered in the order of its terms."""
        key = (tuple(t.stride for t in rank.terms), rank.size, rank.offset, dense, places)
        if key not in self._made:
            self._made[key] = self._add(*_sums(rank, dense, places))
        return self._made[key]

    def least(self, rank: Rank, dense: bool, choices: tuple[tuple[Place, ...], ...], shape: tuple[int, ...]) -> Table:
        """Sums that are no more than those of any of these choices of places, for any tile: every index passes once,
        and nothing stays."""
        key = (tuple(t.stride for t in rank.terms), rank.size, rank.offset, dense, choices, "least")
        if key not in self._made:
            bounds = tuple(place.bound for place in choices[0])
            value = min(covered(rank, bounds, dense, _ever(places)) for places in choices)
            size = int(np.prod(shape))
            kinds = 1 + len(_moves(choices[0]))
            self._made[key] = self._add(np.full(size, value), np.zeros((size, size, kinds)))
        return self._made[key]

    def visits(self, counts: tuple[int, ...], rounds: int, tiles: tuple[int, ...]) -> Table:
        """Sums of a dim that does not index the tensor: how often its tiles come, per tile."""
        key = (counts, rounds)
        if key not in self._made:
            times = np.array(counts, np.float64)
            kept = np.zeros((len(tiles), len(tiles), 1 + len(primes(rounds))))
            kept[:, :, 0] = times
            for kind, trips in enumerate(primes(rounds), start=1):
                for q, tile in enumerate(tiles):
                    if rounds % (tile * trips) == 0:
                        kept[:, q, kind] = times[q] - times[tiles.index(tile * trips)]
            self._made[key] = self._add(times, kept)
        return self._made[key]

    def _add(self, every: Sums, kept: Sums) -> Table:
        at = tuple(self._used)
        for number, values in enumerate((every, kept)):
            end = at[number] + values.size
            array = (self._every, self._kept)[number]
            if end > len(array):
                array = np.concatenate([array, np.empty(max(len(array), values.size))])
                if number:
                    self._kept = array
                else:
                    self._every = array
            array[at[number] : end] = values.ravel()
            self._used[number] = end
        return Table(at[0], at[1], kept.shape[0], kept.shape[2])


def _moves(places: tuple[Place, ...]) -> list[tuple[int, int]]:
    """(number of the dim, trips) of the loops of a window's own dims, in the order of kinds."""
    return [(d, trips) for d, place in enumerate(places) for trips in primes(place.rounds)]


def _sums(rank: Rank, dense: bool, places: tuple[Place, ...]) -> tuple[Sums, Sums]:
    """Sums of a window, by visiting all of its positions."""
    moves, bounds = _moves(places), tuple(place.bound for place in places)
    grid, entry = list(product(*(place.tiles for place in places))), _Entries(rank, bounds, dense)
    every, kept = np.zeros(len(grid)), np.zeros((len(grid), len(grid), 1 + len(moves)))
    for t, node in enumerate(grid):
        every[t] = entry(*_loops(places, node, node, None), False, False)[0]
        for q, block in enumerate(grid):
            if any(inside % tile for inside, tile in zip(block, node, strict=True)):
                continue
            for kind, move in enumerate([None, *moves]):
                if move is not None and places[move[0]].rounds % (block[move[0]] * move[1]):
                    continue
                kept[t, q, kind] = entry(*_loops(places, node, block, move), move is not None, True)[1]
    return every, kept


def _loops(
    places: tuple[Place, ...], node: tuple[int, ...], block: tuple[int, ...], move: tuple[int, int] | None
) -> tuple[Loops, int]:
    """Loops above a node of these tiles, and how many in time lie outside those that go back to their first when a loop
    over tiles ``block`` steps; ``move``: that loop is of the window's own (dim, trips), and comes next."""
    parts: tuple[Loops, Loops, Loops] = (), (), ()
    for d, place in enumerate(places):
        trips = move[1] if move is not None and move[0] == d else 1
        own = _parted(d, place, node[d], block[d], block[d] * trips)
        parts = parts[0] + own[0], parts[1] + own[1], parts[2] + own[2]
    heads, middle, tails = parts
    return heads + middle + tails, sum(mode == k.TEMPORAL for _, _, mode in heads)


@lru_cache(maxsize=65536)
def _parted(d: int, place: Place, node: int, block: int, wider: int) -> tuple[Loops, Loops, Loops]:
    """The loops of one dim down to a node's tile: outside of a tile ``wider``, inside of that, and inside ``block``."""
    chain = place.chain({node, block, wider})
    outer = max((i + 1 for i, (tile, _, _) in enumerate(chain) if tile >= wider), default=0)
    inner = max((i + 1 for i, (tile, _, _) in enumerate(chain) if tile >= block), default=outer)
    loops = tuple((d, step, mode) for _, step, mode in chain)
    return loops[:outer], loops[outer:inner], loops[inner:]


def _ever(places: tuple[Place, ...]) -> Loops:
    """The loops of a window whose sets are all merged, but for spatial ones that are summed or count once."""
    loops = []
    for d, place in enumerate(places):
        width = place.inside * prod(n for n, _, _ in place.outside)
        for n, below, mode in place.outside:
            loops.append((d, below * width, k.TEMPORAL))
            width //= n
            loops.append((d, below * width, k.UNION if mode == k.FORWARD else mode))
    return tuple(loops)


@lru_cache(maxsize=65536)
def covered(rank: Rank, bounds: tuple[int, ...], dense: bool, loops: Loops) -> int:
    """Indexes of a rank that hold data and are ever reached, per combination of summed coordinates."""
    ever = tuple((dim, step, EVER_AS_UNION[mode]) for dim, step, mode in loops)
    return _Entries(rank, bounds, dense)(ever, 0, False, False)[0]


class _Entries:
    """Sums of one window over the positions of its tiles (model.kernels.window_entry)."""

    def __init__(self, rank: Rank, bounds: tuple[int, ...], dense: bool) -> None:
        limits, strides = np.ones(k.DIMS, np.int64), np.zeros(k.DIMS, np.int64)
        for i, term in enumerate(rank.terms):
            limits[i], strides[i] = bounds[i], term.stride
        self.window, self.room = (limits, strides, rank.offset, rank.size, dense), k.room_for(rank.size)
        self.bounds = bounds

    def __call__(self, loops: Loops, cut: int, stepping: bool, reuse: bool) -> tuple[int, int]:
        rows, enclosing = [], list(self.bounds)
        for dim, step, mode in loops:
            step = min(step, enclosing[dim])
            rows.append((dim, step, mode, -(-enclosing[dim] // step), 0, 0, 0, 0))
            enclosing[dim] = step
        chain = np.array(rows, np.int64).reshape(-1, k.COLUMNS)
        a, b = k.window_entry(self.window, chain, len(rows), cut, stepping, reuse, self.room)
        return int(a), int(b)
