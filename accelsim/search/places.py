"""What may stand where in a frame: sizes of tiles, shared memories, and the rules of the dataflow."""

from __future__ import annotations

from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from accelsim.search.edges import LARGEST, Edges
from accelsim.search.frames import Frame
from accelsim.search.grid import Flags, Ints, steps_of
from accelsim.search.held import allowed, bits_of, sizes_of
from accelsim.search.lattice import Lattice
from accelsim.search.problem import Problem
from accelsim.search.sides import sides_of
from accelsim.search.states import States
from accelsim.search.windows import WindowTables


class Stand(NamedTuple):
    """Per edge and tile vector: bits that the child's tile takes in its level, whether it may stand there as far as its
    own tile goes, and whether loops that change it may run outside from there on."""

    bits: Ints
    place_ok: Flags
    closed_ok: Flags


class Places:
    """A frame with its lattice, the sides of its tensors, and what each memory holds and may hold."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None = None) -> None:
        """``measures``: how many of the problem's are wanted; None for all."""
        self.problem, self.frame, self.tables, self.number = problem, frame, tables, tables.counted()
        self.measures = len(problem.measures[:measures])
        self.dims, self.edges, self.radix = problem.rules.dims, problem.edges, len(problem.levels)
        self.common = tables.once("states", partial(States, problem))
        self.held = tables.once("edges", partial(Edges, problem, tables))
        self.sides = sides_of(self.held, frame, tables, measures)
        profiles = tuple(side.profile for side in self.sides)
        key = "lattice", frame.rounds, tuple(profile.special for profile in profiles)
        self.lattice = tables.lent(key, partial(Lattice, self.held, frame, profiles))

    @cached_property
    def ups(self) -> Ints:
        """Per kind of loop and tile of its dim, the number of the tile after it (Lattice.ups)."""
        return self.lattice.ups(self.frame)

    @cached_property
    def moves(self) -> Ints:
        """Per kind of loop and tile vector, the tile vector after it, or -1."""
        return steps_of(self.lattice.shape, self.lattice.loops[0], self.ups)

    @cached_property
    def stand(self) -> Stand:
        """For labels, which come to a tile vector often; bounds take ``standing``."""
        tensor, held, first, room, *rules = self.standing
        digits, number = self.lattice.digits, np.arange(len(tensor))[:, None]
        bits = held[first[:, None] + self.lattice.places[0][tensor]]
        may, closes = (
            np.bitwise_and.reduce([rule[d][digits[d]] for d in range(len(digits))]) >> number & 1 == 1 for rule in rules
        )
        return Stand(bits, may & (bits <= room[:, None]), closes)

    @cached_property
    def standing(self) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
        """Per edge the tensor; bits of tiles, by their place among those of the tensor, and where they begin; room in
        bits; and per dim and tile the edges whose child may stand there, and those around whose child loops that
        change it may run, a bit each."""
        held, frame, tables = self.held, self.frame, self.tables
        own = [bits_of(held, t, sizes_of(held, frame, t), tables) for t in range(len(self.sides))]
        first, at = np.zeros(len(self.edges), np.int64), 0
        for mine, bits in zip(held.of, own, strict=True):
            first[mine] = at + np.arange(len(mine)) * bits.shape[1]
            at += bits.size
        flat = np.concatenate([bits.ravel() for bits in own])
        room = np.where(held.room < LARGEST, held.room - held.neighbours @ flat[first], LARGEST)
        return held.tensors, flat, first, room, allowed(held, frame), self.lattice.closes

    @cached_property
    def within(self) -> list[int]:
        """Per edge, its number among those of its tensor."""
        return [self.sides[edge.tensor].profile.edges.index(edge) for edge in self.edges]
