"""The frames that a search has still to look at: families, their first bounds, and the frames that they become."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from math import inf, prod

import numpy as np

from accelsim.search import kernels
from accelsim.search.budget import Budget
from accelsim.search.entries import LARGE, Entry, Step
from accelsim.search.frames import Frame, families, members, pins
from accelsim.search.grid import Floats
from accelsim.search.hunt import OBJECTIVE
from accelsim.search.interface import Limits, Objective
from accelsim.search.objective import Score
from accelsim.search.problem import Problem
from accelsim.search.quick import Quick
from accelsim.search.space_size import nests
from accelsim.search.symmetry import Swap, is_first, mirrors
from accelsim.search.walk import Walk
from accelsim.search.windows import WindowTables

NO_FRONT = np.zeros((1, 2))


class Frontier(ABC):
    """Frames by their bounds, against the best value known. ``goal``: see kernels._hopeless."""

    def __init__(self, problem: Problem, objective: Objective, limits: Limits) -> None:
        self.problem, self.objective, self.limits = problem, objective, limits
        self.budget = Budget(limits)
        self.rates = np.array([m.rate for m in problem.measures])
        self.lexical = objective == "energy" and limits.max_cycles is None
        self.measures = 1 if self.lexical else None
        self.goal = np.array([inf, inf, limits.gap, limits.max_cycles or inf, limits.max_energy or inf, inf])
        self.tables, self.quick = WindowTables(), Quick(problem)
        self.price: Floats | None = None
        self.space = 0
        self.aligned = limits.steps != "perfect"
        self.seen: set[object] = set()

    @abstractmethod
    def bound(self, walk: Walk, values: Floats) -> Floats:
        """Better bounds of a frame or a family: the relaxed one, and the one that follows slides."""

    @abstractmethod
    def relaxed(self, entry: Entry) -> list[Entry]:
        """A frame with its relaxed bound."""

    def families(self) -> list[Entry]:
        """Every family of frames with a first, quick bound."""
        queue: list[Entry] = []
        rules = self.problem.rules
        swaps = mirrors(rules)
        measures = len(self.problem.measures[: self.measures])
        for number, family in enumerate(families(rules, self.aligned)):
            if is_first(family, swaps):
                self.space += prod(map(len, pins(family))) * nests(self.problem, family)
                values = np.zeros(measures)
                values[0] = max(0.0, self.quick.energy(family))
                queue.append(self.entry((number, 0), family, values, partial(self.bounded, swaps)))
        return queue

    def bounded(self, swaps: tuple[Swap, ...], entry: Entry) -> list[Entry]:
        """The frames of a family; of a large one only when its relaxed bound says that they may be worth it."""
        family = entry.frame
        values = entry.values
        if self.lexical and self.quick.holds and prod(map(len, pins(family))) > LARGE:
            walk = Walk(self.problem, family, self.tables, self.measures)
            values = self.bound(walk, values)
            walk.forget_tiles()
            if self.hopeless(family, values):
                return []
        frames = enumerate(members(family, self.aligned, self.seen))
        return [self.entry((entry.number[0], i), frame, values, self.relaxed, entry.first)
                for i, frame in frames if is_first(frame, swaps)]  # fmt: skip

    def entry(
        self, number: tuple[int, int], frame: Frame, values: Floats, step: Step | None, floor: float = -inf
    ) -> Entry:
        first, second = self.value(frame, values)
        return Entry(max(first, floor), second, number, frame, values, step)

    def value(self, frame: Frame, values: Floats) -> Score:
        """The objective at these measures; those not asked for count nothing."""
        if len(values) == 1 and self.objective == "energy":
            return float(values[0]), float(frame.cycles)
        rates = self.rates[: len(values)]
        first, second, _ = kernels._value(OBJECTIVE[self.objective], float(frame.cycles), rates, values)
        return float(first), float(second)

    def enough(self, frame: Frame, values: Floats) -> float:
        """An energy that makes a frame hopeless, its other measures being these; infinite where none does."""
        limit = self.goal[0] * (1 - self.goal[2] if self.goal[2] > 0 else 1 + 4 * kernels.CLOSE)
        if self.objective == "edp":
            rates = self.rates[: len(values)]
            limit /= kernels._value(OBJECTIVE["edp"], float(frame.cycles), rates, values)[2]
        elif self.objective == "latency":
            limit = inf
        return float(min(limit, self.goal[4] * (1 + 4 * kernels.CLOSE)))

    def hopeless(self, frame: Frame, values: Floats) -> bool:
        asked = OBJECTIVE[self.objective], float(frame.cycles), self.rates[: len(values)]
        return bool(kernels._hopeless(*asked, values, self.goal, NO_FRONT, 0))
