"""Scores of many mappings of one template at once."""

from __future__ import annotations

from functools import cached_property
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from accelsim.model.batch import BatchEvaluator
from accelsim.search.interface import Limits, Objective
from accelsim.search.template import Steps, Template

Scores = NDArray[np.float64]
"""Per row the objective and the tie-breaker; smaller is better."""


class Budget:
    """What a search may still spend; it is asked between batches."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.start, self.looked_at = limits, perf_counter(), 0

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    @property
    def is_spent(self) -> bool:
        late = self.limits.seconds is not None and self.seconds >= self.limits.seconds
        return late or (self.limits.max_candidates is not None and self.looked_at >= self.limits.max_candidates)

    def cut(self, rows: Steps) -> Steps:
        """As many of the rows as may still be looked at; they count as looked at."""
        if self.limits.max_candidates is not None:
            rows = rows[: max(0, self.limits.max_candidates - self.looked_at)]
        self.looked_at += len(rows)
        return rows


class Pricer:
    """Prices rows of one template for one objective, and keeps to the budget."""

    def __init__(self, template: Template, objective: Objective, budget: Budget) -> None:
        self.template, self.objective, self.budget = template, objective, budget

    @cached_property
    def evaluator(self) -> BatchEvaluator:
        rules = self.template.rules
        return BatchEvaluator(rules.operation, rules.architecture, self.template.nodes, self.budget.limits.convention)

    def scores(self, rows: Steps) -> Scores:
        """Scores of rows that fit."""
        costs = self.evaluator(rows)
        energy, cycles = costs.energy, costs.cycles.astype(np.float64)
        match self.objective:
            case "energy":
                columns = (energy, cycles)
            case "latency":
                columns = (cycles, energy)
            case "edp":
                columns = (energy * cycles, energy)
        return np.stack(columns, axis=1)

    def best(self, rows: Steps) -> tuple[tuple[float, float], Steps] | None:
        """The best of these rows that fits and its score, the first among equals; None when none fits."""
        return self.best_fitting(rows[self.template.fits(rows)])

    def best_fitting(self, rows: Steps) -> tuple[tuple[float, float], Steps] | None:
        """The same of rows that are known to fit."""
        ranked = self.ranked(rows, 1)
        return ranked[0] if ranked else None

    def ranked(self, rows: Steps, count: int) -> list[tuple[tuple[float, float], Steps]]:
        """The best few of these rows, which are known to fit, with their scores; the first among equals first."""
        rows = self.budget.cut(rows)
        if not len(rows):
            return []
        scores = self.scores(rows)
        if count == 1:
            least = np.flatnonzero(scores[:, 0] == scores[:, 0].min())
            order = least[[np.argmin(scores[least, 1])]]
        else:
            order = np.lexsort((np.arange(len(rows)), scores[:, 1], scores[:, 0]))[:count]
        return [((float(scores[i, 0]), float(scores[i, 1])), rows[i]) for i in order]
