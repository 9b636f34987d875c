"""Widths of a layer's tensors in bits: what a model says of its numbers (int8 weights, 32-bit accumulation).

A width that nothing states is the machine's word.  Widths reach capacity (a narrow tensor lets more of it fit), bytes,
the energy of an access and the time at a port: an element takes its share of a word (``Level.element_bits``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from accelsim.errors import InputError
from accelsim.workload.operation import WEIGHTS, Operation

WIDEST = 256


@dataclass(frozen=True)
class Bits:
    """Widths of a layer: every operand that is not trained, the weights (or second operand), and the sums.

    ``outputs`` is the width in which a layer of MACs accumulates.  None: the machine's word.  Raises InputError.
    """

    inputs: int | None = None
    weights: int | None = None
    outputs: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= WIDEST:
                raise InputError(f"bits of {field.name} must be a whole number from 1 to {WIDEST}, not {value!r}")

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) is not None for field in fields(self))

    def of(self, tensor: str, output: str) -> int | None:
        """The width of a tensor of an operation whose last tensor is ``output``."""
        if tensor == output:
            return self.outputs
        return self.weights if tensor == WEIGHTS else self.inputs

    def applied(self, operation: Operation) -> Operation:
        """The operation with these widths on its tensors."""
        if not self:
            return operation
        output = operation.output.name
        tensors = (replace(tensor, bits=self.of(tensor.name, output)) for tensor in operation.tensors)
        return replace(operation, tensors=tuple(tensors))


MACHINE_WORD = Bits()


@dataclass(frozen=True)
class Precision:
    """Widths of a whole network in bits: activations between layers, trained weights, sums inside a layer of MACs."""

    activations: int | None = None
    weights: int | None = None
    accumulation: int | None = None

    def bits(self, macs: bool, trained: bool = True) -> Bits:
        """The widths of one layer: with MACs or without, its second operand trained or an activation."""
        if not macs:
            return Bits(self.activations, self.weights if trained else self.activations, self.activations)
        return Bits(self.activations, self.weights if trained else self.activations, self.accumulation)
