"""ZigZag workloads (YAML, a list of layers with an equation each) as networks.

    - id: 0
      operator_type: Conv
      equation: O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]
      dimension_relations: [ix=2*ox+1*fx, iy=2*oy+1*fy]
      loop_dims: [B, K, C, OY, OX, FY, FX]
      loop_sizes: [1, 64, 3, 112, 112, 7, 7]
      operand_precision: {W: 8, I: 8, O: 16, O_final: 8}
      operand_source: {I: 0, W: 0}

The equation decides what a layer is, not its operator_type.  An operand whose source is the layer itself is constant
(of the first layer, the network's input).  ``pr_loop_sizes`` and ``padding`` say how much of the input is there;
without them the input is as large as the windows sweep.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.files import Document
from accelsim.files.document import Key
from accelsim.units import came
from accelsim.workload.importers.names import Names
from accelsim.workload.importers.report import Imported, NodeReport
from accelsim.workload.layer import Convolution, Layer, MatrixProduct, Pooling
from accelsim.workload.network import INPUT, PARAMETER, Network, NetworkLayer
from accelsim.workload.precision import Bits
from accelsim.workload.vector_layers import Elementwise
from accelsim.workload.window import Padding

_TENSOR = r"([A-Za-z]\w*)((?:\[\w+\])*)"
EQUATION = re.compile(rf"{_TENSOR}(\+?=){_TENSOR}([*+]){_TENSOR}", re.ASCII)
RELATION = re.compile(r"([A-Za-z]\w*)=(?:(\d{1,9})\*)?([A-Za-z]\w*)\+(?:(\d{1,9})\*)?([A-Za-z]\w*)", re.ASCII)
KNOWN = {
    "id", "name", "operator_type", "equation", "dimension_relations", "loop_dims", "loop_sizes", "operand_precision",
    "operand_source", "pr_loop_dims", "pr_loop_sizes", "padding",
}  # fmt: skip
WINDOW = ("FY", "FX")
Indices = tuple[str, ...]


def read_workload(document: Document) -> Imported:
    """The network of a ZigZag workload; raises InputError, with the line, for whatever is wrong or not understood."""
    if not isinstance(document.value, list) or not document.value:
        raise document.error((), f"a ZigZag workload must be a list of layers, not {came(document.value)}")
    names, made = Names(), dict[Any, str]()
    entries, nodes, unknown = list[NetworkLayer](), list[NodeReport](), set[str]()
    for i in range(len(document.value)):
        layer = _Entry(document, (i,))
        identity = layer.fields.get("id", i)
        if isinstance(identity, dict | list) or identity in made:
            raise layer.fail("id", f"must differ from those before it, not be {came(identity)} again")
        unknown |= set(layer.fields) - KNOWN
        name = names.fresh(str(layer.fields.get("name") or f"{layer.text('operator_type')}{layer.fields.get('id', i)}"))
        try:
            built, operands = _layer(layer, name)
            inputs = tuple(_source(layer, operand, identity, made) for operand in operands)
            entries.append(NetworkLayer(built, inputs=inputs))
        except InputError as error:
            text = str(error)
            raise (error if text.startswith(document.path) else document.error((i,), text)) from None
        made[identity] = name
        nodes.append(NodeReport(name, layer.text("operator_type"), "taken", name))
    stem = Path(document.path).stem[:64] or "workload"
    network = Network(stem, tuple(entries), f"ZigZag workload {Path(document.path).name}")
    notes = tuple(f"not understood and left out: {field}" for field in sorted(unknown))
    return Imported(network, tuple(nodes), notes)


class _Entry:
    """One layer of the file, with its fields checked as they are asked for."""

    def __init__(self, document: Document, key: Key) -> None:
        self.document, self.key = document, key
        value = document.value[key[0]]
        if not isinstance(value, dict):
            raise document.error(key, f"layer {key[0]} must be a map of fields, not {came(value)}")
        self.fields: dict[str, Any] = value
        self.sizes = self._sizes()
        self.relations = self._relations()

    def fail(self, field: str, sentence: str) -> InputError:
        return self.document.error((*self.key, field), f"layer {self.key[0]}: {field} {sentence}")

    def text(self, field: str) -> str:
        value = self.fields.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(field, f"must be a word, not {came(value)}")
        return value

    def words(self, field: str) -> list[Any]:
        value = self.fields.get(field, [])
        if not isinstance(value, list):
            raise self.fail(field, f"must be a list, not {came(value)}")
        return value

    def _sizes(self) -> dict[str, int]:
        dims, sizes = self.words("loop_dims"), self.words("loop_sizes")
        if len(dims) != len(sizes) or not dims:
            raise self.fail("loop_sizes", f"must be one per loop dim, {len(dims)}, not {len(sizes)}")
        if len({str(dim).upper() for dim in dims}) < len(dims):
            raise self.fail("loop_dims", f"must name each dim once, not {', '.join(map(str, dims))}")
        for size in sizes:
            if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size < 2**31:
                raise self.fail("loop_sizes", f"must be positive whole numbers, not {came(size)}")
        return {str(dim).upper(): size for dim, size in zip(dims, sizes, strict=True)}

    def _relations(self) -> dict[str, dict[str, int]]:
        """IX -> {OX: stride, FX: dilation}."""
        found = {}
        for text in self.words("dimension_relations"):
            match = RELATION.fullmatch(str(text).replace(" ", ""))
            if match is None:
                raise self.fail("dimension_relations", f"must be such as ix=2*ox+1*fx, not {came(text)}")
            found[match[1].upper()] = {match[3].upper(): int(match[2] or 1), match[5].upper(): int(match[4] or 1)}
        return found

    def equation(self) -> tuple[str, dict[str, tuple[str, ...]]]:
        """The operator between the operands, and the indices of each tensor."""
        text = self.text("equation").replace(" ", "")
        match = EQUATION.fullmatch(text)
        if match is None:
            raise self.fail("equation", f"must be such as O[b][k]+=W[k][c]*I[b][c], not {came(text)}")
        indices = {match[i]: tuple(re.findall(r"\w+", match[i + 1].upper())) for i in (1, 4, 7)}
        for index in (index for several in indices.values() for index in several):
            if index not in self.sizes and index not in self.relations:
                raise self.fail("equation", f"has the index {index}, which is neither in loop_dims nor related to them")
        return match[6], indices

    def bits(self, macs: bool) -> Bits:
        """The widths stated, accumulation in O's."""
        stated = self.fields.get("operand_precision") or {}
        if not isinstance(stated, dict):
            raise self.fail("operand_precision", f"must be a map, not {came(stated)}")
        final = stated.get("O_final", stated.get("O"))
        widths = (stated.get("I"), stated.get("W") or None, stated.get("O") if macs else final)
        return Bits(*widths)

    def window(self, axis: str) -> tuple[int, int, int, int, tuple[int, int], int | None]:
        """(output, filter, stride, dilation, padding, input extent) along X or Y."""
        relation = self.relations.get(f"I{axis}", {})
        stride, dilation = relation.get(f"O{axis}", 1), relation.get(f"F{axis}", 1)
        out, taps = self.sizes.get(f"O{axis}", 1), self.sizes.get(f"F{axis}", 1)
        order = [str(dim).upper() for dim in self.words("pr_loop_dims")]
        if f"I{axis}" not in order:
            return out, taps, stride, dilation, (0, 0), None
        at = order.index(f"I{axis}")
        sizes, pads = self.words("pr_loop_sizes"), self.words("padding")
        try:
            extent = int(sizes[at]) if sizes else None
            before, after = (int(n) for n in pads[at]) if pads else (0, 0)
        except (IndexError, TypeError, ValueError):
            raise self.fail(
                "padding", "must be [before, after], and pr_loop_sizes a number, per dim in pr_loop_dims"
            ) from None
        if extent is None:
            return out, taps, stride, dilation, (0, 0), None
        after = max(after, stride * (out - 1) + dilation * (taps - 1) + 1 - extent - before, 0)
        return out, taps, stride, dilation, (before, after), extent


