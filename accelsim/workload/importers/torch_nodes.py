"""ATen operators, as ``torch.export`` gives them, in the neutral graph's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Node, Shape, Value

BINARY = {
    "add": "add", "sub": "subtract", "rsub": "subtract", "mul": "multiply", "div": "divide", "maximum": "maximum",
    "minimum": "minimum", "pow": "power", "where": "select", "eq": "compare", "ne": "compare", "lt": "compare",
    "le": "compare", "gt": "compare", "ge": "compare", "__and__": "compare", "__or__": "compare", "__eq__": "compare",
    "logical_and": "compare", "logical_or": "compare", "bitwise_and": "compare", "bitwise_or": "compare",
    "masked_fill": "select", "remainder": "divide", "floor_divide": "divide", "atan2": "divide",
}  # fmt: skip
UNARY = {
    "relu": "relu", "relu6": "clip", "hardtanh": "clip", "clamp": "clip", "clamp_min": "clip", "clamp_max": "clip",
    "sigmoid": "sigmoid", "tanh": "tanh", "gelu": "gelu", "silu": "silu", "leaky_relu": "leaky_relu", "elu": "elu",
    "selu": "elu", "celu": "elu", "prelu": "leaky_relu", "hardswish": "hardswish", "hardsigmoid": "hardsigmoid",
    "softplus": "softplus", "mish": "mish", "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt",
    "reciprocal": "reciprocal", "erf": "erf", "abs": "abs", "neg": "negate", "sin": "sin", "cos": "cos",
    "square": "square", "floor": "round", "ceil": "round", "round": "round", "sign": "round", "logical_not": "round",
    "bitwise_not": "round", "log_sigmoid": "sigmoid", "isnan": "compare",
}  # fmt: skip
SHAPED, ORDERED = "another shape of the same words", "another order of the same words"
PART, SAME, REPEATED = "a part of the same words", "the same words", "the same words, several times"
INFERENCE, CONSTANT, CHECK = "does nothing in inference", "a constant", "a check, not data"
VIEWS = {
    **dict.fromkeys(("view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "_unsafe_view"), SHAPED),
    **dict.fromkeys(("view_as", "reshape_as", "unfold", "as_strided"), SHAPED),
    **dict.fromkeys(("permute", "transpose", "t", "roll", "flip", "pixel_shuffle", "pixel_unshuffle"), ORDERED),
    **dict.fromkeys(("movedim", "swapaxes", "channel_shuffle", "numpy_T"), ORDERED),
    **dict.fromkeys(("slice", "select", "narrow", "index", "index_select", "gather", "diff", "triu", "tril"), PART),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind", "getitem", "tensor_split"), PART),
    **dict.fromkeys(("contiguous", "clone", "alias", "detach", "lift_fresh_copy", "identity", "to", "_to_copy"), SAME),
    **dict.fromkeys(("type_as", "float", "half", "copy", "lift_fresh", "requires_grad", "detach_"), SAME),
    **dict.fromkeys(("expand", "expand_as", "repeat", "repeat_interleave", "broadcast_to", "tile"), REPEATED),
    **dict.fromkeys(("dropout", "native_dropout", "feature_dropout", "alpha_dropout"), INFERENCE),
    **dict.fromkeys(("pad", "constant_pad_nd", "zero_pad2d"), "zeros around the same words"),
    **dict.fromkeys(("zeros_like", "ones_like", "full_like", "empty_like"), CONSTANT),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full"), CONSTANT),
    **dict.fromkeys(("_assert_tensor_metadata", "_assert_scalar", "sym_size", "item"), CHECK),
    **dict.fromkeys(("cumsum", "argsort", "searchsorted", "one_hot"), "indices, not data"),
    **dict.fromkeys(("scatter", "slice_scatter", "index_put", "masked_scatter"), "words replaced in place"),
}  # fmt: skip
REDUCTIONS = {
    "mean": "avg", "sum": "avg", "prod": "avg", "var": "avg", "std": "avg", "amax": "max", "amin": "max", "max": "max",
    "min": "max", "argmax": "max", "argmin": "max", "norm": "avg", "linalg_vector_norm": "avg", "any": "max",
    "all": "max", "topk": "max", "logsumexp": "avg",
}  # fmt: skip
NORMS = {
    "batch_norm": "batch", "_native_batch_norm_legit_no_training": "batch", "layer_norm": "layer",
    "native_layer_norm": "layer", "rms_norm": "rms", "group_norm": "group", "instance_norm": "instance",
}  # fmt: skip


@dataclass(frozen=True)
class One:
    """One call: its name, operator, arguments by name (tensors as their names), and the tensors known so far."""

    label: str
    op: str
    a: Mapping[str, Any]
    out: str
    values: dict[str, Value]
    tensors: tuple[str, ...]

    def make(self, op: Any, *inputs: str, **attributes: Any) -> tuple[Node, ...]:
        return (Node(self.label, self.op, op, inputs, (self.out,), attributes),)

    def shape(self, argument: str) -> Shape:
        return self.values[self.a[argument]].shape

    def pair(self, argument: str, axes: int, default: int) -> Shape:
        """A number or a list of numbers, one for each axis."""
        value = self.a.get(argument)
        if value is None or value == []:
            return (default,) * axes
        numbers = (value,) if isinstance(value, int) else tuple(value)
        return numbers * axes if len(numbers) == 1 else numbers


def _conv(one: One) -> tuple[Node, ...]:
    x, w = one.a["input"], one.a["weight"]
    weights = one.shape("weight")
    axes = len(weights) - 2
    shape = one.shape("input")
    if len(shape) == axes + 1:  # without a batch
        one.values[f"{x}/batched"] = replace(one.values[x], shape=(1, *shape))
        x, one.values[one.out] = f"{x}/batched", replace(one.values[one.out], shape=(1, *one.values[one.out].shape))
    transposed = "transpose" in one.op or bool(one.a.get("transposed", False))
    stride, dilation = one.pair("stride", axes, 1), one.pair("dilation", axes, 1)
    if one.a.get("padding") == "same":
        total = [d * (k - 1) for d, k in zip(dilation, weights[2:], strict=True)]
        padding = tuple((t // 2, t - t // 2) for t in total)
    else:
        padding = tuple(
            (p, p) for p in ((0,) * axes if one.a.get("padding") == "valid" else one.pair("padding", axes, 0))
        )
    return one.make(
        "conv", x, w, stride=stride, dilation=dilation, padding=padding, groups=one.a.get("groups", 1),
        transposed=transposed, output_padding=one.pair("output_padding", axes, 0),
    )  # fmt: skip


def _linear(one: One) -> tuple[Node, ...]:
    return one.make("linear", one.a["input"], one.a["weight"], out_first=True)


def _product(one: One) -> tuple[Node, ...]:
    names = {
        "addmm": ("mat1", "mat2"),
        "baddbmm": ("batch1", "batch2"),
        "bmm": ("self", "mat2"),
        "mm": ("self", "mat2"),
    }
    first, second = names.get(one.op, ("self", "other"))
    return one.make("matmul", one.a[first], one.a[second])


def _attention(one: One) -> tuple[Node, ...]:
    return one.make("attention", one.a["query"], one.a["key"], one.a["value"])


def _pool(one: One) -> tuple[Node, ...]:
    axes = int(one.op[-2]) if one.op.endswith("d") else 2
    shape, given = one.shape("self"), one.values[one.out].shape
    kernel = one.pair("kernel_size", axes, 1)
    stride = one.pair("stride", axes, 0) if one.a.get("stride") else kernel
    dilation, around = one.pair("dilation", axes, 1), one.pair("padding", axes, 0)
    padding = []
    for i in range(axes):
        extent, out = shape[len(shape) - axes + i], given[len(given) - axes + i]
        needed = stride[i] * (out - 1) + dilation[i] * (kernel[i] - 1) + 1 - extent - around[i]
        padding.append((around[i], max(around[i], needed)))
    return one.make(
        "pool", one.a["self"], kernel=kernel, stride=stride, dilation=dilation, padding=tuple(padding),
        function="max" if "max" in one.op else "avg",
    )  # fmt: skip


def _adaptive(one: One) -> tuple[Node, ...]:
    shape, given = one.shape("self"), one.values[one.out].shape
    function = "max" if "max" in one.op else "avg"
    axes = int(one.op[-2])
    before, after = shape[-axes:], given[-axes:]
    if before == after:
        return one.make("view", one.a["self"], why=SAME)
    if set(after) == {1}:
        return one.make("reduce", one.a["self"], axes=tuple(range(len(shape) - axes, len(shape))), function=function)
    if any(b % a for b, a in zip(before, after, strict=True)):
        raise InputError(f"adaptive pooling must divide the plane, not {before} by {after}")
    kernel = tuple(b // a for b, a in zip(before, after, strict=True))
    plain = ((0, 0),) * axes
    return one.make(
        "pool", one.a["self"], kernel=kernel, stride=kernel, dilation=(1,) * axes, padding=plain, function=function
    )


def _binary(one: One) -> tuple[Node, ...]:
    operands, function = list(one.tensors), BINARY[one.op]
    if len(operands) == 1 and function == "power" and one.a.get("exponent") in (2, 0.5, -0.5):
        function = {2: "square", 0.5: "sqrt", -0.5: "rsqrt"}[one.a["exponent"]]
    elif len(operands) == 1 and function in ("compare", "select", "maximum", "minimum"):
        function = "clip"  # with a constant
    return one.make("elementwise", *operands, function=function)


def _unary(one: One) -> tuple[Node, ...]:
    return one.make("elementwise", one.tensors[0], function=UNARY[one.op])


def _norm(one: One) -> tuple[Node, ...]:
    rank = len(one.values[one.tensors[0]].shape)
    along = len(one.a.get("normalized_shape") or (0,))
    return one.make("norm", one.tensors[0], function=NORMS[one.op], axes=tuple(range(rank - along, rank)))


def _softmax(one: One) -> tuple[Node, ...]:
    return one.make("softmax", one.tensors[0], axes=(one.a["dim"],))


def _glu(one: One) -> tuple[Node, ...]:
    half = f"{one.out}/half"
    one.values[half] = replace(one.values[one.out], name=half)
    gate = Node(f"{one.label}.gate", one.op, "elementwise", (half,), (f"{half}/gate",), {"function": "sigmoid"})
    one.values[f"{half}/gate"] = replace(one.values[half], name=f"{half}/gate")
    view = Node(f"{one.label}.half", one.op, "view", (one.tensors[0],), (half,), {"why": PART})
    return (view, gate, *one.make("elementwise", half, f"{half}/gate", function="multiply"))


def _embedding(one: One) -> tuple[Node, ...]:
    return one.make("embedding", one.a["weight"], one.a["indices"])


def _concat(one: One) -> tuple[Node, ...]:
    return one.make("concat", *one.tensors, axis=one.a.get("dim", 0))


def _stack(one: One) -> tuple[Node, ...]:
    rank = len(one.values[one.out].shape)
    axis = one.a.get("dim", 0) % rank
    parts = []
    for name in one.tensors:
        part, shape = f"{name}/stacked{axis}", one.values[name].shape
        one.values[part] = replace(one.values[name], name=part, shape=(*shape[:axis], 1, *shape[axis:]))
        parts.append(Node(f"{one.label}.part", one.op, "view", (name,), (part,), {"why": SHAPED}))
    return (*parts, *one.make("concat", *(node.outputs[0] for node in parts), axis=axis))


def _upsample(one: One) -> tuple[Node, ...]:
    before, after = one.values[one.tensors[0]].shape, one.values[one.out].shape
    if len(before) != 4 or after[2] % before[2] or after[3] % before[3]:
        raise InputError(f"a plane must be made larger by whole factors, not {before} to {after}")
    function = "nearest" if "nearest" in one.op else "bilinear"
    factors = (after[2] // before[2], after[3] // before[3])
    return one.make("upsample", one.tensors[0], factors=factors, function=function)


def _reduce(one: One) -> tuple[Node, ...]:
    shape = one.values[one.tensors[0]].shape
    axes = one.a.get("dim")
    every = tuple(range(len(shape)))
    axes = every if axes is None or axes == [] else ((axes,) if isinstance(axes, int) else tuple(axes))
    return one.make("reduce", one.tensors[0], axes=axes, function=REDUCTIONS[one.op])


def _view(one: One) -> tuple[Node, ...]:
    return one.make("view", one.tensors[0], why=VIEWS[one.op]) if one.tensors else ()


def _recurrent(one: One) -> tuple[Node, ...]:
    """Stacked layers in one or two directions, each of the neutral graph's."""
    function = one.op.partition("_")[0]
    shape, batch_first = one.shape("input"), one.a["batch_first"]
    T, N = (shape[1], shape[0]) if batch_first else (shape[0], shape[1])
    if len(shape) == 2:
        T, N = shape[0], 1
    ways = ("forward", "backward") if one.a["bidirectional"] else ("forward",)
    hidden = one.values[one.a["params"][1]].shape[1]
    nodes, x, width = [], one.a["input"], shape[-1]
    for i in range(one.a["num_layers"]):
        last = i == one.a["num_layers"] - 1
        out = one.out if last else f"{one.out}/layer{i}"
        if not last:
            one.values[out] = Value(out, (*shape[:-1], hidden * len(ways)))
        attributes = {"function": function, "hidden": hidden, "steps": T, "batch": N, "width": width, "ways": ways}
        label = one.label if one.a["num_layers"] == 1 else f"{one.label}.{i}"
        nodes.append(Node(label, one.op, "recurrent", (x,), (out,), attributes))
        x, width = out, hidden * len(ways)
    return tuple(nodes)


READERS: dict[str, Callable[[One], tuple[Node, ...]]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "convolution"), _conv),
    "linear": _linear, **dict.fromkeys(("matmul", "mm", "bmm", "addmm", "baddbmm"), _product),
    "scaled_dot_product_attention": _attention, "lstm": _recurrent, "gru": _recurrent, "rnn_tanh": _recurrent,
    "rnn_relu": _recurrent, **dict.fromkeys(("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"), _pool),
    **dict.fromkeys(("max_pool2d_with_indices",), _pool),
    **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive),
    **dict.fromkeys(BINARY, _binary), **dict.fromkeys(UNARY, _unary), **dict.fromkeys(NORMS, _norm),
    **dict.fromkeys(("softmax", "_softmax", "log_softmax", "_log_softmax"), _softmax), "glu": _glu,
    "embedding": _embedding, "cat": _concat, "concat": _concat, "stack": _stack,
    **dict.fromkeys(("upsample_nearest2d", "upsample_bilinear2d"), _upsample),
    **dict.fromkeys(REDUCTIONS, _reduce), **dict.fromkeys(VIEWS, _view),
}  # fmt: skip
