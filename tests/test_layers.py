"""Layers: output extents worked by hand, operations against plain NumPy, every refusal in full."""

import itertools
import sys
from dataclasses import replace
from subprocess import run

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.workload.layer import (
    Convolution,
    Elementwise,
    FullyConnected,
    MatrixProduct,
    Pooling,
    TransposedConvolution,
)
from accelsim.workload.operation import Rank, Term
from accelsim.workload.window import Padding, input_extent

# --- extents, worked by hand -------------------------------------------------------------------------------------

# H R U dilation before after -> E: the window starts that fit, counted on paper.
BY_HAND = [
    (227, 11, 4, 1, 0, 0, 55),  # AlexNet CONV1: starts 0, 4, ..., 216
    (27, 5, 1, 1, 2, 2, 27),  # AlexNet CONV2: 31 padded rows, starts 0..26
    (31, 5, 1, 1, 0, 0, 27),
    (224, 7, 2, 1, 3, 3, 112),  # ResNet conv1: 230 padded rows, starts 0, 2, ..., 222
    (5, 3, 2, 1, 0, 0, 2),  # starts 0, 2
    (6, 3, 2, 1, 0, 0, 2),  # starts 0, 2; the last row is unused
    (7, 3, 1, 2, 0, 0, 3),  # taps span 5 rows: starts 0, 1, 2
    (7, 3, 2, 3, 0, 0, 1),  # taps span 7 rows
    (4, 3, 2, 1, 1, 0, 2),  # one row on top only: 5 padded rows, starts 0, 2
    (4, 3, 2, 1, 0, 1, 2),
    (1, 1, 3, 1, 0, 0, 1),
]


@pytest.mark.parametrize(("H", "R", "U", "dilation", "before", "after", "E"), BY_HAND)
def test_output_extent_is_the_number_of_window_starts_that_fit(H, R, U, dilation, before, after, E):
    layer = Convolution(
        "c", M=1, C=1, H=H, W=9, R=R, S=1, U=(U, 1), dilation=(dilation, 1), padding=Padding(before, after, 0, 0)
    )
    assert (layer.E, layer.F) == (E, 9)
    sideways = Convolution(
        "c", M=1, C=1, H=9, W=H, R=1, S=R, U=(1, U), dilation=(1, dilation), padding=Padding(0, 0, before, after)
    )
    assert (sideways.E, sideways.F) == (9, E)
    assert Pooling("p", C=1, H=H, W=9, R=R, S=1, U=(U, 1), dilation=(dilation, 1), padding=layer.padding).E == E


def test_from_e_follows_the_smallest_h():
    assert Convolution("c", M=1, C=1, E=55, R=11, U=4).H == 227
    assert Convolution("c", M=1, C=1, E=2, R=3, U=2).H == 5  # 6 gives 2 as well, with an unused row
    assert Convolution("c", M=1, C=1, E=27, R=5, padding=2).H == 27


@given(E=st.integers(1, 9), R=st.integers(1, 4), U=st.integers(1, 4), dilation=st.integers(1, 3), pad=st.integers(0, 2))
def test_smallest_h_gives_e_and_one_row_less_does_not(E, R, U, dilation, pad):
    H = input_extent(E, R, U, dilation, pad)

    def starts(rows):
        return len(range(0, rows + pad - dilation * (R - 1), U))

    assert starts(H) == E
    assert starts(H - 1) == E - 1


def test_h_stays_positive_when_padding_alone_would_do():
    assert Convolution("c", M=1, C=1, E=1, R=1, U=3, padding=1).H == 1  # rows -1, 0 and 1 all give E=1


def test_several_h_give_the_same_e_and_each_may_be_stated_with_it():
    for H in (227, 228, 229, 230):
        assert Convolution("c", M=1, C=1, H=H, E=55, R=11, U=4).E == 55


