"""How long searches take and how far they prove, over every MAC layer of every shipped network on every machine.

python benchmarks/distribution.py out.csv --workers 2      (up to an hour or two; --seconds bounds each search)
python benchmarks/distribution.py out.csv --only ws256/alexnet
python benchmarks/distribution.py out.csv --summary        (only what the file has)

Searches with the default limits and the machine's own dataflow, at most --seconds of wall time each; layers of a shape
are searched once per machine.  Rows already in the file are kept and not searched again, so an interrupted run goes on
where it stopped; for other limits take another file.  ``cpu_seconds`` is known with one worker only, and only then may
seconds be compared between runs: workers share the machine.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.files.catalog import shipped
from accelsim.search import Limits, SearchResult, search_many
from accelsim.workload.files import load_network
from accelsim.workload.lowering import Plane, convolution
from accelsim.workload.operation import Operation

FIELDS = (
    "machine",
    "network",
    "layer",
    "layers_alike",
    "cpu_seconds",
    "wall_seconds",
    "gap",
    "looked_at",
    "space",
    "complete",
    "energy_per_mac",
    "unit",
    "infeasible",
)
NOISE = 1e-9
WORST = 10
Record = dict[str, str]


@dataclass(frozen=True)
class Job:
    """One shape on one machine, under the name of the first layer that has it; ``alike``: how many layers do."""

    machine: str
    network: str
    operation: Operation
    alike: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.machine, self.network, self.operation.name


def jobs() -> Iterator[Job]:
    """Every different MAC layer of the shipped networks, on every shipped machine."""
    first: dict[Operation, tuple[str, Operation]] = {}
    alike: Counter[Operation] = Counter()
    for network in shipped("workloads"):
        for entry in load_network(network).layers:
            operation = entry.layer.operation()
            if operation.kind == "mac":
                shape = replace(operation, name="")
                first.setdefault(shape, (network, operation))
                alike[shape] += entry.repeat
    for machine in shipped("architectures"):
        for shape, (network, operation) in first.items():
            yield Job(machine, network, operation, alike[shape])


class Clock:
    """CPU and wall seconds of each search of one process, by the order in which they end."""

    def __init__(self) -> None:
        self.laps: list[tuple[float, float]] = []
        self.last = time.process_time(), time.perf_counter()

    def lap(self, done: int, of: int) -> None:
        now = time.process_time(), time.perf_counter()
        self.laps.append((now[0] - self.last[0], now[1] - self.last[1]))
        self.last = now
        print(f"  {done} of {of}", end="\r", file=sys.stderr)


def warm_ups(workers: int) -> list[Operation]:
    """A small search for each worker, which loads or compiles the kernels before anything is timed."""
    return [convolution("warm-up", 2, 1, 4 + i, 6, Plane((6, 6), (3, 3), (4, 4))) for i in range(workers)]


def searched(chunk: Sequence[Job], limits: Limits, workers: int, machines: dict[str, Architecture]) -> list[Record]:
    """The chunk's rows."""
    warm = [(operation, machines[chunk[0].machine]) for operation in warm_ups(workers)]
    clock = Clock()
    pairs = [*warm, *((job.operation, machines[job.machine]) for job in chunk)]
    answers = search_many(pairs, limits=limits, workers=workers, progress=clock.lap)[len(warm) :]
    laps = clock.laps[len(warm) :] if workers == 1 else [None] * len(chunk)
    return [record(job, answer, lap) for job, answer, lap in zip(chunk, answers, laps, strict=True)]


def record(job: Job, answer: SearchResult | InfeasibleError, lap: tuple[float, float] | None) -> Record:
    """One row of the file. Workers tell the wall time of what they found; of what is infeasible they tell none."""
    row = dict.fromkeys(FIELDS, "")
    row.update(machine=job.machine, network=job.network, layer=job.operation.name, layers_alike=str(job.alike))
    if lap is not None:
        row.update(cpu_seconds=f"{lap[0]:.3f}", wall_seconds=f"{lap[1]:.3f}")
    if isinstance(answer, InfeasibleError):
        return {**row, "infeasible": str(answer)}
    proof, cost = answer.certificate, answer.evaluation
    row["wall_seconds"] = row["wall_seconds"] or f"{proof.seconds:.3f}"
    return {
        **row,
        "gap": f"{proof.gap:.6f}" if proof.gap > NOISE else "0",
        "looked_at": str(proof.looked_at),
        "space": str(proof.space),
        "complete": str(proof.complete).lower(),
        "energy_per_mac": f"{cost.energy_per_mac:.6g}",
        "unit": f"{cost.energy_unit}/MAC",
    }


