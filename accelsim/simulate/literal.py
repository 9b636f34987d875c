"""The contract in sets and dictionaries, one statement per rule: slow, and read beside DESIGN.md section 1.

`accelsim.simulate.kernel` does the same in flat arrays; a test holds the two equal. Everything that is counted here
is an element that was put somewhere, or a tuple that was put into a set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Spatial, Temporal
from accelsim.simulate.places import Place, places
from accelsim.simulate.reference import Values
from accelsim.simulate.tally import Tally
from accelsim.workload.operation import Operation, Tensor

Element = tuple[int, ...]
Coordinates = tuple[int, ...]
Box = dict[str, range]


@dataclass
class Buffer:
    """One instance of a storage node: what it holds, and what it ever held (operands) or was updated with (output)."""

    held: dict[Element, int] = field(default_factory=dict)
    seen: set[Element] = field(default_factory=set)


class Literal:
    """One execution; ``run`` returns the tally and the output that reached the outermost level."""

    def __init__(self, operation: Operation, architecture: Architecture, mapping: Mapping, data: list[Values]) -> None:
        self.operation, self.mapping = operation, mapping
        self.places = places(operation, architecture, mapping)
        self.memory = [*data, np.zeros(operation.output.shape, dtype=np.int64)]
        self.spatial = [range(mapping.trips(i)) for i, node in enumerate(mapping.nodes) if isinstance(node, Spatial)]
        self.temporal = [range(mapping.trips(i)) for i, node in enumerate(mapping.nodes) if isinstance(node, Temporal)]
        self.buffers: list[defaultdict[Coordinates, Buffer]] = [defaultdict(Buffer) for _ in self.places]
        self.output = len(operation.tensors) - 1
        self.merges = [self._merges(place) for place in self.places]
        shapes = [tuple(len(trips) for trips in self.spatial[: place.spatial]) for place in self.places]
        self.tally = Tally(shapes)

    # Where the loops stand

    def _instances(self, place: Place) -> Iterator[Coordinates]:
        return product(*self.spatial[: place.spatial])

    def _box(self, place: Place, time: Coordinates, space: Coordinates) -> Box | None:
        """The part of the iteration space below the place, None when it is empty in some dim."""
        box = {dim: range(extent) for dim, extent in self.operation.bounds}
        times, spaces = iter(time), iter(space)
        for loop in self.mapping.loops[: place.loops]:
            at = next(times if isinstance(loop, Temporal) else spaces) * loop.step
            box[loop.dim] = box[loop.dim][at : at + loop.step]
            if not box[loop.dim]:
                return None
        return box

    def _tile(self, place: Place, box: Box) -> set[Element]:
        """Elements of the place's tensor that the points of the box touch, padding excluded."""
        tensor = self.operation.tensors[place.tensor]
        dims = sorted(tensor.dims)
        touched = (_element(tensor, dict(zip(dims, at, strict=True))) for at in product(*(box[d] for d in dims)))
        return {element for element in touched if element is not None}

    def _tiles(self, place: Place, time: Coordinates) -> dict[Coordinates, set[Element]]:
        """The tiles of all active instances."""
        boxes = {j: self._box(place, time, j) for j in self._instances(place)}
        return {j: self._tile(place, box) for j, box in boxes.items() if box is not None}

    def _merges(self, place: Place) -> bool:
        """Item 7: some instances that differ in relevant coordinates ever hold the same output element."""
        if place.tensor != self.output or place.parent is None:
            return False
        above = self.places[place.parent].spatial
        holder: dict[tuple[Coordinates, Element], Coordinates] = {}
        for time in product(*self.temporal[: place.temporal]):
            for j, tile in self._tiles(place, time).items():
                mine = tuple(j[s] for s in place.relevant)
                if any(holder.setdefault((j[:above], element), mine) != mine for element in tile):
                    return True
        return False

    # What moves

    def run(self) -> tuple[Tally, Values]:
        """Walks time; then drains everything to the outermost level."""
        macs = [place for place in self.places if place.is_mac]
        storage = [i for i, place in enumerate(self.places) if not place.is_mac]
        stood: dict[int, Coordinates] = {}
        for time in product(*self.temporal):
            if self._box(macs[0], time, (0,) * len(self.spatial)) is None:
                continue
            moved = [i for i in storage if stood.get(i) != time[: self.places[i].temporal]]
            stood |= {i: time[: self.places[i].temporal] for i in moved}
            self._move({i: self._tiles(self.places[i], time) for i in moved})
            self._multiply(time)
        for i in reversed(storage):
            if self.places[i].tensor == self.output:
                self._drain(i, {j: set() for j in self.buffers[i]})
        self.tally.distinct = [sum(len(b.seen) for b in buffers.values()) for buffers in self.buffers]
        return self.tally, self.memory[-1]

    def _move(self, tiles: dict[int, dict[Coordinates, set[Element]]]) -> None:
        """One step: outputs leave from the innermost outwards, then new tiles enter from the outermost inwards."""
        for i in sorted(tiles, reverse=True):
            if self.places[i].tensor == self.output:
                self._drain(i, tiles[i])
        for i in sorted(tiles):
            for j, tile in tiles[i].items():
                self.tally.hold(i, j, len(tile))
            if self.places[i].tensor == self.output:
                self._resume(i, tiles[i])
            else:
                self._fill(i, tiles[i])

    def _fill(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        """Items 1 and 2."""
        place, buffers = self.places[i], self.buffers[i]
        before = {j: set(buffers[j].held) for j in tiles}
        needs = {j: tile - before[j] for j, tile in tiles.items()}
        for b, boundary in enumerate(place.boundaries):
            crossing = set()
            for j, need in needs.items():
                near = [n for n in tiles if all(s in boundary.forwarded or j[s] == n[s] for s in range(len(j)))]
                handed = set().union(*(before[n] for n in near)) if boundary.forwarded else set()
                crossing |= {(element, self._keyed(i, b, j)) for element in need - handed}
            self._count_requests(i, b, crossing)
        for j, tile in tiles.items():
            source = self._source(place, j)
            if place.parent is not None:
                self.tally.add("fills", i, j, len(needs[j]))
            buffers[j].held = {e: buffers[j].held[e] if e in before[j] else source[e] for e in tile}
            buffers[j].seen |= tile

    def _count_requests(self, i: int, b: int, crossing: set[tuple[Element, tuple[int | None, ...]]]) -> None:
        """Words of an operand over boundary ``b``; at the parent's side they are its reads."""
        parent = self.places[i].parent
        self.tally.crossed[i, b] += len(crossing)
        if b == 0 and parent is not None:
            for _, keyed in crossing:
                self.tally.add("reads", parent, self._coordinates(parent, keyed))

    def _drain(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        """Items 4 and 5: what the new tiles lack leaves."""
        place, buffers = self.places[i], self.buffers[i]
        leaving = {}
        for j, tile in tiles.items():
            held = buffers[j].held
            leaving[j] = {e: held.pop(e) for e in list(held) if e not in tile}
            if place.parent is not None:
                self.tally.add("drains", i, j, len(leaving[j]))
        self._deliver(i, leaving)

    def _deliver(self, i: int, leaving: dict[Coordinates, dict[Element, int]]) -> None:
        """Carries values outwards, merging them where the network reduces, and adds them up in the parent."""
        place = self.places[i]
        for b in range(1, len(place.boundaries)):
            tuples = {(element, self._keyed(i, b, j)) for j, values in leaving.items() for element in values}
            self.tally.crossed[i, b] += len(tuples)
        if place.parent is None:
            for values in leaving.values():
                for element, value in values.items():
                    self.memory[-1][element] += value
            return
        words: dict[tuple[Element, tuple[int | None, ...]], int] = defaultdict(int)
        for j, values in leaving.items():
            for element, value in values.items():
                words[element, self._keyed(i, 0, j)] += value
        self.tally.crossed[i, 0] += len(words)
        for (element, keyed), value in words.items():
            at = self._coordinates(place.parent, keyed)
            buffer = self.buffers[place.parent][at]
            self.tally.add("updates", place.parent, at)
            self.tally.add("reads", place.parent, at, int(element in buffer.seen))
            buffer.seen.add(element)
            self._add(place.parent, at, element, value)

    def _add(self, i: int, j: Coordinates, element: Element, value: int) -> None:
        """Adds in this instance; where its tile has moved on while the child stood idle, in the next one outwards."""
        above: int | None = i
        while above is not None:
            place = self.places[above]
            held = self.buffers[above][j[: place.spatial]].held
            if element in held:
                held[element] += value
                return
            above = place.parent
        self.memory[-1][element] += value

    def _resume(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        """Item 6: an element that its parent instance has seen continues its sum, all others start from zero."""
        place = self.places[i]
        for j, tile in tiles.items():
            held = self.buffers[i][j].held
            for element in tile - set(held):
                held[element] = self._returned(i, j, element)
                if place.parent is None:
                    held[element], self.memory[-1][element] = int(self.memory[-1][element]), 0

    def _returned(self, i: int, j: Coordinates, element: Element) -> int:
        """The partial sum that comes back from the parent, which keeps nothing of it."""
        place = self.places[i]
        if place.parent is None or self.merges[i] or any(j[s] for s in place.irrelevant):
            return 0
        above = self.buffers[place.parent][j[: self.places[place.parent].spatial]]
        if element not in above.seen:
            return 0
        for b in range(len(place.boundaries)):
            self.tally.returned[i, b] += 1
        if not place.is_mac:
            self.tally.add("fills", i, j)
        value, above.held[element] = above.held[element], 0
        return value

    def _multiply(self, time: Coordinates) -> None:
        """Item 3, and items 4 to 7 at the MACs: every active MAC fetches, multiplies, adds, drains."""
        macs = [i for i, place in enumerate(self.places) if place.is_mac]
        boxes = {j: self._box(self.places[macs[0]], time, j) for j in product(*self.spatial)}
        active = [j for j, box in boxes.items() if box is not None]
        products = dict.fromkeys(active, 1)
        self.tally.work(macs[0], active)
        for i in macs:
            tiles = {j: self._tile(self.places[i], box) for j, box in boxes.items() if box is not None}
            if self.places[i].tensor == self.output:
                values = {j: {e: self._returned(i, j, e) + products[j] for e in tiles[j]} for j in active}
                self._deliver(i, values)
                continue
            for b in range(len(self.places[i].boundaries)):
                self._count_requests(i, b, {(e, self._keyed(i, b, j)) for j in active for e in tiles[j]})
            for j in active:
                source = self._source(self.places[i], j)
                products[j] *= sum(source[e] for e in tiles[j])

    # Names for instances

    def _keyed(self, i: int, b: int, j: Coordinates) -> tuple[int | None, ...]:
        """Coordinates that tell two words apart at a boundary, None where they do not matter."""
        keyed = self.places[i].boundaries[b].keyed
        return tuple(j[s] if s in keyed else None for s in range(len(j)))

    def _coordinates(self, parent: int, keyed: tuple[int | None, ...]) -> Coordinates:
        """The parent instance that a word at the parent's side belongs to."""
        return tuple(s for s in keyed[: self.places[parent].spatial] if s is not None)

    def _source(self, place: Place, j: Coordinates) -> dict[Element, int] | Values:
        if place.parent is None:
            return self.memory[place.tensor]
        return self.buffers[place.parent][j[: self.places[place.parent].spatial]].held


def _element(tensor: Tensor, point: dict[str, int]) -> Element | None:
    """The index that a point touches, None in the padding."""
    index = tuple(rank.offset + sum(t.stride * point[t.dim] for t in rank.terms) for rank in tensor.ranks)
    return index if all(0 <= i < rank.size for i, rank in zip(index, tensor.ranks, strict=True)) else None
