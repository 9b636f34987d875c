"""Valid mappings have no violations; every kind of breakage gives its own whole sentence, all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from strategies import Case, cases, random_case

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.errors import MappingError
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.parse import parse_mapping
from accelsim.mapping.validity import check_mapping, violations
from accelsim.workload.operation import Operation, Rank, Tensor, Term


def plain(dim: str, size: int) -> Rank:
    return Rank((Term(dim),), size)


CONV2 = Operation(
    "conv2",
    (("M", 8), ("C", 4), ("E", 27), ("R", 5)),
    (
        Tensor("inputs", (plain("C", 4), Rank((Term("E"), Term("R")), 31))),
        Tensor("weights", (plain("M", 8), plain("C", 4), plain("R", 5))),
        Tensor("outputs", (plain("M", 8), plain("E", 27))),
    ),
)

# GlobalBuffer holds inputs 4 x (27 + 5 - 1) = 124 and outputs 4 x 27 = 108, together 232; Scratchpad weights 4.
NEST = """\
DRAM  keeps inputs weights outputs
for m in 0..8 by 4
  GlobalBuffer  keeps inputs outputs
  for c in 0..4 by 1
    par-for e in 0..27 by 2 on X
      par-for r in 0..5 by 1 on Y
        Scratchpad  keeps weights
        for e in 0..2 by 1
          for m in 0..4 by 1
            MAC"""


def machine(buffer: Level | None = None, scratchpad: Level | None = None, x: Axis | None = None) -> Architecture:
    """An Eyeriss-like machine: DRAM, a buffer of 232 words, 14 x 12 PEs with 4 words each."""
    array = Fanout("PEs", (x or Axis("X", 14), Axis("Y", 12)))
    elements = (
        Level("DRAM"),
        buffer or Level("GlobalBuffer", capacity_words=232),
        array,
        scratchpad or Level("Scratchpad", capacity_words=4),
    )
    return Architecture("eyeriss", elements, Compute(), clock_mhz=200.0)


def sentences(architecture: Architecture, mapping: Mapping | str, operation: Operation = CONV2) -> list[str]:
    mapping = parse_mapping(mapping) if isinstance(mapping, str) else mapping
    return [violation.sentence for violation in violations(operation, architecture, mapping)]


def edited(*changes: tuple[str, str]) -> str:
    """The nest with lines exchanged; an empty one drops the line."""
    lines = NEST.splitlines()
    for old, new in changes:
        at = next(i for i, line in enumerate(lines) if line.strip() == old)
        lines[at : at + 1] = new.split("\n") if new else []
    return "\n".join(lines)


def test_the_worked_nest_is_valid() -> None:
    assert sentences(machine(), NEST) == []
    check_mapping(CONV2, machine(), parse_mapping(NEST))


def test_random_valid_cases_have_no_violations() -> None:
    for seed in range(1500):
        assert violations(*random_case(seed)) == (), seed


@settings(max_examples=60, deadline=None)
@given(cases())
def test_drawn_valid_cases_have_no_violations(case: Case) -> None:
    assert violations(*case) == ()


KEEPS = "DRAM  keeps inputs weights outputs"
BUFFER = "GlobalBuffer  keeps inputs outputs"
PAD = "Scratchpad  keeps weights"
PAR_E = "par-for e in 0..27 by 2 on X"
PAR_R = "par-for r in 0..5 by 1 on Y"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [(BUFFER, "GlobalBufer  keeps inputs outputs")],
            ["mapping of layer 'conv2': eyeriss has no level 'GlobalBufer'; did you mean 'GlobalBuffer'?"],
            id="level",
        ),
        pytest.param(
            [(BUFFER, "GlobalBuffer  keeps input outputs")],
            ["mapping of layer 'conv2': conv2 has no tensor 'input'; did you mean 'inputs'?"],
            id="tensor",
        ),
        pytest.param(
            [(PAR_R, "par-for r in 0..5 by 1 on Q")],
            ["mapping of layer 'conv2': eyeriss has no axis 'Q'; known: X, Y"],
            id="axis",
        ),
        pytest.param(
            [(PAR_R, PAR_R + "\nfor q in 0..5 by 1")],
            ["mapping of layer 'conv2': conv2 has no dim 'Q'; known: M, C, E, R"],
            id="dim",
        ),
        pytest.param(
            [("for c in 0..4 by 1", "for c in 0..6 by 1")],
            ["mapping of layer 'conv2': C must run over 0..4, not 0..6"],
            id="bounds",
        ),
        pytest.param(
            [("for c in 0..4 by 1", "")],
            [
                "mapping of layer 'conv2': C must have a loop, as its extent is 4, not none; add 'for c in 0..4 by 1'",
                # Weights of 4 filters x 4 channels.
                "conv2 on eyeriss: Scratchpad needs 16 words, holds 4; m <= 1 would fit",
            ],
            id="loop",
        ),
        pytest.param(
            [("for m in 0..4 by 1", "")],
            ["mapping of layer 'conv2': innermost step of M must be 1, not 4"],
            id="innermost step",
        ),
        pytest.param(
            [(KEEPS, "DRAM  keeps inputs outputs")],
            ["mapping of layer 'conv2': weights must be kept at DRAM above all loops, not first at Scratchpad"],
            id="not at the outermost level",
        ),
        pytest.param(
            [(KEEPS, "DRAM  keeps inputs outputs"), (PAD, "")],
            ["mapping of layer 'conv2': weights must be kept at DRAM above all loops, not nowhere"],
            id="kept nowhere",
        ),
        pytest.param(
            [(KEEPS, "DRAM  keeps inputs outputs"), (BUFFER, "DRAM  keeps weights\n" + BUFFER)],
            [
                "mapping of layer 'conv2': weights must be kept at DRAM above all loops, "
                "not inside 'for m in 0..8 by 4'",
            ],
            id="inside a loop",
        ),
        pytest.param(
            [(BUFFER, BUFFER + " inputs")],
            [
                "mapping of layer 'conv2': GlobalBuffer must keep inputs once, not 2 times",
                # 2 x 124 + 108; c = 2 takes 2 x 62 + 108 = 232, e = 16 only 2 x 80 + 64 = 224.
                "conv2 on eyeriss: GlobalBuffer needs 356 words, holds 232; c <= 2 would fit",
            ],
            id="twice",
        ),
        pytest.param(
            [(PAD, "Scratchpad keeps outputs"), (BUFFER, "GlobalBuffer keeps inputs")],
            [
                # 4 filters x 2 output rows; 2 x 2 and 4 x 1 keep as much, and M comes first in the layer.
                "conv2 on eyeriss: Scratchpad needs 8 words, holds 4; m <= 2 would fit",
            ],
            id="bypass is fine, size is not",
        ),
        pytest.param(
            [(PAR_E, "par-for e in 0..27 by 1 on X"), ("for e in 0..2 by 1", "")],
            ["conv2 on eyeriss: axis X has 14 PEs, par-for e needs 27; step 2 would fit"],
            id="axis overrun",
        ),
        pytest.param(
            [(PAR_E, "par-for e in 0..27 by 9 on X\npar-for e in 0..9 by 1 on Y"), ("for e in 0..2 by 1", "")],
            [
                "conv2 on eyeriss: axis Y has 12 PEs, par-for e and par-for r need 45; "
                "'par-for e in 0..9 by 5 on Y' would fit"
            ],
            id="two loops on an axis",
        ),
        pytest.param(
            [
                (PAR_R, ""),
                ("for c in 0..4 by 1", PAR_R + "\nGlobalBuffer keeps weights\nfor c in 0..4 by 1"),
                (PAD, ""),
            ],
            [
                "conv2 on eyeriss: GlobalBuffer lies outside fan-out PEs, so it must keep weights above "
                "'par-for r in 0..5 by 1 on Y', not inside it",
                "conv2 on eyeriss: GlobalBuffer needs 248 words, holds 232; e <= 25 would fit",
            ],
            id="outer level inside the array",
        ),
        pytest.param(
            [(PAD, ""), (PAR_R, PAD + "\n" + PAR_R)],
            [
                "conv2 on eyeriss: Scratchpad lies inside fan-out PEs, so it must keep weights inside "
                "'par-for r in 0..5 by 1 on Y', not above it",
                # Five taps of four filters; one filter of five taps is still too much.
                "conv2 on eyeriss: Scratchpad needs 20 words, holds 4; r <= 1 would fit",
            ],
            id="inner level between the axes",
        ),
    ],
)
def test_every_breakage_has_its_sentence(changes: list[tuple[str, str]], expected: list[str]) -> None:
    assert sentences(machine(), edited(*changes)) == expected


E_AXIS = Axis("X", 14, irrelevant_to="outputs")


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        pytest.param(
            machine(buffer=Level("GlobalBuffer", capacity_words=200)),
            # m: 124 + 54, c: 62 + 108, e: 4 (23 + 4) + 4 x 23 = 200 keeps the most.
            ["conv2 on eyeriss: GlobalBuffer needs 232 words, holds 200; e <= 23 would fit"],
            id="shared",
        ),
        pytest.param(
            machine(buffer=Level("GlobalBuffer", capacity_words=8)),
            # One filter, one channel, one tap: still 27 + 27; one output row: still 20 + 4.
            ["conv2 on eyeriss: GlobalBuffer needs 232 words, holds 8; no smaller extent of one dim would fit"],
            id="nothing fits",
        ),
        pytest.param(
            machine(buffer=Level("GlobalBuffer", capacity_words=232, buffers=2)),
            # m = 4, c = 4: 2 (4 (e + 4) + 4 e) <= 232 for e <= 12 (2 x 112); m = 1: 2 (124 + 27), c = 1: 2 (31 + 108).
            ["conv2 on eyeriss: GlobalBuffer needs 464 words, holds 232; e <= 12 would fit"],
            id="double buffered",
        ),
        pytest.param(
            machine(buffer=Level("GlobalBuffer", tensor_capacity_words=(("inputs", 100), ("outputs", 50)))),
            [
                # c = 3: 93; e: 4 (21 + 4) = 100; r: 4 x 27 = 108 is still too much.
                "conv2 on eyeriss: GlobalBuffer needs 124 words of inputs, holds 100; e <= 21 would fit",
                # m = 1: 27; e: 4 x 12 = 48.
                "conv2 on eyeriss: GlobalBuffer needs 108 words of outputs, holds 50; e <= 12 would fit",
            ],
            id="partitions",
        ),
        pytest.param(
            machine(buffer=Level("GlobalBuffer", capacity_words=124, tensor_capacity_words=(("outputs", 108),))),
            [],
            id="a partition does not use the shared words",
        ),
        pytest.param(
            machine(buffer=Level("GlobalBuffer", keeps=(("inputs", "not"), ("weights", "must"), ("*", "may")))),
            [
                "conv2 on eyeriss: GlobalBuffer cannot keep inputs",
                "conv2 on eyeriss: GlobalBuffer must keep weights",
            ],
            id="keeps",
        ),
        pytest.param(
            machine(x=E_AXIS),
            ["conv2 on eyeriss: axis X must carry c, r (those that do not index outputs), not e"],
            id="refused by tensor",
        ),
        pytest.param(
            machine(x=Axis("X", 14, dims=("M", "C", "Q"))),
            ["conv2 on eyeriss: axis X must carry m, c, not e"],
            id="refused by list",
        ),
        pytest.param(
            machine(x=Axis("X", 1)),
            ["conv2 on eyeriss: axis X has 1 PE, par-for e needs 14; step 27 would fit"],
            id="an axis of one",
        ),
    ],
)
def test_every_rule_of_the_machine_has_its_sentence(architecture: Architecture, expected: list[str]) -> None:
    assert sentences(architecture, NEST) == expected


def test_words_of_other_widths_are_held_in_bits() -> None:
    inputs, weights, outputs = CONV2.tensors
    wide = replace(CONV2, tensors=(inputs, weights, replace(outputs, bits=24)))
    # 124 x 16 + 108 x 24 = 4,576 bits are 286 words of 16 bits; e = 20: 96 + 80 x 1.5 = 216, 21: 100 + 126 = 226.
    assert sentences(machine(), NEST, wide) == [
        "conv2 on eyeriss: GlobalBuffer needs 286 words, holds 232; e <= 21 would fit"
    ]
    odd = replace(CONV2, tensors=(replace(inputs, bits=4), weights, replace(outputs, bits=1)))
    # 124 x 4 + 108 = 604 bits are 37.75 words: 38 hold them, 37 do not.
    assert sentences(machine(buffer=Level("GlobalBuffer", capacity_words=38)), NEST, odd) == []
    assert len(sentences(machine(buffer=Level("GlobalBuffer", capacity_words=37)), NEST, odd)) == 1


def test_a_remedy_above_uneven_nodes_shrinks_the_steps_between_them() -> None:
    nest = """\
