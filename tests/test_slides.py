"""The bound that follows slides, and the guide that it makes, against the labels of the same frame without either."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import inf

import numpy as np
import pytest
from search_exact import limits_of, problem

from accelsim.architecture.files import load_architecture
from accelsim.mapping.nest import Mapping
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.search import Limits, search
from accelsim.search.frames import frames
from accelsim.search.frontier import NO_FRONT
from accelsim.search.hunt import OBJECTIVE, Hunt
from accelsim.search.problem import Problem
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.slid import Guide, Slides
from accelsim.search.standings import Standings
from accelsim.search.walk import Walk
from accelsim.search.windows import WindowTables
from accelsim.workload.lowering import Plane, convolution
from accelsim.workload.operation import Operation

SEEDS = [*range(40), 146, 302, 1_000_007]
"""The last three met a slide that ends before another, ports that slide where energies do not, and mixed widths."""


def square(name: str, channels: int, E: int, R: int) -> Operation:
    """A convolution of one image with as many filters as channels."""
    return convolution(name, 1, 1, channels, channels, Plane(H=(E + R - 1,) * 2, R=(R, R), E=(E, E), U=(1, 1)))


def best(walk: Walk, view: str, guide: Guide | None = None) -> tuple[float, int]:
    """(least energy of a frame by its labels alone, labels looked at)."""
    goal = np.array([inf, inf, 0.0, inf, inf, inf])
    hunt, found = Hunt(walk, OBJECTIVE["energy"], True, guide=guide), inf
    rules = walk.problem.rules
    while True:
        _, mapping, _ = hunt.run(goal, NO_FRONT, 0, 10**9)
        if mapping is None:
            return found, hunt.looked_at
        goal[:2] = score(rules, mapping, view)
        found = min(found, float(goal[0]))


def score(rules: Rules, mapping: Mapping, view: str) -> tuple[float, float]:
    evaluation = evaluate(rules.operation, rules.architecture, mapping, view)
    return evaluation.energy, float(evaluation.cycles)


def walks(seed: int) -> Iterator[Walk]:
    """Frames of a generated problem."""
    operation, architecture = problem(seed, "perfect")
    limits = limits_of(seed, "perfect")
    rules = Rules.of(operation, architecture, dataflow_of(architecture, limits))
    tables = WindowTables()
    for frame in islice(frames(rules, False), 20):
        yield Walk(Problem(rules, convention(limits.convention)), frame, tables)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_label_is_below_the_bound_and_guides_lose_none(seed: int) -> None:
    view = limits_of(seed, "perfect").convention
    for walk in walks(seed):
        if not np.isfinite(walk.lower[0]):
            continue
        least, looked_at = best(walk, view)
        if least == inf:
            continue
        slides, enough = Slides(walk, None), 2 * abs(least) + 1
        bound = slides.bound(enough)
        assert bound <= least * (1 + 1e-9)
        guide = slides.guide(enough)
        assert (guide is None) == (slides.standings is None)
        if guide is not None:
            assert bound >= float(walk.lower[0]) * (1 - 1e-9)
            guided, fewer = best(walk, view, guide)
            assert guided == pytest.approx(least, rel=1e-12)
            assert fewer <= looked_at


def test_a_window_has_standings_and_a_product_has_none() -> None:
    machine = load_architecture("eyeriss_like_spads")
    made = []
    for operation in (square("window", 4, 4, 3), square("product", 4, 4, 1)):
        rules = Rules.of(operation, machine, dataflow_of(machine, Limits()))
        walk = Walk(Problem(rules, convention("ours")), next(frames(rules, False)), WindowTables())
        made.append(Slides(walk, None).standings)
    assert made[1] is None
    assert isinstance(made[0], Standings)
    # inputs: three levels to come; SG, SG+GD, SD, GD open; SG, SG+[GD], SG+GD, SG over, SD and GD sliding. x 3 x 3
    assert made[0].count == 13 * 3 * 3


def test_layer1_is_proven_with_few_labels() -> None:
    """Without slides it took 180,000 labels to come within 1 %, and 285,000 to the optimum."""
    layer = square("layer1", 64, 56, 3)
    found = search(layer, load_architecture("eyeriss_like_spads"), limits=Limits(gap=0, steps="perfect"))
    assert found.certificate.complete
    assert found.certificate.looked_at < 20_000
