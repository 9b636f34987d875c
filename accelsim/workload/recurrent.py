"""A recurrent layer is two matrix products and a cell: the input's of all steps at once, the rest step by step.

    name.input    (T N) x C by C x gates M      all steps share it
    name.hidden   N x M by M x gates M          T steps, one after the other, with the same weights
    name.cell     the gates' functions          T steps

MACs = T N (C + M) gates M        weights = (C + M) gates M
"""

from __future__ import annotations

from accelsim.workload.layer import MatrixProduct
from accelsim.workload.network import NetworkLayer
from accelsim.workload.precision import MACHINE_WORD, Bits
from accelsim.workload.vector_layers import CELL, CellFunction, RecurrentCell


def recurrent_layers(
    name: str, function: CellFunction, *, C: int, M: int, T: int = 1, N: int = 1, repeat: int = 1,
    inputs: tuple[str, ...] = (), bits: Bits = MACHINE_WORD,
) -> tuple[NetworkLayer, ...]:  # fmt: skip
    """The layers of a recurrent layer of M hidden units over T steps of C inputs, for N sequences.

    The last is what the next layer takes its input from.  Raises InputError when an extent is not a positive number.
    """
    gates = CELL[function][0] * M
    first, second, cell = (f"{name}.{part}" for part in ("input", "hidden", "cell"))
    plain = Bits(bits.inputs, bits.weights, bits.inputs)
    return (
        NetworkLayer(MatrixProduct(first, M=T, K=C, N=gates, samples=N, bits=bits), repeat, inputs),
        NetworkLayer(MatrixProduct(second, M=1, K=M, N=gates, samples=N, bits=bits), repeat, (first,), T),
        NetworkLayer(RecurrentCell(cell, C=M, N=N, function=function, bits=plain), repeat, (first, second), T),
    )
