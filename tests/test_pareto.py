"""The front of repeated searches is the front of all mappings, written down one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from search_cases import search_case

from accelsim.errors import InfeasibleError
from accelsim.search import Limits
from accelsim.search.exhaustive import front
from accelsim.search.pareto import Front, pareto

PROOF = Limits(gap=0, steps="perfect")


def values(found: Front) -> list[tuple[float, int]]:
    return [(point.evaluation.energy, point.evaluation.cycles) for point in found.points]


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_front_of_every_mapping(seed: int) -> None:
    expected = [(point.energy, point.cycles) for point in front(*search_case(seed), PROOF)]
    if not expected:
        with pytest.raises(InfeasibleError):
            pareto(*search_case(seed), PROOF)
        return
    found = pareto(*search_case(seed), PROOF)
    assert found.complete
    assert [cycles for _, cycles in values(found)] == [cycles for _, cycles in expected]
    assert [energy for energy, _ in values(found)] == pytest.approx([energy for energy, _ in expected], rel=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_every_point_of_an_open_front_is_within_its_gap_of_the_true_one(seed: int) -> None:
    expected = [(point.energy, point.cycles) for point in front(*search_case(seed), PROOF)]
    if not expected:
        return
    found = pareto(*search_case(seed), replace(PROOF, gap=0.3))
    assert values(found) == sorted(values(found), key=lambda point: (point[0], -point[1]))
    for energy, cycles in values(found):
        least = min(e for e, c in expected if c <= cycles)
        assert least <= energy * (1 + 1e-12) <= least / (1 - 0.3) * (1 + 1e-9)


def test_limits_cut_the_front() -> None:
    seed, whole = next((seed, f) for seed in range(100) if len(f := front(*search_case(seed), PROOF)) > 2)
    problem = search_case(seed)
    inner = values(pareto(*problem, replace(PROOF, max_cycles=whole[0].cycles - 1)))
    assert inner == [(point.energy, point.cycles) for point in whole[1:]]
    cheap = values(pareto(*problem, replace(PROOF, max_energy=whole[1].energy)))
    assert cheap == [(point.energy, point.cycles) for point in whole[:2]]


def test_progress_counts_points() -> None:
    seen: list[tuple[int, int]] = []
    found = pareto(*search_case(0), PROOF, progress=lambda *done: seen.append(done))
    assert [n for n, _ in seen] == list(range(1, len(seen) + 1))
    assert [cycles for _, cycles in seen] == sorted((c for _, c in seen), reverse=True)
    assert {point.evaluation.cycles for point in found.points} <= {cycles for _, cycles in seen}
