"""The execution frame by frame, held against the literal one: what is held, where MACs stand, what has moved so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import builders
import numpy as np
import pytest
from strategies import random_case

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.simulate.execute import execute
from accelsim.simulate.frames import Frame, Frames
from accelsim.simulate.literal import Literal
from accelsim.simulate.places import Place
from accelsim.simulate.reference import random_operands
from accelsim.workload.operation import Operation


@dataclass
class Moment:
    """After one step of the literal execution."""

    time: tuple[int, ...]
    words: list[Any]
    held: list[dict[tuple[int, ...], set[tuple[int, ...]]]]
    points: dict[tuple[int, ...], dict[str, int]] = field(default_factory=dict)


class Watched(Literal):
    """The literal execution with a picture of everything after every step."""

    def __init__(self, *case: Any) -> None:
        super().__init__(*case, random_operands(case[0], 0))
        self.moments: list[Moment] = []

    def _multiply(self, time: tuple[int, ...]) -> None:
        super()._multiply(time)
        held = [{j: set(b.held) for j, b in buffers.items()} for buffers in self.buffers]
        mac = next(place for place in self.places if place.is_mac)
        boxes = {j: self._box(mac, time, j) for j in product(*self.spatial)}
        points = {j: {dim: at.start for dim, at in box.items()} for j, box in boxes.items() if box is not None}
        self.moments.append(Moment(time, [w.copy() for w in self.tally.words], held, points))


def touched(operation: Operation, place: Place, low: Any, length: Any) -> set[tuple[int, ...]]:
    """Elements of the place's tensor in a box, by visiting all its points."""
    tensor, found = operation.tensors[place.tensor], set()
    for point in product(*(range(at, at + n) for at, n in zip(low, length, strict=True))):
        at = dict(zip(operation.dims, point, strict=True))
        index = tuple(r.offset + sum(t.stride * at[t.dim] for t in r.terms) for r in tensor.ranks)
        if all(0 <= i < r.size for i, r in zip(index, tensor.ranks, strict=True)):
            found.add(index)
    return found


def rows_of(frames: Frames, place: int) -> slice:
    return slice(frames.plan.rows[place], frames.plan.rows[place + 1])


def assert_same(operation: Operation, frames: Frames, frame: Frame, moment: Moment) -> None:
    plan = frames.plan
    assert frame.time == moment.time
    for i, place in enumerate(plan.places):
        rows = rows_of(frames, i)
        instances = list(product(*(range(n) for n in plan.spatial_trips[: place.spatial])))
        if place.is_mac:
            continue
        words = moment.words[i].reshape(4, -1)
        assert np.array_equal(frame.each[rows], words.T)
        assert np.array_equal(frame.words[i], words.sum(axis=1))
        for j, row in zip(instances, range(rows.start, rows.stop), strict=True):
            held = moment.held[i].get(j, set())
            assert frame.held[row] == len(held)
            if held:
                assert touched(operation, place, frame.lows[row], frame.lengths[row]) == held
    mac = rows_of(frames, next(i for i, place in enumerate(plan.places) if place.is_mac))
    for at, j in enumerate(product(*(range(n) for n in plan.spatial_trips))):
        row = mac.start + at
        assert bool(frame.idle[row]) is (j not in moment.points)
        if j in moment.points:
            assert dict(zip(operation.dims, frame.lows[row].tolist(), strict=True)) == moment.points[j]


@pytest.mark.parametrize("seed", range(60))
def test_every_step_holds_and_has_moved_what_the_literal_execution_says(seed: int) -> None:
    case = random_case(seed)
    literal = Watched(*case)
    literal.run()
    frames = Frames(*case, most=10**9)
    assert frames.is_every_step
    seen = list(frames.walk())
    assert [f.time for f in seen[:-1]] == [m.time for m in literal.moments]
    for frame, moment in zip(seen, literal.moments, strict=False):
        assert_same(case[0], frames, frame, moment)
    assert frames.execution().counts == execute(*case).counts
    assert frames.execution().equal


@pytest.mark.parametrize("most", [1, 2, 7, 40])
@pytest.mark.parametrize("seed", range(12))
def test_longer_frames_end_where_the_steps_do(seed: int, most: int) -> None:
    """Coarse frames are some of the fine ones, none lost at the end, and no more than asked for."""
    case = random_case(seed)
    fine = {f.steps: f for f in Frames(*case, most=10**9).walk() if f.time is not None}
    coarse = Frames(*case, most=most)
    seen = list(coarse.walk())
    assert len(seen) <= most + 1
    assert seen[-1].time is None
    for frame in seen[:-1]:
        assert np.array_equal(frame.words, fine[frame.steps].words)
        assert frame.time is not None
        assert all(at == 0 for at in frame.time[coarse.loops :])
    assert coarse.execution().counts == execute(*case).counts


def test_a_nest_without_loops_in_time_has_one_step_and_the_drain() -> None:
    operation = builders.product(m=4, k=1, n=1)
    axis = Axis("X", 4, (("*", "multicast"),))
    machine = Architecture("line", (Level("DRAM"), Fanout("Array", (axis,))), Compute(), clock_mhz=100)
    nodes = [*(Storage("DRAM", tensor.name) for tensor in operation.tensors), Spatial("M", 1, "X")]
    seen = list(Frames(operation, machine, Mapping.of(operation, nodes), most=1).walk())
    assert [(f.time, f.steps) for f in seen] == [((), 1), (None, 1)]
