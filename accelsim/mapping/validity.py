"""Is a mapping valid: every rule of operation, machine and nest, checked at once, each with the nearest remedy."""

from __future__ import annotations

from accelsim.architecture.spec import Architecture
from accelsim.errors import MappingError
from accelsim.mapping.capacity import capacity_violations
from accelsim.mapping.nest import Mapping
from accelsim.mapping.space import space_violations
from accelsim.mapping.storage import storage_violations
from accelsim.mapping.structure import loop_violations, name_violations, rank_violations
from accelsim.mapping.violation import Violation
from accelsim.workload.operation import Operation

__all__ = ["Violation", "check_mapping", "violations"]

_UNSOUND = frozenset({"bounds", "step", "rank"})


def violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> tuple[Violation, ...]:
    """Everything that is wrong with the mapping, in the order names, loops, storage, space, capacity; empty when valid.

    Sizes (positions of an axis, words of a level) are judged only where names, bounds and steps are sound, as they
    mean nothing otherwise.
    """
    found = name_violations(operation, architecture, mapping)
    loops = rank_violations(operation) + loop_violations(operation, mapping)
    sound = not any(violation.dim for violation in found) and not any(v.kind in _UNSOUND for v in loops)
    found += loops
    found += storage_violations(operation, architecture, mapping)
    found += space_violations(operation, architecture, mapping, sound)
    if sound:
        found += capacity_violations(operation, architecture, mapping)
    return tuple(found)


def check_mapping(
    operation: Operation, architecture: Architecture, mapping: Mapping, *, overflow: bool = False
) -> None:
    """Raise MappingError when the mapping is not valid; with ``overflow``, not for memories that are too small.

    Its sentence is the first violation and how many more there are; its ``violations`` are all sentences.
    """
    found = [v for v in violations(operation, architecture, mapping) if not (overflow and v.kind == "capacity")]
    if found:
        noun = "violation" if len(found) == 2 else "violations"
        more = f" (and {len(found) - 1} more {noun})" if len(found) > 1 else ""
        raise MappingError(found[0].sentence + more, [violation.sentence for violation in found])
