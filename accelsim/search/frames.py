"""Frames: how the dims lie in space. Inside a frame every step in time divides the next, so tiles form a lattice.

A frame says per dim how many positions it takes on every axis; what is left, ``ceil(bound / positions)``, is cut in
time, and the tiles of a dim are the divisors of that number.  With perfect steps positions divide the bound; aligned
ones may also fill an axis, whether or not that divides; then the last position, or the last round, is smaller.

Where a dim stands in space next to its loops in time matters only when its tiles overlap (windows) or are clipped: such
dims are ``pinned``, their tile below the array being part of the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import permutations, product
from math import prod
from typing import NamedTuple

from accelsim.search.rules import Rules


class Spread(NamedTuple):
    """``positions`` of a dim on an axis; ``below``: its tile inside, in steps of time, or 0 where that is open."""

    fanout: int
    axis: str
    dim: str
    positions: int
    below: int = 0

    @property
    def opened(self) -> Spread:
        """The same with the tile inside open."""
        return self if not self.below else Spread(self.fanout, self.axis, self.dim, self.positions)


@dataclass(frozen=True)
class Frame:
    """``spreads``: what lies in space, outermost fan-out first, in the order of loops; ``rounds``: per dim of the
    rules, the number that its loops in time divide between them. ``is_family``: tiles below the array are open where
    frames have one."""

    rules: Rules
    spreads: tuple[Spread, ...]
    rounds: tuple[int, ...]
    is_family: bool = False

    @cached_property
    def fanouts(self) -> tuple[int, ...]:
        """The fan-outs in use, innermost first."""
        return tuple(sorted({spread.fanout for spread in self.spreads}, reverse=True))

    @cached_property
    def cycles(self) -> int:
        """Steps of time that compute takes, at least."""
        return prod(-(-self.rules.operation.extents[dim] // self.positions(dim)) for dim in self.rules.dims)

    @cached_property
    def mac_units(self) -> int:
        """MAC units in use."""
        return prod(spread.positions for spread in self.spreads)

    @cached_property
    def is_perfect(self) -> bool:
        extents = self.rules.operation.extents
        return all(self.positions(d) * n == extents[d] for d, n in zip(self.rules.dims, self.rounds, strict=True))

    @cached_property
    def _ragged(self) -> frozenset[str]:
        extents = self.rules.operation.extents
        rounds = zip(self.rules.dims, self.rounds, strict=True)
        return frozenset(d for d, n in rounds if self.positions(d) * n != extents[d])

    def is_ragged(self, dim: str) -> bool:
        return dim in self._ragged

    def positions(self, dim: str, since: int = 0) -> int:
        """Positions of a dim on the fan-outs from number ``since`` inwards."""
        count = 1
        for spread in self._along.get(dim, ()):
            if spread.fanout >= since:
                count *= spread.positions
        return count

    @cached_property
    def _along(self) -> dict[str, tuple[Spread, ...]]:
        out: dict[str, tuple[Spread, ...]] = {}
        for spread in self.spreads:
            out[spread.dim] = (*out.get(spread.dim, ()), spread)
        return out

    def along(self, dim: str) -> tuple[Spread, ...]:
        """Where a dim lies in space, outermost first."""
        return self._along.get(dim, ())


@lru_cache(maxsize=4096)
def divisors(number: int) -> tuple[int, ...]:
    """Every divisor, ascending."""
    low = [i for i in range(1, int(number**0.5) + 1) if number % i == 0]
    return (*low, *(number // i for i in reversed(low) if i * i != number))


@lru_cache(maxsize=4096)
def primes(number: int) -> tuple[int, ...]:
    """Every prime factor once, ascending."""
    found, n = [], 2
    while n * n <= number:
        if number % n == 0:
            found.append(n)
            while number % n == 0:
                number //= n
        n += 1
    return (*found, number) if number > 1 else tuple(found)


@lru_cache(maxsize=4096)
def factors(number: int) -> int:
    """How many prime factors a number has, each as often as it divides."""
    return 1 + factors(number // primes(number)[0]) if number > 1 else 0


def frames(rules: Rules, aligned: bool) -> Iterator[Frame]:
    """Every frame under the rules, the most MAC units first is not promised; each once."""
    seen: set[object] = set()
    for family in families(rules, aligned):
        yield from members(family, aligned, seen)


def families(rules: Rules, aligned: bool) -> Iterator[Frame]:
    """Frames whose tiles below the array are all open."""
    choices = [_fanout_choices(rules, index, aligned) for index in range(len(rules.architecture.fanouts))]
    for picked in product(*choices):
        spreads = tuple(spread for choice in picked for spread in choice)
        rounds = _rounds(rules, spreads, aligned)
        if rounds is not None and prod(s.positions for s in spreads) >= rules.mac_units:
            yield Frame(rules, spreads, rounds, is_family=True)


def members(family: Frame, aligned: bool, seen: set[object]) -> Iterator[Frame]:
    """The frames of a family, less those that are alike one ``seen``."""
    several = len({(s.fanout, s.dim) for s in family.spreads}) < len(family.spreads)
    for frame in _pinned(family, apart=not aligned):
        key = _alike(frame) if several else None
        if key is None or key not in seen:
            seen.add(key)
            yield frame


def _alike(frame: Frame) -> object:
    """What frames have in common that differ in nothing that counts: positions of a dim side by side, on axes whose
    networks treat all tensors alike, are as good on one axis as on several."""
    runs: dict[tuple[int, str], list[list[object]]] = {}
    for spread in frame.spreads:
        own, kind = runs.setdefault((spread.fanout, spread.dim), []), frame.rules.networks[spread.axis]
        if own and own[-1][:2] == [kind, spread.below]:
            own[-1][2] *= spread.positions  # type: ignore[operator]
        else:
            own.append([kind, spread.below, spread.positions])
    return tuple((where, tuple(map(tuple, own))) for where, own in sorted(runs.items()))


def _fanout_choices(rules: Rules, index: int, aligned: bool) -> list[tuple[Spread, ...]]:
    """What one fan-out may carry; equal choices of axes that treat all tensors alike come once. Which of its axes lies
    outside the other counts for a dim of a window."""
    axes, ordered = rules.architecture.fanouts[index].axes, rules.windowed
    allowed = dict(rules.spatial)
    per_axis = [_axis_choices(rules, axis.size, allowed[axis.name], aligned) for axis in axes]
    seen: set[object] = set()
    out = []
    for combination in product(*per_axis):
        spreads = [Spread(index, axis.name, dim, n)
                   for axis, choice in zip(axes, combination, strict=True) for dim, n in choice]  # fmt: skip
        merged: dict[tuple[object, str], int] = {}
        for spread in (s for s in spreads if s.dim not in ordered):
            kind = rules.networks[spread.axis], spread.dim
            merged[kind] = merged.get(kind, 1) * spread.positions
        windows = [[s for s in spreads if s.dim == dim] for dim in sorted({s.dim for s in spreads} & ordered)]
        for orders in product(*(permutations(own) for own in windows)):
            own = tuple(spread for order in orders for spread in order)
            runs: list[list[object]] = []
            for spread in own:
                if aligned and runs and runs[-1][:2] == [rules.networks[spread.axis], spread.dim]:
                    runs[-1][2] *= spread.positions  # type: ignore[operator]
                else:
                    runs.append([rules.networks[spread.axis], spread.dim, spread.positions])
            key = frozenset(merged.items()), tuple(map(tuple, runs))
            if key not in seen:
                seen.add(key)
                out.append((*(s for s in spreads if s.dim not in ordered), *own))
    return out


def _axis_choices(rules: Rules, size: int, dims: tuple[str, ...], aligned: bool) -> list[tuple[tuple[str, int], ...]]:
    """Every way to lay dims along one axis: (dim, positions) with more than one position."""
    found: list[tuple[tuple[str, int], ...]] = [()]
    for dim in dims:
        bound = rules.operation.extents[dim]
        values = {n for n in divisors(bound) if n > 1}
        if aligned:  # as many rounds as fill the axis, or as the dataflow asks, with the fewest positions
            values |= {-(-bound // -(-bound // size)), -(-bound // dict(rules.passes).get(dim, bound))} - {1}
        more = []
        for choice in found:
            room = size // prod(n for _, n in choice)
            more += [(*choice, (dim, n)) for n in sorted(values) if n <= room]
        found += more
    return found


def _rounds(rules: Rules, spreads: tuple[Spread, ...], aligned: bool) -> tuple[int, ...] | None:
    """Rounds in time per dim; None when positions do not divide the bound though they must, or exceed it, or the
    dataflow allows fewer passes."""
    passes = dict(rules.passes)
    out = []
    for dim in rules.dims:
        bound = rules.operation.extents[dim]
        mine = [s.positions for s in spreads if s.dim == dim]
        positions = prod(mine)
        rounds = -(-bound // positions)
        if bound % positions and (not aligned or len(mine) > 1 or (rounds - 1) * positions >= bound):
            return None
        if positions > bound or rounds > passes.get(dim, rounds):
            return None
        if bound % positions and -(-bound // rounds) != positions:
            return None  # as many rounds with fewer positions
        out.append(rounds)
    return tuple(out)


def pins(frame: Frame) -> list[tuple[Spread, ...]]:
    """Per spread of a family, the choices of its tile below the array."""
    windowed, options = frame.rules.windowed, []
    for spread in frame.spreads:
        rounds = frame.rounds[frame.rules.dims.index(spread.dim)]
        if spread.dim in windowed or frame.is_ragged(spread.dim):
            options.append(tuple(_below(spread, n) for n in divisors(rounds)))
        else:
            options.append((spread,))
    return options


def _pinned(frame: Frame, apart: bool) -> Iterator[Frame]:
    """The frame with every choice of tiles below the array for the dims that need one; ``apart``: loops in time may
    stand between a dim's positions on several axes of one fan-out."""
    for spreads in product(*pins(frame)):
        if _nests(spreads, apart):
            yield Frame(frame.rules, spreads, frame.rounds)


def _below(spread: Spread, tile: int) -> Spread:
    return Spread(spread.fanout, spread.axis, spread.dim, spread.positions, tile)


def _nests(spreads: tuple[Spread, ...], apart: bool) -> bool:
    """Whether tiles of one dim shrink inwards; within a fan-out its positions lie side by side, unless ``apart``."""
    for i, outer in enumerate(spreads):
        for inner in spreads[i + 1 :]:
            if outer.dim == inner.dim and outer.below:
                if outer.below % inner.below:
                    return False
                if not apart and outer.fanout == inner.fanout and outer.below != inner.below:
                    return False
    return True