DRAM  keeps inputs weights outputs
for m in 0..8 by 4
  for c in 0..4 by 1
    GlobalBuffer  keeps inputs
    for e in 0..27 by 9
      GlobalBuffer  keeps outputs
      for e in 0..9 by 1
        for r in 0..5 by 1
          for m in 0..4 by 1
            MAC"""
    # 31 + 4 x 9 = 67; e above the inputs: e + 4 + 4 e, with e = 5 for both, is 29.
    assert sentences(machine(buffer=Level("GlobalBuffer", capacity_words=30)), nest) == [
        "conv2 on eyeriss: GlobalBuffer needs 67 words, holds 30; e <= 5 would fit"
    ]


def test_an_outermost_level_that_is_too_small_has_no_remedy() -> None:
    small = replace(machine(), elements=(Level("DRAM", capacity_words=100), *machine().elements[1:]))
    # inputs 4 x 31, weights 8 x 4 x 5, outputs 8 x 27.
    assert sentences(small, NEST) == [
        "conv2 on eyeriss: DRAM needs 500 words, holds 100; the outermost level must hold whole tensors"
    ]


def with_node(mapping: Mapping, index: int, node: Node) -> Mapping:
    return replace(mapping, nodes=(*mapping.nodes[:index], node, *mapping.nodes[index + 1 :]))


def test_steps_outside_their_extent_are_refused_and_sizes_are_then_not_judged() -> None:
    mapping = parse_mapping(NEST)
    at = mapping.nodes.index(Temporal("M", 4))
    assert sentences(machine(), with_node(mapping, at, Temporal("M", 9))) == [
        "mapping of layer 'conv2': step of M must be between 1 and 8, its enclosing extent, not 9"
    ]
    assert sentences(machine(), with_node(mapping, at, Temporal("M", 0))) == [
        "mapping of layer 'conv2': step of M must be between 1 and 8, its enclosing extent, not 0"
    ]
    inner = mapping.nodes.index(Temporal("E", 1))
    assert sentences(machine(), with_node(mapping, inner, Temporal("E", 3))) == [
        "mapping of layer 'conv2': step of E must be between 1 and 2, its enclosing extent, not 3",
        "mapping of layer 'conv2': innermost step of E must be 1, not 3",
    ]


def test_a_loop_without_a_bound_is_refused() -> None:
    mapping = replace(parse_mapping(NEST), bounds=(("C", 4), ("M", 8), ("R", 5)))
    assert "mapping of layer 'conv2': E must run over 0..27, not 0..1" in sentences(machine(), mapping)


def test_an_unknown_bound_is_refused_even_without_a_loop() -> None:
    mapping = replace(parse_mapping(NEST), bounds=(*parse_mapping(NEST).bounds, ("Q", 3)))
    assert sentences(machine(), mapping) == ["mapping of layer 'conv2': conv2 has no dim 'Q'; known: M, C, E, R"]


def test_a_dim_that_indexes_a_tensor_twice_is_refused() -> None:
    inputs, weights, outputs = CONV2.tensors
    diagonal = replace(inputs, ranks=(plain("C", 4), Rank((Term("E"), Term("R"), Term("E")), 58)))
    assert sentences(machine(), NEST, replace(CONV2, tensors=(diagonal, weights, outputs))) == [
        "mapping of layer 'conv2': dim E must index inputs once, not 2 times"
    ]
    square = replace(weights, ranks=(plain("M", 8), plain("M", 8)))
    assert sentences(machine(), NEST, replace(CONV2, tensors=(inputs, square, outputs))) == [
        "mapping of layer 'conv2': dim M must index weights once, not 2 times"
    ]


TWO_ARRAYS = Architecture(
    "tpu",
    (
        Level("DRAM"),
        Level("Buffer"),
        Fanout("Clusters", (Axis("Z", 2),)),
        Level("Cache"),
        Level("Queue", nested=True),
        Fanout("PEs", (Axis("X", 4),)),
    ),
    Compute(),
    clock_mhz=700.0,
)
FC1 = Operation(
    "fc1",
    (("M", 8), ("K", 4)),
    (
        Tensor("inputs", (plain("K", 4),)),
        Tensor("weights", (plain("M", 8), plain("K", 4))),
        Tensor("outputs", (plain("M", 8),)),
    ),
)


@pytest.mark.parametrize(
    ("nest", "expected"),
    [
        ("Buffer keeps inputs\nQueue keeps weights\npar-for k in 0..4 by 1 on X\nfor m in 0..8 by 1", []),
        (
            "Queue keeps weights\nBuffer keeps inputs\npar-for k in 0..4 by 1 on X\nfor m in 0..8 by 1",
            ["fc1 on tpu: Buffer must keep inputs outside Queue with weights, not inside it; Queue is nested"],
        ),
        ("Cache keeps weights\nBuffer keeps inputs\npar-for k in 0..4 by 1 on X\nfor m in 0..8 by 1", []),
        (
            "Cache keeps inputs\nBuffer keeps inputs\npar-for k in 0..4 by 1 on X\nfor m in 0..8 by 1",
            ["mapping of layer 'fc1': Buffer must keep inputs outside Cache, not inside it"],
        ),
        (
            "Queue keeps inputs\nBuffer keeps inputs\npar-for k in 0..4 by 1 on X\nfor m in 0..8 by 1",
            ["mapping of layer 'fc1': Buffer must keep inputs outside Queue, not inside it"],
        ),
        (
            "par-for k in 0..4 by 1 on X\npar-for m in 0..8 by 4 on Z\nfor m in 0..4 by 1",
            [
                "fc1 on tpu: 'par-for m in 0..8 by 4 on Z' of fan-out Clusters must come before "
                "'par-for k in 0..4 by 1 on X' of PEs, which lies inside it"
            ],
        ),
        (
            "par-for m in 0..8 by 2 on Z\nfor m in 0..2 by 1\nfor k in 0..4 by 1",
            ["fc1 on tpu: axis Z has 2 instances, par-for m needs 4; step 4 would fit"],
        ),
        (
            "par-for m in 0..8 by 2 on X\npar-for m in 0..2 by 1 on X\nfor k in 0..4 by 2\npar-for k in 0..2 by 1 on X",
            # One trip of the first leaves all 8 to the second; one trip of another leaves 8 positions.
            [
                "fc1 on tpu: axis X has 4 PEs, par-for m and par-for m and par-for k need 16; "
                "no larger step of one loop would fit"
            ],
        ),
        (
            "par-for m in 0..8 by 1 on X\npar-for k in 0..4 by 2 on X\nfor k in 0..2 by 1",
            # Two trips of m beside two of k; one trip of k beside eight of m is still too much.
            ["fc1 on tpu: axis X has 4 PEs, par-for m and par-for k need 16; 'par-for m in 0..8 by 4 on X' would fit"],
        ),
        (
            "Cache keeps outputs\npar-for m in 0..8 by 4 on Z\nBuffer keeps weights\n"
            "for m in 0..4 by 1\nfor k in 0..4 by 1",
            [
                "fc1 on tpu: Cache lies inside fan-out Clusters, so it must keep outputs inside "
                "'par-for m in 0..8 by 4 on Z', not above it",
                "fc1 on tpu: Buffer lies outside fan-out Clusters, so it must keep weights above "
                "'par-for m in 0..8 by 4 on Z', not inside it",
            ],
        ),
    ],
)
def test_levels_and_arrays_keep_their_order(nest: str, expected: list[str]) -> None:
    assert sentences(TWO_ARRAYS, f"DRAM keeps inputs weights outputs\n{nest}\nMAC", FC1) == expected


def test_check_mapping_raises_the_first_sentence_and_carries_all() -> None:
    mapping = parse_mapping(
        edited(
            (PAR_E, "par-for e in 0..27 by 1 on X"),
            ("for e in 0..2 by 1", ""),
            ("for m in 0..4 by 1", ""),
        )
    )
    with pytest.raises(MappingError) as error:
        check_mapping(CONV2, machine(), mapping)
    first = "mapping of layer 'conv2': innermost step of M must be 1, not 4"
    assert error.value.violations == (
        first,
        "conv2 on eyeriss: axis X has 14 PEs, par-for e needs 27; step 2 would fit",
    )
    assert str(error.value) == first + " (and 1 more violation)"


def test_a_violation_names_what_it_concerns_and_how_much() -> None:
    found = violations(CONV2, machine(buffer=Level("GlobalBuffer", capacity_words=200)), parse_mapping(NEST))
    assert [(v.kind, v.level, v.need, v.capacity) for v in found] == [("capacity", "GlobalBuffer", 232, 200)]
    overrun = violations(CONV2, machine(x=Axis("X", 7)), parse_mapping(NEST))
    assert [(v.kind, v.axis, v.dim, v.need, v.capacity) for v in overrun] == [("axis", "X", "E", 14, 7)]


Breakage = Callable[[Random, Case], Case | None]


def without_a_storage_node(random: Random, case: Case) -> Case | None:
    """Tensor absent from the outermost level."""
    operation, architecture, mapping = case
    gone = random.choice([i for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and n.level == "DRAM"])
    return operation, architecture, replace(mapping, nodes=mapping.nodes[:gone] + mapping.nodes[gone + 1 :])


def with_a_last_step_of_two(random: Random, case: Case) -> Case | None:
    operation, architecture, mapping = case
    last = {n.dim: i for i, n in enumerate(mapping.nodes) if not isinstance(n, Storage)}
    if not last:
        return None
    at = random.choice(list(last.values()))
    node = mapping.nodes[at]
    assert not isinstance(node, Storage)
    return operation, architecture, with_node(mapping, at, replace(node, step=2))


def with_a_smaller_memory(random: Random, case: Case) -> Case | None:
    """One word less than a level needs: partitions and exact capacities of the generator leave no slack."""
    operation, architecture, mapping = case
    kept = [n.level for n in mapping.nodes if isinstance(n, Storage) and n.level != "DRAM"]
    elements, changed = [], False
    for element in architecture.elements:
        if isinstance(element, Level) and element.name in kept and not element.tensor_capacity_words:
            unbounded = replace(element, capacity_words=0)
            one = replace(architecture, elements=tuple(unbounded if e is element else e for e in architecture.elements))
            need = [v.need for v in violations(operation, one, mapping)]
            if need and need[0]:
                element, changed = replace(element, capacity_words=need[0] - 1), True
        elements.append(element)
    return (operation, replace(architecture, elements=tuple(elements)), mapping) if changed else None


def with_a_shorter_axis(random: Random, case: Case) -> Case | None:
    operation, architecture, mapping = case
    used: dict[str, int] = {}
    for i, n in enumerate(mapping.nodes):
        if isinstance(n, Spatial):
            used[n.axis] = used.get(n.axis, 1) * mapping.trips(i)
    long = sorted(axis for axis, trips in used.items() if trips > 1)
    if not long:
        return None
    name = random.choice(long)
    elements = [
        replace(e, axes=tuple(replace(a, size=used[name] - 1) if a.name == name else a for a in e.axes))
        if isinstance(e, Fanout)
        else e
        for e in architecture.elements
    ]
    return operation, replace(architecture, elements=tuple(elements)), mapping


def with_a_node_on_the_wrong_side(random: Random, case: Case) -> Case | None:
    """The first node of a level inside the outer fan-out moves above the first spatial loop."""
    operation, architecture, mapping = case
    above, fanout_of = architecture.fanouts_above, architecture.fanout_of_axis
    inner = [i for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and above[n.level]]
    loops = [i for i, n in enumerate(mapping.nodes) if isinstance(n, Spatial) and fanout_of[n.axis] == 0]
    if not inner or not loops:
        return None
    nodes = list(mapping.nodes)
    nodes.insert(loops[0], nodes.pop(inner[0]))
    return operation, architecture, replace(mapping, nodes=tuple(nodes))


def with_another_bound(random: Random, case: Case) -> Case | None:
    operation, architecture, mapping = case
    if not mapping.bounds:
        return None
    dim = random.choice([d for d, _ in mapping.bounds])
    bounds = tuple((d, n + 1 if d == dim else n) for d, n in mapping.bounds)
    return operation, architecture, replace(mapping, bounds=bounds)


@pytest.mark.parametrize(
    ("breakage", "kind"),
    [
        (without_a_storage_node, "storage"),
        (with_a_last_step_of_two, "loop"),
        (with_a_smaller_memory, "capacity"),
        (with_a_shorter_axis, "axis"),
        (with_a_node_on_the_wrong_side, "side"),
        (with_another_bound, "bounds"),
    ],
)
def test_breaking_a_valid_case_is_caught(breakage: Breakage, kind: str) -> None:
    random, broken = Random(7), 0
    for seed in range(300):
        case = breakage(random, random_case(seed))
        if case is None:
            continue
        broken += 1
        found = violations(*case)
        assert kind in {violation.kind for violation in found}, f"seed {seed}\n{case[2]}"
        assert all(violation.sentence for violation in found)
    assert broken >= 40


def test_every_capacity_remedy_fits() -> None:
    """Cut a dim above the level's first node, as the sentence says, and the violation is gone."""
    checked = 0
    for seed in range(400):
        case = with_a_smaller_memory(Random(seed), random_case(seed))
        if case is None:
            continue
        operation, architecture, mapping = case
        for violation in violations(operation, architecture, mapping):
            if violation.kind != "capacity" or "<=" not in violation.fix:
                continue
            letter, extent = violation.fix.removesuffix(" would fit").split(" <= ")
            cut = cut_above(mapping, str(violation.level), violation.tensor, letter.upper(), int(extent))
            after = violations(operation, architecture, Mapping.of(operation, cut))
            again = [v for v in after if (v.level, v.tensor, v.kind) == (violation.level, violation.tensor, "capacity")]
            assert not again, f"seed {seed}: {violation.sentence}\n{mapping}"
            checked += 1
    assert checked >= 50


