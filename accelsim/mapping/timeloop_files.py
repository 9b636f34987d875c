"""Timeloop's three files, or one that holds all, as an operation, a machine and a nest that fit each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from accelsim.architecture.spec import Architecture
from accelsim.architecture.timeloop import read_architecture
from accelsim.errors import InputError
from accelsim.files import Document
from accelsim.mapping.nest import Mapping
from accelsim.mapping.timeloop import Names, read_mapping
from accelsim.workload.importers.files import read_foreign
from accelsim.workload.importers.timeloop import Problem, read_problem
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Timeloop:
    """What the files hold. The operation is our layer's, with our names, where the problem is one, else Timeloop's own.

    ``unknown``: parts of the files that were not understood."""

    problem: Problem | None
    operation: Operation | None
    architecture: Architecture | None
    mapping: Mapping | None
    unknown: tuple[str, ...]


def load_timeloop(paths: Sequence[str | Path]) -> Timeloop:
    """What one or more Timeloop files hold together; a mapping needs the problem and the architecture beside it.

    Raises InputError, with the line, for whatever is wrong, when a part is there twice or one that is needed is not."""
    parts: dict[str, Document] = {}
    for path in paths:
        document = read_foreign(path)
        found = [key for key in ("problem", "arch", "architecture", "mapping") if key in _top(document)]
        if not found:
            raise document.error(
                (), "a Timeloop file must have 'problem', 'arch', 'architecture' or 'mapping' at the top"
            )
        for key in found:
            part = "architecture" if key == "arch" else key
            if part in parts:
                raise document.error((key,), f"{part} must be given once; it is also in {parts[part].path}")
            parts[part] = document
    if "mapping" in parts and len(parts) < 3:
        raise parts["mapping"].error(("mapping",), "a mapping must come with its problem and architecture")
    problem = read_problem(parts["problem"]) if "problem" in parts else None
    operation = None if problem is None else (problem.layer.operation() if problem.layer else problem.operation)
    unknown = problem.unknown if problem else ()
    architecture = mapping = None
    if "architecture" in parts:
        output = operation.output.name if operation else "outputs"
        architecture, more = read_architecture(parts["architecture"], output)
        stem = Path(parts["architecture"].path).name.partition(".")[0][:64].strip(" =@")
        architecture, unknown = replace(architecture, name=stem or architecture.name), unknown + more
    if "mapping" in parts:
        if problem is None or operation is None or architecture is None:
            raise InputError("a Timeloop mapping must come with its problem and architecture")
        names = Names(problem.dims, problem.tensors)
        mapping, more = read_mapping(parts["mapping"], operation, architecture, names)
        unknown += more
    return Timeloop(problem, operation, architecture, mapping, unknown)


def _top(document: Document) -> set[str]:
    return set(document.value) if isinstance(document.value, dict) else set()
