"""ONNX files: nine real graphs against an independent count, bad files in a sentence, damage never a traceback."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx", reason="onnx is an extra: make test-all")

from extras.onnx_count import count_macs  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

from accelsim.cli.main import main  # noqa: E402
from accelsim.errors import InputError  # noqa: E402
from accelsim.workload.files import load_network, parse_network  # noqa: E402
from accelsim.workload.importers.files import import_network  # noqa: E402

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("light_*.onnx"))


def test_onnx_brings_its_nine_graphs():
    assert len(LIGHT) == 9


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_macs_of_a_real_graph_equal_an_independent_count(path):
    start = time.process_time()
    network = import_network(path).network
    assert time.process_time() - start < 2
    assert network.macs == count_macs(path.read_bytes()) > 0


@pytest.mark.parametrize(
    ("stem", "ours"),
    [("light_densenet121", "densenet121"), ("light_resnet50", "resnet50_v1_5"), ("light_vgg19", "vgg19")],
)
def test_the_zoo_equals_the_real_graph(stem, ours):
    """MACs and weights; layer by layer the same shapes, whatever their names."""
    (path,) = [path for path in LIGHT if path.stem == stem]
    imported, zoo = import_network(path).network, load_network(ours)
    assert (imported.macs, imported.weight_words) == (zoo.macs, zoo.weight_words)
    assert sorted((e.macs, e.weight_words) for e in imported.layers if e.macs) == sorted(
        (e.macs, e.weight_words) for e in zoo.layers if e.macs
    )


# --- graphs made by hand -------------------------------------------------------------------------------------------


def tensor(name, shape, kind=TensorProto.FLOAT):
    if kind == TensorProto.FLOAT:
        return helper.make_tensor(name, kind, shape, bytes(4 * _words(shape)), raw=True)
    return helper.make_tensor(name, kind, shape, [0] * _words(shape))


def _words(shape):
    words = 1
    for extent in shape:
        words *= extent
    return words


def model(nodes, inputs, weights, opset=17, functions=()):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
        [tensor(n, s) if isinstance(s, tuple) else s for n, s in weights.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def imported(given, tmp_path, **options):
    path = tmp_path / "m.onnx"
    path.write_bytes(given.SerializeToString() if hasattr(given, "SerializeToString") else given)
    return import_network(path, **options)


CONV = helper.make_node("Conv", ["x", "w"], ["y"], "conv", pads=[1, 0, 2, 1], strides=[2, 1])


def test_padding_per_side_stride_and_filters_that_are_not_square(tmp_path):
    """H 9 + 1 + 2 = 12, R 3, U 2: E 5; W 7 + 0 + 1 = 8, S 2: F 7."""
    network = imported(model([CONV], {"x": (2, 3, 9, 7)}, {"w": (4, 3, 3, 2)}), tmp_path).network
    (entry,) = network.layers
    text = (
        "layers:\n  - {name: conv, type: conv, N: 2, M: 4, C: 3, H: 9, W: 7, R: 3, S: 2, U: [2, 1], "
        "padding: {top: 1, bottom: 2, left: 0, right: 1}}\n"
    )
    assert entry.layer == parse_network(text, "n.yaml").layers[0].layer
    assert (entry.layer.E, entry.layer.F) == (5, 7)


@pytest.mark.parametrize(("auto", "top", "bottom"), [("SAME_UPPER", 1, 2), ("SAME_LOWER", 2, 1)])
def test_automatic_padding_is_worked_out(tmp_path, auto, top, bottom):
    """8 rows, 5 taps, stride 2: 4 outputs need (4 - 1) 2 + 5 - 8 = 3 rows of padding."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], "c", auto_pad=auto, strides=[2, 2])
    layer = imported(model([node], {"x": (1, 1, 8, 8)}, {"w": (1, 1, 5, 5)}), tmp_path).network.layers[0].layer
    assert (layer.padding.top, layer.padding.bottom, layer.E) == (top, bottom, 4)


