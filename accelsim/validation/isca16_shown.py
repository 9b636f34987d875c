"""The tables of the study eyeriss-isca16 with no figure beside them: all other points, claims, and exact counts."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.validation.data import published_rows
from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC
from accelsim.validation.isca16_ours import UNDER_PAPER, Exact, exact
from accelsim.validation.isca16_points import LEVELS, PRINTED_HOP_MACS, TENSORS, Point, charged, every_point, point
from accelsim.validation.isca16_tables import FOLDER, place
from accelsim.validation.study import Part, Row

PER_MAC = "MAC energies per MAC"
PUBLISHED_HERE = (("CONV", 256, 1), ("CONV", 256, 16), ("CONV", 256, 64), ("FC", 1024, 16))
NOT_MAPPED = "cannot be mapped"


def _points(others_only: bool) -> Iterator[tuple[str, str, Point | None, Point]]:
    """(kind, label, point, the point that EDP is relative to) of every dataflow at every point."""
    for kind, layers, pes, images in every_point():
        if others_only and (kind, pes, images) in PUBLISHED_HERE:
            continue
        unit = point("RS", *((256, 1) if kind == "CONV" else (1024, 16)), layers)
        assert unit is not None
        for dataflow in DATAFLOWS:
            label = f"{kind}, {pes} PEs, N={images}, {dataflow}"
            yield kind, label, point(dataflow, pes, images, layers), unit


def other_points() -> tuple[Part, ...]:
    """Energy by level and by tensor, DRAM words and EDP at the points whose bars are not in ``published/``."""
    levels, tensors, dram, products = [], [], [], []
    for kind, label, at, unit in _points(others_only=True):
        note = "" if at else NOT_MAPPED
        for level in ("ALU", *LEVELS):
            levels.append(Row(f"{label}, {level}", PER_MAC, at and at.level_energy(level), None, note=note))
        levels.append(Row(f"{label}, total", PER_MAC, at and at.energy, None, note=note))
        dram.append(Row(f"{label}, reads", "words per MAC", at and at.dram_reads, None, note=note))
        dram.append(Row(f"{label}, writes", "words per MAC", at and at.dram_writes, None, note=note))
        base = "RS at 256 PEs, N=1" if kind == "CONV" else "RS at N=16"
        products.append(Row(label, base, at and at.edp / unit.edp, None, note=note))
    for _, label, at, _ in _points(others_only=False):
        note = "" if at else NOT_MAPPED
        for tensor in TENSORS:
            tensors.append(Row(f"{label}, {tensor}", PER_MAC, at and at.tensor_energy(tensor), None, note=note))
    return (
        Part("The paper's counting at all other points: energy by level", tuple(levels)),
        Part("The paper's counting at all other points: DRAM words per MAC", tuple(dram)),
        Part("The paper's counting at all other points: energy-delay product", tuple(products)),
        Part("The paper's counting at every point: energy by tensor", tuple(tensors)),
    )


def _ratios(kind: str, images: int | None = None) -> list[float]:
    """Energy of every other dataflow / that of RS, at the points of a kind."""
    out = []
    for of, layers, pes, n in every_point():
        if of == kind and images in (None, n):
            rs = point("RS", pes, n, layers)
            others = [point(dataflow, pes, n, layers) for dataflow in DATAFLOWS[1:]]
            out += [other.energy / rs.energy for other in others if other and rs]
    return out


def claims() -> Part:
    """What the paper's text says in numbers of its own."""
    conv, fc = (sum(_rs_energy(layer) for layer in layers) for layers in (CONV, FC))
    decimals = "printed with one decimal"
    return Part(
        "Claims of the text",
        (
            Row("CONV, other dataflows / RS, least", "times", min(_ratios("CONV")), 1.4, None, 0.03, decimals),
            Row("CONV, other dataflows / RS, most", "times", max(_ratios("CONV")), 2.5, None, 0.03, decimals),
            Row("FC, N=16, other dataflows / RS, least", "times", min(_ratios("FC", 16)), 1.3, None, 0.03, decimals),
            Row("FC, N=256, other dataflows / RS, most", "times", max(_ratios("FC", 256)), 2.8, None, 0.03, decimals),
            Row("RS, 256 PEs, N=16: CONV layers' share of energy", "%", 100 * conv / (conv + fc), 80, 100, 0.01,
                "printed as about 80 %"),
        ),
    )  # fmt: skip


def _rs_energy(layer: str) -> float:
    found = charged("RS", 256, 16, layer)
    assert found is not None
    return found.energy


def printed_hop() -> Part:
    """Totals when the mapping optimisation charges a psum's hop the printed cost, so that the reading can be judged."""
    rows = []
    for kind, name, layers in (("CONV", "fig12abc", CONV), ("FC", "fig14b", FC)):
        for bar in published_rows(f"{FOLDER}/{name}.csv"):
            at = point(bar["dataflow"], int(bar["PEs"]), int(bar["N"]), layers, PRINTED_HOP_MACS)
            whole = float(bar["total_macE_per_op"]) or None
            rows.append(
                Row(f"{kind}, N={bar['N']}, {bar['dataflow']}, total", PER_MAC, at and at.energy, whole,
                    note="" if at else NOT_MAPPED)
            )  # fmt: skip
    return Part("The other reading of a psum's hop: the search charges the printed cost", tuple(rows))


