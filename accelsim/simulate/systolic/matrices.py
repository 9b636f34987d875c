"""Operands of a layer laid out as the matrices that an array takes, and its outputs laid back.

Every point of the iteration space is one term of the product, so an operand's matrix holds a copy of an element for
every point that uses it (im2col), zero in the padding; results whose index lies outside the output belong to nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accelsim.simulate.reference import Values
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import Operation, Tensor


def matrices(form: MatrixForm, operands: list[Values]) -> tuple[Values, Values]:
    """inputs [g, m, k] and weights [g, k, n] of the operands."""
    inputs, weights = form.operation.operands
    return (
        _laid_out(form.operation, inputs, operands[0], (form.group_dims, form.row_dims, form.term_dims)),
        _laid_out(form.operation, weights, operands[1], (form.group_dims, form.term_dims, form.column_dims)),
    )


def laid_back(form: MatrixForm, product: Values) -> Values:
    """The output tensor of a product [g, m, n]; elements that several entries belong to are their sum."""
    output = form.operation.output
    out = np.zeros(output.words, dtype=np.int64)
    index, inside = _indices(form.operation, output, (form.group_dims, form.row_dims, form.column_dims))
    np.add.at(out, index[inside], product[inside])
    return out.reshape(output.shape)


def _laid_out(operation: Operation, tensor: Tensor, data: Values, axes: tuple[tuple[str, ...], ...]) -> Values:
    index, inside = _indices(operation, tensor, axes)
    return np.ascontiguousarray(np.where(inside, data.ravel()[np.where(inside, index, 0)], 0))


def _indices(
    operation: Operation, tensor: Tensor, axes: tuple[tuple[str, ...], ...]
) -> tuple[Values, NDArray[np.bool_]]:
    """Flat index into the tensor, and whether it is data, per combination of dims; dims of one axis are flattened."""
    dims = [dim for axis in axes for dim in axis]
    sizes = [operation.extents[dim] for dim in dims]
    index = np.zeros(sizes, dtype=np.int64)
    inside = np.ones(sizes, dtype=np.bool_)
    for rank in tensor.ranks:
        at = np.full(sizes, rank.offset, dtype=np.int64)
        for term in rank.terms:
            shape = [1] * len(dims)
            shape[dims.index(term.dim)] = -1
            at = at + term.stride * np.arange(operation.extents[term.dim]).reshape(shape)
        inside &= (at >= 0) & (at < rank.size)
        index = index * rank.size + at
    lengths = [int(np.prod([operation.extents[dim] for dim in axis], dtype=np.int64)) for axis in axes]
    return index.reshape(lengths), inside.reshape(lengths)
