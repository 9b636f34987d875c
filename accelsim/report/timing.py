"""Time of one layer at three depths behind one noun: what it takes, where it goes, and what it was compared with.

steady      compute and every port fully overlapped: the slowest bounds it
pipelined   tiles that fill, wait and drain on ports in turn
cycle       the array itself, PE by PE
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError, nearest
from accelsim.mapping.nest import Mapping
from accelsim.report.numbers import count, percent, significant
from accelsim.report.records import Record, document
from accelsim.report.tables import Column, Table
from accelsim.workload.operation import Operation

if TYPE_CHECKING:
    from accelsim.model.array_time import ArrayTime
    from accelsim.simulate.pipeline.schedule import Times

Depth = Literal["steady", "pipelined", "cycle"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
COMPUTE = "compute"


@dataclass(frozen=True)
class Part:
    """A share of the time: exact cycles (a fraction where words do not fill a cycle)."""

    name: str
    cycles: Fraction


@dataclass(frozen=True)
class Timing:
    """``parts`` add up to all cycles before the one rounding; ``compute_cycles`` are those in which MACs work.

    bounds       (least, most) cycles of the closed form, pipelined only
    utilization  MACs / (MAC units x cycles)
    mapping      the nest that was timed, None for the array itself
    array        tiles and words of the array itself, None for a nest
    """

    operation: str
    architecture: str
    depth: Depth
    clock_mhz: float
    macs: int
    cycles: int
    parts: tuple[Part, ...]
    utilization: float
    bounds: tuple[int, int] | None = None
    mapping: Mapping | None = None
    notes: tuple[str, ...] = ()
    array: ArrayTime | None = None

    @property
    def seconds(self) -> float:
        return self.cycles / (self.clock_mhz * 1e6)

    def shares(self) -> Iterator[tuple[str, float]]:
        """(part, percent of all cycles), which add up to 100."""
        whole = sum((part.cycles for part in self.parts), Fraction(0))
        for part in self.parts:
            yield part.name, float(100 * part.cycles / whole)

    def table(self) -> Table:
        """The parts, largest after compute first, and their sum."""
        shares = [share for _, share in self.shares()]
        rows = [(part.name, part.cycles, share) for part, share in zip(self.parts, shares, strict=True)]
        first = [row for row in rows if row[0] == COMPUTE]
        rest = sorted((row for row in rows if row[0] != COMPUTE), key=lambda row: (-row[1], row[0]))
        lines = [*first, *rest, ("all", Fraction(self.cycles), 100.0)]
        return Table(
            f"{self.operation} on {self.architecture}, {self.depth}: {count(self.cycles)} cycles, "
            f"{significant(1e3 * self.seconds)} ms at {self.clock_mhz:g} MHz, "
            f"utilization {percent(self.utilization)} %",
            (
                Column("part", tuple(name for name, _, _ in lines), left=True),
                Column("cycles", tuple(_cycles(cycles) for _, cycles, _ in lines)),
                Column("share (%)", tuple(f"{share:.1f}" for *_, share in lines)),
            ),
        )

    def record(self) -> Record:
        """The ``timing`` field of the schema."""
        return {
            "operation": self.operation,
            "architecture": self.architecture,
            "depth": self.depth,
            "clock_mhz": self.clock_mhz,
            "macs": self.macs,
            "cycles": self.cycles,
            "seconds": self.seconds,
            "utilization": self.utilization,
            "parts": [
                {"part": part.name, "cycles": float(part.cycles), "percent": share}
                for part, (_, share) in zip(self.parts, self.shares(), strict=True)
            ],
            "bounds": None if self.bounds is None else list(self.bounds),
            "mapping": None if self.mapping is None else str(self.mapping),
            "array": None if self.array is None else asdict(self.array),
            "notes": list(self.notes),
        }


def _cycles(cycles: Fraction) -> str:
    return count(int(cycles)) if cycles.denominator == 1 else f"{float(cycles):,.2f}"


def timing_record(timings: tuple[Timing, ...]) -> Record:
    """The object of ``time --json``."""
    return document("time", {"timings": [timing.record() for timing in timings]})


def check_depth(depth: str) -> Depth:
    """The depth of that name; raises InputError with the nearest one."""
    for known in DEPTHS:
        if depth == known:
            return known
    raise InputError(f"depth must be one of {', '.join(DEPTHS)}, not '{depth}'{nearest(depth, DEPTHS)}")


def steady_timing(operation: Operation, architecture: Architecture, mapping: Mapping) -> Timing:
    """Compute, and what the slowest port takes longer. Raises MappingError for a mapping that is not valid."""
    from accelsim.model.evaluate import evaluate

    cost = evaluate(operation, architecture, mapping)
    parts = [Part(COMPUTE, Fraction(cost.compute_cycles))]
    if cost.cycles > cost.compute_cycles:
        parts.append(Part(f"waiting for the {cost.bound_by}", Fraction(cost.cycles - cost.compute_cycles)))
    return _timing(operation, architecture, "steady", cost.cycles, parts, mapping=mapping)


def pipelined_timing(operation: Operation, architecture: Architecture, mapping: Mapping) -> Timing:
    """The tile pipeline event by event, within the bounds of the closed form; those alone where it is too large.

    Raises MappingError for a mapping that is not valid.
    """
    from accelsim.model.evaluate import evaluate
    from accelsim.model.pipelined import pipelined_bounds

    counts = evaluate(operation, architecture, mapping).counts
    bounds = pipelined_bounds(operation, architecture, mapping, counts)
    both = bounds.lower_cycles, bounds.upper_cycles
    try:
        times = pipeline_times(operation, architecture, mapping)
    except InputError as error:
        parts = [Part(COMPUTE, Fraction(counts.steps))]
        if bounds.lower_cycles > counts.steps:
            waits = "fill, waiting and drain" + ("" if bounds.exact else ", at least")
            parts.append(Part(waits, Fraction(bounds.lower_cycles - counts.steps)))
        note = f"Not followed tile by tile ({error}): the cycles are the lower bound."
        notes = () if bounds.exact else (note,)
        return _timing(operation, architecture, "pipelined", both[0], parts, both, mapping, notes)
    parts = [Part(name, Fraction(ticks, times.per_cycle)) for name, ticks in times.parts.items()]
    cycles = times.cycles(times.ticks)
    return _timing(operation, architecture, "pipelined", cycles, parts, both, mapping)


def on_dram(operation: Operation, architecture: Architecture, mapping: Mapping, name: str) -> tuple[Architecture, str]:
    """The machine with the bandwidth that a DRAM gives to the mapping's own accesses, and a sentence about it.

    One bus for both directions, at the rate at which the bytes of the tiles were served. Raises InputError for a DRAM
    that is not known.
    """
    from accelsim.architecture.dram import dram_named
    from accelsim.simulate.dram.serve import serve
    from accelsim.simulate.dram.tiles import tile_runs

    dram = dram_named(name)
    service = serve(dram, tile_runs(operation, architecture, mapping))
    if not service.seconds:
        return architecture, f"{name}: nothing moves between DRAM and chip."
    outermost = architecture.levels[0]
    words_per_cycle = 8 * service.bytes_per_second / outermost.word_bits / (architecture.clock_mhz * 1e6)
    level = replace(outermost, read_bandwidth=words_per_cycle, write_bandwidth=None, shared_port=True)
    changed = replace(architecture, elements=(level, *architecture.elements[1:]))
    energy = "" if service.energy_pj is None else f", {service.energy_pj / service.asked_bytes / 8:.3g} pJ per bit"
    return changed, (
        f"{name}: {service.bytes_per_second / 1e9:.4g} of {dram.peak_bytes_per_ns:.4g} GB/s for the tiles' own "
        f"accesses, {100 * service.hit_rate:.1f} % row hits, {count(service.conflicts)} conflicts{energy} "
        f"({dram.source})."
    )


def pipeline_times(operation: Operation, architecture: Architecture, mapping: Mapping, keep: bool = False) -> Times:
    """The tile pipeline of a mapping; small layers whose outputs overlap are followed element by element."""
    from accelsim.simulate.pipeline.program import recorded_program
    from accelsim.simulate.pipeline.schedule import times
    from accelsim.simulate.pipeline.tiles import tile_program

    try:
        program = tile_program(operation, architecture, mapping)
    except InputError:
        if operation.macs > 20_000:
            raise
        program = recorded_program(operation, architecture, mapping)
    return times(program, keep)


def cycle_timing(operation: Operation, architecture: Architecture, execute: bool = False) -> Timing:
    """The array's own time in closed form, with tiles that come late from DRAM; ``execute`` steps every PE besides.

    Raises InputError for a machine without an array, and where the execution disagrees with the closed form.
    """
    from accelsim.model.array_fed import fed_time

    fed = fed_time(operation, architecture)
    parts = [Part(name, Fraction(cycles)) for name, cycles in fed.parts()]
    own = fed.array
    notes = [
        f"Array: {own.array}; {count(own.folds[0] * own.folds[1])} tiles. {fed.operand.capitalize()} come from DRAM "
        f"once per tile; what streams past and what comes out stays on the chip.",
        f"Words: {count(own.counts.inputs)} inputs and {count(own.counts.weights)} weights enter, "
        f"{count(own.counts.outputs)} sums leave, {count(own.counts.partial_sums)} are read back to be added to.",
    ]
    if execute:
        notes.append(_executed(operation, architecture, own.cycles))
    timing = _timing(operation, architecture, "cycle", fed.cycles, parts, notes=tuple(notes))
    return replace(timing, array=own)


def _executed(operation: Operation, architecture: Architecture, cycles: int) -> str:
    from accelsim.simulate.systolic.execute import execute_array

    assert architecture.systolic is not None
    run = execute_array(operation, architecture.systolic)
    if run.counts.cycles != cycles or not run.equal:
        raise InputError(
            f"{operation.name} on {architecture.name}: internal disagreement: executed {run.counts.cycles:,} cycles, "
            f"closed form {cycles:,}; please report it"
        )
    return f"Executed PE by PE: {count(run.counts.cycles)} cycles of the array, equal; outputs equal to NumPy's."


def _timing(
    operation: Operation, architecture: Architecture, depth: Depth, cycles: int, parts: list[Part],
    bounds: tuple[int, int] | None = None, mapping: Mapping | None = None, notes: tuple[str, ...] = (),
) -> Timing:  # fmt: skip
    used = operation.macs / (architecture.mac_units * cycles) if cycles else 0.0
    return Timing(
        operation.name, architecture.name, depth, architecture.clock_mhz, operation.macs, cycles, tuple(parts), used,
        bounds, mapping, notes,
    )  # fmt: skip


def write_trace(
    operation: Operation, architecture: Architecture, depth: Depth, path: Path, mapping: Mapping | None
) -> str:
    """Write what happens when, as CSV or as JSON for Chrome and Perfetto, and say what was written.

    cycle      every cycle of the array: PEs that work, words in and out
    pipelined  every transfer on every port, and the blocks of compute
    """
    from accelsim.simulate.trace import Slice, cycle_trace, trace_format, write_slices

    trace_format(path)
    if depth == "cycle":
        from accelsim.model.array_fed import fed_time
        from accelsim.simulate.systolic.execute import execute_array

        fed_time(operation, architecture)
        assert architecture.systolic is not None
        with cycle_trace(path, f"{operation.name} on {architecture.name}") as watch:
            run = execute_array(operation, architecture.systolic, watch=watch)
        return f"{path}: {count(run.counts.cycles)} cycles of {architecture.systolic}"
    if depth != "pipelined" or mapping is None:
        raise InputError(f"a trace must be of the depth pipelined or cycle, not {depth}")
    times = pipeline_times(operation, architecture, mapping, keep=True)
    slices = (
        Slice(slot.port, slot.name, slot.begin / times.per_cycle, slot.length / times.per_cycle) for slot in times.slots
    )
    write_slices(path, f"{operation.name} on {architecture.name}", slices)
    return f"{path}: {count(len(times.slots))} transfers and blocks in {count(times.cycles(times.ticks))} cycles"
