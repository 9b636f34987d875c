"""PyTorch modules: the same operations as in our own words, and MACs equal to PyTorch's own flop counter.

Needs the extras (make test-all); models are built from configurations, nothing is fetched.
"""

from __future__ import annotations

import time
import warnings

import pytest

torch = pytest.importorskip("torch", reason="torch is an extra: make test-all")
transformers = pytest.importorskip("transformers", reason="transformers is an extra: make test-all")

from extras import models  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import accelsim  # noqa: E402
from accelsim.errors import InputError  # noqa: E402
from accelsim.workload.files import load_network, parse_network  # noqa: E402
from accelsim.workload.importers.files import import_network, import_torch  # noqa: E402
from accelsim.workload.importers.lower import lower  # noqa: E402
from accelsim.workload.importers.torch_reader import export, read_program  # noqa: E402
from accelsim.workload.network import Network  # noqa: E402
from accelsim.workload.scenario import Scenario  # noqa: E402

warnings.filterwarnings("ignore")


def nameless(network: Network) -> list[object]:
    """Every layer with its fields, repeats, steps and the numbers of the layers that feed it; names left out."""
    from dataclasses import replace

    number = {entry.name: i for i, entry in enumerate(network.layers)}
    return [
        (replace(e.layer, name="x"), e.repeat, e.steps, tuple(number.get(name, name) for name in e.inputs))
        for e in network.layers
    ]


@pytest.mark.parametrize(("module", "given", "text"), models.small_models(), ids=["small", "block", "recurrent"])
def test_a_module_is_the_network_that_we_write(module, given, text, tmp_path):
    expected = nameless(parse_network(text, "n.yaml"))
    assert nameless(import_torch(module, (given,)).network) == expected
    path = tmp_path / "m.pt2"
    torch.export.save(torch.export.export(module, (given,), strict=False), path)
    assert nameless(import_network(path).network) == expected


@pytest.mark.parametrize(("module", "given", "text"), models.small_models(), ids=["small", "block", "recurrent"])
def test_the_same_module_through_onnx_is_the_same_network(module, given, text, tmp_path):
    pytest.importorskip("onnxscript", reason="PyTorch writes ONNX through onnxscript")
    path = tmp_path / "m.onnx"
    torch.onnx.export(module, (given,), path, verbose=False, dynamo=True)
    assert nameless(import_network(path).network) == nameless(parse_network(text, "n.yaml"))


IMAGE, TOKENS = {"pixel_values": (1, 3, 224, 224)}, {"input_ids": (1, 128)}
MODELS = {
    "resnet50": (lambda t: t.ResNetForImageClassification(t.ResNetConfig(num_labels=1000)), IMAGE),
    "mobilenet_v2": (lambda t: t.MobileNetV2ForImageClassification(t.MobileNetV2Config(num_labels=1000)), IMAGE),
    "vit": (lambda t: t.ViTForImageClassification(t.ViTConfig(num_labels=1000)), IMAGE),
    "bert": (lambda t: t.BertModel(t.BertConfig(attn_implementation="eager")), TOKENS),
    "gpt2": (lambda t: t.GPT2LMHeadModel(t.GPT2Config(attn_implementation="eager", use_cache=False)), TOKENS),
    "llama": (lambda t: t.LlamaForCausalLM(t.LlamaConfig(attn_implementation="sdpa", use_cache=False)), TOKENS),
    "unet": (lambda _: models.UNet(), {"x": (1, 1, 256, 256)}),
}


def exported(name):
    make, shapes = MODELS[name]
    with torch.device("meta"):
        module = make(transformers).eval()
        given = {k: torch.zeros(s, dtype=torch.long if k == "input_ids" else torch.float32) for k, s in shapes.items()}
    return module, export(module, (), given, name), given


@pytest.mark.parametrize("name", sorted(MODELS))
def test_macs_equal_pytorchs_own_counter_and_weights_its_parameters(name):
    module, program, given = exported(name)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        program.module()(**given)
    start = time.process_time()
    network = lower(read_program(program, name)).network
    assert time.process_time() - start < 2  # an import beyond loading the framework
    assert 2 * network.macs == counter.get_total_flops()
    # Weights are the parameters of two axes and more; BERT's positions and types are constants, looked up once.
    parameters = {id(p): p.numel() for n, p in module.named_parameters() if p.dim() > 1 and "embeddings.pos" not in n}
    constant = 2 * 768 if name == "bert" else 768 * 1024 if name == "gpt2" else 0
    if name == "vit":
        constant = 768  # the class token
    assert network.weight_words == sum(parameters.values()) - constant


