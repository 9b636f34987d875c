"""Lifetimes and the peak of activations, on graphs small enough to draw."""

from __future__ import annotations

from accelsim.workload.files import load_network, parse_network
from accelsim.workload.lifetimes import Lifetime, lifetimes, peak_activations
from accelsim.workload.table import render_network

# input 8 -> a 4 -> b 2 -> c 4 ; sum = c + a
DIAMOND = """
layers:
  - {name: a, type: fc, M: 4, C: 8}
  - {name: b, type: fc, M: 2, C: 4}
  - {name: c, type: fc, M: 4, C: 2}
  - {name: sum, type: elementwise, C: 4, from: [c, a]}
"""


def test_a_tensor_lives_from_its_layer_to_its_last_reader() -> None:
    assert lifetimes(parse_network(DIAMOND, "n.yaml")) == (
        Lifetime("input", 8, 0, 0),
        Lifetime("a", 4, 0, 3),
        Lifetime("b", 2, 1, 2),
        Lifetime("c", 4, 2, 3),
        Lifetime("sum", 4, 3, 3),
    )


def test_the_peak_is_where_most_words_live() -> None:
    """Alive: a 8 + 4, b 4 + 2, c 4 + 2 + 4, sum 4 + 4 + 4: 12 twice, the first counts."""
    peak = peak_activations(parse_network(DIAMOND, "n.yaml"))
    assert (peak.words, peak.layer, peak.bits) == (12, "a", None)


def test_widths_make_the_peak_bytes() -> None:
    peak = peak_activations(parse_network("bits: {activations: 8, weights: 4, accumulation: 32}" + DIAMOND, "n.yaml"))
    assert peak.bits == 12 * 8  # sums leave in the width of activations


def test_the_peak_of_vgg16_is_its_first_stage() -> None:
    """CONV1-2 reads and writes 224 x 224 x 64."""
    peak = peak_activations(load_network("vgg16"))
    assert (peak.words, peak.layer) == (2 * 224 * 224 * 64, "CONV1-2")


def test_a_shortcut_lives_across_its_block() -> None:
    """ResNet-18, conv2_1_b: pool1 (kept for the sum), conv2_1_a and its own output, each 56 x 56 x 64."""
    found = {tensor.producer: tensor for tensor in lifetimes(load_network("resnet18"))}
    names = [entry.name for entry in load_network("resnet18").layers]
    assert names[found["pool1"].last] == "add2_1"


def test_recurrent_layers_keep_all_hidden_states_but_one_step_of_gates() -> None:
    text = (
        "layers:\n"
        "  - {name: l, type: lstm, C: 2, M: 3, T: 5}\n"
        "  - {name: out, type: matmul, M: 5, K: 3, N: 7, from: l}\n"
    )
    words = {t.producer: t.words for t in lifetimes(parse_network(text, "n.yaml"))}
    # The input's gates of all 5 steps, one step of the hidden state's, all 5 hidden states, the output.
    assert words == {"input": 10, "l.input": 60, "l.hidden": 12, "l.cell": 15, "out": 35}


def test_show_says_what_must_be_held() -> None:
    text = render_network(parse_network(DIAMOND, "n.yaml"))
    assert text.endswith("weights      48 words\nactivations  12 words at most, while a runs\n")