def _layer(entry: _Entry, name: str) -> tuple[Layer, tuple[str, ...]]:
    """The layer, and which operands feed it."""
    operator, indices = entry.equation()
    first, second, third = indices
    if operator == "+":
        e = entry.sizes
        layer = Elementwise(
            name, N=e.get("B", 1), C=e.get("G", e.get("K", e.get("C", 1))), H=e.get("OY", 1), W=e.get("OX", 1),
            bits=entry.bits(macs=False),
        )  # fmt: skip
        return layer, (second, third)
    swapped = third == "W" or (bool(entry.relations) and not set(entry.relations) & set(indices[third]))
    weights, data = (third, second) if swapped else (second, third)
    windowed = any(dim in entry.sizes for dim in WINDOW)
    if windowed and not set(indices[weights]) - set(WINDOW):
        return _pooling(entry, name), (data,)
    if windowed or {"OX", "OY"} & set(entry.sizes):
        return _convolution(entry, name), (data,)
    return _product(entry, name, indices[first], indices[weights], indices[data], (data, weights))


def _letters(entry: _Entry) -> dict[str, Any]:
    (E, R, Uy, Dy, rows, H), (F, S, Ux, Dx, columns, W) = entry.window("Y"), entry.window("X")
    given: dict[str, Any] = {"N": entry.sizes.get("B", 1), "R": R, "S": S, "E": E, "F": F, "U": (Uy, Ux)}
    given |= {"dilation": (Dy, Dx), "padding": Padding(*rows, *columns)}
    given |= {letter: extent for letter, extent in (("H", H), ("W", W)) if extent is not None}
    return given


