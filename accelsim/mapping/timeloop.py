"""Timeloop mappings (factors, permutations and bypass per level) as nests, and nests as such mappings.

    mapping:
    - {target: DRAM, type: temporal, factors: R=1 P=2 K=4, permutation: RPK}       first letter innermost
    - {target: GLB, type: spatial, factors: K=8 P=2, permutation: KP, split: 1}    the first ``split`` letters on X
    - {target: RF, type: bypass, keep: [Weights], bypass: [Inputs, Outputs]}

From outside in, a level is: what it keeps, its loops in time, then the fan-out below it.  Factors are perfect, and
every tensor of a level is kept at one place; nests that are not so cannot be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any

from accelsim.architecture.spec import Architecture, Fanout, Level
from accelsim.errors import InputError
from accelsim.files import Document, dump_yaml
from accelsim.files.document import Key
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.units import came
from accelsim.workload.operation import Operation

FACTOR = re.compile(r"([A-Za-z_]\w*?)\s*=?\s*(\d+)")
KINDS = ("temporal", "spatial", "bypass", "datatype", "dataspace")
KNOWN = {"target", "type", "factors", "permutation", "split", "keep", "bypass", "version"}


@dataclass(frozen=True)
class Names:
    """The file's names of dims and tensors -> those of the operation; an absent name stands for itself."""

    dims: tuple[tuple[str, str], ...] = ()
    tensors: tuple[tuple[str, str], ...] = ()


def read_mapping(
    document: Document,
    operation: Operation,
    architecture: Architecture,
    names: Names = Names(),
) -> tuple[Mapping, tuple[str, ...]]:
    """The nest, and the parts of the file that were not understood.  Raises InputError, with the line."""
    rows = document.value.get("mapping") if isinstance(document.value, dict) else None
    if not isinstance(rows, list) or not rows:
        raise document.error((), f"a Timeloop mapping must be a list under 'mapping', not {came(rows)}")
    found: dict[tuple[str, str], tuple[Key, dict[str, Any]]] = {}
    unknown: list[str] = []
    for i, row in enumerate(rows):
        key: Key = ("mapping", i)
        fields = row if isinstance(row, dict) else {}
        level, kind = fields.get("target"), fields.get("type")
        if level not in [known.name for known in architecture.levels] or kind not in KINDS:
            raise document.error(
                key, f"mapping.{i} must have a target that is a level and a type of {', '.join(KINDS)}"
            )
        kind = "bypass" if kind in ("datatype", "dataspace") else kind
        if (level, kind) in found:
            raise document.error(key, f"mapping.{i}: {kind} of {level} must be stated once")
        found[level, kind] = key, fields
        unknown += [f"mapping.{i}.{name}" for name in fields if name not in KNOWN]
    reader = _Reader(document, operation, architecture, names, found)
    return Mapping.of(operation, reader.nodes()), tuple(unknown)


