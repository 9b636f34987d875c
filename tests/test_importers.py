"""SCALE-Sim, Timeloop and ZigZag files: read as their own tools read them, written and read back, refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import accelsim
from accelsim.architecture.timeloop import read_architecture
from accelsim.errors import InputError
from accelsim.files import dump_yaml, parse_yaml
from accelsim.mapping.parse import parse_mapping
from accelsim.mapping.tiles import distinct_words
from accelsim.mapping.timeloop import Names, dump_mapping, read_mapping
from accelsim.mapping.timeloop_files import load_timeloop
from accelsim.model.evaluate import evaluate
from accelsim.validation import timeloop_cases as cases
from accelsim.workload.files import load_network
from accelsim.workload.importers.files import format_of, import_network
from accelsim.workload.importers.report import render_report
from accelsim.workload.importers.scalesim import dump_topology, read_topology
from accelsim.workload.importers.timeloop import CONVOLUTION, SPACES, dump_problem, read_problem
from accelsim.workload.importers.zigzag import read_workload
from accelsim.workload.layer import Convolution, FullyConnected, MatrixProduct, Pooling, TransposedConvolution
from accelsim.workload.network import Network

PUBLISHED = Path(__file__).parent / "published"
SCALESIM = json.loads((PUBLISHED / "scalesim_rows.json").read_text())["rows"]
TIMELOOP = json.loads((PUBLISHED / "timeloop_files.json").read_text())["runs"]
ZIGZAG = json.loads((PUBLISHED / "zigzag_layers.json").read_text())["layers"]
HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
PER_ROW = pytest.mark.parametrize(
    ("header", "row", "height", "width", "macs"), SCALESIM, ids=[r[1].split(",")[0] for r in SCALESIM]
)
RUNS = {record["name"]: record for record in cases.records()}


def refusal(call, *arguments):
    with pytest.raises(InputError) as error:
        call(*arguments)
    return str(error.value)


# --- SCALE-Sim -----------------------------------------------------------------------------------------------------


@PER_ROW
def test_a_topology_has_the_extents_and_macs_that_scalesim_reports(header, row, height, width, macs):
    (layer,) = [e.layer for e in read_topology(f"{header}\n{row}\n", "t.csv").network.layers]
    assert layer.macs == macs
    if isinstance(layer, Convolution):
        assert (height, width) == (layer.E, layer.F)
    else:
        assert isinstance(layer, MatrixProduct)
        assert height == layer.M


def test_axes_of_filters_that_are_not_square_stay_where_they_are():
    text = HEAD + "a,9,20,3,5,2,4,1,\n"
    (entry,) = read_topology(text, "t.csv").network.layers
    assert entry.layer == Convolution("a", M=4, C=2, H=9, W=20, R=3, S=5)


def test_a_window_over_the_end_is_padding():
    """6 rows, 3 taps, stride 2: SCALE-Sim counts ceil((6 - 3 + 2) / 2) = 3 outputs, the last over a row of nothing."""
    text = HEAD + "a,6,6,3,3,1,1,2,\n"
    imported = read_topology(text, "t.csv")
    layer = imported.network.layers[0].layer
    assert (layer.E, layer.padding.bottom, layer.padding.right, layer.padding.top) == (3, 1, 1, 0)
    assert "windows that hang over the end are padding, as SCALE-Sim counts them: a" in render_report(imported)


def test_a_depthwise_row_is_a_layer_of_as_many_groups():
    """DP: 3 channels, 2 filters each, 6 x 6 outputs, 9 taps: 3 x 2 x 36 x 9 MACs, 3 x 2 x 9 weights."""
    (entry,) = read_topology(HEAD + "DP1,8,8,3,3,3,2,1,\n", "t.csv").network.layers
    assert entry.layer == Convolution("DP1", G=3, M=6, C=3, H=8, R=3)
    assert (entry.macs, entry.weight_words) == (3 * 2 * 36 * 9, 3 * 2 * 9)


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "vgg16", "resnet18", "mobilenet_v1", "googlenet", "overfeat"])
def test_a_network_survives_the_topology(name):
    """MACs and weights of all that a row can say; padding is data in it."""
    network = load_network(name)
    text, reports = dump_topology(network)
    again = read_topology(text, "again.csv").network
    assert (again.macs, again.weight_words) == (network.macs, network.weight_words)
    skipped = {report.node for report in reports if report.fate == "skipped"}
    assert skipped == {entry.name for entry in network.layers if not entry.macs}
    assert dump_topology(again)[0].splitlines()[1:] == text.splitlines()[1:]


def test_a_network_of_products_is_written_as_products():
    network = Network.chain("n", (MatrixProduct("a", M=3, K=5, N=7, samples=2), MatrixProduct("b", M=6, K=7, N=2, B=2)))
    text, _ = dump_topology(network)
    assert text == "Layer,M,N,K,\na,6,7,5,\nb_1,6,2,7,\nb_2,6,2,7,\n"
    assert read_topology(text, "n.csv").network.macs == network.macs


def test_a_name_with_dp_in_it_is_not_written_as_depthwise():
    text, _ = dump_topology(Network.chain("n", (Convolution("DPN", M=2, C=3, H=8, R=3),)))
    (entry,) = read_topology(text, "n.csv").network.layers
    assert (entry.name, entry.macs) == ("DpN", 2 * 3 * 36 * 9)


def test_what_a_row_cannot_say_is_named():
    layers = (
        Convolution("a", N=2, M=1, C=1, H=5, R=3),
        Convolution("b", M=1, C=1, H=5, R=3, U=(1, 2)),
        Convolution("c", M=1, C=1, H=5, R=3, dilation=2),
        TransposedConvolution("d", M=1, C=1, H=5, R=3),
        FullyConnected("e", M=1, C=5),
    )
    text, reports = dump_topology(Network.chain("n", layers))
    assert {r.node: r.note for r in reports if r.fate == "skipped"} == {
        "a": "a row has no batch, the layer has 2",
        "b": "a row has one stride, the layer has 1 and 2",
        "c": "a row has no dilation",
        "d": "a row is a convolution or a matrix product",
    }
    assert text.splitlines()[1:] == ["e,1,1,1,1,5,1,1,"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "t.csv:1: must have a header and a row per layer, not be empty"),
        (HEAD, "t.csv:1: must have a row per layer below the header"),
        ("a,b,c\n1,2,3\n",
         "t.csv:1: the header must be 'Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, "
         "Channels, Num Filter, Strides' or 'Layer, M, N, K', not 'a,b,c'"),
        (HEAD + "a,5,5,3,3,1\n", "t.csv:2: Num Filter is missing"),
        (HEAD + "a,5,5,x,3,1,1,1\n", "t.csv:2: Filter Height must be a positive whole number, not 'x'"),
        (HEAD + "a,5,5,0,3,1,1,1\n", "t.csv:2: Filter Height must be a positive whole number, not '0'"),
        (HEAD + "a,2,5,3,3,1,1,1\n", "t.csv:2: the filter must fit the input of 2 x 5, not be 3 x 3"),
        (HEAD + "a,5,5,3,3,1,1,1,2:4\n",
         "t.csv:2: a row must end after Strides, not go on with '2:4' (sparsity is not read)"),
        ("Layer,M,N,K\na,1,2\n", "t.csv:2: K is missing"),
    ],
)  # fmt: skip
def test_a_wrong_topology_is_refused_with_its_line(text, sentence):
    assert refusal(read_topology, text, "t.csv") == sentence


# --- Timeloop ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TIMELOOP))
def test_timeloops_files_say_what_was_run(name):
    """Problem, machine and nest against the same run in the compact form that the counts are tested with."""
    problem_yaml, arch_yaml, mapping_yaml = TIMELOOP[name]
    case = RUNS[name]["case"]
    problem = read_problem(parse_yaml(problem_yaml, "p.yaml"))
    expected = cases.operation(case)
    assert problem.unknown == ()
    assert dict(problem.operation.bounds) == dict(expected.bounds)
    assert problem.operation.tensors == expected.tensors
    output = expected.output.name
    architecture, unknown = read_architecture(parse_yaml(arch_yaml, "a.yaml"), output)
    assert unknown == ()
    machine = cases.architecture(case, output)
    assert [e.name for e in architecture.levels] == [e.name for e in machine.levels]
    stored = {level["name"]: level["instances"] for level in case["arch"]["storage"]}
    assert {level.name: architecture.level_instances(level.name) for level in architecture.levels} == stored
    assert architecture.mac_units == case["arch"]["arithmetic"]["instances"]
    nest, unknown = read_mapping(parse_yaml(mapping_yaml, "m.yaml"), problem.operation, architecture)
    assert unknown == ()
    assert _counts(problem.operation, architecture, nest) == _counts(expected, machine, cases.mapping(case, expected))


def _counts(operation, machine, nest):
    """Counts per level and tensor under Timeloop's convention, capacities left out (the compact form has none)."""
    from dataclasses import replace

    from accelsim.architecture.spec import Level

    free = tuple(replace(e, capacity_words=None) if isinstance(e, Level) else e for e in machine.elements)
    found = evaluate(operation, replace(machine, elements=free), nest, "timeloop").counts
    return found.macs, {(row.level, row.tensor): row.total for row in found.tensors}


