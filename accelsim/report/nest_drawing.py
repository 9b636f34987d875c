"""A nest drawn with what it fills: trips of loops, positions of an axis, words of each memory against its size.

What stands beside the nest begins with ``#``, so that a drawn nest can be read back like one that is printed:

    GlobalBuffer  keeps inputs outputs    # 448 of 51,200 words  ▏ 1 %
    for m in 0..8 by 4                    # x 2
      par-for e in 0..8 by 1 on X         # 8 of 14 on X  ████▌ 57 %
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import prod
from typing import TYPE_CHECKING

from accelsim.architecture.spec import Architecture
from accelsim.mapping.capacity import Occupied, occupied
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.mapping.tiles import chains_above, tensor_tile_words
from accelsim.mapping.validity import check_mapping
from accelsim.report.numbers import count
from accelsim.workload.operation import Operation

if TYPE_CHECKING:
    from rich.text import Text

METER = 8
"""Cells of a meter that shows a share of one."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class DrawnLine:
    """A line of the nest, what is said of it, and the share of the memory or axis that is in use (None: no end)."""

    text: str
    note: str = ""
    share: float | None = None


@dataclass(frozen=True)
class DrawnNest:
    """The lines of a nest with what they fill; prints at 80 columns and can be read back by parse_mapping."""

    lines: tuple[DrawnLine, ...]

    def __str__(self) -> str:
        return "\n".join(text + note for text, note in self.beside(80))

    def beside(self, width: int) -> list[tuple[str, str]]:
        """(line of the nest, padded; note), notes in one column; meters go, then notes, where they do not fit."""
        column = max(len(line.text) for line in self.lines)
        full = [_note(line, metered=True) for line in self.lines]
        short = [_note(line, metered=False) for line in self.lines]
        room = width - column
        for notes in (full, short):
            if max(map(len, notes)) <= room:
                return [
                    (line.text.ljust(column) if n else line.text, n) for line, n in zip(self.lines, notes, strict=True)
                ]
        ragged = ((line.text, note) for line, note in zip(self.lines, short, strict=True))
        return [(text, note if len(text) + len(note) <= width else "") for text, note in ragged]

    def _repr_html_(self) -> str:
        rows = ((escape(text), escape(note)) for text, note in self.beside(200))
        faded = (f"{text}<span style='opacity:0.7'>{note}</span>" if note else text for text, note in rows)
        return "<pre>" + "\n".join(faded) + "</pre>"


def draw_nest(operation: Operation, architecture: Architecture, mapping: Mapping) -> DrawnNest:
    """The nest with trips, positions and words beside it.

    Words are those of the largest tile in one instance of a memory. Tensors that share a memory are added up at the
    innermost of its nodes, with every buffer and in words of the level.  Raises MappingError for a mapping that is not
    one of the operation on the machine; one that only overflows a memory is drawn.
    """
    check_mapping(operation, architecture, mapping, overflow=True)
    memories = {(m.level, tensor): m for m in occupied(operation, architecture, mapping) for tensor, _ in m.tiles}
    drawn = []
    for text, indices in mapping.lines:
        node = mapping.nodes[indices[0]] if indices else None
        match node:
            case Storage():
                tensors = [n.tensor for i in indices if isinstance(n := mapping.nodes[i], Storage)]
                drawn.append(_kept(text, node.level, tensors, indices[0], operation, mapping, memories))
            case Temporal():
                drawn.append(DrawnLine(text, _trips(mapping, indices[0], node.step)))
            case Spatial():
                drawn.append(_positions(text, mapping, indices[0], architecture))
            case None:
                drawn.append(DrawnLine(text))
    return DrawnNest(tuple(drawn))


def _kept(
    text: str, level: str, tensors: list[str], place: int, operation: Operation, mapping: Mapping,
    memories: dict[tuple[str, str], Occupied],
) -> DrawnLine:  # fmt: skip
    """Words of the tiles of one line: against the memory where its last tile stands here, else by themselves."""
    chains = chains_above(operation, mapping, place)
    parts, shares = [], []
    unbounded = [operation.tensor(t) for t in tensors if (level, t) not in memories]
    if unbounded:
        parts.append(count(sum(tensor_tile_words(tensor, chains) for tensor in unbounded)))
    for memory in dict.fromkeys(memories[level, t] for t in tensors if (level, t) in memories):
        if memory.tiles[-1][0] in tensors:
            parts.append(f"{count(memory.need)} of {count(memory.capacity)}")
            shares += [memory.need / memory.capacity] if memory.capacity else []
        else:
            parts.append(count(sum(words for name, words in memory.tiles if name in tensors)))
    noun = "word" if parts[-1].split()[-1] == "1" else "words"
    return DrawnLine(text, f"{', '.join(parts)} {noun}", max(shares, default=None))


def _trips(mapping: Mapping, index: int, step: int) -> str:
    trips, extent = mapping.trips(index), mapping.enclosing[index]
    last = extent - (trips - 1) * step
    return f"x {count(trips)}" + (f", the last of {count(last)}" if last < step else "")


def _positions(text: str, mapping: Mapping, index: int, architecture: Architecture) -> DrawnLine:
    """Positions in use on an axis, at the innermost of its loops; further out, those of the loop itself."""
    node = mapping.nodes[index]
    assert isinstance(node, Spatial)
    same = [i for i, n in enumerate(mapping.nodes) if isinstance(n, Spatial) and n.axis == node.axis]
    if index != same[-1]:
        return DrawnLine(text, _trips(mapping, index, node.step))
    used, size = prod(mapping.trips(i) for i in same), architecture.axes[node.axis].size
    return DrawnLine(text, f"{count(used)} of {count(size)} on {node.axis}", used / size)


def meter(share: float) -> str:
    """A share of one as a bar of blocks, never empty and never full unless it is; over-full ends in '!'.

    >>> meter(0.5), meter(1.0), meter(0.001)
    ('████', '████████', '▏')
    """
    eighths = 8 * METER if share >= 1 else min(8 * METER - 1, max(1, round(share * 8 * METER)))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + _EIGHTHS[rest].strip() + ("!" if share > 1 else "")


def _note(line: DrawnLine, metered: bool) -> str:
    if not line.note:
        return ""
    if line.share is None:
        return f"  # {line.note}"
    bar = f"  {meter(line.share)}" if metered else ","
    percent = f"{100 * line.share:.0f}" if line.share >= 0.01 else "< 1"
    return f"  # {line.note}{bar} {percent} %"


def rich_nest(drawn: DrawnNest, width: int) -> list[Text]:
    """The drawing for a terminal: memories bold, space in colour, notes dim."""
    from rich.text import Text

    out = []
    for line, (text, note) in zip(drawn.lines, drawn.beside(width), strict=True):
        words = text.split()
        style = "bold" if "keeps" in words else "cyan" if words[0] == "par-for" else ""
        out.append(Text.assemble((text, style), (note, "yellow" if line.share is not None else "dim")))
    return out
