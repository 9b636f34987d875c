"""The dataflow comparison of Chen, Emer, Sze, ISCA 2016: every bar, and the paper's counting held against ours.

Bars were read from the vector drawing, good to about 0.1 %. Known differences: see STUDY.differences.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.parse import parse_mapping
from accelsim.model.conventions import convention
from accelsim.model.evaluate import evaluate
from accelsim.search import Limits, search
from accelsim.validation import isca16_kernels as kernels
from accelsim.validation.data import published_rows
from accelsim.validation.isca16 import STUDY
from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC, shapes
from accelsim.validation.isca16_ours import evaluated, exact, questions, stored
from accelsim.validation.isca16_points import LEVELS, every_point, point
from accelsim.validation.isca16_rules import RULES
from accelsim.validation.study import Outcome, Part, Row
from accelsim.workload.files import load_network
from accelsim.workload.layer import FullyConnected
from accelsim.workload.operation import Operation


@cache
def outcome() -> Outcome:
    return STUDY.run()


def part(start: str) -> Part:
    (found,) = [one for one in outcome().parts if one.title.startswith(start)]
    return found


def away(row: Row) -> float:
    """|deviation| of a judged row; what is missing on both sides agrees."""
    if row.ours is None or row.published is None:
        assert row.ours is row.published is None, row.label
        return 0.0
    return abs(row.ours - row.published) / (row.scale or row.published)


JUDGED = ("Storage", "CONV layers, 256", "FC layers, 1024", "RS, 256", "Order", "Claims")


def test_every_published_number_is_within_its_tolerance() -> None:
    judged = [(one.title, row) for one in outcome().parts for row in one.rows if row.tolerance is not None]
    assert {title.split(" ")[0] for title, _ in judged} == {start.split(" ")[0] for start in JUDGED}
    assert [(title, row.label) for title, row in judged if away(row) > (row.tolerance or 0)] == []


def test_every_bar_of_the_energy_figures_is_within_a_five_hundredth_of_its_total() -> None:
    for start in ("CONV layers, 256 PEs: energy by level", "FC layers, 1024 PEs: energy by level", "RS, 256 PEs"):
        assert max(away(row) for row in part(start).rows) <= 0.002


def test_the_figures_tables_are_whole() -> None:
    """Six dataflows, three batch sizes and six numbers each (WS, N=64 among them, as missing)."""
    conv = part("CONV layers, 256 PEs: energy by level").rows
    assert len(conv) == 6 * 3 * 6
    assert [row.label for row in conv if row.published is None] == [
        f"WS, N=64, {level}" for level in ("ALU", "DRAM", "Buffer", "Array", "RF", "total")
    ]
    assert len(part("RS, 256 PEs, N=16").rows) == 8 * 6


def test_weight_stationary_fails_at_256_pes_and_64_images_and_nowhere_else() -> None:
    """Its psums, 64 x 55 x 55 of one filter of CONV1, are more than the 171,126 words of its buffer."""
    missing = [
        (pes, images, dataflow)
        for _, layers, pes, images in every_point()
        for dataflow in DATAFLOWS
        if point(dataflow, pes, images, layers) is None
    ]
    assert missing == [(256, 64, "WS")]


def test_all_points_of_the_figures_are_produced() -> None:
    conv = {(pes, images) for kind, _, pes, images in every_point() if kind == "CONV"}
    fc = {(pes, images) for kind, _, pes, images in every_point() if kind == "FC"}
    assert conv == {(pes, images) for pes in (256, 512, 1024) for images in (1, 16, 64)}
    assert fc == {(1024, images) for images in (16, 64, 256)}
    others = part("The paper's counting at all other points: energy by level")
    assert len(others.rows) == (6 + 2) * 6 * 6
    assert all(row.ours is not None and row.published is None for row in others.rows)


def test_layers_have_the_macs_of_the_papers_alu_bars() -> None:
    """Fig. 10: N = 16, 10^10 MAC energies, to the 0.01 % of the drawing."""
    bars = {bar["layer"]: float(bar["ALU"]) for bar in published_rows("eyeriss_isca16/fig10.csv")}
    for layer, bar in zip(CONV + FC, bars.values(), strict=True):
        assert 16 * shapes()[layer].macs / 1e10 == pytest.approx(bar, rel=2e-3)


def test_row_stationary_needs_least_energy_in_exact_counts_too() -> None:
    for _, layers, pes, images in every_point():
        found = {dataflow: exact(dataflow, pes, images, layers) for dataflow in DATAFLOWS}
        energies = {name: one.energy for name, one in found.items() if one is not None}
        assert min(energies, key=lambda name: energies[name]) == "RS"


def test_every_searched_nest_is_stored_and_no_other() -> None:
    assert list(stored()) == list(questions())


@pytest.mark.parametrize("question", [q for q in questions() if q[1] in ("CONV3", "FC8")][::7], ids=str)
def test_stored_nests_are_not_below_their_bound(question: Any) -> None:
    found = evaluated(question)
    assert found is not None
    assert found.energy >= stored()[question]["lower_bound"] * (1 - 1e-9)


def test_a_stored_nest_is_as_good_as_the_search_says_today() -> None:
    """The cheapest search of the file, made anew: which of several nests within 1 % is found is the search's affair."""
    question = ("osa256", "CONV3", 16, "ours")
    layer = {one.name: one.layer for one in load_network("alexnet_padded", 16).layers}["CONV3"]
    found = search(layer.operation(), load_architecture("osa256"), "energy", Limits(gap=0.01, max_candidates=200_000))
    kept = evaluated(question)
    assert kept is not None
    assert found.certificate.lower_bound <= kept.energy * (1 + 1e-9)
    assert kept.energy * 0.99 <= found.evaluation.energy


