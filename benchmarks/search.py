"""Speed and proof of the mapping search on named problems, one fresh process per row, and beside other mappers.

python benchmarks/search.py                         (every row: minutes, at most --seconds per search)
python benchmarks/search.py --only spads --mode close --mode ragged
python benchmarks/search.py --only ws16x16 --peers  (minutes more; installs AccelForge and ZigZag on first use)

A row is a problem under a mode: ``proven`` (perfect factors, gap 0), ``close`` (perfect factors, gap at most 1 %) or
``ragged`` (any step, gap at most 1 %).  CPU seconds are those of all its searches after a warm-up on other shapes;
the warm-up with its compilation, and imports, are the column ``start``.  ``known`` is the energy divided by that of
optima over perfect factors that an exact search of another kind found.  ``limit`` is what the project asks, ``aim``
what it would like.  All searches are for energy.  ``--json`` prints one object instead of the tables.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from accelsim.architecture.files import load_architecture
from accelsim.errors import InfeasibleError
from accelsim.mapping.nest import Mapping
from accelsim.search.interface import Limits
from accelsim.workload.files import load_network
from accelsim.workload.lowering import Plane, convolution
from accelsim.workload.operation import Operation

MODES: dict[str, dict[str, Any]] = {
    "proven": {"steps": "perfect", "gap": 0.0},
    "close": {"steps": "perfect", "gap": 0.01},
    "ragged": {"steps": "ragged", "gap": 0.01},
}
DATAFLOW_MACHINES = ("ws256", "osa256", "osb256", "osc256", "is256", "nlr256", "rs256")
NOISE = 1e-9


@dataclass(frozen=True)
class Problem:
    """Operations on machines, each pair searched; ``limits``: CPU seconds per mode, ``aim``: those wanted when proven.

    ``dataflow`` None means the machine's own; ``known_pj``: optimum by operation, where an independent one is known.
    """

    name: str
    machines: tuple[str, ...]
    operations: tuple[Operation, ...]
    dataflow: str | None = "any"
    limits: dict[str, float] = field(default_factory=dict)
    aim: float | None = None
    known_pj: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What one row measured; ``searches`` has the same per search. ``failure`` says why there are no numbers."""

    problem: str
    mode: str
    limit: float | None
    aim: float | None
    energy: float = 0.0
    unit: str = ""
    to_known: float | None = None
    gap: float = 0.0
    cpu_seconds: float = 0.0
    start_seconds: float = 0.0
    looked_at: int = 0
    peak_mib: float = 0.0
    searches: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""

    @property
    def verdict(self) -> str:
        """What the row missed, or 'met'. 'outside': a mapping with factors that the mode does not allow."""
        missed = []
        if self.limit is not None and self.cpu_seconds > self.limit:
            missed.append("slow")
        if self.gap > MODES[self.mode]["gap"] + NOISE:
            missed.append("gap")
        for word in ("infeasible", "outside"):
            missed += [word] if any(search.get(word) for search in self.searches) else []
        return self.failure or ", ".join(missed) or "met"


def layer(name: str, M: int, C: int, E: int, R: int, U: int = 1) -> Operation:
    """A square convolution of one image, its input just as large as the filter needs, padding included."""
    H = U * (E - 1) + R
    return convolution(name, 1, 1, M, C, Plane(H=(H, H), R=(R, R), E=(E, E), U=(U, U)))