def test_every_step_that_an_axis_overrun_names_fits() -> None:
    checked = 0
    for seed in range(300):
        case = with_a_shorter_axis(Random(seed), random_case(seed))
        if case is None:
            continue
        operation, architecture, mapping = case
        (overrun,) = [v for v in violations(operation, architecture, mapping) if v.kind == "axis"]
        if not overrun.fix.startswith("step "):
            continue
        step = int(overrun.fix.removeprefix("step ").removesuffix(" would fit"))
        (at,) = [i for i, n in enumerate(mapping.nodes) if isinstance(n, Spatial) and n.axis == overrun.axis]
        wider = with_node(mapping, at, Spatial(str(overrun.dim), step, str(overrun.axis)))
        # What the wider step leaves must still be walked.
        wider = replace(wider, nodes=(*wider.nodes, Temporal(str(overrun.dim), 1)))
        assert "axis" not in {v.kind for v in violations(operation, architecture, wider)}, f"seed {seed}\n{mapping}"
        checked += 1
    assert checked >= 40


def cut_above(mapping: Mapping, level: str, tensor: str | None, dim: str, extent: int) -> list[Node]:
    """A temporal loop over the dim above the level's first node, and steps inside no longer than it leaves."""
    first = next(
        i
        for i, n in enumerate(mapping.nodes)
        if isinstance(n, Storage) and n.level == level and tensor in (None, n.tensor)
    )
    above = [n for n in mapping.nodes[:first] if not isinstance(n, Storage) and n.dim == dim]
    nodes: list[Node] = list(mapping.nodes)
    for i in range(first, len(nodes)):
        node = nodes[i]
        if not isinstance(node, Storage) and node.dim == dim:
            nodes[i] = replace(node, step=min(node.step, extent))
    if above and isinstance(above[-1], Temporal):
        at = max(i for i, n in enumerate(nodes[:first]) if n is above[-1])
        nodes[at] = Temporal(dim, extent)
    else:
        nodes.insert(first, Temporal(dim, extent))
    return nodes
