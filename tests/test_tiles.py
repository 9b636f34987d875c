"""The closed form of the largest tile against tiles enumerated element by element."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, cases, random_case

from accelsim.mapping.nest import Mapping, Storage, Temporal
from accelsim.mapping.tiles import largest_tile_words, tensor_tile_words
from accelsim.workload.operation import Operation, Rank, Tensor, Term


def walked_tile_words(operation: Operation, mapping: Mapping, node_index: int) -> int:
    """Stand at every combination of loop counters above the node, collect the elements below it, keep the most."""
    node = mapping.nodes[node_index]
    assert isinstance(node, Storage)
    tensor = operation.tensor(node.tensor)
    above = [i for i in range(node_index) if not isinstance(mapping.nodes[i], Storage)]
    most = 0
    for counters in product(*(range(mapping.trips(i)) for i in above)):
        box = {dim: (0, extent) for dim, extent in operation.bounds}
        for i, counter in zip(above, counters, strict=True):
            loop = mapping.nodes[i]
            assert not isinstance(loop, Storage)
            start, end = box[loop.dim]
            start += counter * loop.step
            box[loop.dim] = (start, min(end, start + loop.step))
        if any(start >= end for start, end in box.values()):
            continue
        dims = sorted(tensor.dims)
        elements = set()
        for point in product(*(range(*box[dim]) for dim in dims)):
            at = dict(zip(dims, point, strict=True))
            index = tuple(rank.offset + sum(t.stride * at[t.dim] for t in rank.terms) for rank in tensor.ranks)
            if all(0 <= i < rank.size for i, rank in zip(index, tensor.ranks, strict=True)):
                elements.add(index)
        most = max(most, len(elements))
    return most


def assert_tiles_equal_walked_ones(case: Case) -> None:
    operation, _, mapping = case
    for i, node in enumerate(mapping.nodes):
        if isinstance(node, Storage):
            assert largest_tile_words(operation, mapping, i) == walked_tile_words(operation, mapping, i), str(mapping)


@pytest.mark.parametrize("start", range(0, 600, 100))
def test_largest_tiles_equal_those_walked_element_by_element(start: int) -> None:
    for seed in range(start, start + 100):
        assert_tiles_equal_walked_ones(random_case(seed))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_largest_tiles_equal_walked_ones_on_shrinkable_cases(case: Case) -> None:
    assert_tiles_equal_walked_ones(case)


positive = st.integers(1, 12)


@given(U=positive, X=positive, D=positive, Y=positive)
def test_a_window_counts_every_index_once(U: int, X: int, D: int, Y: int) -> None:
    tensor = Tensor("inputs", (Rank((Term("E", U), Term("R", D)), size=1000),))
    indices = {U * x + D * y for x in range(X) for y in range(Y)}
    assert tensor_tile_words(tensor, {"E": (X,), "R": (Y,)}) == len(indices)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_padded_and_ragged_windows_take_the_fullest_position(data: st.DataObject) -> None:
    """One rank, one or two terms, clipped on both sides by far more than a filter, under up to two ragged loops."""
    draw = data.draw
    dims = draw(st.sampled_from(["E", "ER", "ERQ"]))
    terms = tuple(Term(dim, draw(st.integers(1, 4))) for dim in dims)
    bounds = tuple((dim, draw(st.integers(1, 9 if len(dims) < 3 else 4))) for dim in dims)
    rank = Rank(terms, size=draw(st.integers(1, 30)), offset=draw(st.integers(-15, 5)))
    tensors = (Tensor("inputs", (rank,)), Tensor("outputs", ()))
    loops, inside = [], dict(bounds)
    for _ in range(draw(st.integers(0, 4))):
        dim = draw(st.sampled_from(dims))
        inside[dim] = draw(st.integers(1, inside[dim]))
        loops.append(Temporal(dim, inside[dim]))
    operation = Operation("window", bounds, tensors)
    mapping = Mapping.of(operation, [*loops, Storage("Buffer", "inputs")])
    assert largest_tile_words(operation, mapping, len(loops)) == walked_tile_words(operation, mapping, len(loops))


def words(rank: Rank, **chains: tuple[int, ...]) -> int:
    return tensor_tile_words(Tensor("inputs", (rank,)), chains)


def test_alexnet_conv1_reads_227_rows() -> None:
    # Krizhevsky et al. 2012: 55 output rows, 11-row filter, stride 4: 4 x 54 + 11 = 227.
    assert words(Rank((Term("E", 4), Term("R")), 227), E=(55,), R=(11,)) == 227
    # Seven output rows need 4 x 6 + 11 = 35, one output row 11.
    assert words(Rank((Term("E", 4), Term("R")), 227), E=(55, 7), R=(11,)) == 35
    assert words(Rank((Term("E", 4), Term("R")), 227), E=(55, 7, 1), R=(11,)) == 11


def test_a_pointwise_filter_of_stride_two_touches_every_second_row() -> None:
    assert words(Rank((Term("E", 2), Term("R")), 56), E=(28,), R=(1,)) == 28


def test_padding_takes_no_space() -> None:
    # 13 output rows, 3-row filter, one row of padding on both sides: 13 rows of data, not 15.
    padded = Rank((Term("E"), Term("R")), 13, offset=-1)
    assert words(padded, E=(13,), R=(3,)) == 13
    # Tiles of 5 output rows: rows -1..5 (6 of data), 4..10 (all 7), 9..13 (4 of data).
    assert words(padded, E=(13, 5), R=(3,)) == 7


def test_padding_wider_than_the_filter_leaves_the_last_ragged_tile_the_fullest() -> None:
    # One tap, offset -6, 4 rows of data: output rows 6..9 are the data. Tiles of 7: 0..6 holds 1 row, 7..9 holds 3.
    assert words(Rank((Term("E"),), 4, offset=-6), E=(10, 7)) == 3


def test_a_tensor_wholly_in_the_padding_takes_nothing() -> None:
    assert words(Rank((Term("E"),), 4, offset=-6), E=(6,)) == 0


def test_a_scalar_takes_one_word() -> None:
    assert tensor_tile_words(Tensor("outputs", ()), {}) == 1


def test_a_fully_connected_layer_of_any_size_needs_no_enumeration() -> None:
    weights = Tensor("weights", (Rank((Term("M"),), 10**9), Rank((Term("K"),), 10**9)))
    assert tensor_tile_words(weights, {"M": (10**9, 10**6), "K": (10**9, 7)}) == 7 * 10**6
