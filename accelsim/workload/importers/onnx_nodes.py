"""ONNX operators in the neutral graph's words: which is which, and with which attributes in which version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Node, Shape, Value
from accelsim.workload.importers.onnx_tables import (
    DOMAINS,
    ELEMENTWISE,
    FLOW,
    GLOBAL_POOLS,
    NORMS,
    ONE_OPERAND,
    POOLS,
    REDUCTIONS,
    VIEWS,
)


@dataclass(frozen=True)
class NodeReader:
    """What the reading of nodes shares: the file's name, tensors by name (added to as nodes are read), constants."""

    onnx: Any
    file: str
    values: dict[str, Value]
    constants: Mapping[str, Any]
    skip: tuple[str, ...] = ()
    opset: int = 13

    def fail(self, node: Any, label: str, sentence: str) -> InputError:
        return InputError(f"{self.file}: node '{label}' ({node.op_type}): {sentence}")


@dataclass(frozen=True)
class One:
    """One node with its attributes read."""

    reader: NodeReader
    node: Any
    label: str
    a: Mapping[str, Any]

    def make(self, op: Any, inputs: tuple[str, ...], **attributes: Any) -> tuple[Node, ...]:
        outputs = tuple(output for output in self.node.output if output)
        return (Node(self.label, self.node.op_type, op, inputs, outputs, attributes),)

    def operands(self, most: int = 99) -> tuple[str, ...]:
        return tuple(operand for operand in self.node.input[:most] if operand)

    def shape(self, operand: int) -> Shape:
        name = self.node.input[operand] if operand < len(self.node.input) else ""
        if name not in self.reader.values:
            raise self.fail(f"the shape of its operand '{name}' is not known")
        return self.reader.values[name].shape

    def numbers(self, attribute: str, operand: int) -> tuple[int, ...] | None:
        """Whole numbers from an attribute (old versions) or a constant operand (new ones)."""
        if attribute in self.a:
            return tuple(self.a[attribute])
        if operand < len(self.node.input) and self.node.input[operand] in self.reader.constants:
            return tuple(int(n) for n in self.reader.constants[self.node.input[operand]].reshape(-1))
        return None

    def fail(self, sentence: str) -> InputError:
        return self.reader.fail(self.node, self.label, sentence)


def read_node(reader: NodeReader, node: Any, label: str) -> tuple[Node, ...]:
    """The node in canonical operators; none where its outputs are constant. Raises InputError, naming the node."""
    own = DOMAINS.get(node.domain, frozenset())
    known = node.op_type in READERS and (own is None or node.op_type in own)
    if not known and node.op_type not in reader.skip:
        kind = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        flow = "branches and loops are not imported" if kind in FLOW else f"operator '{kind}' is not known"
        raise reader.fail(node, label, f"{flow}; --skip {node.op_type} passes over it")
    try:
        attributes = {a.name: reader.onnx.helper.get_attribute_value(a) for a in node.attribute}
    except Exception as error:
        raise reader.fail(node, label, f"its attributes cannot be read: {' '.join(str(error).split())}") from None
    one = One(reader, node, label, attributes)
    if node.op_type in reader.skip:
        nodes = one.make("view", one.operands(1), why="passed over, as asked")
    else:
        nodes = _read(one)
    _constant(reader, node)
    return nodes


def _read(one: One) -> tuple[Node, ...]:
    try:
        return READERS[one.node.op_type](one)
    except InputError:
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise one.fail(f"its operands and attributes do not fit: {type(error).__name__} {error}") from None


def _constant(reader: NodeReader, node: Any) -> None:
    """Outputs of constants are constant; a dequantised tensor keeps the width that it is stored in."""
    operands = [reader.values[name] for name in node.input if name in reader.values]
    constant = bool(operands) and all(value.constant for value in operands)
    for output in node.output:
        if output not in reader.values:
            continue
        value = reader.values[output]
        if node.op_type in VIEWS and operands and value.bits is None:
            value = replace(value, bits=operands[0].bits)
        reader.values[output] = replace(value, constant=constant or value.constant)


