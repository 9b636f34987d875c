"""Views as data: frames written small lose nothing, cells lie as the axes say, what cannot be viewed is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accelsim
from accelsim.architecture.files import load_architecture
from accelsim.cli.main import main
from accelsim.errors import InputError, MappingError
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.mapping.parse import load_mapping
from accelsim.report.declaration import load_declaration
from accelsim.report.motion import views_of
from accelsim.viewer.codec import Series, nested
from accelsim.viewer.fragment import view
from accelsim.viewer.grid import grid_of
from accelsim.viewer.page import view_page
from accelsim.viewer.recording import record
from accelsim.workload.files import load_layer, load_network
from accelsim.workload.layer import Convolution

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


def case() -> Any:
    operation = load_layer(str(EXAMPLES / "small.yaml")).operation()
    return operation, load_architecture("eyeriss"), load_mapping(str(EXAMPLES / "small_nest.txt"))


def unrun(row: list[int]) -> list[int]:
    return [row[i] for i in range(0, len(row), 2) for _ in range(row[i + 1])]


def expanded(levels: list[list[list[int]]]) -> list[int]:
    """Rows back to values, innermost loop first, as the page does it."""
    bodies = [unrun(row) for row in levels[0]]
    for level in levels[1:]:
        bodies = [[value for number in unrun(row) for value in bodies[number]] for row in level]
    assert len(bodies) == 1
    return bodies[0]


@given(st.data())
def test_rows_of_a_nest_read_back_as_they_were(data: st.DataObject) -> None:
    trips = data.draw(st.lists(st.integers(1, 4), max_size=4))
    times = [at for at in product(*(range(n) for n in trips)) if data.draw(st.integers(0, 5)) or not any(at)]
    values = data.draw(st.lists(st.integers(0, 3), min_size=len(times), max_size=len(times)))
    assert expanded(nested(times, values)) == values


def test_a_loop_body_that_repeats_is_written_once() -> None:
    times = list(product(range(100), range(50)))
    levels = nested(times, [inner for _, inner in times])
    assert [len(rows) for rows in levels] == [1, 1]
    assert levels[1] == [[0, 100]]


def test_a_value_that_never_changes_has_no_rows() -> None:
    series = Series()
    for _ in range(3):
        series.add((7, 2))
    assert series.encoded([(0,), (1,), (2,)]) == {"values": [(7, 2)]}


def nest_of(*loops: Spatial) -> Mapping:
    operation = case()[0]
    return Mapping.of(operation, [*(Storage("DRAM", t.name) for t in operation.tensors), *loops])


def test_the_inner_axis_goes_across() -> None:
    grid = grid_of(load_architecture("eyeriss"), nest_of(Spatial("M", 1, "X"), Spatial("R", 1, "Y")))
    # MACs are numbered m outside, r inside; Y is the outer axis of the chip, so r goes down and m across.
    assert (grid.rows, grid.columns, grid.down, grid.across) == (3, 8, "r on Y", "m on X")
    assert grid.macs == tuple(3 * m + r for r in range(3) for m in range(8))


def test_loops_of_one_axis_are_parted_into_the_most_square_and_one_loop_is_wrapped() -> None:
    machine = load_architecture("ws256")
    three = grid_of(machine, nest_of(Spatial("M", 1, "PE"), Spatial("R", 1, "PE"), Spatial("S", 1, "PE")))
    assert (three.rows, three.columns, three.macs) == (8, 9, tuple(range(72)))
    many = replace(case()[0], bounds=(*((d, n) for d, n in case()[0].bounds if d != "M"), ("M", 60)))
    line = grid_of(machine, Mapping.of(many, [Spatial("M", 1, "PE")]))
    assert (line.rows, line.columns, line.macs) == (4, 15, tuple(range(60)))
    assert grid_of(machine, nest_of()).macs == (0,)


def test_of_a_large_array_a_corner_is_drawn_and_all_is_counted() -> None:
    operation = Convolution(name="wide", M=128, C=64, H=4, R=1).operation()
    machine = load_architecture("systolic_ws")
    loops = [Spatial("C", 1, "Y"), Spatial("M", 1, "X")]
    outside = [Storage("DRAM", t.name) for t in operation.tensors] + [
        Storage("Buffer", t.name) for t in operation.tensors
    ]
    nest = Mapping.of(operation, [*outside, *loops, Storage("Register", "weights"), Temporal("E", 1), Temporal("F", 1)])
    made = view(operation, machine, nest, "wide", "wide")
    assert "8,192 of 16,384 PEs in use; the first 32 x 32 are drawn, all are counted" in made.fragment.body
    assert made.counts.macs == operation.macs == 128 * 64 * 16
    assert made.frames == 17


def test_frames_are_as_few_as_asked_for() -> None:
    assert record(*case()).is_every_step
    coarse = record(*case(), most_frames=20)
    assert not coarse.is_every_step
    assert coarse.frames == 17  # m twice, f eight times, and the drain
    assert coarse.counts == record(*case()).counts


def test_what_cannot_be_viewed_is_refused_in_a_sentence() -> None:
    operation, _, nest = case()
    with pytest.raises(InputError, match=r"a view must have at least one machine, not none"):
        view_page([], "nothing")
    with pytest.raises(MappingError):
        view(operation, load_architecture("ws16x16"), nest, "a", "a")
    large = Convolution(name="large", M=512, C=512, H=58, R=3).operation()
    sentence = (
        r"large: a layer must have at most 2,000,000,000 MACs to be viewed, not 7,398,752,256; use a smaller batch"
    )
    nodes = [Storage("DRAM", t.name) for t in large.tensors]
    with pytest.raises(InputError, match=sentence):
        view(large, load_architecture("nlr256"), _plain(large, nodes), "a", "a")


def _plain(operation: Any, nodes: list[Storage]) -> Mapping:
    """All loops in time below DRAM."""
    return Mapping.of(operation, [*nodes, *(Temporal(dim, 1) for dim, extent in operation.bounds if extent > 1)])


def test_the_command_writes_a_page_and_says_what_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "view.html"
    layer, nest = str(EXAMPLES / "small.yaml"), str(EXAMPLES / "small_nest.txt")
    assert main(["view", layer, "--arch", "eyeriss", "--mapping", nest, "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "small on eyeriss: 769 frames, every compute step"
    assert said[1] == f"{out}: {out.stat().st_size / 1000:,.0f} kB"
    first = out.read_bytes()
    assert main(["view", layer, "--arch", "eyeriss", "--mapping", nest, "--out", str(out)]) == 0
    assert out.read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["view.html"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--arch", "eyeris"], "no architecture is called 'eyeris'; did you mean 'eyeriss'?"),
        (["--arch", "eyeriss,ws256", "--mapping", "n.txt"], "--mapping goes with one machine in --arch, not with 2"),
        (
            ["--arch", "ws256", "--mapping", str(EXAMPLES / "small_nest.txt")],
            "mapping of layer 'small': ws256 has no axis 'X'",
        ),
        (["--arch", " , "], "a view must have at least one machine, not none"),
        ([], "missing option '--arch'"),
    ],
)
def test_wrong_arguments_give_a_sentence_and_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    out = tmp_path / "view.html"
    assert main(["view", str(EXAMPLES / "small.yaml"), *arguments, "--out", str(out)]) == 2
    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_found_out_before_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(EXAMPLES / "small.yaml"), "--arch", "eyeriss", "--out", "/nowhere/v.html"]) == 2
    assert "folder /nowhere does not exist" in capsys.readouterr().err


def compared(view: tuple[str, ...]) -> Any:
    network = load_network("lenet5").only(["C3", "F6"])
    found = accelsim.compare(network, ["ws256", "nlr256"], gap=0.5, cache=False)
    return views_of(found, view)


def test_a_report_plays_the_layers_that_it_names_on_every_machine() -> None:
    sections = compared(("F6", "C3"))
    assert [one.title for one in sections] == [
        "In step",
        *(f"{x} on {m}" for x in ("F6", "C3") for m in ("ws256", "nlr256")),
    ]
    assert [one.title for one in compared(("F6",))] == ["In step", "F6 on ws256", "F6 on nlr256"]


def test_a_report_names_layers_that_are_there() -> None:
    with pytest.raises(InputError, match=r"view must name layers with MACs of the networks, not 'C4'; known: C3, F6"):
        compared(("C4",))
    with pytest.raises(InputError, match=r"lenet5: no layer 'C4'"):
        load_network("lenet5").only(["C4"])


def test_a_network_of_some_layers_is_fed_from_outside() -> None:
    network = load_network("lenet5")
    some = network.only(["F6", "C3"])
    assert [entry.name for entry in some.layers] == ["C3", "F6"]
    assert {producer for producer, _ in some.edges} == {"input"}
    assert some.macs == sum(entry.macs for entry in network.layers if entry.name in ("C3", "F6")) == 240_000 + 10_080


def test_five_dataflows_is_one_layer_on_five_machines_all_of_it_played() -> None:
    declared = load_declaration("five_dataflows")
    assert declared.layers == declared.view == ("C3",)
    kinds = [load_architecture(name).dataflow for name in declared.machines]
    assert kinds == [
        "weight_stationary", "output_stationary_a", "input_stationary", "no_local_reuse", "row_stationary",
    ]  # fmt: skip
