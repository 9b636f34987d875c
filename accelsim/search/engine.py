"""The best mapping of one operation on one machine, with what proves it.

The space is split into frames (accelsim.search.frames); each has a bound from a relaxation, and the frames are
explored in the order of their bounds until none can hold anything better, or the gap that was asked for is reached.
A frame that is explored to its end is proven; what is left open gives the lower bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from heapq import heapify, heappop, heappush, nsmallest
from math import inf, prod

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import LARGEST
from accelsim.search import kernels
from accelsim.search.budget import Budget
from accelsim.search.entries import ENTRIES, KEPT, LARGE, PER_FRAME, Entry, Step, better
from accelsim.search.frames import Frame, families, members, pins
from accelsim.search.grid import Floats
from accelsim.search.hunt import OBJECTIVE, Hunt
from accelsim.search.infeasible import no_mapping
from accelsim.search.interface import Certificate, Limits, Objective, SearchInterrupted, SearchResult
from accelsim.search.ledger import Ledger
from accelsim.search.objective import Score, check_objective, score
from accelsim.search.prices import best_price
from accelsim.search.problem import Problem
from accelsim.search.quick import Quick
from accelsim.search.restriction import Restriction
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.space_size import SPACE_RULE, nests
from accelsim.search.symmetry import Swap, is_first, mirrors
from accelsim.search.walk import Walk
from accelsim.search.windows import WindowTables
from accelsim.workload.operation import Operation

DIVES, DIVE, STEEP, STEEPER, FEW = 12, 500, 0.5, 4, 20
"""Frames that are dived into before all others are looked at, labels of a dive, how much a nest's end weighs in it, and
how many times more when nothing was found."""
FIRST, CHUNK = 20_000, 50_000
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

    ``progress`` is called with the labels looked at and the best value so far.
    Raises SearchInterrupted, with the best so far and its gap, on Ctrl-C once there is one;
     InfeasibleError when no mapping fits, with the constraint and the smallest change that would help;
    InputError for an unknown objective, dataflow or convention, or an operation without MACs, which needs no mapping.
    """
    check_objective(objective)
    from accelsim.search.partial import check_restriction, search_nest
    from accelsim.search.ragged import any_steps, first_share

    view = convention(limits.convention)
    if operation.kind != "mac":
        raise InputError(
            f"{operation.name}: only an operation with MACs has mappings to search, not a vector operation"
        )
    if operation.points >= LARGEST:
        raise InputError(f"{operation.name}: must have fewer than 2**59 MACs to be searched, not {operation.points:,}")
    check_restriction(operation, architecture, limits)
    rules = Rules.of(operation, architecture, dataflow_of(architecture, limits), limits.restriction or Restriction())
    problem = Problem(rules, view)
    if limits.restriction is not None and limits.restriction.nest:
        return search_nest(problem, objective, limits)
    found = _Search(problem, objective, first_share(limits), progress).result()
    return any_steps(problem, objective, limits, found) if limits.steps == "ragged" else found


