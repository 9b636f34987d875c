"""What people write: a layer by the survey's letters, checked whole on construction, lowered to an Operation.

Letters (Sze et al. 2017, Table I): N batch, G groups, M filters, C channels, H W input plane, R S filter plane,
E F output plane, U stride.  C and M are totals; a filter sees C / G channels.  A matrix product is M K N (+ B).

A pair (vertical, horizontal) may be given as one number for both axes.  Of H and E, and of W and F, one is enough:
from E follows the smallest H.  A square plane needs one letter: S follows R, W (or F) follows H (or E).  After
construction every letter is a number, so equal layers compare equal however they were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from accelsim.errors import InputError
from accelsim.workload import lowering
from accelsim.workload.letters import DERIVED, Filtering, LayerBase, Sliding, check_choice, settle
from accelsim.workload.operation import Operation
from accelsim.workload.vector_layers import (
    Concatenation,
    Elementwise,
    Embedding,
    Normalisation,
    RecurrentCell,
    Softmax,
    Upsampling,
)
from accelsim.workload.window import Pair, check_whole, checked_pair

PoolFunction = Literal["max", "avg"]
SecondOperand = Literal["weights", "activations", "cache"]


@dataclass(frozen=True, kw_only=True)
class Convolution(Filtering):
    """A convolution.  Extents in elements; ``U`` and ``dilation`` (vertical, horizontal); ``padding`` per side.

        E = floor((H + top + bottom - dilation (R - 1) - 1) / U) + 1          F likewise
        MACs = N x M x C/G x E x F x R x S                                   weights = M x C/G x R x S

    Raises InputError when an extent is not a positive whole number, C or M is no multiple of G, the filter does not
    fit the padded input, or H and E contradict each other.

    >>> Convolution("CONV1", M=96, C=3, H=227, R=11, U=4).E
    55
    """

    def lowered(self) -> Operation:
        """Dims N G M C E F R S, with M and C per group."""
        return lowering.convolution(self.name, self.N, self.G, self.M // self.G, self.C // self.G, self.plane)


@dataclass(frozen=True, kw_only=True)
class TransposedConvolution(Filtering):
    """A transposed convolution (deconvolution); no inserted zero is multiplied.

        E = U (H - 1) + dilation (R - 1) + 1 - top - bottom + output_padding  F likewise
        MACs = N x M x C/G x H x W x R x S, those that ``padding`` crops off the output included

    ``output_padding`` (vertical, horizontal) adds rows and columns at the bottom and right, fewer than U or dilation.
    Raises InputError as Convolution does, and when no H gives the stated E.
    """

    output_padding: Pair = (0, 0)

    def _settled(self) -> tuple[Pair, Pair]:
        extra = checked_pair(self.name, "output_padding", self.output_padding, least=0)
        settle(self, output_padding=extra)
        for added, stride, dilation in zip(extra, self.U, self.dilation, strict=True):
            limit = max(stride, dilation)
            if added >= limit:
                raise InputError(
                    f"{self.name}: output_padding must be less than {limit}, the larger of U and dilation, not {added}"
                )
        rows, columns = self._windows()
        return rows.settle_transposed(self.H, self.E, extra[0]), columns.settle_transposed(self.W, self.F, extra[1])

    def lowered(self) -> Operation:
        """Dims N G M C H W R S, with M and C per group."""
        return lowering.transposed_convolution(
            self.name, self.N, self.G, self.M // self.G, self.C // self.G, self.plane
        )


@dataclass(frozen=True, kw_only=True)
class FullyConnected(LayerBase):
    """A fully connected layer: a convolution whose filter covers the plane (Table I: H = R, W = S, E = F = 1).

    With H absent the input is a plain vector of C elements.  Raises InputError when an extent is not a positive whole
    number, R differs from H or S from W, or E or F is not 1.

    >>> FullyConnected("FC6", M=4096, C=256, H=6).weight_words
    37748736
    """

    M: int
    C: int
    H: int = DERIVED
    W: int = DERIVED
    R: int = DERIVED
    S: int = DERIVED
    E: int = 1
    F: int = 1
    N: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.H is DERIVED:
            settle(self, H=1 if self.R is DERIVED else self.R)
        if self.W is DERIVED:
            settle(self, W=self.H if self.S is DERIVED else self.S)
        settle(self, R=self.H if self.R is DERIVED else self.R, S=self.W if self.S is DERIVED else self.S)
        for inner, outer in (("R", "H"), ("S", "W")):
            if getattr(self, inner) != getattr(self, outer):
                raise InputError(
                    f"{self.name}: {inner} must equal {outer}={getattr(self, outer)} in a fully connected layer, "
                    f"not {getattr(self, inner)}"
                )
        for letter in ("E", "F"):
            if getattr(self, letter) != 1:
                raise InputError(
                    f"{self.name}: {letter} must be 1 in a fully connected layer, not {getattr(self, letter)}"
                )

    def lowered(self) -> Operation:
        """Dims N G M C E F R S, with G = E = F = 1."""
        plane = lowering.Plane((self.H, self.W), (self.R, self.S), (1, 1))
        return lowering.convolution(self.name, self.N, 1, self.M, self.C, plane)


@dataclass(frozen=True, kw_only=True)
class MatrixProduct(LayerBase):
    """B independent products of an M x K matrix of activations with a K x N matrix.

    Inside, the survey's letters are used, so the same mappings and dataflows apply:

        M rows of activations -> N      N output columns -> M      K reduction -> C      B products -> G

    ``second`` says what the K x N matrix is: trained ``weights``; or ``activations`` (attention), or a ``cache`` of
    them that outlives the run (keys and values of earlier tokens), which count no weights; the tensor is called
    weights in any case.  ``samples`` is the batch: rows M x samples against the same
    weights, or B x samples products of activations.  Raises InputError when an extent is not a positive whole number.

    >>> MatrixProduct("scores", M=128, K=64, N=128, B=12, second="activations").macs
    12582912
    """

    M: int
    K: int
    N: int
    B: int = 1
    second: SecondOperand = "weights"
    samples: int = 1
    batch_field: ClassVar[str] = "samples"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.name, "samples", self.samples)
        check_choice(self.name, "second", self.second, get_args(SecondOperand))

    def lowered(self) -> Operation:
        """Dims N G M C E F R S: the rows, products, columns and reduction; E = F = R = S = 1."""
        shared = self.second == "weights"
        rows, products = (self.M * self.samples, self.B) if shared else (self.M, self.B * self.samples)
        return lowering.convolution(self.name, rows, products, self.N, self.K, lowering.Plane((1, 1), (1, 1), (1, 1)))

    @property
    def weight_words(self) -> int:
        """Trained weights; 0 when both matrices are activations."""
        return super().weight_words if self.second == "weights" else 0

    @property
    def cache_words(self) -> int:
        """Activations of earlier steps that must be kept to run it."""
        return self.B * self.samples * self.K * self.N if self.second == "cache" else 0


@dataclass(frozen=True, kw_only=True)
class Pooling(Sliding):
    """Max or average pooling: C channels, an R x S window; E and F as in Convolution.  No MACs.

    Raises InputError as Convolution does."""

    function: PoolFunction = "max"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice(self.name, "function", self.function, get_args(PoolFunction))

    def lowered(self) -> Operation:
        """Dims N C E F R S."""
        return lowering.pooling(self.name, self.N, self.C, self.plane)


Layer = (
    Convolution
    | TransposedConvolution
    | FullyConnected
    | MatrixProduct
    | Pooling
    | Elementwise
    | Normalisation
    | Softmax
    | Embedding
    | Concatenation
    | Upsampling
    | RecurrentCell
)
"""Every kind of layer."""
