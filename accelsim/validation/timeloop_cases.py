"""Runs of timeloop-model as our operations, machines and mappings; the data is published/timeloop/runs.json."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Network
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.validation.data import published_json
from accelsim.workload.operation import Operation, Rank, Tensor, Term

Index = dict[str, str]  # dim -> name of its stride, "" for 1
SHAPES: dict[str, dict[str, list[Index]]] = {
    "gemm": {"A": [{"M": ""}, {"K": ""}], "B": [{"K": ""}, {"N": ""}], "Z": [{"M": ""}, {"N": ""}]},
    "bmm": {
        "A": [{"H": ""}, {"M": ""}, {"K": ""}],
        "B": [{"H": ""}, {"K": ""}, {"N": ""}],
        "Z": [{"H": ""}, {"M": ""}, {"N": ""}],
    },
    "mttkrp": {
        "A": [{"I": ""}, {"K": ""}, {"L": ""}],
        "B": [{"K": ""}, {"J": ""}],
        "C": [{"L": ""}, {"J": ""}],
        "Z": [{"I": ""}, {"J": ""}],
    },
    "conv1d": {
        "Weights": [{"C": ""}, {"K": ""}, {"R": ""}],
        "Inputs": [{"C": ""}, {"R": "", "P": ""}],
        "Outputs": [{"K": ""}, {"P": ""}],
    },
    "conv": {
        "Weights": [{"C": ""}, {"K": ""}, {"R": ""}, {"S": ""}],
        "Inputs": [{"N": ""}, {"C": ""}, {"R": "Wdilation", "P": "Wstride"}, {"S": "Hdilation", "Q": "Hstride"}],
        "Outputs": [{"N": ""}, {"K": ""}, {"Q": ""}, {"P": ""}],
    },
    "dw": {
        "Weights": [{"C": ""}, {"R": ""}, {"S": ""}],
        "Inputs": [{"N": ""}, {"C": ""}, {"R": "Wdilation", "P": "Wstride"}, {"S": "Hdilation", "Q": "Hstride"}],
        "Outputs": [{"N": ""}, {"C": ""}, {"Q": ""}, {"P": ""}],
    },
}


def records() -> list[dict[str, Any]]:
    """All runs: name, case (machine, shape, nest, bypass), counts per level and tensor, cycles."""
    data: list[dict[str, Any]] = published_json("timeloop/runs.json")["runs"]
    return data


def operation(case: dict[str, Any]) -> Operation:
    given = {name: int(n) for name, n in re.findall(r"(\w+)=(\d+)", case["inst"])}
    shape = SHAPES[case["shape"]]
    dims = dict.fromkeys(dim for ranks in shape.values() for rank in ranks for dim in rank)
    bounds = {dim: given.get(dim, 1) for dim in dims}
    tensors = []
    for name, ranks in shape.items():
        terms = [tuple(Term(d, given.get(stride, 1)) for d, stride in rank.items()) for rank in ranks]
        sizes = [sum(t.stride * (bounds[t.dim] - 1) for t in rank) + 1 for rank in terms]
        tensors.append(Tensor(name, tuple(Rank(t, n) for t, n in zip(terms, sizes, strict=True))))
    return Operation("timeloop", tuple(bounds.items()), tuple(tensors))


def architecture(case: dict[str, Any], output: str) -> Architecture:
    """Levels outermost first with a fan-out wherever the number of instances grows (the file lists innermost first)."""
    elements: list[Level | Fanout] = []
    below = case["arch"]["arithmetic"]["instances"]
    for storage in case["arch"]["storage"]:
        if below != storage["instances"]:
            kinds: tuple[tuple[str, Network], ...] = ((output, "reduction"), ("*", "multicast"))
            axes = tuple(Axis(f"{storage['name']}.{a}", below // storage["instances"], kinds) for a in "xy")
            elements.append(Fanout(f"under {storage['name']}", axes))
        elements.append(Level(storage["name"]))
        below = storage["instances"]
    return Architecture("timeloop", tuple(reversed(elements)), Compute(), 1.0)


def mapping(case: dict[str, Any], of: Operation) -> Mapping:
    left = dict(of.bounds)
    nodes: list[Node] = []
    opened: set[str] = set()

    def keep(level: str) -> None:
        if level not in opened:
            opened.add(level)
            bypassed = case["bypass"].get(level, [])
            nodes.extend(Storage(level, t.name) for t in of.tensors if t.name not in bypassed)

    order = [storage["name"] for storage in reversed(case["arch"]["storage"])]
    rows = {(level, kind): loops for level, kind, loops in case["nest"]}
    for level in order:
        keep(level)
        for kind in "ts":
            for dim, factor, axis in re.findall(r"([A-Z])(\d+)([xy]?)", rows.get((level, kind), "")):
                left[dim] //= int(factor)
                step = left[dim]
                nodes.append(Spatial(dim, step, f"{level}.{axis or 'x'}") if kind == "s" else Temporal(dim, step))
    return Mapping.of(of, nodes)


def differs_because(case: dict[str, Any], of: Operation, machine: Architecture, nest: Mapping, tensor: Tensor) -> str:
    """The first rule of Timeloop that its README names, that differs from ours, and that this nest meets; '' if none.

    Decided from the nest alone, by walking its boxes, never from the counts.
    """
    if _lane_latch(case, tensor):
        return "a lane below the innermost level keeps its operand while the innermost loops do not change it"
    if all(sum(of.extents[t.dim] > 1 for t in rank.terms) < 2 for rank in tensor.ranks):
        return ""  # without a window, boxes are equal or apart
    kept = [i for i, node in enumerate(nest.nodes) if isinstance(node, Storage) and node.tensor == tensor.name]
    reasons = (_halo_reason(of, nest, index, tensor) for index in (*kept, len(nest.nodes)))
    return next((reason for reason in reasons if reason), "")


def _lane_latch(case: dict[str, Any], tensor: Tensor) -> bool:
    """Lanes hang below the innermost level, and the loop just outside them does not index the tensor."""
    innermost = case["arch"]["storage"][0]
    rows = {(level, kind): loops for level, kind, loops in case["nest"]}
    inner_loops = re.findall(r"([A-Z])\d+", rows.get((innermost["name"], "t"), ""))
    has_lanes = case["arch"]["arithmetic"]["instances"] > innermost["instances"]
    return has_lanes and bool(inner_loops) and inner_loops[-1] not in tensor.dims


Box = tuple[tuple[int, int], ...]


def _boxes(of: Operation, nest: Mapping, index: int, tensor: Tensor) -> Iterator[dict[tuple[int, ...], Box]]:
    """Per step: coordinates of the spatial loops that move a window -> box (start, length per rank)."""
    windows = [rank for rank in tensor.ranks if sum(of.extents[t.dim] > 1 for t in rank.terms) > 1]
    moving = {t.dim for rank in windows for t in rank.terms}
    above = [(i, n) for i, n in enumerate(nest.nodes[:index]) if not isinstance(n, Storage)]
    times = [range(nest.trips(i)) if isinstance(n, Temporal) else range(1) for i, n in above]
    spaces = [range(nest.trips(i)) if isinstance(n, Spatial) and n.dim in moving else range(1) for i, n in above]
    for time in product(*times):
        step = {}
        for space in product(*spaces):
            start, extent = dict.fromkeys(of.extents, 0), dict(of.extents)
            for (_, loop), t, s in zip(above, time, space, strict=True):
                start[loop.dim] += (t + s) * loop.step
                extent[loop.dim] = loop.step
            step[space] = tuple(
                (
                    sum(x.stride * start[x.dim] for x in rank.terms),
                    sum(x.stride * (extent[x.dim] - 1) for x in rank.terms) + 1,
                )
                for rank in tensor.ranks
            )
        yield step


def _meet(a: Box, b: Box) -> bool:
    return all(max(s, t) < min(s + n, t + m) for (s, n), (t, m) in zip(a, b, strict=True))


def _halo_reason(of: Operation, nest: Mapping, index: int, tensor: Tensor) -> str:
    """Walks the node's boxes: reuse along a second direction, or boxes of neighbours that share words."""
    holds = index < len(nest.nodes)  # the MACs hold nothing from step to step
    before: dict[tuple[int, ...], Box] = {}
    moves: dict[tuple[int, ...], tuple[int, ...] | None] = {}
    for boxes in _boxes(of, nest, index, tensor):
        changed = {j: box for j, box in boxes.items() if before.get(j) != box}
        for j, box in changed.items():
            if j in before:
                move = tuple(a[0] - b[0] for a, b in zip(box, before[j], strict=True))
                if moves.get(j) is not None and moves[j] != move:
                    moves[j] = None
                    if _meet(box, before[j]):
                        return "reuse along a second direction of a window is thrown away"
                else:
                    moves[j] = move
        others = [(i, j) for i in changed for j in boxes if i != j]
        if any(_meet(changed[i], boxes[j]) for i, j in others if j in changed):
            return "neighbours' boxes overlap: only equal ones are multicast"
        if any(_meet(changed[i], before[j]) for i, j in others if j in before):
            return "link transfers: a neighbour held the box in the step before"
        before = boxes if holds else {}
    return ""
