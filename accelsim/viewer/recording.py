"""The frames of one execution as data for a page: what changes is a `Series`, what does not is said once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping
from accelsim.simulate.arrays import Layout
from accelsim.simulate.frames import Frame, Frames
from accelsim.simulate.kernel import Ints
from accelsim.simulate.places import fanouts_between
from accelsim.viewer import scene
from accelsim.viewer.codec import Series, Time, runs
from accelsim.viewer.grid import Grid, grid_of
from accelsim.workload.operation import Operation

MOST_FRAMES = 4000
"""Layers of at most so many compute steps are shown step by step, others tile by tile."""
WORDS = ("reads", "fills", "updates", "drains")
Progress = Callable[[int], None]
"""Called with the MACs executed so far."""


@dataclass(frozen=True)
class Recording:
    """``data``: what a page plays, in so many ``frames``; ``counts``: those of the execution, as at the last frame."""

    data: dict[str, object]
    counts: AccessCounts
    frames: int
    is_every_step: bool


def record(
    operation: Operation, architecture: Architecture, mapping: Mapping, most_frames: int = MOST_FRAMES,
    progress: Progress | None = None,
) -> Recording:  # fmt: skip
    """Executes a valid mapping and keeps its frames. Raises what `accelsim.simulate.execute.execute` raises."""
    frames = Frames(operation, architecture, mapping, most_frames)
    layout, grid = frames.plan, grid_of(architecture, mapping)
    tape = _Tape(layout, grid)
    for frame in frames.walk():
        tape.add(frame)
        if progress is not None:
            progress(frame.macs)
    execution = frames.execution()
    if not execution.equal:
        raise InputError(f"{operation.name} on {architecture.name}: outputs differ from NumPy's; please report it")
    loops = frames.loops
    data: dict[str, object] = {
        "loops": loops,
        "every": frames.every,
        "everyStep": frames.is_every_step,
        "dims": list(operation.dims),
        "extents": [extent for _, extent in operation.bounds],
        "nest": scene.nest_lines(mapping),
        "tensors": scene.tensor_records(operation),
        "levels": scene.level_records(operation, architecture, layout),
        "places": scene.place_records(architecture, layout, grid),
        "grid": {
            "rows": grid.rows, "columns": grid.columns, "shownRows": grid.shown_rows, "macs": list(grid.macs),
            "shownColumns": grid.shown_columns, "down": grid.down, "across": grid.across,
        },
        "counters": counter_records(layout, architecture),
        **tape.encoded(loops),
    }  # fmt: skip
    return Recording(data, execution.counts, len(tape.times), frames.is_every_step)


def counter_records(layout: Layout, architecture: Architecture) -> dict[str, object]:
    """Which of the counters add up to which count.

    Counters are place x (reads, fills, updates, drains), then words per boundary, then sums that went back per place,
    then steps and MACs. ``networks``: per fan-out and tensor, the counters of ``sent`` and of ``delivered``.
    """
    names = [tensor.name for tensor in layout.operation.tensors]
    first_boundary, first_return = 4 * len(layout.places), 4 * len(layout.places) + layout.edges[-1]
    sums: dict[tuple[str, int], tuple[list[int], list[int]]] = {
        (fanout.name, t): ([], []) for fanout in architecture.fanouts for t in range(len(names))
    }
    for i, place in enumerate(layout.places):
        for fanout, b in fanouts_between(place):
            sent, delivered = sums[fanout, place.tensor]
            sent += [first_boundary + layout.edges[i] + b - 1, first_return + i]
            delivered += [first_boundary + layout.edges[i] + b, first_return + i]
    return {
        "boundaries": [first_boundary + edge for edge in layout.edges],
        "returned": first_return,
        "steps": first_return + len(layout.places),
        "networks": [
            {"fanout": fanout, "tensor": t, "sent": sent, "delivered": delivered}
            for (fanout, t), (sent, delivered) in sums.items()
        ],
    }


class _Tape:
    """Series of everything that a frame says, place by place."""

    def __init__(self, layout: Layout, grid: Grid) -> None:
        self.layout = layout
        macs = len(layout.digits)
        self.rows = [
            np.array(scene.shown_instances(macs // layout.instances[i], grid), dtype=np.int64) + layout.rows[i]
            for i in range(len(layout.places))
        ]
        self.times: list[Time | None] = []
        self.known: dict[bytes, tuple[int, ...]] = {}
        self.counters = Series()
        self.boxes = [[Series() for _ in layout.operation.bounds] for _ in layout.places]
        self.marks = [{name: Series() for name in ("held", "idle", "fills", "drains")} for _ in layout.places]
        self.before = np.zeros(4 * len(layout.places) + layout.edges[-1] + len(layout.places) + 2, dtype=np.int64)
        self.each = np.zeros((layout.rows[-1], 4), dtype=np.int64)

    def add(self, frame: Frame) -> None:
        self.times.append(frame.time)
        totals = np.concatenate(
            [frame.words.ravel(), frame.crossed, frame.returned, np.array([frame.steps, frame.macs])]
        )
        self.counters.add(_sparse(totals - self.before))
        moved = frame.each - self.each
        for i, rows in enumerate(self.rows):
            self._add_boxes(i, frame.lows[rows], frame.lengths[rows])
            marks = self.marks[i]
            marks["held"].add(self._runs(frame.held[rows]))
            marks["idle"].add(self._runs(frame.idle[rows].astype(np.int64)))
            marks["fills"].add(self._runs(moved[rows, 1]))
            marks["drains"].add(self._runs(moved[rows, 3]))
        self.before, self.each = totals, frame.each

    def _add_boxes(self, place: int, lows: Ints, lengths: Ints) -> None:
        """Per dim, where the first instance stands, and how the others stand to it."""
        for dim, series in enumerate(self.boxes[place]):
            first = int(lows[0, dim])
            series.add((first, self._runs(lows[:, dim] - first), self._runs(lengths[:, dim])))

    def _runs(self, values: Ints) -> tuple[int, ...]:
        """The values as `runs`, worked out once for equal ones."""
        key = values.tobytes()
        if key not in self.known:
            self.known[key] = tuple(runs(values.tolist()))
        return self.known[key]

    def encoded(self, loops: int) -> dict[str, object]:
        """All series; the drain at the end is the last trip of a loop around the nest, so that every frame has a time.

        ``times``: per loop, where it stands; -1 in the drain.
        """
        none = (-1,) * loops
        plain = [none if time is None else time[:loops] for time in self.times]
        keys = [(int(time is None), *at) for time, at in zip(self.times, plain, strict=True)]
        clocks = []
        for loop in range(loops):
            clock = Series()
            for at in plain:
                clock.add(at[loop])
            clocks.append(clock.encoded(keys))
        return {
            "frames": len(keys),
            "times": clocks,
            "moves": self.counters.encoded(keys),
            "boxes": [[series.encoded(keys) for series in dims] for dims in self.boxes],
            "marks": [{name: series.encoded(keys) for name, series in each.items()} for each in self.marks],
        }


def _sparse(values: Ints) -> tuple[int, ...]:
    """Numbers of the values that are not 0, each with its value behind it, flat."""
    return tuple(int(n) for i in np.flatnonzero(values) for n in (i, values[i]))
