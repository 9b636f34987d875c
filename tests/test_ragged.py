"""Steps that divide nothing: never worse than aligned ones, and every stated bound holds for every mapping."""

from __future__ import annotations

from functools import cache
from math import prod
from random import Random

import numpy as np
import pytest
from search_cases import ragged_case
from search_exact import EQUAL

from accelsim.architecture.files import load_architecture
from accelsim.mapping.nest import Mapping, Spatial, Temporal
from accelsim.mapping.validity import violations
from accelsim.model.evaluate import evaluate
from accelsim.search import OBJECTIVES, STEPS, Limits, search
from accelsim.search.combinations import Combinations
from accelsim.search.interface import Steps
from accelsim.search.objective import score
from accelsim.search.ragged import larger, widened
from accelsim.search.rules import Rules
from accelsim.search.sheet import Sheet
from accelsim.workload.files import load_network

SEEDS = range(16)
case = cache(ragged_case)


@cache
def mappings(seed: int) -> tuple[Mapping, ...]:
    """Valid mappings of any steps, drawn; usually some dozens, none where nothing is valid."""
    operation, architecture = case(seed)
    space, draw, found = Combinations(operation, architecture), Random(seed), []
    nests = list(space.loop_nests(ragged=True))
    for loops in draw.sample(nests, min(40, len(nests))):
        ways = space.ways(loops)
        places = np.argwhere(space.fitting(loops, ways))
        for at in draw.sample(range(len(places)), min(1, len(places))):
            found.append(space.mapping(loops, ways, places[at]))
    return tuple(mapping for mapping in found if not violations(operation, architecture, mapping))


def is_aligned(mapping: Mapping) -> bool:
    """Whether steps divide one another when every bound is taken as the next multiple of its positions."""
    for dim, bound in mapping.bounds:
        own = [(i, n) for i, n in enumerate(mapping.nodes) if isinstance(n, Spatial | Temporal) and n.dim == dim]
        spatial = [mapping.trips(i) for i, n in own if isinstance(n, Spatial)]
        enclosing = -(-bound // prod(spatial)) * prod(spatial)
        if enclosing != bound and len(spatial) > 1:
            return False
        for _, node in own:
            if enclosing % node.step:
                return False
            enclosing = node.step
    return True


@pytest.mark.parametrize("steps", STEPS[1:])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_mapping_of_the_space_is_below_the_lower_bound(seed: int, steps: Steps) -> None:
    objective = OBJECTIVES[seed % 3]
    drawn = [m for m in mappings(seed) if steps == "ragged" or is_aligned(m)]
    if not drawn:
        pytest.skip("no mapping to hold against the bound")
    bound = search(*case(seed), objective, Limits(gap=0, steps=steps)).certificate.lower_bound
    least = min(score(evaluate(*case(seed), m), objective)[0] for m in drawn)
    assert bound <= least * (1 + EQUAL)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_nest_with_loops_of_one_trip_costs_and_fits_as_the_mapping_itself(seed: int) -> None:
    operation, architecture = case(seed)
    rules = Rules.of(operation, architecture, None)
    for number, mapping in enumerate(mappings(seed)[:20]):
        nodes, row = widened(rules, mapping, first=number % 2 == 0)
        sheet = Sheet(rules, nodes, "energy", Limits())
        assert sheet.fits(row[None, :]).all()
        assert sheet.scores(row[None, :])[0, 0] == pytest.approx(evaluate(operation, architecture, mapping).energy)
        assert evaluate(operation, architecture, sheet.mapping(row)).energy == sheet.scores(row[None, :])[0, 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_fit_exactly_when_their_mappings_are_valid(seed: int) -> None:
    operation, architecture = case(seed)
    rules, draw = Rules.of(operation, architecture, None), Random(seed)
    for mapping in mappings(seed)[:5]:
        nodes, row = widened(rules, mapping, first=True)
        sheet = Sheet(rules, nodes, "energy", Limits())
        for _ in range(20):
            other = row.copy()
            for dim, slots in sheet.slots.items():
                steps = sorted((draw.randint(1, operation.extents[dim]) for _ in slots), reverse=True)
                other[list(slots)] = [*steps[:-1], 1]
            wrong = violations(operation, architecture, sheet.mapping(other))
            assert bool(sheet.fits(other[None, :])[0]) == (not wrong), wrong


def test_any_steps_are_at_least_as_good_as_aligned_ones_on_thirteen_rows() -> None:
    layer = next(x for x in load_network("alexnet").layers if x.name == "CONV3")
    asked = layer.layer.operation(), load_architecture("rs256")
    aligned, ragged = (search(*asked, "energy", Limits(steps=steps)) for steps in ("aligned", "ragged"))
    assert ragged.evaluation.energy <= aligned.evaluation.energy
    assert ragged.certificate.lower_bound < ragged.evaluation.energy
    assert not ragged.certificate.complete


def test_a_larger_operation_has_bounds_of_more_divisors() -> None:
    layer = next(x for x in load_network("alexnet").layers if x.name == "CONV3")
    grown = larger(layer.layer.operation())
    assert grown is not None
    assert (grown.extents["E"], grown.extents["M"], grown.extents["R"]) == (14, 420, 3)
