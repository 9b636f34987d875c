"""The zoo against independent counts: layer by layer where a table has them, parameters and multiply-adds elsewhere.

zoo.json holds shapes counted from the papers by another script, and what torchvision and checkpoints document.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from accelsim.files import shipped
from accelsim.workload.files import load_network
from accelsim.workload.layer import Convolution, FullyConnected, MatrixProduct, TransposedConvolution
from accelsim.workload.network import Network, NetworkLayer
from accelsim.workload.recurrent import recurrent_layers
from accelsim.workload.scenario import Scenario
from accelsim.workload.vector_layers import Normalisation

ZOO = json.loads((Path(__file__).parent / "zoo.json").read_text())
IMAGES = sorted(ZOO["layers"].items())
TORCHVISION = sorted(ZOO["parameters"]["torchvision"].items())


def row(entry: NetworkLayer) -> tuple[object, ...]:
    """The layer as a row of zoo.json."""
    layer = entry.layer
    match layer:
        case Convolution() | TransposedConvolution():
            kind = "TCONV" if isinstance(layer, TransposedConvolution) else "DWCONV" if layer.is_depthwise else "CONV"
            shape = (layer.M, layer.C, layer.G, layer.R, layer.S, layer.E, layer.F, layer.U[0])
        case FullyConnected():
            kind, shape = "FC", (layer.M, layer.C, 1, layer.R, layer.S, 1, 1, 1)
        case _:
            raise AssertionError(layer)
    return (kind, *shape, layer.weight_words, layer.macs)


@pytest.mark.parametrize(("name", "table"), IMAGES, ids=[name for name, _ in IMAGES])
def test_every_layer_equals_the_table(name: str, table: list[list[object]]) -> None:
    ours = Counter(row(entry) for entry in load_network(name).layers if entry.macs)
    assert ours == Counter(tuple(line) for line in table)


def biased(network: Network, normalised: bool) -> int:
    """Words that are no weights of ours: a bias per output channel; with batch normalisation a scale and a shift per
    channel of a convolution instead, and a bias where a fully connected layer is."""
    extra = 0
    for entry in network.layers:
        layer = entry.layer
        if isinstance(layer, Convolution):
            extra += (2 if normalised else 1) * layer.M
        elif isinstance(layer, FullyConnected):
            extra += layer.M
    return extra


PLAIN = ("alexnet_torchvision", "vgg11", "vgg16", "vgg19", "squeezenet", "squeezenet1_1")  # no batch normalisation


@pytest.mark.parametrize(("name", "stated"), TORCHVISION, ids=[name for name, _ in TORCHVISION])
def test_parameters_equal_what_torchvision_documents(name: str, stated: list[float]) -> None:
    network = load_network(name)
    if name == "vit_b16":
        # Biases of q k v and out, of both products, two layer norms; class token, positions, last norm, patches, head.
        block = 4 * 768 + 3072 + 768 + 4 * 768
        extra = 12 * block + 768 + 197 * 768 + 2 * 768 + 768 + 1000
    elif name == "densenet121":
        # Scale and shift of the normalisation before every 1x1, of the one after it, the stem's and the last one's.
        norms = sum(2 * e.layer.C for e in network.layers if isinstance(e.layer, Normalisation))
        extra = norms + 2 * 64 + 58 * 2 * 128 + 1000
    else:
        extra = biased(network, name not in PLAIN)
    assert network.weight_words + extra == stated[0]


@pytest.mark.parametrize(
    ("name", "stated"), [(n, s) for n, s in TORCHVISION if s[1]], ids=[n for n, s in TORCHVISION if s[1]]
)
def test_macs_round_to_what_torchvision_documents(name: str, stated: list[float]) -> None:
    assert round(load_network(name).macs / 1e9, 2) == stated[1]


@pytest.mark.parametrize("depth", [101, 152])
def test_deep_resnets_count_as_their_paper_does(depth: int) -> None:
    """He et al. 2016, Table 1: 7.6e9 and 11.3e9 multiply-adds."""
    assert round(load_network(f"resnet{depth}").macs / 1e9, 1) == {101: 7.6, 152: 11.3}[depth]


def test_published_totals_of_the_others() -> None:
    """DCGAN and SqueezeNet in their tables above; here what papers print, in the digits that they print."""
    # YOLOv3-tiny: 5.56 Bn operations, 2 per MAC (Redmon and Farhadi's page of the model).
    assert round(2 * load_network("yolov3_tiny").macs / 1e9, 2) == 5.56
    # U-Net: 31,030,593 parameters, biases included, for one input channel and one class.
    unet = load_network("unet")
    biases = sum(getattr(e.layer, "M", 0) for e in unet.layers)
    assert unet.weight_words + biases == 31_030_593 + 64 + 1  # two classes: 64 weights and a bias more
    # GPT-3: 175B parameters (Brown et al. 2020, Table 2.1: 174,600M).
    assert round(load_network("gpt3_175b").weight_words / 1e8) == 1746
    # Penn Treebank LSTM: 66 million parameters (Zaremba et al. 2014, large).
    assert round(load_network("lstm_lm").weight_words / 1e6) == 66
    # ZFNet's planes (Zeiler and Fergus 2014, Fig. 3).
    zfnet = {e.name: e.layer for e in load_network("zfnet").layers}
    planes = [zfnet[name].operation().extents["E"] for name in ("CONV1", "POOL1", "CONV2", "POOL2", "CONV5", "POOL5")]
    assert planes == [110, 55, 26, 13, 13, 6]


def products(network: Network) -> int:
    return sum(e.macs for e in network.layers if isinstance(e.layer, MatrixProduct))


@pytest.mark.parametrize("tokens", [128, 384, 512])
def test_bert_equals_the_table_at_every_length(tokens: int) -> None:
    """The table has the twelve blocks; ours has the pooler besides (768 x 768)."""
    network = load_network("bert_base", scenario=Scenario(sequence=tokens))
    table = ZOO["sequences"][f"bert_base_seq{tokens}"]
    assert products(network) - 768 * 768 == table["macs"]
    by_name = {e.name: e for e in network.layers}
    parts = {
        "qkv_proj": ("q", "k", "v"),
        "attn_qk": ("scores",),
        "attn_pv": ("attend",),
        "attn_out": ("out",),
        "ffn1": ("ffn_up",),
        "ffn2": ("ffn_down",),
    }
    for name, _, _, _, _, weights, macs in table["layers"]:
        ours = [by_name[part] for part in parts[name]]
        assert (sum(e.weight_words for e in ours), sum(e.macs for e in ours)) == (weights, macs), name


def test_gpt2_equals_the_table() -> None:
    network = load_network("gpt2")
    table = ZOO["sequences"]["gpt2_small_prefill_seq1024"]
    assert network.macs == table["macs"]
    positions = 1024 * 768
    assert network.weight_words - positions == table["weights"]  # the table has the tied embedding once


@pytest.mark.parametrize(("name", "width", "layers"), [("bert_base", 768, 12), ("bert_large", 1024, 24)])
def test_parameters_of_bert_equal_the_checkpoints(name: str, width: int, layers: int) -> None:
    # Biases: q k v out (4 w), up (4 w), down (w); two layer norms (4 w).  Around: embedding norm (2 w), pooler (w).
    extra = layers * (4 + 4 + 1 + 4) * width + 3 * width
    assert load_network(name).weight_words + extra == ZOO["parameters"]["checkpoints"][name]


def test_parameters_of_decoders_equal_the_checkpoints() -> None:
    stated = ZOO["parameters"]["checkpoints"]
    # GPT-2: biases 3 w + w + 4 w + w, two layer norms 4 w; a last norm 2 w.
    assert load_network("gpt2").weight_words + 12 * 13 * 768 + 2 * 768 == stated["gpt2"]
    # Llama has no biases; two RMS norms of w per block and a last one.
    for name in ("llama2_7b", "llama3_8b"):
        assert load_network(name).weight_words + (2 * 32 + 1) * 4096 == stated[name]


def test_a_recurrent_layer_equals_the_table() -> None:
    """DeepBench: 512 hidden units, 25 steps, batch 16; GNMT: a cell of 1000 units, one step."""
    for key, M, T, N in (("lstm_deepbench_512_T25_B16", 512, 25, 16), ("lstm_gnmt_1000", 1000, 1, 1)):
        table = ZOO["sequences"][key]
        cells = len(table["layers"])
        network = Network("n", recurrent_layers("lstm", "lstm", C=M, M=M, T=T, N=N, repeat=cells))
        assert (network.weight_words, network.macs) == (table["weights"], table["macs"])


def test_decode_does_one_token_against_a_cache() -> None:
    """By hand for GPT-2, 1024 tokens: weights once each, 12 x (scores and attend) = 12 x 2 x 1024 x 768."""
    network = load_network("gpt2", scenario=Scenario(phase="decode", context=1024))
    blocks = 12 * 12 * 768 * 768
    assert network.macs == blocks + 50257 * 768 + 12 * 2 * 1024 * 768
    assert network.cache_words == 12 * 2 * 1024 * 768
    assert network.weight_words == load_network("gpt2").weight_words


def test_grouped_queries_share_their_keys() -> None:
    """Llama 3 8B: 8 key heads of 128; the cache of 8192 tokens is a quarter of what 32 heads would need."""
    network = load_network("llama3_8b", scenario=Scenario(phase="decode", context=8192))
    assert network.cache_words == 32 * 2 * 8192 * 8 * 128
    scores = network.layer("scores").operation()
    assert (scores.extents["G"], scores.extents["N"], scores.tensor("weights").words) == (8, 4, 8 * 128 * 8192)


NAMED = {
    *("lenet5", "alexnet", "alexnet_torchvision", "zfnet", "overfeat", "vgg11", "vgg16", "vgg19", "googlenet"),
    *("squeezenet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "densenet121", "mobilenet_v1"),
    *("mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b0", "unet", "yolov3_tiny"),
    *("dcgan_generator", "dcgan_discriminator", "lstm_lm", "gru_lm", "gnmt", "transformer_base", "bert_base"),
    *("bert_large", "vit_b16", "gpt2", "gpt3_175b", "llama2_7b", "llama3_8b"),
}


def test_the_networks_that_are_promised_ship() -> None:
    assert set(shipped("workloads")) >= NAMED


def test_a_hand_count_of_the_transformer_and_the_gru() -> None:
    """Vaswani et al. 2017, base: 6 (4 + 2 x 4) d^2 + 6 (8 + 2 x 4) d^2 + 37000 d with d = 512; GRU: 3 gates, not 4."""
    d = 512
    assert load_network("transformer_base").weight_words == (6 * 12 + 6 * 16) * d * d + 37000 * d
    assert load_network("gru_lm").weight_words == 2 * (3 * 2 * 1500 * 1500) + 2 * 10000 * 1500
    # GNMT: 1 bidirectional and 7 encoder layers, 8 decoder layers of doubled input, attention, tables and projection.
    w, gates = 1024, 4
    encoder = 2 * gates * (w + w) * w + gates * (2 * w + w) * w + 6 * gates * (w + w) * w
    decoder = 8 * gates * (2 * w + w) * w
    assert load_network("gnmt").weight_words == encoder + decoder + 2 * w * w + w + 3 * 32000 * w
