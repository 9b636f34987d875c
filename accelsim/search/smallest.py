"""The least that memories must hold, whatever the mapping: tells which of them leaves no mapping.

Three exchanges leave little to look at, as none makes a tile larger or breaks a rule:

- a level that need not keep a tensor does not;
- a dim has one loop in time: where it has several, all that they run stands in the outermost one;
- a dim that no tensor has to finish (``complete`` of the dataflow) loops outside everything; it lies in space only
  where it must be unrolled, or may not loop there.

So a tile has, per dim, its least extent or the whole, and a nest is an order of nodes and loops, built from the MACs
outwards.  Nests with the same nodes and loops inside compete by the words in every memory (Pareto).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import NamedTuple

from accelsim.mapping.tiles import tensor_tile_words
from accelsim.search.frames import Frame, frames
from accelsim.search.problem import Problem
from accelsim.search.rules import Rules

FRAMES = 100
"""Ways to lie in space that are looked at one by one before a bound over all of them has to do."""


@dataclass(frozen=True)
class Room:
    """How the dims lie in space, or how far they could. ``extents``: per dim and number of fan-outs outside, its tile
    inside a loop in time over it, and the whole; ``looped``: dims with such a loop; ``used``: fan-outs in use."""

    extents: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    looped: frozenset[str]
    used: frozenset[int]


class Tile(NamedTuple):
    """A tensor's smallest tile in a level, by their numbers, and its extents."""

    tensor: int
    level: int
    extents: tuple[tuple[str, int], ...]


class Memory(NamedTuple):
    """A bounded memory: a level's number, and that of the tensor whose partition it is, or None."""

    level: int
    tensor: int | None


class Nest(NamedTuple):
    """Bits in every memory, and the tiles that they are."""

    bits: tuple[int, ...]
    tiles: tuple[Tile, ...]


Place = tuple[tuple[int, ...], frozenset[str], frozenset[int]]
"""Nodes that stand per tensor, dims whose loops do, and rules of completeness that are not settled yet."""


