"""The best mapping of one operation on one machine, with what proves it.

The space is split into frames (accelsim.search.frames); each has a bound from a relaxation, and the frames are explored
in the order of their bounds until none can hold anything better, or the gap that was asked for is reached.  A frame that
is explored to its end is proven; what is left open gives the lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import LARGEST
from accelsim.search import labels
from accelsim.search.budget import Budget
from accelsim.search.frames import frames
from accelsim.search.hunt import OBJECTIVE, Hunt
from accelsim.search.infeasible import infeasible
from accelsim.search.interface import Certificate, Limits, Objective, SearchResult
from accelsim.search.objective import Score, check_objective, score
from accelsim.search.prices import best_price
from accelsim.search.problem import Problem
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.walk import Floats, Walk
from accelsim.search.windows import WindowTables
from accelsim.workload.operation import Operation

SPACE_RULE = {
    "perfect": "every placement of every storage node, every order of loops, all dims that may share an axis; steps"
    " divide what encloses them",
    "aligned": "every placement of every storage node, every order of loops, all dims that may share an axis; steps in"
    " time divide one another, positions on an axis need not divide the bound",
    "ragged": "every placement of every storage node, every order of loops, all dims that may share an axis; any steps",
}
FIRST, CHUNK = 3_000, 50_000
"""Labels looked at in a frame before the others had their turn, and between two looks at the clock."""
Progress = Callable[[int, float], None]
NO_FRONT = np.zeros((1, 2))


def search(
    operation: Operation,
    architecture: Architecture,
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    progress: Progress | None = None,
) -> SearchResult:
    """The best mapping found and how sure that is; the same answer for the same question unless ``seconds`` bites.

    ``progress`` is called with the labels looked at and the best value so far. An interrupt (Ctrl-C) is the caller's;
    ``limits.seconds`` returns the best so far with its gap.
    Raises InfeasibleError when no mapping fits, with the constraint and the smallest change that would help;
    InputError for an unknown objective, dataflow or convention, or an operation without MACs, which needs no mapping.
    """
    check_objective(objective)
    view = convention(limits.convention)
    if operation.kind != "mac":
        raise InputError(
            f"{operation.name}: only an operation with MACs has mappings to search, not a vector operation"
        )
    if operation.points >= LARGEST:
        raise InputError(f"{operation.name}: must have fewer than 2**59 MACs to be searched, not {operation.points:,}")
    problem = Problem(Rules.of(operation, architecture, dataflow_of(architecture, limits)), view)
    return _Search(problem, objective, limits, progress).result()


class _Search:
    """One search: what is asked, what may be spent, and the best so far."""

    def __init__(self, problem: Problem, objective: Objective, limits: Limits, progress: Progress | None) -> None:
        self.problem, self.objective, self.limits, self.progress = problem, objective, limits, progress
        self.budget = Budget(limits)
        self.rates = np.array([m.rate for m in problem.measures])
        self.lexical = objective == "energy" and limits.max_cycles is None
        self.goal = np.array([inf, inf, limits.gap, limits.max_cycles or inf, limits.max_energy or inf, inf])
        self.best: tuple[Score, Mapping, Evaluation] | None = None
        self.open: dict[int, float] = {}
        self.space = 0

    def result(self) -> SearchResult:
        """The best mapping and its certificate; raises InfeasibleError."""
        walks = self.walks()
        for most in (FIRST, None):
            self.explore(walks, most)
        if self.best is None:
            raise infeasible(self.problem, self.limits)
        return self.certified()

    def walks(self) -> list[Walk]:
        """The frames in which anything fits, the most promising first."""
        tables, found = WindowTables(), []
        for number, frame in enumerate(frames(self.problem.rules, self.limits.steps != "perfect")):
            walk = Walk(self.problem, frame, tables)
            self.space += walk.space
            values = walk.lower
            if np.isfinite(values[0]):
                found.append((*self.value(walk, values), number, walk))
        found.sort(key=lambda entry: entry[:3])
        self.open = {number: first for number, (first, *_) in enumerate(found)}
        return [walk for *_, walk in found]

    def value(self, walk: Walk, values: Floats) -> Score:
        first, second, _ = labels._value(OBJECTIVE[self.objective], float(walk.frame.cycles), self.rates, values)
        return float(first), float(second)

    def explore(self, walks: list[Walk], most: int | None) -> None:
        """Look at every frame that may hold better, at ``most`` labels each, or to the end."""
        price: Floats | None = None
        for number, walk in enumerate(walks):
            if number not in self.open or self.budget.is_spent and self.best:
                continue
            if self.hopeless(walk, walk.lower):
                self.give_up(number)
                continue
            price = best_price(walk, price, self.goal[0] if self.objective == "energy" else inf)
            bound = walk.lower.copy()
            bound[0] = max(bound[0], walk.root(walk.priced(price), price)) if price is not None else bound[0]
            self.open[number] = max(self.open[number], self.value(walk, bound)[0])
            if self.hopeless(walk, bound):
                self.give_up(number)
                continue
            self.hunt(number, Hunt(walk, OBJECTIVE[self.objective], self.lexical, price), most)

    def hopeless(self, walk: Walk, values: Floats) -> bool:
        return bool(
            labels._hopeless(OBJECTIVE[self.objective], float(walk.frame.cycles), self.rates, values, self.goal,
                             NO_FRONT, 0)
        )  # fmt: skip

    def give_up(self, number: int) -> None:
        """A frame holds nothing better; ``goal`` remembers what the gap left unexplored."""
        del self.open[number]

    def hunt(self, number: int, hunt: Hunt, most: int | None) -> None:
        """Explore a frame; what it may still hold stays open."""
        spent = 0
        while True:
            chunk = CHUNK if most is None else min(CHUNK, most - spent)
            before = hunt.looked_at
            status, mapping, least = hunt.run(self.goal, NO_FRONT, 0, chunk)
            self.budget.looked_at += hunt.looked_at - before
            spent += chunk
            if status == labels.EMPTY:
                self.give_up(number)
                return
            self.open[number] = max(self.open[number], least)
            if mapping is not None:
                self.take(mapping)
            if self.progress is not None and self.best is not None:
                self.progress(self.budget.looked_at, self.best[0][0])
            if (self.budget.is_spent and self.best is not None) or (most is not None and spent >= most):
                return

    def take(self, mapping: Mapping) -> None:
        """Evaluate a complete mapping; keep it when it is the best."""
        rules = self.problem.rules
        evaluation = evaluate(rules.operation, rules.architecture, mapping, self.limits.convention)
        value = score(evaluation, self.objective)
        if evaluation.cycles > self.goal[3] or evaluation.energy > self.goal[4]:
            return
        if self.best is None or _better(value, self.best[0]):
            self.best = value, mapping, evaluation
            self.goal[0], self.goal[1] = value

    def certified(self) -> SearchResult:
        assert self.best is not None
        (value, _), mapping, evaluation = self.best
        bound = min([value, float(self.goal[5]), *self.open.values()])
        if bound >= value * (1 - labels.CLOSE):
            bound = value
        certificate = Certificate(
            space=self.space,
            space_rule=SPACE_RULE[self.limits.steps],
            looked_at=self.budget.looked_at,
            lower_bound=bound,
            best=value,
            seconds=self.budget.seconds,
            complete=not self.open and self.goal[5] == inf,
        )
        return SearchResult(mapping, evaluation, certificate)


def _better(value: Score, than: Score) -> bool:
    """Whether a score is lower, or as low with a lower tie-breaker, energies being sums of rounded numbers."""
    if value[0] < than[0] * (1 - labels.CLOSE):
        return True
    return value[0] <= than[0] * (1 + labels.CLOSE) and value[1] < than[1] * (1 - labels.CLOSE)
