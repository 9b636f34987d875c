"""Tiles of some dims, numbered in mixed radix, and the loops of a prime number of trips between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.search.frames import divisors, primes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Tile vectors of a tensor's special dims. ``members``: per group of the tensor, its dims among these; ``rounds``:
    per dim, the number that its tiles divide."""

    members: tuple[tuple[int, ...], ...]
    rounds: tuple[int, ...]

    @staticmethod
    @lru_cache(maxsize=4096)
    def of(members: tuple[tuple[int, ...], ...], rounds: tuple[int, ...]) -> Grid:
        return Grid(members, rounds)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(divisors(n)) for n in self.rounds)

    @cached_property
    def size(self) -> int:
        return prod(self.shape)

    @cached_property
    def loops(self) -> tuple[Ints, Ints]:
        """Kinds of loops: dim and trips."""
        return loops_of(self.rounds)

    @cached_property
    def groups(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """For the one tensor: how many groups; places of tile vectors in the grid of each; tiles of each; kinds of what
        stays in each; and per loop the kind that it is to each."""
        most, kinds_of = max(1, len(self.members)), list(zip(*(own.tolist() for own in self.loops), strict=True))
        local, counts = np.zeros((1, most, self.size), np.int64), np.ones((1, most), np.int64)
        kinds, kind_of = np.ones((1, most), np.int64), np.zeros((1, most, len(kinds_of)), np.int64)
        digits = digits_of(self.shape)
        for g, dims in enumerate(self.members):
            place = np.zeros(self.size, np.int64)
            for d in dims:
                place = place * self.shape[d] + digits[d]
            local[0, g] = place
            mine = [(d, trips) for d in dims for trips in primes(self.rounds[d])]  # in the order of the tables
            counts[0, g], kinds[0, g] = prod(self.shape[d] for d in dims), 1 + len(mine)
            for m, loop in enumerate(kinds_of):
                kind_of[0, g, m] = 1 + mine.index(loop) if loop in mine else 0
        return np.array([len(self.members)]), local, counts, kinds, kind_of

    @cached_property
    def steps(self) -> Ints:
        """Per loop and tile vector, the one after the loop; -1 where there is none."""
        return steps_of(self.shape, self.loops[0], ups_of(self.rounds))

    @cached_property
    def nests(self) -> Flags:
        """Whether tile vectors (row) lie inside others (column)."""
        out = np.ones((1, 1), np.bool_)
        for n in self.rounds:
            tiles = np.array(divisors(n))
            out = np.kron(out, tiles[None, :] % tiles[:, None] == 0)
        return out


def along(dims: int, dim: int, values: NDArray[Any]) -> NDArray[Any]:
    """Values per tile of a dim, on its axis among so many."""
    shape = [1] * dims
    shape[dim] = -1
    return values.reshape(shape)


@lru_cache(maxsize=256)
def digits_of(shape: tuple[int, ...]) -> Ints:
    return np.indices(shape).reshape(len(shape), -1).astype(np.int64) if shape else np.zeros((0, 1), np.int64)


def steps_of(shape: tuple[int, ...], dims: Ints, ups: Ints) -> Ints:
    """Per loop and tile vector, the one after the loop, or -1; ``dims``: of the loops, ``ups``: see ups_of."""
    digits = digits_of(shape)
    out = np.full((len(dims), digits.shape[1]), -1, np.int64)
    for m, d in enumerate(dims.tolist() if len(digits) else ()):
        after = ups[m][digits[d]]
        out[m] = np.where(after >= 0, np.arange(digits.shape[1]) + (after - digits[d]) * prod(shape[d + 1 :]), -1)
    return out


@lru_cache(maxsize=256)
def tiles_of(rounds: tuple[int, ...]) -> Ints:
    """Tiles per dim, room being left behind the last."""
    out = np.ones((max(1, len(rounds)), max([1, *(len(divisors(n)) for n in rounds)])), np.int64)
    for d, n in enumerate(rounds):
        out[d, : len(divisors(n))] = divisors(n)
    return out


@lru_cache(maxsize=256)
def ups_of(rounds: tuple[int, ...]) -> Ints:
    rows = []
    for count in rounds:
        tiles = divisors(count)
        place = {tile: i for i, tile in enumerate(tiles)}
        rows += [[place.get(tile * prime, -1) for tile in tiles] for prime in primes(count)]
    out = np.full((max(1, len(rows)), max([1, *map(len, rows)])), -1, np.int64)
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return out


@lru_cache(maxsize=256)
def loops_of(rounds: tuple[int, ...]) -> tuple[Ints, Ints]:
    pairs = [(d, prime) for d, count in enumerate(rounds) for prime in primes(count)] or [(0, 1)]
    return np.array([d for d, _ in pairs], np.int64), np.array([prime for _, prime in pairs], np.int64)
