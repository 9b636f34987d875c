"""Any layer with MACs as products of matrices (im2col), the form in which systolic arrays take it.

    outputs[g, m, n] += inputs[g, m, k] x weights[g, k, n]

Each dim of the iteration space has one part in it, told by the tensors that it indexes:

    inputs, weights, outputs  g   products that share nothing (groups, batched products)
    inputs, outputs           m   rows (images, output pixels)
    weights, outputs          n   columns (filters)
    inputs, weights           k   terms of the sum (channels, filter taps)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from accelsim.errors import InputError
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class MatrixForm:
    """``operation`` as ``groups`` products of ``rows`` x ``terms`` by ``terms`` x ``columns``; dims outermost first.

    >>> from accelsim.workload.layer import Convolution
    >>> form = MatrixForm.of(Convolution(name="CONV3", M=384, C=256, H=15, R=3).operation())
    >>> form.groups, form.rows, form.terms, form.columns
    (1, 169, 2304, 384)
    """

    operation: Operation
    group_dims: tuple[str, ...]
    row_dims: tuple[str, ...]
    term_dims: tuple[str, ...]
    column_dims: tuple[str, ...]

    @staticmethod
    def of(operation: Operation) -> MatrixForm:
        """The form of an operation; raises InputError where it has no MACs or a dim has no part in a product."""
        if operation.kind != "mac" or len(operation.tensors) != 3:
            raise InputError(
                f"{operation.name}: a systolic array takes layers with MACs, not {operation.kind} operations"
            )
        inputs, weights, outputs = (tensor.dims for tensor in operation.tensors)
        parts: dict[tuple[bool, bool, bool], list[str]] = {
            (True, True, True): [], (True, False, True): [], (True, True, False): [], (False, True, True): [],
        }  # fmt: skip
        for dim in operation.dims:
            where = (dim in inputs, dim in weights, dim in outputs)
            if where not in parts:
                raise InputError(f"{operation.name}: dim {dim} must index two or three tensors, not {sum(where)}")
            parts[where].append(dim)
        groups, rows, terms, columns = (tuple(dims) for dims in parts.values())
        return MatrixForm(operation, groups, rows, terms, columns)

    def _extent(self, dims: tuple[str, ...]) -> int:
        return prod(self.operation.extents[dim] for dim in dims)

    @property
    def groups(self) -> int:
        return self._extent(self.group_dims)

    @property
    def rows(self) -> int:
        return self._extent(self.row_dims)

    @property
    def terms(self) -> int:
        return self._extent(self.term_dims)

    @property
    def columns(self) -> int:
        return self._extent(self.column_dims)

    @property
    def macs(self) -> int:
        return self.groups * self.rows * self.terms * self.columns
