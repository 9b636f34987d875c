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

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil

from accelsim.simulate.pipeline.ports import Ports
from accelsim.simulate.pipeline.program import Program
from accelsim.simulate.pipeline.timeline import LAST_DRAIN, Event, Slot, Timeline


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


def times(program: Program, keep: bool = False) -> Times:
    """The better of both orders; ``keep`` the slots of every port and of the MACs."""
    ports = Ports(program.architecture, program.operation)
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


def _evaluated(program: Program, ports: Ports, events: list[Event], tiles: list[list[int]], keep: bool) -> Times:
    line = Timeline(program, ports, keep)
    for event in events:
        if event.change is None:
            line.run(event, tiles[event.block])
        elif event.change.kind == "fill":
            line.fill(event)
        else:
            line.drain(event)
    line.part(LAST_DRAIN, line.end - line.computed)
    return Times(line.end, line.serial, ports.per_cycle, line.parts, line.busy, tuple(line.slots))


def _numbered(program: Program) -> tuple[list[Event], list[list[int]]]:
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
                events.append(Event(b, change, current[change.place], current[parent] - moved.get(parent, 0)))
                moved[change.place] = 1
                current[change.place] += 1
            else:
                if begun[change.place] and change.place not in moved:
                    current[change.place] += 1
                begun[change.place] = True
                events.append(Event(b, change, current[change.place], current[parent]))
        for place in range(len(current)):
            begun[place] = True
        table.append(list(current))
        if block.steps:
            events.append(Event(b, None))
    return events, table


def _ordered(program: Program, events: list[Event], tiles: list[list[int]], ahead: dict[str, int]) -> list[Event]:
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
