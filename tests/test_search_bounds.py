"""Bounds of frames and of their families are no more than the best mapping that is in them."""

from __future__ import annotations

from math import inf

import numpy as np
from search_cases import search_case

from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.search import kernels
from accelsim.search.frames import Frame, families, members
from accelsim.search.frontier import NO_FRONT
from accelsim.search.hunt import Hunt
from accelsim.search.interface import Limits
from accelsim.search.problem import Problem
from accelsim.search.quick import Quick
from accelsim.search.restriction import Restriction
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.walk import Walk
from accelsim.search.windows import WindowTables

ROUNDING = 1 + 1e-9


def best(problem: Problem, frame: Frame, tables: WindowTables, name: str) -> float:
    """The energy of the best mapping of a frame, by looking at all of its labels; infinite where none fits."""
    rules, goal = problem.rules, np.array([inf, inf, 0.0, inf, inf, inf])
    hunt = Hunt(Walk(problem, frame, tables, 1), kernels.ENERGY, True)
    status = kernels.RUNNING
    while status != kernels.EMPTY:
        status, mapping, _ = hunt.run(goal, NO_FRONT, 0, 100_000)
        if mapping is not None:
            found = evaluate(rules.operation, rules.architecture, mapping, name)
            goal[:2] = min((goal[0], goal[1]), (found.energy, found.cycles))
    return float(goal[0])


def test_outputs_that_slide_are_bounded_by_no_more_than_their_best_mapping() -> None:
    # a transposed convolution: what overlaps, and is merged where it meets, depends on where its windows lie in space
    looked_at = overlapping = 0
    for seed in range(260):
        operation, architecture = search_case(seed)
        if operation.name != "transposed":
            continue
        rules = Rules.of(operation, architecture, dataflow_of(architecture, Limits()), Restriction())
        for name in ("ours", "accelforge"):
            problem, tables = Problem(rules, convention(name)), WindowTables()
            quick = Quick(problem)
            for family in list(families(rules, aligned=False))[:5] if quick.holds else ():
                own = list(members(family, False, set()))[:4]
                energy = min((best(problem, frame, tables, name) for frame in own), default=inf)
                assert quick.energy(family) <= energy * ROUNDING, (seed, name, family)
                assert Walk(problem, family, tables, 1).root(None) <= energy * ROUNDING, (seed, name, family)
                looked_at += energy < inf
                overlapping += any(spread.dim in quick.sliding[-1] for spread in family.spreads)
    assert looked_at > 30
    assert overlapping > 8
