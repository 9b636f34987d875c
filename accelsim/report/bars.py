"""Stacked bars of text: a row per layer or machine, a pattern and colour per component, lengths to one scale.

Patterns tell components apart without colour; on a terminal each has the colour that it has in figures, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

from accelsim.model.evaluation import Evaluation
from accelsim.report.contents import INFEASIBLE, groups, heading
from accelsim.report.numbers import significant
from accelsim.report.results import LayerResult, Total
from accelsim.report.tables import GAP
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    from rich.text import Text

    from accelsim.report.compared import Compared

PATTERNS = "█▒▓░▚•▞▪"
LEAST = 10
"""Cells that a longest bar has at least, however narrow the page."""


@dataclass(frozen=True)
class Bars:
    """``rows``: (label, value of each of ``parts``, or None with no mapping); values in the unit of the title."""

    title: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...] | None], ...]

    @property
    def longest(self) -> float:
        return max((sum(values) for _, values in self.rows if values is not None), default=0.0)

    def drawn(self, width: int) -> list[tuple[str, list[int], str]]:
        """(label, cells of each part, text behind the bar): the longest bar takes what labels and totals leave."""
        names = max(len(label) for label, _ in self.rows)
        texts = [INFEASIBLE if values is None else significant(sum(values)) for _, values in self.rows]
        room = max(LEAST, width - names - max(map(len, texts)) - 2 * len(GAP))
        return [
            (label.ljust(names), [] if values is None else _cells(values, self.longest, room), text)
            for (label, values), text in zip(self.rows, texts, strict=True)
        ]

    def legend(self, width: int) -> list[str]:
        """Which pattern is which part, in lines of that width."""
        entries = (f"{PATTERNS[i % len(PATTERNS)]}\xa0{name}" for i, name in enumerate(self.parts))
        return [line.replace("\xa0", " ") for line in wrap(GAP.join(entries), width, break_long_words=False)]


def _cells(values: Sequence[float], longest: float, room: int) -> list[int]:
    """Cells of each part: borders are rounded, so that a bar is as long as its sum says."""
    borders, reached = [0], 0.0
    for value in values:
        reached += value
        borders.append(round(room * reached / longest) if longest else 0)
    return [after - before for before, after in pairwise(borders)]


def layer_bars(comparison: Compared) -> list[Bars]:
    """Energy per MAC of every layer with MACs, stacked by level: one chart per network and machine."""
    out = []
    for network in comparison.networks:
        for architecture in comparison.architectures:
            mine = [r for r in comparison.of(network, architecture.name) if not r.is_vector]
            if any(r.evaluation for r in mine):
                title = f"{network} on {architecture.name}: energy by level, {architecture.energy_unit} per MAC"
                out.append(_bars(title, ((r.layer, _layer_parts(r)) for r in mine)))
    return out


def _layer_parts(result: LayerResult) -> dict[str, float] | None:
    return None if result.evaluation is None else _per_mac(result.evaluation)


def _per_mac(evaluation: Evaluation) -> dict[str, float]:
    return {name: energy / evaluation.counts.macs for name, energy in evaluation.energy_by_component().items()}


def machine_bars(comparison: Compared) -> list[Bars]:
    """Energy per MAC of every machine on a network, stacked by level; sums of part of a network are not drawn."""
    out = []
    for network, unit in groups(comparison):
        mine = [t for t in comparison.totals if t.network == network and t.unit == unit]
        if any(t.complete for t in mine):
            title = f"{heading(network, comparison.settings)}: energy by level, {unit} per MAC"
            out.append(_bars(title, ((t.machine, _total_parts(t)) for t in mine)))
    return out


def _total_parts(total: Total) -> dict[str, float] | None:
    return {name: energy / total.macs for name, energy in total.energy_by_component} if total.complete else None


def evaluation_bars(evaluation: Evaluation) -> Bars:
    """Energy of one layer by tensor, stacked by level, in the machine's unit per MAC (per run where it has none)."""
    divisor = evaluation.counts.macs or 1
    per = "per MAC" if evaluation.counts.macs else "in all"
    rows: dict[str, dict[str, float]] = {}
    for item in evaluation.energies:
        parts = rows.setdefault(item.tensor or item.component, {})
        parts[item.component] = parts.get(item.component, 0.0) + item.energy / divisor
    return _bars(f"energy by tensor and level, {evaluation.energy_unit} {per}", rows.items())


def _bars(title: str, rows: Iterable[tuple[str, dict[str, float] | None]]) -> Bars:
    """Parts that are nothing in every row are left out."""
    rows = tuple(rows)
    parts = [
        name for name in dict.fromkeys(n for _, p in rows if p for n in p) if any(p.get(name) for _, p in rows if p)
    ]
    values = ((label, None if p is None else tuple(p.get(name, 0.0) for name in parts)) for label, p in rows)
    return Bars(title, tuple(parts), tuple(values))


def plain_bars(bars: Bars, width: int) -> str:
    """The chart as text: title, legend, bars."""
    lines = wrap(bars.title, width) + bars.legend(width)
    for label, cells, text in bars.drawn(width):
        bar = "".join(PATTERNS[i % len(PATTERNS)] * n for i, n in enumerate(cells))
        lines.append(GAP.join(part for part in (label, bar, text) if part))
    return "\n".join(lines)


def rich_bars(bars: Bars, width: int) -> list[Text]:
    """The chart for a terminal."""
    from rich.text import Text

    out = [Text(bars.title, style="bold")]
    for line in bars.legend(width):
        text = Text(line)
        for i in range(len(bars.parts)):
            text.highlight_regex(PATTERNS[i % len(PATTERNS)], COLORS[i % len(COLORS)])
        out.append(text)
    for label, cells, value in bars.drawn(width):
        spans = [(PATTERNS[i % len(PATTERNS)] * n, COLORS[i % len(COLORS)]) for i, n in enumerate(cells) if n]
        out.append(Text.assemble(label, GAP, *spans, GAP if spans else "", value))
    return out
