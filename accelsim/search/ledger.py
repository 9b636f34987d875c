"""Energies of tensors in nests already evaluated: many nests differ only in what a tensor does not notice.

In a perfect frame the energy of a tensor depends on the tile at each of its nodes and on the loops in time from there
outwards up to the first that changes the tile altogether; loops further out only repeat it.
"""

from __future__ import annotations

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Storage, Temporal
from accelsim.model.evaluation import Evaluation
from accelsim.workload.operation import Operation, Tensor

Key = tuple[object, ...]
MOST = 200_000


class Ledger:
    """What is known of one operation on one machine under one convention, frame by frame."""

    def __init__(self, operation: Operation, architecture: Architecture) -> None:
        self.operation, self.architecture = operation, architecture
        self.energies: dict[tuple[object, str, Key], float] = {}
        self.rest = 0.0
        self.sliding = {t.name: frozenset(x.dim for r in t.ranks if len(r.terms) > 1 for x in r.terms)
                        for t in operation.tensors}  # fmt: skip

    def energy(self, frame: object, mapping: Mapping) -> float | None:
        """Energy of a nest, when every tensor was seen so before; None otherwise."""
        total = self.rest
        for tensor in self.operation.tensors:
            known = self.energies.get((frame, tensor.name, self.key(tensor, mapping)))
            if known is None:
                return None
            total += known
        return total

    def note(self, frame: object, mapping: Mapping, evaluation: Evaluation) -> None:
        """Remember an evaluated nest."""
        if len(self.energies) > MOST:
            self.energies.clear()
        self.rest = sum(item.energy for item in evaluation.energies if not item.tensor)
        for tensor in self.operation.tensors:
            energy = sum(item.energy for item in evaluation.energies if item.tensor == tensor.name)
            self.energies[frame, tensor.name, self.key(tensor, mapping)] = energy

    def key(self, tensor: Tensor, mapping: Mapping) -> Key:
        """Per node of the tensor: level, tile, and the loops above it that it notices, innermost first."""
        extents = dict(self.operation.bounds)
        above: list[tuple[str, int]] = []
        parts: list[object] = []
        for node in mapping.nodes:
            if isinstance(node, Storage):
                if node.tensor == tensor.name:
                    parts.append((node.level, tuple(extents.values()), self._noticed(tensor, above)))
                continue
            extents[node.dim] = node.step
            if isinstance(node, Temporal):
                above.append((node.dim, node.step))
        return tuple(parts)

    def _noticed(self, tensor: Tensor, above: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
        out = []
        for dim, step in reversed(above):
            out.append((dim, step))
            if dim in tensor.dims and dim not in self.sliding[tensor.name]:
                break
        return tuple(out)
