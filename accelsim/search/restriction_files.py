"""Restrictions as YAML files; their fields are those of accelsim.search.restriction.Restriction."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from accelsim.errors import InputError
from accelsim.files import Document, parse_yaml, read_yaml, validate
from accelsim.mapping.nest import Node, Spatial, Storage, Temporal
from accelsim.search.restriction import Restriction

_LOOP = re.compile(
    r"(?P<par>par-)?for\s+(?P<dim>\w+)(\s+in\s+0\s*\.\.\s*(?:[0-9]{1,18}|\?))?\s+by\s+(?P<step>[0-9]{1,18}|\?)"
    r"(?:\s+on\s+(?P<axis>\S+))?",
    re.IGNORECASE,
)
_KEEPS = re.compile(r"(?P<level>\S+)\s+keeps\s+(?P<tensors>\S.*)", re.IGNORECASE)
_FORMS = "'DRAM keeps inputs weights', 'for m by 24', 'for m by ?', 'par-for e by ? on X' or 'MAC'"
Letters = tuple[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], ...]


class RestrictionFile(BaseModel):
    """What a file may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    axes: dict[str, Letters] = {}
    tiles: dict[str, dict[str, Annotated[int, Field(ge=1)]]] = {}
    keeps: dict[str, dict[str, Literal["must", "not"]]] = {}
    min_utilization: Annotated[float, Field(ge=0, le=1)] = 0.0
    nest: str = ""


def load_restriction(path: str | Path) -> Restriction:
    """The restriction in a user's file; raises InputError, with the line, for whatever is wrong."""
    return _restriction(read_yaml(Path(path)))


def parse_restriction(text: str, name: str = "restriction") -> Restriction:
    """The restriction in a YAML text; ``name`` stands for the file in messages."""
    return _restriction(parse_yaml(text, name))


def _restriction(document: Document) -> Restriction:
    file = validate(RestrictionFile, document)
    table: dict[str, Any] = {} if not isinstance(document.value, dict) else document.value
    try:
        nodes = parse_nest(file.nest) if "nest" in table else ()
    except InputError as error:
        raise document.error(("nest",), f"nest: {error}") from None
    return Restriction(
        name=file.name or Path(document.path).stem,
        axes=tuple((axis, tuple(dim.upper() for dim in dims)) for axis, dims in file.axes.items()),
        tiles=tuple((level, dim.upper(), n) for level, dims in file.tiles.items() for dim, n in dims.items()),
        keeps=tuple((level, tensor, keep) for level, own in file.keeps.items() for tensor, keep in own.items()),
        min_utilization=file.min_utilization,
        nest=nodes,
    )


def parse_nest(text: str) -> tuple[Node, ...]:
    """The nodes of a nest whose steps may be ``?``, which become 0; raises InputError.

    >>> parse_nest("DRAM keeps weights\\nfor m by ?\\nMAC")
    (Storage(level='DRAM', tensor='weights'), Temporal(dim='M', step=0))
    """
    nodes: list[Node] = []
    lines = [line for raw in text.splitlines() if (line := raw.split("#", 1)[0].strip())]
    if not lines or lines[-1].upper() != "MAC":
        raise InputError("must end with a line 'MAC', which is missing")
    for number, line in enumerate(lines[:-1], start=1):
        if match := _LOOP.fullmatch(line):
            nodes.append(_loop(match, number))
        elif match := _KEEPS.fullmatch(line):
            nodes += [Storage(match["level"], tensor) for tensor in match["tensors"].split()]
        else:
            raise InputError(f"line {number} must look like {_FORMS}, not {line[:60]!r}")
    return tuple(nodes)


def _loop(match: re.Match[str], number: int) -> Temporal | Spatial:
    dim, axis = match["dim"].upper(), match["axis"]
    step = 0 if match["step"] == "?" else int(match["step"])
    if step == 0 and match["step"] != "?":
        raise InputError(f"line {number}: step of {dim} must be at least 1 or '?', not 0")
    if bool(match["par"]) != bool(axis):
        raise InputError(f"line {number}: par-for and 'on <axis>' go together; write 'par-for {dim.lower()} by ? on X'")
    return Spatial(dim, step, axis) if axis else Temporal(dim, step)