def test_a_symbolic_batch_is_given_by_the_user(tmp_path):
    given = model([CONV], {"x": ("batch", 3, 9, 7)}, {"w": (4, 3, 3, 2)})
    with pytest.raises(InputError) as error:
        imported(given, tmp_path)
    assert str(error.value).endswith("axis 0 of input 'x' must have an extent; give it with --dim batch=N")
    assert imported(given, tmp_path, dims={"batch": 5}).network.layers[0].layer.N == 5
    with pytest.raises(InputError, match="no symbolic extent is called 'bach'; did you mean 'batch'"):
        imported(given, tmp_path, dims={"bach": 5})


def test_quantised_weights_keep_their_width(tmp_path):
    """int8 weights and activations behind DequantizeLinear; products of both are summed in 32 bits."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"], "q"),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xd"], "d"),
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wd"], "dw"),
        helper.make_node("Conv", ["xd", "wd"], ["y"], "conv"),
    ]
    scale = helper.make_tensor("s", TensorProto.FLOAT, (), [0.5])
    zero = helper.make_tensor("z", TensorProto.INT8, (), [0])
    weights = {"w": tensor("w", (4, 3, 3, 3), TensorProto.INT8), "s": scale, "z": zero}
    network = imported(model(nodes, {"x": (1, 3, 8, 8)}, weights), tmp_path).network
    (entry,) = network.layers
    assert [t.bits for t in entry.layer.operation().tensors] == [8, 8, 32]


def test_attention_is_three_layers(tmp_path):
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], "attn")
    shapes = {"q": (1, 8, 5, 16), "k": (1, 2, 9, 16), "v": (1, 2, 9, 16)}
    network = imported(model([node], shapes, {}, opset=23), tmp_path).network
    assert [e.name for e in network.layers] == ["attn.scores", "attn.softmax", "attn.attend"]
    assert network.macs == 2 * 8 * 5 * 9 * 16
    assert network.layers[0].layer.B == 2  # key heads


def test_shapes_that_are_computed_are_folded(tmp_path):
    """Reshape to a shape that Shape, Gather and Concat work out."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"], "shape"),
        helper.make_node("Gather", ["s", "zero"], ["n"], "gather", axis=0),
        helper.make_node("Concat", ["n", "minus"], ["to"], "concat", axis=0),
        helper.make_node("Reshape", ["x", "to"], ["flat"], "reshape"),
        helper.make_node("Gemm", ["flat", "w"], ["y"], "fc"),
    ]
    weights = {
        "w": (3 * 4 * 4, 10),
        "zero": helper.make_tensor("zero", TensorProto.INT64, (1,), [0]),
        "minus": helper.make_tensor("minus", TensorProto.INT64, (1,), [-1]),
    }
    (entry,) = imported(model(nodes, {"x": (2, 3, 4, 4)}, weights), tmp_path).network.layers
    assert (entry.layer.N, entry.layer.M, entry.layer.C, entry.layer.H) == (2, 10, 3, 4)


def number(name, value):
    return helper.make_tensor(name, TensorProto.FLOAT, (), [value])


def test_a_number_that_is_divided_is_no_factor(tmp_path):
    """x / 2 behind a convolution goes into its weights; 2 / x does not, and is a reciprocal."""
    for operands, kinds in ((["y", "two"], ["Convolution"]), (["two", "y"], ["Convolution", "Elementwise"])):
        nodes = [CONV, helper.make_node("Div", operands, ["z"], "div")]
        given = model(nodes, {"x": (1, 3, 9, 7)}, {"w": (4, 3, 3, 2), "two": number("two", 2.0)})
        layers = [e.layer for e in imported(given, tmp_path).network.layers]
        assert [type(layer).__name__ for layer in layers] == kinds
    assert layers[-1].function == "reciprocal"


def test_weights_that_are_computed_are_no_weights(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "k"], ["y"], "conv")]
    with pytest.raises(InputError, match="the weights of a convolution must be constant"):
        imported(model(nodes, {"x": (1, 3, 9, 9), "k": (4, 3, 3, 3)}, {}), tmp_path)


