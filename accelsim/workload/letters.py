"""What all kinds of layer share: letters checked on construction, a sliding window settled, a batch replaced."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Any, ClassVar, Self

from accelsim.errors import InputError, check_name, nearest
from accelsim.workload.lowering import Plane
from accelsim.workload.operation import WEIGHTS, Operation
from accelsim.workload.precision import MACHINE_WORD, Bits
from accelsim.workload.window import NO_PADDING, Padding, Pair, Window, check_whole, checked_padding, checked_pair

DERIVED: Any = None
"""Marks a letter that follows from the others; never seen after construction."""


MOST_LISTED = 12
"""Choices that a sentence lists beside a guess."""


def settle(layer: object, **values: object) -> None:
    for field, value in values.items():
        object.__setattr__(layer, field, value)


def check_choice(layer: str, field: str, value: str, choices: tuple[str, ...]) -> None:
    if value in choices:
        return
    guess = _guess(value, choices)
    known = "a known one" if guess and len(choices) > MOST_LISTED else f"one of {', '.join(choices)}"
    raise InputError(f"{layer}: {field} must be {known}, not '{value}'{guess}")


def _guess(value: str, choices: tuple[str, ...]) -> str:
    guess = nearest(str(value), choices)
    return guess if guess.startswith("; did") else ""


@dataclass(frozen=True)
class LayerBase:
    """What every layer can say; ``name`` stands in every error and report, ``bits`` are the widths of its tensors."""

    name: str
    _: KW_ONLY
    bits: Bits = MACHINE_WORD
    batch_field: ClassVar[str] = "N"

    def __post_init__(self) -> None:
        check_name("layer", self.name)
        if not isinstance(self.bits, Bits):
            raise InputError(f"{self.name}: bits must be Bits(inputs, weights, outputs), not {self.bits!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            if len(field.name) == 1 and field.name != "U" and value is not DERIVED:
                check_whole(self.name, field.name, value)

    def operation(self) -> Operation:
        """The iteration space and tensors that the model sees, each tensor in its width."""
        return self.bits.applied(self.lowered())

    def lowered(self) -> Operation:
        """The same without widths; every kind of layer says here what it is."""
        raise NotImplementedError

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included; 0 for layers of the vector unit."""
        return self.operation().macs

    @property
    def vector_operations(self) -> int:
        """Operations of the vector unit; 0 for a layer of MACs."""
        operation = self.operation()
        return operation.points if operation.kind == "vector" else 0

    @property
    def weight_words(self) -> int:
        """Trained weights, without biases."""
        return sum(tensor.words for tensor in self.operation().operands if tensor.name == WEIGHTS)

    def with_batch(self, n: int) -> Self:
        """This layer for n images (or sequences); replaces the batch that it had."""
        check_whole(self.name, "batch", n)
        changes: dict[str, Any] = {self.batch_field: n}
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class Sliding(LayerBase):
    """A layer whose window slides over a plane."""

    C: int
    R: int
    S: int = DERIVED
    H: int = DERIVED
    W: int = DERIVED
    E: int = DERIVED
    F: int = DERIVED
    N: int = 1
    U: Pair = (1, 1)
    padding: Padding = NO_PADDING
    dilation: Pair = (1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(
            self,
            U=checked_pair(self.name, "U", self.U),
            dilation=checked_pair(self.name, "dilation", self.dilation),
            padding=checked_padding(self.name, self.padding),
        )
        if self.S is DERIVED:
            settle(self, S=self.R)
        if self.W is DERIVED and self.F is DERIVED:
            # E is copied only where H is absent: it follows from W, whose stride or padding may differ.
            settle(self, W=self.H, F=self.E if self.H is DERIVED else DERIVED)
        rows, columns = self._settled()
        settle(self, H=rows[0], E=rows[1], W=columns[0], F=columns[1])

    def _settled(self) -> tuple[Pair, Pair]:
        """((H, E), (W, F)) of a window that slides over the input."""
        rows, columns = self._windows()
        return rows.settle(self.H, self.E), columns.settle(self.W, self.F)

    def _windows(self) -> tuple[Window, Window]:
        vertical = Window(self.name, ("H", "R", "E"), self.R, self.U[0], self.dilation[0], self.padding.vertical)
        horizontal = Window(self.name, ("W", "S", "F"), self.S, self.U[1], self.dilation[1], self.padding.horizontal)
        return vertical, horizontal

    @property
    def plane(self) -> Plane:
        """The extents of both axes."""
        return Plane((self.H, self.W), (self.R, self.S), (self.E, self.F), self.U, self.dilation, self.padding)


@dataclass(frozen=True, kw_only=True)
class Filtering(Sliding):
    """A sliding layer with M filters in G groups."""

    M: int
    G: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for letter, meaning in (("C", "channels"), ("M", "filters")):
            total = getattr(self, letter)
            if total % self.G:
                raise InputError(f"{self.name}: {letter} ({meaning}) must be a multiple of G={self.G}, not {total}")

    @property
    def is_depthwise(self) -> bool:
        """Each channel has filters of its own (G = C, more than one)."""
        return self.G == self.C > 1
