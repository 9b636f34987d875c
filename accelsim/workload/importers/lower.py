"""From a neutral graph to a network: what becomes a layer, what is fused into one, and what is skipped, decided once.

fused     batch normalisation behind a layer with MACs (its factors go into the weights), a bias, a comparison (ReLU
          and kin), which is done as outputs leave, and the steps of a function that is written out
skipped   other views of the same words (reshape, transpose, slice), what is for training, constants, and
          concatenation, where every part can be written to its place at once
"""

from __future__ import annotations

from collections.abc import Callable

from accelsim.errors import InputError
from accelsim.workload.importers import lower_macs, lower_vector
from accelsim.workload.importers.graph import Graph, Node
from accelsim.workload.importers.patterns import joined
from accelsim.workload.importers.report import Imported, NodeReport
from accelsim.workload.importers.work import Work
from accelsim.workload.network import Network

Lower = Callable[[Work, Node], str]
"""Adds the layers of a node and returns what the report says of it."""
LOWERED: dict[str, Lower] = {
    "conv": lower_macs.convolution,
    "linear": lower_macs.linear,
    "matmul": lower_macs.product,
    "attention": lower_macs.attention,
    "recurrent": lower_macs.recurrent,
    "pool": lower_vector.pool,
    "reduce": lower_vector.reduction,
    "elementwise": lower_vector.elementwise,
    "norm": lower_vector.norm,
    "softmax": lower_vector.softmax,
    "embedding": lower_vector.embedding,
    "upsample": lower_vector.upsample,
}
BIAS, SCALE = "a bias", "its factors go into the weights"
FACTORS = {"add": BIAS, "offset": BIAS, "subtract": BIAS, "multiply": SCALE, "scale": SCALE, "divide": SCALE}
"""What a function with one constant operand per channel is, behind a layer that has weights or factors of its own."""
AS_OUTPUTS_LEAVE = ("relu", "leaky_relu", "clip")


def lower(graph: Graph) -> Imported:
    """The network of a graph, with what became of every node.

    Raises InputError, naming the node, for what our layers cannot say, and when nothing is left to compute.
    """
    graph, steps = joined(graph)
    work = Work(graph, steps)
    reports = [_lowered(work, node) for node in graph.nodes]
    if not work.entries:
        raise InputError(
            f"{graph.label}: must have at least one operation that becomes a layer; every node was skipped"
        )
    network = Network(graph.name, tuple(work.entries), graph.source)
    notes = (
        ("Biases, scales and shifts are not counted as weights.",) if any(r.fate == "fused" for r in reports) else ()
    )
    return Imported(network, tuple(reports), notes)


def _lowered(work: Work, node: Node) -> NodeReport:
    for name in node.inputs:
        if name not in work.graph.values:
            raise InputError(f"{work.graph.label}: {node.where}: the shape of its operand '{name}' is not known")
    if node.outputs and node.outputs[0] in work.steps:
        return NodeReport(node.name, node.kind, "fused", work.steps[node.outputs[0]])
    if node.op == "view":
        return NodeReport(node.name, node.kind, "skipped", _viewed(work, node))
    if all(work.graph.values[name].constant for name in node.inputs) and node.op != "recurrent":
        work.same(node.outputs[0], node.inputs[0])
        return NodeReport(node.name, node.kind, "skipped", "its operands are constant")
    if node.op == "concat":
        return NodeReport(node.name, node.kind, *lower_vector.concatenation(work, node))
    into = _fused_into(work, node)
    if into is not None:
        return NodeReport(node.name, node.kind, "fused", into)
    try:
        return NodeReport(node.name, node.kind, "taken", LOWERED[node.op](work, node))
    except InputError as error:
        raise InputError(f"{work.graph.label}: {node.where}: {error}") from None
    except (IndexError, KeyError, TypeError, ValueError) as error:  # too few operands, or attributes of another kind
        raise InputError(f"{work.graph.label}: {node.where}: its operands and attributes do not fit: {error}") from None


def _viewed(work: Work, node: Node) -> str:
    for output in node.outputs:
        if output not in work.graph.values:
            continue  # a second output that nobody reads, such as the mask of a dropout
        work.same(output, node.inputs[0])
        work.flatten(output, node.inputs[0])
        for other in node.inputs[1:]:
            if work.is_constant(node.inputs[0]) and not work.is_constant(other):
                work.same(output, other)
    return str(node.attributes.get("why", "another view of the same words"))


def _inverted(node: Node, moving: list[str]) -> bool:
    """A constant divided by the tensor is no factor."""
    return node.attributes.get("function") == "divide" and node.inputs[0] != moving[0]


def _fused_into(work: Work, node: Node) -> str | None:
    """What the report says when the node is done by the layer before it; None when it is a layer of its own."""
    moving = [name for name in node.inputs if not work.is_constant(name)]
    if len(moving) != 1 or work.readers[moving[0]] != 1:
        return None
    before = work.made_by(moving[0])
    if before is None:
        return None
    same_words = work.graph.values[moving[0]].words == work.graph.values[node.outputs[0]].words
    function, note = node.attributes.get("function"), ""
    if node.op == "norm" and function == "batch" and before.affine:
        note = SCALE
    elif (
        node.op == "elementwise"
        and function in FACTORS
        and before.affine
        and same_words
        and not _inverted(node, moving)
    ):
        extra = max((work.graph.values[name].words for name in node.inputs if name != moving[0]), default=1)
        note = FACTORS[function] if extra <= before.filters else ""
    elif node.op == "elementwise" and function in AS_OUTPUTS_LEAVE:
        note = "a comparison as outputs leave"
    if not note:
        return None
    work.same(node.outputs[0], moving[0])
    work.handed_on(moving[0], node.outputs[0], affine=function not in AS_OUTPUTS_LEAVE)
    return f"into {before.layer}: {note}"
