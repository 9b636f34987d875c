"""Sums over windows: two ways to compute them agree, and small ones are worked by hand."""

from __future__ import annotations

from math import prod
from random import Random

import numpy as np
import pytest

from accelsim.model import kernels as k
from accelsim.search import windows
from accelsim.search.frames import divisors
from accelsim.search.place import Place
from accelsim.search.space_size import _orders, _placements
from accelsim.workload.operation import Rank, Term


def place(rounds: int, *outside: tuple[int, int, int], inside: int = 1) -> Place:
    bound = rounds * inside * prod(n for n, _, _ in outside)
    return Place(bound, rounds, divisors(rounds), outside, inside, False)


def test_halo_of_a_three_row_filter_stays_while_its_window_slides() -> None:
    # 8 output rows, 3 filter rows: 10 input rows. A node of tile E = 2, R = 3 holds 4 rows and visits 4 tiles, 16 rows;
    # when E steps (from 2 to 4, and from 4 to 8) 2 rows stay each time: twice inside the halves and once between them.
    rank = Rank((Term("E"), Term("R")), 10)
    every, kept = windows._even(rank, False, (place(8), place(3)))
    tile = divisors(8).index(2) * 2 + divisors(3).index(3)
    wider = divisors(8).index(4) * 2 + divisors(3).index(3)
    assert every[tile] == 16
    assert kept[tile, tile, 1] == 2 * 2  # E by two, in both halves
    assert kept[tile, wider, 1] == 1 * 2  # between the halves: the tile goes from the last to the next


def test_stride_gaps_leave_nothing_in_place() -> None:
    # stride 4, one filter row at a time: rows 0, 4, 8, ...; no two positions share one
    rank = Rank((Term("E", 4), Term("R")), 4 * 3 + 2)
    every, kept = windows._even(rank, False, (place(4), place(2)))
    single = 0  # E = 1, R = 1
    assert every[single] == 8
    assert not kept[single, :, 1:].any()


def test_padding_never_passes() -> None:
    # 4 output rows, 3 filter rows, one row of padding on each side: windows of 2, 3, 3 and 2 rows of data
    rank = Rank((Term("E"), Term("R")), 4, offset=-1)
    every, _ = windows._even(rank, False, (place(4), place(3)))
    assert every[divisors(3).index(3)] == 2 + 3 + 3 + 2


def drawn(draw: Random) -> tuple[Rank, bool, tuple[Place, ...]]:
    places, terms = [], []
    for name in ("E", "R")[: draw.choice((1, 2, 2, 2))]:
        rounds = draw.choice((1, 2, 3, 4, 6))
        outside, below = [], rounds
        for _ in range(draw.choice((0, 0, 1, 1, 2))):
            below = draw.choice(divisors(below))
            outside.append((draw.choice((2, 3)), below, draw.choice((k.SUM, k.UNION, k.FORWARD, k.FIRST))))
        places.append(place(rounds, *outside, inside=draw.choice((1, 1, 2))))
        terms.append(Term(name, draw.choice((1, 1, 2, 3))))
    reach = 1 + sum(t.stride * (p.bound - 1) for t, p in zip(terms, places, strict=True))
    offset = draw.choice((0, 0, -1, -2))
    size = max(1, reach + offset - draw.choice((0, 0, 1, 2)))
    return Rank(tuple(terms), size, offset), draw.random() < 0.2, tuple(places)


def reachable(places: tuple[Place, ...], at: int) -> tuple[int, ...]:
    counts = [len(p.tiles) for p in places]
    return tuple(p.tiles[i] for p, i in zip(places, np.unravel_index(at, counts), strict=True))


def passes(places: tuple[Place, ...], node: tuple[int, ...], block: tuple[int, ...], wider: tuple[int, ...]) -> bool:
    """Whether nests have such loops: what lies in space stands between tiles that it divides, the node inside it."""
    for p, *tiles in zip(places, node, block, wider, strict=True):
        for _, below, _ in p.outside:
            if tiles[0] > below or any(t % below and below % t for t in tiles):
                return False
            if tiles[1] < below < tiles[2]:
                return False
    return True


@pytest.mark.parametrize("block", range(8))
def test_patterns_at_every_place_equal_a_visit_to_every_position(block: int) -> None:
    compared = 0
    for seed in range(block * 40, block * 40 + 40):
        rank, dense, places = drawn(Random(seed))
        every, kept = windows._even(rank, dense, places)
        slow_every, slow_kept = windows._uneven(rank, dense, places)
        for t in range(len(every)):
            node = reachable(places, t)
            if passes(places, node, node, node):
                assert every[t] == slow_every[t], (seed, node)
            for q in range(len(every)):
                inside = reachable(places, q)
                for kind, move in enumerate([None, *windows._moves(places)]):
                    wider = tuple(n * move[1] if move and move[0] == d else n for d, n in enumerate(inside))
                    if passes(places, node, inside, wider):
                        compared += 1
                        assert kept[t, q, kind] == slow_kept[t, q, kind], (seed, node, inside, move)
    assert compared > 1000


def test_orders_of_loops_and_places_of_nodes_by_hand() -> None:
    # 12 = 2 x 2 x 3: three orders of the twos and the three; with a second dim of 2, 4! / 2! = 12
    assert _orders((12,)) == 3
    assert _orders((2, 12)) == 12
    # one level that must keep a tensor: its node stands in one of three gaps around two loops
    assert _placements((("must", "must"),), 2) == 3
    # a level that may: or there is none
    assert _placements((("must", "may"),), 2) == 4
    # two that must: places i <= j of two nodes among two loops
    assert _placements((("must", "must", "must"),), 2) == 6
