"""Figures for print: each a function over a DataFrame, which is what the CSV beside the picture holds.

``draw`` functions take (frame, title, width): one column is 3.5 inches wide, two are 7.16 (accelsim.report.style), and
what they return is a matplotlib Figure to be restyled at will.  ``CATALOGUE`` names them all.
"""

from __future__ import annotations

from accelsim.report.figures.catalogue import CATALOGUE, Drawn, choose, draw, figure_rows, figures
from accelsim.report.figures.per_layer import layers
from accelsim.report.figures.reuse_bars import reuse
from accelsim.report.figures.roofs import roofline, roofline_levels
from accelsim.report.figures.stacks import energy_by_level, energy_by_tensor, latency
from accelsim.report.figures.tile_bars import tiles
from accelsim.report.figures.trade import pareto, sensitivity
from accelsim.report.figures.waterfall import losses

__all__ = [
    "CATALOGUE",
    "Drawn",
    "choose",
    "draw",
    "energy_by_level",
    "energy_by_tensor",
    "figure_rows",
    "figures",
    "latency",
    "layers",
    "losses",
    "pareto",
    "reuse",
    "roofline",
    "roofline_levels",
    "sensitivity",
    "tiles",
]
