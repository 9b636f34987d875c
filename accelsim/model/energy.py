"""Energy = charged accesses x energy per access, by component and tensor."""

from __future__ import annotations

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.tiles import points_with_data
from accelsim.model.conventions import Convention, Role
from accelsim.model.evaluation import EnergyItem
from accelsim.workload.operation import Operation


def role_of(architecture: Architecture, level: str) -> Role:
    """outermost, buffer or register: where a level stands."""
    if level == architecture.levels[0].name:
        return "outermost"
    return "buffer" if architecture.fanouts_above[level] == 0 else "register"


def energy_items(
    operation: Operation, architecture: Architecture, counts: AccessCounts, convention: Convention, data_macs: int
) -> tuple[EnergyItem, ...]:
    """One item per level and tensor, per network and tensor, and one for the MACs, in the machine's order.

    energy = reads x read energy + writes x write energy; words x hop energy; MACs x MAC energy (MACs on padding are
    left out when the compute gates them: ``data_macs``). Unit: the architecture's.
    """
    output = operation.output.name
    items = {}
    for row in counts.tensors:
        level = architecture.level(row.level)
        reads, writes = convention.accesses(row, role_of(architecture, row.level), row.tensor == output)
        energy = reads * level.read_energy + writes * level.write_energy
        items[row.level, row.tensor] = EnergyItem(row.level, "level", row.tensor, energy)
    for net in counts.networks:
        fanout = next(f for f in architecture.fanouts if f.name == net.fanout)
        energy = convention.hops(net, net.tensor == output) * fanout.energy_per_word(net.tensor)
        items[net.fanout, net.tensor] = EnergyItem(net.fanout, "network", net.tensor, energy)
    ordered = [
        items[element.name, tensor.name]
        for element in architecture.elements
        for tensor in operation.tensors
        if (element.name, tensor.name) in items
    ]
    macs = data_macs if architecture.compute.gate_padding else counts.macs
    name = architecture.compute.name
    return (*ordered, EnergyItem(name, "compute", "", macs * architecture.compute.mac_energy))


def data_macs(operation: Operation) -> int:
    """MACs whose every operand and output is data: those that padding gating leaves.

    Dims that share a window are independent of all others, so the count is a product over ranks.
    """
    macs = 1
    counted: set[str] = set()
    for rank in (rank for tensor in operation.tensors for rank in tensor.ranks):
        low, high = rank.span(operation.extents)
        if low < 0 or high >= rank.size:
            macs *= points_with_data(rank, operation.extents)
            counted |= {term.dim for term in rank.terms}
    for dim, bound in operation.bounds:
        macs *= 1 if dim in counted else bound
    return macs
