"""Nodes without MACs as layers of the vector unit."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Node
from accelsim.workload.importers.planes import extents_of, rows_of, spans_of
from accelsim.workload.importers.report import Fate
from accelsim.workload.importers.work import Work
from accelsim.workload.layer import Pooling
from accelsim.workload.network import INPUT, PARAMETER
from accelsim.workload.vector_layers import (
    UNARY,
    Concatenation,
    Elementwise,
    Embedding,
    Normalisation,
    Softmax,
    Upsampling,
)
from accelsim.workload.window import Padding

WITH_A_NUMBER = {"add": "offset", "subtract": "offset", "multiply": "scale", "divide": "scale", "power": "raise"}
"""A function of two operands -> what it is when one of them is a single number."""


OF_A_NUMBER = {"divide": "reciprocal", "power": "exp"}
"""The same where the number comes first: 1 / x, 2 ^ x."""


def elementwise(work: Work, node: Node) -> str:
    """A function of the elements at one place; one operand of a single constant number is part of the function."""
    function, output = node.attributes["function"], work.shape(node.outputs[0])
    operands = list(node.inputs)
    numbers = [name for name in operands if work.is_constant(name) and work.value(name).words == 1]
    if len(operands) == 2 and numbers and function in WITH_A_NUMBER:
        inverse = OF_A_NUMBER.get(function) if operands[0] == numbers[0] else None
        operands.remove(numbers[0])
        function = inverse or WITH_A_NUMBER[function]
    if len(operands) == 1 and function not in UNARY and function in WITH_A_NUMBER:
        function = WITH_A_NUMBER[function]
    if len(operands) > 1 and len({*operands}) == 1 and function == "multiply":
        operands, function = operands[:1], "square"
    name, e = work.names.fresh(node.name), extents_of(output)
    spans = spans_of(output, [work.shape(x) for x in operands])
    moving = next((x for x in operands if not work.is_constant(x)), operands[0])
    layer = Elementwise(
        name, N=e.N, C=e.C, H=e.H, W=e.W, function=function, operands=len(operands), spans=spans,
        bits=work.bits(moving, None, node.outputs[0]),
    )  # fmt: skip
    several = tuple(work.source(x) for x in operands)
    return work.add(layer, several if len(operands) > 1 else work.sources(operands[0]), node.outputs[0])


def norm(work: Work, node: Node) -> str:
    """A normalisation that cannot be folded; C is the product of the axes that it works along."""
    x, function, shape = node.inputs[0], node.attributes["function"], work.shape(node.inputs[0])
    rowwise = function in ("layer", "rms")
    e = rows_of(shape, node.attributes["axes"]) if rowwise else extents_of(shape if len(shape) != 3 else (*shape, 1))
    layer = Normalisation(
        work.names.fresh(node.name), N=e.N, C=e.C, H=e.H, W=e.W, function=function,
        size=node.attributes.get("size", 5), bits=work.bits(x, None, node.outputs[0]),
    )  # fmt: skip
    return work.add(layer, work.sources(x), node.outputs[0])


def softmax(work: Work, node: Node) -> str:
    """Softmax along one or more axes."""
    x = node.inputs[0]
    e = rows_of(work.shape(x), node.attributes["axes"])
    layer = Softmax(work.names.fresh(node.name), N=e.N, C=e.C, H=e.H, W=e.W, bits=work.bits(x, None, node.outputs[0]))
    return work.add(layer, work.sources(x), node.outputs[0])


def pool(work: Work, node: Node) -> str:
    """Pooling over one or two spatial axes."""
    x, a = node.inputs[0], node.attributes
    shape = work.shape(x)
    if len(shape) not in (3, 4):
        raise InputError(f"pooling must have one or two spatial axes, not {len(shape) - 2}")
    one = len(shape) == 3
    (H, W), (R, S) = ((1, shape[2]), (1, a["kernel"][0])) if one else (shape[2:], a["kernel"])
    U, dilation = ((1, a["stride"][0]), (1, a["dilation"][0])) if one else (a["stride"], a["dilation"])
    rows, columns = ((0, 0), a["padding"][0]) if one else a["padding"]
    letters = {"N": shape[0], "C": shape[1], "H": H, "W": W, "R": R, "S": S}
    layer = Pooling(
        work.names.fresh(node.name), **letters, U=U, dilation=dilation, padding=Padding(*rows, *columns),
        function=a["function"], bits=work.bits(x, None, node.outputs[0]),
    )  # fmt: skip
    return work.add(layer, work.sources(x), node.outputs[0])


def reduction(work: Work, node: Node) -> str:
    """A sum, mean or maximum over axes: pooling with a window of all that is reduced."""
    x, function, shape = node.inputs[0], node.attributes["function"], work.shape(node.inputs[0])
    axes = {axis % len(shape) for axis in node.attributes["axes"]} if shape else set()
    name, bits = work.names.fresh(node.name), work.bits(x, None, node.outputs[0])
    if len(shape) == 4 and axes == {2, 3}:
        N, C, H, W = shape
    else:
        e = rows_of(shape, tuple(axes))
        N, C, H, W = e.N, e.H * e.W, 1, e.C
    layer = Pooling(name, N=N, C=C, H=H, W=W, R=H, S=W, function=function, bits=bits)
    return work.add(layer, work.sources(x), node.outputs[0])


def embedding(work: Work, node: Node) -> str:
    """Rows of a table, one for each index."""
    table, indices = node.inputs[:2]
    rows, tokens = work.shape(table), work.shape(indices)
    if len(rows) != 2:
        raise InputError(f"a table must be a matrix, not {rows}")
    words = work.value(indices).words
    N = tokens[0] if len(tokens) > 1 else 1
    layer = Embedding(work.names.fresh(node.name), vocabulary=rows[0], C=rows[1], T=words // N, N=N)
    return work.add(layer, work.sources(indices), node.outputs[0], weights=table)


def upsample(work: Work, node: Node) -> str:
    """A plane made larger by whole factors."""
    x = node.inputs[0]
    e = extents_of(work.shape(x))
    layer = Upsampling(
        work.names.fresh(node.name), N=e.N, C=e.C, H=e.H, W=e.W, U=node.attributes["factors"],
        function=node.attributes["function"], bits=work.bits(x, None, node.outputs[0]),
    )  # fmt: skip
    return work.add(layer, work.sources(x), node.outputs[0])


def concatenation(work: Work, node: Node) -> tuple[Fate, str]:
    """Parts that layers write to their place need no layer; what no layer writes, or is there twice, is copied."""
    sources = [source for name in node.inputs for source in work.sources(name)]
    if len(node.inputs) == 1 or (not {INPUT, PARAMETER} & set(sources) and len(set(sources)) == len(sources)):
        work.parts(node.outputs[0], node.inputs)
        return "skipped", "every part is written to its place"
    output, axis = work.shape(node.outputs[0]), node.attributes["axis"]
    parts = tuple(work.shape(name)[axis] for name in node.inputs)
    e = rows_of(output, (axis,))
    layer = Concatenation(work.names.fresh(node.name), N=e.N, C=parts, H=e.H, W=e.W)
    return "taken", work.add(layer, tuple(work.source(name) for name in node.inputs), node.outputs[0])
