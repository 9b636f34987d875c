"""The same comparison in accelsim's exact counts: the nests that its search found, evaluated as any other nest.

``published/eyeriss_isca16/our_nests.json`` keeps the nests (benchmarks/isca16_nests.py searches them), so that a
comparison of 324 searched layers takes seconds; counts, energies and cycles are computed anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, final

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture
from accelsim.mapping.parse import parse_mapping
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import COMPUTE, Evaluation
from accelsim.validation.data import published_json
from accelsim.validation.isca16_layers import CONV, DATAFLOWS
from accelsim.validation.isca16_points import every_point
from accelsim.workload.files import load_network
from accelsim.workload.operation import Operation

NESTS = "eyeriss_isca16/our_nests.json"
UNDER_PAPER = ("RS", "WS", "OSA", "OSC", "NLR")
"""Dataflows also searched under the convention 'paper'; the search does not come to an end on OSB's CONV2 there."""
Question = tuple[str, str, int, str]
"""(machine, layer, images, convention)"""
_LEVEL = {COMPUTE: "ALU", "MAC": "ALU", "GlobalBuffer": "Buffer", "Register": "RF"}


@final
@dataclass(frozen=True)
class Exact:
    """A point in exact counts: per MAC, energies in MAC energies; ``gap``: largest of its layers, 0 is proof."""

    energy: float
    levels: tuple[tuple[str, float], ...]
    delay: float
    gap: float

    @property
    def edp(self) -> float:
        """Energy per MAC x cycles per MAC; cycles are those of the MACs, ragged tiles counted."""
        return self.energy * self.delay


def questions() -> Iterator[Question]:
    """Everything that is searched: all points in exact counts, and one under the paper's convention."""
    for _, layers, pes, images in every_point():
        for dataflow in DATAFLOWS:
            for layer in layers:
                yield f"{dataflow.lower()}{pes}", layer, images, "ours"
    for dataflow in UNDER_PAPER:
        for layer in CONV:
            yield f"{dataflow.lower()}256", layer, 16, "paper"


@cache
def stored() -> dict[Question, dict[str, Any]]:
    """Question -> what the search found."""
    return {
        (one["machine"], one["layer"], one["images"], one["convention"]): one for one in published_json(NESTS)["nests"]
    }


def evaluated(question: Question) -> Evaluation | None:
    """The stored nest, evaluated; None where the search found that nothing fits. KeyError for what was not searched."""
    machine, layer, images, convention = question
    nest = stored()[question]["nest"]
    if nest is None:
        return None
    mapping = parse_mapping("\n".join(nest), f"{layer} on {machine}")
    return evaluate(_operations(images)[layer], _machine(machine), mapping, convention)


@cache
def _operations(images: int) -> dict[str, Operation]:
    return {entry.name: entry.layer.operation() for entry in load_network("alexnet_padded", images).layers}


@cache
def _machine(name: str) -> Architecture:
    return load_architecture(name)


@cache
def exact(dataflow: str, pes: int, images: int, layers: tuple[str, ...], convention: str = "ours") -> Exact | None:
    """A point in the search's best nests; None where a layer cannot be mapped."""
    asked = [(f"{dataflow.lower()}{pes}", layer, images, convention) for layer in layers]
    found = [evaluated(question) for question in asked]
    costs = [one for one in found if one is not None]
    if len(costs) < len(found):
        return None
    macs = sum(one.counts.macs for one in costs)
    levels: dict[str, float] = {}
    for one in costs:
        for item in one.energies:
            name = _LEVEL.get(item.component, item.component)
            levels[name] = levels.get(name, 0.0) + item.energy / macs
    gaps = [1 - stored()[q]["lower_bound"] / one.energy for q, one in zip(asked, costs, strict=True)]
    return Exact(
        sum(one.energy for one in costs) / macs,
        tuple(levels.items()),
        sum(one.compute_cycles for one in costs) / macs,
        max(0.0, *gaps),
    )
