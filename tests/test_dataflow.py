"""Each dataflow accepts a nest that obeys it and names the rule that another one breaks, in a whole sentence."""

from __future__ import annotations

import pytest

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.errors import InputError
from accelsim.files import shipped
from accelsim.mapping.dataflow import Dataflow, axis_dims, dataflow_violations, role_levels, unroll_room
from accelsim.mapping.dataflow_files import load_dataflow, parse_dataflow, render_dataflow
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.workload.lowering import Plane, convolution
from accelsim.workload.operation import Operation

CONV: Operation = convolution("conv", N=2, G=1, M=4, C=3, plane=Plane(H=(6, 6), R=(3, 3), E=(4, 4)))
FC: Operation = convolution("fc", N=2, G=1, M=8, C=6, plane=Plane(H=(1, 1), R=(1, 1), E=(1, 1)))
GROUPED: Operation = convolution("depthwise", N=1, G=4, M=1, C=1, plane=Plane(H=(6, 6), R=(3, 3), E=(4, 4)))

MACHINE = Architecture(
    "grid",
    (
        Level("DRAM"),
        Level("Buffer", capacity_words=10_000),
        Fanout("Array", (Axis("X", 4), Axis("Y", 4))),
        Level("Register", capacity_words=64),
    ),
    Compute(),
    clock_mhz=200.0,
)


def keep(level: str, *tensors: str) -> list[Node]:
    return [Storage(level, tensor) for tensor in tensors]


def loops(*pairs: tuple[str, int]) -> list[Node]:
    return [Temporal(dim, step) for dim, step in pairs]


def space(*triples: tuple[str, int, str]) -> list[Node]:
    return [Spatial(dim, step, axis) for dim, step, axis in triples]


ALL = ("inputs", "weights", "outputs")
DRAM = keep("DRAM", *ALL)
BUFFER = keep("Buffer", *ALL)

OBEYING = {
    "weight_stationary": [
        *DRAM, *BUFFER, *loops(("M", 1), ("C", 1)), *space(("R", 1, "X"), ("S", 1, "Y")),
        *keep("Register", "weights"), *loops(("N", 1), ("E", 1), ("F", 1)),
    ],
    "output_stationary_a": [
        *DRAM, *BUFFER, *loops(("N", 1), ("M", 1)), *space(("E", 1, "X"), ("F", 1, "Y")),
        *keep("Register", "outputs"), *loops(("C", 1), ("R", 1), ("S", 1)), *keep("Register", "inputs"),
    ],
    "output_stationary_b": [
        *DRAM, *BUFFER, *loops(("N", 1), ("E", 1)), *space(("F", 1, "X"), ("M", 1, "Y")),
        *keep("Register", "outputs"), *loops(("C", 1), ("R", 1), ("S", 1)),
    ],
    "output_stationary_c": [
        *DRAM, *BUFFER, *loops(("E", 1), ("F", 1)), *space(("M", 1, "X"), ("N", 1, "Y")),
        *keep("Register", "outputs"), *loops(("C", 1), ("R", 1), ("S", 1)),
    ],
    "input_stationary": [
        *DRAM, *BUFFER, *loops(("N", 1), ("C", 1), ("R", 1), ("S", 1)), *space(("E", 1, "X"), ("F", 1, "Y")),
        *keep("Register", "inputs"), *loops(("M", 1)),
    ],
    "no_local_reuse": [
        *DRAM, *BUFFER, *loops(("N", 1), ("E", 1), ("F", 1), ("R", 1), ("S", 1)), *space(("M", 1, "X"), ("C", 1, "Y")),
    ],
    "row_stationary": [
        *DRAM, *BUFFER, *loops(("N", 1), ("C", 1)), *space(("E", 1, "X"), ("R", 1, "Y")), *keep("Register", "weights"),
        *loops(("F", 1)), *keep("Register", "inputs"), *loops(("M", 1)), *keep("Register", "outputs"), *loops(("S", 1)),
    ],
}  # fmt: skip


