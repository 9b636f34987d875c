"""A study lays our numbers beside published ones; these are its nouns, apart from what judges and prints them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Row:
    """One number held against a published one.

    label      what it is, such as 'CONV layers, WS, N=16, buffer'
    ours       None: not mapped (infeasible)
    published  None: nothing published, shown for itself
    scale      the deviation is (ours - published) / scale; None: / published
    tolerance  the largest |deviation| allowed; None: shown, not judged
    """

    label: str
    unit: str
    ours: float | None
    published: float | None
    scale: float | None = None
    tolerance: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Part:
    """One table of a study."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Outcome:
    """What a study found: tables, and what a reader must know beside them."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A declaration: ``source`` is the citation, ``differences`` what is known to differ, in words."""

    name: str
    title: str
    source: str
    differences: tuple[str, ...]
    run: Callable[[], Outcome]
    figure: Callable[[Outcome], Figure] | None = None
