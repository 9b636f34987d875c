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
from itertools import chain
from math import inf

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import LARGEST
from accelsim.search import kernels
from accelsim.search.bounds import Bounds
from accelsim.search.entries import Entry, better
from accelsim.search.frames import Frame
from accelsim.search.frontier import NO_FRONT
from accelsim.search.garbage import seldom_collecting
from accelsim.search.hunt import OBJECTIVE, Hunt
from accelsim.search.infeasible import no_mapping
from accelsim.search.interface import Certificate, Limits, Objective, SearchInterrupted, SearchResult
from accelsim.search.ledger import Ledger
from accelsim.search.objective import Score, check_objective, score
from accelsim.search.prices import best_price
from accelsim.search.problem import Problem
from accelsim.search.restriction import Restriction
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.slid import Guide, Slides
from accelsim.search.space_size import SPACE_RULE
from accelsim.search.walk import Walk
from accelsim.workload.operation import Operation

DIVES, BEGIN, LOOKS, MORE = 24, 6, 16, 1.5
"""Frames that are dived into, those before all others are looked at, frames looked at before the best of them is dived
into, and how many times more before the next."""
DIVE, STEEP, STEEPER, TRIES, FEW = 500, 0.5, 4, 12, 10
"""Labels of a dive, how much a nest's end weighs in it, how many times more when nothing was found, how often that is
tried, and families per dive that the first frames are taken from."""
FIRST, CHUNK = 20_000, 50_000
"""Labels looked at in a frame before the others had their turn, and between two looks at the clock."""
Progress = Callable[[int, float], None]


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