class _Search:
    """One search: what is asked, what may be spent, and the best so far."""

    def __init__(self, problem: Problem, objective: Objective, limits: Limits, progress: Progress | None) -> None:
        self.problem, self.objective, self.limits, self.progress = problem, objective, limits, progress
        self.budget = Budget(limits)
        self.rates = np.array([m.rate for m in problem.measures])
        self.lexical = objective == "energy" and limits.max_cycles is None
        self.goal = np.array([inf, inf, limits.gap, limits.max_cycles or inf, limits.max_energy or inf, inf])
        self.best: tuple[Score, Mapping, Evaluation] | None = None
        self.tables = WindowTables()
        self.ledger = Ledger(problem.rules.operation, problem.rules.architecture)
        self.price: Floats | None = None
        self.dives = 0
        self.measures = 1 if self.lexical else None
        self.space, self.ready = 0, 0
        self.aligned = limits.steps != "perfect"
        self.seen: set[object] = set()
        self.current: tuple[Entry, ...] = ()

    def result(self) -> SearchResult:
        """The best mapping and its certificate; raises InfeasibleError."""
        queue = self.families()
        for entry in [e for e in nsmallest(FEW * DIVES, queue) if e.frame.is_perfect][: DIVES // 2]:
            # steps that divide have the better bounds, and give the others something to beat
            queue.remove(entry)
            queue += self.pursued(entry)
        heapify(queue)
        try:
            self.explore(queue)
        except KeyboardInterrupt:
            if self.best is None:
                raise
            raise SearchInterrupted(self.certified([*queue, *self.current])) from None
        if self.best is None:
            raise no_mapping(self.problem, self.limits)
        return self.certified(queue)

    def explore(self, queue: list[Entry]) -> None:
        """Take frames in the order of their bounds until none is left or enough was done."""
        while queue and not (self.budget.is_spent and self.best is not None):
            entry = heappop(queue)
            if self.hopeless(entry.frame, entry.values):
                continue
            self.current = (entry,)
            for further in entry.taken_further():
                heappush(queue, further)
            self.current = ()
            if self.progress is not None and self.best is not None:
                self.progress(self.budget.looked_at, self.best[0][0])

    def pursued(self, entry: Entry) -> list[Entry]:
        """An entry and the best of what becomes of it taken further, until one was dived into; those that are left."""
        left, dives = [entry], self.dives
        while left and self.dives == dives < DIVES:
            best = min(left)
            left.remove(best)
            if not self.hopeless(best.frame, best.values):
                left += best.taken_further()
        return left

    def families(self) -> list[Entry]:
        """Every family of frames with a first, quick bound."""
        queue: list[Entry] = []
        rules = self.problem.rules
        swaps, quick = mirrors(rules), Quick(self.problem)
        measures = len(self.problem.measures[: self.measures])
        for number, family in enumerate(families(rules, self.aligned)):
            if is_first(family, swaps):
                self.space += prod(map(len, pins(family))) * nests(self.problem, family)
                values = np.zeros(measures)
                values[0] = max(0.0, quick.energy(family))
                queue.append(self.entry((number, 0), family, values, partial(self.bounded, swaps)))
        return queue

    def bounded(self, swaps: tuple[Swap, ...], entry: Entry) -> list[Entry]:
        """A large family bounded as one, or the frames of a small one."""
        family, output = entry.frame, self.problem.rules.operation.output
        together = self.lexical and not any(len(rank.terms) > 1 for rank in output.ranks)
        if not together or prod(map(len, pins(family))) <= LARGE:
            return self.members(entry.number, family, swaps, entry.first)
        walk = Walk(self.problem, family, self.tables, self.measures)
        if not np.isfinite(walk.apart[0]):
            return []
        return [self.entry(entry.number, family, walk.apart, partial(self.widened, swaps), entry.first)]

    def widened(self, swaps: tuple[Swap, ...], entry: Entry) -> list[Entry]:
        """The frames of a family, when its relaxed bound says that they may be worth it."""
        walk = Walk(self.problem, entry.frame, self.tables, self.measures)
        values = np.maximum(entry.values, walk.lower if self.price is None else walk.root(self.price))
        if self.hopeless(entry.frame, values):
            return []
        return self.members(entry.number, entry.frame, swaps, max(entry.first, self.value(entry.frame, values)[0]))

    def members(self, number: tuple[int, int], family: Frame, swaps: tuple[Swap, ...], floor: float) -> list[Entry]:
        """The frames of a family with their quick bounds."""
        found: list[Entry] = []
        for i, frame in enumerate(members(family, self.aligned, self.seen)):
            if is_first(frame, swaps):
                walk = Walk(self.problem, frame, self.tables, self.measures)
                self.budget.spend(PER_FRAME)
                if np.isfinite(walk.apart[0]):
                    self.ready += 1
                    step = partial(self.relaxed, walk if self.ready < KEPT else None)
                    found.append(self.entry((number[0], i), frame, walk.apart, step, floor))
                    walk.forget()
        return found

    def entry(
        self, number: tuple[int, int], frame: Frame, values: Floats, step: Step | None, floor: float = -inf
    ) -> Entry:
        first, second = self.value(frame, values)
        return Entry(max(first, floor), second, number, frame, values, step)

    def value(self, frame: Frame, values: Floats) -> Score:
        """The objective at these measures; those not asked for count nothing."""
        rates = self.rates[: len(values)]
        first, second, _ = kernels._value(OBJECTIVE[self.objective], float(frame.cycles), rates, values)
        return float(first), float(second)

    def hopeless(self, frame: Frame, values: Floats) -> bool:
        asked = OBJECTIVE[self.objective], float(frame.cycles), self.rates[: len(values)]
        return bool(kernels._hopeless(*asked, values, self.goal, NO_FRONT, 0))

    def relaxed(self, ready: Walk | None, entry: Entry) -> list[Entry]:
        """The relaxed bound, and where that is not enough one that knows of shared memories. The first few frames
        are also dived into for something to compare with, and set the price."""
        walk = ready or Walk(self.problem, entry.frame, self.tables, self.measures)
        self.budget.spend(walk.size * walk.common.rows // ENTRIES)
        values, price = entry.values.copy(), self.price
        if price is None or len(values) > 1 or self.dives < DIVES:
            values = np.maximum(values, walk.lower)
        if price is not None and not self.hopeless(entry.frame, values):
            values[0] = max(values[0], walk.root(price))
        if self.dives < DIVES and not self.hopeless(entry.frame, values):
            self.price, bound = best_price(walk, price, inf)
            values[0], price = max(values[0], bound), self.price
        walk.forget()
        found = self.entry(entry.number, entry.frame, values, partial(self.begin, ready, price), entry.first)
        if self.dives < DIVES and not self.hopeless(entry.frame, values):
            self.dives += 1
            self.dive(entry.frame, price)
        return [found]

    def dive(self, frame: Frame, price: Floats | None) -> None:
        """A quick mapping of a frame, for others to be compared with; while there is none, ever more greedily."""
        walk, steep = Walk(self.problem, frame, self.tables), STEEP
        for _ in range(DIVES):
            hunt = Hunt(walk, OBJECTIVE[self.objective], self.lexical, price, steep)
            for _ in range(2):
                _, mapping, _ = hunt.run(self.goal, NO_FRONT, 0, DIVE)
                if mapping is None:
                    break
                self.take(mapping, frame)
            self.budget.looked_at += hunt.looked_at
            if self.best is not None:
                return
            steep *= STEEPER

    def begin(self, ready: Walk | None, price: Floats | None, entry: Entry) -> list[Entry]:
        """Labels of a frame for the first time, at the price that is best for it."""
        walk = ready or Walk(self.problem, entry.frame, self.tables, self.measures)
        enough = self.goal[0] * (1 - self.limits.gap) if self.objective == "energy" else inf
        best, bound = best_price(walk, price, enough)
        values = entry.values.copy()
        values[0] = max(values[0], bound)
        if self.hopeless(entry.frame, values):
            return []
        whole = walk if self.measures is None else Walk(self.problem, entry.frame, self.tables)
        hunt = Hunt(whole, OBJECTIVE[self.objective], self.lexical, best)
        return self.hunt(hunt, FIRST, entry)

    def hunt(self, hunt: Hunt, most: int, entry: Entry) -> list[Entry]:
        """Look at so many more labels of a frame."""
        while True:
            before, compared = hunt.looked_at, hunt.compared
            left = most if self.best is None else min(most, self.budget.left)
            status, mapping, least = hunt.run(self.goal, NO_FRONT, 0, left)
            self.budget.looked_at += hunt.looked_at - before
            self.budget.spend(hunt.compared - compared)
            if mapping is not None:
                self.take(mapping, hunt.walk.frame)
            if status == kernels.EMPTY:
                return []
            if status == kernels.FOUND and self.budget.is_spent:
                return [replace(entry, step=partial(self.hunt, hunt, CHUNK))]
            if status == kernels.RUNNING:
                first = max(entry.first, least)
                return [replace(entry, first=first, step=partial(self.hunt, hunt, CHUNK))]

    def take(self, mapping: Mapping, frame: Frame) -> None:
        """Evaluate a complete mapping; keep it when it is the best."""
        rules = self.problem.rules
        if self.lexical and frame.is_perfect:
            energy = self.ledger.energy(frame.spreads, mapping)
            if energy is not None and energy > self.goal[0] * (1 + kernels.CLOSE):
                return
        evaluation = evaluate(rules.operation, rules.architecture, mapping, self.limits.convention)
        if self.lexical and frame.is_perfect:
            self.ledger.note(frame.spreads, mapping, evaluation)
        value = score(evaluation, self.objective)
        if evaluation.cycles > self.goal[3] or evaluation.energy > self.goal[4]:
            return
        if self.best is None or better(value, self.best[0]):
            self.best = value, mapping, evaluation
            self.goal[0], self.goal[1] = value

    def certified(self, queue: list[Entry]) -> SearchResult:
        """``queue``: the frames that are still open."""
        assert self.best is not None
        (value, _), mapping, evaluation = self.best
        left = [e.first for e in queue if not self.hopeless(e.frame, e.values)]
        bound = min([value, float(self.goal[5]), *left])
        if bound >= value * (1 - kernels.CLOSE):
            bound = value
        certificate = Certificate(
            space=self.space,
            space_rule=SPACE_RULE[self.limits.steps],
            looked_at=self.budget.looked_at,
            lower_bound=bound,
            best=value,
            seconds=self.budget.seconds,
            complete=not left and bool(self.goal[5] == inf),
        )
        return SearchResult(mapping, evaluation, certificate)
