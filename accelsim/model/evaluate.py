"""Operation + Architecture + Mapping -> Evaluation."""

from __future__ import annotations

from accelsim.architecture.spec import Architecture
from accelsim.errors import MappingError
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping
from accelsim.mapping.validity import check_mapping
from accelsim.model.conventions import convention as convention_of
from accelsim.model.energy import charged_macs, energy_items
from accelsim.model.evaluation import Evaluation
from accelsim.model.latency import area_um2, port_times, steady_latency, utilization
from accelsim.model.plan import TileRule
from accelsim.model.traffic import access_counts
from accelsim.workload.operation import Operation


def evaluate(
    operation: Operation, architecture: Architecture, mapping: Mapping, convention: str = "ours", check: bool = True
) -> Evaluation:
    """The cost of a mapping: exact counts, energy in the machine's unit, steady cycles, utilization, area.

    ``counts`` (and with them cycles) follow our contract whatever the convention; where the convention has a tile rule
    of its own, its energy is priced on counts under that rule.
    Raises MappingError with every violation when the mapping does not fit (``check=False`` when that is known), and
    when the operation has no MACs.
    """
    if operation.kind != "mac":
        raise MappingError(f"{operation.name}: a mapping must be of an operation with MACs, not of {operation.kind}")
    view = convention_of(convention)
    if check:
        check_mapping(operation, architecture, mapping)
    counts = access_counts(operation, architecture, mapping)
    priced = counts if view.tiles == TileRule() else access_counts(operation, architecture, mapping, view.tiles)
    return _evaluation(operation, architecture, mapping, counts, priced, convention)


def _evaluation(
    operation: Operation, architecture: Architecture, mapping: Mapping, counts: AccessCounts, priced: AccessCounts,
    convention: str,
) -> Evaluation:  # fmt: skip
    macs = charged_macs(operation, architecture)
    times = port_times(architecture, counts)
    cycles, bound_by = steady_latency(counts.steps, times)
    return Evaluation(
        operation=operation.name,
        architecture=architecture.name,
        convention=convention,
        energy_unit=architecture.energy_unit,
        clock_mhz=architecture.clock_mhz,
        mapping=mapping,
        counts=counts,
        energies=energy_items(operation, architecture, priced, convention_of(convention), macs),
        compute_cycles=counts.steps,
        cycles=cycles,
        bound_by=bound_by,
        port_times=times,
        utilization=utilization(architecture, counts, cycles),
        area_um2=area_um2(architecture),
    )
