"""What a command shows is a sequence of parts (tables, bars, a drawn nest), each as plain text or for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.bars import Bars, plain_bars, rich_bars
from accelsim.report.nest_drawing import DrawnNest, rich_nest
from accelsim.report.tables import WIDTH, Table, render_plain, render_rich

if TYPE_CHECKING:
    from rich.console import RenderableType

Part = Table | Bars | DrawnNest

_ASCII = str.maketrans("█▒▓░▚•▞▪▏▎▍▌▋▊▉…", "#=%-+o*:.:::|||.")


def plain_part(part: Part, width: int = WIDTH) -> str:
    """The part as text, every line within the width where its words allow it."""
    match part:
        case Table():
            return render_plain(part, width)
        case Bars():
            return plain_bars(part, width)
        case DrawnNest():
            return "\n".join(text + note for text, note in part.beside(width))


def rich_part(part: Part, width: int) -> list[RenderableType]:
    """The part for a terminal of that width."""
    match part:
        case Table():
            return render_rich(part, width)
        case Bars():
            return list(rich_bars(part, width))
        case DrawnNest():
            return list(rich_nest(part, width))


def encodable(text: str, encoding: str | None) -> str:
    """The text with plain signs in place of blocks where the encoding has none.

    >>> encodable("DRAM ██▒", "ascii")
    'DRAM ##='
    """
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII)
    return text
