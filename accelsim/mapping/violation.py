"""What is wrong with a mapping, as data: the search reads the fields, people read the sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.workload.operation import Operation

Kind = Literal["name", "rank", "bounds", "step", "loop", "storage", "keep", "side", "axis", "capacity"]


@dataclass(frozen=True)
class Violation:
    """One broken rule.

    kind      name (unknown), rank (tensor not supported), bounds, step, loop (missing, or stops above 1),
              storage (place of a node), keep (must / not), side (of a fan-out), axis (size, refused dims), capacity
    where     subject of the sentence: "mapping of layer 'fc1'" or "conv2 on eyeriss"
    problem   what must hold and what came
    fix       nearest change that helps, or empty
    level, tensor, dim, axis   what it concerns, where that applies
    need, capacity   words of a level, or positions of an axis
    """

    kind: Kind
    where: str
    problem: str
    fix: str = ""
    level: str | None = None
    tensor: str | None = None
    dim: str | None = None
    axis: str | None = None
    need: int | None = None
    capacity: int | None = None

    @property
    def sentence(self) -> str:
        """``where: problem; fix``."""
        return f"{self.where}: {self.problem}" + (f"; {self.fix}" if self.fix else "")


def of_layer(operation: Operation) -> str:
    """Subject of a sentence about the nest alone."""
    return f"mapping of layer '{operation.name}'"


def on_machine(operation: Operation, architecture: Architecture) -> str:
    """Subject of a sentence about the nest on its machine."""
    return f"{operation.name} on {architecture.name}"


def loop_text(mapping: Mapping, index: int) -> str:
    """The loop at ``mapping.nodes[index]`` as it prints, quoted."""
    node = mapping.nodes[index]
    assert not isinstance(node, Storage)
    text = f"for {node.dim.lower()} in 0..{mapping.enclosing[index]} by {node.step}"
    return f"'par-{text} on {node.axis}'" if isinstance(node, Spatial) else f"'{text}'"