# Without sliding windows (R = E = 1) the paper's rules are nests. The choices that a kernel reports, written as the
# nest that they mean, must then cost under the convention 'paper', counted by accelsim.model, what the kernel charged.
NESTS = {
    "ws": (
        "m c",
        """DRAM  keeps inputs weights outputs
for m in 0..M by {m}
  GlobalBuffer  keeps outputs
  for c in 0..C by {c}
    par-for m in 0..{m} by 1 on PE
      par-for c in 0..{c} by 1 on PE
        Register  keeps weights
        for n in 0..N by 1
          MAC
""",
    ),
    "osa": (
        "n e f g",
        """DRAM  keeps inputs weights outputs
for m in 0..M by {g}
  GlobalBuffer  keeps weights
  for n in 0..N by {n}
    GlobalBuffer  keeps inputs
    for m in 0..{g} by 1
      par-for n in 0..{n} by 1 on PE
        Register  keeps outputs
        for c in 0..C by 1
          MAC
""",
    ),
    "osb": (
        "q m n g",
        """DRAM  keeps inputs weights outputs
for m in 0..M by {g}
  GlobalBuffer  keeps weights
  for n in 0..N by {n}
    GlobalBuffer  keeps inputs
    for m in 0..{g} by {m}
      par-for n in 0..{n} by 1 on PE
        par-for m in 0..{m} by 1 on PE
          Register  keeps outputs
          for c in 0..C by 1
            MAC
""",
    ),
    "nlr": (
        "c m n g e",
        """DRAM  keeps inputs weights outputs
for m in 0..M by {g}
  for n in 0..N by {n}
    GlobalBuffer  keeps outputs
    for c in 0..C by {c}
      GlobalBuffer  keeps inputs weights
      for m in 0..{g} by {m}
        for n in 0..{n} by 1
          par-for m in 0..{m} by 1 on PE
            par-for c in 0..{c} by 1 on PE
              MAC
""",
    ),
    "rs": (
        "e q p r t n g",
        """DRAM  keeps inputs weights outputs
for m in 0..M by {g}
  for n in 0..N by {n}
    GlobalBuffer  keeps outputs
    for c in 0..C by {qr}
      GlobalBuffer  keeps inputs
      for m in 0..{g} by {pt}
        par-for c in 0..{qr} by {q} on PE
          par-for m in 0..{pt} by {p} on PE
            Register  keeps weights
            for n in 0..{n} by 1
              Register  keeps inputs outputs
              for m in 0..{p} by 1
                for c in 0..{q} by 1
                  MAC
""",
    ),
}
NESTS["osc"] = ("m n g", NESTS["osb"][1])
KERNELS = {
    "ws": kernels.weight_stationary,
    "osa": kernels.output_stationary_a,
    "osb": kernels.output_stationary_b,
    "osc": kernels.output_stationary_c,
    "nlr": kernels.no_local_reuse,
    "rs": kernels.row_stationary,
}


def nest(dataflow: str, choices: Any, bounds: dict[str, int]) -> str:
    names, text = NESTS[dataflow]
    chosen = dict(zip(names.split(), (int(choice) for choice in choices), strict=False))
    chosen |= {"qr": chosen.get("q", 1) * chosen.get("r", 1), "pt": chosen.get("p", 1) * chosen.get("t", 1)}
    chosen["qr"], chosen["pt"] = min(chosen["qr"], bounds["C"]), min(chosen["pt"], bounds["M"])
    text = text.format(**chosen)
    for letter, bound in bounds.items():
        text = text.replace(f"0..{letter} ", f"0..{bound} ")
    return text


