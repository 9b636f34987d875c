"""Timeloop problems (native grammar and the plain part of v4) as operations, and as our layers where they are such.

    problem:
      shape:
        dimensions: [R, S, P, Q, C, K, N]
        coefficients: [{name: Wstride, default: 1}]
        data_spaces:
        - {name: Inputs, projection: [[[N]], [[C]], [[R, Wdilation], [P, Wstride]], [[S, Hdilation], [Q, Hstride]]]}
      instance: {R: 3, S: 3, P: 14, Q: 14, C: 64, K: 64, N: 1}

Timeloop's R and P run along the width (they go with Wstride), S and Q along the height: they become our S F and R E.
Timeloop has no padding: a window's data is as large as the window sweeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accelsim.errors import InputError
from accelsim.files import Document, dump_yaml
from accelsim.files.document import Key
from accelsim.units import came
from accelsim.workload.layer import Convolution, FullyConnected, Layer, MatrixProduct
from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS, Operation, Rank, Tensor, Term

CONVOLUTION = {"N": "N", "G": "G", "K": "M", "C": "C", "Q": "E", "P": "F", "S": "R", "R": "S"}
"""Timeloop's letters of a convolution -> ours; C and K are per group."""
SPACES = {INPUTS: "Inputs", WEIGHTS: "Weights", OUTPUTS: "Outputs"}
"""Our tensors -> what Timeloop's examples call them."""
KNOWN = {"version", "shape", "instance", "name"}
STRIDES = ("Hstride", "Wstride", "Hdilation", "Wdilation")


@dataclass(frozen=True)
class Problem:
    """A problem as an operation in its own names; ``layer`` and the names of ours for dims and tensors where it is one.

    ``unknown``: parts of the file that were not understood."""

    operation: Operation
    layer: Layer | None = None
    dims: tuple[tuple[str, str], ...] = ()
    tensors: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


def read_problem(document: Document) -> Problem:
    """The problem of a Timeloop file; raises InputError, with the line, for whatever is wrong."""
    top = _map(document, (), document.value)
    key: Key = ("problem",)
    problem = _map(document, key, top.get("problem"))
    unknown = tuple(f"problem.{name}" for name in problem if name not in KNOWN)
    shape = problem.get("shape")
    if isinstance(shape, str):
        raise document.error((*key, "shape"), f"problem.shape must be written out, not be the name {came(shape)}")
    shape = _map(document, (*key, "shape"), shape)
    where: Key = (*key, "shape")
    dims = [str(d) for d in _list(document, (*where, "dimensions"), shape.get("dimensions"))]
    if len(set(dims)) < len(dims) or not dims:
        raise document.error(
            (*where, "dimensions"), f"problem.shape.dimensions must name each once, not {', '.join(dims)}"
        )
    values = _coefficients(document, where, shape)
    instance = _map(document, (*key, "instance"), problem.get("instance"))
    for name, value in instance.items():
        if name in dims or name in values:
            values[name] = _number(document, (*key, "instance", name), value)
        else:
            unknown += (f"problem.instance.{name}",)
    bounds = {dim: values.get(dim, 1) for dim in dims}
    tensors = _tensors(document, where, shape, bounds, values)
    label = str(shape.get("name", "problem"))
    try:
        operation = Operation(label, tuple(bounds.items()), tensors)
    except InputError as error:
        raise document.error(where, str(error)) from None
    return _recognised(operation, values, unknown)


def dump_problem(layer: Layer) -> str:
    """The problem of a layer with MACs in Timeloop's native grammar; padding becomes data, which Timeloop fetches.

    Raises InputError for a layer without MACs, or one that is no convolution or product."""
    match layer:
        case Convolution() | FullyConnected() | MatrixProduct():
            operation = layer.operation()
        case _:
            raise InputError(
                f"{layer.name}: a Timeloop problem must be a convolution or a product, not {type(layer).__name__}"
            )
    ours = {our: theirs for theirs, our in CONVOLUTION.items()}
    spaces = [{"name": SPACES[tensor.name],
               "projection": [[_term(term, ours) for term in rank.terms] for rank in tensor.ranks],
               **({"read_write": True} if tensor is operation.output else {})}
              for tensor in operation.tensors]  # fmt: skip
    U, dilation = getattr(layer, "U", (1, 1)), getattr(layer, "dilation", (1, 1))
    coefficients = dict(zip(STRIDES, (*U, *dilation), strict=True))
    instance = {ours[dim]: bound for dim, bound in operation.bounds} | coefficients
    shape = {
        "name": layer.name,
        "dimensions": [ours[dim] for dim in operation.dims],
        "coefficients": [{"name": name, "default": 1} for name in STRIDES],
        "data_spaces": spaces,
    }
    return dump_yaml({"problem": {"shape": shape, "instance": instance}})


def _term(term: Term, names: dict[str, str]) -> list[str]:
    coefficient = {"E": "Hstride", "F": "Wstride", "R": "Hdilation", "S": "Wdilation"}.get(term.dim)
    return [names[term.dim], *([coefficient] if coefficient and term.dim in "EFRS" else [])]


