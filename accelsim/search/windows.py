"""Words of a sliding window per choice of tile: exact sums over its positions, and what a slide along one dim keeps.

A tensor's tile is a product over groups of dims that share a rank.  For one group, with the loops above a node in
hand, the kernels of the model give

    every    |tile| summed over all positions
    slide    the same less what stays from step to step while the innermost loops run along one dim

A row of a slide starts afresh; how much its first tile shares with what came before depends on loops further out, so
a slide has lowest sums by what ends it and a highest one; they agree wherever nothing can be shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from accelsim.model import kernels as k
from accelsim.model.plan import TileRule
from accelsim.workload.operation import Operation, Rank, Tensor

Loops = tuple[tuple[int, int, int], ...]
"""(term of the rank, step, mode) of every loop above a node, outermost first."""
Sums = NDArray[np.float64]
HIGHEST, RESET, GAIN, ENDS = range(4)
"""Of a slide: new words when every row starts afresh; words kept at the starts of rows when nothing but the slide goes
back to its first tile (loops that reuse the tensor); kept there at most when a dim of the same window steps, or the
sliding one once more; new words at least when a dim of another window steps."""


@dataclass(frozen=True)
class Place:
    """Where one dim of a window lies in space: per spread, outermost first, (positions, tile below it in rounds, mode);
    those inside the node only widen its tile. ``rounds``: tiles are its divisors."""

    bound: int
    rounds: int
    tiles: tuple[int, ...]
    outside: tuple[tuple[int, int, int], ...]
    inside: int

    def extent(self, tile: int) -> int:
        """Elements by which the tile moves on when a loop in time over it steps."""
        return tile * self.inside * prod(n for n, below, _ in self.outside if below <= tile)

    def chain(self, tile: int, start: int | None = None) -> tuple[list[tuple[int, int]], int]:
        """(step, mode) of this dim's loops above a node of that tile; ``start``: a slide runs from there up to
        ``tile``, and the number of innermost temporal loops that make it is returned too."""
        loops: list[tuple[int, int]] = []
        width = self.inside * prod(n for n, _, _ in self.outside)
        cuts = {tile} if start is None else {tile, start}
        run = 0
        seen = self.rounds

        def time(step: int, scale: int) -> None:
            nonlocal seen, run
            for cut in sorted((c for c in cuts | {step} if step <= c < seen), reverse=True):
                loops.append((cut * scale, k.TEMPORAL))
                run += start is not None and cut < tile
            seen = min(seen, step)

        for positions, below, mode in self.outside:
            time(below, width)
            width //= positions
            loops.append((below * width, mode))
        time(min(cuts), width)
        return loops, run


@lru_cache(maxsize=200_000)
def _entry(
    rank: Rank, bounds: tuple[int, ...], dense: bool, loops: Loops, cut: int, stepping: bool, reuse: bool
) -> tuple[int, int]:
    limits, strides = np.ones(k.DIMS, np.int64), np.zeros(k.DIMS, np.int64)
    for i, term in enumerate(rank.terms):
        limits[i], strides[i] = bounds[i], term.stride
    count = max(1, len(loops))
    dims, steps, modes = (np.zeros(count, np.int64) for _ in range(3))
    trips, coords = np.ones(count, np.int64), np.zeros(count, np.int64)
    enclosing = list(bounds)
    for i, (dim, step, mode) in enumerate(loops):
        dims[i], steps[i], modes[i] = dim, step, mode
        trips[i] = -(-enclosing[dim] // step)
        enclosing[dim] = step
    a, b = k.window_entry(limits, strides, rank.offset, rank.size, dense, dims, steps, modes, trips, coords,
                          len(loops), cut, stepping, reuse)  # fmt: skip
    return int(a), int(b)


@dataclass(frozen=True)
class WindowTable:
    """``every[tiles]`` per combination of tiles of the group's dims; per dim (its place in the group) the sums of
    slides ``[ENDS, start, tiles]``, where the tile of that dim is where the slide ends; ``left[dim, tiles]``: the
    largest share of the tile that a loop over the dim leaves."""

    every: Sums
    slides: tuple[tuple[int, Sums], ...]
    left: Sums


class WindowTables:
    """Tables of one search, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Rank, bool, tuple[Place, ...], bool], WindowTable] = {}
        self._groups: dict[tuple[str, TileRule], tuple[list[str], list[Rank]]] = {}

    def groups(self, operation: Operation, tensor: Tensor, rule: TileRule) -> tuple[list[str], list[Rank]]:
        """The tensor's dims that pass in pieces, and its windows without dims of one element."""
        key = (tensor.name, rule)
        if key not in self._groups:
            plain, windows = [], []
            dense = rule.dense and tensor is not operation.output
            for rank in tensor.ranks:
                terms = tuple(t for t in rank.terms if operation.extents[t.dim] > 1)
                low, high = rank.span(operation.extents)
                inside = low >= 0 and high < rank.size
                if len(terms) == 1 and inside and not (dense and terms[0].stride > 1):
                    plain.append(terms[0].dim)
                elif terms or not inside:
                    windows.append(Rank(terms, rank.size, rank.offset))
            self._groups[key] = plain, windows
        return self._groups[key]

    def table(self, rank: Rank, dense: bool, places: tuple[Place, ...], slides: bool) -> WindowTable:
        key = (rank, dense, places, slides)
        if key not in self._made:
            self._made[key] = _table(rank, dense, places, slides)
        return self._made[key]


