"""From a layer's letters to an Operation: the einsum of each kind of layer, written once.

    convolution    outputs[n, g, m, e, f] += inputs[n, g, c, U e + dil r - top, U f + dil s - left]
                                             * weights[g, m, c, r, s]
    transposed     outputs[n, g, m, U h + dil r - top, U w + dil s - left] += inputs[n, g, c, h, w]
                                             * weights[g, m, c, r, s]
    pooling        outputs[n, c, e, f]  gathers  inputs[n, c, U e + dil r - top, U f + dil s - left]
    elementwise    outputs[n, c, h, w]  combines inputs[n, c, h, w], inputs2[n, c, h, w], ...

M and C are *per group* here (a layer states totals), so a grouped convolution needs no rule of its own.  Dims with
bound 1 stay: mappings may name them.  A transposed convolution walks its inputs, so no inserted zero is multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS, Operation, Rank, Tensor, Term
from accelsim.workload.window import NO_PADDING, Padding, Pair


@dataclass(frozen=True)
class Plane:
    """The extents of a sliding window over a plane, settled: (vertical, horizontal) each."""

    H: Pair
    R: Pair
    E: Pair
    U: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = NO_PADDING


def _plain(dim: str, size: int) -> Rank:
    return Rank((Term(dim),), size)


def _windows(plane: Plane, transposed: bool = False) -> tuple[Rank, Rank]:
    """Row and column rank that slide: over the inputs by E and R, or over the outputs by H and R."""
    dims = ("H", "W") if transposed else ("E", "F")
    sizes = plane.E if transposed else plane.H
    starts = (plane.padding.top, plane.padding.left)
    rows, columns = (
        Rank((Term(dims[i], plane.U[i]), Term("RS"[i], plane.dilation[i])), sizes[i], -starts[i]) for i in (0, 1)
    )
    return rows, columns


def _weights(G: int, M: int, C: int, R: Pair) -> Tensor:
    return Tensor(WEIGHTS, (_plain("G", G), _plain("M", M), _plain("C", C), _plain("R", R[0]), _plain("S", R[1])))


def convolution(name: str, N: int, G: int, M: int, C: int, plane: Plane) -> Operation:
    """The operation of a convolution with M filters and C channels in each of G groups, N images.

    Points N x G x M x C x E x F x R x S, padding included."""
    (E, F), (R, S) = plane.E, plane.R
    return Operation(
        name,
        (("N", N), ("G", G), ("M", M), ("C", C), ("E", E), ("F", F), ("R", R), ("S", S)),
        (
            Tensor(INPUTS, (_plain("N", N), _plain("G", G), _plain("C", C), *_windows(plane))),
            _weights(G, M, C, plane.R),
            Tensor(OUTPUTS, (_plain("N", N), _plain("G", G), _plain("M", M), _plain("E", E), _plain("F", F))),
        ),
    )


def transposed_convolution(name: str, N: int, G: int, M: int, C: int, plane: Plane) -> Operation:
    """The operation of a transposed convolution: points N x G x M x C x H x W x R x S, those that padding crops off
    the output included."""
    (H, W), (R, S) = plane.H, plane.R
    return Operation(
        name,
        (("N", N), ("G", G), ("M", M), ("C", C), ("H", H), ("W", W), ("R", R), ("S", S)),
        (
            Tensor(INPUTS, (_plain("N", N), _plain("G", G), _plain("C", C), _plain("H", H), _plain("W", W))),
            _weights(G, M, C, plane.R),
            Tensor(OUTPUTS, (_plain("N", N), _plain("G", G), _plain("M", M), *_windows(plane, transposed=True))),
        ),
    )


def pooling(name: str, N: int, C: int, plane: Plane) -> Operation:
    """The vector operation of a pooling: one operation per point of N x C x E x F x R x S."""
    (E, F), (R, S) = plane.E, plane.R
    return Operation(
        name,
        (("N", N), ("C", C), ("E", E), ("F", F), ("R", R), ("S", S)),
        (
            Tensor(INPUTS, (_plain("N", N), _plain("C", C), *_windows(plane))),
            Tensor(OUTPUTS, (_plain("N", N), _plain("C", C), _plain("E", E), _plain("F", F))),
        ),
        kind="vector",
    )


def elementwise(name: str, N: int, C: int, H: int, W: int, operands: int) -> Operation:
    """The vector operation of an elementwise function: one operation per element, whatever the operands' number."""
    ranks = (_plain("N", N), _plain("C", C), _plain("H", H), _plain("W", W))
    names = [INPUTS, *(f"{INPUTS}{i}" for i in range(2, operands + 1)), OUTPUTS]
    bounds = (("N", N), ("C", C), ("H", H), ("W", W))
    return Operation(name, bounds, tuple(Tensor(tensor, ranks) for tensor in names), kind="vector")