@pytest.mark.parametrize(
    ("name", "ours", "scenario"),
    [
        ("resnet50", "resnet50_v1_5", Scenario()),
        ("vit", "vit_b16", Scenario()),
        ("gpt2", "gpt2", Scenario(sequence=128)),
        ("llama", "llama2_7b", Scenario(sequence=128)),
        ("bert", "bert_base", Scenario(sequence=128)),
    ],
)
def test_the_zoo_equals_what_the_framework_builds(name, ours, scenario):
    """Every operation with MACs, by shape and how often, however its layers are called."""
    from collections import Counter
    from dataclasses import replace

    def shapes(network):
        found = Counter()
        for entry in network.layers:
            if entry.macs:
                bounds = replace(entry.layer.operation(), name="").extents
                found[tuple(bounds.values())] += entry.runs
        return found

    _, program, _ = exported(name)
    imported, zoo = shapes(lower(read_program(program, name)).network), shapes(load_network(ours, scenario=scenario))
    assert imported == zoo


def test_the_counter_leaves_out_an_lstm_and_we_say_what_it_has():
    """4 gates x 8 units x (6 + 8) x 5 steps x 2 samples, and 3 x 8 x 10 of the layer behind it."""
    module, given, _ = models.small_models()[2]
    network = import_torch(module, (given,)).network
    assert network.macs == 4 * 8 * (6 + 8) * 5 * 2 + 3 * 8 * 10
    assert network.weight_words == sum(p.numel() for p in module.parameters() if p.dim() > 1)


def test_stacked_bidirectional_layers_are_each_in_two_directions():
    module = torch.nn.GRU(6, 8, num_layers=2, bidirectional=True, batch_first=True).eval()
    network = import_torch(module, (torch.zeros(2, 5, 6),)).network
    assert network.weight_words == sum(p.numel() for p in module.parameters() if p.dim() > 1)
    assert network.macs == 2 * 3 * 8 * ((6 + 8) + (16 + 8)) * 5 * 2
    assert len(network.layers) == 2 * 2 * 3


def test_tied_weights_are_counted_once():
    module = models.Block()
    module.h.weight = module.e.weight
    network = import_torch(module.eval(), (torch.zeros((1, 7), dtype=torch.long),)).network
    assert network.layers[-1].weights_of == network.layers[0].name
    assert network.weight_words == 50 * 16 + 4 * 16 * 16


def test_widths_of_a_half_precision_module_reach_the_operations():
    module, given, _ = models.small_models()[0]
    network = import_torch(module.half(), (given.half(),)).network
    assert {t.bits for e in network.layers for t in e.layer.operation().operands} == {16}


def test_grouped_queries_share_their_keys():
    class Grouped(torch.nn.Module):
        def forward(self, q, k, v):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)

    shapes = [(2, 8, 5, 16), (2, 2, 9, 16), (2, 2, 9, 16)]
    network = import_torch(Grouped().eval(), tuple(torch.zeros(s) for s in shapes)).network
    scores = network.layers[0].layer
    assert (scores.B, scores.samples, scores.M, scores.K, scores.N) == (2, 2, 5 * 4, 16, 9)
    assert network.macs == 2 * (2 * 8 * 5 * 9 * 16)


def refusal(call, *arguments):
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_not_understood_is_named():
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.fft.rfft(x).real

    text = refusal(import_torch, Odd().eval(), (torch.zeros(2, 8),))
    assert text.startswith("network: node 'fft_rfft' (fft_rfft): operator 'fft_rfft' is not known; --skip fft_rfft")


def test_a_symbolic_extent_is_named():
    class Plain(torch.nn.Module):
        def forward(self, x):
            return torch.relu(x)

    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(Plain(), (torch.zeros(4, 8),), dynamic_shapes=({0: batch},), strict=False)
    text = refusal(read_program, program, "m")
    assert text.startswith("m: node 'x': axis 0 must have an extent, not the symbol ")


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    module, given, _ = models.small_models()[2]
    path = tmp_path / "m.pt2"
    torch.export.save(torch.export.export(module, (given,), strict=False), path)
    path.write_bytes(path.read_bytes()[:500])
    assert "is not a program saved by torch.export, or is cut off" in refusal(import_network, path)
    assert refusal(import_network, tmp_path / "none.pt2").endswith("none.pt2: no such file")


def test_an_imported_network_runs():
    module, given, _ = models.small_models()[0]
    result = accelsim.run(import_torch(module, (given,), name="small").network, "ws16x16", gap=0.9, cache=False)
    assert result.summary["macs"][0] == import_torch(module, (given,)).network.macs
