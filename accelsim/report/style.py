"""How figures look: column widths of print, Okabe-Ito colours with hatches for grey print, nothing below 7 pt.

Figures are made without pyplot, so no global state changes and any backend of the caller's stays; what is saved is the
same bytes for the same numbers (no dates, fixed ids).  The colours are those of the web pages, accelsim.web.palette.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

SINGLE, DOUBLE = 3.5, 7.16
"""Widths in inches of one column and of two."""
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++", "ooo")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.linewidth": 0.4,
    "grid.color": "#d0d0d0",
    "hatch.linewidth": 0.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "patch.linewidth": 0.4,
    "patch.edgecolor": "#202020",
    "svg.hashsalt": "accelsim",
    "svg.fonttype": "path",
    "figure.dpi": 150,
    "savefig.dpi": 300,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the style, and leave the caller's settings as they were."""

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib as mpl

        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """An empty figure with constrained layout, outside of pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def look(index: int) -> dict[str, Any]:
    """Fill and hatch of the index-th series; after eight colours the hatches move on, so that no two agree."""
    turn, colour = divmod(index, len(COLORS))
    return {"facecolor": COLORS[colour], "hatch": HATCHES[(colour + turn) % len(HATCHES)], "edgecolor": "#202020"}


def marker(index: int) -> dict[str, Any]:
    """Shape and colour of the index-th series of points; no two of sixty-four agree."""
    shape = MARKERS[(index + index // len(MARKERS)) % len(MARKERS)]
    colour = COLORS[index % len(COLORS)]
    return {"marker": shape, "markerfacecolor": colour, "markeredgecolor": "#202020", "markeredgewidth": 0.4}


_UNDATED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


@styled
def picture(figure: Figure, kind: str) -> bytes:
    """The figure as the bytes of a ``png``, ``svg`` or ``pdf``; equal figures give equal bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format=kind, metadata=_UNDATED[kind])
    return buffer.getvalue()
