"""Layers without MACs: words and operations by hand, files, and every one of them on every machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelsim.architecture.files import load_architecture, parse_architecture
from accelsim.errors import InputError, MappingError
from accelsim.files import shipped
from accelsim.mapping.parse import parse_mapping
from accelsim.mapping.tiles import distinct_words
from accelsim.model.evaluate import evaluate
from accelsim.model.vector import evaluate_vector
from accelsim.workload.files import dump_network, load_network, parse_network
from accelsim.workload.layer import FullyConnected, Layer, MatrixProduct
from accelsim.workload.network import PARAMETER, Network, NetworkLayer
from accelsim.workload.precision import Bits, Precision
from accelsim.workload.recurrent import recurrent_layers
from accelsim.workload.vector_layers import (
    Concatenation,
    Elementwise,
    Embedding,
    Normalisation,
    RecurrentCell,
    Softmax,
    Upsampling,
)

# layer, operations, words of each tensor: all counted by hand
HAND: list[tuple[Layer, int, dict[str, int]]] = [
    (Elementwise("x", C=3, H=4, function="relu"), 48, {"inputs": 48, "outputs": 48}),
    (
        Elementwise("x", C=3, H=4, function="multiply", spans=("NCHW", "NC")),  # a plane per channel times a number
        48,
        {"inputs": 48, "inputs2": 3, "outputs": 48},
    ),
    (
        Elementwise("x", N=2, C=3, H=4, W=5, function="add", spans=("NCH", "NCW")),  # every row with every column
        120,
        {"inputs": 24, "inputs2": 30, "outputs": 120},
    ),
    (Normalisation("x", C=8, H=5, W=1, function="layer"), 7 * 40, {"inputs": 40, "outputs": 40}),
    (Normalisation("x", C=8, H=5, W=1, function="rms"), 4 * 40, {"inputs": 40, "outputs": 40}),
    (Normalisation("x", C=8, H=5, function="batch"), 2 * 200, {"inputs": 200, "outputs": 200}),
    (Normalisation("x", C=8, H=5, function="local", size=5), 8 * 200, {"inputs": 200, "outputs": 200}),
    (Softmax("x", C=10, H=3, W=1), 5 * 30, {"inputs": 30, "outputs": 30}),
    (Embedding("x", vocabulary=100, C=4, T=6, N=2), 48, {"inputs": 12, "rows": 48, "outputs": 48}),
    (Concatenation("x", C=(2, 3), H=2), 20, {"inputs": 8, "inputs2": 12, "outputs": 20}),
    (Concatenation("x", C=(1, 2, 4)), 7, {"inputs": 1, "inputs2": 2, "inputs3": 4, "outputs": 7}),
    (Upsampling("x", C=2, H=3, U=2), 72, {"inputs": 18, "outputs": 72}),
    (Upsampling("x", C=2, H=3, W=1, U=(2, 3), function="bilinear"), 7 * 36, {"inputs": 6, "outputs": 36}),
    (RecurrentCell("x", C=5), 65, {"inputs": 20, "inputs2": 20, "inputs3": 5, "outputs": 5}),
    (RecurrentCell("x", C=5, N=2, function="gru"), 110, {"inputs": 30, "inputs2": 30, "inputs3": 10, "outputs": 10}),
    (RecurrentCell("x", C=5, function="rnn"), 10, {"inputs": 5, "inputs2": 5, "inputs3": 5, "outputs": 5}),
]


@pytest.mark.parametrize(("layer", "operations", "words"), HAND)
def test_operations_and_words_are_those_counted_by_hand(layer: Layer, operations: int, words: dict[str, int]) -> None:
    operation = layer.operation()
    assert (layer.macs, layer.vector_operations) == (0, operations)
    assert {t.name: distinct_words(operation, t) for t in operation.tensors} == words
    assert {t.name: t.words for t in operation.tensors} == words


@pytest.mark.parametrize(("layer", "operations", "words"), HAND)
def test_a_machine_moves_every_word_once(layer: Layer, operations: int, words: dict[str, int]) -> None:
    evaluation = evaluate_vector(layer.operation(), load_architecture("eyeriss"))
    dram = {row.tensor: row.total for row in evaluation.counts.tensors if row.level == "DRAM"}
    assert {name: counts.reads + counts.updates for name, counts in dram.items()} == words
    assert evaluation.vector_operations == operations


@pytest.mark.parametrize("layer", [layer for layer, _, _ in HAND], ids=lambda layer: type(layer).__name__)
def test_every_kind_survives_the_file(layer: Layer) -> None:
    operands = len([t for t in layer.operation().operands if t.name.startswith("inputs")])
    several = isinstance(layer, Elementwise | Concatenation) and operands > 1
    network = Network("n", (NetworkLayer(layer, inputs=("input",) * operands if several else ()),))
    assert parse_network(dump_network(network), "n.yaml") == network


@pytest.mark.parametrize("machine", sorted(shipped("architectures")))
def test_every_layer_without_macs_of_the_zoo_streams_on_every_machine(machine: str) -> None:
    architecture = load_architecture(machine)
    seen = set()
    for name in ("gnmt", "gpt2", "vit_b16", "densenet121", "mobilenet_v3_small", "yolov3_tiny", "zfnet"):
        for entry in load_network(name).layers:
            if not entry.macs and type(entry.layer) not in seen:
                seen.add(type(entry.layer))
                evaluation = evaluate_vector(entry.layer.operation(), architecture)
                assert evaluation.vector_operations == entry.layer.vector_operations
    assert len(seen) == 8  # pooling and seven more


SPAN = "x: a span must be some of the letters NCHW, such as NC, not "
REFUSED = [
    (lambda: Elementwise("x", C=1, spans=("NC",)), "x: operands of add must be at least 2, not 1"),
    (
        lambda: Elementwise("x", C=1, operands=2, spans=("NC", "C", "C")),
        "x: spans must be one per operand, 2, not 3",
    ),
    (lambda: Elementwise("x", C=1, spans=("NC", "CQ")), SPAN + "'CQ'"),
    (lambda: Elementwise("x", C=1, spans=("NC", "CC")), SPAN + "'CC'"),
    (lambda: Concatenation("x", C=(1,)), "x: C must list the channels of two or more tensors, not (1,)"),
    (lambda: Concatenation("x", C=(1, 0)), "x: C must be at least 1, not 0"),
    (lambda: Embedding("x", vocabulary=0, C=1), "x: vocabulary must be at least 1, not 0"),
    (lambda: Upsampling("x", C=1, U=0), "x: U must be at least 1, not 0"),
    (
        lambda: RecurrentCell("x", C=1, function="lsmt"),
        "x: function must be one of lstm, gru, rnn, not 'lsmt'; did you mean 'lstm'?",
    ),
    (
        lambda: Normalisation("x", C=1, function="lay"),
        "x: function must be one of batch, layer, rms, instance, group, local, not 'lay'; did you mean 'layer'?",
    ),
    (lambda: Bits(weights=0), "bits of weights must be a whole number from 1 to 256, not 0"),
    (lambda: Bits(inputs=True), "bits of inputs must be a whole number from 1 to 256, not True"),
    (lambda: Softmax("x", C=1, bits=8), "x: bits must be Bits(inputs, weights, outputs), not 8"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), REFUSED)
def test_nonsense_is_refused_in_one_sentence(make: object, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        make()  # type: ignore[operator]
    assert str(error.value) == sentence


# --- recurrent layers, tied weights, steps -------------------------------------------------------------------------


def test_a_recurrent_layer_is_two_products_and_a_cell() -> None:
    """LSTM of 3 units on 2 inputs, 5 steps, batch 4: 4 gates, so 12 columns."""
    network = Network("n", recurrent_layers("l", "lstm", C=2, M=3, T=5, N=4))
    first, second, cell = network.layers
    assert (first.macs, second.macs, cell.macs) == (5 * 4 * 2 * 12, 5 * 4 * 3 * 12, 0)
    assert (first.weight_words, second.weight_words) == (2 * 12, 3 * 12)
    assert cell.vector_operations == 5 * 4 * 3 * 13
    assert (first.runs, second.runs, cell.runs) == (1, 5, 5)


def test_a_file_may_say_lstm_in_one_line() -> None:
    text = (
        "layers:\n"
        "  - {name: l, type: lstm, C: 2, M: 3, T: 5, N: 4}\n"
        "  - {name: out, type: matmul, M: 5, K: 3, N: 7, samples: 4, from: l}\n"
    )
    network = parse_network(text, "n.yaml")
    assert network.layers[:3] == Network("n", recurrent_layers("l", "lstm", C=2, M=3, T=5, N=4)).layers
    assert network.layers[3].inputs == ("l.cell",)
    assert parse_network(dump_network(network), "n.yaml") == network


def test_tied_weights_are_counted_once() -> None:
    text = (
        "layers:\n"
        "  - {name: table, type: embedding, vocabulary: 10, C: 4, T: 3}\n"
        "  - {name: head, type: matmul, M: 3, K: 4, N: 10, weights_of: table}\n"
    )
    network = parse_network(text, "n.yaml")
    assert (network.weight_words, network.macs) == (40, 120)
    assert parse_network(dump_network(network), "n.yaml") == network


TIED = "layers:\n  - {name: a, type: fc, M: 2, C: 3}\n  - {name: b, type: fc, M: 2, C: 2, weights_of: "


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TIED + "c}\n", "n.yaml:3: b: weights_of must name a layer before it, not 'c'; known: a"),
        (TIED + "a}\n", "n.yaml:3: b: weights_of must name a layer with 4 weights of its own, not 'a' with 6"),
        ("layers:\n  - {name: parameter, type: fc, M: 1, C: 1}\n",
         "n.yaml:2: n: a layer must not be called 'parameter', the name of constant tensors"),
        ("layers:\n  - {name: l, type: gru, M: 1, C: 1, steps: 3}\n",
         "n.yaml:2: l: a recurrent layer must state its steps as T, and no weights_of"),
        ("{name: l, type: gru, M: 1, C: 1}\n",
         "n.yaml:1: l: a file of a single layer must not hold a recurrent one, which is three layers"),
        ("layers:\n  - {name: c, type: concat, C: [1, 2]}\n",
         "n.yaml:2: c: from must name 2 layers, one per operand, not 1"),
        ("layers:\n  - {name: c, type: fc, M: 1, C: 1, bits: {weights: 0}}\n",
         "n.yaml:2: layers.0.bits.weights must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_a_wrong_network_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_network(text, "n.yaml")
    assert str(error.value) == sentence


# --- precision -----------------------------------------------------------------------------------------------------

MIXED = """
bits: {activations: 16, weights: 8, accumulation: 32}
layers:
  - {name: a, type: fc, M: 8, C: 8}
  - {name: r, type: elementwise, function: relu, C: 8}
  - {name: s, type: matmul, second: activations, M: 1, K: 8, N: 1}
  - {name: w, type: fc, M: 8, C: 8, bits: {weights: 4}}