def charged_words(counts: AccessCounts) -> list[list[int]]:
    """Words that the convention 'paper' charges: a row per tensor, a column per level."""
    view = convention("paper")
    table = {tensor: [0, 0, 0, 0] for tensor in ("inputs", "weights", "outputs")}
    levels = {"DRAM": (0, "outermost"), "GlobalBuffer": (1, "buffer"), "Register": (3, "register")}
    for row in counts.tensors:
        column, role = levels[row.level]
        table[row.tensor][column] = sum(view.accesses(row, role, row.tensor == "outputs"))  # type: ignore[arg-type]
    for net in counts.networks:
        table[net.tensor][2] = view.hops(net, net.tensor == "outputs")
    return list(table.values())


def small(M: int, C: int, N: int) -> Operation:
    return FullyConnected(name="small", M=M, C=C, N=N).operation()


@pytest.mark.parametrize("dataflow", list(NESTS))
@pytest.mark.parametrize("buffer_words", [100, 200, 600, 5000])
def test_without_windows_the_papers_rules_are_the_paper_convention_on_a_nest(dataflow: str, buffer_words: int) -> None:
    M, C, N = 64, 32, 16
    best = KERNELS[dataflow](M, C, 1, 1, 1, 1, 1, N, 256, buffer_words, 4.0)
    assert best[1] > 0
    mapping = parse_mapping(nest(dataflow, best[3], {"M": M, "C": C, "N": N}), "nest")
    counts = evaluate(small(M, C, N), load_architecture(f"{dataflow}256"), mapping, "paper").counts
    ours, theirs = charged_words(counts), [[int(word) for word in row] for row in best[2]]
    if dataflow in ("ws", "nlr"):  # inferred from the figures: their weights are not charged for the array
        assert theirs[1][2] == 0
        ours[1][2] = 0
    assert ours == theirs


def test_weight_stationary_charges_what_the_equations_say_by_hand() -> None:
    """One filter of 2 x 2 x 1 on a 3 x 3 input: 4 output pixels, 16 MACs, one region of four PEs.

    Inputs: 9 words from DRAM, 16 received by PEs. Weights: 4 from DRAM, 16 register reads. Psums: 4 written to DRAM;
    each pixel's two filter rows come to the buffer apart, 2 (2 - 1) accesses for each of 4 pixels, and one hop joins
    the two PEs of each row: 2 hops for each of 4 pixels.
    """
    cost, active, words, choices = kernels.weight_stationary(1, 1, 3, 3, 2, 2, 1, 1, 4, 100, 2.0)
    assert words.tolist() == [[9, 0, 16, 0], [4, 0, 0, 16], [4, 8, 8, 0]]
    assert active == 4
    assert choices[:2].tolist() == [1, 1]
    assert cost == 200 * 17 + 6 * 8 + 2 * 24 + 16


def test_a_psum_that_does_not_fit_leaves_weight_stationary_without_a_mapping() -> None:
    assert kernels.weight_stationary(1, 1, 3, 3, 2, 2, 1, 1, 4, 3, 2.0)[1] == 0


def test_by_level_and_by_tensor_the_energy_is_the_same() -> None:
    for dataflow in DATAFLOWS:
        at = point(dataflow, 256, 16, CONV)
        assert at is not None
        levels = sum(at.level_energy(level) for level in ("ALU", *LEVELS))
        tensors = sum(at.tensor_energy(tensor) for tensor in ("inputs", "weights", "psums"))
        assert levels == pytest.approx(at.energy)
        assert tensors == pytest.approx(at.energy)


def test_every_open_rule_says_what_decided_it() -> None:
    conclusion, *rules = outcome().notes
    assert conclusion.startswith(
        "In exact counts and optimal mappings row stationary needs least energy at 12 of 12 points"
    )
    assert len(rules) == len(RULES)
    assert all("stands in the text" in rule or "decided by the figures" in rule for rule in rules)


def test_the_figure_shows_published_counted_and_exact_bars() -> None:
    assert STUDY.figure is not None
    axes = STUDY.figure(outcome()).axes
    assert [panel.get_title() for panel in axes] == [
        *(f"CONV layers, 256 PEs, N={images}" for images in (1, 16, 64)),
        "FC layers, 1024 PEs, N=16",
    ]
    for panel in axes:  # three sets of stacked bars, five levels, six dataflows
        assert len(panel.patches) == 3 * 5 * 6
    published = {bar["dataflow"]: bar for bar in published_rows("eyeriss_isca16/fig12abc.csv") if bar["N"] == "16"}
    first = [patch.get_height() for patch in axes[1].patches[:30]]
    columns = ("ALU", "DRAM", "Buffer", "Array_NoC", "RF")
    assert first == pytest.approx([float(published[d][f"{c}_macE_per_op"]) for c in columns for d in DATAFLOWS])


def test_naming_the_study_loads_no_plotting() -> None:
    code = "import sys, accelsim.validation.isca16\nprint([m for m in ('matplotlib', 'pandas') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"