class Smallest:
    """The nests of smallest tiles of a problem; the dims in ``without`` count as if they had one element."""

    def __init__(self, problem: Problem, aligned: bool, without: frozenset[str] = frozenset()) -> None:
        self.problem, self.aligned, self.without = problem, aligned, without
        keeps = problem.keeps
        self.chains = tuple(
            tuple(i for i in range(len(own) - 1, 0, -1) if own[i] == "must") for own in keeps
        )  # innermost first
        self.rules = _narrowed(problem.rules, frozenset().union(*(barred for _, _, barred in self._complete)))

    @cached_property
    def _complete(self) -> list[tuple[int, int, frozenset[str]]]:
        """(level, tensor, dims to finish) of the nodes that must stand."""
        levels = [level.name for level in self.problem.levels]
        names = [tensor.name for tensor in self.problem.tensors]
        found = ((levels.index(x), names.index(t), barred) for x, t, barred in self.problem.rules.complete)
        return [entry for entry in found if entry[0] in self.chains[entry[1]]]

    @cached_property
    def memories(self) -> dict[Memory, int]:
        """Bits that every bounded memory holds, the outermost aside."""
        out = {}
        for number, level in enumerate(self.problem.levels):
            for t, tensor in enumerate(self.problem.tensors):
                if number in self.chains[t]:
                    private = dict(level.tensor_capacity_words).get(tensor.name)
                    words = level.capacity_words if private is None else private
                    if words is not None:
                        out[Memory(number, None if private is None else t)] = words * level.word_bits
        return out

    def memory(self, level: int, tensor: int) -> int:
        """The place of a tensor's memory among ``memories``, or -1."""
        held = list(self.memories)
        own = Memory(level, tensor)
        shared = Memory(level, None)
        return held.index(own) if own in held else held.index(shared) if shared in held else -1

    def bits(self, tile: Tile, bounds: dict[str, int]) -> int:
        """Bits of a tile, all buffers together, when the dims have these bounds."""
        tensor, level = self.problem.tensors[tile.tensor], self.problem.levels[tile.level]
        chains = {dim: (bound, bound) for dim, bound in bounds.items()}
        chains |= {dim: (bounds[dim], min(bounds[dim], n)) for dim, n in tile.extents}
        return tensor_tile_words(tensor, chains) * level.element_bits(tensor.bits) * level.buffers

    # Rooms

    def any_frame(self) -> bool:
        """Whether the dims can lie in space at all as the dataflow asks."""
        return next(frames(self.rules, self.aligned), None) is not None

    def bounds(self) -> Iterator[Room]:
        """Per choice of fan-outs in use, more room than any frame has: every dim as if alone on its axes."""
        fanouts = range(len(self.problem.rules.architecture.fanouts))
        for flags in product((False, True), repeat=len(fanouts)):
            room = self._alone(frozenset(f for f in fanouts if flags[f]))
            if room is not None:
                yield room

    def _alone(self, used: frozenset[int]) -> Room | None:
        fanouts, allowed = self.rules.architecture.fanouts, dict(self.rules.spatial)
        passes, looped, extents = dict(self.rules.passes), set(), []
        idle = set(used)
        for dim, bound in self._bounds():
            sizes = [
                prod(axis.size for axis in fanout.axes if f in used and dim in allowed[axis.name])
                for f, fanout in enumerate(fanouts)
            ]
            idle -= {f for f, size in enumerate(sizes) if size > 1}
            outside = [min(bound, prod(sizes[:f])) for f in range(len(sizes) + 1)]
            rounds = -(-bound // outside[-1])
            if rounds > passes.get(dim, bound):
                return None
            looped |= {dim} if rounds > 1 else set()
            least = -(-bound // min(bound, passes.get(dim, bound)))  # positions, so that the passes suffice
            extents.append((dim, tuple((-(-least // n), -(-bound // n)) for n in outside)))
        return None if idle else Room(tuple(extents), frozenset(looped), used)

    @cached_property
    def rooms(self) -> tuple[tuple[Room, ...], bool]:
        """Ways to lie in space, and whether that is all of them."""
        found: dict[Room, None] = {}
        for number, frame in enumerate(frames(self.rules, self.aligned)):
            if len(found) == FRAMES or number == 50 * FRAMES:
                return tuple(found), False
            found[self._room(frame)] = None
        return tuple(found), True

    def _room(self, frame: Frame) -> Room:
        depth, extents, looped = len(self.rules.architecture.fanouts), [], set()
        rounds = dict(zip(self.rules.dims, frame.rounds, strict=True))
        for dim, bound in self._bounds():
            inside = [frame.positions(dim, f) for f in range(depth + 1)]
            looped |= {dim} if rounds[dim] > 1 else set()
            extents.append((dim, tuple((n, min(bound, n * rounds[dim])) for n in inside)))
        return Room(tuple(extents), frozenset(looped), frozenset(frame.fanouts))

    def _bounds(self) -> list[tuple[str, int]]:
        extents = self.problem.rules.operation.extents
        return [(dim, extents[dim]) for dim in self.problem.rules.listed if dim not in self.without]

    # Nests

    def nests(self, room: Room) -> list[Nest]:
        """Nests in the room that no other undercuts in all memories; none when its loops may stand in no order."""
        held = room.looped & frozenset().union(*(barred for _, _, barred in self._complete))
        start: Place = ((0,) * len(self.chains), frozenset(), frozenset())
        layer: dict[Place, list[Nest]] = {start: [Nest((0,) * len(self.memories), ())]}
        if not all(self._may_run(dim, tuple(map(len, self.chains))) for dim in room.looped - held):
            return []
        for _ in range(sum(map(len, self.chains)) + len(held)):
            after: dict[Place, list[Nest]] = {}
            for place, nests in layer.items():
                for more, tile in self._onwards(place, room, held):
                    for nest in nests:
                        _compete(after.setdefault(more, []), self._with(nest, tile))
            layer = after
        return [nest for nests in layer.values() for nest in nests]

    def _onwards(self, place: Place, room: Room, held: frozenset[str]) -> Iterator[tuple[Place, Tile | None]]:
        """One node or loop more, around what stands."""
        counts, looped, waiting = place
        for t, chain in enumerate(self.chains):
            if counts[t] < len(chain) and self._may_stand(t, chain[counts[t]], counts, room):
                level = chain[counts[t]]
                outside = self.problem.above[level]
                tile = Tile(t, level, tuple((d, n[outside][d in looped]) for d, n in room.extents))
                more = tuple(n + (i == t) for i, n in enumerate(counts))
                rules = {i for i, (x, y, barred) in enumerate(self._complete)
                         if (x, y) == (level, t) and not barred & held <= looped}  # fmt: skip
                yield (more, looped, waiting | rules), tile
        for dim in sorted(held - looped):
            moved = (i for i in waiting if dim in self.problem.tensors[self._complete[i][1]].dims)
            if self._may_run(dim, counts) and not any(True for _ in moved):
                grown = looped | {dim}
                left = frozenset(i for i in waiting if not self._complete[i][2] & held <= grown)
                yield (counts, grown, left), None

    def _may_stand(self, tensor: int, level: int, counts: tuple[int, ...], room: Room) -> bool:
        """Whether all that lies further inside an array in use stands, and no nested level is out of order."""
        depths = [sum(f < above for f in room.used) for above in self.problem.above]
        nested = [x.nested for x in self.problem.levels]
        for t, chain in enumerate(self.chains):
            if t != tensor:
                if any(depths[x] > depths[level] for x in chain[counts[t] :]):
                    return False
                if any(x < level and (nested[x] or nested[level]) for x in chain[: counts[t]]):
                    return False
        return True

    def _may_run(self, dim: str, counts: tuple[int, ...]) -> bool:
        """Whether a loop in time over the dim may stand around these nodes: ``inside`` of the dataflow."""
        open_ = {0, *(x for chain, n in zip(self.chains, counts, strict=True) for x in chain[n:])}
        names = {self.problem.levels[x].name for x in open_}
        return all(dim in inside or not names & levels for levels, inside in self.rules.inside)

    def _with(self, nest: Nest, tile: Tile | None) -> Nest:
        if tile is None:
            return nest
        at = self.memory(tile.level, tile.tensor)
        if at < 0:
            return nest
        size = self._size(tile)
        return Nest(tuple(n + size * (i == at) for i, n in enumerate(nest.bits)), (*nest.tiles, tile))

    @cached_property
    def _sizes(self) -> dict[Tile, int]:
        return {}

    def _size(self, tile: Tile) -> int:
        if tile not in self._sizes:
            ones = dict.fromkeys(self.without, 1)
            self._sizes[tile] = self.bits(tile, self.problem.rules.operation.extents | ones)
        return self._sizes[tile]


def _compete(nests: list[Nest], new: Nest) -> None:
    """Add a nest unless one with no more bits anywhere is there; those that it undercuts go."""
    if any(all(a <= b for a, b in zip(old.bits, new.bits, strict=True)) for old in nests):
        return
    nests[:] = [old for old in nests if not all(a <= b for a, b in zip(new.bits, old.bits, strict=True))]
    nests.append(new)


def _narrowed(rules: Rules, held: frozenset[str]) -> Rules:
    """The rules when only dims that some tensor has to finish, or that must be unrolled, or that may not loop outside
    everything, may lie in space."""
    outermost = rules.architecture.levels[0].name
    useful = held | {dim for dim, _ in rules.passes}
    useful |= {d for levels, inside in rules.inside if outermost in levels for d in rules.dims if d not in inside}
    return replace(rules, spatial=tuple((axis, tuple(d for d in dims if d in useful)) for axis, dims in rules.spatial))
