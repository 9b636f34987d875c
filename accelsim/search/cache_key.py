"""What a stored answer is found by: a hash of everything that can change it.

Both a version and the bytes of the sources are in the key: the version stands for a release, the sources for a change
that nobody has given a version yet, so that no edit can bring back numbers of the code before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import accelsim
from accelsim.architecture.spec import Architecture
from accelsim.mapping.dataflow import Dataflow
from accelsim.search.interface import Limits, Objective
from accelsim.workload.operation import Operation

MODEL_VERSION = 1
"""Raise it when answers may change although no source file of accelsim does: when a new release of a dependency counts
or rounds otherwise, say. A change of accelsim itself needs nothing: its version and its sources are in the key."""

SOURCES = ("errors.py", "units.py", "files", "workload", "architecture", "mapping", "model", "search")
"""All of the package that a search may import."""


@dataclass(frozen=True)
class Question:
    """One search: the arguments that its answer depends on."""

    operation: Operation
    architecture: Architecture
    objective: Objective
    limits: Limits

    def key(self, load: Callable[[str], Dataflow], sources: str) -> str:
        """64 hexadecimal digits; equal for questions that differ in the operation's name only.

        ``load`` gives the dataflow of a name or path, whose content counts, and may raise; ``sources`` is the
        source_digest() of the code that answers.
        """
        dataflow = self.limits.dataflow or self.architecture.dataflow
        asked = (
            ("accelsim", accelsim.__version__, MODEL_VERSION, sources),
            replace(self.operation, name=""),
            self.architecture,
            self.objective,
            self.limits,
            None if dataflow is None else load(dataflow),
        )
        return sha256(canonical_text(asked).encode()).hexdigest()


def canonical_text(value: object) -> str:
    """A value as one line of text; equal for equal values. Raises TypeError as ``canonical`` does."""
    return json.dumps(canonical(value), separators=(",", ":"))


def canonical(value: object) -> Any:
    """A value as nested lists for json.dumps; equal values give equal lists, and values of different types differ.

    A dataclass is its type's name and its fields, whatever they are; 6.0 is written like 6, to which it is equal.
    Raises TypeError for a type that has no such form.

    >>> canonical((1, 2.5, 6.0, None, "x"))
    [1, 2.5, 6, None, 'x']
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = float(value)
        return int(number) if number.is_integer() else number
    if is_dataclass(value) and not isinstance(value, type):
        stated = [[field.name, canonical(getattr(value, field.name))] for field in fields(value)]
        return {type(value).__name__: stated}
    if isinstance(value, tuple | list):
        return [canonical(item) for item in value]
    if isinstance(value, frozenset | set):
        return {"set": sorted((canonical(item) for item in value), key=json.dumps)}
    if isinstance(value, dict):
        return {"dict": sorted(([canonical(k), canonical(v)] for k, v in value.items()), key=json.dumps)}
    raise TypeError(f"a {type(value).__name__} cannot be part of what a search is asked")


def source_digest() -> str:
    """A hash of the names and bytes of all source files that a search may import; a few ms.

    Where there are none (compiled files alone), the versions are all that tells one accelsim from another.
    """
    package = Path(accelsim.__file__).parent
    digest = sha256()
    for path in sorted(path for part in SOURCES for path in _modules(package / part)):
        text = _content(path)
        digest.update(f"{path.relative_to(package).as_posix()} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _modules(place: Path) -> list[Path]:
    return list(place.rglob("*.py")) if place.is_dir() else [place]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # being replaced just now, or never there: the hash is then like no other's
        return b""


LOADED_SOURCES = source_digest()
"""The sources that this process runs, though their files may change under it; hence worked out on import."""