"""


def test_a_networks_widths_reach_every_tensor() -> None:
    network = parse_network(MIXED, "n.yaml")
    widths = {e.name: [t.bits for t in e.layer.operation().tensors] for e in network.layers}
    assert widths == {"a": [16, 8, 32], "r": [16, 16], "s": [16, 16, 32], "w": [None, 4, None]}
    assert parse_network(dump_network(network), "n.yaml") == network
    again = network.with_precision(Precision(8, 8, 32))
    assert [t.bits for t in again.layer("w").operation().tensors] == [8, 8, 32]


MACHINE = """
name: small
clock: 100 MHz
word: 16 b
elements:
- {level: DRAM, read_energy: 200 pJ, write_energy: 200 pJ}
- level: GLB
  capacity: 140 words
  keeps: {inputs: not, outputs: not, weights: must}
  read_energy: 6 pJ
  write_energy: 6 pJ
- {compute: MAC, energy: 1 pJ}
"""
NEST = """
DRAM  keeps inputs weights outputs
GLB  keeps weights
for m in 0..4 by 1
  for c in 0..64 by 1
    MAC
"""


def test_narrow_weights_fit_where_wide_ones_do_not() -> None:
    """4 x 64 weights: 256 words of 16 bits, 128 words where each has 8."""
    machine, nest = parse_architecture(MACHINE, "small.yaml"), parse_mapping(NEST.strip())
    wide = FullyConnected("f", M=4, C=64)
    with pytest.raises(MappingError, match="GLB needs 256 words, holds 140"):
        evaluate(wide.operation(), machine, nest)
    narrow = replace(wide, bits=Bits(inputs=16, weights=8, outputs=32))
    assert evaluate(narrow.operation(), machine, nest).counts.macs == 256


def test_parameters_are_no_activations() -> None:
    network = Network("n", (NetworkLayer(Elementwise("a", C=4), inputs=("input", PARAMETER)),))
    assert network.edges == (("input", "a"), (PARAMETER, "a"))


def test_a_cache_is_kept_and_counts_no_weights() -> None:
    layer = MatrixProduct("s", B=2, M=1, K=4, N=9, second="cache", samples=3)
    assert (layer.weight_words, layer.cache_words, layer.macs) == (0, 2 * 3 * 4 * 9, 2 * 3 * 4 * 9)
    assert layer.operation() == MatrixProduct("s", B=2, M=1, K=4, N=9, second="activations", samples=3).operation()