LAYERS = {name: files for name, files in TIMELOOP.items() if read_problem(parse_yaml(files[0], "p.yaml")).layer}


def test_most_of_timeloops_problems_are_layers_of_ours():
    assert set(TIMELOOP) - set(LAYERS) == {"mttkrp"}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_problem_and_its_nest_mean_the_same_in_our_letters(name, tmp_path):
    paths = []
    for part, text in zip(("p", "a", "m"), TIMELOOP[name], strict=True):
        paths.append(tmp_path / f"{part}.yaml")
        paths[-1].write_text(text)
    found = load_timeloop(paths)
    theirs = found.problem.operation
    assert found.operation.macs == theirs.macs
    names = dict(found.problem.tensors)
    own, _ = read_architecture(parse_yaml(TIMELOOP[name][1], "a.yaml"), theirs.output.name)
    nest, _ = read_mapping(parse_yaml(TIMELOOP[name][2], "m.yaml"), theirs, own)
    macs, counts = _counts(theirs, own, nest)
    assert _counts(found.operation, found.architecture, found.mapping) == (
        macs,
        {(level, names[tensor]): words for (level, tensor), words in counts.items()},
    )


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_nest_survives_timeloops_grammar(name):
    problem = read_problem(parse_yaml(TIMELOOP[name][0], "p.yaml"))
    operation = problem.operation
    architecture, _ = read_architecture(parse_yaml(TIMELOOP[name][1], "a.yaml"), operation.output.name)
    nest, _ = read_mapping(parse_yaml(TIMELOOP[name][2], "m.yaml"), operation, architecture)
    text = dump_mapping(nest, operation, architecture)
    again, unknown = read_mapping(parse_yaml(text, "again.yaml"), operation, architecture)
    assert unknown == ()
    assert _counts(operation, architecture, again) == _counts(operation, architecture, nest)
    assert dump_mapping(again, operation, architecture) == text