def test_letters_of_the_other_axis_follow_when_absent():
    square = Convolution("c", M=2, C=3, H=8, R=3)
    assert (square.W, square.S, square.F) == (8, 3, 6)
    assert square == Convolution("c", M=2, C=3, H=8, W=8, R=3, S=3, E=6, F=6, U=(1, 1), padding=(0, 0))
    assert Convolution("c", M=2, C=3, E=6, R=3) == square
    # F is not copied from E where H is given: it follows from W and its own stride.
    assert Convolution("c", M=2, C=3, H=8, E=6, R=3, U=(1, 2)).F == 3


def test_layers_are_values():
    layer = Convolution("c", M=2, C=3, H=8, R=3, U=2)
    assert layer == Convolution("c", M=2, C=3, H=8, R=3, U=(2, 2))
    assert len({layer, layer.with_batch(1)}) == 1
    assert layer.with_batch(4).with_batch(1) == layer
    assert layer.with_batch(4).macs == 4 * layer.macs
    assert layer.with_batch(4).weight_words == layer.weight_words
    with pytest.raises(AttributeError):
        layer.M = 3


def test_macs_and_weights_by_hand():
    # 2 groups x 2 filters x 3 channels x 4 outputs x 9 taps, and 2 x 2 x 3 x 9 weights
    layer = Convolution("c", G=2, M=4, C=6, H=4, R=3)
    assert (layer.macs, layer.weight_words) == (2 * 2 * 3 * 4 * 9, 2 * 2 * 3 * 9)
    depthwise = Convolution("d", G=8, M=8, C=8, H=5, R=3, padding=1)
    assert (depthwise.macs, depthwise.weight_words, depthwise.is_depthwise) == (8 * 25 * 9, 72, True)
    assert not Convolution("c", M=1, C=1, H=5, R=3).is_depthwise
    fc = FullyConnected("f", N=2, M=10, C=3, H=4)
    assert (fc.macs, fc.weight_words) == (2 * 10 * 48, 480)
    assert FullyConnected("f", M=10, C=48).macs == 480
    up = TransposedConvolution("t", M=2, C=3, H=4, R=5, U=2, padding=2, output_padding=1)
    assert (up.E, up.macs, up.weight_words) == (8, 2 * 3 * 16 * 25, 2 * 3 * 25)
    pool = Pooling("p", C=3, H=4, R=2, U=2)
    assert (pool.macs, pool.weight_words, pool.vector_operations) == (0, 0, 3 * 4 * 4)
    add = Elementwise("e", N=2, C=3, H=4, operands=3)
    assert (add.macs, add.weight_words, add.vector_operations) == (0, 0, 2 * 3 * 16)
    assert fc.vector_operations == 0


def test_fully_connected_is_the_convolution_whose_filter_covers_the_plane():
    fc = FullyConnected("f", N=2, M=10, C=3, H=4, W=5)
    assert fc.operation() == Convolution("f", N=2, M=10, C=3, H=4, W=5, R=4, S=5).operation()
    assert FullyConnected("f", M=10, C=3, R=4, S=5) == FullyConnected("f", M=10, C=3, H=4, W=5)


def test_matrix_product_batches_share_weights_but_not_activations():
    linear = MatrixProduct("q", M=7, K=5, N=3)
    assert (linear.macs, linear.weight_words) == (105, 15)
    assert (linear.with_batch(4).macs, linear.with_batch(4).weight_words) == (420, 15)
    assert linear.with_batch(4).operation().extents["N"] == 28
    scores = MatrixProduct("qk", M=7, K=5, N=7, B=2, second="activations")
    assert (scores.macs, scores.weight_words) == (490, 0)
    assert scores.with_batch(4).operation().extents["G"] == 8
    assert scores.with_batch(4).macs == 4 * scores.macs


# --- lowering, in full --------------------------------------------------------------------------------------------


