"""The best how: mappings searched under an objective, with a certificate of how sure the answer is.

The functions load their engine when first called, so that naming them costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.search.interface import (
    OBJECTIVES,
    STEPS,
    Certificate,
    Limits,
    Objective,
    SearchInterrupted,
    SearchResult,
    Steps,
)
from accelsim.workload.operation import Operation

if TYPE_CHECKING:
    from accelsim.search.cache import Cache

__all__ = [
    "OBJECTIVES",
    "STEPS",
    "Certificate",
    "Limits",
    "Objective",
    "SearchInterrupted",
    "SearchResult",
    "Steps",
    "search",
    "search_many",
]


def search(
    operation: Operation,
    architecture: Architecture,
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    progress: Callable[[int, float], None] | None = None,
) -> SearchResult:
    """The best mapping found and how sure that is; see accelsim.search.engine.search."""
    from accelsim.search import engine

    return engine.search(operation, architecture, objective, limits, progress)


def search_many(
    pairs: Sequence[tuple[Operation, Architecture]],
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
    watch: Callable[[int, float], None] | None = None,
) -> list[SearchResult | InfeasibleError]:
    """One answer per pair, in order; see accelsim.search.many.search_many."""
    from accelsim.search import many

    return many.search_many(pairs, objective, limits, workers, progress, cache, watch)
