"""Where the tiles of a place lie: per dim and position in time the part that each instance has, held as small tables.

Instances are numbered in the order of their coordinates; a set of them is an integer with a bit for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product
from math import prod

from accelsim.mapping.nest import Loop, Mapping, Spatial
from accelsim.simulate.places import Place
from accelsim.workload.operation import Operation, Rank, Tensor

Position = tuple[int, ...]
"""Where the temporal loops of one dim stand."""
Span = tuple[int, int]
"""(first index, length) along a dim; length 0 or less where there is nothing left."""


class View:
    """One place of a mapping: its instances, and what each has at a position in time."""

    def __init__(self, operation: Operation, mapping: Mapping, place: Place) -> None:
        self.operation, self.place = operation, place
        self.tensor: Tensor = operation.tensors[place.tensor]
        self.loops = mapping.loops[: place.loops]
        enclosing = [n for n, node in zip(mapping.enclosing, mapping.nodes, strict=True) if node in mapping.loops]
        trips = [-(-n // loop.step) for n, loop in zip(enclosing, mapping.loops, strict=True)][: place.loops]
        self.trips = [n for n, loop in zip(trips, self.loops, strict=True) if isinstance(loop, Spatial)]
        self.coordinates = list(product(*(range(n) for n in self.trips)))
        self.everyone = (1 << len(self.coordinates)) - 1
        self.times = {dim: self._numbers(dim, spatial=False) for dim in operation.dims}
        self._spans: dict[tuple[str, Position], tuple[Span, ...]] = {}
        self._present: dict[tuple[str, Position], int] = {}
        self._patterns: dict[tuple[str, tuple[int, ...]], int] = {}
        self._sets: dict[tuple[Rank, tuple[Span, ...]], int] = {}
        counts = [n for n, loop in zip(trips, self.loops, strict=True) if not isinstance(loop, Spatial)]
        self.ragged = [dim for dim in operation.dims if self._is_ragged(dim, counts)]

    def _numbers(self, dim: str, spatial: bool) -> list[int]:
        """Numbers of the dim's loops among those of their kind."""
        kind = [loop for loop in self.loops if isinstance(loop, Spatial) == spatial]
        return [i for i, loop in enumerate(kind) if loop.dim == dim]

    def _is_ragged(self, dim: str, counts: list[int]) -> bool:
        """Whether some instance is ever without a part of the dim."""
        positions = product(*(range(counts[i]) for i in self.times[dim]))
        return any(self.present(dim, position) != self.everyone for position in positions)

    @cached_property
    def _combination(self) -> dict[str, list[int]]:
        """Per dim and instance, the number of its combination of coordinates in the dim's own spatial loops."""
        table = {}
        for dim in self.operation.dims:
            own = self._numbers(dim, spatial=True)
            number = []
            for at in self.coordinates:
                code = 0
                for s in own:
                    code = code * self.trips[s] + at[s]
                number.append(code)
            table[dim] = number
        return table

    def spans(self, dim: str, position: Position) -> tuple[Span, ...]:
        """The part of the dim of each combination of coordinates."""
        key = (dim, position)
        if key not in self._spans:
            own = [loop for loop in self.loops if loop.dim == dim]
            sizes = [self.trips[s] for s in self._numbers(dim, spatial=True)]
            self._spans[key] = tuple(
                self._span(dim, own, position, at) for at in product(*(range(size) for size in sizes))
            )
        return self._spans[key]

    def _span(self, dim: str, own: Sequence[Loop], position: Position, at: tuple[int, ...]) -> Span:
        low, length = 0, self.operation.extents[dim]
        times, places = iter(position), iter(at)
        for loop in own:
            skipped = (next(places) if isinstance(loop, Spatial) else next(times)) * loop.step
            low, length = low + skipped, min(loop.step, length - skipped)
            if length <= 0:
                return 0, 0
        return low, length

    def present(self, dim: str, position: Position) -> int:
        """Instances that have a part of the dim."""
        key = (dim, position)
        if key not in self._present:
            has = [length > 0 for _, length in self.spans(dim, position)]
            self._present[key] = sum(1 << j for j, code in enumerate(self._combination[dim]) if has[code])
        return self._present[key]

    def pattern(self, dim: str, position: Position) -> int:
        """A number that is equal where all lengths are."""
        lengths = tuple(length for _, length in self.spans(dim, position))
        return self._patterns.setdefault((dim, lengths), len(self._patterns))

    def span(self, dim: str, position: Position, instance: int) -> Span:
        return self.spans(dim, position)[self._combination[dim][instance]]

    def rank_set(self, rank: Rank, spans: tuple[Span, ...]) -> int:
        """Indices along a rank that a box touches, as the bits of an integer; padding left out."""
        key = (rank, spans)
        if key not in self._sets:
            touched = {rank.offset}
            for term, (low, length) in zip(rank.terms, spans, strict=True):
                touched = {at + term.stride * x for at in touched for x in range(low, low + length)}
            self._sets[key] = sum(1 << at for at in touched if 0 <= at < rank.size)
        return self._sets[key]

    def sets(self, positions: dict[str, Position], instance: int) -> tuple[int, ...]:
        """The tile of an instance: a set per rank of the tensor."""
        return tuple(
            self.rank_set(rank, tuple(self.span(t.dim, positions[t.dim], instance) for t in rank.terms))
            for rank in self.tensor.ranks
        )

    def words(self, positions: dict[str, Position], instance: int) -> int:
        """Words of an instance's tile."""
        return prod(s.bit_count() for s in self.sets(positions, instance))


def bits(mask: int) -> list[int]:
    """Numbers of the bits that are set."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