def test_convolution_lowers_to_the_letters_in_order_with_m_and_c_per_group():
    layer = Convolution(
        "c", N=2, G=2, M=4, C=6, H=9, W=8, R=3, S=2, U=(2, 1), dilation=(1, 3), padding=Padding(1, 0, 2, 1)
    )
    operation = layer.operation()
    assert operation.bounds == (("N", 2), ("G", 2), ("M", 2), ("C", 3), ("E", 4), ("F", 8), ("R", 3), ("S", 2))
    assert [tensor.name for tensor in operation.tensors] == ["inputs", "weights", "outputs"]
    n, g, m, c = (Rank((Term(d),), k) for d, k in (("N", 2), ("G", 2), ("M", 2), ("C", 3)))
    e, f, r, s = (Rank((Term(d),), k) for d, k in (("E", 4), ("F", 8), ("R", 3), ("S", 2)))
    rows = Rank((Term("E", 2), Term("R", 1)), 9, -1)
    columns = Rank((Term("F", 1), Term("S", 3)), 8, -2)
    assert operation.tensor("inputs").ranks == (n, g, c, rows, columns)
    assert operation.tensor("weights").ranks == (g, m, c, r, s)
    assert operation.tensor("outputs").ranks == (n, g, m, e, f)
    assert operation.kind == "mac"


def test_dims_of_extent_one_stay():
    assert FullyConnected("f", M=10, C=3).operation().dims == tuple("NGMCEFRS")
    assert MatrixProduct("m", M=1, K=2, N=3).operation().dims == tuple("NGMCEFRS")
    assert TransposedConvolution("t", M=1, C=1, H=1, R=1).operation().dims == tuple("NGMCHWRS")


# --- operations against plain NumPy ---------------------------------------------------------------------------------


def random_tensors(operation, seed=0):
    """Whole numbers, so that sums compare exactly in any order."""
    generator = np.random.default_rng(seed)
    return [generator.integers(-9, 10, tensor.shape) for tensor in operation.tensors[:-1]]


def index_of(tensor, point):
    index = tuple(rank.offset + sum(t.stride * point[t.dim] for t in rank.terms) for rank in tensor.ranks)
    inside = all(0 <= i < rank.size for i, rank in zip(index, tensor.ranks, strict=True))
    return index if inside else None


def evaluate(operation, operands):
    """The sum of products over the whole iteration space; elements outside a tensor are zero, or fall away."""
    out = np.zeros(operation.output.shape, dtype=np.int64)
    touched = [set() for _ in operands]
    for values in itertools.product(*(range(bound) for _, bound in operation.bounds)):
        point = dict(zip(operation.dims, values, strict=True))
        indices = [index_of(tensor, point) for tensor in operation.operands]
        target = index_of(operation.output, point)
        for seen, index in zip(touched, indices, strict=True):
            if index is not None:
                seen.add(index)
        if target is not None and None not in indices:
            out[target] += np.prod([array[index] for array, index in zip(operands, indices, strict=True)])
    return out, touched


def reference_convolution(x, w, U, dilation, padding):
    """x: N, C, H, W; w: M, C, R, S; one group, by slices of the padded array."""
    p = padding
    x = np.pad(x, ((0, 0), (0, 0), (p.top, p.bottom), (p.left, p.right)))
    (R, S), (H, W) = w.shape[2:], x.shape[2:]
    starts = [range(0, size - d * (k - 1), u) for size, d, k, u in zip((H, W), dilation, (R, S), U, strict=True)]
    out = np.zeros((x.shape[0], w.shape[0], *map(len, starts)), dtype=np.int64)
    for e, top in enumerate(starts[0]):
        for f, left in enumerate(starts[1]):
            rows = slice(top, top + dilation[0] * (R - 1) + 1, dilation[0])
            columns = slice(left, left + dilation[1] * (S - 1) + 1, dilation[1])
            out[:, :, e, f] = np.tensordot(x[:, :, rows, columns], w, axes=((1, 2, 3), (1, 2, 3)))
    return out


def inserted_zeros(x, U):
    """x with U - 1 zeros between neighbours: what a transposed convolution never multiplies."""
    out = np.zeros((*x.shape[:2], U[0] * (x.shape[2] - 1) + 1, U[1] * (x.shape[3] - 1) + 1), dtype=np.int64)
    out[:, :, :: U[0], :: U[1]] = x
    return out


