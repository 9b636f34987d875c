"""The fields of a report file, checked by pydantic; imported only when one is read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from accelsim.search.interface import Objective, Steps

Figure = Literal[
    "energy_by_level", "energy_by_tensor", "latency", "layers", "losses", "roofline", "roofline_levels", "pareto",
    "reuse", "tiles", "sensitivity",
]  # fmt: skip
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Report(BaseModel):
    """A report file.

    networks, machines   names that ship, or paths
    batch                replaces the batch that the networks state
    objective, convention, dataflow, gap, seconds, steps   as the options of ``accelsim compare``
    what_if              none, largest, all, or names of layers: where to search what more of a machine would buy
    stalls               follow every layer through the tile pipeline, too
    layers               only layers of these names; every layer when left out
    view                 layers whose dataflow the page plays on every machine; none when left out
    figures              those to draw; all when left out
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str = ""
    source: str = ""
    networks: Names
    machines: Names
    batch: Annotated[int, Field(ge=1)] | None = None
    objective: Objective = "energy"
    convention: str = "ours"
    dataflow: str | None = None
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.01
    seconds: Annotated[float, Field(gt=0)] | None = None
    steps: Steps = "aligned"
    what_if: str | Names = "largest"
    stalls: bool = False
    layers: Names | None = None
    view: tuple[str, ...] = ()
    figures: tuple[Figure, ...] | None = None
