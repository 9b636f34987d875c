"""What the MACs read and write in a block of steps, per place with a bandwidth; equal blocks are counted once."""

from __future__ import annotations

from itertools import product
from math import prod

from accelsim.architecture.spec import Architecture, Level
from accelsim.mapping.nest import Mapping
from accelsim.simulate.pipeline.views import Position, View, bits
from accelsim.simulate.places import Place
from accelsim.workload.operation import Operation

Words = dict[int, int]
"""Per storage place, by number."""


class MacWords:
    """Steps and words of the loops in time below the innermost storage node, at a position of those above it."""

    def __init__(
        self, operation: Operation, architecture: Architecture, mapping: Mapping, places: tuple[Place, ...],
        trips: list[int], depth: int,
    ) -> None:  # fmt: skip
        self.operation, self.places, self.depth = operation, places, depth
        self.inner = trips[depth:]
        macs = [place for place in places if place.is_mac]
        self.view = View(operation, mapping, macs[0])
        self.edges = [
            _Edge(operation, View(operation, mapping, place), place, place.parent, places[place.parent])
            for place in macs
            if place.parent is not None and _has_port(architecture.level(places[place.parent].level))
        ]
        slides = {
            t.dim for edge in self.edges for rank in operation.tensors[edge.place.tensor].ranks
            if len(rank.terms) > 1 or rank.offset < 0 or rank.span(operation.extents)[1] >= rank.size
            for t in rank.terms
        }  # fmt: skip
        self.absolute = slides
        self.known: dict[object, tuple[int, Words, Words]] = {}
        self.step_words: dict[object, tuple[tuple[int, int], ...]] = {}
        self.irrelevant = [i for d in operation.dims if d not in operation.output.dims for i in self.view.times[d]]

    def words(self, time: tuple[int, ...]) -> tuple[int, Words, Words]:
        """(steps, words read per place, words written per place) of a block."""
        lengths = tuple(self._inside(dim, time) for dim in self.operation.dims)
        started = any(time[i] for i in self.irrelevant if i < self.depth)
        key = (lengths, started and bool(self.edges))
        if key not in self.known:
            self.known[key] = self._counted(time)
        return self.known[key]

    def _inside(self, dim: str, time: tuple[int, ...]) -> object:
        """What of a dim decides the words of a block: what its outer loops leave, and in windows where it lies."""
        outer = [i for i in self.view.times[dim] if i < self.depth]
        inner = [range(self.inner[i - self.depth]) for i in self.view.times[dim] if i >= self.depth]
        position = tuple(time[i] for i in outer)
        if dim in self.absolute:
            return position
        return self._lengths(dim, position, tuple(len(r) for r in inner))

    def _lengths(self, dim: str, position: Position, inner: tuple[int, ...]) -> object:
        key = ("lengths", dim, position)
        if key not in self.step_words:
            found = tuple(
                length
                for rest in product(*(range(n) for n in inner))
                for _, length in self.view.spans(dim, (*position, *rest))
            )
            self.step_words[key] = found  # type: ignore[assignment]
        return self.step_words[key]

    def _counted(self, time: tuple[int, ...]) -> tuple[int, Words, Words]:
        if not self.edges:
            return self._steps(time), {}, {}
        steps, reads, writes = 0, Words(), Words()
        for rest in product(*(range(n) for n in self.inner)):
            now = (*time, *rest)
            active = self.view.everyone
            for dim in self.view.ragged:
                active &= self.view.present(dim, tuple(now[i] for i in self.view.times[dim]))
            if not active & 1:
                continue
            steps += 1
            started = any(now[i] for i in self.irrelevant)
            for edge in self.edges:
                read, written = edge.words(now, active, started)
                reads[edge.above_number] = reads.get(edge.above_number, 0) + read
                writes[edge.above_number] = writes.get(edge.above_number, 0) + written
        return steps, reads, writes

    def _steps(self, time: tuple[int, ...]) -> int:
        """Positions of the inner loops at which the instance with all coordinates 0 has something in every dim."""
        count = []
        for dim in self.operation.dims:
            numbers = self.view.times[dim]
            position = tuple(time[i] for i in numbers if i < self.depth)
            inner = [range(self.inner[i - self.depth]) for i in numbers if i >= self.depth]
            # The loops of a dim keep their order, the outer ones first.
            count.append(sum(self.view.spans(dim, (*position, *rest))[0][1] > 0 for rest in product(*inner)))
        return prod(count)


def _has_port(level: Level) -> bool:
    return level.read_bandwidth is not None or level.write_bandwidth is not None


class _Edge:
    """The MACs as children of the innermost storage node of one tensor."""

    def __init__(self, operation: Operation, view: View, place: Place, number: int, parent: Place) -> None:
        self.place, self.above_number = place, number
        self.view = view
        self.tensor = operation.tensors[place.tensor]
        self.is_output = self.tensor is operation.output
        keyed = place.boundaries[0].keyed
        self.above = [at[: parent.spatial] for at in view.coordinates]
        self.keys = [tuple(at[s] for s in keyed) for at in view.coordinates]
        self.dims = [dim for dim in operation.dims if dim in self.tensor.dims]
        slides = {
            t.dim for rank in self.tensor.ranks
            if len(rank.terms) > 1 or rank.offset < 0 or rank.span(operation.extents)[1] >= rank.size
            for t in rank.terms
        }  # fmt: skip
        self.absolute = [dim for dim in self.dims if dim in slides]
        self.known: dict[object, tuple[int, int]] = {}

    def words(self, time: tuple[int, ...], active: int, started: bool) -> tuple[int, int]:
        """(read, written) by the busiest parent in one step."""
        where = {dim: tuple(time[i] for i in self.view.times[dim]) for dim in self.dims}
        key = (active, started, tuple(where[dim] for dim in self.absolute))
        if key not in self.known:
            self.known[key] = self._counted(where, active, started)
        return self.known[key]

    def _counted(self, where: dict[str, Position], active: int, started: bool) -> tuple[int, int]:
        crossing: dict[tuple[int, ...], set[object]] = {}
        elements: dict[tuple[int, ...], set[object]] = {}
        for j in bits(active):
            tile = self.view.sets(where, j)
            if not all(tile):
                continue  # in the padding
            crossing.setdefault(self.above[j], set()).add((tile, self.keys[j]))
            elements.setdefault(self.above[j], set()).add(tile)
        if not self.is_output:
            return max((len(words) for words in crossing.values()), default=0), 0
        written = max((len(words) for words in crossing.values()), default=0)
        read = max((len(words) - (0 if started else len(elements[at])) for at, words in crossing.items()), default=0)
        return read, written
