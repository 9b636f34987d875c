"""A report is a declaration: which networks on which machines, asked what; ``reports/*.yaml``, checked like every file.

networks: [alexnet]
machines: [ws256, rs256]
batch: 16
objective: energy
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from accelsim.files import locate, read_yaml, validate
from accelsim.report.results import Settings

if TYPE_CHECKING:
    from pydantic import BaseModel


SETTINGS = tuple(field.name for field in fields(Settings))


@dataclass(frozen=True)
class Declaration:
    """A report to be made; ``settings`` as in accelsim.report.results."""

    name: str
    title: str
    networks: tuple[str, ...]
    machines: tuple[str, ...]
    settings: Settings
    source: str = ""


def load_declaration(name_or_path: str) -> Declaration:
    """The report that ships under this name, or a file's; raises InputError, with the line, for whatever is wrong."""
    document = read_yaml(locate("reports", name_or_path))
    read = validate(_model(), document)
    stated = read.model_dump()
    settings = {key: stated[key] for key in SETTINGS}
    for field in ("networks", "machines"):
        names = stated[field]
        twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
        if twice is not None:
            raise document.error((field,), f"{field} must name each once, not '{twice}' twice")
    return Declaration(
        stated["name"], stated["title"], stated["networks"], stated["machines"], Settings(**settings), stated["source"]
    )


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
    if declaration.source:
        lines.append(f"  source      {declaration.source}")
    return "\n".join(lines) + "\n"
