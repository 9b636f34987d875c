"""Nests without numbers: where storage nodes stand and in which order loops may run, for steps to be filled in.

Between two groups of nodes stands one gap of loops in time, those of the array after it:

    DRAM nodes | gap | Buffer nodes | gap, loops in space | Register nodes | gap | MAC

A loop whose step is what encloses it is no loop, so one gap offers several orders at once: with B, C, A the dims that
reuse the first, second, third tensor it reads ``B C A B C``, and each of A, B, C can be the innermost that runs.
Nodes of one level stand in some order with gaps between, over dims that reuse the upper and move the lower one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

from accelsim.architecture.spec import Fanout
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.search.rules import Kept, Rules

SPACE_RULE = (
    "every choice of what each level keeps; nodes of a level in every order, with loops between that reuse the upper"
    " and move the lower; what a dataflow completes inside the array, or around the last node before it and in; per gap"
    " the orders in which one tensor's reuse is innermost; steps from the divisors of the bound and its ragged parts"
)


def orders(kept: Kept) -> Iterator[Kept]:
    """The same choice with the tensors of every level in every order; the outermost level's stands first anyway.

    The first has weights-like tensors (those listed later among operands) outermost and the output innermost.
    """
    inner = [[tuple(order) for order in _preferred(tensors)] for _, tensors in kept[1:]]
    for combination in product(*inner):
        yield (kept[0], *((level, order) for (level, _), order in zip(kept[1:], combination, strict=True)))


def _preferred(tensors: tuple[str, ...]) -> list[tuple[str, ...]]:
    first = (*reversed(tensors[:-1]), tensors[-1])
    return list(permutations(first))


def skeleton(rules: Rules, kept: Kept, early: bool = False) -> tuple[Node, ...]:
    """The nodes of one skeleton; loops have step 1 until steps are filled in.

    ``early``: what the dataflow completes runs already around the last node before the array, which then holds a part
    of its tensor at a time; loops that would move the completed tile stay outside.
    """
    builder = _Builder(rules, kept, last_outside(rules, kept) if early else None)
    by_level = dict(kept)
    pending: list[Node] = []
    for element in rules.architecture.elements:
        if isinstance(element, Fanout):
            pending += builder.space(element)
        elif element.name in by_level:
            if builder.nodes:
                builder.nodes += builder.gap()
            builder.nodes += pending
            pending = []
            builder.level(element.name, by_level[element.name])
    builder.nodes += builder.gap() if pending else builder.innermost_gap()
    builder.nodes += pending
    return tuple(builder.nodes)


def last_outside(rules: Rules, kept: Kept) -> tuple[str, str] | None:
    """(level, tensor) of the last node outside all fan-outs, the outermost level's apart; None when there is none."""
    above = rules.architecture.fanouts_above
    buffers = [(level, tensors[-1]) for level, tensors in kept[1:] if above[level] == 0]
    return buffers[-1] if buffers else None


class _Builder:
    """Nodes so far, and which are still to come; from the ``turn`` node on, completed dims may run."""

    def __init__(self, rules: Rules, kept: Kept, turn: tuple[str, str] | None = None) -> None:
        self.rules, self.turn, self.turned = rules, turn, False
        self.to_come = {(level, tensor) for level, tensors in kept for tensor in tensors}
        self.nodes: list[Node] = []
        self.levels: set[str] = set()

    def space(self, fanout: Fanout) -> list[Node]:
        allowed = dict(self.rules.spatial)
        return [Spatial(dim, 1, axis.name) for axis in fanout.axes for dim in allowed[axis.name]]

    def level(self, name: str, tensors: tuple[str, ...]) -> None:
        outermost = not self.nodes
        for i, tensor in enumerate(tensors):
            here = self.rules.operation.tensor(tensor).dims
            if i and not outermost:
                above = set(self.rules.irrelevant(tensors[i - 1]))
                self.nodes += [Temporal(dim, 1) for dim in self.allowed() if dim in above and dim in here]
            if (name, tensor) == self.turn:
                self.turned = True
                self.nodes += [Temporal(dim, 1) for dim in self.allowed() if dim in here]
            self.nodes.append(Storage(name, tensor))
            self.to_come.discard((name, tensor))
            self.levels.add(name)

    def allowed(self) -> list[str]:
        """Dims that may be looped over in time at this place."""
        passes = dict(self.rules.passes)
        dims = [dim for dim in self.rules.dims if passes.get(dim, 2) > 1]
        for level, tensor, barred in self.rules.complete:
            if (level, tensor) in self.to_come:
                closed = self.rules.operation.tensor(tensor).dims if self.turned else barred
                dims = [dim for dim in dims if dim not in closed]
        for levels, inside in self.rules.inside:
            if levels & self.levels:
                dims = [dim for dim in dims if dim in inside]
        return dims

    def gap(self) -> list[Node]:
        """Loops in which each tensor's reuse can be the innermost that runs."""
        dims = self.allowed()
        runs = [[dim for dim in dims if dim in self.rules.irrelevant(t.name)] for t in self.rules.operation.tensors]
        runs = sorted((run for run in runs if run), key=len)
        rest = [dim for dim in dims if not any(dim in run for run in runs)]
        if not runs:
            return [Temporal(dim, 1) for dim in rest]
        longest, others = runs[-1], [dim for run in runs[:-1] for dim in run]
        pattern = [*rest, *others, *longest, *self._again(longest), *others]
        return [Temporal(dim, 1) for dim in _merged(pattern)]

    def innermost_gap(self) -> list[Node]:
        """Below the last nodes the order is free: every MAC takes its operands anew."""
        return [Temporal(dim, 1) for dim in self.allowed()]

    def _again(self, run: Sequence[str]) -> list[str]:
        """The first of two sliding dims once more, so that either can slide innermost."""
        windows = frozenset[str]().union(*self.rules.windows)
        sliding = [dim for dim in run if dim in windows]
        return sliding[:1] if len(sliding) > 1 else []


def _merged(pattern: list[str]) -> list[str]:
    """Neighbours over the same dim are one loop."""
    return [dim for i, dim in enumerate(pattern) if i == 0 or pattern[i - 1] != dim]


def with_steps(rules: Rules, nodes: tuple[Node, ...], steps: Sequence[int]) -> Mapping:
    """The mapping that a skeleton and steps (of its loops, outermost first) mean, without the loops of one trip."""
    left = dict(rules.operation.bounds)
    out: list[Node] = []
    remaining = iter(steps)
    for node in nodes:
        if isinstance(node, Storage):
            out.append(node)
            continue
        step = int(next(remaining))
        if step == left[node.dim]:
            continue
        left[node.dim] = step
        out.append(Temporal(node.dim, step) if isinstance(node, Temporal) else Spatial(node.dim, step, node.axis))
    return Mapping.of(rules.operation, out)
