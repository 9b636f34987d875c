"""Study 1: the dataflow comparison of ISCA 2016, in the paper's own counting and rules, and again in exact counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.validation import isca16_shown as shown
from accelsim.validation import isca16_tables as tables
from accelsim.validation.isca16_rules import RULES
from accelsim.validation.study import Outcome, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def run() -> Outcome:
    """Every published bar beside ours, all other points, the text's claims, and the comparison in exact counts."""
    beside = (
        tables.storage(),
        tables.energy_by_level("CONV"),
        tables.dram("CONV"),
        tables.edp("CONV"),
        tables.rs_by_layer(),
        tables.energy_by_level("FC"),
        tables.dram("FC"),
        tables.fc_by_tensor(),
        tables.edp("FC"),
        tables.order(),
        shown.claims(),
    )
    exactly = (*shown.in_exact_counts(), *shown.exact_levels_and_edp(), shown.searched_under_paper())
    after = (*exactly, shown.printed_hop(), *shown.other_points())
    decided = {"text": "stands in the text", "figures": "open in the text, decided by the figures"}
    rules = tuple(f"{rule} ({decided[by]})" for by, rule in RULES)
    return Outcome((*beside, *after), (shown.conclusion(), *rules))


def figure(outcome: Outcome) -> Figure:
    """The published bars, the paper's counting and exact counts, side by side."""
    from accelsim.validation.isca16_figure import draw

    return draw(outcome)


STUDY = Study(
    name="eyeriss-isca16",
    title="Six dataflows at equal area on AlexNet (ISCA 2016)",
    source=(
        "Y.-H. Chen, J. Emer, V. Sze, Eyeriss: A Spatial Architecture for Energy-Efficient Dataflow for Convolutional "
        "Neural Networks, ISCA 2016, Figs. 7 and 10 to 14"
    ),
    differences=(
        "NLR at N=64: the paper's mapping needs more energy than its own for N=16, which no rule of the text explains.",
        "OSB: 0.04 % of the total in DRAM, from how the two stretches of a row of CONV1 are counted.",
        "OSA: energy-delay product 2.4 % low; how many PEs a patch of CONV1 and CONV2 leaves idle is not stated.",
        "The convention 'paper' on our nests differs from the figures where the paper's rules are not nests: "
        "fractional strips, sums broken per filter row, hops and windows that are not charged or charged again.",
    ),
    run=run,
    figure=figure,
)
