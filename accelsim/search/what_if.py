"""What a little more of the machine would buy: the same search again on a machine with more of one thing.

Energies per word, area and clock stay as they are, so a gain is one of mappings alone.  A larger machine can do what a
smaller one does, which spares searches: what doubling a memory does not improve, a little more of it does not either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf

from accelsim.architecture.spec import Architecture, Fanout, Level
from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import dataflow_violations
from accelsim.mapping.validity import violations
from accelsim.search.cache import Cache
from accelsim.search.interface import Limits, Objective, SearchResult
from accelsim.search.many import search_many
from accelsim.search.objective import score
from accelsim.search.rules import dataflow_of
from accelsim.workload.operation import Operation

KIB_BITS = 8 * 1024
SAME = 1e-12


@dataclass(frozen=True)
class WhatIf:
    """More of one thing. ``kind``: memory, axis or port; ``what``: which one; ``more``: how much.

    value        best value of the objective found on that machine, None when it has no mapping
    lower_bound  no mapping of that machine has less; equal to ``value`` when that is proven
    change       value relative to the machine as it is, minus one: -0.1 is 10 % less
    at_best      the same of the lower bound
    """

    kind: str
    what: str
    more: str
    value: float | None
    lower_bound: float
    change: float | None
    at_best: float

    @property
    def is_proven(self) -> bool:
        return self.value is None or self.value <= self.lower_bound * (1 + SAME)


@dataclass(frozen=True)
class _Change:
    """A machine with more of one thing; ``within``: places of changes that have at least as much of everything."""

    kind: str
    what: str
    more: str
    machine: Architecture
    within: tuple[int, ...] = ()


def what_ifs(
    result: SearchResult, operation: Operation, architecture: Architecture, objective: Objective, limits: Limits,
    workers: int | None = None, progress: Callable[[int, int], None] | None = None, cache: Cache | None = None,
) -> tuple[WhatIf, ...]:  # fmt: skip
    """What every change would buy over the result of the machine as it is, each searched within the limits.

    ``progress`` is called with (changes judged, changes in all).
    """
    value = score(result.evaluation, objective)[0]
    changes = _changes(architecture)
    found: dict[int, WhatIf] = {}
    ports_matter = objective != "energy" or limits.max_cycles is not None
    dataflow = dataflow_of(architecture, limits)

    def still_valid(machine: Architecture) -> bool:
        told = dataflow_violations(operation, machine, result.mapping, dataflow) if dataflow is not None else ()
        return not told and not violations(operation, machine, result.mapping)

    for wave in _waves(changes):
        asked = []
        for i in wave:
            least = max([0.0, *(found[j].lower_bound for j in changes[i].within)])
            if least >= value * (1 - SAME) or (changes[i].kind == "port" and not ports_matter):
                found[i] = _judged(changes[i], value, value, value)
            else:
                asked.append(i)
        pairs = [(operation, changes[i].machine) for i in asked]
        answers = search_many(pairs, objective, limits, workers, _counted(progress, len(found), len(changes)), cache)
        for i, answer in zip(asked, answers, strict=True):
            least = max([0.0, *(found[j].lower_bound for j in changes[i].within)])
            if isinstance(answer, InfeasibleError):
                found[i] = _judged(changes[i], None, inf, value)
                continue
            best, bound = answer.certificate.best, max(answer.certificate.lower_bound, least)
            if best > value and still_valid(changes[i].machine):
                best = value
            found[i] = _judged(changes[i], best, min(bound, best), value)
    return tuple(found[i] for i in range(len(changes)))


def _judged(change: _Change, value: float | None, bound: float, before: float) -> WhatIf:
    gain = None if value is None or not before else value / before - 1
    at_best = bound / before - 1 if before else 0.0
    return WhatIf(change.kind, change.what, change.more, value, bound, gain, at_best)


def _counted(progress: Callable[[int, int], None] | None, before: int, of: int) -> Callable[[int, int], None] | None:
    """Progress of one wave as progress of all."""
    if progress is None:
        return None
    return lambda done, _: progress(before + done, of)


def _waves(changes: list[_Change]) -> Iterator[list[int]]:
    """Changes such that what they are within comes in an earlier wave."""
    left, judged = list(range(len(changes))), set[int]()
    while left:
        wave = [i for i in left if judged.issuperset(changes[i].within)]
        yield wave
        judged.update(wave)
        left = [i for i in left if i not in judged]


def _changes(architecture: Architecture) -> list[_Change]:
    """All memories and all ports without limit, then more of each memory, axis and port."""
    out = []
    memories = list(_memories(architecture))
    ports = list(_ports(architecture))
    if memories:
        out.append(_Change("memory", "all memories", "without limit", _with_levels(architecture, _unbounded)))
        for level, partition in memories:
            name = f"{level.name} {partition}".strip()
            words = max(1, KIB_BITS // level.word_bits)
            doubled, larger = (
                _with_level(architecture, level.name, _larger(level, partition, factor, more))
                for factor, more in ((2, 0), (1, words))
            )
            here, doubles_more = len(out), _capacity(level, partition) >= words
            out.append(_Change("memory", name, "1 KiB", larger, (0, here + 1) if doubles_more else (0,)))
            out.append(_Change("memory", name, "double", doubled, (0,) if doubles_more else (0, here)))
    for axis in architecture.axes.values():
        out.append(_Change("axis", axis.name, "1 position", _wider(architecture, axis.name)))
    if ports:
        out.append(_Change("port", "all ports", "without limit", _with_levels(architecture, _unhurried)))
        everything = len(out) - 1
        for level, port in ports:
            field = "write_bandwidth" if port == "write" else "read_bandwidth"
            faster = replace(level, **{field: getattr(level, field) + 1})
            machine = _with_level(architecture, level.name, faster)
            out.append(_Change("port", f"{level.name} {port}", "1 word/cycle", machine, (everything,)))
    return out


def _memories(architecture: Architecture) -> Iterator[tuple[Level, str]]:
    """(level, partition or '') of everything that has a size, the outermost level left out."""
    for level in architecture.levels[1:]:
        if level.capacity_words is not None:
            yield level, ""
        for tensor, _ in level.tensor_capacity_words:
            yield level, tensor


def _capacity(level: Level, partition: str) -> int:
    return dict(level.tensor_capacity_words)[partition] if partition else level.capacity_words or 0


def _ports(architecture: Architecture) -> Iterator[tuple[Level, str]]:
    for level in architecture.levels:
        if level.shared_port:
            if level.read_bandwidth is not None:
                yield level, "shared"
            continue
        for port, rate in (("read", level.read_bandwidth), ("write", level.write_bandwidth)):
            if rate is not None:
                yield level, port


def _larger(level: Level, partition: str, factor: int, more: int) -> Level:
    if not partition:
        return replace(level, capacity_words=factor * (level.capacity_words or 0) + more)
    own = tuple((t, factor * n + more if t == partition else n) for t, n in level.tensor_capacity_words)
    return replace(level, tensor_capacity_words=own)


def _unbounded(level: Level) -> Level:
    return replace(level, capacity_words=None, tensor_capacity_words=())


def _unhurried(level: Level) -> Level:
    return replace(level, read_bandwidth=None, write_bandwidth=None)


def _with_levels(architecture: Architecture, change: Callable[[Level], Level]) -> Architecture:
    elements = (change(e) if isinstance(e, Level) else e for e in architecture.elements)
    return replace(architecture, elements=tuple(elements))


def _with_level(architecture: Architecture, name: str, level: Level) -> Architecture:
    return _with_levels(architecture, lambda old: level if old.name == name else old)


def _wider(architecture: Architecture, name: str) -> Architecture:
    """With one position more on an axis."""
    elements = []
    for element in architecture.elements:
        if isinstance(element, Fanout):
            axes = tuple(replace(a, size=a.size + 1) if a.name == name else a for a in element.axes)
            element = replace(element, axes=axes)
        elements.append(element)
    return replace(architecture, elements=tuple(elements))