def _table(rank: Rank, dense: bool, places: tuple[Place, ...], slides: bool) -> WindowTable:
    shape = tuple(len(place.tiles) for place in places)
    every = np.zeros(shape)
    bounds = tuple(place.bound for place in places)
    for at in product(*(range(n) for n in shape)):
        tiles = tuple(place.tiles[i] for place, i in zip(places, at, strict=True))
        loops, _ = _loops(places, tiles)
        every[at] = _entry(rank, bounds, dense, loops, _times(loops), False, False)[0]
    found = []
    if slides and len(places) > 1:
        for dim in range(len(places)):
            sums = np.full((ENDS, shape[dim], *shape), np.inf)
            sums[[RESET, GAIN]] = 0.0
            for at in product(*(range(n) for n in shape)):
                for start in range(at[dim]):
                    sums[:, start][(slice(None), *at)] = _slide(rank, bounds, dense, places, at, dim, start, every)  # type: ignore[index]
            found.append((dim, sums))
    left = np.zeros((len(places), *shape))
    for dim in range(len(places)):
        for at in product(*(range(n) for n in shape)):
            left[(dim, *at)] = share_left(rank, places, at, dim)
    return WindowTable(every, tuple(found), left)


def _loops(
    places: tuple[Place, ...], tiles: tuple[int, ...], dim: int = -1, start: int | None = None
) -> tuple[Loops, int]:
    """Loops above a node of these tiles, those of ``dim`` last, and how many temporal ones of them are its slide."""
    loops: list[tuple[int, int, int]] = []
    run = 0
    for i in sorted(range(len(places)), key=lambda i: i == dim):
        chain, length = places[i].chain(tiles[i], start if i == dim else None)
        run += length
        loops += [(i, step, mode) for step, mode in chain]
    return tuple(loops), run


def _times(loops: Loops) -> int:
    return sum(mode == k.TEMPORAL for _, _, mode in loops)


def _slide(
    rank: Rank, bounds: tuple[int, ...], dense: bool, places: tuple[Place, ...], at: tuple[int, ...], dim: int,
    start: int, every: Sums,
) -> tuple[float, ...]:  # fmt: skip
    """New words of a slide of ``dim`` from tile number ``start`` to ``at[dim]``, in the order of ``ENDS``.

    A loop over a dim moves its tile by exactly one tile; loops inside it go back to their first. So the first tile of a
    row lies, against the tile before, one step on along the dim that steps and back along those further in.
    """
    place = places[dim]
    node = tuple(start if i == dim else j for i, j in enumerate(at))
    tiles = tuple(p.tiles[i] for p, i in zip(places, at, strict=True))
    begin, end = place.tiles[start], place.tiles[at[dim]]
    kept, row_kept, rows = _kept(rank, bounds, dense, places, tiles, dim, begin)
    longest = tuple(place.rounds if i == dim else tile for i, tile in enumerate(tiles))
    kept_all, _, rows_all = _kept(rank, bounds, dense, places, longest, dim, begin)
    high = float(every[node]) - kept
    shift = rank.terms[dim].stride * place.extent(begin)
    span = 1 + sum(
        rank.terms[i].stride * (p.tiles[node[i]] * p.inside - 1 + _reach(p, p.tiles[node[i]]))
        for i, p in enumerate(places)
    )
    shared = _shared(rank, places, at, dim, begin, end, span, shift)
    near = min(rows, shared * _rows(places, tiles, dim, begin, bounds)) if shared else 0.0
    full = end == place.rounds
    gain = max(near, row_kept)
    if not full:  # the next row may go on where this one ends; those that begin at the edge may come back
        gain = max(gain, kept_all - kept + min(row_kept, rows_all))
    return high, row_kept, gain