@pytest.mark.parametrize(
    "layer",
    [
        Convolution("a", N=2, G=2, M=4, C=6, H=9, W=12, R=3, S=5, U=(2, 1), dilation=(1, 2)),
        Convolution("b", M=4, C=4, H=3, R=1, S=1),
        MatrixProduct("c", M=3, K=5, N=7),
        FullyConnected("d", M=10, C=3, H=4, W=2),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_survives_timeloops_grammar(layer):
    problem = read_problem(parse_yaml(dump_problem(layer), "p.yaml"))
    ours = layer.operation()
    assert (problem.layer.name, problem.layer.macs) == (layer.name, layer.macs)
    assert problem.layer.operation().bounds == ours.bounds
    swept = Convolution("x", N=2, G=2, M=4, C=6, E=4, F=4, R=3, S=5, U=(2, 1), dilation=(1, 2)).operation()
    if layer.name == "a":  # 9 rows: 4 windows of 3 at stride 2 sweep all; 12 columns: 4 windows of 9
        assert problem.layer.operation().tensors == swept.tensors == ours.tensors
    else:
        assert problem.layer.operation().tensors == ours.tensors


def test_height_and_width_are_not_swapped():
    """Timeloop's P and R run along the width, Q and S along the height (README of the runs: P goes with Wstride)."""
    fields = {"R": 5, "S": 3, "P": 8, "Q": 4, "C": 2, "K": 2, "N": 1, "Wstride": 1, "Hstride": 2}
    text = TIMELOOP["cv_3l_s2"][0]
    head = text[: text.index("  instance:")]
    layer = read_problem(parse_yaml(f"{head}  instance: {json.dumps(fields)}\n", "p.yaml")).layer
    assert (layer.R, layer.S, layer.E, layer.F, layer.U) == (3, 5, 4, 8, (2, 1))


NEST = """
DRAM  keeps inputs weights outputs
for e in 0..4 by 2
  GLB  keeps inputs outputs
  for r in 0..3 by 1
    for s in 0..3 by 1
      par-for c in 0..4 by 1 on Y
        par-for m in 0..4 by 1 on X
          RF  keeps weights
          for e in 0..2 by 1
            for f in 0..4 by 1
              MAC
"""
OURS = Names(tuple(CONVOLUTION.items()), tuple((theirs, ours) for ours, theirs in SPACES.items()))


def test_a_nest_of_ours_can_be_written_for_timeloop():
    operation = Convolution("a", M=4, C=4, H=6, R=3).operation()
    machine, nest = accelsim.load_architecture("ws16x16"), parse_mapping(NEST.strip())
    text = dump_mapping(nest, operation, machine, OURS)
    again, _ = read_mapping(parse_yaml(text, "m.yaml"), operation, machine, OURS)
    assert again == nest
    assert "permutation: RSNGKCQP" in text  # innermost first: s of ours is Timeloop's R


UNEVEN = NEST.replace("  GLB  keeps inputs outputs\n", "  GLB  keeps inputs\n").replace(
    "  par-for c in", "  GLB  keeps outputs\n      par-for c in"
)
RAGGED = NEST.replace("0..4 by 2", "0..4 by 3").replace("e in 0..2", "e in 0..3")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (RAGGED, "a Timeloop mapping must have perfect factors, not steps of 3 in 4 of E"),
        (UNEVEN, "a Timeloop mapping must keep all tensors of GLB at one place, not outputs apart"),
    ],
)
def test_a_nest_that_timeloop_cannot_say_is_refused(text, sentence):
    machine, operation = accelsim.load_architecture("ws16x16"), Convolution("a", M=4, C=4, H=6, R=3).operation()
    assert refusal(dump_mapping, parse_mapping(text.strip()), operation, machine, OURS) == sentence


