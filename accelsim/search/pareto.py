"""What energy buys in cycles: every mapping that no other one beats in one without losing in the other.

The least energy of all, then the least among those with fewer cycles, and so on until there are none:

    E_1 = least energy, in c_1 cycles;  E_(i+1) = least energy with at most c_i - 1 cycles

Each step is a search with a proof of its own, so a front of proven searches has no point missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.search.cache import Cache
from accelsim.search.interface import Limits, SearchResult
from accelsim.search.many import search_many
from accelsim.workload.operation import Operation

EQUAL = 1 + 1e-12
"""Energies this close are equal: sums of the same words in another order."""


@dataclass(frozen=True)
class Front:
    """``points``: energy ascending, cycles descending; the certificate of each is about the mappings that are faster
    than the point before it. ``complete``: all of them are proven, so there is no other point."""

    points: tuple[SearchResult, ...]
    complete: bool


def pareto(
    operation: Operation,
    architecture: Architecture,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
) -> Front:
    """The front of energy and cycles within the limits, of which gap, seconds and candidates hold for every point.

    ``progress`` is called with (searches that found something, cycles of the last). With a gap or a limit that bites a
    point may be missing, or cost more than it need: its certificate says how much.
    Raises what a search raises: InfeasibleError when there is no mapping at all, InputError for bad limits.
    """
    found: list[SearchResult] = []
    asked = limits
    while True:
        (answer,) = search_many([(operation, architecture)], "energy", asked, cache=cache)
        if isinstance(answer, InfeasibleError):
            if not found:
                raise answer
            break
        found.append(answer)
        cycles = answer.evaluation.cycles
        if progress is not None:
            progress(len(found), cycles)
        if cycles == 1:
            break
        asked = replace(limits, max_cycles=cycles - 1)
    return Front(_best(found), all(result.certificate.gap == 0 for result in found))


def _best(found: list[SearchResult]) -> tuple[SearchResult, ...]:
    """The results, cycles descending, without those that a faster one equals or beats in energy."""
    kept: list[SearchResult] = []
    for result in reversed(found):
        if not kept or result.evaluation.energy * EQUAL < kept[-1].evaluation.energy:
            kept.append(result)
    return tuple(reversed(kept))