def searched_under_paper() -> Part:
    """Our machines, searched and priced under the convention ``paper``: equations 3 and 4 on our counts."""
    rows = []
    bars = {bar["dataflow"]: bar for bar in published_rows(f"{FOLDER}/fig12abc.csv") if bar["N"] == "16"}
    for dataflow in UNDER_PAPER:
        found = exact(dataflow, 256, 16, CONV, "paper")
        assert found is not None
        levels = dict(found.levels)
        whole = float(bars[dataflow]["total_macE_per_op"])
        for level, column in (("DRAM", "DRAM"), ("Buffer", "Buffer"), ("Array", "Array_NoC"), ("RF", "RF")):
            rows.append(
                Row(f"{dataflow}, {level}", PER_MAC, levels.get(level, 0.0),
                    float(bars[dataflow][f"{column}_macE_per_op"]), whole)
            )  # fmt: skip
        rows.append(
            Row(
                f"{dataflow}, total",
                PER_MAC,
                found.energy,
                whole,
                note=f"within {100 * found.gap:.1f} % of the optimum",
            )
        )
    return Part(
        "CONV, 256 PEs, N=16: nests of our search under the convention 'paper', deviation of the total", tuple(rows)
    )


def in_exact_counts() -> tuple[Part, ...]:
    """Every point again, every word counted, in the best nests of the search; and whether RS still needs least."""
    totals, stands = [], []
    for kind, layers, pes, images in every_point():
        found = {dataflow: exact(dataflow, pes, images, layers) for dataflow in DATAFLOWS}
        ours = {dataflow: one and one.energy for dataflow, one in found.items()}
        paper = {dataflow: (at := point(dataflow, pes, images, layers)) and at.energy for dataflow in DATAFLOWS}
        for dataflow, one in found.items():
            totals.append(
                Row(f"{kind}, {pes} PEs, N={images}, {dataflow}", PER_MAC, one and one.energy, None,
                    note=_places(one, place(ours, dataflow), place(paper, dataflow)))
            )  # fmt: skip
        for words, energies in (("exact counts", ours), ("the paper's counting", paper)):
            stands.append(
                Row(f"{kind}, {pes} PEs, N={images}: next best / RS, {words}", "times", _lead(energies), None,
                    note=f"next best: {_runner_up(energies)}")
            )  # fmt: skip
    return (
        Part("Exact counts and optimal mappings, total energy", tuple(totals)),
        Part("Does row stationary still need least energy?", tuple(stands)),
    )


def exact_levels_and_edp() -> tuple[Part, ...]:
    """Exact counts by level where the paper's bars are known, and the energy-delay product at every point."""
    levels, products = [], []
    for kind, layers, pes, images in every_point():
        unit = exact("RS", *((256, 1) if kind == "CONV" else (1024, 16)), layers)
        assert unit is not None
        base = "RS at 256 PEs, N=1" if kind == "CONV" else "RS at N=16"
        for dataflow in DATAFLOWS:
            one = exact(dataflow, pes, images, layers)
            label, note = f"{kind}, {pes} PEs, N={images}, {dataflow}", "" if one else NOT_MAPPED
            products.append(Row(label, base, one and one.edp / unit.edp, None, note=note))
            if (kind, pes, images) in PUBLISHED_HERE:
                found = dict(one.levels) if one else {}
                levels += [
                    Row(f"{label}, {level}", PER_MAC, found.get(level, 0.0) if one else None, None, note=note)
                    for level in ("ALU", *LEVELS)
                ]
    return (
        Part("Exact counts and optimal mappings, by level", tuple(levels)),
        Part("Exact counts and mappings of least energy: energy-delay product", tuple(products)),
    )


def conclusion() -> str:
    """Whether the paper's conclusion stands in exact counts, in a sentence with its figures."""
    leads: dict[str, list[float]] = {"CONV": [], "FC": []}
    for kind, layers, pes, images in every_point():
        found = {dataflow: exact(dataflow, pes, images, layers) for dataflow in DATAFLOWS}
        leads[kind].append(_lead({dataflow: one and one.energy for dataflow, one in found.items()}) or 0.0)
    every = [lead for found in leads.values() for lead in found]
    ranges = ", ".join(f"{kind} {min(found):.2f} to {max(found):.2f}" for kind, found in leads.items())
    return (
        "In exact counts and optimal mappings row stationary needs least energy at "
        f"{sum(lead > 1 for lead in every)} of {len(every)} points; the next best needs times its energy: {ranges}"
    )


def _places(one: Exact | None, ours: float | None, paper: float | None) -> str:
    if one is None or ours is None:
        return NOT_MAPPED
    theirs = "not mapped" if paper is None else f"{paper:.0f}"
    return f"place {ours:.0f} (the paper's counting: {theirs}); within {100 * one.gap:.1f} % of the optimum"


def _runner_up(energies: dict[str, float | None]) -> str:
    others = {name: energy for name, energy in energies.items() if name != "RS" and energy is not None}
    return min(others, key=lambda name: others[name])


def _lead(energies: dict[str, float | None]) -> float | None:
    own, other = energies["RS"], energies[_runner_up(energies)]
    return None if own is None or other is None else other / own
