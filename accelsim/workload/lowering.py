"""From a layer's letters to an Operation: the einsum of each kind of layer, written once.

    convolution    outputs[n, g, m, e, f] += inputs[n, g, c, U e + dil r - top, U f + dil s - left]
                                             * weights[g, m, c, r, s]
    transposed     outputs[n, g, m, U h + dil r - top, U w + dil s - left] += inputs[n, g, c, h, w]
                                             * weights[g, m, c, r, s]
    pooling        outputs[n, c, e, f]  gathers  inputs[n, c, U e + dil r - top, U f + dil s - left]
    elementwise    outputs[n, c, h, w]  combines inputs[n, c, h, w], inputs2[n, c, h, w], ...
    streamed       outputs[n, c, h, w]  from inputs[n, c, h, w] in P operations (normalisation, softmax)
    embedding      outputs[n, t, c]     = rows[n, t, c], the table's row of token inputs[n, t]
    concatenation  outputs[n, c, h, w]  = inputs[n, c, h, w], inputs2[n, c - C1, h, w], ...
    upsampling     outputs[n, c, U h + r, U w + s]  from inputs[n, c, h, w]
    recurrent cell outputs[n, c]        from inputs[n, c + C gate], inputs2[n, c + C gate], inputs3[n, c]

M and C are *per group* here (a layer states totals), so a grouped convolution needs no rule of its own.  Dims with
bound 1 stay: mappings may name them.  A transposed convolution walks its inputs, so no inserted zero is multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.workload.operation import INPUTS, OUTPUTS, ROWS, WEIGHTS, Operation, Rank, Tensor, Term
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


def elementwise(name: str, extents: tuple[int, int, int, int], spans: tuple[str, ...]) -> Operation:
    """The vector operation of an elementwise function: one operation per element, whatever the operands' number.

    ``extents`` of N C H W; ``spans``: per operand, the letters that index it."""
    bounds = dict(zip("NCHW", extents, strict=True))
    names = [INPUTS, *(f"{INPUTS}{i}" for i in range(2, len(spans) + 1))]
    operands = [
        Tensor(tensor, tuple(_plain(letter, bounds[letter]) for letter in span))
        for tensor, span in zip(names, spans, strict=True)
    ]
    output = Tensor(OUTPUTS, tuple(_plain(*bound) for bound in bounds.items()))
    return Operation(name, tuple(bounds.items()), (*operands, output), kind="vector")


def streamed(name: str, extents: tuple[int, int, int, int], per_element: int) -> Operation:
    """The vector operation that takes in and gives out N C H W elements, P = ``per_element`` operations on each."""
    bounds = tuple(zip("NCHW", extents, strict=True))
    ranks = tuple(_plain(*bound) for bound in bounds)
    tensors = (Tensor(INPUTS, ranks), Tensor(OUTPUTS, ranks))
    return Operation(name, (*bounds, ("P", per_element)), tensors, kind="vector")


def embedding(name: str, N: int, T: int, C: int) -> Operation:
    """The vector operation that fetches a row of C words for each of N x T tokens."""
    rows = (_plain("N", N), _plain("T", T), _plain("C", C))
    tensors = (Tensor(INPUTS, rows[:2]), Tensor(ROWS, rows), Tensor(OUTPUTS, rows))
    return Operation(name, (("N", N), ("T", T), ("C", C)), tensors, kind="vector")


def concatenation(name: str, N: int, parts: tuple[int, ...], H: int, W: int) -> Operation:
    """The vector operation that copies tensors of ``parts`` channels behind one another; the negative offset of a
    tensor's rank says where in the common channels it starts."""
    around = (_plain("N", N), _plain("H", H), _plain("W", W))
    tensors, before = [], 0
    for i, part in enumerate(parts):
        channels = Rank((Term("C"),), part, -before)
        tensors.append(Tensor(INPUTS if not i else f"{INPUTS}{i + 1}", (around[0], channels, *around[1:])))
        before += part
    output = Tensor(OUTPUTS, (around[0], _plain("C", before), *around[1:]))
    return Operation(name, (("N", N), ("C", before), ("H", H), ("W", W)), (*tensors, output), kind="vector")


def upsampling(name: str, extents: tuple[int, int, int, int], U: Pair, per_element: int) -> Operation:
    """The vector operation that gives U[0] x U[1] elements for each of N C H W, ``per_element`` operations each."""
    bounds = tuple(zip("NCHW", extents, strict=True))
    ranks = tuple(_plain(*bound) for bound in bounds)
    planes = tuple(Rank((Term("HW"[i], U[i]), Term("RS"[i])), extents[2 + i] * U[i]) for i in (0, 1))
    tensors = (Tensor(INPUTS, ranks), Tensor(OUTPUTS, (*ranks[:2], *planes)))
    return Operation(name, (*bounds, ("R", U[0]), ("S", U[1]), ("P", per_element)), tensors, kind="vector")


def recurrent_cell(name: str, N: int, C: int, gates: int, per_unit: int) -> Operation:
    """The vector operation of a recurrent cell of C units: two operands of ``gates`` x C, and C words of state.

    ``per_unit`` operations on each unit, of which the first ``gates`` find one gate each."""
    batch, unit = _plain("N", N), _plain("C", C)
    sums = Rank((Term("C"), Term("P", C)), gates * C)
    tensors = (
        Tensor(INPUTS, (batch, sums)),
        Tensor(f"{INPUTS}2", (batch, sums)),
        Tensor(f"{INPUTS}3", (batch, unit)),
        Tensor(OUTPUTS, (batch, unit)),
    )
    return Operation(name, (("N", N), ("C", C), ("P", per_unit)), tensors, kind="vector")
