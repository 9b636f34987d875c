"""Where the time of a comparison goes when tiles wait for ports: pipelined cycles of every layer, part by part."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from accelsim.report.numbers import count
from accelsim.report.results import LayerResult
from accelsim.report.tables import Column, Table
from accelsim.report.timing import COMPUTE, Timing, pipelined_timing

if TYPE_CHECKING:
    from accelsim.report.compared import Compared

Timed = tuple[LayerResult, Timing]
OTHER = "other waiting"
MOST_PARTS = 4


def timed_layers(comparison: Compared, progress: Callable[[int, int], None] | None = None) -> list[Timed]:
    """Every mapped layer with MACs, followed through the tile pipeline at the mapping that was found."""
    wanted = [(r, r.evaluation) for r in comparison.results if r.evaluation is not None and not r.is_vector]
    out = []
    for i, (result, evaluation) in enumerate(wanted):
        assert evaluation.mapping is not None
        out.append((result, pipelined_timing(result.operation, result.architecture, evaluation.mapping)))
        if progress is not None:
            progress(i + 1, len(wanted))
    return out


def stall_tables(timed: Sequence[Timed]) -> list[Table]:
    """One table per network, machines as columns: sums over layers and repeats, shares of the pipelined cycles."""
    return [_table(network, timed) for network in dict.fromkeys(result.network for result, _ in timed)]


def _table(network: str, timed: Sequence[Timed]) -> Table:
    machines = list(dict.fromkeys(result.machine for result, _ in timed if result.network == network))
    parts: dict[str, dict[str, Fraction]] = {machine: {} for machine in machines}
    steady = dict.fromkeys(machines, 0)
    for result, timing in timed:
        if result.network != network:
            continue
        assert result.evaluation is not None
        steady[result.machine] += result.repeat * result.evaluation.cycles
        own = parts[result.machine]
        for part in timing.parts:
            own[part.name] = own.get(part.name, Fraction(0)) + result.repeat * part.cycles
    names = _largest(parts)
    lines = ["steady (cycles)", "pipelined (cycles)", *(f"{name} (%)" for name in (COMPUTE, *names, OTHER))]
    columns = [Column("", tuple(lines), left=True)]
    for machine in machines:
        cycles = (count(steady[machine]), count(ceil(sum(parts[machine].values(), Fraction(0)))))
        shares = (_share(parts[machine], name, names) for name in (COMPUTE, *names, OTHER))
        columns.append(Column(machine, (*cycles, *shares)))
    return Table(f"{network}: where the time goes, pipelined", tuple(columns))


def _largest(parts: dict[str, dict[str, Fraction]]) -> list[str]:
    """The parts with the largest share on any machine, compute aside."""
    share: dict[str, Fraction] = {}
    for own in parts.values():
        whole = sum(own.values(), Fraction(0))
        for name, cycles in own.items():
            share[name] = max(share.get(name, Fraction(0)), cycles / whole)
    share.pop(COMPUTE, None)
    return sorted(share, key=lambda name: (-share[name], name))[:MOST_PARTS]


def _share(own: dict[str, Fraction], name: str, names: list[str]) -> str:
    whole = sum(own.values(), Fraction(0))
    cycles = own.get(name, Fraction(0))
    if name == OTHER:
        cycles = sum((n for part, n in own.items() if part != COMPUTE and part not in names), Fraction(0))
    return f"{float(100 * cycles / whole):.1f}"


def stall_csv(timed: Sequence[Timed]) -> str:
    """stalls.csv: one row per layer, machine and part, for one execution of the layer."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("network", "machine", "layer", "repeat", "steady_cycles", "pipelined_cycles", "part", "part_cycles", "percent")
    )
    for result, timing in timed:
        assert result.evaluation is not None
        start = (result.network, result.machine, result.layer, result.repeat, result.evaluation.cycles, timing.cycles)
        for part, (_, share) in zip(timing.parts, timing.shares(), strict=True):
            writer.writerow((*start, part.name, float(part.cycles), share))
    return text.getvalue()
