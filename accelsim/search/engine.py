"""The best mapping of one operation on one machine: small spaces in full, large ones by descent from many nests.

Every choice of kept tensors gets a short descent in one order of nodes; the best few get all orders, and the best of
those moves of two dims together, other loop orders over the same tiles, and starts that spread other dims over the
array.  What no mapping can beat comes from accelsim.search.bound, so the certificate states a true gap, though not
the smallest; whole spaces that are enumerated are proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product
from math import inf

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Spatial, Storage
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.model.traffic import LARGEST
from accelsim.search.bound import lower_bound
from accelsim.search.descent import Found, Values, descend, descend_pairs
from accelsim.search.infeasible import infeasible
from accelsim.search.interface import Certificate, Limits, Objective, SearchResult
from accelsim.search.objective import check_objective, score
from accelsim.search.pricing import Budget, Pricer
from accelsim.search.rules import Kept, Rules, dataflow_of
from accelsim.search.skeleton import SPACE_RULE, last_outside, orders, skeleton
from accelsim.search.steps import chains, filling_rows, relaid_rows, start_row, step_values
from accelsim.search.template import Steps, Template
from accelsim.workload.operation import Operation

SMALL = 60_000
"""Spaces of at most so many rows of steps are enumerated."""
FIRST_SWEEPS, LATER_SWEEPS, BEST_CHOICES, BEST_ORDERS, PAIR_ROUNDS = 2, 2, 3, 2, 12
MOST_SPREADS, BEST_SPREADS, MOST_RELAYS = 6, 1, 4
BLOCK = 8192

Progress = Callable[[int, float], None]
Candidate = tuple[Found, Pricer]


def search(
    operation: Operation,
    architecture: Architecture,
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    progress: Progress | None = None,
) -> SearchResult:
    """The best mapping found and how sure that is; the same answer for the same question unless ``seconds`` bites.

    ``progress`` is called with the mappings looked at and the best value so far.
    Raises InfeasibleError when no mapping fits, with the memory that is too small; InputError for an unknown objective,
    dataflow or convention, or an operation without MACs, which needs no mapping.
    """
    check_objective(objective)
    convention(limits.convention)
    if operation.kind != "mac":
        raise InputError(
            f"{operation.name}: only an operation with MACs has mappings to search, not a vector operation"
        )
    if operation.points >= LARGEST:
        raise InputError(f"{operation.name}: must have fewer than 2**59 MACs to be searched, not {operation.points:,}")
    rules = Rules.of(operation, architecture, dataflow_of(architecture, limits))
    return _Search(rules, objective, limits, progress).result()


class _Search:
    """One search: what is asked, what may be spent, and the best so far."""

    def __init__(self, rules: Rules, objective: Objective, limits: Limits, progress: Progress | None) -> None:
        self.rules, self.objective, self.progress = rules, objective, progress
        self.budget = Budget(limits)
        self.values = step_values(rules)
        self.bound = lower_bound(rules, objective, limits.convention)

    def result(self) -> SearchResult:
        """The best mapping and its certificate; raises InfeasibleError."""
        choices, refused = self.usable()
        if not choices:
            raise infeasible(self.rules, refused)
        space = sum(template.space(self.values) for choice in choices for template in choice)
        pricers = [[self.pricer(template) for template in choice] for choice in choices]
        if space <= SMALL:
            best, complete = self.enumerated([pricer for choice in pricers for pricer in choice])
        else:
            best, complete = self.descended(pricers), False
        return self.certified(best, space, complete)

    def usable(self) -> tuple[list[list[Template]], list[Template]]:
        """Per choice of what levels keep, the templates whose smallest tiles fit; and those that do not.

        Once there is something to price, a spent budget ends it: then the stated space is what was built by then.
        """
        choices: list[list[Template]] = []
        refused: list[Template] = []
        for early in (False, True) if self.rules.complete else (False,):
            for kept in self.rules.choices():
                if early and not last_outside(self.rules, kept):
                    continue
                fitting: list[Template] = []
                for order in orders(kept):
                    template = self.template(order, early)
                    fits = template.is_closed and template.fits(start_row(template)[None, :])[0]
                    (fitting if fits else refused).append(template)
                    if self.budget.is_spent and (choices or fitting):
                        return [*choices, fitting] if fitting else choices, refused
                if fitting:
                    choices.append(fitting)
        return choices, refused

    def template(self, kept: Kept, early: bool) -> Template:
        return Template(self.rules, skeleton(self.rules, kept, early))

    def pricer(self, template: Template) -> Pricer:
        return Pricer(template, self.objective, self.budget)

    def certified(self, best: Candidate, space: int, complete: bool) -> SearchResult:
        (_, row), pricer = best
        mapping = pricer.template.mapping(row.tolist())
        evaluation = evaluate(self.rules.operation, self.rules.architecture, mapping, self.budget.limits.convention)
        value = score(evaluation, self.objective)[0]
        certificate = Certificate(
            space=space,
            space_rule=SPACE_RULE,
            looked_at=self.budget.looked_at,
            lower_bound=value if complete else min(value, self.bound),
            best=value,
            seconds=self.budget.seconds,
            complete=complete,
        )
        return SearchResult(mapping, evaluation, certificate)

    def enumerated(self, pricers: list[Pricer]) -> tuple[Candidate, bool]:
        """The best of the whole space, and whether the budget sufficed to see it."""
        best: Candidate | None = None
        for pricer in pricers:
            for rows in _every_row(pricer.template, self.values):
                found = pricer.best(rows)
                if found is not None and (best is None or found[0] < best[0][0]):
                    best = found, pricer
                if self.budget.is_spent and best is not None:
                    return best, False
        assert best is not None
        return best, True

    def descended(self, choices: list[list[Pricer]]) -> Candidate:
        """The best of descents: every choice of kept tensors in one order, the best choices in every order, the best
        of those by pairs of dims, and all that once more from there."""
        found = self.swept([choice[0] for choice in choices], [], FIRST_SWEEPS)
        if not self.done(found):
            ahead = {id(pricer) for _, pricer in _best(found, BEST_CHOICES)}
            later = [p for choice in choices if id(choice[0]) in ahead for p in choice[1:]]
            found = self.swept(later, found, LATER_SWEEPS)
        for candidate in _best(found, BEST_ORDERS):
            if not self.done(found):
                found.append(self.polished(candidate))
        if not self.done(found):
            found += self.spread(self.leader(found)[1])
        while not self.done(found):
            leader = self.leader(found)
            of_choice = next(choice for choice in choices if leader[1] in choice)
            again = self.swept([p for p in of_choice if p is not leader[1]], [leader], LATER_SWEEPS)
            again += self.swept([choice[0] for choice in choices if choice is not of_choice], [leader], LATER_SWEEPS)
            best = self.leader(again)
            if best[0][0] >= leader[0][0]:
                break
            found.append(self.polished(best))
        return self.leader(found)

    def swept(self, pricers: list[Pricer], before: list[Candidate], sweeps: int) -> list[Candidate]:
        """``before`` and a descent in each template, from the smallest tiles and from the best row so far carried
        over, whichever is lower."""
        found = list(before)
        for pricer in pricers:
            rows = [start_row(pricer.template)]
            if found:
                (_, row), other = self.leader(found)
                rows.append(carried(other.template, row, pricer.template))
            first = pricer.best(np.array(rows))
            if first is not None:
                leader = self.leader(found)[0][0][0] if found else inf
                found.append((descend(pricer, first, self.values, sweeps, leader), pricer))
            if self.done(found):
                break
        return found

    def spread(self, pricer: Pricer) -> list[Candidate]:
        """Descents in one template from rows that spread different dims over the array."""
        rows = filling_rows(pricer.template, self.values)
        ahead = pricer.ranked(np.unique(rows[pricer.template.fits(rows)], axis=0), MOST_SPREADS)
        found = [(descend(pricer, start, self.values, 1), pricer) for start in ahead if not self.budget.is_spent]
        return [self.polished(candidate) for candidate in _best(found, BEST_SPREADS)]

    def polished(self, candidate: Candidate) -> Candidate:
        """The candidate after moves of one dim and of pairs, until neither helps."""
        found, pricer = candidate
        for _ in range(PAIR_ROUNDS):
            before = found[0]
            found = descend(pricer, found, self.values, LATER_SWEEPS)
            found = descend_pairs(pricer, found, self.values, sliding=False)
            if found[0] >= before:
                found = self.relaid(pricer, found)
            if found[0] >= before:
                found = descend_pairs(pricer, found, self.values, sliding=True)
            if found[0] >= before or self.budget.is_spent:
                break
        return found, pricer

    def relaid(self, pricer: Pricer, start: Found) -> Found:
        """The best of short descents from the same tiles with the loops of the gaps in other orders."""
        rows = relaid_rows(pricer.template, start[1])
        best = start
        for other in pricer.ranked(rows[pricer.template.fits(rows)], MOST_RELAYS):
            if not self.budget.is_spent:
                best = min(best, descend(pricer, other, self.values, 1), key=lambda found: found[0])
        return best

    def leader(self, found: list[Candidate]) -> Candidate:
        return min(found, key=lambda candidate: candidate[0][0])

    def done(self, found: list[Candidate]) -> bool:
        """Whether the budget is spent or the best is as close to the bound as was asked."""
        if not found:
            return False
        best = self.leader(found)[0][0][0]
        if self.progress is not None:
            self.progress(self.budget.looked_at, best)
        return self.budget.is_spent or best - self.bound <= self.budget.limits.gap * best


def _best(found: list[Candidate], count: int) -> list[Candidate]:
    return sorted(found, key=lambda candidate: candidate[0][0])[:count]


def _every_row(template: Template, values: Values) -> Iterator[Steps]:
    """All rows of steps, in blocks."""
    per_dim = [(list(slots), chains(values[dim], len(slots))) for dim, slots in template.slots.items()]
    combinations = product(*(range(len(options)) for _, options in per_dim))
    while block := list(islice(combinations, BLOCK)):
        picks = np.array(block, np.int64).reshape(len(block), len(per_dim))
        rows = np.ones((len(block), len(template.loops)), np.int64)
        for column, (slots, options) in enumerate(per_dim):
            rows[:, slots] = options[picks[:, column]]
        yield rows


def carried(source: Template, row: Steps, target: Template) -> Steps:
    """The row of another template that loops alike: the same steps at the same places, as far as there are such."""
    steps = dict(zip(_places(source), row.tolist(), strict=True))
    left = dict(target.rules.operation.bounds)
    out = []
    last = {slots[-1] for slots in target.slots.values()}
    for i, (place, loop) in enumerate(zip(_places(target), target.loops, strict=True)):
        left[loop.dim] = 1 if i in last else min(left[loop.dim], steps.get(place, left[loop.dim]))
        out.append(left[loop.dim])
    return np.array(out, np.int64)


def _places(template: Template) -> list[tuple[str, str, str, int]]:
    """Per loop: the level above it, dim, axis, and how many such loops came before."""
    level, out = "", []
    counts: dict[tuple[str, str, str], int] = {}
    for node in template.nodes:
        if isinstance(node, Storage):
            level = node.level
            continue
        place = (level, node.dim, node.axis if isinstance(node, Spatial) else "")
        counts[place] = counts.get(place, -1) + 1
        out.append((*place, counts[place]))
    return out
