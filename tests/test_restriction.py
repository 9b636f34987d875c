"""What a user fixes is kept, and the search finds the best of every mapping that keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest
from search_cases import Problem, ragged_case, search_case
from search_exact import EQUAL

from accelsim.errors import InfeasibleError, InputError
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.model.evaluate import evaluate
from accelsim.search import OBJECTIVES, Limits, Steps, search
from accelsim.search.exhaustive import iter_mappings, space_size
from accelsim.search.objective import score
from accelsim.search.restriction import Restriction, restriction_violations, utilization
from accelsim.search.restriction_files import load_restriction, parse_restriction

MOST = 1_500
perfect_problem, ragged_problem = cache(search_case), cache(ragged_case)


@cache
def cases(ragged: bool, count: int) -> tuple[int, ...]:
    """The first seeds whose problem has few mappings, but some."""

    def small() -> Iterator[int]:
        for seed in range(400):
            size = space_size(*(ragged_problem if ragged else perfect_problem)(seed), MOST, 300, ragged)
            if size is not None and size > 20:
                yield seed

    seeds = small()
    return tuple(next(seeds) for _ in range(count))


@cache
def every(seed: int, ragged: bool) -> tuple[Mapping, ...]:
    return tuple(iter_mappings(*(ragged_problem if ragged else perfect_problem)(seed), None, ragged))


def open_nest(draw: Random, mapping: Mapping) -> Restriction:
    """The mapping's nest, most of its steps open, with a loop more."""
    nodes = []
    for node in mapping.nodes:
        if isinstance(node, Storage) or draw.random() < 0.2:
            nodes.append(node)
        elif isinstance(node, Spatial):
            nodes.append(Spatial(node.dim, 0, node.axis))
        else:
            nodes.append(Temporal(node.dim, 0))
    first = next(i for i, node in enumerate(nodes) if not isinstance(node, Storage))
    more = Temporal(draw.choice(mapping.loops).dim, 0)
    return Restriction(nest=(*nodes[:first], more, *nodes[first:]))


def drawn(draw: Random, asked: Problem, mapping: Mapping, kind: str) -> Restriction:
    """A restriction that one mapping obeys; other mappings usually do not."""
    operation, architecture = asked
    spatial = [node for node in mapping.nodes if isinstance(node, Spatial)]
    if kind == "axes":
        dims = {axis: {node.dim for node in spatial if node.axis == axis} for axis in architecture.axes}
        return Restriction(axes=tuple((axis, tuple(sorted(own))) for axis, own in dims.items()))
    if kind == "min_utilization":
        return Restriction(min_utilization=utilization(architecture, mapping))
    kept = {(node.level, node.tensor) for node in mapping.nodes if isinstance(node, Storage)}
    if kind == "keeps":
        choice = [
            (x.name, t.name) for x in architecture.levels[1:] for t in operation.tensors if x.keep(t.name) == "may"
        ]
        some = draw.sample(choice, min(2, len(choice)))
        return Restriction(keeps=tuple((*pair, "must" if pair in kept else "not") for pair in some))
    if kind == "tiles":
        return Restriction(tiles=tuple(tiles(draw, asked, mapping)))
    return open_nest(draw, mapping)


def tiles(draw: Random, asked: Problem, mapping: Mapping) -> list[tuple[str, str, int]]:
    """One tile that the mapping has at all its nodes of some level."""
    operation, architecture = asked
    found: dict[tuple[str, str], set[int]] = {}
    left = dict(operation.bounds)
    for node in mapping.nodes:
        if not isinstance(node, Storage):
            left[node.dim] = node.step
        elif node.level != architecture.levels[0].name:
            for dim in operation.tensor(node.tensor).dims:
                found.setdefault((node.level, dim), set()).add(left[dim])
    same = sorted((*place, own.pop()) for place, own in found.items() if len(own) == 1)
    return draw.sample(same, 1) if same else []


@pytest.mark.parametrize("kind", ["axes", "tiles", "keeps", "min_utilization", "nest"])
@pytest.mark.parametrize("number", range(14))
def test_it_finds_the_best_of_the_mappings_that_obey(number: int, kind: str) -> None:
    seed = cases(False, 14)[number]
    asked, draw, objective = perfect_problem(seed), Random(f"{seed} {kind}"), OBJECTIVES[seed % 3]
    mappings = every(seed, False)
    restriction = drawn(draw, asked, draw.choice(mappings), kind)
    obeying = [m for m in mappings if not restriction_violations(*asked, m, restriction)]
    assert obeying
    best = min(score(evaluate(*asked, m), objective)[0] for m in obeying)
    found = search(*asked, objective, Limits(gap=0, steps="perfect", restriction=restriction))
    assert restriction_violations(*asked, found.mapping, restriction) == ()
    assert score(found.evaluation, objective)[0] == pytest.approx(best, rel=EQUAL, abs=0)
    assert found.certificate.lower_bound <= best * (1 + EQUAL)