def _map(document: Document, key: Key, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise document.error(key, f"{'.'.join(map(str, key)) or 'the file'} must be a map of fields, not {came(value)}")
    return value


def _list(document: Document, key: Key, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise document.error(key, f"{'.'.join(map(str, key))} must be a list, not {came(value)}")
    return value


def _number(document: Document, key: Key, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**31:
        raise document.error(key, f"{'.'.join(map(str, key))} must be a positive whole number, not {came(value)}")
    return value


def _coefficients(document: Document, where: Key, shape: dict[str, Any]) -> dict[str, int]:
    values = {}
    for i, entry in enumerate(shape.get("coefficients") or []):
        key: Key = (*where, "coefficients", i)
        fields = _map(document, key, entry)
        values[str(fields.get("name"))] = _number(document, (*key, "default"), fields.get("default", 1))
    return values


def _tensors(
    document: Document, where: Key, shape: dict[str, Any], bounds: dict[str, int], values: dict[str, int]
) -> tuple[Tensor, ...]:
    """The data spaces, the one that is written last."""
    key: Key = (*where, "data_spaces" if "data_spaces" in shape else "data-spaces")
    found: list[tuple[bool, Tensor]] = []
    for i, entry in enumerate(_list(document, key, shape.get(str(key[-1])))):
        space = _map(document, (*key, i), entry)
        ranks = []
        for j, axis in enumerate(_list(document, (*key, i, "projection"), space.get("projection"))):
            terms = [
                _read_term(document, (*key, i, "projection", j), term, bounds, values)
                for term in _list(document, (*key, i, "projection", j), axis)
            ]
            ranks.append(Rank(tuple(terms), sum(t.stride * (bounds[t.dim] - 1) for t in terms) + 1))
        written = bool(space.get("read_write", space.get("read-write", False)))
        found.append((written, Tensor(str(space.get("name")), tuple(ranks))))
    if sum(written for written, _ in found) != 1:
        raise document.error(key, f"{'.'.join(map(str, key))} must have exactly one that is read_write")
    return tuple(tensor for _, tensor in sorted(found, key=lambda pair: pair[0]))


def _read_term(document: Document, key: Key, term: Any, bounds: dict[str, int], values: dict[str, int]) -> Term:
    names = [str(part) for part in (term if isinstance(term, list) else [term])]
    if not names or names[0] not in bounds or len(names) > 2:
        known = ", ".join(bounds)
        raise document.error(
            key, f"a projection must be products of a dimension ({known}) and a coefficient, not {names}"
        )
    if len(names) == 1:
        return Term(names[0])
    if names[1] not in values:
        raise document.error(key, f"coefficient '{names[1]}' must have a default or a value in problem.instance")
    return Term(names[0], values[names[1]])


def _recognised(operation: Operation, values: dict[str, int], unknown: tuple[str, ...]) -> Problem:
    """Our layer where the operation is a convolution or a product of two matrices."""
    if len(operation.tensors) != 3:
        return Problem(operation, unknown=unknown)
    windows = [rank for tensor in operation.tensors for rank in tensor.ranks if len(rank.terms) > 1]
    if windows or set(operation.dims) & {"R", "S"}:
        return _convolution(operation, unknown)
    return _product(operation, unknown)


def _convolution(operation: Operation, unknown: tuple[str, ...]) -> Problem:
    named = {tensor.name.casefold(): tensor for tensor in operation.tensors}
    if not set(operation.dims) <= set(CONVOLUTION) or not {"inputs", "weights", "outputs"} <= set(named):
        return Problem(operation, unknown=unknown)
    e = {dim: operation.extents.get(dim, 1) for dim in CONVOLUTION}
    strides = {t.dim: t.stride for rank in named["inputs"].ranks for t in rank.terms}
    U, dilation = (strides.get("Q", 1), strides.get("P", 1)), (strides.get("S", 1), strides.get("R", 1))
    depthwise = "K" not in operation.dims and "C" in named["outputs"].dims
    G = e["C"] if depthwise else e["G"]
    channels, filters = (1, 1) if depthwise else (e["C"], e["K"])
    try:
        layer = Convolution(
            _name(operation), N=e["N"], G=G, M=filters * G, C=channels * G, R=e["S"], S=e["R"], E=e["Q"], F=e["P"], U=U,
            dilation=dilation,
        )  # fmt: skip
    except InputError:  # a stride larger than the extent leaves no layer of ours
        return Problem(operation, unknown=unknown)
    dims = tuple((dim, ("G" if depthwise and dim == "C" else CONVOLUTION[dim])) for dim in operation.dims)
    tensors = tuple((tensor.name, tensor.name.casefold()) for tensor in operation.tensors)
    return Problem(operation, layer, dims, tensors, unknown)


def _product(operation: Operation, unknown: tuple[str, ...]) -> Problem:
    """Rows are in the first operand and the output, columns in the second and the output, both have the batch."""
    first, second, output = operation.tensors
    roles: dict[str, str] = {}
    for dim in operation.dims:
        held = (dim in first.dims, dim in second.dims, dim in output.dims)
        role = {(True, True, True): "G", (True, False, True): "N", (False, True, True): "M", (True, True, False): "C"}
        if held not in role or role[held] in roles.values():
            return Problem(operation, unknown=unknown)
        roles[dim] = role[held]
    e = {letter: operation.extents[dim] for dim, letter in roles.items()}
    layer = MatrixProduct(_name(operation), M=e.get("N", 1), K=e.get("C", 1), N=e.get("M", 1), B=e.get("G", 1))
    tensors = ((first.name, INPUTS), (second.name, WEIGHTS), (output.name, OUTPUTS))
    return Problem(operation, layer, tuple(roles.items()), tensors, unknown)


def _name(operation: Operation) -> str:
    return operation.name.strip() or "problem"
