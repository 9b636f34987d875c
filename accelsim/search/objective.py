"""What a search minimises, and how ties fall: the objective, then the other metric, then who was first."""

from __future__ import annotations

from accelsim.errors import InputError, nearest
from accelsim.model.evaluation import Evaluation
from accelsim.search.interface import OBJECTIVES, Objective

Score = tuple[float, float]
"""The objective's value and the tie-breaker's; smaller is better."""


def check_objective(objective: str) -> None:
    """Raises InputError when there is no such objective."""
    if objective not in OBJECTIVES:
        raise InputError(f"objective must be one of {', '.join(OBJECTIVES)}, not '{objective}'{_guess(objective)}")


def _guess(objective: str) -> str:
    tail = nearest(objective, OBJECTIVES)
    return tail if tail.startswith("; did") else ""


def score(evaluation: Evaluation, objective: Objective) -> Score:
    """The score of an evaluated mapping."""
    return score_of(evaluation.energy, evaluation.cycles, objective)


def score_of(energy: float, cycles: int, objective: Objective) -> Score:
    """The score of an energy (architecture's unit) and a latency in cycles.

    Energy is tied by cycles, latency and EDP by energy.
    """
    match objective:
        case "energy":
            return energy, cycles
        case "latency":
            return cycles, energy
        case "edp":
            return energy * cycles, energy
