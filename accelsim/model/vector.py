"""Operations without MACs are streamed outermost memory -> buffer -> vector unit; no dataflow applies to them."""

from __future__ import annotations

from accelsim.architecture.spec import Architecture, Level
from accelsim.errors import MappingError
from accelsim.mapping.counts import AccessCounts, PortWords, TensorCounts, Words
from accelsim.mapping.tiles import distinct_words
from accelsim.model.energy import element_energies
from accelsim.model.evaluation import EnergyItem, Evaluation
from accelsim.model.latency import area_um2, port_times, steady_latency, utilization
from accelsim.workload.operation import Operation, Tensor


def evaluate_vector(operation: Operation, architecture: Architecture) -> Evaluation:
    """Words and energy of an operation without MACs.

    Every operand word in use is read once at the outermost level, passes the buffer (the innermost level outside the
    fan-outs, when there is one besides) and is read from there once; every output word goes the same way back.
    One operation per point of the iteration space at ``vector_energy`` each; one vector lane per MAC unit.
    Raises MappingError for an operation with MACs.
    """
    if operation.kind != "vector":
        raise MappingError(f"{operation.name}: an operation with MACs must be mapped, it cannot be streamed")
    path = [level for level in architecture.levels if architecture.fanouts_above[level.name] == 0]
    path = path[:1] + path[1:][-1:]
    rows = [
        _row(operation, tensor, level, position) for position, level in enumerate(path) for tensor in operation.tensors
    ]
    ports = tuple(_ports(operation, level, rows) for level in path)
    steps = -(-operation.points // architecture.mac_units)
    counts = AccessCounts(0, steps, 0, tuple(rows), (), ports)
    times = port_times(architecture, counts)
    cycles, bound_by = steady_latency(steps, times)
    energies = [_energy(operation, row, next(level for level in path if level.name == row.level)) for row in rows]
    energies.append(EnergyItem("vector unit", "compute", "", operation.points * architecture.vector_energy))
    return Evaluation(
        operation=operation.name, architecture=architecture.name, convention="ours",
        energy_unit=architecture.energy_unit, clock_mhz=architecture.clock_mhz, mapping=None, counts=counts,
        energies=tuple(energies), compute_cycles=steps, cycles=cycles, bound_by=bound_by, port_times=times,
        utilization=utilization(architecture, counts, cycles), area_um2=area_um2(architecture),
        vector_operations=operation.points,
    )  # fmt: skip


def _row(operation: Operation, tensor: Tensor, level: Level, position: int) -> TensorCounts:
    words = distinct_words(operation, tensor)
    if tensor is operation.output:
        moved = Words(updates=words, drains=words if position else 0)
    else:
        moved = Words(reads=words, fills=words if position else 0)
    return TensorCounts(level.name, tensor.name, moved, moved, words, words if not position else 1, 1)


def _ports(operation: Operation, level: Level, rows: list[TensorCounts]) -> PortWords:
    mine = [row for row in rows if row.level == level.name]
    per_word, parts = level.word_parts(operation.tensor(row.tensor).bits for row in mine)
    reads = sum((row.total.reads + row.total.drains) * part for row, part in zip(mine, parts, strict=True))
    writes = sum((row.total.fills + row.total.updates) * part for row, part in zip(mine, parts, strict=True))
    return PortWords(level.name, reads, writes, reads + writes, per_word)


def _energy(operation: Operation, row: TensorCounts, level: Level) -> EnergyItem:
    words, (read, write) = row.total, element_energies(level, operation.tensor(row.tensor))
    energy = (words.reads + words.drains) * read + (words.fills + words.updates) * write
    return EnergyItem(level.name, "level", row.tensor, energy)