class _Reader:
    def __init__(
        self, document: Document, operation: Operation, architecture: Architecture, names: Names,
        rows: MappingOf[tuple[str, str], tuple[Key, dict[str, Any]]],
    ) -> None:  # fmt: skip
        self.document, self.operation, self.architecture, self.rows = document, operation, architecture, rows
        self.dims = {dim: dim for dim in operation.dims} | dict(names.dims)
        self.tensors = {tensor.name: tensor.name for tensor in operation.tensors} | dict(names.tensors)
        self.left = dict(operation.bounds)

    def nodes(self) -> list[Node]:
        nodes: list[Node] = []
        elements = list(self.architecture.elements)
        for i, level in enumerate(elements):
            if not isinstance(level, Level):
                continue
            nodes += self._kept(level.name)
            nodes += [Temporal(dim, self._step(dim, n)) for dim, n, _ in self._loops(level.name, "temporal")]
            below = elements[i + 1] if i + 1 < len(elements) else None
            axes = [axis.name for axis in below.axes] if isinstance(below, Fanout) else []
            for dim, n, axis in self._loops(level.name, "spatial"):
                if not axes:
                    raise self._fail(
                        level.name, "spatial", f"must not split {dim}: nothing fans out below {level.name}"
                    )
                nodes.append(Spatial(dim, self._step(dim, n), axes[min(axis, len(axes) - 1)]))
        for dim, rest in self.left.items():
            if rest != 1:
                raise self.document.error(
                    ("mapping",), f"factors of {dim} must multiply to {self.operation.extents[dim]}; {rest} are left"
                )
        return nodes

    def _fail(self, level: str, kind: str, sentence: str) -> InputError:
        return self.document.error(self.rows[level, kind][0], f"{kind} of {level} {sentence}")

    def _step(self, dim: str, n: int) -> int:
        self.left[dim] //= n
        return self.left[dim]

    def _kept(self, level: str) -> list[Node]:
        key, fields = self.rows.get((level, "bypass"), (("mapping",), {}))
        named = [*(fields.get("keep") or []), *(fields.get("bypass") or [])]
        for name in named:
            if name not in self.tensors:
                raise self.document.error(
                    key, f"bypass of {level} must name tensors ({', '.join(self.tensors)}), not {came(name)}"
                )
        gone = {self.tensors[name] for name in fields.get("bypass") or []}
        return [Storage(level, tensor.name) for tensor in self.operation.tensors if tensor.name not in gone]

    def _loops(self, level: str, kind: str) -> list[tuple[str, int, int]]:
        """(dim, trips, axis: 0 for X and 1 for Y) of loops that run more than once, outermost first."""
        if (level, kind) not in self.rows:
            return []
        _, fields = self.rows[level, kind]
        stated = fields.get("factors", "")
        text = " ".join(map(str, stated)) if isinstance(stated, list) else str(stated)
        factors = {}
        for name, number in FACTOR.findall(text):
            if name not in self.dims:
                raise self._fail(level, kind, f"must have factors of {', '.join(self.dims)}, not {came(name)}")
            dim = self.dims[name]
            n = int(number) or self.left.get(dim, 1)
            if self.left.get(dim, 1) % n:
                raise self._fail(level, kind, f"must split {name} into factors of {self.left[dim]}, not {n}")
            factors[name] = n
        order = self._order(level, kind, fields, factors)
        split = fields.get("split", len(order))
        if not isinstance(split, int) or isinstance(split, bool):
            raise self._fail(level, kind, f"must have a whole number as split, not {came(split)}")
        loops = [
            (self.dims[name], factors[name], int(i >= split))
            for i, name in enumerate(order)
            if factors.get(name, 1) > 1
        ]
        return loops[::-1]

    def _order(self, level: str, kind: str, fields: dict[str, Any], factors: dict[str, int]) -> list[str]:
        """The names from inside out; those that the permutation leaves out come innermost."""
        stated = fields.get("permutation", "")
        words = [str(word) for word in stated] if isinstance(stated, list) else re.split(r"[\s,]+", str(stated).strip())
        if len(words) == 1 and words[0] not in self.dims:
            words = list(words[0])
        for word in words:
            if word and word not in self.dims:
                raise self._fail(level, kind, f"must have a permutation of {', '.join(self.dims)}, not {came(word)}")
        return [name for name in factors if name not in words] + [word for word in words if word]


