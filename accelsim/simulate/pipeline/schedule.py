"""When everything happens: each event begins when what it needs is there, and ports serve in a fixed order.

    begin(event) = max over what it waits for of finish,    finish(event) = begin + duration

so times are max-plus in the durations: nothing finishes later because something else is faster. Durations are words /
bandwidth, exact fractions in ticks of a common denominator; the whole is rounded up once.

    fill of a tile   its data in the parent; room: the tile ``buffers`` before it no longer used (an output: drained)
    steps            all innermost tiles there; room for the outputs; the steps before
    drain of a tile  the tile's last use; room for it in the parent

The order of the ports is that of the program, but a level with several buffers may fetch ahead: its fills then come as
soon as there is room for them. Fetching ahead is not always better (a fill may hold a port that a drain needs), so
every choice of levels that do is tried, and the fastest is what the machine's program does. A machine with more
buffers has all the choices of one with fewer, and so is never slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, lcm

from accelsim.architecture.spec import Architecture, Level
from accelsim.simulate.pipeline.program import Change, Program

COMPUTE = "compute"
FIRST_FILL, LAST_DRAIN = "first fill", "last drain"


@dataclass(frozen=True)
class Slot:
    """An event in time: ``port`` it holds ('' for none), what it is, and its begin and length in ticks."""

    port: str
    name: str
    begin: int
    length: int


@dataclass(frozen=True)
class Times:
    """``ticks`` until all is done, of which ``parts`` (label -> ticks) are all; ``serial``: when nothing overlaps."""

    ticks: int
    serial: int
    per_cycle: int
    parts: dict[str, int]
    busy: dict[str, int]
    slots: tuple[Slot, ...]

    def cycles(self, ticks: int) -> int:
        return ceil(Fraction(ticks, self.per_cycle))


@dataclass(frozen=True)
class _Event:
    """A change of a tile (``tile`` is its number at the place, ``source`` that at the parent), or a block's steps."""

    block: int
    change: Change | None
    tile: int = 0
    source: int = 0


class Ports:
    """Ticks that words take at every port with a stated bandwidth; a shared port serves both directions."""

    def __init__(self, architecture: Architecture) -> None:
        self.levels = {level.name: level for level in architecture.levels}
        rates = [
            rate for level in architecture.levels for rate in (level.read_bandwidth, level.write_bandwidth) if rate
        ]
        exact = [Fraction(rate).limit_denominator(1_000_000) for rate in rates]
        self.per_cycle = lcm(1, *(rate.numerator for rate in exact))

    def use(self, level: str, reads: int, writes: int) -> Iterator[tuple[str, int]]:
        """(port, ticks) of so many words read from and written to a level."""
        at = self.levels[level]
        if at.shared_port:
            sides = [("shared", reads + writes, at.read_bandwidth)]
        else:
            sides = [("read", reads, at.read_bandwidth), ("write", writes, at.write_bandwidth)]
        for name, words, rate in sides:
            if rate is not None and words:
                yield f"{level} {name} port", self._ticks(words, rate)

    def latency(self, level: str) -> int:
        """Ticks until the first word read arrives."""
        return self.levels[level].latency_cycles * self.per_cycle

    def _ticks(self, words: int, rate: float) -> int:
        ticks = words * self.per_cycle / Fraction(rate).limit_denominator(1_000_000)
        assert ticks.denominator == 1
        return int(ticks)


