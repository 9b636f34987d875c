"""A cost that no mapping can beat: every word moves at least once, and every MAC is served, at the best sharing.

Per tensor and per choice of the levels that keep it, with W its distinct words and M its MACs with data:

    outermost            an operand is read W times; an output written W times
    every level below    W words arrive (operands) or leave (outputs), over every network between
    innermost            operands: M / share reads; outputs: M / share updates and, past the first, as many reads
    network to the MACs  M words delivered, when the innermost level lies outside it

``share`` is the most MACs that one access can serve at once: positions of the axes inside the level whose network
merges the tensor's words, as far as dims that reuse the tensor or slide over it may be unrolled there.
The cheapest choice per tensor, summed over tensors, bounds the energy of every mapping.
"""

from __future__ import annotations

from itertools import product
from math import prod

from accelsim.architecture.spec import Axis, Level
from accelsim.mapping.counts import TensorCounts, Words
from accelsim.mapping.dataflow import keeps_by_level
from accelsim.mapping.tiles import distinct_words, points_with_data
from accelsim.model.conventions import Convention, convention
from accelsim.model.energy import charged_macs, element_energies, hop_energy, role_of
from accelsim.model.latency import whole_cycles
from accelsim.search.interface import Objective
from accelsim.search.rules import Rules
from accelsim.workload.operation import Operation, Tensor


def lower_bound(rules: Rules, objective: Objective, convention_name: str) -> float:
    """A value of the objective that no mapping under the rules goes below."""
    match objective:
        case "energy":
            return energy_bound(rules, convention(convention_name))
        case "latency":
            return cycles_bound(rules)
        case "edp":
            return energy_bound(rules, convention(convention_name)) * cycles_bound(rules)


def cycles_bound(rules: Rules) -> int:
    """Cycles that no mapping goes below: all MAC units that the dims allowed on the axes can fill, and the words that
    must cross the outermost level's ports."""
    operation, architecture = rules.operation, rules.architecture
    units = prod(min(axis.size, _extent(rules, axis, rules.dims)) for axis in architecture.axes.values())
    cycles = -(-operation.macs // units)
    level = architecture.levels[0]
    per_word, parts = level.word_parts(tensor.bits for tensor in operation.tensors)
    moved = [distinct_words(operation, t) * part for t, part in zip(operation.tensors, parts, strict=True)]
    reads, writes = sum(moved[:-1]), moved[-1]
    if level.shared_port:
        reads, writes = reads + writes, 0
    for words, bandwidth in ((reads, level.read_bandwidth), (writes, level.write_bandwidth)):
        if bandwidth:
            cycles = max(cycles, whole_cycles(words, bandwidth, per_word))
    return cycles


def energy_bound(rules: Rules, view: Convention) -> float:
    """Energy, in the architecture's unit, that no mapping goes below."""
    architecture, operation = rules.architecture, rules.operation
    energy = charged_macs(operation, architecture) * architecture.compute.mac_energy
    for tensor in operation.tensors:
        keeps = keeps_by_level(operation, architecture, rules.dataflow, tensor.name)
        options = ({"must": (True,), "may": (True, False), "not": (False,)}[keeps[x.name]] for x in architecture.levels)
        paths = ([x for x, kept in zip(architecture.levels, flags, strict=True) if kept] for flags in product(*options))
        energy += min(_path_energy(rules, view, tensor, path) for path in paths)
    return energy


def _path_energy(rules: Rules, view: Convention, tensor: Tensor, path: list[Level]) -> float:
    """Least energy of one tensor when these levels keep it, outermost first."""
    words, accesses = distinct_words(rules.operation, tensor), macs_with_data(rules.operation, tensor)
    output = tensor == rules.operation.output
    energy = 0.0
    for level in path[:-1]:
        counts = Words(updates=words, drains=words) if output else Words(reads=words, fills=words)
        energy += _charged(rules, view, tensor, level, counts, words)
    energy += _innermost(rules, view, tensor, path[-1], words, accesses)
    above, hops = rules.architecture.fanouts_above, sum(view.output_hops if output else view.operand_hops)
    if view.output_hops == (0, 1) or not output:
        for fanout in rules.architecture.fanouts[: above[path[-1].name]]:
            energy += max(0, hops) * words * hop_energy(fanout, tensor)
        inside = rules.architecture.fanouts[above[path[-1].name] :]
        if inside:
            energy += max(0, hops) * accesses * hop_energy(inside[-1], tensor)
    return energy


def _innermost(rules: Rules, view: Convention, tensor: Tensor, level: Level, words: int, accesses: int) -> float:
    """Least energy at the level that feeds the MACs."""
    inside = rules.architecture.fanouts[rules.architecture.fanouts_above[level.name] :]
    share = prod(_share(rules, axis, tensor) for fanout in inside for axis in fanout.axes)
    moved = max(words, -(-accesses // share))
    if tensor != rules.operation.output:
        return _charged(rules, view, tensor, level, Words(reads=moved, fills=words), words)
    outside = rules.architecture.fanouts[: rules.architecture.fanouts_above[level.name]]
    copies = prod(_extent(rules, axis, _shared_dims(rules, tensor)) for fanout in outside for axis in fanout.axes)
    counts = Words(reads=max(0, moved - words * copies), updates=moved, drains=words)
    return _charged(rules, view, tensor, level, counts, words * copies)


def _charged(rules: Rules, view: Convention, tensor: Tensor, level: Level, counts: Words, distinct: int) -> float:
    """Energy of these counts at a level, or 0 where the convention subtracts something that is not bounded here."""
    architecture, output = rules.architecture, tensor == rules.operation.output
    role = role_of(architecture, level.name)
    if view.drop_unreused_registers and role == "register" and not output:
        return 0.0
    if level is architecture.levels[0]:
        counts = Words(counts.reads, 0, counts.updates, 0)
    rows = view.view(role, output)
    row = TensorCounts(level.name, tensor.name, counts, Words(), distinct, 0, 0)
    read, write = rows.accesses(row)
    if min(rows.read) < 0:
        read = 0
    if min(rows.write) < 0:
        write = 0
    read_energy, write_energy = element_energies(level, tensor)
    return read * read_energy + write * write_energy


def _share(rules: Rules, axis: Axis, tensor: Tensor) -> int:
    """Most MACs along an axis that one access of the tensor can serve at once."""
    network = axis.network(tensor.name)
    if network == "unicast":
        return 1
    return _extent(rules, axis, _shared_dims(rules, tensor))


def _shared_dims(rules: Rules, tensor: Tensor) -> tuple[str, ...]:
    """Dims along which different positions can touch the same word: those that reuse the tensor or slide over it."""
    sliding = [term.dim for rank in tensor.ranks for term in rank.terms if len(rank.terms) > 1]
    return (*rules.irrelevant(tensor.name), *sliding)


def _extent(rules: Rules, axis: Axis, dims: tuple[str, ...]) -> int:
    """Product of the bounds of those dims that the axis may carry, at most its size."""
    allowed = dict(rules.spatial)[axis.name]
    return min(axis.size, prod(rules.operation.extents[dim] for dim in set(dims) if dim in allowed))


def macs_with_data(operation: Operation, tensor: Tensor) -> int:
    """MACs whose word of this tensor is data, not padding."""
    points = operation.points
    for rank in tensor.ranks:
        every = prod(operation.extents[term.dim] for term in rank.terms)
        points = points // every * points_with_data(rank, operation.extents)
    return points
