"""What a mapping moves, in program order: blocks of compute steps, and the tiles that change before each.

Before a block, outputs drain from the innermost place outwards, then tiles are filled from the outermost inwards
(DESIGN.md, section 1); the words of each are those that the execution moves, in the instance where they are most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal as Choice

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping
from accelsim.simulate.literal import Coordinates, Element, Literal
from accelsim.simulate.places import Place, check_executable
from accelsim.simulate.reference import Values, random_operands
from accelsim.workload.operation import Operation


@dataclass(frozen=True, slots=True)
class Change:
    """Words that move between a place and its parent before a block, per instance where they are most.

    fill   parent_reads leave the parent, child_words arrive
    drain  child_words leave, parent_writes arrive in the parent, which reads parent_reads to add to them
    """

    kind: Choice["fill", "drain"]
    place: int
    child_words: int
    parent_reads: int
    parent_writes: int = 0


@dataclass(slots=True)
class Block:
    """``changes`` in order, then ``steps`` compute steps in which the MACs read and write ``mac_reads`` and
    ``mac_writes`` words of a place, by number, in its busiest instance of each step."""

    changes: list[Change] = field(default_factory=list)
    steps: int = 0
    mac_reads: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    mac_writes: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Program:
    """``places`` (storage nodes, then MACs) and ``blocks``; the last has no steps when outputs drain at the end."""

    operation: Operation
    architecture: Architecture
    places: tuple[Place, ...]
    blocks: tuple[Block, ...]


def recorded_program(operation: Operation, architecture: Architecture, mapping: Mapping) -> Program:
    """The program of a mapping by executing it literally, element by element: slow, exact, for any mapping."""
    check_executable(operation)
    run = _Recorder(operation, architecture, mapping, random_operands(operation, 0))
    run.run()
    return Program(operation, architecture, run.places, tuple(run.blocks))


class _Recorder(Literal):
    """The literal execution, with a look at the tally before and after everything that moves words."""

    def __init__(self, operation: Operation, architecture: Architecture, mapping: Mapping, data: list[Values]) -> None:
        super().__init__(operation, architecture, mapping, data)
        self.blocks: list[Block] = []
        self.given: list[defaultdict[Coordinates, set[Element]]] = [defaultdict(set) for _ in self.places]

    def _block(self) -> Block:
        """The block that changes now belong to: a new one when the last has begun to compute."""
        if not self.blocks or self.blocks[-1].steps:
            self.blocks.append(Block())
        return self.blocks[-1]

    def _log(self, change: Change) -> None:
        if change.child_words or change.parent_reads or change.parent_writes:
            self._block().changes.append(change)

    def _look(self, places: Iterable[int]) -> dict[int, Values]:
        return {i: self.tally.words[i].copy() for i in places}

    def _since(self, before: dict[int, Values], place: int, counter: int) -> Values:
        moved: Values = self.tally.words[place][counter] - before[place][counter]
        return moved

    def _fill(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        parent = self.places[i].parent
        if parent is None:
            super()._fill(i, tiles)
            return
        before = self._look((i, parent))
        super()._fill(i, tiles)
        arrived, read = self._since(before, i, _FILLS), self._since(before, parent, _READS)
        self._log(Change("fill", i, int(arrived.max()), int(read.max())))

    def _resume(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        parent = self.places[i].parent
        before = self._look((i,))
        super()._resume(i, tiles)
        if parent is None:
            return
        arrived = self._since(before, i, _FILLS)
        inside = tuple(range(self.places[parent].spatial, arrived.ndim))
        self._log(Change("fill", i, int(arrived.max()), int(arrived.sum(axis=inside).max())))

    def _drain(self, i: int, tiles: dict[Coordinates, set[Element]]) -> None:
        parent = self.places[i].parent
        if parent is None:
            super()._drain(i, tiles)
            return
        returned = np.zeros(self.tally.words[parent].shape[1:], dtype=np.int64)
        for j, tile in tiles.items():
            gone = {e for e in self.given[i][j] if e in self.buffers[i][j].held and e not in tile}
            self.given[i][j] -= gone
            returned[j[: self.places[parent].spatial]] += len(gone)
        before = self._look((i, parent))
        super()._drain(i, tiles)
        left, added = self._since(before, i, _DRAINS), self._since(before, parent, _UPDATES)
        # What was read to hand a sum back has been read when it was handed back.
        read = self._since(before, parent, _READS) - returned
        self._log(Change("drain", i, int(left.max()), int(read.max()), int(added.max())))

    def _returned(self, i: int, j: Coordinates, element: Element) -> int:
        before = self.tally.returned[i, 0]
        value = super()._returned(i, j, element)
        if self.tally.returned[i, 0] != before:
            self.given[i][j].add(element)
        return value

    def _multiply(self, time: Coordinates) -> None:
        innermost = [self.places[i].parent for i in range(len(self.places)) if self.places[i].is_mac]
        kept = [i for i in innermost if i is not None]
        block = self._block() if not self.blocks else self.blocks[-1]
        before = self._look(kept)
        super()._multiply(time)
        block.steps += 1
        for i in kept:
            block.mac_reads[i] += int(self._since(before, i, _READS).max())
            block.mac_writes[i] += int(self._since(before, i, _UPDATES).max())


_READS, _FILLS, _UPDATES, _DRAINS = range(4)