V4 = """
architecture:
  version: 0.4
  nodes:
  - !Container
    name: system
  - !Component
    name: DRAM
    class: DRAM
    attributes: {width: 64, datawidth: 16}
  - !Component
    name: GLB
    class: SRAM
    attributes: {depth: 1024, width: 64, datawidth: 16}
  - !Container
    name: PE
    spatial: {meshX: 4, meshY: 2}
    constraints: {}
  - !Component
    name: MAC
    class: intmac
    attributes: {datawidth: 16}
"""


def test_the_plain_part_of_v4_is_read_and_the_rest_named(tmp_path):
    path = tmp_path / "v4.yaml"
    path.write_text(V4)
    found = load_timeloop([path])
    machine = found.architecture
    assert [(level.name, level.capacity_words) for level in machine.levels] == [("DRAM", None), ("GLB", 4096)]
    assert [[(a.name, a.size) for a in f.axes] for f in machine.fanouts] == [[("GLB_X", 4), ("GLB_Y", 2)]]
    assert found.unknown == ("architecture.nodes.3.constraints",)
    assert machine.name == "v4"


def test_an_imported_machine_is_a_file_that_loads(tmp_path):
    from accelsim.architecture.files import dump_architecture, parse_architecture

    machine, _ = read_architecture(parse_yaml(TIMELOOP["bmm_h4"][1], "a.yaml"))
    again = parse_architecture(dump_architecture(machine), "again.yaml")
    assert [level.capacity_words for level in again.levels] == [None, 65536, 256]
    assert "no energies and areas (0 here)" in again.description