def sentences(name: str, nodes: list[Node], operation: Operation = CONV, machine: Architecture = MACHINE) -> list[str]:
    mapping = Mapping.of(operation, nodes)
    return [v.sentence for v in dataflow_violations(operation, machine, mapping, load_dataflow(name))]


def test_every_shipped_dataflow_has_an_example_here() -> None:
    assert {*OBEYING, "any"} == set(shipped("dataflows"))


@pytest.mark.parametrize("name", sorted(OBEYING))
def test_a_nest_that_obeys_breaks_nothing(name: str) -> None:
    assert sentences(name, OBEYING[name]) == []
    assert sentences("any", OBEYING[name]) == []


@pytest.mark.parametrize("name", sorted(OBEYING))
@pytest.mark.parametrize("other", sorted(OBEYING))
def test_dataflows_differ_save_that_osc_is_an_osb_of_single_pixels(name: str, other: str) -> None:
    assert bool(sentences(other, OBEYING[name])) == (
        name != other and (name, other) != ("output_stationary_c", "output_stationary_b")
    )


BREAKING = [
    (
        "weight_stationary",
        "keeps",
        [*DRAM, *keep("Buffer", "inputs"), *loops(("M", 1), ("C", 1)), *space(("R", 1, "X"), ("S", 1, "Y")),
         *loops(("N", 1), ("E", 1), ("F", 1))],
        ["weight_stationary: weights must be kept in Register", "weight_stationary: outputs must be kept in Buffer"],
    ),
    (
        "weight_stationary",
        "complete",
        [*DRAM, *BUFFER, *loops(("N", 1), ("M", 1), ("C", 1)), *space(("R", 1, "X"), ("S", 1, "Y")),
         *keep("Register", "weights"), *loops(("E", 1), ("F", 1))],
        ["weight_stationary: weights must stay in Register until all N, E and F are done:"
         " the loop over N must be below them, not above, or at least inside the loop over C"],
    ),
    (
        "weight_stationary",
        "inside and unroll",
        [*DRAM, *BUFFER, *loops(("M", 1), ("C", 1)), *space(("R", 1, "X")),
         *keep("Register", "weights"), *loops(("N", 1), ("E", 1), ("F", 1), ("S", 1))],
        ["weight_stationary: S must take 1 pass in time, not 3: the array has room for 3 of its 3 positions",
         "weight_stationary: loops below Register must be over N, E or F, not S"],
    ),
    (
        "output_stationary_a",
        "spatial",
        [*DRAM, *BUFFER, *loops(("N", 1), ("E", 1)), *space(("M", 1, "X"), ("F", 1, "Y")),
         *keep("Register", "outputs"), *loops(("C", 1), ("R", 1), ("S", 1))],
        ["output_stationary_a: E or F may be unrolled, not M"],
    ),
    (
        "output_stationary_b",
        "not kept",
        [*DRAM, *BUFFER, *loops(("N", 1), ("E", 1)), *space(("M", 1, "X"), ("F", 1, "Y")),
         *keep("Register", "outputs", "weights"), *loops(("C", 1), ("R", 1), ("S", 1))],
        ["output_stationary_b: weights must not be kept in Register"],
    ),
    (
        "output_stationary_c",
        "complete",
        [*DRAM, *BUFFER, *loops(("C", 1), ("E", 1), ("F", 1)), *space(("M", 1, "X"), ("N", 1, "Y")),
         *keep("Register", "outputs"), *loops(("R", 1), ("S", 1))],
        ["output_stationary_c: outputs must stay in Register until all C, R and S are done:"
         " the loop over C must be below them, not above, or at least inside the loop over F"],
    ),
    (
        "input_stationary",
        "complete and spatial",
        [*DRAM, *BUFFER, *loops(("N", 1), ("C", 1), ("R", 1), ("S", 1), ("M", 2)), *space(("E", 1, "X"), ("M", 1, "Y")),
         *loops(("F", 1)), *keep("Register", "inputs")],
        ["input_stationary: C, R, S, N, G, E or F may be unrolled, not M",
         "input_stationary: inputs must stay in Register until all M are done:"
         " the loop over M must be below them, not above, or at least inside the loop over F"],
    ),
    (
        "no_local_reuse",
        "keeps",
        [*DRAM, *keep("Buffer", "inputs", "outputs"), *loops(("N", 1), ("E", 1), ("F", 1), ("R", 1), ("S", 1)),
         *space(("M", 1, "X"), ("C", 1, "Y")), *keep("Register", "weights")],
        ["no_local_reuse: weights must not be kept in Register", "no_local_reuse: weights must be kept in Buffer"],
    ),
    (
        "row_stationary",
        "unroll",
        [*DRAM, *BUFFER, *loops(("N", 1), ("C", 1), ("R", 1)), *space(("E", 1, "X"), ("M", 1, "Y")),
         *keep("Register", *ALL), *loops(("F", 1), ("S", 1))],
        ["row_stationary: R must take 1 pass in time, not 3: the array has room for 3 of its 3 positions"],
    ),
    (
        "row_stationary",
        "complete and inside",
        [*DRAM, *BUFFER, *loops(("N", 1), ("C", 1), ("F", 1), ("M", 1)), *space(("R", 1, "Y")),
         *keep("Register", *ALL), *loops(("E", 1), ("S", 1))],
        ["row_stationary: weights must stay in Register until all F and S are done:"
         " the loop over F must be below them, not above, or at least inside the loop over M",
         "row_stationary: loops below Register must be over N, G, M, C, F or S, not E"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rule", "nodes", "expected"), BREAKING, ids=[f"{b[0]}-{b[1]}" for b in BREAKING])
def test_a_broken_rule_is_named(name: str, rule: str, nodes: list[Node], expected: list[str]) -> None:
    assert sentences(name, nodes) == expected


def test_loops_directly_above_a_tile_that_they_do_not_move_let_it_stay() -> None:
    """A buffer node between them can hold a strip of inputs while the weights stay in the array."""
    above = [*DRAM, *keep("Buffer", "outputs"), *loops(("M", 1), ("C", 1), ("N", 1), ("E", 1))]
    array = [*space(("R", 1, "X"), ("S", 1, "Y")), *keep("Register", "weights")]
    nest = [*above, *keep("Buffer", "inputs"), *loops(("F", 1)), *array]
    assert sentences("weight_stationary", nest) == []


def test_filter_rows_fold_in_time_where_the_array_is_too_small() -> None:
    low = Architecture(
        "low", (*MACHINE.elements[:2], Fanout("Array", (Axis("Y", 2),)), MACHINE.elements[3]), Compute(), 1
    )
    assert unroll_room(CONV, low, load_dataflow("row_stationary")) == {"R": 2}
    # three rows on two PEs: two passes, of two rows and of one
    nodes = [*DRAM, *BUFFER, *loops(("N", 1), ("M", 1), ("C", 1), ("E", 1), ("R", 2)), *space(("R", 1, "Y"))]
    nodes += [*keep("Register", *ALL), *loops(("F", 1), ("S", 1))]
    assert sentences("row_stationary", nodes, machine=low) == []


def test_two_unrolled_dims_share_one_axis() -> None:
    linear = Architecture("line", (Level("DRAM"), Fanout("Array", (Axis("P", 256),)), Level("Register")), Compute(), 1)
    big = convolution("conv1", N=1, G=1, M=1, C=1, plane=Plane(H=(21, 21), R=(11, 11), E=(11, 11)))
    assert unroll_room(big, linear, load_dataflow("weight_stationary")) == {"R": 11, "S": 11}
    # 256 // 20 = 12 positions are left for S
    huge = convolution("huge", N=1, G=1, M=1, C=1, plane=Plane(H=(20, 20), R=(20, 20), E=(1, 1)))
    assert unroll_room(huge, linear, load_dataflow("weight_stationary")) == {"R": 20, "S": 12}


def test_a_dataflow_serves_fully_connected_and_grouped_layers() -> None:
    nodes = [*DRAM, *BUFFER, *loops(("M", 4), ("C", 4)), *space(("M", 1, "X"), ("C", 1, "Y"))]
    nodes += [*keep("Register", "weights"), *loops(("N", 1))]
    assert sentences("weight_stationary", nodes, FC) == []
    nodes = [*DRAM, *BUFFER, *loops(("R", 1), ("S", 1)), *loops(("E", 1), ("F", 1)), *space(("G", 1, "X"))]
    assert sentences("no_local_reuse", nodes, GROUPED) == []


def test_a_dataflow_can_be_impossible_on_a_machine() -> None:
    bare = Architecture("bare", (*MACHINE.elements[:3], Level("Register", keeps=(("weights", "not"),))), Compute(), 1)
    nodes = OBEYING["output_stationary_a"]
    assert sentences("weight_stationary", nodes, machine=bare)[0] == (
        "weight_stationary: weights must be kept in the array, where bare has no level for it"
    )


def test_roles_find_levels() -> None:
    assert role_levels(MACHINE, "array", "inputs") == ("Register",)
    assert role_levels(MACHINE, "buffer", "inputs") == ("Buffer", "DRAM")
    assert role_levels(MACHINE, "Buffer", "inputs") == ("Buffer",)
    with pytest.raises(InputError) as error:
        role_levels(MACHINE, "Bufer", "inputs")
    assert str(error.value) == "grid: 'Bufer' must be a role or a level; did you mean 'Buffer'?"


def test_an_axis_takes_what_machine_and_dataflow_both_allow() -> None:
    axis = Axis("Y", 4, irrelevant_to="outputs")
    assert axis_dims(CONV, axis) == ("C", "R", "S")
    assert axis_dims(CONV, axis, Dataflow("d", spatial=("R", "M"))) == ("R",)
    assert axis_dims(CONV, axis, Dataflow("d", axes=(("Y", ("C", "M")),))) == ("C",)
    assert axis_dims(CONV, Axis("Y", 4, dims=("M",)), Dataflow("d", axes=(("X", ("C",)),))) == ("M",)


@pytest.mark.parametrize("name", sorted(OBEYING))
def test_what_is_printed_is_read_back(name: str) -> None:
    dataflow = load_dataflow(name)
    assert parse_dataflow(render_dataflow(dataflow)) == dataflow
    assert dataflow.name == name
    assert dataflow.source


def test_a_dataflow_of_the_users_own() -> None:
    text = 'name: mine\nkeeps:\n  Buffer: {"*": not, weights: must}\naxes:\n  X: [M]\n'
    mine = parse_dataflow(text, "mine.yaml")
    assert (mine.keep("Buffer", "inputs"), mine.keep("Buffer", "weights"), mine.keep("array", "weights")) == (
        "not", "must", "may",
    )  # fmt: skip
    nodes = [*DRAM, *keep("Buffer", "inputs"), *space(("C", 1, "X"))]
    mapping = Mapping.of(CONV, nodes)
    assert [v.sentence for v in dataflow_violations(CONV, MACHINE, mapping, mine)] == [
        "mine: inputs must not be kept in Buffer",
        "mine: weights must be kept in Buffer",
        "mine: M may be unrolled on X, not C",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: x\nspatial: [K]\n", "x.yaml:2: spatial.0 must be one of the dims N G M C E F R S H W, not 'K'"),
        ("name: x\nunroll: [R, R]\n", "x.yaml:2: unroll must name each dim once, not R twice"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_dataflow(text, "x.yaml")
    assert str(error.value) == sentence