class _Timeline:
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

    def _room(self, place: int, tile: int) -> int:
        """When a place has room for a tile of outputs: the one ``buffers`` before it has drained."""
        return self.drained[place].get(tile - self.buffers[place], 0)

    def fill(self, event: _Event) -> None:
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
            *self.ports.use(parent.level, change.parent_reads, 0),
            *self.ports.use(place.level, 0, change.child_words),
        ]
        begin, longest = self._hold(begin, needs, f"{name} to {place.level}")
        finish = begin + self.ports.latency(parent.level) + longest
        self.serial += finish - begin
        label = cause if cause and begin == there else f"{name} from {parent.level}"
        self.filled[change.place][event.tile] = (finish, label)
        self._use(place.parent, event.source, finish)

    def drain(self, event: _Event) -> None:
        change = event.change
        assert change is not None
        place = self.places[change.place]
        assert place.parent is not None
        parent = self.places[place.parent]
        begin = max(
            self.used[change.place].get(event.tile, 0),
            self.filled[place.parent].get(event.source, (0, ""))[0],
            self._room(place.parent, event.source),
        )
        name = self.program.operation.tensors[place.tensor].name
        needs = [
            *self.ports.use(place.level, change.child_words, 0),
            *self.ports.use(parent.level, change.parent_reads, change.parent_writes),
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

    def run(self, event: _Event, tiles: list[int]) -> None:
        """The steps of a block; ``tiles``: the tile of every place then."""
        block = self.program.blocks[event.block]
        begin, why = self.computed, ""
        for place in self.innermost:
            there, label = self.filled[place].get(tiles[place], (0, ""))
            if there > begin:
                begin, why = there, f"waiting for {label}"
            if self.places[place].tensor == self.output and self._room(place, tiles[place]) > begin:
                begin, why = self._room(place, tiles[place]), f"waiting for outputs to leave {self.places[place].level}"
        needs: list[tuple[str, int]] = []
        for level in dict.fromkeys((*block.mac_reads, *block.mac_writes)):
            needs += self.ports.use(level, block.mac_reads.get(level, 0), block.mac_writes.get(level, 0))
        ready = begin
        begin, longest = self._hold(begin, needs, "MACs")
        if begin > ready:
            late = max(needs, key=lambda need: self.free[need[0]] - need[1])[0]
            self._part(f"waiting for the {late}", begin - ready)
        latency = max((self.ports.latency(level) for level in block.mac_reads), default=0)
        steps = block.steps * self.ports.per_cycle
        length = max(steps, longest)
        first = self.computed == 0 and event.block == 0
        self._part(FIRST_FILL if first else why, ready - self.computed)
        self._part(COMPUTE, steps)
        if length > steps:
            slow = max(needs, key=lambda need: need[1])[0]
            self._part(f"MACs slowed by the {slow}", length - steps)
        if first and latency:
            self._part(FIRST_FILL, latency)
            begin += latency
        if self.keep:
            self.slots.append(Slot(COMPUTE, f"block {event.block}", begin, length))
        self.computed = begin + length
        self.serial += length + (latency if first else 0)
        self.end = max(self.end, self.computed)
        for place in self.innermost:
            self._use(place, tiles[place], self.computed)

    def _part(self, label: str, ticks: int) -> None:
        if ticks:
            self.parts[label] = self.parts.get(label, 0) + ticks


def times(program: Program, keep: bool = False) -> Times:
    """The better of both orders; ``keep`` the slots of every port and of the MACs."""
    ports = Ports(program.architecture)
    numbered, tiles = _numbered(program)
    filled = {program.places[c.place].level for block in program.blocks for c in block.changes}
    levels = [level for level in program.architecture.levels if level.name in filled]
    best: Times | None = None
    for depths in product(*(range(1, level.buffers + 1) for level in levels)):
        ahead = {level.name: depth for level, depth in zip(levels, depths, strict=True)}
        events = _ordered(program, numbered, tiles, ahead) if any(d > 1 for d in depths) else numbered
        run = _evaluated(program, ports, events, tiles, keep)
        best = run if best is None or run.ticks < best.ticks else best
    assert best is not None
    return best


def _evaluated(program: Program, ports: Ports, events: list[_Event], tiles: list[list[int]], keep: bool) -> Times:
    line = _Timeline(program, ports, keep)
    for event in events:
        if event.change is None:
            line.run(event, tiles[event.block])
        elif event.change.kind == "fill":
            line.fill(event)
        else:
            line.drain(event)
    line._part(LAST_DRAIN, line.end - line.computed)
    return Times(line.end, line.serial, ports.per_cycle, line.parts, line.busy, tuple(line.slots))


def _numbered(program: Program) -> tuple[list[_Event], list[list[int]]]:
    """Events in program order with the numbers of their tiles, and per block the tile of every place.

    A place has a new tile where words arrive in it or outputs leave it; outputs that leave belong to the tile before.
    """
    current, begun = [0] * len(program.places), [False] * len(program.places)
    events, table = [], []
    for b, block in enumerate(program.blocks):
        moved: dict[int, int] = {}
        for change in block.changes:
            parent = program.places[change.place].parent
            assert parent is not None
            if change.kind == "drain":
                events.append(_Event(b, change, current[change.place], current[parent] - moved.get(parent, 0)))
                moved[change.place] = 1
                current[change.place] += 1
            else:
                if begun[change.place] and change.place not in moved:
                    current[change.place] += 1
                begun[change.place] = True
                events.append(_Event(b, change, current[change.place], current[parent]))
        for place in range(len(current)):
            begun[place] = True
        table.append(list(current))
        if block.steps:
            events.append(_Event(b, None))
    return events, table


def _ordered(program: Program, events: list[_Event], tiles: list[list[int]], ahead: dict[str, int]) -> list[_Event]:
    """Fills moved ahead to where their room is free, after the steps there, and after the fill that supplies them;
    ``ahead``: buffers of a level that are filled ahead, 1 where fills come as needed."""
    first_use: list[dict[int, int]] = [{} for _ in program.places]
    for b, row in enumerate(tiles):
        for place, tile in enumerate(row):
            first_use[place].setdefault(tile, b)
    issued: dict[tuple[int, int], int] = {}
    keyed = []
    for index, event in enumerate(events):
        change = event.change
        if change is None:
            keyed.append(((event.block, 2, 0, index), event))
            continue
        if change.kind == "drain":
            keyed.append(((event.block, 0, 0, index), event))
            continue
        parent = program.places[change.place].parent
        assert parent is not None
        room = first_use[change.place].get(event.tile - ahead[program.places[change.place].level] + 1, 0)
        at = min(event.block, max(room, issued.get((parent, event.source), 0)))
        issued[change.place, event.tile] = at
        keyed.append(((at, 1 if at == event.block else 3, change.place, index), event))
    return [event for _, event in sorted(keyed, key=lambda pair: pair[0])]