def resnet18() -> dict[str, Operation]:
    """The eleven different convolutions of ResNet-18."""
    layers = [layer("conv1", 64, 3, 112, 7, 2), layer("layer1", 64, 64, 56, 3)]
    for number, (M, E) in enumerate(((128, 28), (256, 14), (512, 7)), start=2):
        layers += [layer(f"layer{number} first", M, M // 2, E, 3, 2), layer(f"layer{number}", M, M, E, 3)]
        layers.append(layer(f"layer{number} downsample", M, M // 2, E, 1, 2))
    return {operation.name: operation for operation in layers}


def problems() -> tuple[Problem, ...]:
    """The problems, with known optima of the exact search named in the tests of accelsim's search."""
    convolutions = resnet18()
    conv2 = layer("CONV2", 192, 64, 27, 5)
    product = convolution("4096^3", 4096, 1, 4096, 4096, Plane((1, 1), (1, 1), (1, 1)))
    alexnet = [entry.layer.operation() for entry in load_network("alexnet", 16).layers]

    def one(machine: str, operation: Operation, known: float = 0, aim: float | None = None, **limits: float) -> Problem:
        optimum = {operation.name: known} if known else {}
        name = f"{machine} {operation.name}"
        return Problem(name, (machine,), (operation,), limits=limits, aim=aim, known_pj=optimum)

    spads, unified, stationary = "eyeriss_like_spads", "eyeriss_like_unified", "ws16x16"
    return (
        Problem(
            f"{stationary} ResNet-18, 11 convolutions",
            (stationary,),
            tuple(convolutions.values()),
            limits={"proven": 2, "close": 1},
            aim=0.5,
            known_pj={"layer4": 849_046_528},
        ),
        one(stationary, convolutions["layer4"], 849_046_528),
        one(stationary, conv2, 827_590_272),
        one(spads, convolutions["layer3"], proven=2, close=0.5),
        one(spads, convolutions["layer4"], 1_119_321_088, proven=2, close=0.5),
        one(spads, convolutions["layer1"], proven=10, close=1, aim=2),
        one(spads, convolutions["layer2"], proven=10, close=1, aim=2),
        one(spads, conv2, proven=10, close=1, aim=2),
        one(unified, product, 497_478_008_832, proven=10, close=2),
        one(unified, convolutions["layer4"], proven=20, close=2),
        Problem(
            "AlexNet N=16 on seven dataflow machines",
            DATAFLOW_MACHINES,
            tuple(operation for operation in alexnet if operation.kind == "mac"),
            dataflow=None,
            limits={"proven": 20, "close": 5},
        ),
    )


def warm_up(machines: Iterable[str], limits: Limits) -> None:
    """Compiles or loads every kernel, on other shapes and machines of another name, so that nothing asked is kept."""
    from accelsim.search import search

    shapes = (layer("warm-up", 24, 12, 6, 3), convolution("warm-up", 8, 1, 24, 36, Plane((1, 1), (1, 1), (1, 1))))
    for machine in machines:
        for shape in shapes:
            search(shape, replace(load_architecture(machine), name="warm-up"), "energy", replace(limits, seconds=1.0))


def divides(mapping: Mapping) -> bool:
    """Whether every step divides what encloses it."""
    left = dict(mapping.bounds)
    for loop in mapping.loops:
        if left[loop.dim] % loop.step:
            return False
        left[loop.dim] = loop.step
    return True


def searched(operation: Operation, machine: str, limits: Limits, known: float | None) -> dict[str, Any]:
    """One search as a record."""
    from accelsim.search import search

    architecture = load_architecture(machine)
    out: dict[str, Any] = {"operation": operation.name, "machine": machine, "infeasible": "", "known": known}
    start = time.process_time()
    try:
        found = search(operation, architecture, "energy", limits)
    except InfeasibleError as error:
        return {**out, "infeasible": str(error), "cpu_seconds": time.process_time() - start}
    proof = found.certificate
    return {
        **out,
        "cpu_seconds": time.process_time() - start,
        "energy": found.evaluation.energy,
        "unit": found.evaluation.energy_unit,
        **{name: getattr(proof, name) for name in ("gap", "lower_bound", "looked_at", "space", "complete")},
        "mapping": str(found.mapping),
        "outside": limits.steps == "perfect" and not divides(found.mapping),
    }


def measured(problem: Problem, mode: str, seconds: float) -> Row:
    """One row, in this process."""
    limits = Limits(dataflow=problem.dataflow, seconds=seconds, **MODES[mode])
    warm_up(problem.machines, limits)
    start_seconds = time.process_time()
    records = [
        searched(operation, machine, limits, problem.known_pj.get(operation.name))
        for machine in problem.machines
        for operation in problem.operations
    ]
    found = [record for record in records if not record["infeasible"]]
    known = [(record["energy"], record["known"]) for record in found if record["known"]]
    return Row(
        problem.name,
        mode,
        problem.limits.get(mode),
        problem.aim if mode == "proven" else None,
        energy=sum(record["energy"] for record in found),
        unit=found[0]["unit"] if found else "",
        to_known=sum(energy for energy, _ in known) / sum(optimum for _, optimum in known) if known else None,
        gap=max((record["gap"] for record in found), default=0.0),
        cpu_seconds=sum(record["cpu_seconds"] for record in records),
        start_seconds=start_seconds,
        looked_at=sum(record["looked_at"] for record in found),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        searches=records,
    )


def in_fresh_process(problem: Problem, mode: str, seconds: float) -> Row:
    """One row measured by this script in a process of its own, so that its peak memory and caches are its own."""
    command = [
        sys.executable,
        str(Path(__file__)),
        "--measure",
        problem.name,
        "--mode",
        mode,
        "--seconds",
        str(seconds),
    ]
    longest = seconds * len(problem.machines) * len(problem.operations) + 300
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=longest, check=True)
    except subprocess.TimeoutExpired:
        return Row(problem.name, mode, None, None, failure=f"no result after {longest:.0f} s")
    except subprocess.CalledProcessError as error:
        return Row(problem.name, mode, None, None, failure=f"failed: {error.stderr.strip().rpartition(chr(10))[2]}")
    return Row(**json.loads(done.stdout))


def table(rows: list[Row]) -> Table:
    out = Table(title="Mapping search, for energy; CPU seconds of one core, after warm-up")
    for title in ("problem", "mode"):
        out.add_column(title)
    for title in ("energy", "/ known", "gap", "CPU s", "limit (aim)", "looked at", "peak MiB", "start s"):
        out.add_column(title, justify="right", no_wrap=True)
    out.add_column("verdict")
    for row in rows:
        aim = "" if row.aim is None else f" ({row.aim:g})"
        limit = "" if row.limit is None else f"{row.limit:g}{aim}"
        known = "" if row.to_known is None else f"{row.to_known:.5f}"
        numbers = (f"{row.energy:.6g} {row.unit}", known, f"{row.gap:.2%}", f"{row.cpu_seconds:.2f}", limit)
        spent = (f"{row.looked_at:,}", f"{row.peak_mib:.0f}", f"{row.start_seconds:.1f}")
        out.add_row(row.problem, row.mode, *numbers, *spent, row.verdict)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose problem's name contains this")
    parser.add_argument("--mode", action="append", choices=MODES, help="modes to run; several may be given")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall time that one search may take")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--peers", action="store_true", help="run AccelForge and ZigZag on the same problems as well")
    parser.add_argument("--peer-seconds", type=int, default=180, help="CPU seconds that a peer may take per problem")
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        problem = next(problem for problem in problems() if problem.name == options.measure)
        print(json.dumps(asdict(measured(problem, options.mode[0], options.seconds))))
        return
    chosen = [problem for problem in problems() if options.only in problem.name]
    rows = [in_fresh_process(problem, mode, options.seconds) for problem in chosen for mode in options.mode or MODES]
    report(rows, chosen, options)


def report(rows: list[Row], chosen: list[Problem], options: argparse.Namespace) -> None:
    """The table, and the peers' when asked for; or all of it as JSON."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    if not options.json:
        console.print(table(rows))
    peers = []
    if options.peers:
        from peers_compare import compared, peers_table

        peers = compared([(problem.name, problem.machines, problem.operations) for problem in chosen], options)
        ours = {(row.problem, row.mode): (row.energy, row.cpu_seconds) for row in rows if not row.failure}
        if not options.json:
            console.print(peers_table(peers, ours))
    if options.json:
        listed = [{**asdict(row), "verdict": row.verdict} for row in rows]
        print(json.dumps({"schema_version": 1, "rows": listed, "peers": peers}))


if __name__ == "__main__":
    main()