def _pooling(entry: _Entry, name: str) -> Layer:
    function = "avg" if "av" in entry.text("operator_type").casefold() else "max"
    C = entry.sizes.get("G", entry.sizes.get("K", 1))
    bits = entry.bits(macs=False)
    return Pooling(name, C=C, function=function, bits=bits, **_letters(entry))  # type: ignore[arg-type]


def _convolution(entry: _Entry, name: str) -> Layer:
    G, K, C = (entry.sizes.get(letter, 1) for letter in "GKC")
    return Convolution(name, G=G, M=K * G, C=C * G, bits=entry.bits(macs=True), **_letters(entry))


def _product(
    entry: _Entry, name: str, output: Indices, weights: Indices, data: Indices, operands: tuple[str, str]
) -> tuple[Layer, tuple[str, ...]]:  # fmt: skip
    """Dims of all three are products, of data and output rows, of weights and output columns, the others are summed."""
    roles = {"B": 1, "M": 1, "N": 1, "K": 1}
    for dim, size in entry.sizes.items():
        held = (dim in data, dim in weights, dim in output)
        role = {(True, True, True): "B", (True, False, True): "M", (False, True, True): "N", (True, True, False): "K"}
        if held not in role:
            raise entry.fail("equation", f"must have every loop dim in two of its tensors, not {dim} in {sum(held)}")
        roles[role[held]] *= size
    sources = entry.fields.get("operand_source") or {}
    constant = not isinstance(sources, dict) or sources.get(operands[1]) in (None, [], entry.fields.get("id"))
    second = "weights" if constant else "activations"
    layer = MatrixProduct(name, **roles, second=second, bits=entry.bits(macs=True))  # type: ignore[arg-type]
    return layer, operands[:1] if constant else operands


def _source(entry: _Entry, operand: str, identity: Any, made: dict[Any, str]) -> str:
    """The layer that an operand comes from; itself stands for a constant, and for the input in the first layer."""
    stated = entry.fields.get("operand_source") or {}
    if not isinstance(stated, dict):
        raise entry.fail("operand_source", f"must be a map, not {came(stated)}")
    source = stated.get(operand)
    if isinstance(source, list):
        source = source[0] if source else None
    if source is None or source == identity:
        return INPUT if not made or operand == "I" else PARAMETER
    if not isinstance(source, int | str) or source not in made:
        if not made:
            return INPUT
        raise entry.fail("operand_source", f"of {operand} must be the id of a layer before it, not {came(source)}")
    return made[source]
