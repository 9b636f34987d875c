"""The folds of one edge: what a storage node and its child, or the MACs, exchange.

Each count of the contract (DESIGN.md section 1) is one fold over the loops above the child:

    fills = |T0| + sum over steps of (|tile entered| - |what was held before|)

What differs between counts is only how the coordinates of each spatial loop are taken: summed, merged, or one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accelsim.mapping.nest import Spatial
from accelsim.model import kernels as k
from accelsim.model.plan import Edge, Plan
from accelsim.workload.operation import Tensor


@dataclass(frozen=True)
class EdgeFolds:
    """Columns of the folds of one edge. ``crossing[i]``: words at the outer side of the i-th fan-out between node and
    child, the last one at the child itself. ``group``: entries of reduction groups, ``distinct``: elements ever
    held, ``overlap``: per window of the output, indexes ever held summed over instances, and those of all together.
    """

    edge: Edge
    first_fanout: int
    crossing: tuple[int, ...]
    distinct: int
    group: int = -1
    overlap: tuple[tuple[int, int], ...] = ()


def edge_modes(plan: Plan, tensor: Tensor, loops: int, outside: int, to_macs: bool, fixed: int = 0) -> tuple[int, ...]:
    """A mode per loop: coordinates of fan-outs < ``fixed`` are given, of those < ``outside`` summed, the rest merged
    as the axis' network for the tensor does."""
    is_output = tensor is plan.operation.output
    modes = []
    for loop, fanout in zip(plan.loops[:loops], plan.loop_fanout, strict=False):
        if not isinstance(loop, Spatial):
            modes.append(k.TEMPORAL)
        elif fanout < fixed:
            modes.append(k.FIXED)
        elif fanout < outside:
            modes.append(k.SUM)
        else:
            network = plan.architecture.axes[loop.axis].network(tensor.name)
            relevant = loop.dim in tensor.dims
            if is_output:
                modes.append(k.FIRST if network == "reduction" and not relevant else k.SUM)
            elif network == "unicast" or (relevant and not plan.rule.shared_halo):
                modes.append(k.SUM)
            else:
                modes.append(k.FORWARD if network == "forwarding" and not to_macs else k.UNION)
    return tuple(modes)


def edge_folds(plan: Plan, edge: Edge, fixed: int = 0, coords: tuple[int, ...] = ()) -> EdgeFolds:
    """Ask the plan for every sum that the counts of an edge need."""
    above = plan.architecture.fanouts_above
    first = above[edge.level]
    last = len(plan.architecture.fanouts) if edge.child is None else above[edge.child]
    tensor, loops, to_macs = edge.tensor, edge.child_loops, edge.child is None
    crossing = tuple(
        plan.fold(tensor, edge_modes(plan, tensor, loops, f, to_macs, fixed), coords, full=to_macs)
        for f in range(first, last + 1)
    )
    covered = edge_modes(plan, tensor, edge.loops_above, len(plan.architecture.fanouts), False, fixed)
    distinct = plan.fold(tensor, covered, coords, cover=True)
    if tensor is not plan.operation.output:
        return EdgeFolds(edge, first, crossing, distinct)
    summed = edge_modes(plan, tensor, loops, len(plan.architecture.fanouts), to_macs, fixed)
    one_each = tuple(
        k.FIRST if m == k.SUM and f >= first and loop.dim not in tensor.dims else m
        for m, loop, f in zip(summed, plan.loops, plan.loop_fanout, strict=False)
    )
    group = plan.fold(tensor, one_each, coords, full=to_macs)
    merged = tuple(k.UNION if m == k.SUM and f >= first else m for m, f in zip(summed, plan.loop_fanout, strict=False))
    windows = [g for g in plan.groups[tensor.name] if g.kind == k.WINDOW]
    overlap = tuple(
        (plan.fold(tensor, summed, coords, cover=True, only=g), plan.fold(tensor, merged, coords, cover=True, only=g))
        for g in windows
    )
    return EdgeFolds(edge, first, crossing, distinct, group, overlap)


@dataclass(frozen=True)
class EdgeCounts:
    """Words of one edge: ``down`` / ``up`` at the outer side of each fan-out between and at the child; ``returned``
    of those down are partial sums (0 for operands); ``parent_reads`` and ``parent_updates`` at the node itself."""

    parent_reads: int
    parent_updates: int
    child_fills: int
    child_drains: int
    distinct: int
    crossing: tuple[int, ...]
    returned: int


def edge_counts(folds: EdgeFolds, values: Sequence[Any]) -> EdgeCounts:
    """The counts of an edge from the values of its folds: integers of one mapping, or int64 columns of many."""
    crossing = tuple(values[c] for c in folds.crossing)
    distinct = values[folds.distinct]
    if folds.group < 0:
        fills = 0 if folds.edge.child is None else crossing[-1]
        return EdgeCounts(crossing[0], 0, fills, 0, distinct, crossing, 0)
    merges = False
    for apart, joint in folds.overlap:
        merges = merges | (values[apart] != values[joint])
    returned = (values[folds.group] - distinct) * (1 - merges)
    fills, drains = (0, 0) if folds.edge.child is None else (returned, crossing[-1])
    return EdgeCounts(crossing[0] - distinct, crossing[0], fills, drains, distinct, crossing, returned)
