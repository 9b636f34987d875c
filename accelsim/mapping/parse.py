"""Reads a mapping back from the loop nest that it prints: ``parse_mapping(str(mapping)) == mapping``.

A line is one of four forms, in any indentation; blank lines and ``#`` comments are skipped; keywords and dims may be
in either case, names of levels, tensors and axes are taken as written.

    DRAM  keeps inputs weights outputs
    for m in 0..96 by 24
    par-for e in 0..13 by 1 on X
    MAC                                  # always the last line
"""

from __future__ import annotations

import re
from pathlib import Path

from accelsim.errors import InputError
from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal

_LOOP = re.compile(
    r"(?P<par>par-)?for\s+(?P<dim>\w+)\s+in\s+0\s*\.\.\s*(?P<extent>-?[0-9]+)\s+by\s+(?P<step>-?[0-9]+)"
    r"(?:\s+on\s+(?P<axis>\S+))?",
    re.IGNORECASE,
)
_KEEPS = re.compile(r"(?P<level>\S+)\s+keeps\s+(?P<tensors>\S.*)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_FORMS = "'DRAM keeps inputs weights', 'for m in 0..96 by 24', 'par-for e in 0..13 by 1 on X' or 'MAC'"
_LARGEST_DIGITS = 18
_LARGEST_BYTES = 1_000_000


def parse_mapping(text: str, name: str = "mapping") -> Mapping:
    """The mapping that ``text`` draws; ``name`` (a file's, usually) leads every error.

    The outermost loop of a dim gives its bound; every further one must run over the step of the one outside it.
    Nothing is checked against an operation or architecture: see accelsim.mapping.validity.

    Raises InputError, with name and line, when a line has another form, extents contradict each other, a step is
    below 1 or above its extent, ``MAC`` is missing or not last, or the text is binary.

    >>> print(parse_mapping("DRAM keeps inputs\\nfor M in 0..10 by 4\\nfor m in 0..4 by 1\\nMAC"))
    DRAM  keeps inputs
    for m in 0..10 by 4
      for m in 0..4 by 1
        MAC
    """
    if garbage := _CONTROL.search(text):
        number = text.count("\n", 0, garbage.start()) + 1
        raise InputError(f"{name}:{number}: a mapping must be plain text, not binary data")
    nodes: list[Node] = []
    bounds: dict[str, int] = {}
    inside: dict[str, tuple[int, int]] = {}
    number, ended = 0, False
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        where = f"{name}:{number}"
        if not line:
            continue
        if ended:
            raise InputError(f"{where}: 'MAC' must be the last line; {_quoted(line)} follows it")
        if line.upper() == "MAC":
            ended = True
        elif match := _LOOP.fullmatch(line):
            loop, extent = _loop(match, where)
            _check_extent(loop.dim, extent, inside, where)
            bounds.setdefault(loop.dim, extent)
            inside[loop.dim] = (loop.step, number)
            nodes.append(loop)
        elif match := _KEEPS.fullmatch(line):
            nodes.extend(Storage(match["level"], tensor) for tensor in match["tensors"].split())
        else:
            raise InputError(f"{where}: a line must look like {_FORMS}, not {_quoted(line)}")
    if not ended:
        if not nodes:
            raise InputError(f"{name}: a mapping must be a loop nest that ends with 'MAC'; the text is empty")
        raise InputError(f"{name}:{number}: a loop nest must end with a line 'MAC', which is missing")
    return Mapping(tuple(sorted(bounds.items())), tuple(nodes))


def load_mapping(path: str | Path) -> Mapping:
    """The mapping in a user's file.

    Raises InputError when the file is missing, unreadable, empty, binary or larger than 1 MB, and as parse_mapping.
    """
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise InputError(f"{path}: a mapping must be a regular text file, not a pipe or device")
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: mapping file not found; give the path of a text file with a loop nest") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a mapping must be a text file, not a directory") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: mapping file cannot be read: {reason}") from None
    if len(data) > _LARGEST_BYTES:
        raise InputError(f"{path}: a mapping must be a text file of at most {_LARGEST_BYTES:,} bytes, not larger")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}:{number}: a mapping must be plain text, not binary data") from None
    return parse_mapping(text, str(path))


def _loop(match: re.Match[str], where: str) -> tuple[Loop, int]:
    """The loop of a line and the extent it states."""
    dim, axis = match["dim"].upper(), match["axis"]
    letter = dim.lower()
    for number in (match["extent"], match["step"]):
        if len(number) > _LARGEST_DIGITS:
            raise InputError(f"{where}: a number must have at most {_LARGEST_DIGITS} digits, not {len(number)}")
    extent, step = int(match["extent"]), int(match["step"])
    if extent < 1:
        raise InputError(f"{where}: extent of {letter} must be at least 1, not {extent}")
    if not 1 <= step <= extent:
        raise InputError(f"{where}: step of {letter} must be between 1 and its extent {extent}, not {step}")
    if match["par"]:
        if axis is None:
            raise InputError(f"{where}: par-for {letter} must name its axis, such as 'par-for {letter} ... on X'")
        return Spatial(dim, step, axis), extent
    if axis is not None:
        raise InputError(f"{where}: only par-for runs on an axis; write 'par-for {letter} ... on {axis}'")
    return Temporal(dim, step), extent


def _check_extent(dim: str, extent: int, inside: dict[str, tuple[int, int]], where: str) -> None:
    """Refuse a loop whose extent is not the step of the loop that encloses it."""
    if dim in inside and extent != inside[dim][0]:
        step, line = inside[dim]
        letter = dim.lower()
        raise InputError(
            f"{where}: {letter} must run over 0..{step}, the step of {letter} in line {line}, not over 0..{extent}"
        )


def _quoted(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
