"""The execution frame by frame: what every instance holds, which MACs work, and how many words have moved so far.

A frame is what happens between two pauses of the execution: one compute step where the nest has few, else all steps of
the loops inside a chosen one.  The last frame has no steps: whatever outputs are still held drain outwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping
from accelsim.simulate import kernel as k
from accelsim.simulate.execute import Execution, Run
from accelsim.simulate.kernel import Ints
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Frame:
    """One frame; arrays are copies, counts are running totals from the beginning to the end of the frame.

    time      where the temporal loops stand in its first step, outermost first; None for the drain at the end
    steps     compute steps so far;  ``macs`` so far
    words     place x (reads, fills, updates, drains), over all instances
    crossed   words per boundary (those of all places one behind the other)
    returned  sums that went back, per place
    each      instance (of all places one behind the other) x (reads, fills, updates, drains); at the MACs of the first
              tensor, drains are the MACs that each has worked
    held      words per instance
    lows, lengths  instance x dim: the box of its last tile in iteration space
    idle      instances that took no part when their place last moved
    """

    time: tuple[int, ...] | None
    steps: int
    macs: int
    words: Ints
    crossed: Ints
    returned: Ints
    each: Ints
    held: Ints
    lows: Ints
    lengths: Ints
    idle: k.Flags


class Frames:
    """An execution that pauses: at most ``most`` frames beside the last, each as short as that allows.

    loops, every  a frame ends when one of the outermost ``loops`` temporal loops has made a trip; ``every`` so many
                  trips where there is one such loop
    Raises what `accelsim.simulate.execute.execute` raises.
    """

    def __init__(self, operation: Operation, architecture: Architecture, mapping: Mapping, most: int) -> None:
        self.run = Run.of(operation, architecture, mapping)
        self.plan = self.run.plan
        trips = self.plan.temporal_trips
        self.loops = max((n for n in range(len(trips) + 1) if prod(trips[:n]) <= most), default=0)
        self.every = 1
        if trips and self.loops == 0:
            self.loops, self.every = 1, -(-trips[0] // most)
        self.run.tables.totals[k.PAUSE] = max(self.loops - 1, 0)
        self.run.tables.totals[k.EVERY] = self.every

    @property
    def is_every_step(self) -> bool:
        """Whether each frame is one compute step."""
        return self.loops == len(self.plan.temporal_trips) and self.every == 1

    def walk(self) -> Iterator[Frame]:
        """The frames, once; positions at which no MAC works make none."""
        tables = self.run.tables
        more = True
        while more:
            time, before = tuple(int(at) for at in tables.time), int(tables.totals[k.STEPS])
            more = self.run.go_on()
            if not more:
                yield self._frame(None)
            elif tables.totals[k.STEPS] > before:
                yield self._frame(time)

    def execution(self) -> Execution:
        """What came out, after the last frame."""
        return self.run.execution()

    def _frame(self, time: tuple[int, ...] | None) -> Frame:
        tables, dims = self.run.tables, len(self.plan.operation.bounds)
        rows, starts = tables.rows, self.plan.rows[:-1]
        each = rows[:, k.READS : k.DRAINS + 1].copy()
        return Frame(
            time=time,
            steps=int(tables.totals[k.STEPS]),
            macs=int(tables.totals[k.MACS]),
            words=np.add.reduceat(each, starts, axis=0),
            crossed=tables.edges[:, k.INFO, k.CROSSED].copy(),
            returned=tables.places[:, k.RETURNED].copy(),
            each=each,
            held=rows[:, k.HELD].copy(),
            lows=rows[:, k.LAST : k.LAST + dims].copy(),
            lengths=rows[:, k.LAST + dims :].copy(),
            idle=rows[:, k.STATUS] == k.IDLE,
        )
