"""The fields of a study file, checked by pydantic; imported only when one is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from accelsim.search.interface import Objective, Steps
from accelsim.workload.scenario import Phase

Whole = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BitsFields(_Fields):
    """Widths of a network's tensors."""

    activations: Whole | None = None
    weights: Whole | None = None
    accumulation: Whole | None = None


class NetworkFields(_Fields):
    """A network and how it runs; ``name`` is what tables call it."""

    network: Text
    name: str | None = None
    batch: Whole | None = None
    sequence: Whole | None = None
    phase: Phase | None = None
    context: Whole | None = None
    bits: BitsFields | None = None


class SampleFields(_Fields):
    """Which points of the grid are run; all of them when a study says nothing.

    method    grid, random, quasirandom (Halton's sequence), or guided (by an optimiser, towards least ``minimise``)
    points    how many; of ``guided``: how many assignments are tried
    seed      of the pseudo-random numbers
    minimise  of ``guided``: columns, one or several
    """

    method: Literal["grid", "random", "quasirandom", "guided"] = "grid"
    points: Whole | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    minimise: tuple[Text, ...] = ("energy", "latency_s")


class StudyFields(_Fields):
    """A study file.

    base         the machine that axes vary, by name or by a path relative to the file
    axes         name or field -> values: see accelsim.sweep.axes
    networks     names, paths, or maps with name, batch, sequence, phase, context, bits
    set          field of the machine -> text in which {EXPRESSION} stands for its value: what follows from the axes
    constraints  expressions over axes and machine columns that a point must satisfy
    derived      column -> expression over all columns
    budgets      expressions; the best points under each are reported
    x, y         the columns of the scatter and its front
    objective, convention, gap, candidates, steps   as the options of ``accelsim compare``; ``candidates`` bounds the
                 partial nests that a search looks at (so that the answer does not depend on the machine's speed)
    """

    name: Text
    title: str = ""
    source: str = ""
    base: Text | None = None
    axes: dict[str, Any]
    networks: Annotated[tuple[Text | NetworkFields, ...], Field(min_length=1)]
    set: dict[str, Text] = {}
    constraints: tuple[Text, ...] = ()
    derived: dict[str, Text] = {}
    budgets: tuple[Text, ...] = ()
    x: Text = "latency_s"
    y: Text = "energy"
    sample: SampleFields = SampleFields()
    objective: Objective = "energy"
    convention: Text = "ours"
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.01
    candidates: Whole | None = None
    steps: Steps = "aligned"
