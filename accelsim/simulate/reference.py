"""The result of an operation in plain NumPy, computed without any mapping.

Dims that share a rank with another (filter taps) or that occur twice in a tensor are looped over; the rest is one
einsum. Padding multiplies as zero; a point whose output index lies outside the output adds to nothing.
"""

from __future__ import annotations

from itertools import product
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from accelsim.workload.operation import Operation, Rank, Tensor

Values = NDArray[np.int64]


def random_operands(operation: Operation, seed: int) -> list[Values]:
    """Small non-zero integers for every operand; sums stay exact in int64."""
    random = np.random.default_rng(seed)
    out = []
    for tensor in operation.operands:
        values = random.integers(1, 8, size=tensor.shape, dtype=np.int64)
        out.append(np.where(random.random(tensor.shape) < 0.5, -values, values))
    return out


def result(operation: Operation, operands: list[Values]) -> Values:
    """The output of the operation on these operands."""
    extents = operation.extents
    taps = _looped(operation)
    free = [dim for dim in operation.dims if dim not in taps]
    letter = dict(zip(free, ascii_letters, strict=False))
    output = operation.output
    total = np.zeros(output.shape, dtype=np.int64)
    unread = [dim for dim in free if not any(dim in tensor.dims for tensor in operation.operands)]
    indices = [_letters(tensor, letter) for tensor in operation.operands] + [letter[dim] for dim in unread]
    subscripts = f"{','.join(indices)}->{_letters(output, letter)}"
    for values in product(*(range(extents[dim]) for dim in taps)):
        at = dict(zip(taps, values, strict=True))
        factors = [
            _gather(tensor, data, at, extents) for tensor, data in zip(operation.operands, operands, strict=True)
        ]
        factors += [np.ones(extents[dim], dtype=np.int64) for dim in unread]
        part = np.einsum(subscripts, *factors)
        _scatter(output, total, part, at, extents)
    return total


def _looped(operation: Operation) -> list[str]:
    """Dims to loop over so that every rank is moved by one dim at most, and a dim moves one rank of a tensor."""
    looped: set[str] = set()
    for tensor in operation.tensors:
        seen: set[str] = set()
        for rank in tensor.ranks:
            terms = sorted(rank.terms, key=lambda term: operation.extents[term.dim])
            looped.update(term.dim for term in terms[:-1])
            looped.update(term.dim for term in terms if term.dim in seen)
            seen.update(term.dim for term in terms)
    return [dim for dim in operation.dims if dim in looped]


def _letters(tensor: Tensor, letter: dict[str, str]) -> str:
    return "".join(letter[term.dim] for rank in tensor.ranks for term in rank.terms if term.dim in letter)


def _indices(rank: Rank, at: dict[str, int], extents: dict[str, int]) -> Values:
    """Index along the rank for every position of its one free dim (a single one when it has none)."""
    index = np.full(1, rank.offset, dtype=np.int64)
    for term in rank.terms:
        place = np.array([at[term.dim]]) if term.dim in at else np.arange(extents[term.dim])
        index = index + term.stride * place
    return index


def _is_free(rank: Rank, at: dict[str, int]) -> bool:
    return any(term.dim not in at for term in rank.terms)


def _gather(tensor: Tensor, data: Values, at: dict[str, int], extents: dict[str, int]) -> Values:
    """The operand with one axis per free dim, zero in the padding."""
    for axis, rank in enumerate(tensor.ranks):
        index = _indices(rank, at, extents)
        inside = (index >= 0) & (index < rank.size)
        shape = [1] * data.ndim
        shape[axis] = len(index)
        data = np.take(data, np.where(inside, index, 0), axis=axis) * inside.reshape(shape)
    return data.reshape([n for n, rank in zip(data.shape, tensor.ranks, strict=True) if _is_free(rank, at)])


def _scatter(tensor: Tensor, total: Values, part: Values, at: dict[str, int], extents: dict[str, int]) -> None:
    """Adds ``part`` (one axis per free dim) into ``total`` where its indices lie inside."""
    inside, keep, full = [], [], []
    for rank in tensor.ranks:
        index = _indices(rank, at, extents)
        mask = (index >= 0) & (index < rank.size)
        inside.append(index[mask])
        keep.append(np.flatnonzero(mask))
        full.append(len(index))
    total[np.ix_(*inside)] += part.reshape(full)[np.ix_(*keep)]
