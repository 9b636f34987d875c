"""A study is a declaration: a base machine, axes over its fields, networks, and what is asked of every point.

name: buffer
base: eyeriss
axes:
  levels.GlobalBuffer.capacity: [32 KiB .. 512 KiB, x2]
networks: [alexnet]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.files import Document, locate, parse_yaml, read_text, read_yaml, validate
from accelsim.search.interface import Limits, Objective
from accelsim.sweep.axes import MACHINE, WORKLOAD, Axis, read_axes
from accelsim.sweep.columns import COST_COLUMNS, FIXED, MACHINE_COLUMNS, PREFIXES, SHORT
from accelsim.sweep.expression import Expression, parse_expression
from accelsim.workload.precision import Precision
from accelsim.workload.scenario import AS_STATED, Scenario

if TYPE_CHECKING:
    from accelsim.sweep.fields import StudyFields


@dataclass(frozen=True)
class Workload:
    """A network of the study: its label, and how it runs where no axis says."""

    label: str
    network: str
    batch: int | None = None
    scenario: Scenario = AS_STATED
    precision: Precision | None = None
    line: int = 1


@dataclass(frozen=True)
class Sample:
    """Which points: see accelsim.sweep.fields.SampleFields."""

    method: str = "grid"
    points: int | None = None
    seed: int = 1
    minimise: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """What a file declares. ``settings``: what each search is asked; ``text``: the file."""

    name: str
    title: str
    source: str
    path: str
    folder: Path
    base: str | None
    base_line: int
    axes: tuple[Axis, ...]
    workloads: tuple[Workload, ...]
    fixed: tuple[tuple[str, str, tuple[int, int]], ...]
    constraints: tuple[Expression, ...]
    derived: tuple[tuple[str, Expression], ...]
    budgets: tuple[Expression, ...]
    x: str
    y: str
    sample: Sample
    objective: Objective
    limits: Limits
    text: str

    def axis(self, name: str) -> Axis | None:
        """The axis of that name, None when there is none."""
        return next((axis for axis in self.axes if axis.name == name), None)

    @property
    def scope(self) -> tuple[str, ...]:
        """Columns that say which work was done: rows that differ in them are never compared."""
        return ("network", *(axis.name for axis in self.axes if axis.kind == "workload" and axis.name != "bits"))


def load_study(name_or_path: str) -> Study:
    """The study that ships under this name, or a file's; raises InputError, with the line, for whatever is wrong.

    Every axis is tried on every base before anything runs (accelsim.sweep.points.check_study).
    """
    from accelsim.sweep.points import check_study

    path = locate("reports", name_or_path)
    text = read_text(path, "a YAML file")
    study = parse_study(text, read_yaml(path).path, path.parent)
    check_study(study)
    return study


def parse_study(text: str, path: str, folder: Path | None = None) -> Study:
    """The study that a text declares, its machines and networks not looked at; ``path`` names it in messages, and
    ``folder`` is where its own paths begin. Raises InputError."""
    from accelsim.sweep.fields import StudyFields

    document = parse_yaml(text, path)
    if isinstance(document.value, dict) and "machines" in document.value and "axes" not in document.value:
        raise document.error(("machines",), "is a report and no study: accelsim compare --report makes it")
    return _study(document, validate(StudyFields, document), folder or Path(path).parent, text)


def _study(document: Document, fields: StudyFields, folder: Path, text: str) -> Study:
    axes = read_axes(document)
    _check_axes(document, axes, fields)
    names = tuple(axis.name for axis in axes)
    inputs = (*names, *MACHINE_COLUMNS)
    derived: list[tuple[str, Expression]] = []
    for column, formula in fields.derived.items():
        known = (*inputs, *COST_COLUMNS, "network", *(name for name, _ in derived))
        if not column.isidentifier() or column in (*names, *FIXED, *(name for name, _ in derived)):
            raise document.error(("derived", column), f"derived must have a name of its own, not '{column}'")
        derived.append((column, _expression(document, ("derived", column), formula, known)))
    known = (*inputs, *COST_COLUMNS, *(name for name, _ in derived))
    minimise = tuple(_column(document, ("sample", "minimise", i), name, known)
                     for i, name in enumerate(fields.sample.minimise))  # fmt: skip
    sample = Sample(fields.sample.method, fields.sample.points, fields.sample.seed, minimise)
    if sample.method != "grid" and sample.points is None:
        raise document.error(("sample",), f"sample must say how many points with method {sample.method}")
    limits = Limits(
        convention=fields.convention, gap=fields.gap, max_candidates=fields.candidates, steps=fields.steps
    )  # fmt: skip
    return Study(
        fields.name, fields.title, fields.source, document.path, folder, fields.base,
        document.line(("base",)), axes,
        _workloads(document, fields),
        tuple((f, t, document.positions.get(("set", f), (1, 1))) for f, t in fields.set.items()),
        tuple(_expression(document, ("constraints", i), e, inputs) for i, e in enumerate(fields.constraints)),
        tuple(derived),
        tuple(_expression(document, ("budgets", i), e, known) for i, e in enumerate(fields.budgets)),
        _column(document, ("x",), fields.x, known), _column(document, ("y",), fields.y, known),
        sample, fields.objective, limits, text,
    )  # fmt: skip


def _check_axes(document: Document, axes: tuple[Axis, ...], fields: StudyFields) -> None:
    seen: set[str] = set()
    for axis in axes:
        where = axis.places[0][0]
        if axis.name in seen or axis.name in FIXED or axis.name.startswith(PREFIXES):
            why = "is there twice" if axis.name in seen else "is the name of a column"
            raise InputError(f"{document.path}:{where}: axis '{axis.name}' {why}; write NAME: {{field:, values:}}")
        seen.add(axis.name)
        if axis.kind == "machine" and not all(isinstance(value, str) for value in axis.values):
            raise InputError(f"{document.path}:{where}: axis {MACHINE} must name machines")
    if (fields.base is None) == (MACHINE not in seen):
        raise document.error(("base",), "a study needs either a base machine or an axis 'machine'")


def _workloads(document: Document, fields: StudyFields) -> tuple[Workload, ...]:
    out: list[Workload] = []
    for i, entry in enumerate(fields.networks):
        line = document.line(("networks", i))
        if isinstance(entry, str):
            out.append(Workload(Path(entry).stem, entry, line=line))
        else:
            try:
                scenario = Scenario(entry.sequence, entry.phase, entry.context)
            except InputError as error:
                raise document.error(("networks", i), str(error)) from None
            precision = None if entry.bits is None else Precision(**entry.bits.model_dump())
            label = entry.name or Path(entry.network).stem
            out.append(Workload(label, entry.network, entry.batch, scenario, precision, line))
        if out[-1].label in [workload.label for workload in out[:-1]]:
            raise document.error(("networks", i), f"networks must differ in name, not be '{out[-1].label}' twice")
    return tuple(out)


def _expression(document: Document, key: tuple[str | int, ...], text: str, known: tuple[str, ...]) -> Expression:
    try:
        parts = [name for name in parse_expression(text).names if name.startswith(PREFIXES)]
        return parse_expression(text, (*known, *parts))  # parts of machines: accelsim.sweep.points.check_study
    except InputError as error:
        raise document.error(key, str(error)) from None


def _column(document: Document, key: tuple[str | int, ...], name: str, known: tuple[str, ...]) -> str:
    return _expression(document, key, SHORT.get(name, name), known).text


assert set(WORKLOAD).isdisjoint(FIXED)