@pytest.mark.parametrize("number", range(6))
def test_open_steps_of_a_nest_may_be_any(number: int) -> None:
    seed = cases(True, 6)[number]
    asked, draw, objective = ragged_problem(seed), Random(seed), OBJECTIVES[seed % 3]
    mappings = every(seed, True)
    restriction = open_nest(draw, draw.choice(mappings))
    obeying = [m for m in mappings if not restriction_violations(*asked, m, restriction)]
    best = min(score(evaluate(*asked, m), objective)[0] for m in obeying)
    found = search(*asked, objective, Limits(gap=0, steps="ragged", restriction=restriction))
    assert restriction_violations(*asked, found.mapping, restriction) == ()
    assert score(found.evaluation, objective)[0] == pytest.approx(best, rel=EQUAL, abs=0)
    assert found.certificate.complete


@pytest.mark.parametrize("steps", ["aligned", "ragged"])
@pytest.mark.parametrize("kind", ["axes", "tiles", "keeps", "min_utilization"])
@pytest.mark.parametrize("number", range(4))
def test_other_steps_obey_as_well(number: int, kind: str, steps: Steps) -> None:
    seed = cases(True, 6)[number]
    asked, draw = ragged_problem(seed), Random(f"{seed} {kind}")
    restriction = drawn(draw, asked, draw.choice(every(seed, True)), kind)
    obeying = [m for m in every(seed, True) if not restriction_violations(*asked, m, restriction)]
    best = min(evaluate(*asked, m).energy for m in obeying)
    try:
        found = search(*asked, "energy", Limits(gap=0, steps=steps, restriction=restriction))
    except InfeasibleError:
        return  # only steps that these frames lack obey
    assert restriction_violations(*asked, found.mapping, restriction) == ()
    assert found.evaluation.energy >= best * (1 - EQUAL)
    if steps == "ragged":
        assert found.certificate.lower_bound <= best * (1 + EQUAL)


def test_what_cannot_be_is_said_with_the_name_of_the_restriction() -> None:
    operation, architecture = perfect_problem(cases(False, 14)[0])
    level, (dim, bound) = architecture.levels[0].name, max(operation.bounds, key=lambda x: x[1])
    restriction = Restriction(name="mine.yaml", tiles=((level, dim, bound - 1),))
    with pytest.raises(InfeasibleError, match=rf"under mine.yaml: tiles.{level}.{dim} must be {bound}, all of it, not"):
        search(operation, architecture, "energy", Limits(restriction=restriction))


def test_dims_that_fill_too_little_are_told_how_much_they_fill() -> None:
    seed = next(seed for seed in cases(False, 14) if perfect_problem(seed)[1].axes)
    axes = tuple((axis, ()) for axis in perfect_problem(seed)[1].axes)
    nowhere = Restriction(name="mine.yaml", min_utilization=1.0, axes=axes)
    with pytest.raises(
        InfeasibleError, match=r"under mine.yaml: min_utilization is 1, .* fill at most .* a value up to"
    ):
        search(*perfect_problem(seed), "energy", Limits(restriction=nowhere))


FILE = """\
axes: {X: [e], Y: [R, M]}
tiles: {GlobalBuffer: {M: 16}}
keeps: {Spad: {weights: must}}
min_utilization: 0.5
nest: |
  DRAM keeps inputs weights
  for m by ?          # open
  par-for e by 1 on X
  MAC
"""


def test_a_file_says_what_the_fields_say(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    assert load_restriction(path) == Restriction(
        name="mine",
        axes=(("X", ("E",)), ("Y", ("R", "M"))),
        tiles=(("GlobalBuffer", "M", 16),),
        keeps=(("Spad", "weights", "must"),),
        min_utilization=0.5,
        nest=(Storage("DRAM", "inputs"), Storage("DRAM", "weights"), Temporal("M", 0), Spatial("E", 1, "X")),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("axis: {X: [E]}", r"r.yaml:1: .*axis.*axes"),
        ("min_utilization: 80", r"r.yaml:1: min_utilization must be at most 1.0, not 80"),
        ("tiles: {GlobalBuffer: {M: 0}}", r"r.yaml:1: tiles.GlobalBuffer.M must be at least 1, not 0"),
        ("nest: |\n  for m by ?", r"r.yaml:1: nest: must end with a line 'MAC', which is missing"),
        ("nest: |\n  loop m by ?\n  MAC", r"r.yaml:1: nest: line 1 must look like .*, not 'loop m by \?'"),
        ("nest: |\n  for m by 0\n  MAC", r"r.yaml:1: nest: line 1: step of M must be at least 1 or '\?', not 0"),
        ("nest: |\n  par-for m by ?\n  MAC", r"r.yaml:1: nest: line 1: par-for and 'on <axis>' go together"),
    ],
)
def test_a_wrong_file_is_told_where_and_what(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_restriction(text, "r.yaml")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    operation, architecture = perfect_problem(cases(False, 14)[0])
    name = architecture.levels[0].name
    restriction = Restriction(name="r", keeps=((name.swapcase(), "weights", "must"),))
    with pytest.raises(InputError, match=rf"r: .* has no level '{name.swapcase()}'; did you mean '{name}'\?"):
        search(operation, architecture, "energy", Limits(restriction=restriction))