SMALL = {
    "plain": {"H": 5, "W": 6, "R": 3, "S": 2},
    "stride": {"H": 8, "W": 7, "R": 3, "S": 3, "U": (2, 3)},
    "stride gaps": {"H": 7, "R": 1, "U": 3},
    "dilation": {"H": 7, "W": 6, "R": 3, "S": 2, "dilation": (2, 4)},
    "padding per side": {"H": 4, "W": 5, "R": 3, "padding": Padding(2, 0, 1, 3)},
    "everything": {"H": 6, "W": 5, "R": 2, "S": 3, "U": (3, 2), "dilation": (3, 1), "padding": Padding(1, 2, 0, 1)},
}


@pytest.mark.parametrize("case", SMALL)
@pytest.mark.parametrize("G", [1, 2])
def test_convolution_computes_what_numpy_computes(case, G):
    layer = Convolution("c", N=2, G=G, M=2 * G, C=2 * G, **SMALL[case])
    operation = layer.operation()
    x, w = random_tensors(operation)
    out, (touched, _) = evaluate(operation, (x, w))
    for g in range(G):
        expected = reference_convolution(x[:, g], w[g], layer.U, layer.dilation, layer.padding)
        assert np.array_equal(out[:, g], expected)
    # Which inputs are touched: mark the weights' footprint on a plane of ones, without the lowering's arithmetic.
    reached = np.zeros((layer.H + layer.padding.top + layer.padding.bottom, layer.W + sum(layer.padding.horizontal)))
    for e, f, r, s in itertools.product(range(layer.E), range(layer.F), range(layer.R), range(layer.S)):
        reached[e * layer.U[0] + r * layer.dilation[0], f * layer.U[1] + s * layer.dilation[1]] = 1
    top, left = layer.padding.top, layer.padding.left
    plane = reached[top : top + layer.H, left : left + layer.W]
    assert {(h, w) for _, _, _, h, w in touched} == set(zip(*np.nonzero(plane), strict=True))


def test_stride_gaps_and_unused_rows_are_never_touched():
    # 1x1 filter, stride 3 on 7x7: rows and columns 0, 3, 6
    operation = Convolution("c", M=1, C=1, H=7, R=1, U=3).operation()
    _, (touched, _) = evaluate(operation, random_tensors(operation))
    assert {(h, w) for _, _, _, h, w in touched} == {(h, w) for h in (0, 3, 6) for w in (0, 3, 6)}
    # H=6, R=3, U=2: starts 0 and 2, the last row stays
    operation = Convolution("c", M=1, C=1, H=6, R=3, U=2).operation()
    _, (touched, _) = evaluate(operation, random_tensors(operation))
    assert {h for *_, h, _ in touched} == {0, 1, 2, 3, 4}


def test_depthwise_filters_each_channel_by_itself():
    layer = Convolution("d", G=3, M=3, C=3, H=5, R=3, padding=1)
    x, w = random_tensors(layer.operation())
    out, _ = evaluate(layer.operation(), (x, w))
    for channel in range(3):
        expected = reference_convolution(x[:, channel], w[channel], (1, 1), (1, 1), Padding(1, 1, 1, 1))
        assert np.array_equal(out[:, channel], expected)


TRANSPOSED = {
    "plain": {"H": 3, "W": 4, "R": 3, "S": 2},
    "stride": {"H": 3, "W": 2, "R": 2, "S": 3, "U": (2, 3)},
    "cropped": {"H": 3, "R": 4, "U": 2, "padding": Padding(1, 2, 0, 1)},
    "output padding": {"H": 3, "R": 5, "U": 2, "padding": 2, "output_padding": 1},
    "filter below stride": {"H": 3, "R": 1, "U": 3, "output_padding": (2, 0)},
    "dilation": {"H": 3, "R": 3, "U": 2, "dilation": (2, 1), "padding": Padding(1, 0, 1, 0)},
}


