"""A table is a value: headers, cells as text, notes; rendered as aligned text, rich, Markdown or HTML.

A table too wide for its page becomes several that repeat the key columns, never a broken line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 80
GAP = "  "


@dataclass(frozen=True)
class Column:
    """``header`` (unit included) over ``cells``, one per row; ``left`` aligns text, numbers go to the right."""

    header: str
    cells: tuple[str, ...]
    left: bool = False
    group: str = ""

    @property
    def width(self) -> int:
        return max(len(text) for text in (*_header_lines(self.header), *self.cells))


@dataclass(frozen=True)
class Table:
    """``columns``: the first ``keys`` of them name the row."""

    title: str
    columns: tuple[Column, ...]
    keys: int = 1
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple(zip(*(column.cells for column in self.columns), strict=True))


def _header_lines(header: str) -> tuple[str, ...]:
    """A header of two lines where it has a unit: name above, unit below."""
    name, bracket, unit = header.partition(" (")
    return (name, "(" + unit) if bracket else (name,)


def split(table: Table, width: int = WIDTH) -> tuple[Table, ...]:
    """The table as one or more that fit the width; each repeats the key columns, only the last has the notes.

    Columns of one ``group`` stay together where they fit on a page of their own.
    """
    keys, rest = table.columns[: table.keys], list(table.columns[table.keys :])
    room = width - sum(column.width + len(GAP) for column in keys)
    pages: list[list[Column]] = [[]]
    used = 0
    for block in _blocks(rest, room):
        needed = sum(column.width + len(GAP) for column in block)
        if pages[-1] and used + needed > room + len(GAP):
            pages.append([])
            used = 0
        pages[-1].extend(block)
        used += needed
    last = len(pages) - 1
    return tuple(
        Table(
            table.title if i == 0 else f"{table.title} (continued)",
            (*keys, *page),
            table.keys,
            table.notes if i == last else (),
        )
        for i, page in enumerate(pages)
    )


def _blocks(columns: list[Column], room: int) -> list[list[Column]]:
    blocks: list[list[Column]] = []
    for column in columns:
        if blocks and column.group and column.group == blocks[-1][0].group:
            blocks[-1].append(column)
        else:
            blocks.append([column])
    out: list[list[Column]] = []
    for block in blocks:
        fits = sum(column.width + len(GAP) for column in block) <= room + len(GAP)
        out.extend([block] if fits else [[column] for column in block])
    return out


def render_plain(table: Table, width: int = WIDTH) -> str:
    """Aligned text, every line within the width where the cells allow it."""
    return "\n\n".join(_plain_page(page, width) for page in split(table, width))


def _plain_page(table: Table, width: int) -> str:
    widths = [column.width for column in table.columns]
    headers = [_header_lines(column.header) for column in table.columns]
    depth = max((len(lines) for lines in headers), default=0)

    def line(cells: Sequence[str]) -> str:
        placed = (
            cell.ljust(w) if column.left else cell.rjust(w)
            for cell, w, column in zip(cells, widths, table.columns, strict=True)
        )
        return GAP.join(placed).rstrip()

    lines = wrap(table.title, width) if table.title else []
    if any(column.header for column in table.columns):
        lines.extend(line([(("",) * (depth - len(h)) + h)[i] for h in headers]) for i in range(depth))
        lines.append(GAP.join("-" * w for w in widths))
    lines.extend(line(row) for row in table.rows)
    for note in table.notes:
        lines.extend(wrap(note, width, subsequent_indent="  "))
    return "\n".join(lines)


def render_rich(table: Table, width: int = WIDTH) -> list[RenderableType]:
    """The same pages for a terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    out: list[RenderableType] = []
    for page in split(table, width):
        if out:
            out.append(Text(""))
        if page.title:
            out.append(Text(page.title, style="bold"))
        headed = any(column.header for column in page.columns)
        grid = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, show_header=headed)
        for column in page.columns:
            header = Text("\n".join(_header_lines(column.header)))
            grid.add_column(header, justify="left" if column.left else "right", no_wrap=True, vertical="bottom")
        for row in page.rows:
            best = any(cell.endswith("*") for cell in row[page.keys :])
            grid.add_row(*(Text(cell, style="bold green" if cell.endswith("*") and best else "") for cell in row))
        out.append(grid)
        out.extend(Text(note, style="dim") for note in page.notes)
    return out


def render_markdown(table: Table) -> str:
    """One Markdown table (not split: a page scrolls) and its notes as paragraphs."""
    lines = [f"### {table.title}", ""] if table.title else []
    lines.append("| " + " | ".join(_markdown(column.header) for column in table.columns) + " |")
    lines.append("|" + "|".join(":---" if column.left else "---:" for column in table.columns) + "|")
    lines.extend("| " + " | ".join(map(_markdown, row)) + " |" for row in table.rows)
    for note in table.notes:
        lines.extend(("", _markdown(note)))
    return "\n".join(lines)


def _markdown(text: str) -> str:
    return re.sub(r"([\\|*_`\[\]])", r"\\\1", text.strip()).replace("<", "&lt;")


def render_html(table: Table) -> str:
    """One HTML table for notebooks, everything escaped."""
    head = "".join(f"<th>{escape(column.header)}</th>" for column in table.columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{"left" if column.left else "right"}">{escape(cell.strip())}</td>'
            for cell, column in zip(row, table.columns, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in table.notes)
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