def test_softmax_before_version_13_is_over_all_axes_behind(tmp_path):
    nodes = [helper.make_node("Softmax", ["x"], ["y"], "s")]
    (entry,) = imported(model(nodes, {"x": (2, 3, 4)}, {}, opset=11), tmp_path).network.layers
    assert (entry.layer.N * entry.layer.H, entry.layer.C) == (2, 12)
    (entry,) = imported(model(nodes, {"x": (2, 3, 4)}, {}, opset=13), tmp_path).network.layers
    assert (entry.layer.N * entry.layer.H, entry.layer.C) == (6, 4)


def relu(name, before, after):
    return helper.make_node("Relu", [before], [after], name)


def elsewhere(node):
    given = model([node], {"x": (1, 4)}, {})
    given.opset_import.append(helper.make_opsetid(node.domain, 1))
    return given


BAD = {
    "cycle": (
        lambda: model([relu("a", "z", "y"), relu("b", "y", "z")], {"x": (1, 4)}, {}),
        "node 'a' (Relu): operand 'z' is made by a node behind it: the graph has a cycle or is out of order",
    ),
    "nothing": (
        lambda: model([relu("a", "q", "y")], {"x": (1, 4)}, {}),
        "node 'a' (Relu): operand 'q' is made by nothing",
    ),
    "twice": (
        lambda: model([relu("a", "x", "y"), relu("b", "x", "y")], {"x": (1, 4)}, {}),
        "node 'b' (Relu): tensor 'y' must be made once, not again",
    ),
    "operator": (
        lambda: model([helper.make_node("Foo", ["x"], ["y"], "a")], {"x": (1, 4)}, {}),
        "node 'a' (Foo): operator 'Foo' is not known; --skip Foo passes over it",
    ),
    "another domain": (
        lambda: elsewhere(helper.make_node("Attention", ["x"], ["y"], "a", domain="com.microsoft")),
        "node 'a' (Attention): operator 'com.microsoft.Attention' is not known; --skip Attention passes over it",
    ),
    "branch": (
        lambda: model([helper.make_node("If", ["x"], ["y"], "a")], {"x": (1,)}, {}),
        "m.onnx: node 'a' (If): branches and loops are not imported; --skip If passes over it",
    ),
    "opset": (
        lambda: model([relu("a", "x", "y")], {"x": (1, 4)}, {}, opset=999),
        f"opset must be from 1 to {onnx.defs.onnx_opset_version()}, which the installed onnx {onnx.__version__} knows, "
        "not 999",
    ),
    "channels": (
        lambda: model([CONV], {"x": (1, 5, 9, 7)}, {"w": (4, 3, 3, 2)}),
        "m.onnx: node 'conv' (Conv): weights of shape (4, 3, 3, 2) in 1 groups must meet 3 channels, not 5",
    ),
    "nothing to do": (
        lambda: model([helper.make_node("Identity", ["x"], ["y"], "a")], {"x": (1, 4)}, {}),
        "must have at least one operation that becomes a layer; every node was skipped",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_graph_is_refused_in_one_sentence(name, tmp_path, capsys):
    make, sentence = BAD[name]
    path = tmp_path / "m.onnx"
    path.write_bytes(make().SerializeToString())
    assert main(["import", str(path)]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.startswith("accelsim: ")
    assert out.err.count("\n") == 1
    assert sentence in out.err
    assert "internal error" not in out.err


def test_missing_weights_are_named_and_may_be_done_without(tmp_path):
    given = model([CONV], {"x": (1, 3, 9, 7)}, {"w": (4, 3, 3, 2)})
    weights = given.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="w.bin")
    with pytest.raises(InputError) as error:
        imported(given, tmp_path)
    assert "weights 'w', which node 'conv' uses, must lie in the file 'w.bin' beside the model" in str(error.value)
    assert imported(given, tmp_path, weights=False).network.weight_words == 4 * 3 * 3 * 2
    (tmp_path / "w.bin").write_bytes(bytes(4 * 72))
    assert imported(given, tmp_path).network.weight_words == 72


def test_an_unknown_operator_can_be_passed_over(tmp_path):
    nodes = [relu("a", "x", "y"), helper.make_node("Foo", ["y"], ["z"], "foo")]
    found = imported(model(nodes, {"x": (1, 4)}, {}), tmp_path, skip=("Foo",))
    assert [(n.node, n.fate, n.note) for n in found.nodes if n.kind == "Foo"] == [
        ("foo", "skipped", "passed over, as asked")
    ]


def test_a_graph_of_100_layers_is_imported_within_two_seconds(tmp_path):
    nodes, weights = [], {}
    for i in range(100):
        nodes.append(helper.make_node("Conv", [f"t{i}", f"w{i}"], [f"t{i + 1}"], f"conv{i}", pads=[1, 1, 1, 1]))
        weights[f"w{i}"] = (8, 8, 3, 3)
    given = model(nodes, {"t0": (1, 8, 16, 16)}, weights)
    start = time.process_time()
    network = imported(given, tmp_path).network
    assert time.process_time() - start < 2
    assert (len(network.layers), network.macs) == (100, 100 * 8 * 8 * 9 * 16 * 16)


# --- damage --------------------------------------------------------------------------------------------------------


def seeds():
    """Small real graphs to damage: a convolution with its batch and ReLU, attention written out, a shape worked out."""
    cnn = model(
        [
            CONV,
            relu("r", "y", "z"),
            helper.make_node("MaxPool", ["z"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Flatten", ["p"], ["f"], "flat"),
            helper.make_node("Gemm", ["f", "v"], ["o"], "fc", transB=1),
        ],
        {"x": (1, 3, 9, 7)},
        {"w": (4, 3, 3, 2), "v": (10, 4 * 2 * 3)},
    )
    products = model(
        [
            helper.make_node("MatMul", ["x", "w"], ["q"], "q"),
            helper.make_node("Transpose", ["q"], ["t"], "t", perm=[0, 2, 1]),
            helper.make_node("MatMul", ["q", "t"], ["s"], "s"),
            helper.make_node("Softmax", ["s"], ["a"], "a"),
            helper.make_node("MatMul", ["a", "q"], ["o"], "o"),
        ],
        {"x": (2, 5, 8)},
        {"w": (8, 4)},
    )
    transposed = model(
        [helper.make_node("ConvTranspose", ["x", "w"], ["y"], "up", strides=[2, 2], pads=[1, 1, 1, 1])],
        {"x": (1, 4, 6, 6)},
        {"w": (4, 3, 3, 3)},
    )
    return [given.SerializeToString() for given in (cnn, products, transposed)]


def damaged(data, rng):
    """Bytes changed, cut out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(changed))
        match rng.randrange(5):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at] = rng.randrange(256)
            case 2:
                del changed[at : at + rng.randrange(1, 9)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(1, 9)]
            case _:
                del changed[max(at, 1) :]
        if not changed:
            return b"\0"
    return bytes(changed)


def check_damage(count, seed, tmp_path):
    rng, originals = random.Random(seed), seeds()
    read = 0
    path = tmp_path / "m.onnx"
    for _ in range(count):
        data = damaged(rng.choice(originals), rng)
        path.write_bytes(data)
        network, sentence = outcome(path)
        assert "\n" not in sentence
        if network is not None:
            read += 1
            assert network.macs == count_macs(data), data
    return read


def outcome(path):
    """The network, or the sentence that refuses the file."""
    try:
        return import_network(path).network, ""
    except InputError as error:
        return None, str(error)


def test_a_damaged_file_is_an_error_or_counts_what_its_bytes_say(tmp_path):
    assert check_damage(300, 1, tmp_path) > 30  # some damage is to names alone


@pytest.mark.exhaustive
def test_two_thousand_damaged_files(tmp_path):
    assert check_damage(2000, 2, tmp_path) > 200


def test_the_message_when_the_package_is_missing(tmp_path):
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "from accelsim.cli.main import main\n"
        f"sys.exit(main(['import', {str(LIGHT[0])!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert (
        done.stderr == "accelsim: reading ONNX needs the package onnx; install it with: pip install 'accelsim[onnx]'\n"
    )