@pytest.mark.parametrize("case", TRANSPOSED)
@pytest.mark.parametrize("G", [1, 2])
def test_transposed_convolution_equals_convolving_the_zero_inserted_input(case, G):
    layer = TransposedConvolution("t", N=2, G=G, M=2 * G, C=3 * G, **TRANSPOSED[case])
    operation = layer.operation()
    x, w = random_tensors(operation)
    out, _ = evaluate(operation, (x, w))
    assert operation.output.shape[3:] == (layer.E, layer.F)
    span = [d * (k - 1) for d, k in zip(layer.dilation, (layer.R, layer.S), strict=True)]
    full = Padding(span[0], span[0] + layer.output_padding[0], span[1], span[1] + layer.output_padding[1])
    p = layer.padding
    for g in range(G):
        flipped = w[g][:, :, ::-1, ::-1]
        whole = reference_convolution(inserted_zeros(x[:, g], layer.U), flipped, (1, 1), layer.dilation, full)
        expected = whole[:, :, p.top : whole.shape[2] - p.bottom, p.left : whole.shape[3] - p.right]
        assert np.array_equal(out[:, g], expected)


def test_transposed_convolution_multiplies_no_inserted_zero():
    layer = TransposedConvolution("t", M=1, C=1, H=4, R=2, U=2)
    assert layer.E == 8
    assert layer.macs == 16 * 4  # on the zero-inserted plane it would be 64 outputs x 4 taps


def test_transposed_h_follows_from_e():
    assert TransposedConvolution("t", M=1, C=1, E=8, R=5, U=2, padding=2, output_padding=1).H == 4


@pytest.mark.parametrize("layer", [FullyConnected("f", N=3, M=4, C=2, H=3, W=2), FullyConnected("f", N=3, M=4, C=5)])
def test_fully_connected_is_a_matrix_times_the_flattened_plane(layer):
    x, w = random_tensors(layer.operation())
    out, _ = evaluate(layer.operation(), (x, w))
    assert np.array_equal(out.reshape(3, 4), x.reshape(3, -1) @ w.reshape(4, -1).T)


def test_matrix_product_is_numpys():
    layer = MatrixProduct("m", M=3, K=4, N=2, B=2, second="activations", samples=2)
    x, w = random_tensors(
        layer.operation()
    )  # x: rows N, products G, reduction C; w: products G, columns M, reduction C
    out, _ = evaluate(layer.operation(), (x, w))
    left, right = x.reshape(3, 4, 4).transpose(1, 0, 2), w.reshape(4, 2, 4).transpose(0, 2, 1)
    assert np.array_equal(out.reshape(3, 4, 2).transpose(1, 0, 2), left @ right)


def test_average_pooling_sums_its_windows():
    layer = Pooling("p", N=2, C=2, H=6, W=5, R=3, S=2, U=(2, 1), padding=Padding(1, 0, 0, 1), function="avg")
    operation = layer.operation()
    (x,) = random_tensors(operation)
    out, _ = evaluate(operation, (x,))
    one = np.ones((1, 1, 3, 2), dtype=np.int64)
    for channel in range(2):
        expected = reference_convolution(x[:, channel : channel + 1], one, layer.U, (1, 1), layer.padding)
        assert np.array_equal(out[:, channel], expected[:, 0])
    assert (operation.kind, operation.macs, operation.points) == ("vector", 0, 2 * 2 * 3 * 5 * 6)


def test_elementwise_reads_every_operand_at_the_place_it_writes():
    operation = Elementwise("sum", C=2, H=3, W=4, operands=3).operation()
    assert [tensor.name for tensor in operation.tensors] == ["inputs", "inputs2", "inputs3", "outputs"]
    operands = random_tensors(operation)
    out, _ = evaluate(operation, operands)
    assert np.array_equal(out, operands[0] * operands[1] * operands[2])
    relu = Elementwise("relu", C=2, function="relu").operation()
    assert [tensor.name for tensor in relu.tensors] == ["inputs", "outputs"]


