"""Networks and their files: round trips, edges, defaults, and every refusal with its line."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.files import shipped
from accelsim.workload.files import (
    dump_network,
    load_layer,
    load_network,
    network_json_schema,
    parse_network,
    render_network,
)
from accelsim.workload.layer import (
    Convolution,
    Elementwise,
    FullyConnected,
    MatrixProduct,
    Pooling,
    TransposedConvolution,
)
from accelsim.workload.network import INPUT, PARAMETER, Network, NetworkLayer
from accelsim.workload.schema import ENTRIES
from accelsim.workload.vector_layers import (
    Concatenation,
    Embedding,
    Normalisation,
    RecurrentCell,
    Softmax,
    Upsampling,
)
from accelsim.workload.window import Padding


def refusal(call, *arguments):
    with pytest.raises(InputError) as error:
        call(*arguments)
    return str(error.value)


def parse_layer(fields_):
    return parse_network(f"layers:\n  - {{{fields_}}}\n", "net.yaml").layers[0].layer


# --- networks -----------------------------------------------------------------------------------------------------

A = Convolution("a", M=2, C=3, H=6, R=3)
B = Convolution("b", M=2, C=2, H=4, R=3, padding=1)
SUM = Elementwise("sum", C=2, H=4)


def test_each_layer_feeds_the_next_unless_told_otherwise():
    network = Network("n", (NetworkLayer(A), NetworkLayer(B), NetworkLayer(SUM, inputs=("b", "a"))))
    assert network.edges == ((INPUT, "a"), ("a", "b"), ("b", "sum"), ("a", "sum"))
    assert network == Network("n", (NetworkLayer(A, inputs=(INPUT,)), *network.layers[1:]))
    assert Network.chain("n", (A, B)).edges == ((INPUT, "a"), ("a", "b"))


def test_totals_count_repeats():
    # a: 2 x 3 x 16 x 9 = 864 MACs, 54 weights; b: 2 x 2 x 16 x 9 = 576 MACs, 36 weights; sum: 2 x 16 operations
    network = Network("n", (NetworkLayer(A), NetworkLayer(B, repeat=3), NetworkLayer(SUM, 2, ("b", "a"))))
    assert (network.macs, network.weight_words, network.vector_operations) == (864 + 3 * 576, 54 + 3 * 36, 64)


def test_batch_replaces_the_batch_of_every_layer():
    network = Network("n", (NetworkLayer(A), NetworkLayer(MatrixProduct("m", M=5, K=2, N=3))))
    assert network.with_batch(4).macs == 4 * network.macs
    assert network.with_batch(4).weight_words == network.weight_words
    assert network.with_batch(4).with_batch(1) == network


def test_a_layer_is_found_by_name():
    network = Network.chain("n", (A, B))
    assert network.layer("b") == B
    assert refusal(network.layer, "c") == "n: no layer 'c'; known: a, b"


def test_a_network_has_a_name():
    assert refusal(Network.chain, "", (A,)) == "a network's name must be a word, not ''"


NETWORKS_REFUSED = [
    ((), "n: a network must have at least 1 layer, not 0"),
    ((NetworkLayer(A), NetworkLayer(A)), "n: layer names must differ, not be 'a' twice"),
    ((NetworkLayer(A, repeat=0),), "a: repeat must be at least 1, not 0"),
    ((NetworkLayer(A, inputs=("b",)), NetworkLayer(B)), "a: from must name layers before it, not 'b'; known: input"),
    (
        (NetworkLayer(FullyConnected("layer1", M=1, C=1)), NetworkLayer(B, inputs=("layer",))),
        "b: from must name layers before it, not 'layer'; did you mean 'layer1'?",
    ),
    ((NetworkLayer(A, inputs=("a",)),), "a: from must name layers before it, not 'a'; known: input"),
    ((NetworkLayer(A), NetworkLayer(SUM)), "sum: from must name 2 layers, one per operand, not 1"),
    (
        (NetworkLayer(FullyConnected("input", M=1, C=1)),),
        "n: a layer must not be called 'input', the name of the network's own input",
    ),
]


@pytest.mark.parametrize(("layers", "sentence"), NETWORKS_REFUSED)
def test_a_network_that_does_not_hang_together_is_refused(layers, sentence):
    assert refusal(Network, "n", layers) == sentence


# --- what files may say -------------------------------------------------------------------------------------------

WRITTEN = [
    (
        "name: CONV1, type: conv, M: 96, C: 3, H: 227, W: 227, R: 11, S: 11, U: 4",
        Convolution("CONV1", M=96, C=3, H=227, W=227, R=11, S=11, U=4),
    ),
    ("name: c, type: conv, M: 96, C: 3, E: 55, R: 11, U: 4", Convolution("c", M=96, C=3, H=227, R=11, U=4)),
    (
        "name: c, type: conv, N: 2, G: 2, M: 4, C: 4, H: 9, W: 8, R: 3, S: 2, U: [2, 1], dilation: [1, 2], "
        "padding: {top: 1, left: 2}",
        Convolution("c", N=2, G=2, M=4, C=4, H=9, W=8, R=3, S=2, U=(2, 1), dilation=(1, 2), padding=Padding(1, 0, 2)),
    ),
    (
        "name: c, type: conv, M: 1, C: 1, H: 4, R: 3, padding: [1, 2]",
        Convolution("c", M=1, C=1, H=4, R=3, padding=Padding(1, 1, 2, 2)),
    ),
    ("name: d, type: depthwise, C: 8, H: 5, R: 3", Convolution("d", G=8, M=8, C=8, H=5, R=3)),
    ("name: d, type: depthwise, C: 8, M: 16, H: 5, R: 3", Convolution("d", G=8, M=16, C=8, H=5, R=3)),
    (
        "name: t, type: transposed_conv, M: 2, C: 3, H: 4, R: 5, U: 2, padding: 2, output_padding: 1",
        TransposedConvolution("t", M=2, C=3, H=4, R=5, U=2, padding=2, output_padding=1),
    ),
    ("name: f, type: fc, M: 10, C: 84", FullyConnected("f", M=10, C=84)),
    (
        "name: f, type: fc, M: 4096, C: 256, H: 6, W: 6, R: 6, S: 6, E: 1, F: 1",
        FullyConnected("f", M=4096, C=256, H=6),
    ),
    ("name: m, type: matmul, M: 7, K: 5, N: 3", MatrixProduct("m", M=7, K=5, N=3)),
    (
        "name: m, type: matmul, B: 2, M: 7, K: 5, N: 3, second: activations, samples: 4",
        MatrixProduct("m", B=2, M=7, K=5, N=3, second="activations", samples=4),
    ),
    ("name: p, type: pool, C: 4, H: 8, R: 2, U: 2", Pooling("p", C=4, H=8, R=2, U=2)),
    ("name: p, type: pool, function: avg, C: 4, H: 7, R: 7", Pooling("p", function="avg", C=4, H=7, R=7)),
    ("name: r, type: elementwise, function: relu, C: 4", Elementwise("r", function="relu", C=4)),
    (
        "name: s, type: elementwise, C: 4, H: 2, W: 3, from: [input, input, input]",
        Elementwise("s", C=4, H=2, W=3, operands=3),
    ),
]


@pytest.mark.parametrize(("text", "layer"), WRITTEN)
def test_a_line_of_a_file_is_the_layer_that_it_says(text, layer):
    assert parse_layer(text) == layer


@pytest.mark.parametrize(("text", "layer"), WRITTEN)
def test_a_layer_can_stand_in_a_file_of_its_own(text, layer, tmp_path):
    path = tmp_path / "layer.yaml"
    path.write_text("{" + text.replace("from: [input, input, input]", "operands: 3") + "}")
    assert load_layer(path) == layer
    if layer.name != "s":
        assert load_network(str(path)) == Network.chain(layer.name, (layer,))


def test_a_network_without_a_name_is_called_after_its_file():
    assert parse_network("layers: [{name: f, type: fc, M: 1, C: 1}]", "dir/small.yaml").name == "small"


def test_batch_can_be_given_when_loading():
    assert load_network("alexnet", batch=4).layer("CONV1").N == 4
    assert load_network("alexnet", batch=4).macs == 4 * 724_406_816


def test_shortcuts_of_resnet18_feed_its_additions():
    network = load_network("resnet18")
    feeds = {e.name: e.inputs for e in network.layers}
    assert feeds["conv1"] == ("input",)
    assert feeds["add2_1"] == ("conv2_1_b", "pool1")  # identity
    assert feeds["conv3_1_proj"] == ("add2_2",)
    assert feeds["add3_1"] == ("conv3_1_b", "conv3_1_proj")  # projection
    assert feeds["pool5"] == ("add5_2",)


@pytest.mark.parametrize("workload", sorted(shipped("workloads")))
def test_planes_of_shipped_networks_fit_from_layer_to_layer(workload):
    """What a layer puts out is what the next takes in, word for word (padding held as data excepted)."""
    network = load_network(workload)
    words = {e.name: e.layer.operation().output.words * e.steps for e in network.layers}
    for entry in network.layers:
        if workload == "alexnet_padded" or {INPUT, PARAMETER} & set(entry.inputs):
            continue
        trained = {"weights", "rows"} if entry.layer.weight_words else set()
        taken = [t.words * entry.steps for t in entry.layer.operation().operands if t.name not in trained]
        given = [words[name] for name in entry.inputs]
        if workload in PARTS and entry.name in PARTS[workload]:
            assert sum(given) > sum(taken), entry.name
        elif isinstance(entry.layer, RecurrentCell):
            assert given == [taken[0], taken[1]], entry.name  # the third is its own state
        elif entry.name.endswith(".hidden"):
            assert given == [4 * taken[0] if "gru" not in workload else 3 * taken[0]], entry.name  # and its own state
        elif (workload, entry.name) == ("gnmt", "decoder1.input"):
            assert [2 * words for words in given] == taken  # the context of the step before joins the target
        elif len(taken) == len(given):
            assert given == taken, entry.name
        else:
            assert [sum(given)] == taken, entry.name  # concatenated by channel


# Layers that take a part of what is given, and which.
PARTS = {
    "bert_base": {"pooler": "the first token"},
    "bert_large": {"pooler": "the first token"},
    "vit_b16": {"head": "the class token"},
    "gpt2": {"scores": "queries and keys of q, k, v", "attend": "and values"},
    "gpt3_175b": {"scores": "queries and keys of q, k, v", "attend": "and values"},
    "unet": {f"up{i}_a": "the middle of the plane that crosses over" for i in range(4)},
}


@pytest.mark.parametrize("workload", sorted(shipped("workloads")))
def test_shipped_networks_have_a_source_and_survive_the_round_trip(workload):
    network = load_network(workload)
    assert network.source
    assert network.name == workload
    assert parse_network(dump_network(network), "again.yaml") == network


@pytest.mark.parametrize(("text", "layer"), WRITTEN)
def test_written_layers_survive_the_round_trip(text, layer):
    network = parse_network(f"layers:\n  - {{{text}, repeat: 2}}", "net.yaml")
    assert parse_network(dump_network(network), "other.yaml") == network


ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda t: t.strip() and t not in (INPUT, PARAMETER) and t.isprintable() and "|" not in t and t[0] not in "=@"
)


@settings(max_examples=60, deadline=None)
@given(name=ODD, source=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_and_source_survive_the_round_trip(name, source):
    network = Network.chain(name, (FullyConnected(name, M=1, C=1), FullyConnected(name + "2", M=1, C=1)), source)
    assert parse_network(dump_network(network), "net.yaml") == network


def test_names_that_yaml_would_misread_are_quoted():
    layers = tuple(FullyConnected(name, M=1, C=1) for name in ("1", "true", "null", "a: b", "1e3", "-", "x y"))
    network = Network.chain("010", layers, "two\nlines")
    assert parse_network(dump_network(network), "net.yaml") == network


def test_a_dump_is_what_a_person_would_write():
    network = Network("n", (NetworkLayer(A), NetworkLayer(B, repeat=2), NetworkLayer(SUM, inputs=("b", "a"))), "us")
    assert dump_network(network) == (
        "name: n\n"
        "source: us\n"
        "layers:\n"
        "  - {name: a, type: conv, M: 2, C: 3, H: 6, R: 3}\n"
        "  - {name: b, type: conv, M: 2, C: 2, H: 4, R: 3, padding: 1, repeat: 2}\n"
        "  - {name: sum, type: elementwise, C: 2, H: 4, from: [b, a]}\n"
    )


# --- refusals -----------------------------------------------------------------------------------------------------

TYPES = (
    "conv, depthwise, transposed_conv, fc, matmul, pool, elementwise, "
    "norm, softmax, embedding, concat, upsample, cell, lstm, gru, rnn"
)
LAYERS_REFUSED = [
    (
        "name: a, type: conv, M: 1, C: 1, H: 5, R: 3, paddin: 1",
        "layers.0.paddin is not a known field; did you mean 'padding'?",
    ),
    (
        "name: a, type: pool, C: 1, H: 5, R: 3, functoin: avg",
        "layers.0.functoin is not a known field; did you mean 'function'?",
    ),
    ("name: a, type: cnv, M: 1", f"layers.0.type must be one of {TYPES}, not 'cnv'; did you mean 'conv'?"),
    ("name: a, type: 3", f"layers.0.type must be one of {TYPES}, not 3"),
    ("name: a, M: 1", f"layers.0.type is missing; known: {TYPES}"),
    ("name: a, type: conv, C: 1, H: 5, R: 3", "layers.0.M is missing"),
    ("type: fc, M: 1, C: 1", "layers.0.name is missing"),
    ("name: '', type: fc, M: 1, C: 1", "layers.0.name must be a word, not ''"),
    ("name: 3, type: fc, M: 1, C: 1", "layers.0.name must be text, not 3"),
    ("name: a, type: fc, M: 0, C: 1", "layers.0.M must be at least 1, not 0"),
    ("name: a, type: fc, M: 1.5, C: 1", "layers.0.M must be a whole number, not 1.5"),
    ("name: a, type: fc, M: ten, C: 1", "layers.0.M must be a whole number, not 'ten'"),
    ("name: a, type: fc, M: , C: 1", "layers.0.M must be a whole number, not nothing"),
    ("name: a, type: fc, M: 1, C: 1, repeat: 0", "layers.0.repeat must be at least 1, not 0"),
    ("name: a, type: fc, M: 1, C: 1, from: 3", "layers.0.from must be a layer's name or a list of them, not 3"),
    ("name: a, type: fc, M: 1, C: 1, from: b", "a: from must name layers before it, not 'b'; known: input"),
    (
        "name: a, type: conv, M: 1, C: 1, H: 5, R: 3, padding: same",
        "layers.0.padding must be a whole number, [vertical, horizontal] or {top: , bottom: , left: , right: }, "
        "not 'same'",
    ),
    (
        "name: a, type: conv, M: 1, C: 1, H: 5, R: 3, padding: {tpo: 1}",
        "layers.0.padding must have the sides top, bottom, left, right, not 'tpo'; did you mean 'top'?",
    ),
    (
        "name: a, type: conv, M: 1, C: 1, H: 5, R: 3, padding: {top: one}",
        "layers.0.padding must be a whole number on each side, not 'one'",
    ),
    (
        "name: a, type: conv, M: 1, C: 1, H: 5, R: 3, U: [1, 2, 3]",
        "layers.0.U must be a whole number or [vertical, horizontal], not a list",
    ),
    ("name: a, type: conv, M: 1, C: 1, H: 5, R: 3, U: 0", "a: U must be at least 1, not 0"),
    ("name: a, type: conv, M: 1, C: 1, H: 5, R: 3, padding: {top: -1}", "a: padding top must be at least 0, not -1"),
    (
        "name: conv1, type: conv, M: 96, C: 3, H: 227, E: 56, R: 11, U: 4",
        "conv1: E=56 contradicts H=227 R=11 U=4, which give E=55",
    ),
    ("name: a, type: conv, G: 2, M: 2, C: 3, H: 5, R: 3", "a: C (channels) must be a multiple of G=2, not 3"),
    ("name: a, type: pool, C: 1, H: 5, R: 3, function: mean", "layers.0.function must be one of max, avg, not 'mean'"),
    ("name: a, type: elementwise, C: 1", "a: from must name 2 layers, one per operand, not 1"),
]


@pytest.mark.parametrize(("text", "sentence"), LAYERS_REFUSED)
def test_a_wrong_layer_is_refused_with_its_line(text, sentence):
    assert refusal(parse_network, f"# a comment\nlayers:\n  - {{{text}}}\n", "net.yaml") == f"net.yaml:3: {sentence}"


FILES_REFUSED = [
    ("name: ''\nlayers: []", "net.yaml:1: name must be a word, not '' (and 1 more error)"),
    ("layers: []", "net.yaml:1: layers must have at least 1 entry, not 0"),
    ("layers: 3", "net.yaml:1: layers must be a list, not 3"),
    ("layers:\n  - conv", "net.yaml:2: layers.0 must be a map of fields, not 'conv'"),
    ("name: x", "net.yaml:1: layers is missing"),
    ("layer: []", "net.yaml:1: layer is not a known field; did you mean 'layers'?"),
    ("- 5", "net.yaml:1: the file must be a map of fields, not a list"),
    (
        "layers:\n" + "".join(f"  - {{name: {name}, type: fc, M: 1, C: 1}}\n" for name in "aba"),
        "net.yaml:4: net: layer names must differ, not be 'a' twice",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), FILES_REFUSED)
def test_a_wrong_file_is_refused_with_its_line(text, sentence):
    assert refusal(parse_network, text, "net.yaml") == sentence


def test_a_file_of_one_layer_is_refused_as_such(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("layers: [{name: f, type: fc, M: 1, C: 1}]")
    (tmp_path / "typo.yaml").write_text("name: f\ntype: fc\nM: 1\nCC: 1\n")
    (tmp_path / "text.yaml").write_text("fc")
    assert refusal(load_layer, "net.yaml") == "net.yaml:1: must hold one layer (name, type, letters), not a network"
    assert refusal(load_layer, "text.yaml") == "text.yaml:1: the file must be a map of fields, not 'fc'"
    assert refusal(load_layer, "typo.yaml") == "typo.yaml:4: CC is not a known field; did you mean 'C'?"


def test_an_unknown_workload_is_refused_with_the_nearest_name():
    assert refusal(load_network, "alexnt").startswith("no workload is called 'alexnt'; did you mean 'alexnet'?")
    assert refusal(load_network, "alexnet", 0) == "CONV1: batch must be at least 1, not 0"


# --- schema and table ---------------------------------------------------------------------------------------------


def test_the_files_fields_are_the_layers_fields():
    classes = {
        "conv": Convolution,
        "transposed_conv": TransposedConvolution,
        "fc": FullyConnected,
        "matmul": MatrixProduct,
        "pool": Pooling,
        "elementwise": Elementwise,
        "norm": Normalisation,
        "softmax": Softmax,
        "embedding": Embedding,
        "concat": Concatenation,
        "upsample": Upsampling,
        "cell": RecurrentCell,
    }
    assert set(ENTRIES) - set(classes) == {"depthwise", "lstm", "gru", "rnn"}  # written as conv, and as matmul and cell
    for kind, layer in classes.items():
        in_file = set(ENTRIES[kind].model_fields) - {"type", "repeat", "inputs", "steps", "weights_of"}
        assert in_file == {field.name for field in fields(layer)}, kind


def test_the_json_schema_names_every_type_and_field():
    schema = network_json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {"name", "source", "bits", "layers", "family", "parameters"}
    conv = schema["$defs"]["ConvolutionEntry"]
    assert set(conv["required"]) == {"name", "type", "M", "C", "R"}
    assert {"from", "H", "E", "padding"} <= set(conv["properties"])
    assert conv["properties"]["H"] == {"minimum": 1, "title": "H", "type": "integer"}
    assert conv["additionalProperties"] is False
    assert set(schema["properties"]["layers"]["items"]["discriminator"]["mapping"]) == set(ENTRIES)


def test_a_network_renders_as_a_table_with_totals():
    layers = (NetworkLayer(A), NetworkLayer(B, repeat=2), NetworkLayer(SUM, 2, ("b", "a")))
    # a: 864 MACs, 54 weights; b: 2 x 576 and 2 x 36; sum: 2 x (2 x 4 x 4)
    # MACs per word: 864 / (108 + 54 + 32), 576 / (32 + 36 + 32).  While a runs 3 x 36 + 2 x 16 words live.
    assert render_network(Network("tiny", layers, "made up")) == (
        "tiny\n"
        "made up\n"
        "\n"
        "layer  type  shape                              repeat   MACs  weights  vector operations  MACs/word\n"
        "-----  ----  ---------------------------------  ------  -----  -------  -----------------  ---------\n"
        "a      conv  N=1 M=2 C=3 H=6 R=3 E=4                 1    864       54                  -        4.5\n"
        "b      conv  N=1 M=2 C=2 H=4 R=3 E=4 padding=1       2  1,152       72                  -        5.8\n"
        "sum    add   N=1 C=2 H=4 operands=2                  2      -        -                 64          -\n"
        "-----  ----  ---------------------------------  ------  -----  -------  -----------------  ---------\n"
        "total                                                   2,016      126                 64\n"
        "\n"
        "weights      126 words\n"
        "activations  140 words at most, while a runs\n"
    )


def test_shapes_say_every_letter_that_is_not_the_default():
    layers = (
        Convolution("c", G=2, M=4, C=4, H=9, W=8, R=3, S=2, U=(2, 1), dilation=2, padding=Padding(1, 0, 2, 1)),
        TransposedConvolution("t", M=2, C=3, H=4, R=5, U=2, padding=(2, 1), output_padding=1),
        FullyConnected("f", M=10, C=3, H=4, W=5),
        FullyConnected("v", M=10, C=3),
        MatrixProduct("m", B=2, M=7, K=5, N=3, samples=4),
        Pooling("p", C=4, H=8, R=2, U=2, function="avg"),
        Convolution("d", G=4, M=4, C=4, H=3, R=3),
    )
    text = render_network(Network.chain("n", layers))
    for shape in (
        "conv             N=1 G=2 M=4 C=4 H=9 W=8 R=3 S=2 E=3 F=9 U=2,1 padding=1,0,2,1 dilation=2 ",
        "transposed conv  N=1 M=2 C=3 H=4 R=5 E=8 F=10 U=2 padding=2,1 output_padding=1 ",
        "fc               N=1 M=10 C=3 H=4 W=5 ",
        "fc               N=1 M=10 C=3 ",
        "matmul           B=2 M=7 K=5 N=3 samples=4 ",
        "avg pool         N=1 C=4 H=8 R=2 E=4 U=2 ",
        "depthwise conv   N=1 G=4 M=4 C=4 H=3 R=3 E=1 ",
    ):
        assert shape in text


def test_reading_layers_imports_pydantic_only_when_a_file_is_read():
    code = "import sys, accelsim.workload.files as f; print('pydantic' in sys.modules, 'yaml' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False False"
