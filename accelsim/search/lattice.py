"""The lattice of frames with the same rounds: tile vectors, the loops between them, and how a tensor meets each."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from accelsim.search import kernels
from accelsim.search.edges import Edges
from accelsim.search.frames import Frame, divisors, factors
from accelsim.search.grid import Floats, Ints, along, digits_of, loops_of, tiles_of, ups_of
from accelsim.search.profiles import Profile


class Lattice:
    """Tile vectors, numbered in mixed radix by the tiles of the dims. ``profiles``: of the tensors in a frame."""

    def __init__(self, edges: Edges, frame: Frame, profiles: tuple[Profile, ...]) -> None:
        self.edges, self.rounds = edges, frame.rounds
        self.tensors = edges.problem.tensors
        self.ragged = frozenset(name for name in edges.dims if frame.is_ragged(name))
        self.tiles = tuple(divisors(n) for n in frame.rounds)
        self.shape = tuple(map(len, self.tiles)) or (1,)
        self.size = prod(self.shape)
        self.grids = tuple(profile.grid for profile in profiles)
        self.special = tuple(profile.special for profile in profiles)
        self.slides = tuple(profile.slides for profile in profiles)
        self._roles = tuple(profile.roles for profile in profiles)

    @cached_property
    def digits(self) -> Ints:
        """Per dim and tile vector, the number of the dim's tile."""
        return digits_of(self.shape)

    @cached_property
    def extent(self) -> Ints:
        """Tiles per dim."""
        return np.array(self.shape, np.int64)

    @cached_property
    def loops(self) -> tuple[Ints, Ints]:
        """Kinds of loops, of a prime number of trips each: dim and trips."""
        return loops_of(self.rounds)

    @cached_property
    def loops_left(self) -> Ints:
        """Per tile vector, loops of a prime number of trips that are still to come."""
        total = np.zeros((1,) * len(self.shape), np.int64)
        for d, tiles in enumerate(self.tiles):
            left = np.array([factors(self.rounds[d] // tile) for tile in tiles], np.int64)
            total = total + along(len(self.shape), d, left)
        return np.ascontiguousarray(np.broadcast_to(total, self.shape).reshape(-1))

    def ups(self, frame: Frame) -> Ints:
        """Per kind of loop and tile of its dim, the number of the tile after it; -1 where there is none, or where a
        dim's positions in space would then stand around no tile."""
        ups = ups_of(self.rounds)
        for m, d in enumerate(self.loops[0].tolist()):
            pins = [s.below for s in frame.along(self.edges.dims[d]) if s.below] if self.edges.dims else []
            if pins:
                ups, tiles = ups.copy(), self.tiles[d]
                for tile, after in enumerate(ups[m, : len(tiles)].tolist()):
                    if after >= 0 and any(pin % tiles[after] and tiles[after] % pin for pin in pins):
                        ups[m, tile] = -1
                    if after >= 0 and any(tiles[tile] < pin < tiles[after] for pin in pins):
                        ups[m, tile] = -1
        return ups

    @cached_property
    def places(self) -> tuple[Ints, Ints, Floats]:
        """Per tensor and tile vector: its place among the tiles of the tensor's own dims, and among those of its
        special dims; and rounds outside over the dims that reuse the tensor."""
        own, special, times = self.parts
        places, among = np.zeros((2, len(self.tensors), 1), np.int64)
        visits = np.ones((len(self.tensors), 1))
        for d, tiles in enumerate(self.shape):  # of the dims so far, the last being the quickest
            number, count = np.arange(tiles), len(self.tensors)
            places = (places[:, :, None] + own[d, :, None, None] * number).reshape(count, -1)
            among = (among[:, :, None] + special[d, :, None, None] * number).reshape(count, -1)
            visits = (visits[:, :, None] * times[d, :, None, :tiles]).reshape(count, -1)
        return places, among, visits

    @cached_property
    def parts(self) -> tuple[Ints, Ints, Floats]:
        """What a tile adds to the first two of ``places``, and what it multiplies the third by: [dim, tensor] per
        number of the tile, and [dim, tensor, tile]."""
        tiles, dims = tiles_of(self.rounds), self.edges.dims
        own, special = (np.zeros((len(tiles), len(self.tensors)), np.int64) for _ in range(2))
        times = np.ones((len(tiles), len(self.tensors), tiles.shape[1]))
        for t, tensor in enumerate(self.tensors):
            inner = within = 1
            for d in reversed(range(len(dims))):
                if dims[d] in tensor.dims:
                    own[d, t], inner = inner, inner * self.shape[d]
                elif dims[d] not in self.ragged:
                    times[d, t] = self.rounds[d] / tiles[d]
                if d in self.special[t]:
                    special[d, t], within = within, within * self.shape[d]
        return own, special, times

    @cached_property
    def closes(self) -> Ints:
        """Per dim and tile, a bit for every edge around whose child loops that change its tile may run."""
        out = np.full((len(self.shape), max(self.shape)), -1, np.int64)
        for d, bits in enumerate(self.edges.complete):
            out[d, : self.shape[d] - 1] &= ~bits
        return out

    @cached_property
    def site(self) -> tuple[Any, ...]:
        """What the kernels of bounds take: tiles per dim, and tile vectors between neighbours; loops, dim and trips;
        and ``parts``."""
        strides = np.array([prod(self.shape[d + 1 :]) for d in range(len(self.shape))], np.int64)
        return self.extent, strides, *self.loops, *self.parts

    @property
    def special_at(self) -> Ints:
        """Per tensor and tile vector, the place among the tiles of its special dims."""
        return self.places[1]

    @property
    def visits(self) -> Floats:
        """Per tensor and tile vector, rounds outside over the dims that reuse it."""
        return self.places[2]

    @property
    def nbytes(self) -> int:
        """Bytes that its arrays take, about."""
        return 8 * self.size * (3 * len(self.tensors) + 1)

    # Special dims among all

    @cached_property
    def widths(self) -> Ints:
        """Per tensor, tile vectors of its special dims."""
        return np.array([grid.size for grid in self.grids], np.int64)

    @cached_property
    def groups(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Groups per tensor; places of special tile vectors in the grid of each; tiles of each; kinds of what stays in
        each; and per loop the kind that it is to each."""
        most, width = max(grid.groups[1].shape[1] for grid in self.grids), int(self.widths.max())
        local = np.zeros((len(self.grids), most, width), np.int64)
        counts, kinds = (np.ones((len(self.grids), most), np.int64) for _ in range(2))
        kind_of = np.zeros((len(self.grids), most, len(self.loops[0])), np.int64)
        for t, grid in enumerate(self.grids):
            _, places, own_counts, own_kinds, own_kind = grid.groups
            g, w = places.shape[1:]
            local[t, :g, :w], counts[t, :g], kinds[t, :g] = places[0], own_counts[0], own_kinds[0]
            for m, mine in self._own(t):
                kind_of[t, :g, m] = own_kind[0, :, mine]
        return np.array([len(grid.members) for grid in self.grids]), local, counts, kinds, kind_of

    @cached_property
    def own_loops(self) -> Ints:
        """Per tensor and loop, its number among those of the tensor's special dims, or -1."""
        out = np.full((len(self.grids), len(self.loops[0])), -1, np.int64)
        for t in range(len(self.grids)):
            for m, mine in self._own(t):
                out[t, m] = mine
        return out

    def _own(self, tensor: int) -> list[tuple[int, int]]:
        """(number of a loop, its number among those of a tensor's special dims)."""
        dims = self.special[tensor]
        first: dict[int, int] = {}
        for mine, d in enumerate(self.grids[tensor].loops[0].tolist() if dims else []):
            first.setdefault(dims[d], mine)
        seen = dict.fromkeys(dims, 0)
        out = []
        for m, d in enumerate(self.loops[0].tolist()):
            if d in first:
                out.append((m, first[d] + seen[d]))
                seen[d] += 1
        return out

    @cached_property
    def roles(self) -> Ints:
        """Per tensor and dim, what a loop over it does (FREE .. REUSES of the kernels)."""
        out = np.full((len(self.tensors), self.edges.columns), kernels.FREE, np.int64)
        for t, tensor in enumerate(self.tensors):
            out[t, [d for d, name in enumerate(self.edges.dims) if name in tensor.dims]] = kernels.MOVES
            out[t, list(self.special[t])] = self._roles[t]
        return out

    @cached_property
    def steps(self) -> Ints:
        """Per tensor, loop and special tile vector, the one after the loop; -1 where there is none."""
        out = np.full((len(self.grids), len(self.loops[0]), int(self.widths.max())), -1, np.int64)
        for t, grid in enumerate(self.grids):
            for m, mine in self._own(t):
                out[t, m, : grid.size] = grid.steps[mine]
        return out

    @cached_property
    def slots(self) -> Ints:
        """Per edge, the column of a label that knows where its slide began; -1 when its tile cannot slide."""
        numbers: dict[tuple[int, int], int] = {}
        out = [numbers.setdefault((edge.tensor, edge.child), len(numbers)) if self.slides[edge.tensor] else -1
               for edge in self.edges.all]  # fmt: skip
        return np.array(out, np.int64)
