"""A mapping is an ordered loop nest with a storage node per tensor; what it prints can be read back.

    DRAM  keeps inputs weights outputs
    for m in 0..96 by 24
      GlobalBuffer  keeps inputs outputs
      par-for e in 0..13 by 1 on X
        Scratchpad  keeps weights
        for m in 0..24 by 1
          MAC

A loop carries its step, the extent left inside it: trips = ceil(enclosing extent / step), and the last trip is
clipped, so ragged tiles need no second representation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Storage:
    """``level`` keeps ``tensor`` from here inwards."""

    level: str
    tensor: str


@dataclass(frozen=True)
class Temporal:
    """A loop in time over ``dim`` that leaves ``step`` elements of it to what is inside."""

    dim: str
    step: int


@dataclass(frozen=True)
class Spatial:
    """A loop in space: instances along ``axis`` each take ``step`` elements of ``dim``."""

    dim: str
    step: int
    axis: str


Node = Storage | Temporal | Spatial
Loop = Temporal | Spatial


@dataclass(frozen=True)
class Mapping:
    """``bounds``: (dim, extent) of every dim that has a loop, sorted by dim; ``nodes``: outermost first."""

    bounds: tuple[tuple[str, int], ...]
    nodes: tuple[Node, ...]

    @staticmethod
    def of(operation: Operation, nodes: Iterable[Node]) -> Mapping:
        """The mapping of an operation with these nodes; bounds are taken from the operation."""
        nodes = tuple(nodes)
        looped = {node.dim for node in nodes if not isinstance(node, Storage)}
        return Mapping(tuple(sorted((d, n) for d, n in operation.bounds if d in looped)), nodes)

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        return tuple(node for node in self.nodes if not isinstance(node, Storage))

    @cached_property
    def enclosing(self) -> tuple[int, ...]:
        """Per node, the extent that encloses a loop (0 at a storage node)."""
        extent = dict(self.bounds)
        out = []
        for node in self.nodes:
            if isinstance(node, Storage):
                out.append(0)
            else:
                out.append(extent.get(node.dim, 1))
                extent[node.dim] = node.step
        return tuple(out)

    def trips(self, index: int) -> int:
        """Trips of the loop at ``nodes[index]`` in a full (not clipped) enclosing tile."""
        node = self.nodes[index]
        assert not isinstance(node, Storage)
        return -(-self.enclosing[index] // node.step)

    @cached_property
    def lines(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """(line of the printed nest, indices of its nodes), outermost first; the last is the MAC's and has none."""
        lines: list[tuple[str, tuple[int, ...]]] = []
        depth, previous = 0, None
        for index, (node, extent) in enumerate(zip(self.nodes, self.enclosing, strict=True)):
            indent = "  " * depth
            match node:
                case Storage(level, tensor):
                    if isinstance(previous, Storage) and previous.level == level:
                        text, indices = lines[-1]
                        lines[-1] = f"{text} {tensor}", (*indices, index)
                    else:
                        lines.append((f"{indent}{level}  keeps {tensor}", (index,)))
                case Temporal(dim, step):
                    lines.append((f"{indent}for {dim.lower()} in 0..{extent} by {step}", (index,)))
                    depth += 1
                case Spatial(dim, step, axis):
                    lines.append((f"{indent}par-for {dim.lower()} in 0..{extent} by {step} on {axis}", (index,)))
                    depth += 1
            previous = node
        return (*lines, ("  " * depth + "MAC", ()))

    def __str__(self) -> str:
        return "\n".join(text for text, _ in self.lines)