@settings(max_examples=40, deadline=None)
@given(
    H=st.integers(1, 6),
    R=st.integers(1, 3),
    U=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    sides=st.tuples(*[st.integers(0, 2)] * 4),
)
def test_any_small_convolution_computes_what_numpy_computes(H, R, U, dilation, sides):
    padding = Padding(*sides)
    if any(d * (R - 1) >= H + sum(p) for d, p in zip(dilation, (padding.vertical, padding.horizontal), strict=True)):
        return  # the filter does not fit, which is refused below
    layer = Convolution("c", M=2, C=2, H=H, R=R, U=U, dilation=dilation, padding=padding)
    x, w = random_tensors(layer.operation())
    out, _ = evaluate(layer.operation(), (x, w))
    assert np.array_equal(out[:, 0], reference_convolution(x[:, 0], w[0], U, dilation, padding))


# --- refusals, the whole sentence ---------------------------------------------------------------------------------

CONV = {"M": 4, "C": 4, "H": 8, "R": 3}
UP = {"M": 1, "C": 1, "R": 5, "U": 2, "padding": 2}
REFUSED = [
    (Convolution, CONV | {"M": 0}, "x: M must be at least 1, not 0"),
    (Convolution, CONV | {"C": -3}, "x: C must be at least 1, not -3"),
    (Convolution, CONV | {"H": 0}, "x: H must be at least 1, not 0"),
    (Convolution, CONV | {"E": 0}, "x: E must be at least 1, not 0"),
    (Convolution, CONV | {"N": 1.0}, "x: N must be a whole number, not 1.0"),
    (Convolution, CONV | {"R": True}, "x: R must be a whole number, not True"),
    (Convolution, CONV | {"M": "4"}, "x: M must be a whole number, not '4'"),
    (Convolution, CONV | {"U": 0}, "x: U must be at least 1, not 0"),
    (Convolution, CONV | {"U": (1, 0)}, "x: U must be at least 1, not 0"),
    (
        Convolution,
        CONV | {"U": (1, 1, 1)},
        "x: U must be a number or (vertical, horizontal), not 3 numbers",
    ),
    (Convolution, CONV | {"dilation": 0}, "x: dilation must be at least 1, not 0"),
    (Convolution, CONV | {"padding": -1}, "x: padding must be at least 0, not -1"),
    (Convolution, CONV | {"padding": "same"}, "x: padding must be a whole number, not 'same'"),
    (Convolution, CONV | {"padding": Padding(0, -1, 0, 0)}, "x: padding bottom must be at least 0, not -1"),
    (Convolution, CONV | {"G": 3}, "x: C (channels) must be a multiple of G=3, not 4"),
    (Convolution, CONV | {"G": 4, "M": 6}, "x: M (filters) must be a multiple of G=4, not 6"),
    (Convolution, {"M": 1, "C": 1, "R": 3}, "x: H or E must be given"),
    (Convolution, {"M": 1, "C": 1, "R": 3, "W": 3}, "x: H or E must be given"),
    (
        Convolution,
        {"M": 1, "C": 1, "H": 227, "E": 56, "R": 11, "U": 4},
        "x: E=56 contradicts H=227 R=11 U=4, which give E=55",
    ),
    (
        Convolution,
        CONV | {"W": 9, "S": 2, "F": 4, "U": 2, "dilation": (1, 3), "padding": Padding(0, 0, 1, 2)},
        "x: F=4 contradicts W=9 S=2 U=2 padding 1 + 2 dilation 3, which give F=5",
    ),
    (
        Convolution,
        {"M": 1, "C": 1, "R": 1, "E": 1, "padding": 1},
        "x: E must be at least 3 with R=1 U=1 padding 1 + 1 even at H=1, not 1",
    ),
    (
        Convolution,
        CONV | {"R": 9},
        "x: the filter's rows (R=9, dilation 1) must span at most the 8 of the padded input (H=8, padding 0 + 0), "
        "not 9",
    ),
    (
        Pooling,
        {"C": 1, "H": 8, "W": 4, "R": 3, "dilation": (1, 3), "padding": 1},
        "x: the filter's columns (S=3, dilation 3) must span at most the 6 of the padded input (W=4, padding 1 + 1), "
        "not 7",
    ),
    (Pooling, {"C": 1, "H": 4, "R": 2, "function": "mean"}, "x: function must be one of max, avg, not 'mean'"),
    (FullyConnected, {"M": 1, "C": 0}, "x: C must be at least 1, not 0"),
    (FullyConnected, {"M": 1, "C": 1, "H": 6, "R": 5}, "x: R must equal H=6 in a fully connected layer, not 5"),
    (FullyConnected, {"M": 1, "C": 1, "H": 6, "S": 5, "W": 4}, "x: S must equal W=4 in a fully connected layer, not 5"),
    (FullyConnected, {"M": 1, "C": 1, "F": 2}, "x: F must be 1 in a fully connected layer, not 2"),
    (MatrixProduct, {"M": 1, "K": 0, "N": 1}, "x: K must be at least 1, not 0"),
    (MatrixProduct, {"M": 1, "K": 1, "N": 1, "samples": 0}, "x: samples must be at least 1, not 0"),
    (
        MatrixProduct,
        {"M": 1, "K": 1, "N": 1, "second": "weight"},
        "x: second must be one of weights, activations, cache, not 'weight'; did you mean 'weights'?",
    ),
    (TransposedConvolution, UP, "x: H or E must be given"),
    (
        TransposedConvolution,
        UP | {"H": 4, "E": 8},
        "x: E=8 contradicts H=4 R=5 U=2 padding 2 + 2, which give E=7; output_padding 1 would",
    ),
    (
        TransposedConvolution,
        UP | {"E": 8},
        "x: E=8 contradicts H=4 R=5 U=2 padding 2 + 2, which give E=7; output_padding 1 would",
    ),
    (
        TransposedConvolution,
        UP | {"H": 4, "E": 7, "output_padding": 1},
        "x: E=7 contradicts H=4 R=5 U=2 padding 2 + 2 output_padding 1, which give E=8",
    ),
    (
        TransposedConvolution,
        UP | {"H": 4, "output_padding": 2},
        "x: output_padding must be less than 2, the larger of U and dilation, not 2",
    ),
    (
        TransposedConvolution,
        {"M": 1, "C": 1, "H": 1, "R": 2, "padding": 1},
        "x: padding must leave at least 1 of the output rows, not 0 (H=1 R=2 U=1 padding 1 + 1)",
    ),
    (
        TransposedConvolution,
        {"M": 3, "C": 2, "G": 2, "H": 1, "R": 1},
        "x: M (filters) must be a multiple of G=2, not 3",
    ),
    (Elementwise, {"C": 0}, "x: C must be at least 1, not 0"),
    (
        Elementwise,
        {"C": 1, "function": "rleu"},
        "x: function must be a known one, not 'rleu'; did you mean 'relu'?",
    ),
    (Elementwise, {"C": 1, "function": "relu", "operands": 2}, "x: operands of relu must be 1, not 2"),
    (Elementwise, {"C": 1, "operands": 1}, "x: operands of add must be at least 2, not 1"),
    (Elementwise, {"C": 1, "operands": 0}, "x: operands must be at least 1, not 0"),
]


@pytest.mark.parametrize(("kind", "letters", "sentence"), REFUSED)
def test_nonsense_is_refused_in_one_sentence(kind, letters, sentence):
    with pytest.raises(InputError) as error:
        kind("x", **letters)
    assert str(error.value) == sentence


def test_a_layer_has_a_name_and_a_positive_batch():
    with pytest.raises(InputError) as error:
        Convolution(" ", **CONV)
    assert str(error.value) == "a layer's name must be a word, not ' '"
    with pytest.raises(InputError) as error:
        Convolution("x", **CONV).with_batch(0)
    assert str(error.value) == "x: batch must be at least 1, not 0"
    with pytest.raises(InputError) as error:
        replace(Convolution("x", **CONV), H=9)
    assert str(error.value) == "x: E=6 contradicts H=9 R=3 U=1, which give E=7"


def test_layers_load_without_the_heavy_libraries():
    heavy = ["numpy", "pandas", "pydantic", "matplotlib", "numba", "yaml"]
    code = (
        "import sys, accelsim.workload.layer, accelsim.workload.network, accelsim.workload.operation\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
