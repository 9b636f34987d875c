"""Small machines, operations and evaluations with numbers chosen by hand, for tests of what stands on top of them."""

from __future__ import annotations

from pathlib import Path

from accelsim.architecture.spec import Architecture, Axis, Compute, EnergyUnit, Fanout, Level, Source
from accelsim.mapping.counts import AccessCounts, NetworkCounts, PortWords, TensorCounts, Words
from accelsim.mapping.nest import Mapping, Storage, Temporal
from accelsim.model.evaluation import EnergyItem, Evaluation, PortTime, Utilization
from accelsim.report.comparison import Comparison
from accelsim.report.results import LayerResult, Settings
from accelsim.search.interface import Certificate
from accelsim.workload.operation import Operation, Rank, Tensor, Term

ROOT = Path(__file__).parents[1]


def machine(
    name: str = "toy",
    unit: EnergyUnit = "pJ",
    dram_energy: float = 200.0,
    bandwidth: float | None = 4.0,
    verified: bool = True,
) -> Architecture:
    """DRAM, a buffer, 2 x 2 PEs with a register each; a MAC costs 1, a register access 1, a word sent 2."""
    sources = (Source("read_energy", "a paper", verified),)
    return Architecture(
        name,
        (
            Level("DRAM", read_energy=dram_energy, read_bandwidth=bandwidth, shared_port=True, sources=sources),
            Level("Buffer", capacity_words=64, read_energy=6.0, write_energy=6.0),
            Fanout("Array", (Axis("X", 2), Axis("Y", 2)), hop_energy=(("*", 2.0),)),
            Level("Register", capacity_words=4, read_energy=1.0, write_energy=1.0),
        ),
        Compute(mac_energy=1.0),
        clock_mhz=200.0,
        energy_unit=unit,
    )


def product(name: str = "fc", m: int = 4, k: int = 6, n: int = 1) -> Operation:
    """outputs[m, n] += weights[m, k] x inputs[k, n]."""

    def rank(dim: str, size: int) -> Rank:
        return Rank((Term(dim),), size)

    return Operation(
        name,
        (("M", m), ("K", k), ("N", n)),
        (
            Tensor("inputs", (rank("K", k), rank("N", n))),
            Tensor("weights", (rank("M", m), rank("K", k))),
            Tensor("outputs", (rank("M", m), rank("N", n))),
        ),
    )


def pooling(name: str = "pool", channels: int = 8) -> Operation:
    """Pairs of inputs reduced to one output per channel."""
    return Operation(
        name,
        (("C", channels), ("R", 2)),
        (
            Tensor("inputs", (Rank((Term("C"),), channels), Rank((Term("R"),), 2))),
            Tensor("outputs", (Rank((Term("C"),), channels),)),
        ),
        kind="vector",
    )


def stationary(operation: Operation) -> Mapping:
    """Everything in DRAM and in registers, loops in the operation's order."""
    tensors = [t.name for t in operation.tensors]
    return Mapping.of(
        operation,
        (
            *(Storage("DRAM", t) for t in tensors),
            *(Temporal(dim, 1) for dim in operation.dims),
            *(Storage("Register", t) for t in tensors),
        ),
    )


