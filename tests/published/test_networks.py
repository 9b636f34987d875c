"""Shapes, MACs and weights of the shipped networks equal the published ones, layer by layer (networks.json)."""

import json
from pathlib import Path

import pytest

from accelsim.files import shipped
from accelsim.workload.files import load_network
from accelsim.workload.layer import Convolution, FullyConnected

PUBLISHED = json.loads((Path(__file__).parent / "networks.json").read_text())
WORKLOADS = sorted(PUBLISHED["workloads"].items())


@pytest.mark.parametrize(("workload", "net"), WORKLOADS)
def test_totals_equal_the_published_ones(workload, net):
    network, totals = load_network(workload), PUBLISHED["totals"][net]
    convs = [e for e in network.layers if isinstance(e.layer, Convolution)]
    fcs = [e for e in network.layers if isinstance(e.layer, FullyConnected)]
    assert {
        "layers": len(convs) + len(fcs),
        "conv_layers": len(convs),
        "conv_weights": sum(e.weight_words for e in convs),
        "conv_macs": sum(e.macs for e in convs),
        "fc_layers": len(fcs),
        "fc_weights": sum(e.weight_words for e in fcs),
        "fc_macs": sum(e.macs for e in fcs),
        "total_weights": network.weight_words,
        "total_macs": network.macs,
    } == totals


@pytest.mark.parametrize(("workload", "net"), WORKLOADS)
def test_every_layer_equals_the_published_one(workload, net):
    layers = [e.layer for e in load_network(workload).layers if isinstance(e.layer, Convolution | FullyConnected)]
    for layer, row in zip(layers, PUBLISHED["layers"][net], strict=True):
        bounds = layer.operation().extents
        assert (layer.name, layer.macs, layer.weight_words) == (row["name"], row["macs"], row["weights"])
        assert {k: bounds[k] for k in "NGEFRS"} == {k: row[k] for k in "NGEFRS"}, layer.name
        assert (row["M"], row["C"]) == (layer.M, layer.C)
        if isinstance(layer, Convolution):
            # The published H and W are padded sizes.
            padded = (layer.H + sum(layer.padding.vertical), layer.W + sum(layer.padding.horizontal))
            assert (row["U"], row["U"]) == layer.U
        else:
            padded = (layer.H, layer.W)
        assert padded == (row["H"], row["W"]), layer.name


def test_rounded_totals_equal_the_surveys_table_2():
    """Sze et al., Proc. IEEE 105(12), 2017, Table II: 61M and 724M, 138M and 15.5G, 431k and 2.3M."""
    assert [round(load_network("alexnet").weight_words / 1e6), round(load_network("alexnet").macs / 1e6)] == [61, 724]
    assert [round(load_network("vgg16").weight_words / 1e6), round(load_network("vgg16").macs / 1e9, 1)] == [138, 15.5]
    caffe = load_network("lenet5_caffe")
    assert [caffe.weight_words, round(caffe.macs / 1e6, 1)] == [430_500, 2.3]  # 430.5k, printed as 431k


def test_padding_as_data_changes_inputs_only():
    plain, padded = load_network("alexnet"), load_network("alexnet_padded")
    for a, b in zip(plain.layers, padded.layers, strict=True):
        one, two = a.layer.operation(), b.layer.operation()
        assert one.bounds == two.bounds
        assert one.tensors[1:] == two.tensors[1:]
    words = padded.layer("CONV2").operation().tensor("inputs").words
    assert words == 96 * 31 * 31


def test_every_workload_with_published_numbers_ships():
    assert set(PUBLISHED["workloads"]) <= set(shipped("workloads"))
