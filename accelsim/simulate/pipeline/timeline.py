"""One evaluation of the pipeline's recurrence: events in their order, each as early as what it waits for allows.

Where the MACs wait, the wait is booked under what they waited for; with the steps, the first fill and the last drain,
these parts are the whole time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.architecture.spec import Level
from accelsim.simulate.pipeline.ports import Ports
from accelsim.simulate.pipeline.program import Change, Program

COMPUTE = "compute"
FIRST_FILL, LAST_DRAIN = "first fill", "last drain"


@dataclass(frozen=True, slots=True)
class Slot:
    """An event in time: ``port`` it holds ('' for none), what it is, and its begin and length in ticks."""

    port: str
    name: str
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a tile (``tile`` is its number at the place, ``source`` that at the parent), or a block's steps."""

    block: int
    change: Change | None
    tile: int = 0
    source: int = 0


class Timeline:
    """One evaluation of the recurrence, event by event in the order given."""

    def __init__(self, program: Program, ports: Ports, keep: bool) -> None:
        self.program, self.ports, self.keep = program, ports, keep
        self.places = program.places
        self.buffers = [1 if p.is_mac else self._level(p.level).buffers for p in self.places]
        self.output = len(program.operation.tensors) - 1
        macs = [p for p in self.places if p.is_mac]
        self.innermost = [p.parent for p in macs if p.parent is not None]
        self.filled: list[dict[int, tuple[int, str]]] = [{} for _ in self.places]
        self.used: list[dict[int, int]] = [{} for _ in self.places]
        self.drained: list[dict[int, int]] = [{} for _ in self.places]
        self.last_drain = [0] * len(self.places)
        self.free: dict[str, int] = {}
        self.busy: dict[str, int] = {}
        self.computed = self.serial = self.end = 0
        self.parts: dict[str, int] = {}
        self.slots: list[Slot] = []

    def _level(self, name: str) -> Level:
        return self.ports.levels[name]

    def _hold(self, begin: int, needs: list[tuple[str, int]], name: str) -> tuple[int, int]:
        """(begin, longest) of something that holds ports from when all of them are free."""
        begin = max([begin, *(self.free.get(port, 0) for port, _ in needs)])
        for port, ticks in needs:
            self.free[port] = begin + ticks
            self.busy[port] = self.busy.get(port, 0) + ticks
            if self.keep:
                self.slots.append(Slot(port, name, begin, ticks))
        return begin, max((ticks for _, ticks in needs), default=0)

    def _use_of(self, number: int, reads: int, writes: int) -> Iterator[tuple[str, int]]:
        """(port, ticks) of so many elements read and written at a place."""
        place = self.places[number]
        return self.ports.use(place.level, *(self.ports.parts(place.level, place.tensor, n) for n in (reads, writes)))

    def _parts(self, elements: dict[int, int]) -> dict[str, int]:
        """Per level, parts of a word that the elements of its places take."""
        out: dict[str, int] = {}
        for number, moved in elements.items():
            place = self.places[number]
            out[place.level] = out.get(place.level, 0) + self.ports.parts(place.level, place.tensor, moved)
        return out

    def _room(self, place: int, tile: int) -> int:
        """When a place has room for a tile of outputs: the one ``buffers`` before it has drained."""
        return self.drained[place].get(tile - self.buffers[place], 0)

    def fill(self, event: Event) -> None:
        change = event.change
        assert change is not None
        place = self.places[change.place]
        assert place.parent is not None
        parent = self.places[place.parent]
        there, cause = self.filled[place.parent].get(event.source, (0, ""))
        begin = max(there, self.used[change.place].get(event.tile - self.buffers[change.place], 0))
        if place.tensor == self.output:
            begin = max(begin, self._room(change.place, event.tile), self.last_drain[change.place])
        name = self.program.operation.tensors[place.tensor].name
        needs = [
            *self._use_of(place.parent, change.parent_reads, 0),
            *self._use_of(change.place, 0, change.child_words),
        ]
        begin, longest = self._hold(begin, needs, f"{name} to {place.level}")
        finish = begin + self.ports.latency(parent.level) + longest
        self.serial += finish - begin
        label = cause if cause and begin == there else f"{name} from {parent.level}"
        self.filled[change.place][event.tile] = (finish, label)
        self._use(place.parent, event.source, finish)

    def drain(self, event: Event) -> None:
        change = event.change
        assert change is not None
        place = self.places[change.place]
        assert place.parent is not None
        begin = max(
            self.used[change.place].get(event.tile, 0),
            self.filled[place.parent].get(event.source, (0, ""))[0],
            self._room(place.parent, event.source),
        )
        name = self.program.operation.tensors[place.tensor].name
        needs = [
            *self._use_of(change.place, change.child_words, 0),
            *self._use_of(place.parent, change.parent_reads, change.parent_writes),
        ]
        begin, longest = self._hold(begin, needs, f"{name} from {place.level}")
        finish = begin + self.ports.latency(place.level) + longest
        self.serial += finish - begin
        self.drained[change.place][event.tile] = finish
        self.last_drain[change.place] = max(self.last_drain[change.place], finish)
        self._use(place.parent, event.source, finish)

    def _use(self, place: int, tile: int, finish: int) -> None:
        self.used[place][tile] = max(self.used[place].get(tile, 0), finish)
        self.end = max(self.end, finish)

    def run(self, event: Event, tiles: list[int]) -> None:
        """The steps of a block; ``tiles``: the tile of every place then."""
        block = self.program.blocks[event.block]
        begin, why = self.computed, ""
        for place in self.innermost:
            there, label = self.filled[place].get(tiles[place], (0, ""))
            if there > begin:
                begin, why = there, f"waiting for {label}"
            if self.places[place].tensor == self.output and self._room(place, tiles[place]) > begin:
                begin, why = self._room(place, tiles[place]), f"waiting for outputs to leave {self.places[place].level}"
        reads, writes = self._parts(block.mac_reads), self._parts(block.mac_writes)
        needs: list[tuple[str, int]] = []
        for level in dict.fromkeys((*reads, *writes)):
            needs += self.ports.use(level, reads.get(level, 0), writes.get(level, 0))
        ready = begin
        begin, longest = self._hold(begin, needs, "MACs")
        if begin > ready:
            late = max(needs, key=lambda need: self.free[need[0]] - need[1])[0]
            self.part(f"waiting for the {late}", begin - ready)
        latency = max((self.ports.latency(level) for level in reads), default=0)
        steps = block.steps * self.ports.per_cycle
        length = max(steps, longest)
        first = self.computed == 0 and event.block == 0
        self.part(FIRST_FILL if first else why, ready - self.computed)
        self.part(COMPUTE, steps)
        if length > steps:
            slow = max(needs, key=lambda need: need[1])[0]
            self.part(f"MACs slowed by the {slow}", length - steps)
        if first and latency:
            self.part(FIRST_FILL, latency)
            begin += latency
        if self.keep:
            self.slots.append(Slot(COMPUTE, f"block {event.block}", begin, length))
        self.computed = begin + length
        self.serial += length + (latency if first else 0)
        self.end = max(self.end, self.computed)
        for place in self.innermost:
            self._use(place, tiles[place], self.computed)

    def part(self, label: str, ticks: int) -> None:
        if ticks:
            self.parts[label] = self.parts.get(label, 0) + ticks