def _shared(
    rank: Rank, places: tuple[Place, ...], at: tuple[int, ...], dim: int, begin: int, end: int, span: int, shift: int
) -> int:  # fmt: skip
    """Most indexes that the first tile of a row can share with the tile before when another dim of the window steps, or
    the sliding one further out."""
    place, full = places[dim], end == places[dim].rounds
    others = [i for i in range(len(places)) if i != dim and places[i].tiles[at[i]] < places[i].rounds]
    uneven = any(begin < below < place.rounds for _, below, _ in place.outside)
    for i in others:
        uneven |= any(places[i].tiles[at[i]] < below < places[i].rounds for _, below, _ in places[i].outside)
    if not others:
        return 0
    if len(others) > 1 or uneven:
        return span
    (i,) = others
    step, rounds = rank.terms[i].stride * places[i].extent(places[i].tiles[at[i]]), places[i].rounds
    rounds //= places[i].tiles[at[i]]
    tiles = [end // begin] if full else range(end // begin, place.rounds // begin + 1)
    apart = [abs(step - (n - 1) * shift) for n in tiles]
    if not full:
        apart += [abs(shift - (m - 1) * step) for m in range(2, rounds + 1)]
    return max(0, span - min(apart))


def share_left(rank: Rank, places: tuple[Place, ...], at: tuple[int, ...], dim: int) -> float:
    """Largest share of a tile that is left when a loop over ``dim`` steps or goes back, now or with loops after it."""
    if any(p.tiles[j] < p.rounds for i, (p, j) in enumerate(zip(places, at, strict=True)) if i != dim):
        return 1.0
    if any(places[dim].tiles[at[dim]] < below for _, below, _ in places[dim].outside):
        return 1.0
    span = 1 + sum(
        t.stride * (p.tiles[j] * p.inside - 1 + _reach(p, p.tiles[j]))
        for t, p, j in zip(rank.terms, places, at, strict=True)
    )
    left = span - rank.terms[dim].stride * places[dim].extent(places[dim].tiles[at[dim]])
    if left <= 0:
        return 0.0
    low, high = rank.span({t.dim: p.bound for t, p in zip(rank.terms, places, strict=True)})
    plain = low >= 0 and high < rank.size and all(t.stride == 1 for t in rank.terms)
    return left / span if plain and not any(p.outside for p in places) else 1.0


def _rows(
    places: tuple[Place, ...], tiles: tuple[int, ...], dim: int, begin: int, bounds: tuple[int, ...]
) -> int:  # fmt: skip
    """Rows that a slide begins, over all instances that count."""
    loops, run = _loops(places, tiles, dim, begin)
    left, enclosing, count = _times(loops) - run, list(bounds), 1
    for i, step, mode in loops:
        trips = -(-enclosing[i] // step)
        enclosing[i] = step
        if mode == k.SUM or (mode == k.TEMPORAL and left > 0):
            count *= trips
        left -= mode == k.TEMPORAL
    return count


def _reach(place: Place, tile: int) -> int:
    """How far the positions of a dim lie apart, at most."""
    width, far = place.inside * prod(n for n, _, _ in place.outside), 0
    for positions, below, mode in place.outside:
        width //= positions
        if mode in (k.UNION, k.FORWARD):
            far += (positions - 1) * max(below, tile) * width
    return far


def _kept(
    rank: Rank, bounds: tuple[int, ...], dense: bool, places: tuple[Place, ...], tiles: tuple[int, ...], dim: int,
    begin: int,
) -> tuple[float, float, float]:  # fmt: skip
    """Words kept by the steps of the slide; by its rows when loops outside step; and all words that rows start with."""
    loops, run = _loops(places, tiles, dim, begin)
    times = _times(loops)
    kept = sum(_entry(rank, bounds, dense, loops, cut, True, True)[1] for cut in range(times - run, times))
    rows, row_kept = _entry(rank, bounds, dense, loops, times - run, False, True)
    return float(kept), float(row_kept), float(rows)