PROBLEM = TIMELOOP["bmm_h4"][0]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("- - [H]\n      - - [M]\n      - - [K]", "- - [Q]\n      - - [M]\n      - - [K]",
         "p.yaml:8: a projection must be products of a dimension (H, M, N, K) and a coefficient, not ['Q']"),
        ("      read_write: true\n", "",
         "p.yaml:5: problem.shape.data_spaces must have exactly one that is read_write"),
        ("H: 4", "H: 0", "p.yaml:22: problem.instance.H must be a positive whole number, not 0"),
        ("  instance: {H: 4, M: 16, N: 16, K: 8}", "  instance: 3",
         "p.yaml:22: problem.instance must be a map of fields, not 3"),
        ("dimensions: [H, M, N, K]", "dimensions: H", "p.yaml:4: problem.shape.dimensions must be a list, not 'H'"),
    ],
)  # fmt: skip
def test_a_wrong_problem_is_refused_with_its_line(before, after, sentence):
    assert before in PROBLEM
    assert refusal(read_problem, parse_yaml(PROBLEM.replace(before, after, 1), "p.yaml")) == sentence


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("factors: H=4 M=1 N=1 K=1", "factors: H=3 M=1 N=1 K=1",
         "m.yaml:6: temporal of DRAM must split H into factors of 4, not 3"),
        ("factors: H=4 M=1 N=1 K=1", "factors: H=1 M=1 N=1 K=1",
         "m.yaml:1: factors of H must multiply to 4; 4 are left"),
        ("factors: H=4 M=1 N=1 K=1", "factors: Q=4",
         "m.yaml:6: temporal of DRAM must have factors of H, M, N, K, not 'Q'"),
        ("keep: [A, B, Z]", "keep: [A, B, W]", "m.yaml:2: bypass of DRAM must name tensors (A, B, Z), not 'W'"),
        ("target: DRAM", "target: L9", "m.yaml:2: mapping.0 must have a target that is a level and a type of temporal, "
                                       "spatial, bypass, datatype, dataspace"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_refused_with_its_line(before, after, sentence):
    operation = read_problem(parse_yaml(PROBLEM, "p.yaml")).operation
    machine, _ = read_architecture(parse_yaml(TIMELOOP["bmm_h4"][1], "a.yaml"), "Z")
    text = TIMELOOP["bmm_h4"][2]
    assert before in text
    assert refusal(read_mapping, parse_yaml(text.replace(before, after, 1), "m.yaml"), operation, machine) == sentence


# --- ZigZag --------------------------------------------------------------------------------------------------------


def zigzag_yaml(facts):
    """A workload file of one layer, from what ZigZag itself says of it."""
    entry = {
        "id": 0, "operator_type": facts["type"], "equation": facts["equation"],
        "dimension_relations": facts["dimension_relations"], "loop_dims": list(facts["dims"]),
        "loop_sizes": list(facts["dims"].values()),
        "operand_precision": dict(facts["precision_bits"]), "operand_source": {"I": 0, "W": 0},
    }  # fmt: skip
    if facts.get("pr_dim_sizes_input_extent"):
        entry["pr_loop_dims"] = list(facts["pr_dim_sizes_input_extent"])
        entry["pr_loop_sizes"] = list(facts["pr_dim_sizes_input_extent"].values())
        entry["padding"] = [facts["padding"].get(dim, [0, 0]) for dim in entry["pr_loop_dims"]]
    return dump_yaml([entry])


@pytest.mark.parametrize("name", sorted(ZIGZAG))
def test_a_layer_has_the_macs_and_words_that_zigzag_counts(name):
    facts = ZIGZAG[name]
    (entry,) = read_workload(parse_yaml(zigzag_yaml(facts), "w.yaml")).network.layers
    operation = entry.layer.operation()
    assert entry.macs == facts["total_macs"]
    inputs, weights, outputs = operation.tensors  # ZigZag counts the words that the windows touch
    words = {"I": distinct_words(operation, inputs), "W": weights.words, "O": outputs.words}
    assert words == facts["operand_size_elem"]
    assert [t.bits for t in operation.tensors] == [facts["precision_bits"][k] for k in ("I", "W", "O")]


RESIDUAL = """
- {id: 0, operator_type: Conv, equation: 'O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]',
   dimension_relations: [ix=2*ox+1*fx, iy=1*oy+1*fy], loop_dims: [B, K, C, OY, OX, FY, FX],
   loop_sizes: [1, 8, 3, 6, 5, 1, 3], operand_source: {I: 0, W: 0}}
- {id: 1, operator_type: Pooling, equation: 'O[b][g][oy][ox]+=W[fx][fy]*I[b][g][iy][ix]',
   dimension_relations: [ix=1*ox+1*fx, iy=1*oy+1*fy], loop_dims: [B, G, OY, OX, FX, FY], loop_sizes: [1, 8, 4, 5, 1, 3],
   operand_source: {I: 0, W: 1}}
- {id: 2, operator_type: Add, equation: 'O[b][g][oy][ox]=W[b][g][oy][ox]+I[b][g][oy][ox]', loop_dims: [B, G, OY, OX],
   loop_sizes: [1, 8, 4, 5], operand_source: {W: 1, I: 1}, colour: red}
- {id: 3, operator_type: Gemm, equation: 'O[b][k]+=W[k][c]*I[b][c]', loop_dims: [B, K, C], loop_sizes: [2, 10, 80],
   operand_source: {I: 2, W: 3}}
"""


def test_every_kind_of_zigzag_layer_is_told_by_its_equation():
    imported = read_workload(parse_yaml(RESIDUAL, "w.yaml"))
    conv, pool, add, gemm = imported.network.layers
    assert conv.layer == Convolution("Conv0", M=8, C=3, E=6, F=5, R=1, S=3, U=(1, 2))
    assert pool.layer == Pooling("Pooling1", C=8, E=4, F=5, R=3, S=1)
    assert (add.inputs, add.layer.operands) == (("Pooling1", "Pooling1"), 2)
    assert gemm.layer == MatrixProduct("Gemm3", M=2, K=80, N=10)
    assert imported.notes == ("not understood and left out: colour",)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("O[b][k]+=W[k][c]*I[b][c]", "O = W I",
         "w.yaml:10: layer 3: equation must be such as O[b][k]+=W[k][c]*I[b][c], not 'O=WI'"),
        ("O[b][k]+=W[k][c]*I[b][c]", "O[b][k]+=W[k][q]*I[b][c]",
         "w.yaml:10: layer 3: equation has the index Q, which is neither in loop_dims nor related to them"),
        ("loop_sizes: [2, 10, 80]", "loop_sizes: [2, 10]",
         "w.yaml:10: layer 3: loop_sizes must be one per loop dim, 3, not 2"),
        ("loop_sizes: [2, 10, 80]", "loop_sizes: [2, 10, -1]",
         "w.yaml:10: layer 3: loop_sizes must be positive whole numbers, not -1"),
        ("operand_source: {I: 2, W: 3}", "operand_source: {I: 7, W: 3}",
         "w.yaml:11: layer 3: operand_source of I must be the id of a layer before it, not 7"),
        ("id: 3", "id: 2", "w.yaml:10: layer 3: id must differ from those before it, not be 2 again"),
        ("ix=2*ox+1*fx", "ix=ox", "w.yaml:3: layer 0: dimension_relations must be such as ix=2*ox+1*fx, not 'ix=ox'"),
    ],
)  # fmt: skip
def test_a_wrong_workload_is_refused_with_its_line(before, after, sentence):
    assert before in RESIDUAL
    assert refusal(read_workload, parse_yaml(RESIDUAL.replace(before, after, 1), "w.yaml")) == sentence


