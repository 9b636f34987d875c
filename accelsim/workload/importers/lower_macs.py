"""Nodes with MACs as layers: convolutions, products with weights, products of activations, attention, recurrence."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Node, Shape
from accelsim.workload.importers.work import Work
from accelsim.workload.layer import Convolution, FullyConnected, Layer, MatrixProduct, TransposedConvolution
from accelsim.workload.recurrent import recurrent_layers
from accelsim.workload.vector_layers import Softmax
from accelsim.workload.window import Padding


def convolution(work: Work, node: Node) -> str:
    """A convolution of one or two spatial axes (one axis is a plane of one row), transposed or not."""
    x, w = node.inputs[:2]
    shape, weights, a = work.shape(x), work.shape(w), node.attributes
    if len(shape) not in (3, 4) or len(weights) != len(shape):
        raise InputError(f"a convolution must have one or two spatial axes, not {len(shape) - 2}")
    if not work.is_constant(w):
        raise InputError("the weights of a convolution must be constant, not computed from activations")
    if 0 in (*shape, *weights):
        raise InputError(f"every extent must be at least 1, not {shape} by {weights}")
    (H, W), (R, S) = _plane(shape[2:]), _plane(weights[2:])
    U, dilation = _plane(a["stride"]), _plane(a["dilation"])
    top_bottom, left_right = ((0, 0), a["padding"][0]) if len(shape) == 3 else a["padding"]
    G, transposed = a["groups"], a["transposed"]
    M = weights[1] * G if transposed else weights[0]
    expected = weights[0] if transposed else weights[1] * G
    if shape[1] != expected:
        raise InputError(f"weights of shape {weights} in {G} groups must meet {expected} channels, not {shape[1]}")
    name, bits = work.names.fresh(node.name), work.bits(x, w)
    letters = {"N": shape[0], "G": G, "M": M, "C": shape[1], "H": H, "W": W, "R": R, "S": S}
    around = Padding(*top_bottom, *left_right)
    layer: Layer
    if transposed:
        extra = _plane(a["output_padding"]) if len(shape) == 4 else (0, a["output_padding"][0])
        layer = TransposedConvolution(
            name, **letters, U=U, dilation=dilation, padding=around, output_padding=extra, bits=bits
        )
    else:
        layer = Convolution(name, **letters, U=U, dilation=dilation, padding=around, bits=bits)
    given = work.shape(node.outputs[0])
    _check_shape(given, (shape[0], M, layer.E, layer.F) if len(shape) == 4 else (shape[0], M, layer.F))
    return work.add(layer, work.sources(x), node.outputs[0], weights=w)


def _plane(axes: Shape) -> tuple[int, int]:
    return (1, axes[0]) if len(axes) == 1 else (axes[0], axes[1])


def _check_shape(stated: Shape, computed: Shape) -> None:
    """What the graph states must be what the attributes give: else one of them is damaged."""
    if stated != computed:
        raise InputError(f"its output must have the shape {computed} that its attributes give, not {stated}")


def linear(work: Work, node: Node) -> str:
    """A product with trained weights: fully connected for rows of words, a matrix product for sequences of them."""
    x, w = node.inputs[:2]
    shape, weights = work.shape(x), work.shape(w)
    if len(weights) != 2 or not shape:
        raise InputError(f"weights must be a matrix and inputs have an axis, not {weights} and {shape}")
    N, K = weights if node.attributes["out_first"] else weights[::-1]
    if shape[-1] != K:
        raise InputError(f"weights of shape {weights} must meet rows of {K} words, not {shape[-1]}")
    _check_shape(work.shape(node.outputs[0]), (*shape[:-1], N))
    name, bits = work.names.fresh(node.name), work.bits(x, w)
    layer: Layer
    if not work.is_constant(w):  # both are activations
        layer = MatrixProduct(name, M=prod(shape[:-1]), K=K, N=N, second="activations", bits=bits)
        return work.add(layer, tuple(dict.fromkeys((work.source(x), work.source(w)))), node.outputs[0])
    if len(shape) <= 2:
        plane = work.plane(x)
        C, H, W = plane[1:] if plane else (K, 1, 1)
        layer = FullyConnected(name, N=shape[0] if len(shape) == 2 else 1, M=N, C=C, H=H, W=W, bits=bits)
    else:
        layer = MatrixProduct(name, M=prod(shape[1:-1]), K=K, N=N, samples=shape[0], bits=bits)
    return work.add(layer, work.sources(x), node.outputs[0], weights=w)


def product(work: Work, node: Node) -> str:
    """A product of matrices; with one constant operand, trained weights."""
    a, b = node.inputs[:2]
    left, right = work.shape(a), work.shape(b)
    if work.is_constant(b) and len(right) == 2:
        return linear(work, Node(node.name, node.kind, "linear", (a, b), node.outputs, {"out_first": False}))
    if len(left) < 2 or len(right) < 2:
        raise InputError(f"operands of a product must be matrices, not {left} and {right}")
    if left[-1] != right[-2]:
        raise InputError(f"a product of {left} and {right} must sum over equal extents, not {left[-1]} and {right[-2]}")
    batch = _broadcast(left[:-2], right[:-2])
    _check_shape(work.shape(node.outputs[0]), (*batch, left[-2], right[-1]))
    if work.is_constant(a):  # weights from the left: the transposed product
        a, b, left, right = b, a, _transposed(right), _transposed(left)
    trained = work.is_constant(b)
    M, K, N = left[-2], left[-1], right[-1]
    name, bits = work.names.fresh(node.name), work.bits(a, b)
    layer = replace(_batched(name, batch, M, K, N, trained), bits=bits)
    inputs = work.sources(a) if trained else tuple(dict.fromkeys((work.source(a), work.source(b))))
    return work.add(layer, inputs, node.outputs[0], weights=b if trained else "")


def _batched(name: str, batch: Shape, M: int, K: int, N: int, trained: bool = False) -> MatrixProduct:
    """Products of activations: the first axis is the batch where there are several, the others are products."""
    if trained:
        return MatrixProduct(name, M=M, K=K, N=N, B=prod(batch))
    samples, B = (batch[0], prod(batch[1:])) if len(batch) > 1 else (1, prod(batch))
    return MatrixProduct(name, M=M, K=K, N=N, B=B, samples=samples, second="activations")


def _transposed(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2])


def _broadcast(left: Shape, right: Shape) -> Shape:
    """The batch axes of a product; raises InputError when they do not agree."""
    length = max(len(left), len(right))
    pairs = zip((1,) * (length - len(left)) + left, (1,) * (length - len(right)) + right, strict=True)
    batch = []
    for one, other in pairs:
        if one != other and 1 not in (one, other):
            raise InputError(f"batch axes {left} and {right} must agree or be 1")
        batch.append(max(one, other))
    return tuple(batch)


def attention(work: Work, node: Node) -> str:
    """Scaled dot-product attention: scores, their softmax, and the product with the values, as three layers.

    Query heads that share key heads are rows of one product, so that its keys are reused.
    """
    q, k, v = node.inputs[:3]
    query, keys, values = work.shape(q), work.shape(k), work.shape(v)
    if not (len(query) == len(keys) == len(values) and len(query) >= 3):
        raise InputError(f"queries, keys and values must have the same axes, not {query}, {keys}, {values}")
    heads, kv_heads = prod(query[1:-2]), prod(keys[1:-2])
    if heads % kv_heads or keys[-2] != values[-2] or query[-1] != keys[-1] or query[0] != keys[0]:
        raise InputError(f"queries {query} do not fit keys {keys} and values {values}")
    rows = query[-2] * (heads // kv_heads)
    stem, L = work.names.fresh(node.name), keys[-2]
    batch = (query[0], kv_heads)
    scores = _batched(work.names.fresh(f"{stem}.scores"), batch, rows, query[-1], L)
    soft = Softmax(work.names.fresh(f"{stem}.softmax"), N=query[0], C=L, H=heads * query[-2], W=1)
    attend = _batched(work.names.fresh(f"{stem}.attend"), batch, rows, L, values[-1])
    made = f"{node.outputs[0]}/scores"
    first = work.add(scores, tuple(dict.fromkeys((work.source(q), work.source(k)))), made)
    second = work.add(soft, (first,), made)
    last = work.add(attend, (second, work.source(v)), node.outputs[0])
    return f"{first}, {second}, {last}"


def recurrent(work: Work, node: Node) -> str:
    """A recurrent layer in one or two directions: two products and a cell for each."""
    a, x = node.attributes, node.inputs[0]
    laid = []
    for way in a["ways"]:
        wanted = node.name if len(a["ways"]) == 1 else f"{node.name}.{way}"
        layers = recurrent_layers(
            wanted, a["function"], C=a["width"], M=a["hidden"], T=a["steps"], N=a["batch"], inputs=work.sources(x)
        )
        renamed: dict[str, str] = {}
        for entry in layers:
            name = work.names.fresh(entry.name)
            renamed[entry.name] = name
            inputs = tuple(renamed.get(source, source) for source in entry.inputs)
            work.add(replace(entry.layer, name=name), inputs, node.outputs[0], steps=entry.steps)
        laid.append(renamed[layers[-1].name])
    work.join(node.outputs, tuple(laid))
    return ", ".join(laid)
