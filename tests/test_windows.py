"""Sums over windows: small ones are worked by hand, others held against sets of indexes, element by element."""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random
from typing import NamedTuple

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
    return Place(bound, rounds, divisors(rounds), outside, inside)


def test_halo_of_a_three_row_filter_stays_while_its_window_slides() -> None:
    # 8 output rows, 3 filter rows: 10 input rows. A node of tile E = 2, R = 3 holds 4 rows and visits 4 tiles, 16 rows;
    # when E steps (from 2 to 4, and from 4 to 8) 2 rows stay each time: twice inside the halves and once between them.
    rank = Rank((Term("E"), Term("R")), 10)
    every, kept = windows._sums(rank, False, (place(8), place(3)))
    tile = divisors(8).index(2) * 2 + divisors(3).index(3)
    wider = divisors(8).index(4) * 2 + divisors(3).index(3)
    assert every[tile] == 16
    assert kept[tile, tile, 1] == 2 * 2  # E by two, in both halves
    assert kept[tile, wider, 1] == 1 * 2  # between the halves: the tile goes from the last to the next


def test_stride_gaps_leave_nothing_in_place() -> None:
    # stride 4, one filter row at a time: rows 0, 4, 8, ...; no two positions share one
    rank = Rank((Term("E", 4), Term("R")), 4 * 3 + 2)
    every, kept = windows._sums(rank, False, (place(4), place(2)))
    single = 0  # E = 1, R = 1
    assert every[single] == 8
    assert not kept[single, :, 1:].any()


def test_padding_never_passes() -> None:
    # 4 output rows, 3 filter rows, one row of padding on each side: windows of 2, 3, 3 and 2 rows of data
    rank = Rank((Term("E"), Term("R")), 4, offset=-1)
    every, _ = windows._sums(rank, False, (place(4), place(3)))
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


class Laid(NamedTuple):
    """A dim as it lies in space: first element of every round in time, and (elements between neighbours, positions,
    mode) of what is spread."""

    rounds: list[int]
    spreads: list[tuple[int, int, int]]

    @staticmethod
    def of(place: Place) -> Laid:
        # Rounds and positions as the digits of an element, those of time and of space alternating from outside in.
        width = place.inside * prod(n for n, _, _ in place.outside)
        cuts, spreads = [(place.rounds, width)], []
        for n, below, mode in place.outside:
            width //= n
            spreads.append((below * width, n, mode))
            cuts.append((below, width))
        rounds = []
        for x in range(place.rounds):
            at, rest = 0, x
            for index, (wider, outside) in enumerate(cuts):
                below = cuts[index + 1][0] if index + 1 < len(cuts) else 1
                assert wider % below == 0
                at += rest // below * below * outside
                rest %= below
            rounds.append(at)
        return Laid(rounds, spreads)


def indexes(rank: Rank, dense: bool, starts: list[int], lengths: list[int]) -> set[int]:
    """The indexes that hold data of a tile with these first elements and elements per dim."""
    strides = [term.stride for term in rank.terms]
    first = rank.offset + sum(stride * at for stride, at in zip(strides, starts, strict=True))
    steps = product(*(range(0, stride * n, stride) for stride, n in zip(strides, lengths, strict=True)))
    found = {first + sum(step) for step in steps}
    found = set(range(min(found), max(found) + 1)) if dense else found
    return {x for x in found if 0 <= x < rank.size}


def summed(
    rank: Rank, dense: bool, places: tuple[Place, ...], node: tuple[int, ...], block: tuple[int, ...],
    wider: tuple[int, ...], steps: bool,
) -> tuple[int, int]:  # fmt: skip
    """(words that pass, words that stay) when loops over ``block`` start anew, or step from one to the next of the dim
    in which ``wider`` is more; every position in time and space is gone through."""
    laid = [Laid.of(p) for p in places]
    lengths = [tile * p.inside for tile, p in zip(node, places, strict=True)]
    spread = [(d, *own) for d, one in enumerate(laid) for own in one.spreads]
    passing = staying = 0
    outer = product(*(range(0, p.rounds, tile) for p, tile in zip(places, wider, strict=True)))
    moved = next((d for d in range(len(places)) if wider[d] > block[d]), 0)
    trips = range(1, wider[moved] // block[moved]) if steps else range(1)
    for time, step in product(outer, trips):
        after = [at + (step * block[d] if steps and d == moved else 0) for d, at in enumerate(time)]
        before = [at + block[d] - node[d] - (block[d] if steps and d == moved else 0) for d, at in enumerate(after)]

        def held(rounds: list[int], where: dict[int, int]) -> set[int]:
            starts = [laid[d].rounds[x] for d, x in enumerate(rounds)]
            for number, (d, distance, _, _) in enumerate(spread):
                starts[d] += distance * where.get(number, 0)
            return indexes(rank, dense, starts, lengths)

        def coordinates(mode: int) -> list[dict[int, int]]:
            mine = [number for number, own in enumerate(spread) if own[3] == mode]
            return [dict(zip(mine, at, strict=True)) for at in product(*(range(spread[n][2]) for n in mine))]

        for alone in coordinates(k.SUM):
            union: set[int] = set()
            needed: set[int] = set()
            for cast in coordinates(k.UNION):
                handed = [alone | cast | where for where in coordinates(k.FORWARD)]
                now = set().union(*(held(after, where) for where in handed))
                union |= now
                needed |= now - set().union(*(held(before, where) for where in handed))
            passing, staying = passing + len(union), staying + len(union) - len(needed)
    return passing, staying


@pytest.mark.parametrize("block", range(8))
def test_sums_equal_those_over_sets_of_indexes(block: int) -> None:
    compared = 0
    for seed in range(block * 20, block * 20 + 20):
        rank, dense, places = drawn(Random(seed))
        every, kept = windows._sums(rank, dense, places)
        for t in range(len(every)):
            node = reachable(places, t)
            if passes(places, node, node, node):
                assert every[t] == summed(rank, dense, places, node, node, node, False)[0], (seed, node)
            for q in range(len(every)):
                inside = reachable(places, q)
                for kind, move in enumerate([None, *windows._moves(places)]):
                    wider = tuple(n * move[1] if move and move[0] == d else n for d, n in enumerate(inside))
                    nests = all(n % tile == 0 for n, tile in zip(inside, node, strict=True))
                    fits = all(p.rounds % n == 0 for p, n in zip(places, wider, strict=True))
                    if nests and fits and passes(places, node, inside, wider):
                        compared += 1
                        stays = summed(rank, dense, places, node, inside, wider, move is not None)[1]
                        assert kept[t, q, kind] == stays, (seed, node, inside, move)
    assert compared > 200


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
