"""Runs of ZigZag as our operations, machines and nests; the data is published/zigzag/runs.json.

A loop of ZigZag belongs to a memory per operand; a storage node of ours stands right outside the loops below that
memory. The array's loops lie between the memories of a PE and all others, so a run is a nest of ours when no memory
outside the array stands inside a loop that a PE's memory of another operand lies outside of.
"""

from __future__ import annotations

from typing import Any

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Network
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.validation.data import published_json
from accelsim.workload.layer import Convolution
from accelsim.workload.operation import Operation
from accelsim.workload.window import Padding

DIMS = {"B": "N", "G": "G", "K": "M", "C": "C", "OY": "E", "OX": "F", "FY": "R", "FX": "S"}
TENSORS = {"I": "inputs", "W": "weights", "O": "outputs"}
Record = dict[str, Any]


def records() -> list[Record]:
    """All runs, one per layer, array and objective."""
    runs: list[Record] = published_json("zigzag/runs.json")["runs"]
    return runs


def port_bits(arch: str) -> dict[str, int]:
    """Memory -> bits of an access."""
    memories = published_json("zigzag/runs.json")["memories"][arch]
    return {name: memory["bits"] for name, memory in memories.items()}


def not_a_nest(record: Record) -> str:
    """Why a run is no nest of ours; '' for one that is."""
    if any(factor != int(factor) for _, factor in record["spatial"]):
        return "a fraction of a PE: ZigZag spreads 256 channels over 14 columns as 18.29 rounds"
    inside = max(levels[0] for levels in record["levels"].values())
    if any(levels[1] < inside for levels in record["levels"].values()):
        return "a memory outside the array refilled while a PE of it keeps another operand"
    return ""


def deals_rows_singly(record: Record) -> bool:
    """Whether a dim of the array also steps in time between a PE's inputs and the array: then ours is not its order."""
    inside = max(levels[0] for levels in record["levels"].values())
    between = {dim for dim, _ in record["loops"][record["levels"]["I"][0] : inside]}
    return bool(between & {dim for dim, _ in record["spatial"]} & {"OX", "OY"})


def operation(record: Record) -> Operation:
    """The convolution of a run."""
    dims, padding = record["dims"], record["padding"]
    strides = record["strides"] or [1, 1]
    top, bottom = padding.get("IY", (0, 0))
    left, right = padding.get("IX", (0, 0))

    def plane(out: str, taps: str, stride: int, before: int, after: int) -> int:
        return int(stride * (dims[out] - 1) + dims[taps] - before - after)

    groups = dims["G"]
    return Convolution(
        "zigzag", N=dims["B"], G=groups, M=dims["K"] * groups, C=dims["C"] * groups, R=dims["FY"], S=dims["FX"],
        U=(strides[1], strides[0]), E=dims["OY"], F=dims["OX"],
        H=plane("OY", "FY", strides[1], top, bottom), W=plane("OX", "FX", strides[0], left, right),
        padding=Padding(top, bottom, left, right),
    ).operation()  # fmt: skip


def machine(record: Record) -> Architecture:
    """The memories of the run around one array; energies are not needed."""
    order = ("dram", "sram_1M", "sram_64KB", "sram_8KB")
    inner = ("rf_64B_A", "rf_64B_W", "rf_16B")
    used = {name for names in record["memories"].values() for name in names}
    kinds: tuple[tuple[str, Network], ...] = (("outputs", "reduction"), ("*", "multicast"))
    axes = tuple(Axis(f"D{i}", int(factor), kinds) for i, (_, factor) in enumerate(record["spatial"]))
    outer = tuple(Level(name) for name in order if name in used)
    return Architecture(
        record["arch"], (*outer, Fanout("array", axes), *(Level(name) for name in inner)), Compute(), 1.0
    )  # fmt: skip


def nest(record: Record, of: Operation) -> Mapping:
    """The run's loops, outermost first, with the storage nodes of its memories."""
    loops, left = record["loops"], dict(of.extents)
    inside = max(levels[0] for levels in record["levels"].values())
    nodes: list[Node] = []

    def keep(below: int, outer: bool) -> None:
        """The nodes that stand right outside the ``below`` innermost loops; the outermost memories first."""
        found = []
        for operand, levels in record["levels"].items():
            for i, count in enumerate(levels):
                if count == below and (i > 0) == outer:
                    found.append((-i, operand, record["memories"][operand][i]))
        nodes.extend(Storage(name, TENSORS[operand]) for _, operand, name in sorted(found))

    for below in range(len(loops), -1, -1):
        if below >= inside:
            keep(below, outer=True)
        if below == inside:
            for i, (dim, factor) in enumerate(record["spatial"]):
                left[DIMS[dim]] //= int(factor)
                nodes.append(Spatial(DIMS[dim], left[DIMS[dim]], f"D{i}"))
        keep(below, outer=False)
        if below:
            dim, factor = loops[below - 1]
            left[DIMS[dim]] //= factor
            nodes.append(Temporal(DIMS[dim], left[DIMS[dim]]))
    return Mapping.of(of, nodes)