# --- the one door --------------------------------------------------------------------------------------------------


def test_the_format_is_told_by_the_file(tmp_path):
    files = {"a.csv": "x", "b.yaml": RESIDUAL, "c.yaml": PROBLEM, "d.onnx": "", "e.pt2": ""}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    told = [format_of(tmp_path / name) for name in files]
    assert told == ["scalesim", "zigzag", "timeloop", "onnx", "torch"]


def test_a_file_of_ours_needs_no_import(tmp_path):
    (tmp_path / "n.yaml").write_text("layers: []\n")
    assert refusal(format_of, tmp_path / "n.yaml").endswith(
        "n.yaml: is a workload file of accelsim already; any command takes it in place of a name"
    )
    assert "must end in .onnx, .pt2, .csv, .yaml" in refusal(format_of, tmp_path / "n.txt")


def test_a_network_of_another_tool_runs_like_one_of_ours(tmp_path):
    (tmp_path / "net.csv").write_text(HEAD + "a,8,8,3,3,2,4,1,\n")
    imported = import_network(tmp_path / "net.csv", name="mine")
    assert imported.network.name == "mine"
    result = accelsim.run(imported.network, "ws16x16", gap=0.9, cache=False)
    assert result.summary["macs"][0] == 4 * 2 * 6 * 6 * 9
