"""Why a mapping costs what it costs: where the energy goes, what is full, what limits time, what more would buy.

    once   energy of a component and tensor if every distinct word passed it a single time: what a mapping that keeps
           the tensor there cannot avoid; the rest is words that come again

A memory is *full* when no tile in it can grow by the next factor of what is left of any dim, *whole* when nothing is
left to grow; what it lacks for the next larger tile is ``next_words``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod

from accelsim.architecture.spec import Architecture, Level
from accelsim.errors import InputError
from accelsim.mapping.capacity import words_needed
from accelsim.mapping.counts import AccessCounts, NetworkCounts, TensorCounts, Words
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.mapping.tiles import chains_above, distinct_words, tensor_tile_words
from accelsim.model.conventions import convention
from accelsim.model.energy import charged_macs, energy_items
from accelsim.model.evaluation import Evaluation
from accelsim.search.cache import Cache
from accelsim.search.interface import Limits, Objective, SearchResult
from accelsim.search.objective import check_objective
from accelsim.search.what_if import WhatIf, what_ifs
from accelsim.workload.operation import Operation

SECONDS = 5.0
"""Time that one what-if search may take at most, unless the caller gives another."""


@dataclass(frozen=True)
class EnergyPart:
    """Energy of one tensor in one component in the machine's unit, and what of it each word passing once would take."""

    component: str
    kind: str
    tensor: str
    energy: float
    once: float


@dataclass(frozen=True)
class MemoryUse:
    """How full a memory is, in words of its level. ``partition``: the tensor that it is private to, or ''.

    tiles       (tensor, words of its largest tile)
    need        words taken by all tiles, buffers included
    next_words  words needed when the tile that grows least by a factor of what is left does so; None when none can
    """

    level: str
    partition: str
    in_array: bool
    tiles: tuple[tuple[str, int], ...]
    need: int
    capacity: int
    next_words: int | None

    @property
    def state(self) -> str:
        """unused, whole, full or slack."""
        if not self.tiles:
            return "unused"
        if self.next_words is None:
            return "whole"
        return "full" if self.next_words > self.capacity else "slack"


@dataclass(frozen=True)
class AxisUse:
    """Positions in use on an axis of the array, and all there are."""

    axis: str
    used: int
    size: int


@dataclass(frozen=True)
class TimeLimit:
    """Cycles that one resource needs when nothing else holds it up. ``what``: compute, or a port such as DRAM read."""

    what: str
    cycles: int


@dataclass(frozen=True)
class Explanation:
    """Why: everything that ``explain`` found out about a result.

    ideal_cycles  MACs / MAC units, rounded up: compute when every unit works all the time
    what_ifs      what more of the machine would buy, each searched for at most ``seconds`` (None: however long)
    """

    result: SearchResult
    objective: Objective
    energies: tuple[EnergyPart, ...]
    memories: tuple[MemoryUse, ...]
    axes: tuple[AxisUse, ...]
    times: tuple[TimeLimit, ...]
    ideal_cycles: int
    what_ifs: tuple[WhatIf, ...]
    seconds: float | None