def _padding(one: One, shape: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[tuple[int, int], ...]:
    auto = one.a.get("auto_pad", b"NOTSET").decode()
    axes = len(kernel)
    if auto in ("NOTSET", "", "VALID"):
        pads = (one.a.get("pads") if auto != "VALID" else None) or (0,) * (2 * axes)
        return tuple((pads[i], pads[i + axes]) for i in range(axes))  # begins, then ends
    found = []
    for extent, k, u, d in zip(shape[2:], kernel, stride, dilation, strict=True):
        total = max(0, (-(-extent // u) - 1) * u + d * (k - 1) + 1 - extent)
        found.append((total // 2, total - total // 2) if auto == "SAME_UPPER" else (total - total // 2, total // 2))
    return tuple(found)


def _conv(one: One, x: int = 0, w: int = 1) -> tuple[Node, ...]:
    shape, weights = one.shape(x), one.shape(w)
    axes = len(shape) - 2
    stride, dilation = tuple(one.a.get("strides") or (1,) * axes), tuple(one.a.get("dilations") or (1,) * axes)
    kernel = weights[2:]
    if "kernel_shape" in one.a and tuple(one.a["kernel_shape"]) != kernel:
        raise one.fail(f"kernel_shape must be that of its weights, {kernel}, not {tuple(one.a['kernel_shape'])}")
    padding = _padding(one, shape, kernel, stride, dilation)
    names = (one.node.input[x], one.node.input[w])
    return one.make(
        "conv", names, stride=stride, dilation=dilation, padding=padding, groups=one.a.get("group", 1), transposed=False
    )


def _transposed(one: One) -> tuple[Node, ...]:
    shape, weights = one.shape(0), one.shape(1)
    axes = len(shape) - 2
    stride, dilation = tuple(one.a.get("strides") or (1,) * axes), tuple(one.a.get("dilations") or (1,) * axes)
    extra = tuple(one.a.get("output_padding") or (0,) * axes)
    auto = one.a.get("auto_pad", b"NOTSET").decode()
    if "output_shape" in one.a or auto.startswith("SAME"):
        given = one.reader.values[one.node.output[0]].shape[2:]
        full = [
            u * (e - 1) + d * (k - 1) + 1 for u, e, d, k in zip(stride, shape[2:], dilation, weights[2:], strict=True)
        ]
        total = [max(0, f + o - g) for f, o, g in zip(full, extra, given, strict=True)]
        small = auto != "SAME_UPPER"
        padding = tuple((t - t // 2, t // 2) if small else (t // 2, t - t // 2) for t in total)
    else:
        padding = _padding(one, shape, weights[2:], stride, dilation)
    return one.make(
        "conv", one.operands(2), stride=stride, dilation=dilation, padding=padding, groups=one.a.get("group", 1),
        transposed=True, output_padding=extra,
    )  # fmt: skip


def _gemm(one: One) -> tuple[Node, ...]:
    if one.a.get("transA", 0):
        raise one.fail("transA must be 0, not 1")
    w = one.node.input[1]
    if one.reader.values[w].constant:
        return one.make("linear", one.operands(2), out_first=bool(one.a.get("transB", 0)))
    if one.a.get("transB", 0):
        raise one.fail("transB must be 0 when both operands are activations, not 1")
    return one.make("matmul", one.operands(2))


def _pool(one: One) -> tuple[Node, ...]:
    kernel = tuple(one.a["kernel_shape"])
    axes = len(kernel)
    stride, dilation = tuple(one.a.get("strides") or (1,) * axes), tuple(one.a.get("dilations") or (1,) * axes)
    shape, given = one.shape(0), one.reader.values[one.node.output[0]].shape
    padding = []
    for i, (before, after) in enumerate(_padding(one, shape, kernel, stride, dilation)):
        needed = stride[i] * (given[2 + i] - 1) + dilation[i] * (kernel[i] - 1) + 1 - shape[2 + i] - before
        padding.append((before, max(after, needed)))  # ceil_mode: the last window hangs over
    return one.make(
        "pool", one.operands(1), kernel=kernel, stride=stride, dilation=dilation, padding=tuple(padding),
        function=POOLS[one.node.op_type],
    )  # fmt: skip


def _global_pool(one: One) -> tuple[Node, ...]:
    axes = tuple(range(2, len(one.shape(0))))
    return one.make("reduce", one.operands(1), axes=axes, function=GLOBAL_POOLS[one.node.op_type])


def _reduce(one: One) -> tuple[Node, ...]:
    shape = one.shape(0)
    if one.node.op_type in ("ArgMax", "ArgMin", "TopK"):
        axes: tuple[int, ...] = (one.a.get("axis", -1 if one.node.op_type == "TopK" else 0),)
    else:
        axes = one.numbers("axes", 1) or tuple(range(len(shape)))
    return one.make("reduce", one.operands(1), axes=axes, function=REDUCTIONS[one.node.op_type])


def _elementwise(one: One) -> tuple[Node, ...]:
    operands = one.operands(1 if one.node.op_type in ONE_OPERAND else 99)
    return one.make("elementwise", operands, function=ELEMENTWISE[one.node.op_type])


def _norm(one: One) -> tuple[Node, ...]:
    function = NORMS[one.node.op_type]
    axis, rank = one.a.get("axis", -1), len(one.shape(0))
    axes = tuple(range(axis % rank, rank)) if one.node.op_type != "LpNormalization" else (axis,)
    return one.make("norm", one.operands(1), function=function, axes=axes, size=one.a.get("size", 5))


def _softmax(one: One) -> tuple[Node, ...]:
    if one.reader.opset >= 13:
        return one.make("softmax", one.operands(1), axes=(one.a.get("axis", -1),))
    rank = len(one.shape(0))  # until version 13 all axes from this one on were one row
    return one.make("softmax", one.operands(1), axes=tuple(range(one.a.get("axis", 1) % rank, rank)))


def _gather(one: One) -> tuple[Node, ...]:
    table, indices = one.reader.values.get(one.node.input[0]), one.reader.values.get(one.node.input[1])
    rows = table is not None and table.constant and len(table.shape) == 2 and one.a.get("axis", 0) == 0
    if rows and indices is not None and not indices.constant:
        return one.make("embedding", one.operands(2))
    return _view(one)


def _view(one: One) -> tuple[Node, ...]:
    data = [operand for operand in one.operands() if operand in one.reader.values]
    return one.make("view", tuple(data[:1]), why=VIEWS[one.node.op_type]) if data else ()


def _concat(one: One) -> tuple[Node, ...]:
    return one.make("concat", one.operands(), axis=one.a.get("axis", 1))


def _resize(one: One) -> tuple[Node, ...]:
    before, after = one.shape(0), one.reader.values[one.node.output[0]].shape
    if before == after:
        return one.make("view", one.operands(1), why="the same words")
    if len(before) != 4 or before[:2] != after[:2] or any(a % b for b, a in zip(before, after, strict=True)):
        raise one.fail(f"a plane must be made larger by whole factors, not {before} to {after}")
    mode = one.a.get("mode", b"nearest").decode()
    function = "nearest" if mode == "nearest" else "bilinear"
    return one.make(
        "upsample", one.operands(1), factors=(after[2] // before[2], after[3] // before[3]), function=function
    )


def _recurrent(one: One) -> tuple[Node, ...]:
    T, N, C = one.shape(0) if not one.a.get("layout", 0) else tuple(one.shape(0)[i] for i in (1, 0, 2))
    direction = one.a.get("direction", b"forward").decode()
    ways = ("forward", "backward") if direction == "bidirectional" else (direction,)
    hidden = one.shape(2)[-1]
    return one.make(
        "recurrent",
        one.operands(3),
        function=one.node.op_type.lower(),
        hidden=hidden,
        steps=T,
        batch=N,
        width=C,
        ways=ways,
    )


def _attention(one: One) -> tuple[Node, ...]:
    shapes = [one.shape(i) for i in range(3)]
    if any(len(shape) != 4 for shape in shapes):
        heads, kv = one.a.get("q_num_heads", 0), one.a.get("kv_num_heads", 0)
        if not heads or not kv or any(len(shape) != 3 for shape in shapes):
            raise one.fail("queries, keys and values must have 4 axes, or 3 and a number of heads")
        for i, h in enumerate((heads, kv, kv)):
            N, T, width = shapes[i]
            name = one.node.input[i]
            one.reader.values[f"{name}/heads"] = replace(one.reader.values[name], shape=(N, h, T, width // h))
        split = tuple(
            Node(f"{one.label}.{n}", "heads", "view", (n,), (f"{n}/heads",)) for n in dict.fromkeys(one.operands(3))
        )
        return (*split, *one.make("attention", tuple(f"{n}/heads" for n in one.operands(3))))
    return one.make("attention", one.operands(3))


READERS: dict[str, Callable[[One], tuple[Node, ...]]] = {
    "Conv": _conv, "ConvInteger": _conv, "QLinearConv": lambda one: _conv(one, 0, 3), "ConvTranspose": _transposed,
    "Gemm": _gemm, "MatMul": lambda one: one.make("matmul", one.operands(2)),
    "MatMulInteger": lambda one: one.make("matmul", one.operands(2)),
    "QLinearMatMul": lambda one: one.make("matmul", (one.node.input[0], one.node.input[3])),
    "Attention": _attention, "LSTM": _recurrent, "GRU": _recurrent, "RNN": _recurrent,
    "Softmax": _softmax, "LogSoftmax": _softmax, "Concat": _concat, "Resize": _resize, "Upsample": _resize,
    **dict.fromkeys(ELEMENTWISE, _elementwise), **dict.fromkeys(POOLS, _pool),
    **dict.fromkeys(GLOBAL_POOLS, _global_pool), **dict.fromkeys(REDUCTIONS, _reduce), **dict.fromkeys(NORMS, _norm),
    **dict.fromkeys(VIEWS, _view), "Gather": _gather,
}  # fmt: skip
