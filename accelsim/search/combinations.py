"""The space of all mappings as loops times ways to keep each tensor among them; nothing shared with the engine.

Below given loops a tensor's energy, port words and tiles depend on where that tensor is kept and on no other tensor.
So each is evaluated once per way to keep it, and combinations are added up and held against capacities as arrays.
Two loops that would be one with nothing between them count only in combinations that keep something there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.architecture.spec import Architecture, Level
from accelsim.mapping.counts import AccessCounts, PortWords
from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.space import taken_dims
from accelsim.mapping.tiles import Chain, tensor_tile_words
from accelsim.model.evaluate import evaluate
from accelsim.model.latency import port_times
from accelsim.workload.operation import Operation, Tensor

Loops = tuple[Loop, ...]
Way = tuple[tuple[int, int], ...]
"""How a tensor is kept: (number of the level, loops above its node there), outermost first."""
Ways = tuple[tuple[Way, ...], ...]
"""Per tensor, every way to keep it; a combination is an index in each."""
Chains = list[dict[str, Chain]]
"""Per gap between loops, the bound and the steps above of every dim."""


@dataclass(frozen=True)
class Combinations:
    """Every mapping of an operation on a machine, under no dataflow; ``nested`` levels are not judged here."""

    operation: Operation
    architecture: Architecture
    convention: str = "ours"

    def loop_nests(self, ragged: bool) -> Iterator[Loops]:
        """Every sequence of loops of two trips or more that ends every dim, fan-outs in order, axes not overrun."""
        levels, tensors = self.architecture.levels[1:], self.operation.tensors
        nodes = sum(level.keep(tensor.name) != "not" for level in levels for tensor in tensors)
        room = {name: axis.size for name, axis in self.architecture.axes.items()}
        yield from self._nests((), dict(self.operation.bounds), room, ragged, nodes)

    def _nests(
        self, loops: Loops, extents: dict[str, int], room: dict[str, int], ragged: bool, nodes: int
    ) -> Iterator[Loops]:
        """The ways to go on below these loops; ``nodes``: pairs of loops that storage can still keep apart."""
        if all(extent == 1 for extent in extents.values()):
            yield loops
        for dim, extent in extents.items():
            for step in range(extent - 1, 0, -1):
                if not ragged and extent % step:
                    continue
                choices: list[Loop] = [Temporal(dim, step), *(Spatial(dim, step, axis) for axis in room)]
                for loop in choices:
                    trips, left = -(-extent // step), room
                    spare = nodes - bool(loops and _same(loops[-1], loop))
                    if isinstance(loop, Spatial):
                        if trips > room[loop.axis] or not self._follows(loops, loop):
                            continue
                        left = room | {loop.axis: room[loop.axis] // trips}
                    if spare >= 0:
                        yield from self._nests((*loops, loop), extents | {dim: step}, left, ragged, spare)

    def _follows(self, loops: Loops, loop: Spatial) -> bool:
        """Whether a loop's axis takes its dim and lies no further out than the axes above."""
        fanout_of = self.architecture.fanout_of_axis
        outer = [fanout_of[x.axis] for x in loops if isinstance(x, Spatial)]
        takes = loop.dim in taken_dims(self.operation, self.architecture.axes[loop.axis])
        return takes and fanout_of[loop.axis] >= max(outer, default=0)

    def ways(self, loops: Loops) -> Ways:
        """Per tensor, the ways to keep it that the sides of fan-outs, ``keeps`` and private partitions allow."""
        chains = self._chains(loops)
        return tuple(tuple(self._ways(tensor, loops, chains)) for tensor in self.operation.tensors)

    def _chains(self, loops: Loops) -> Chains:
        chains: Chains = [{dim: (bound,) for dim, bound in self.operation.bounds}]
        for loop in loops:
            chains.append(chains[-1] | {loop.dim: (*chains[-1][loop.dim], loop.step)})
        return chains

    def _ways(self, tensor: Tensor, loops: Loops, chains: Chains) -> list[Way]:
        ways: list[Way] = [()]
        for number, level in enumerate(self.architecture.levels):
            keep, (first, last) = level.keep(tensor.name), self._sides(level, loops)
            private = dict(level.tensor_capacity_words).get(tensor.name)
            outermost = number == 0  # where every tensor starts, above all loops
            longer = [] if outermost or keep == "must" else list(ways)
            for way in ways if keep != "not" else ():
                for gap in range(max(first, way[-1][1] if way else 0), (0 if outermost else last) + 1):
                    bits = _tile_bits(level, tensor, chains[gap])
                    if private is None or -(-bits // level.word_bits) <= private:
                        longer.append((*way, (number, gap)))
            ways = longer
        return ways

    def _sides(self, level: Level, loops: Loops) -> tuple[int, int]:
        """The first and the last gap where a level's nodes may stand: inside outer fan-outs, outside inner ones."""
        fanout_of, depth = self.architecture.fanout_of_axis, self.architecture.fanouts_above[level.name]
        depths = [(i, fanout_of[loop.axis]) for i, loop in enumerate(loops) if isinstance(loop, Spatial)]
        inner = [i for i, fanout in depths if fanout >= depth]
        return max((i + 1 for i, fanout in depths if fanout < depth), default=0), min(inner, default=len(loops))

    def fitting(self, loops: Loops, ways: Ways) -> NDArray[np.bool_]:
        """Which combinations fit the shared capacities and keep apart the loops that would be one."""
        fits = np.ones(tuple(len(own) for own in ways), np.bool_)
        chains = self._chains(loops)
        for number, level in enumerate(self.architecture.levels):
            if level.capacity_words is None:
                continue
            private = dict(level.tensor_capacity_words)
            bits = []
            for tensor, own in zip(self.operation.tensors, ways, strict=True):
                shared = tensor.name not in private
                bits.append(
                    [
                        sum(_tile_bits(level, tensor, chains[gap]) for n, gap in way if n == number) * shared
                        for way in own
                    ]
                )
            fits &= -(-_summed(bits) // level.word_bits) <= level.capacity_words
        for gap in range(1, len(loops)):
            if _same(loops[gap - 1], loops[gap]):
                fits &= _summed([[any(at == gap for _, at in way) for way in own] for own in ways]) > 0
        return fits

    def mapping(self, loops: Loops, ways: Ways, place: Iterable[Any]) -> Mapping:
        """The mapping of one combination; nodes with no loop between in the order of levels, then of tensors."""
        gaps: list[list[tuple[int, int]]] = [[] for _ in range(len(loops) + 1)]
        for tensor, (own, number) in enumerate(zip(ways, place, strict=True)):
            for level, gap in own[number]:
                gaps[gap].append((level, tensor))
        levels, tensors = self.architecture.levels, self.operation.tensors
        nodes: list[Node] = []
        for gap, kept in enumerate(gaps):
            nodes += [Storage(levels[level].name, tensors[tensor].name) for level, tensor in sorted(kept)]
            nodes += loops[gap : gap + 1]
        return Mapping.of(self.operation, nodes)

    def costs(self, loops: Loops, ways: Ways) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Energy and cycles of every combination; of the ports only those outside the fan-outs bound the cycles."""
        names = [tensor.name for tensor in self.operation.tensors]
        energy: list[Any] = [np.zeros(len(own)) for own in ways]
        outside = [x.name for x in self.architecture.levels if not self.architecture.fanouts_above[x.name]]
        moved = {(level, way): [np.zeros(len(own), np.int64) for own in ways] for level in outside for way in (0, 1)}
        widths = [tensor.bits for tensor in self.operation.tensors]
        parts = {name: self.architecture.level(name).word_parts(widths) for name in outside}
        steps, macs = 0, 0.0
        for number in range(max(len(own) for own in ways)):
            place = [min(number, len(own) - 1) for own in ways]
            mapping = self.mapping(loops, ways, place)
            one = evaluate(self.operation, self.architecture, mapping, self.convention, check=False)
            steps, macs = one.compute_cycles, sum(item.energy for item in one.energies if not item.tensor)
            for tensor, name in enumerate(names):
                energy[tensor][place[tensor]] = sum(item.energy for item in one.energies if item.tensor == name)
            for row in one.counts.tensors:
                if row.level in outside:
                    tensor, words = names.index(row.tensor), row.total
                    part = parts[row.level][1][tensor]
                    moved[row.level, 0][tensor][place[tensor]] = (words.reads + words.drains) * part
                    moved[row.level, 1][tensor][place[tensor]] = (words.fills + words.updates) * part
        ports = []
        for level in outside:
            reads, writes = _summed(moved[level, 0]), _summed(moved[level, 1])
            ports.append(PortWords(level, reads, writes, reads + writes, parts[level][0]))
        cycles = np.full(tuple(len(own) for own in ways), steps, np.int64)
        for time in port_times(self.architecture, AccessCounts(0, 0, 0, (), (), tuple(ports))):
            np.maximum(cycles, time.cycles, out=cycles)
        return _summed(energy) + macs, cycles


def occurring(ways: Ways, fits: NDArray[np.bool_]) -> tuple[Ways, NDArray[np.bool_]]:
    """The ways that are part of some fitting combination, and which combinations of those fit."""
    axes = range(fits.ndim)
    used = [np.flatnonzero(fits.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    return tuple(tuple(own[i] for i in kept) for own, kept in zip(ways, used, strict=True)), fits[np.ix_(*used)]


def _same(outer: Loop, inner: Loop) -> bool:
    """Whether two loops with nothing between them would be one."""
    if isinstance(outer, Spatial) and isinstance(inner, Spatial):
        return (outer.dim, outer.axis) == (inner.dim, inner.axis)
    return isinstance(outer, Temporal) and isinstance(inner, Temporal) and outer.dim == inner.dim


def _tile_bits(level: Level, tensor: Tensor, chains: dict[str, Chain]) -> int:
    return tensor_tile_words(tensor, chains) * level.element_bits(tensor.bits) * level.buffers


def _summed(parts: Sequence[Any]) -> Any:
    """Per combination, the sum of one entry of each part."""
    return reduce(np.add.outer, [np.asarray(part) * 1 for part in parts])
