"""The rows behind every figure of a comparison: what is drawn is what the CSV beside it says, and nothing else.

Every function takes the results of one network on machines of one energy unit, in the order of the machines, and
gives plain rows; sums are over layers with MACs and count their repeats.  A machine that lacks a layer has one row
that says which (``infeasible``) and no numbers, as a sum over fewer layers may not stand beside the others'.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from accelsim.architecture.spec import Architecture
from accelsim.model.evaluation import Evaluation
from accelsim.report.results import LayerResult, total
from accelsim.report.roofline import bytes_per_second, peak_tops
from accelsim.report.rows import Row
from accelsim.report.stalls import Timed
from accelsim.report.timing import COMPUTE

Results = Sequence[LayerResult]
PEAK, IDLE, RAGGED, WAITING, ACHIEVED = (
    *("all MAC units busy", "idle MAC units", "ragged tiles", "waiting for ports"),
    "achieved",
)


def by_machine(results: Results) -> Iterator[tuple[Architecture, list[LayerResult]]]:
    """The machines in order, each with its results."""
    for machine in dict.fromkeys(r.machine for r in results):
        mine = [r for r in results if r.machine == machine]
        yield mine[0].architecture, mine


def _start(architecture: Architecture, mine: Results) -> Row:
    """The machine, and which of its layers have no mapping."""
    lacking = [r.layer for r in mine if r.evaluation is None]
    return {"machine": architecture.name, "layers": len(mine), "infeasible": " ".join(lacking)}


def _mapped(mine: Results) -> list[tuple[LayerResult, Evaluation]]:
    return [(r, r.evaluation) for r in mine if r.evaluation is not None]


def energy_rows(results: Results, by: str) -> list[Row]:
    """Energy per MAC of every machine by ``level`` or by ``tensor``, in ``energy_unit`` (pJ, or MAC = 1)."""
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        start = _start(architecture, mine) | {"energy_unit": architecture.energy_unit}
        whole = total(mine[0].network, architecture, mine)
        if not whole.complete or not whole.macs:
            out.append(start | {by: None, "energy_per_mac": None})
            continue
        parts = whole.energy_by_component if by == "level" else whole.energy_by_tensor
        out.extend(start | {by: name, "energy_per_mac": energy / whole.macs} for name, energy in parts)
    return out


def latency_rows(results: Results, timed: Sequence[Timed] = ()) -> list[Row]:
    """Time of every machine, part by part: steady, or through the tile pipeline where ``timed`` has every layer.

    The parts of a machine add up to its cycles; ``milliseconds`` are those at its clock.
    """
    followed = {(r.network, r.layer, r.machine): timing for r, timing in timed}
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        start = _start(architecture, mine)
        if start["infeasible"]:
            out.append(start | {"depth": None, "part": None, "cycles": None, "milliseconds": None})
            continue
        parts: dict[str, Fraction] = {COMPUTE: Fraction(0)}
        for result, evaluation in _mapped(mine):
            timing = followed.get((result.network, result.layer, result.machine))
            own = _steady(evaluation) if timing is None else [(p.name, p.cycles) for p in timing.parts]
            for name, cycles in own:
                parts[name] = parts.get(name, Fraction(0)) + result.repeat * cycles
        start["depth"] = "pipelined" if timed else "steady"
        for name, cycles in parts.items():
            milliseconds = float(cycles / 1000) / architecture.clock_mhz
            out.append(start | {"part": name, "cycles": float(cycles), "milliseconds": milliseconds})
    return out


def _steady(evaluation: Evaluation) -> list[tuple[str, Fraction]]:
    parts = [(COMPUTE, Fraction(evaluation.compute_cycles))]
    if evaluation.cycles > evaluation.compute_cycles:
        waiting = evaluation.cycles - evaluation.compute_cycles
        parts.append((f"waiting for the {evaluation.bound_by}", Fraction(waiting)))
    return parts


def layer_rows(results: Results) -> list[Row]:
    """Throughput and utilization of every layer on every machine."""
    return [
        {
            "machine": r.machine,
            "layer": r.layer,
            "throughput_tops": r.evaluation.tops if r.evaluation else None,
            "utilization_percent": 100 * r.evaluation.utilization.total if r.evaluation else None,
        }
        for r in results
    ]


def loss_rows(results: Results) -> list[Row]:
    """Where the MAC units' cycles go, from all of them down to those that do a MAC.

    A slot is one MAC unit in one cycle.  All slots of a network = units x cycles = slots in which ports are waited for
    + slots of units that the mapping leaves idle + slots lost to clipped tiles + MACs, which is exact in integers.
    """
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        start = _start(architecture, mine)
        mapped = _mapped(mine)
        if start["infeasible"] or not mapped:
            out.append(start | {"step": None, "mac_slots": None, "from_percent": None, "to_percent": None})
            continue
        units = architecture.mac_units
        used = sum(r.repeat * e.counts.mac_instances * e.compute_cycles for r, e in mapped)
        computing = units * sum(r.repeat * e.compute_cycles for r, e in mapped)
        every = units * sum(r.repeat * e.cycles for r, e in mapped)
        macs = sum(r.repeat * e.counts.macs for r, e in mapped)
        steps = ((PEAK, every, 0), (WAITING, every, computing), (IDLE, computing, used), (RAGGED, used, macs))
        for step, high, low in (*steps, (ACHIEVED, macs, 0)):
            share = {"from_percent": 100 * low / every, "to_percent": 100 * high / every}
            out.append(start | {"step": step, "mac_slots": high - low, **share})
    return out


def roofline_rows(results: Results, levels: bool = False) -> list[Row]:
    """Every layer as throughput over operations per byte at the outermost level, or at each of the ``levels``.

    ``gigabytes_per_second``: what all instances of the level move in both directions, None where it is not stated.
    """
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        for level in architecture.levels if levels else architecture.levels[:1]:
            bandwidth = bytes_per_second(architecture, level)
            for result in mine:
                moved = result.level_bytes(level.name)
                if result.evaluation is not None and not moved:
                    continue  # the layer keeps nothing there, so the level does not limit it
                out.append(
                    {
                        "machine": architecture.name,
                        "level": level.name,
                        "layer": result.layer,
                        "operations_per_byte": 2 * result.operation.macs / moved if moved else None,
                        "throughput_tops": result.evaluation.tops if result.evaluation else None,
                        "peak_tops": peak_tops(architecture),
                        "gigabytes_per_second": None if bandwidth is None else bandwidth / 1e9,
                    }
                )
    return out


def pareto_rows(results: Results) -> list[Row]:
    """Every machine that maps the whole network: its time and its energy, and whether no other beats it in both."""
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        whole = total(mine[0].network, architecture, mine)
        if whole.complete and whole.macs:
            out.append(
                {
                    "machine": architecture.name,
                    "milliseconds": 1e3 * whole.seconds,
                    "energy": whole.energy,
                    "energy_unit": whole.unit,
                }
            )
    return out