def evaluation(operation: Operation, architecture: Architecture, cycles: int | None = None) -> Evaluation:
    """Every operand word read once from DRAM and every output written once; one MAC per cycle on one of four PEs.

    The numbers are plain multiples of the tensors' words so that tests can work them out again.
    """
    words = {t.name: t.words for t in operation.tensors}
    output = operation.output.name
    rows = []
    for name, n in words.items():
        total = Words(updates=n) if name == output else Words(reads=n)
        rows.append(TensorCounts("DRAM", name, total, total, n, n, 1))
        inner = Words(drains=n) if name == output else Words(fills=n)
        rows.append(TensorCounts("Register", name, inner, inner, n, 1, 1))
    networks = tuple(NetworkCounts("Array", name, n, n) for name, n in words.items())
    dram = architecture.levels[0]
    steps = operation.points
    cycles = cycles or steps
    energies = [EnergyItem("DRAM", "level", name, n * dram.read_energy) for name, n in words.items()]
    energies += [EnergyItem("Array", "network", name, n * 2.0) for name, n in words.items()]
    energies += [EnergyItem("Register", "level", name, n * 1.0) for name, n in words.items()]
    energies.append(EnergyItem("MAC", "compute", "", operation.points * 1.0))
    moved = sum(words.values())
    return Evaluation(
        operation=operation.name,
        architecture=architecture.name,
        convention="ours",
        energy_unit=architecture.energy_unit,
        clock_mhz=architecture.clock_mhz,
        mapping=stationary(operation) if operation.kind == "mac" else None,
        counts=AccessCounts(operation.macs, steps, 1, tuple(rows), networks, (PortWords("DRAM", moved, 0, moved),)),
        energies=tuple(energies),
        compute_cycles=steps,
        cycles=cycles,
        bound_by="compute" if cycles == steps else "DRAM shared port",
        port_times=(PortTime("DRAM", "shared", moved, -(-moved // 4)),),
        utilization=Utilization(spatial=0.25, ragged=1.0, bandwidth=steps / cycles),
        vector_operations=operation.points if operation.kind == "vector" else 0,
    )


def certificate(best: float, gap: float = 0.0) -> Certificate:
    """A certificate with this gap."""
    return Certificate(1000, "all nests", 10, best * (1 - gap), best, 0.1, gap == 0)


def result(
    operation: Operation, architecture: Architecture, *, network: str = "net", repeat: int = 1, reason: str = ""
) -> LayerResult:
    """One layer on one machine; infeasible when there is a reason."""
    if reason:
        return LayerResult(network, operation.name, repeat, operation, architecture, None, None, reason)
    cost = evaluation(operation, architecture)
    proof = None if operation.kind == "vector" else certificate(cost.energy)
    return LayerResult(network, operation.name, repeat, operation, architecture, cost, proof)


def comparison(
    *architectures: Architecture,
    operations: tuple[Operation, ...] = (product("fc1"), product("fc2", m=8), pooling()),
    infeasible: tuple[tuple[str, str], ...] = (),
    network: str = "net",
) -> Comparison:
    """Operations on machines; ``infeasible``: (machine, operation) pairs that have no mapping."""
    machines = architectures or (machine("alpha"), machine("beta", dram_energy=100.0))
    results = tuple(
        result(
            operation,
            architecture,
            network=network,
            reason=f"{operation.name} on {architecture.name}: Register needs 9 words, holds 4"
            if (architecture.name, operation.name) in infeasible
            else "",
        )
        for architecture in machines
        for operation in operations
    )
    return Comparison((network,), machines, Settings(), results)


MACHINE_FILE = """\
name: toy
clock: 100 MHz
word: 16 b
sources: {clock: made up, word: made up}
elements:
- level: DRAM
  read_energy: 200 pJ
  write_energy: 200 pJ
  sources: {'*': made up}
- level: Buffer
  capacity: 4 KiB
  read_energy: 6 pJ
  write_energy: 6 pJ
  sources: {'*': made up}
- fanout: Array
  axes:
  - {axis: X, size: 4, networks: {inputs: multicast, weights: multicast, outputs: reduction}}
  sources: {'*': made up}
- level: Register
  capacity: 32 B
  read_energy: 1 pJ
  write_energy: 1 pJ
  sources: {'*': made up}
- compute: MAC
  energy: 1 pJ
  sources: {'*': made up}
"""
LAYER_FILE = "name: small\ntype: conv\nM: 4\nC: 2\nH: 6\nR: 3\n"
NEST_FILE = """\
DRAM  keeps inputs weights outputs
Buffer  keeps inputs outputs
for c in 0..2 by 1
  par-for m in 0..4 by 1 on X
    for e in 0..4 by 1
      for f in 0..4 by 1
        Register  keeps outputs
        for r in 0..3 by 1
          for s in 0..3 by 1
            Register  keeps weights
            MAC
"""
