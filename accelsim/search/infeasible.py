"""Why nothing fits."""

from __future__ import annotations

from accelsim.errors import InfeasibleError
from accelsim.search.interface import Limits
from accelsim.search.problem import Problem


def infeasible(problem: Problem, limits: Limits) -> InfeasibleError:
    """The error for a problem without any mapping."""
    return InfeasibleError(f"{problem.rules.operation.name} on {problem.rules.architecture.name}: no mapping fits")