def dump_mapping(mapping: Mapping, operation: Operation, architecture: Architecture, names: Names = Names()) -> str:
    """The nest as a Timeloop mapping.  Raises InputError where the grammar cannot say it."""
    dims = {ours: theirs for theirs, ours in names.dims}
    tensors = {ours: theirs for theirs, ours in names.tensors}
    levels = [level.name for level in architecture.levels]
    parts = _parts(mapping, architecture, levels)
    rows: list[dict[str, Any]] = []
    for level in levels:
        kept, times, spaces = parts[level]
        keep = [tensors.get(t.name, t.name) for t in operation.tensors if t.name in kept]
        gone = [tensors.get(t.name, t.name) for t in operation.tensors if t.name not in kept]
        rows.append({"target": level, "type": "bypass", "keep": keep, "bypass": gone})
        rows.append({"target": level, "type": "temporal", **_factors(times, operation, dims)})
        if spaces:
            inside_out = sorted(spaces, key=lambda loop: loop[2])
            split = sum(loop[2] == 0 for loop in inside_out)
            rows.append({"target": level, "type": "spatial", **_factors(inside_out, operation, dims), "split": split})
    return dump_yaml({"mapping": rows})


_Loops = list[tuple[str, int, int]]


def _parts(
    mapping: Mapping, architecture: Architecture, levels: list[str]
) -> dict[str, tuple[set[str], _Loops, _Loops]]:
    """Per level: tensors kept, loops in time and in space, innermost first.  Raises InputError for an uneven nest."""
    parts: dict[str, tuple[set[str], _Loops, _Loops]] = {level: (set(), [], []) for level in levels}
    at = -1
    for i, node in enumerate(mapping.nodes):
        match node:
            case Storage(level, tensor):
                if levels.index(level) < at or (levels.index(level) == at and any(parts[level][1:])):
                    raise InputError(
                        f"a Timeloop mapping must keep all tensors of {level} at one place, not {tensor} apart"
                    )
                at = levels.index(level)
                parts[level][0].add(tensor)
            case Temporal(dim, step):
                _check_perfect(mapping, i)
                at = max(at, 0)
                if parts[levels[at]][2]:
                    at += 1
                    if at == len(levels):
                        raise InputError(
                            f"a Timeloop mapping must have loops in time outside those in space, not {dim} inside"
                        )
                parts[levels[at]][1].insert(0, (dim, mapping.enclosing[i] // step, 0))
            case Spatial(dim, step, axis):
                _check_perfect(mapping, i)
                fanout = architecture.fanouts[architecture.fanout_of_axis[axis]]
                outer = levels[_level_above(architecture, fanout)]
                if levels.index(outer) < at:
                    raise InputError(f"a Timeloop mapping must split {dim} right below {outer}, not below {levels[at]}")
                at = levels.index(outer)
                number = [a.name for a in fanout.axes].index(axis)
                if number > 1:
                    raise InputError(f"a Timeloop mapping has two axes, X and Y, not {len(fanout.axes)}")
                parts[outer][2].insert(0, (dim, mapping.enclosing[i] // step, number))
    return parts


def _check_perfect(mapping: Mapping, index: int) -> None:
    node = mapping.nodes[index]
    assert not isinstance(node, Storage)
    if mapping.enclosing[index] % node.step:
        raise InputError(
            f"a Timeloop mapping must have perfect factors, not steps of {node.step} in {mapping.enclosing[index]} "
            f"of {node.dim}"
        )


def _level_above(architecture: Architecture, fanout: Fanout) -> int:
    """Number of the level right outside a fan-out."""
    before = architecture.elements[: architecture.elements.index(fanout)]
    return sum(isinstance(element, Level) for element in before) - 1


def _factors(loops: _Loops, operation: Operation, dims: MappingOf[str, str]) -> dict[str, str]:
    """The factors and the order of one level; a dim that loops twice there is one loop of both only when adjacent."""
    trips: dict[str, int] = {}
    for dim, n, _ in loops:
        if dim in trips:
            raise InputError(f"a Timeloop mapping must loop over {dim} once per level, not twice")
        trips[dim] = n
    order = [*trips, *(dim for dim in operation.dims if dim not in trips)]
    named = [dims.get(dim, dim) for dim in order]
    factors = " ".join(f"{name}={trips.get(dim, 1)}" for dim, name in zip(order, named, strict=True))
    short = all(len(name) == 1 for name in named)
    return {"factors": factors, "permutation": "".join(named) if short else " ".join(named)}