class _Search(Bounds):
    """One search: what is asked, what may be spent, and the best so far."""

    def __init__(self, problem: Problem, objective: Objective, limits: Limits, progress: Progress | None) -> None:
        super().__init__(problem, objective, limits)
        self.progress = progress
        self.within = self.measures if limits.gap > 0 else None  # ties count only where the best is asked for
        self.best: tuple[Score, Mapping, Evaluation] | None = None
        self.ledger = Ledger(problem.rules.operation, problem.rules.architecture)
        self.dives, self.looks, self.enough_looks = 0, 0, LOOKS
        self.current: tuple[Entry, ...] = ()

    @seldom_collecting()
    def result(self) -> SearchResult:
        """The best mapping and its certificate; raises InfeasibleError."""
        queue = self.families()
        self.goal[2] = 0.0
        for entry in self.first(queue):
            queue.remove(entry)
            queue += self.pursued(entry)
        self.goal[2] = self.limits.gap
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

    def first(self, queue: list[Entry]) -> list[Entry]:
        """Families to dive into before anything else, in turn of the least bounds and of the fewest cycles within the
        gap: whichever mapping ends the search first is to be a fast one too."""
        # steps that divide have the better bounds, and give the others something to beat
        likely = [entry for entry in nsmallest(FEW * DIVES, queue) if entry.frame.is_perfect]
        near = [entry for entry in likely if entry.first <= likely[0].first * (1 + self.limits.gap)]
        fast = sorted(near, key=lambda entry: (entry.second, entry))
        return list(dict.fromkeys([*chain.from_iterable(zip(fast, likely, strict=False)), *likely]))[:BEGIN]

    def explore(self, queue: list[Entry]) -> None:
        """Take frames in the order of their bounds until none is left or enough was done."""
        while queue and not (self.budget.is_spent and self.best is not None):
            entry = self.next_of(queue)
            if self.hopeless(entry.frame, entry.values):
                continue
            self.current = (entry,)
            for further in entry.taken_further():
                heappush(queue, further)
            self.current = ()
            if self.progress is not None and self.best is not None:
                self.progress(self.budget.looked_at, self.best[0][0])

    def next_of(self, queue: list[Entry]) -> Entry:
        """The entry of the least bound; after some looks, of those that may be dived into."""
        if self.looks >= self.enough_looks and self.dives < DIVES:
            self.enough_looks = int(self.enough_looks * MORE)
            ready = [entry for entry in queue if entry.step == self.tried]
            if ready:
                queue.remove(min(ready))
                heapify(queue)
                return min(ready)
        return heappop(queue)

    def pursued(self, entry: Entry) -> list[Entry]:
        """An entry and the best of what becomes of it taken further, until one was dived into; those that are left."""
        left, dives = [entry], self.dives
        while left and self.dives == dives < DIVES:
            best = min(left)
            left.remove(best)
            if not self.hopeless(best.frame, best.values):
                left += best.taken_further()
        return left

    def relaxed(self, entry: Entry) -> list[Entry]:
        """The relaxed bound, and once there is something to compare with the one that follows slides."""
        self.looks += 1
        walk = Walk(self.problem, entry.frame, self.tables, self.measures)
        values = self.bound(walk, entry.values)
        walk.forget_tiles()
        return [self.entry(entry.number, entry.frame, values, self.tried, entry.first)]

    def tried(self, entry: Entry) -> list[Entry]:
        """The bound that follows slides. The first few frames are also dived into for something to compare with, and
        set the price."""
        walk, values = Walk(self.problem, entry.frame, self.tables, self.measures), entry.values.copy()
        if self.dives >= DIVES:
            self.follow(Slides(walk, self.price), values)
        else:
            self.price, bound = best_price(walk, self.price, inf)
            values[0] = max(values[0], bound)
            slides = Slides(self.whole(walk), self.price)
            guide = self.aimed(slides, values)
            if not self.hopeless(entry.frame, values):
                self.dives += 1
                self.dive(slides, guide)
        walk.forget_tiles()
        return [self.entry(entry.number, entry.frame, values, self.begin, entry.first)]

    def whole(self, walk: Walk) -> Walk:
        """The frame of a walk with all measures that labels are judged by: what slides depends on them."""
        same = self.measures == self.within
        return walk if same else Walk(self.problem, walk.frame, self.tables, self.within)

    def dive(self, slides: Slides, guide: Guide | None) -> None:
        """A quick mapping of a frame, for others to be compared with; while there is none, ever more greedily."""
        walk, steep, goal = slides.walk, STEEP, self.goal.copy()
        goal[2] = 0.0
        for _ in range(TRIES):
            hunt = Hunt(walk, OBJECTIVE[self.objective], self.lexical, slides.price, steep, guide)
            for _ in range(2):
                goal[:2] = self.goal[:2]
                _, mapping, _ = hunt.run(goal, NO_FRONT, 0, DIVE)
                if mapping is None:
                    break
                self.take(mapping, walk.frame)
            self.budget.looked_at += hunt.looked_at
            if self.best is not None:
                return
            steep *= STEEPER
            guide = None

    def begin(self, entry: Entry) -> list[Entry]:
        """Labels of a frame for the first time, at the price that is best for it."""
        walk = Walk(self.problem, entry.frame, self.tables, self.measures)
        enough = self.goal[0] * (1 - self.limits.gap) if self.objective == "energy" else inf
        best, bound = best_price(walk, self.price, enough)
        values = entry.values.copy()
        values[0] = max(values[0], bound)
        self.follow(Slides(walk, best), values)
        if self.hopeless(entry.frame, values):
            return []
        slides = Slides(self.whole(walk), best)
        guide = slides.guide(self.enough(entry.frame, values))
        if guide is not None:
            values[0] = guide.floor
            self.hopeless(entry.frame, values)  # what the guide rules out is given up for the gap
        hunt = Hunt(slides.walk, OBJECTIVE[self.objective], self.lexical, best, guide=guide)
        return self.hunt(hunt, FIRST, replace(entry, most=self.value(entry.frame, values)[0] if guide else inf))

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
                first = max(entry.first, min(least, entry.most))
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
