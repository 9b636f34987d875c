"""Energy = charged elements x energy per element, by component and tensor.

    energy per element = energy per word  x  bits that the element takes / bits of the word

A machine states energies of whole words; a word that several elements share is paid for by all of them.
"""

from __future__ import annotations

from accelsim.architecture.spec import Architecture, Fanout, Level
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.tiles import points_with_data
from accelsim.model.conventions import Convention, Role
from accelsim.model.evaluation import EnergyItem
from accelsim.workload.operation import Operation, Tensor


def role_of(architecture: Architecture, level: str) -> Role:
    """outermost, buffer or register: where a level stands."""
    if level == architecture.levels[0].name:
        return "outermost"
    return "buffer" if architecture.fanouts_above[level] == 0 else "register"


def element_energies(level: Level, tensor: Tensor) -> tuple[float, float]:
    """(read, write) energy of one element of the tensor at a level, in the architecture's unit."""
    words = level.element_bits(tensor.bits) / level.word_bits
    return level.read_energy * words, level.write_energy * words


def hop_energy(fanout: Fanout, tensor: Tensor) -> float:
    """Energy of one element of the tensor delivered over a fan-out's network, in the architecture's unit."""
    return fanout.energy_per_word(tensor.name) * ((tensor.bits or fanout.word_bits) / fanout.word_bits)


def energy_items(
    operation: Operation, architecture: Architecture, counts: AccessCounts, convention: Convention, macs: int
) -> tuple[EnergyItem, ...]:
    """One item per level and tensor, per network and tensor, and one for the MACs, in the machine's order.

    energy = reads x read energy + writes x write energy, per element; elements x hop energy; MACs x MAC energy,
    whatever their widths (``macs``: `charged_macs`). Unit: the architecture's.
    """
    output = operation.output.name
    items = {}
    for row in counts.tensors:
        level = architecture.level(row.level)
        reads, writes = convention.accesses(row, role_of(architecture, row.level), row.tensor == output)
        read, write = element_energies(level, operation.tensor(row.tensor))
        energy = reads * read + writes * write
        items[row.level, row.tensor] = EnergyItem(row.level, "level", row.tensor, energy)
    for net in counts.networks:
        fanout = next(f for f in architecture.fanouts if f.name == net.fanout)
        energy = convention.hops(net, net.tensor == output) * hop_energy(fanout, operation.tensor(net.tensor))
        items[net.fanout, net.tensor] = EnergyItem(net.fanout, "network", net.tensor, energy)
    ordered = [
        items[element.name, tensor.name]
        for element in architecture.elements
        for tensor in operation.tensors
        if (element.name, tensor.name) in items
    ]
    name = architecture.compute.name
    return (*ordered, EnergyItem(name, "compute", "", macs * architecture.compute.mac_energy))


def charged_macs(operation: Operation, architecture: Architecture) -> int:
    """MACs that cost energy: all, or those that are left when the compute gates padding."""
    return data_macs(operation) if architecture.compute.gate_padding else operation.macs


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