def rows_of(path: Path) -> list[Record]:
    """The rows that a file has; none when there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append(path: Path, rows: Sequence[Record]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerows(rows)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def distribution_table(found: Sequence[Record]) -> Table:
    """Median to maximum of seconds and gap."""
    out = Table(title=f"{len(found)} searches that found a mapping")
    for title in ("", "median", "p90", "p99", "max"):
        out.add_column(title, justify="right" if title else "left")
    for column, form in (("cpu_seconds", "{:.2f}"), ("wall_seconds", "{:.2f}"), ("gap", "{:.2%}")):
        values = [float(row[column]) for row in found if row[column]]
        if values:
            out.add_row(column, *(form.format(quantile(values, share)) for share in (0.5, 0.9, 0.99, 1.0)))
    return out


def seconds(row: Record) -> float:
    """CPU seconds where they are known."""
    return float(row["cpu_seconds"] or row["wall_seconds"])


def worst_table(title: str, rows: Sequence[Record], measure: Callable[[Record], float]) -> Table:
    """The rows with the largest values of a measure, named."""
    out = Table(title=title)
    for name in ("machine", "network", "layer"):
        out.add_column(name)
    for name in ("seconds", "gap", "looked at", "energy"):
        out.add_column(name, justify="right")
    for row in sorted(rows, key=measure, reverse=True)[:WORST]:
        gap, looked_at = f"{float(row['gap']):.2%}", f"{int(row['looked_at']):,}"
        energy = f"{row['energy_per_mac']} {row['unit']}"
        out.add_row(row["machine"], row["network"], row["layer"], f"{seconds(row):.2f}", gap, looked_at, energy)
    return out


def reason(message: str) -> str:
    """What does not fit, without whose name and how much."""
    return re.sub(r"\d[\d,]*", "#", message.partition(": ")[2] or message)


def print_summary(rows: Sequence[Record]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 140)
    found = [row for row in rows if not row["infeasible"]]
    if found:
        gaps = [float(row["gap"]) for row in found]
        console.print(distribution_table(found))
        proven, close = (sum(gap <= most + NOISE for gap in gaps) / len(gaps) for most in (0, 0.01))
        console.print(f"proven: {proven:.1%}; gap at most 1 %: {close:.1%}")
        console.print(worst_table("Slowest", found, seconds))
        console.print(worst_table("Widest gaps", found, lambda row: float(row["gap"])))
    reasons = Counter(reason(row["infeasible"]) for row in rows if row["infeasible"])
    console.print(f"infeasible: {reasons.total()} of {len(rows)}")
    for words, times in reasons.most_common():
        console.print(f"  {times:4}  {words}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path, help="file of rows, made or added to")
    parser.add_argument("--seconds", type=float, default=10.0, help="wall time that one search may take")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--chunk", type=int, default=40, help="searches between two writes of the file")
    parser.add_argument("--only", default="", help="rows whose machine/network/layer contains this")
    parser.add_argument("--summary", action="store_true", help="search nothing, print what the file has")
    options = parser.parse_args()
    if not options.summary:
        run(options)
    print_summary(rows_of(options.csv))


def run(options: argparse.Namespace) -> None:
    """Searches what the file lacks, chunk by chunk."""
    known = {(row["machine"], row["network"], row["layer"]) for row in rows_of(options.csv)}
    asked = [job for job in jobs() if options.only in "/".join(job.key) and job.key not in known]
    machines = {name: load_architecture(name) for name in {job.machine for job in asked}}
    limits = Limits(seconds=options.seconds)
    left = iter(asked)
    while chunk := list(islice(left, options.chunk)):
        print(f"{len(asked)} to search, now from {'/'.join(chunk[0].key)}", file=sys.stderr)
        append(options.csv, searched(chunk, limits, options.workers, machines))


if __name__ == "__main__":
    main()
