"""Shapes of any rank seen as N x C x H x W, the letters of layers without MACs.

rank 1  C          rank 3  N H C      (tokens of C words)
rank 2  N C        rank 4  N C H W    more: the axes between the second and the last two are merged into C
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from accelsim.workload.importers.graph import Shape

LETTERS = {0: "", 1: "C", 2: "NC", 3: "NHC", 4: "NCHW"}


@dataclass(frozen=True)
class Extents:
    """N, C, H, W of a layer without MACs."""

    N: int = 1
    C: int = 1
    H: int = 1
    W: int = 1


def extents_of(shape: Shape) -> Extents:
    """The shape by its letters.

    >>> extents_of((2, 128, 768))
    Extents(N=2, C=768, H=128, W=1)
    """
    shape = _merged(shape)
    return Extents(**dict(zip(LETTERS[len(shape)], shape, strict=True)))


def rows_of(shape: Shape, axes: tuple[int, ...]) -> Extents:
    """The shape for a function that works along ``axes``: their product is C, the rest is N (first) and H x W.

    >>> rows_of((2, 12, 128, 64), (3,))       # rows of 64 elements
    Extents(N=2, C=64, H=1536, W=1)
    """
    along = {axis % len(shape) for axis in axes} if shape else set()
    rest = [extent for axis, extent in enumerate(shape) if axis not in along]
    C = prod(shape[axis] for axis in along)
    if len(shape) == 4 and along == {1}:
        return Extents(shape[0], C, shape[2], shape[3])
    batch = 0 not in along and len(rest) > 1
    return Extents(rest[0] if batch else 1, C, prod(rest[1:] if batch else rest), 1)


def spans_of(output: Shape, operands: list[Shape]) -> tuple[str, ...]:
    """Per operand, the letters that index it where it is smaller than the output; () when all are as large.

    >>> spans_of((1, 64, 7, 7), [(1, 64, 7, 7), (1, 64, 1, 1)])
    ('NCHW', 'NC')
    """
    full = _merged(output)
    letters = LETTERS[len(full)]
    spans = []
    for operand in operands:
        padded = (1,) * (len(output) - len(operand)) + operand
        mine = _merged(padded, output)
        span = {letter for letter, own, whole in zip(letters, mine, full, strict=True) if own == whole}
        spans.append("".join(letter for letter in "NCHW" if letter in span or letter not in letters))
    return () if all(span == "NCHW" for span in spans) else tuple(spans)


def _merged(shape: Shape, whole: Shape | None = None) -> Shape:
    """At most four axes; of more, the middle ones become one (an operand that is broadcast along a part of them counts
    as full, since the words of a part are fetched again)."""
    if len(shape) <= 4:
        return shape
    middle, full = shape[1:-2], (whole or shape)[1:-2]
    merged = 1 if all(extent == 1 for extent in middle) and prod(full) > 1 else prod(full)
    return (shape[0], merged, *shape[-2:])