def explain(
    result: SearchResult,
    operation: Operation,
    architecture: Architecture,
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    seconds: float | None = SECONDS,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
) -> Explanation:
    """Why the result of a search costs what it costs; the other arguments are those that it was searched with.

    ``seconds``: time limit of every what-if search, None for none but that of the limits, 0 to leave them out;
    ``progress``: (what-ifs judged, all there are). Raises InputError for an unknown objective or negative seconds.
    """
    check_objective(objective)
    if seconds is not None and seconds < 0:
        raise InputError(f"seconds must be at least 0, not {seconds}")
    evaluation = result.evaluation
    allowed = min((limit for limit in (seconds, limits.seconds) if limit is not None), default=None)
    asked = replace(limits, seconds=allowed)
    found = () if seconds == 0 else what_ifs(
        result, operation, architecture, objective, asked, workers, progress, cache
    )  # fmt: skip
    ports = (TimeLimit(f"{t.level} {t.port} port", t.cycles) for t in evaluation.port_times)
    return Explanation(
        result=result,
        objective=objective,
        energies=tuple(_energies(evaluation, operation, architecture)),
        memories=tuple(_memories(evaluation, operation, architecture, result.mapping)),
        axes=tuple(_axes(architecture, result.mapping)),
        times=(TimeLimit("compute", evaluation.compute_cycles), *ports),
        ideal_cycles=-(-evaluation.counts.macs // architecture.mac_units),
        what_ifs=found,
        seconds=allowed,
    )


def _energies(evaluation: Evaluation, operation: Operation, architecture: Architecture) -> Iterator[EnergyPart]:
    view = convention(evaluation.convention)
    macs = charged_macs(operation, architecture)
    once = {
        (item.component, item.tensor): item.energy
        for item in energy_items(operation, architecture, _once(evaluation.counts, operation, architecture), view, macs)
    }
    for item in evaluation.energies:
        least = min(item.energy, once[item.component, item.tensor])
        yield EnergyPart(item.component, item.kind, item.tensor, item.energy, least)


def _once(counts: AccessCounts, operation: Operation, architecture: Architecture) -> AccessCounts:
    """The counts if every distinct word passed every place that it does pass a single time."""
    words = {tensor.name: distinct_words(operation, tensor) for tensor in operation.tensors}
    outermost, output = architecture.levels[0].name, operation.output.name

    def row(at: TensorCounts) -> TensorCounts:
        n, inner = words[at.tensor], at.level != outermost
        total = Words(updates=n, drains=n * inner) if at.tensor == output else Words(reads=n, fills=n * inner)
        return replace(at, total=total, distinct=n)

    networks = (NetworkCounts(at.fanout, at.tensor, words[at.tensor], words[at.tensor]) for at in counts.networks)
    return replace(counts, tensors=tuple(row(at) for at in counts.tensors), networks=tuple(networks))


def _memories(
    evaluation: Evaluation, operation: Operation, architecture: Architecture, mapping: Mapping
) -> Iterator[MemoryUse]:
    """Every bounded memory, outermost first: the shared part of a level, then its partitions."""
    order = [tensor.name for tensor in operation.tensors]
    for level in architecture.levels:
        private = dict(level.tensor_capacity_words)
        held = [(i, n.tensor) for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and n.level == level.name]
        held.sort(key=lambda entry: order.index(entry[1]))
        parts: list[tuple[str, int, list[tuple[int, str]]]] = []
        if level.capacity_words is not None:
            parts.append(("", level.capacity_words, [(i, t) for i, t in held if t not in private]))
        parts += [(name, words, [(i, t) for i, t in held if t == name]) for name, words in private.items()]
        for partition, capacity, nodes in parts:
            tiles = {tensor: evaluation.counts.at(level.name, tensor).tile_words for _, tensor in nodes}
            grown = [
                _need(operation, level, {**tiles, tensor: more})
                for place, tensor in nodes
                for more in _next_tiles(operation, mapping, place, tensor)
            ]
            yield MemoryUse(
                level=level.name,
                partition=partition,
                in_array=architecture.fanouts_above[level.name] > 0,
                tiles=tuple(tiles.items()),
                need=_need(operation, level, tiles),
                capacity=capacity,
                next_words=min(grown, default=None),
            )


def _need(operation: Operation, level: Level, tiles: dict[str, int]) -> int:
    return words_needed(level, ((operation.tensor(name), words) for name, words in tiles.items()))


def _next_tiles(operation: Operation, mapping: Mapping, place: int, tensor: str) -> Iterator[int]:
    """Words of the tensor's tile when one dim of it grows by the smallest factor of what is left in time."""
    above = mapping.nodes[:place]
    chains = chains_above(operation, mapping, place)
    for dim in operation.tensor(tensor).dims:
        bound, tile = chains[dim][0], chains[dim][-1]
        spread = (mapping.trips(i) for i, n in enumerate(above) if isinstance(n, Spatial) and n.dim == dim)
        left = -(-bound // (tile * prod(spread)))
        if left > 1:
            grown = {name: (chain[0], chain[-1]) for name, chain in chains.items()}
            grown[dim] = bound, min(bound, tile * _smallest_factor(left))
            yield tensor_tile_words(operation.tensor(tensor), grown)


def _smallest_factor(number: int) -> int:
    return next((p for p in range(2, int(number**0.5) + 1) if number % p == 0), number)


def _axes(architecture: Architecture, mapping: Mapping) -> Iterator[AxisUse]:
    for axis in architecture.axes.values():
        trips = (
            mapping.trips(i) for i, n in enumerate(mapping.nodes) if isinstance(n, Spatial) and n.axis == axis.name
        )
        yield AxisUse(axis.name, prod(trips), axis.size)
