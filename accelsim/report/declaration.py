"""A report is a declaration: which networks on which machines, asked what; ``reports/*.yaml``, checked like every file.

networks: [alexnet]
machines: [ws256, rs256]
batch: 16
objective: energy
what_if: largest
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.files import locate, read_yaml, validate
from accelsim.report.results import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel


SETTINGS = tuple(field.name for field in fields(Settings))


@dataclass(frozen=True)
class Declaration:
    """A report to be made; ``settings`` as in accelsim.report.results.

    what_if   for which layers to search what more of a machine would buy: as of accelsim.report.reasons.findings
    stalls    whether to follow every layer through the tile pipeline, too
    layers    names of the only layers that are asked about, None for all
    view      names of the layers whose dataflow the page plays
    figures   those to draw, None for all
    file      where it was read from, None for one that was not
    """

    name: str
    title: str
    networks: tuple[str, ...]
    machines: tuple[str, ...]
    settings: Settings
    source: str = ""
    what_if: str | tuple[str, ...] = "largest"
    stalls: bool = False
    figures: tuple[str, ...] | None = None
    file: Path | None = None
    layers: tuple[str, ...] | None = None
    view: tuple[str, ...] = ()


def load_declaration(name_or_path: str) -> Declaration:
    """The report that ships under this name, or a file's; raises InputError, with the line, for whatever is wrong."""
    path = locate("reports", name_or_path)
    document = read_yaml(path)
    if isinstance(document.value, dict) and "axes" in document.value:
        raise document.error(("axes",), "a file with axes is a study, not a report: 'accelsim sweep' runs it")
    read = validate(_model(), document)
    stated = read.model_dump()
    settings = {key: stated[key] for key in SETTINGS}
    for field in ("networks", "machines"):
        names = stated[field]
        twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
        if twice is not None:
            raise document.error((field,), f"{field} must name each once, not '{twice}' twice")
    return Declaration(
        stated["name"], stated["title"], stated["networks"], stated["machines"], Settings(**settings), stated["source"],
        stated["what_if"], stated["stalls"], stated["figures"], path,
        stated["layers"], stated["view"],
    )  # fmt: skip


def _model() -> type[BaseModel]:
    from accelsim.report.declaration_fields import Report

    return Report


def render_declaration(declaration: Declaration) -> str:
    """The report as text: what it compares, and how it is asked."""
    asked = declaration.settings
    lines = [
        f"{declaration.name}: {declaration.title}",
        f"  networks    {', '.join(declaration.networks)}",
        f"  machines    {', '.join(declaration.machines)}",
        f"  batch       {'as each network states' if asked.batch is None else asked.batch}",
        f"  objective   {asked.objective}",
        f"  convention  {asked.convention}",
        f"  dataflow    {asked.dataflow or 'as each machine states'}",
        f"  steps       {asked.steps}",
        f"  gap         {100 * asked.gap:g} %",
    ]
    if asked.seconds is not None:
        lines.append(f"  seconds     {asked.seconds:g} per layer")
    what_if = declaration.what_if
    lines.append(f"  what if     {what_if if isinstance(what_if, str) else ', '.join(what_if)}")
    if declaration.stalls:
        lines.append("  stalls      followed through the tile pipeline")
    if declaration.layers is not None:
        lines.append(f"  layers      {', '.join(declaration.layers)}")
    if declaration.view:
        lines.append(f"  view        {', '.join(declaration.view)}")
    if declaration.figures is not None:
        lines.append(f"  figures     {', '.join(declaration.figures) or 'none'}")
    if declaration.source:
        lines.append(f"  source      {declaration.source}")
    return "\n".join(lines) + "\n"
