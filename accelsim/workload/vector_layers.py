"""Layers without MACs: elementwise, normalisation, softmax, embedding, concatenation, upsampling, recurrent cells.

They are streamed through the vector unit; what they cost is the words of their tensors and their operations.  An
operation is one add, multiply, comparison or function (exp, tanh, ...) of one element:

    elementwise     1 per element and function          softmax   5: maximum, subtract, exp, sum, divide
    normalisation   batch 2 (scale, shift); rms 4 (square, sum, multiply, scale);
                    layer, instance, group 7 (sum, subtract, square, sum, multiply, scale, shift);
                    local ``size`` + 3 (square, size - 1 sums, scale, power, divide)
    recurrent cell  LSTM 13, GRU 11, plain 2 per hidden unit (see RecurrentCell)
    embedding, concatenation      1 per element moved
    upsampling      nearest 1 (a copy), bilinear 7 (4 products, 3 sums), per element given
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from accelsim.errors import InputError
from accelsim.workload import lowering
from accelsim.workload.letters import DERIVED, LayerBase, check_choice, settle
from accelsim.workload.operation import Operation
from accelsim.workload.window import Pair, check_whole, checked_pair

ElementFunction = Literal[
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "compare", "select",
    "relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "elu", "clip", "hardswish", "hardsigmoid", "softplus",
    "mish", "exp", "log", "sqrt", "rsqrt", "reciprocal", "erf", "abs", "negate", "sin", "cos", "square", "round",
    "scale", "offset", "raise",
]  # fmt: skip
"""``scale``, ``offset`` and ``raise`` multiply by, add, and raise to the power of one constant; ``round`` is any that
finds a nearby whole number or a sign."""
NormalisationFunction = Literal["batch", "layer", "rms", "instance", "group", "local"]
CellFunction = Literal["lstm", "gru", "rnn"]
ResizeFunction = Literal["nearest", "bilinear"]
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "compare", "select")
UNARY = tuple(name for name in get_args(ElementFunction) if name not in BINARY)
"""Elementwise functions of one operand; the others take two or more."""
NORMALISATION_OPERATIONS = {"batch": 2, "layer": 7, "rms": 4, "instance": 7, "group": 7}
SOFTMAX_OPERATIONS = 5
RESIZE_OPERATIONS = {"nearest": 1, "bilinear": 7}
CELL = {"lstm": (4, 13), "gru": (3, 11), "rnn": (1, 2)}
"""Per function: gates, and operations per hidden unit."""


@dataclass(frozen=True, kw_only=True)
class _Plane(LayerBase):
    """A layer over N x C x H x W elements; W follows H."""

    C: int
    H: int = 1
    W: int = DERIVED
    N: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.W is DERIVED:
            settle(self, W=self.H)


@dataclass(frozen=True, kw_only=True)
class Elementwise(_Plane):
    """A function of the elements at one place of ``operands`` tensors of C x H x W, such as a residual add.  No MACs.

    ``spans``: per operand, the letters that index it, where one is broadcast: ("NCHW", "NC") multiplies a plane per
    channel by a number per channel.  Raises InputError when an extent is not a positive whole number, the function is
    unknown, the number of operands does not suit it (1 for relu and kin, 2 or more for add, multiply, maximum), or
    spans are not one per operand."""

    function: ElementFunction = "add"
    operands: int = DERIVED
    spans: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "function", self.function, get_args(ElementFunction))
        unary = self.function in UNARY
        if self.operands is DERIVED:
            settle(self, operands=len(self.spans) or (1 if unary else 2))
        check_whole(self.name, "operands", self.operands)
        if unary != (self.operands == 1):
            needed = "1" if unary else "at least 2"
            raise InputError(f"{self.name}: operands of {self.function} must be {needed}, not {self.operands}")
        if not self.spans:
            return
        if len(self.spans) != self.operands:
            raise InputError(f"{self.name}: spans must be one per operand, {self.operands}, not {len(self.spans)}")
        for span in self.spans:
            if not isinstance(span, str) or any(letter not in "NCHW" for letter in span) or len(set(span)) < len(span):
                raise InputError(f"{self.name}: a span must be some of the letters NCHW, such as NC, not {span!r}")
        ordered = tuple("".join(letter for letter in "NCHW" if letter in span) for span in self.spans)
        settle(self, spans=() if all(span == "NCHW" for span in ordered) else ordered)

    def lowered(self) -> Operation:
        """Dims N C H W."""
        spans = self.spans or ("NCHW",) * self.operands
        return lowering.elementwise(self.name, (self.N, self.C, self.H, self.W), spans)


@dataclass(frozen=True, kw_only=True)
class Normalisation(_Plane):
    """Normalisation of N x C x H x W elements: ``layer`` and ``rms`` over C, ``batch`` with stored statistics,
    ``local`` over ``size`` neighbouring channels (Krizhevsky et al. 2012).  Like biases, scales and shifts are not
    counted as weights.

    Raises InputError when an extent is not a positive whole number or the function is unknown."""

    function: NormalisationFunction = "layer"
    size: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "function", self.function, get_args(NormalisationFunction))
        check_whole(self.name, "size", self.size)

    def lowered(self) -> Operation:
        """Dims N C H W P, P the operations per element."""
        per_element = NORMALISATION_OPERATIONS.get(self.function, self.size + 3)
        return lowering.streamed(self.name, (self.N, self.C, self.H, self.W), per_element)


@dataclass(frozen=True, kw_only=True)
class Softmax(_Plane):
    """Softmax over C of N x C x H x W elements.  Raises InputError when an extent is not a positive whole number."""

    def lowered(self) -> Operation:
        """Dims N C H W P, P the operations per element."""
        return lowering.streamed(self.name, (self.N, self.C, self.H, self.W), SOFTMAX_OPERATIONS)


@dataclass(frozen=True, kw_only=True)
class Embedding(LayerBase):
    """Rows of a table of ``vocabulary`` x C fetched for T tokens of each of N sequences.

    Every token fetches its row; equal tokens are not merged, as which are equal is not known before the run.
    Raises InputError when an extent is not a positive whole number.

    >>> Embedding("wte", vocabulary=50257, C=768, T=1024).weight_words
    38597376
    """

    vocabulary: int
    C: int
    T: int = 1
    N: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.name, "vocabulary", self.vocabulary)

    def lowered(self) -> Operation:
        """Dims N T C."""
        return lowering.embedding(self.name, self.N, self.T, self.C)

    @property
    def weight_words(self) -> int:
        """The whole table, most of which a run does not touch."""
        return self.vocabulary * self.C


@dataclass(frozen=True, kw_only=True)
class Concatenation(LayerBase):
    """Tensors of N x C[i] x H x W copied behind one another by channel, C being a list.  Tensors that are written to
    their place at once need no such layer: name several layers in ``from``.

    Raises InputError when C is not two or more positive whole numbers, or another extent is not one."""

    C: tuple[int, ...]
    H: int = 1
    W: int = DERIVED
    N: int = 1

    def __post_init__(self) -> None:
        parts: Any = self.C
        if not isinstance(parts, tuple | list) or len(parts) < 2:
            raise InputError(f"{self.name}: C must list the channels of two or more tensors, not {parts!r}")
        for part in parts:
            check_whole(self.name, "C", part)
        settle(self, C=sum(parts))
        super().__post_init__()
        settle(self, C=tuple(parts), W=self.H if self.W is DERIVED else self.W)

    def lowered(self) -> Operation:
        """Dims N C H W."""
        return lowering.concatenation(self.name, self.N, self.C, self.H, self.W)


@dataclass(frozen=True, kw_only=True)
class Upsampling(_Plane):
    """A plane of H x W made U times as high and wide (vertical, horizontal) by whole factors.

    Raises InputError when an extent is not a positive whole number or the function is unknown."""

    U: Pair = (2, 2)
    function: ResizeFunction = "nearest"

    def __post_init__(self) -> None:
        settle(self, U=checked_pair(self.name, "U", self.U))
        super().__post_init__()
        check_choice(self.name, "function", self.function, get_args(ResizeFunction))

    def lowered(self) -> Operation:
        """Dims N C H W R S P: R x S elements given for each one taken, P operations for each."""
        per_element = RESIZE_OPERATIONS[self.function]
        return lowering.upsampling(self.name, (self.N, self.C, self.H, self.W), self.U, per_element)


@dataclass(frozen=True, kw_only=True)
class RecurrentCell(LayerBase):
    """What a recurrent layer of C hidden units does with its gates in one step, after the two matrix products.

        lstm  4 gates: i, f, o = sigmoid(x + h), g = tanh(x + h), c = f c + i g, h = o tanh(c)      13 operations
        gru   3 gates: r, z = sigmoid(x + h), n = tanh(x + r h), h = (1 - z) n + z h                11 operations
        rnn   1 gate:  h = tanh(x + h)                                                               2 operations

    per hidden unit; Hochreiter, Schmidhuber 1997 (with forget gates), Cho et al. 2014.  The operands are the gates'
    sums from the input and from the hidden state, and the old state.  Raises InputError for an unknown function.
    """

    C: int
    N: int = 1
    function: CellFunction = "lstm"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "function", self.function, get_args(CellFunction))

    def lowered(self) -> Operation:
        """Dims N C P, P the operations per hidden unit."""
        gates, per_unit = CELL[self.function]
        return lowering.recurrent_cell(self.name, self.N, self.C, gates, per_unit)
