"""Dataflows as YAML files: a short declaration per dataflow, found by name or path, and printed as it is read.

name: weight_stationary
source: Chen, Emer, Sze, ISCA 2016, section IV-A
keeps:
  array: {weights: must}
spatial: [R, S, C, M, G]
complete:
  array: {weights: [N, E, F]}
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from accelsim.architecture.spec import REST, Keep
from accelsim.errors import nearest
from accelsim.files import Document, display, locate, parse_yaml, read_text, validate
from accelsim.mapping.dataflow import Dataflow, Dims
from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS

LETTERS = ("N", "G", "M", "C", "E", "F", "R", "S", "H", "W")


def _letter(dim: str) -> str:
    if dim not in LETTERS:
        raise ValueError(f"must be one of the dims {' '.join(LETTERS)}, not '{dim}'")
    return dim


def _once(dims: Dims) -> Dims:
    twice = [dim for i, dim in enumerate(dims) if dim in dims[:i]]
    if twice:
        raise ValueError(f"must name each dim once, not {twice[0]} twice")
    return dims


TENSORS = (INPUTS, WEIGHTS, OUTPUTS, REST)
DimList = Annotated[tuple[Annotated[str, AfterValidator(_letter)], ...], AfterValidator(_once)]


class DataflowFile(BaseModel):
    """What a dataflow file may say; the meaning of each field is Dataflow's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    source: str = ""
    keeps: dict[str, dict[str, Literal["must", "may", "not"]]] = {}
    spatial: DimList | None = None
    axes: dict[str, DimList] = {}
    unroll: DimList = ()
    complete: dict[str, dict[str, DimList]] = {}
    inside: dict[str, DimList] = {}


def load_dataflow(name_or_path: str) -> Dataflow:
    """The dataflow of that name among those that ship, or in a file of the user's; raises InputError."""
    path = locate("dataflows", name_or_path)
    return parse_dataflow(read_text(path, "a YAML file"), display(path))


@lru_cache(maxsize=64)  # every search of a machine asks for its dataflow
def parse_dataflow(text: str, name: str = "dataflow") -> Dataflow:
    """The dataflow that a YAML text declares; ``name`` stands for the file in messages. Raises InputError."""
    return _dataflow(parse_yaml(text, name))


def _dataflow(document: Document) -> Dataflow:
    file = validate(DataflowFile, document)
    _check_words(file, document)
    keeps: list[tuple[str, tuple[tuple[str, Keep], ...]]] = [(r, tuple(t.items())) for r, t in file.keeps.items()]
    return Dataflow(
        name=file.name,
        description=file.description.strip(),
        keeps=tuple(keeps),
        spatial=file.spatial,
        axes=tuple(file.axes.items()),
        unroll=file.unroll,
        complete=tuple((role, tuple(tensors.items())) for role, tensors in file.complete.items()),
        inside=tuple(file.inside.items()),
        source=file.source.strip(),
    )


def _check_words(file: DataflowFile, document: Document) -> None:
    """A misspelt tensor or a dim that cannot be unrolled must not restrict nothing in silence."""
    tables: dict[str, dict[str, Any]] = {"keeps": dict(file.keeps), "complete": dict(file.complete)}
    for field, roles in tables.items():
        for role, entries in roles.items():
            for tensor in entries:
                if tensor not in TENSORS:
                    sentence = f"{field}.{role}.{tensor} must be a tensor{nearest(tensor, TENSORS)}"
                    raise document.error((field, role, tensor), sentence)
    for at, dim in enumerate(file.unroll):
        if file.spatial is not None and dim not in file.spatial:
            raise document.error(("unroll", at), f"unroll.{at} must be a dim of spatial, not {dim}")


def render_dataflow(dataflow: Dataflow) -> str:
    """The YAML text of a dataflow: parse_dataflow(render_dataflow(x)) == x."""
    lines = [f"name: {_quoted(dataflow.name)}"]
    for field in ("description", "source"):
        if getattr(dataflow, field):
            lines.append(f"{field}: {_quoted(getattr(dataflow, field))}")
    if dataflow.keeps:
        lines.append("keeps:")
        for role, entries in dataflow.keeps:
            lines.append(f"  {_quoted(role)}: {{{', '.join(f'{_quoted(t)}: {_quoted(k)}' for t, k in entries)}}}")
    if dataflow.spatial is not None:
        lines.append(f"spatial: {_flow(dataflow.spatial)}")
    lines += _table("axes", dataflow.axes)
    if dataflow.unroll:
        lines.append(f"unroll: {_flow(dataflow.unroll)}")
    if dataflow.complete:
        lines.append("complete:")
        for role, tensors in dataflow.complete:
            lines.append(f"  {_quoted(role)}: {{{', '.join(f'{_quoted(t)}: {_flow(d)}' for t, d in tensors)}}}")
    lines += _table("inside", dataflow.inside)
    return "\n".join(lines) + "\n"


def _table(field: str, entries: tuple[tuple[str, Dims], ...]) -> list[str]:
    return [f"{field}:", *(f"  {_quoted(key)}: {_flow(dims)}" for key, dims in entries)] if entries else []


def _flow(dims: Dims) -> str:
    return f"[{', '.join(dims)}]"


def _quoted(text: str) -> str:
    """Plain when that is certain to be read back as the same text, else in double quotes."""
    import json

    plain = text.replace("_", "a").replace(" ", "a")
    safe = plain.isascii() and plain.isalnum() and text[0].isalpha() and text == " ".join(text.split())
    return text if safe and text not in ("true", "false", "null") else json.dumps(text, ensure_ascii=False)
