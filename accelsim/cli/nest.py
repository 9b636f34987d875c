"""The nest that a command works on: a file's, or the best that a search finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelsim.cli import output

if TYPE_CHECKING:
    from accelsim.architecture.spec import Architecture
    from accelsim.mapping.nest import Mapping
    from accelsim.workload.operation import Operation


def nest_of(operation: Operation, machine: Architecture, mapping_file: str | None, **asked: Any) -> Mapping:
    """The nest of the file, or the best one for what is asked: arguments of accelsim.report.searching.best_mapping."""
    if mapping_file is not None:
        from accelsim.mapping.parse import load_mapping

        return load_mapping(mapping_file)
    from accelsim.report.searching import best_mapping

    with output.searching(f"mapping {operation.name} on {machine.name}") as progress:
        return best_mapping(operation, machine, **asked, progress=progress).mapping
