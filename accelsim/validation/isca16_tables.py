"""The tables of the study eyeriss-isca16 that stand beside a published figure."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.validation.data import published_rows
from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC, buffer_words
from accelsim.validation.isca16_points import Point, charged, point
from accelsim.validation.study import Part, Row

FOLDER = "eyeriss_isca16"
NLR_64 = "the paper's mapping costs more than its own for N = 16; the reason is not published"
OSA_EDP = "a patch of OSA leaves PEs idle in a way that the text does not state"
_COLUMNS = {"ALU": "ALU", "DRAM": "DRAM", "Buffer": "Buffer", "Array": "Array_NoC", "RF": "RF", "total": "total"}


def storage() -> Part:
    """Fig. 7b: the global buffer at equal area."""
    rows = [
        Row(f"{bar['dataflow']}, buffer", "KiB", buffer_words(bar["dataflow"], 256) * 2 / 1024,
            float(bar["global_buffer_KB"]), tolerance=0.001)
        for bar in published_rows(f"{FOLDER}/fig7b.csv")
    ]  # fmt: skip
    return Part("Storage at equal area, 256 PEs (Fig. 7b)", tuple(rows))


def energy_by_level(kind: str) -> Part:
    """Figs. 12a-c (``kind`` CONV) and 14b (FC): energy per MAC, level by level; deviations of a total."""
    name, figure = ("fig12abc", "12") if kind == "CONV" else ("fig14b", "14b")
    rows: list[Row] = []
    for bar in published_rows(f"{FOLDER}/{name}.csv"):
        ours = _at(bar, kind)
        whole = float(bar["total_macE_per_op"])
        rough = (bar["dataflow"], bar["N"]) == ("NLR", "64")
        for level, column in _COLUMNS.items():
            mine = None if ours is None else ours.energy if level == "total" else ours.level_energy(level)
            rows.append(
                Row(
                    f"{bar['dataflow']}, N={bar['N']}, {level}",
                    "MAC energies per MAC",
                    mine,
                    float(bar[f"{column}_macE_per_op"]) if whole else None,
                    scale=whole or None,
                    tolerance=0.002 if rough else 0.001,
                    note=NLR_64 if rough else "" if whole else "cannot be mapped: in the paper, and here",
                )
            )
    return Part(
        f"{kind} layers, {_pes(kind)} PEs: energy by level, deviation of the total (Fig. {figure})", tuple(rows)
    )


def dram(kind: str) -> Part:
    """Figs. 11 and 14a: DRAM words per MAC; deviations of reads and writes together."""
    name, figure = ("fig11", "11") if kind == "CONV" else ("fig14a", "14a")
    rows: list[Row] = []
    for bar in published_rows(f"{FOLDER}/{name}.csv"):
        ours, whole = _at(bar, kind), float(bar["total"])
        rough = (bar["dataflow"], bar["N"]) == ("NLR", "64")
        for label, mine, column in (
            ("reads", ours and ours.dram_reads, "mem_reads"),
            ("writes", ours and ours.dram_writes, "mem_writes"),
        ):
            rows.append(
                Row(f"{bar['dataflow']}, N={bar['N']}, {label}", "words per MAC", mine,
                    float(bar[column]) if whole else None, scale=whole or None,
                    tolerance=0.03 if rough and label == "reads" else 0.005 if kind == "CONV" else 0.001,
                    note=NLR_64 if rough else "")
            )  # fmt: skip
    return Part(f"{kind} layers, {_pes(kind)} PEs: DRAM words per MAC (Fig. {figure})", tuple(rows))


def edp(kind: str) -> Part:
    """Figs. 13 and 14d: energy-delay product, relative to RS (CONV: at N = 1, FC: at N = 16)."""
    name, figure, unit_images = ("fig13", "13", 1) if kind == "CONV" else ("fig14d", "14d", 16)
    unit = point("RS", _pes(kind), unit_images, _layers(kind))
    assert unit is not None
    rows: list[Row] = []
    for bar in published_rows(f"{FOLDER}/{name}.csv"):
        ours = _at(bar, kind)
        broken = kind == "FC" and bar["dataflow"] == "OSA"
        osa = kind == "CONV" and bar["dataflow"] == "OSA"
        held = ours is None or broken
        rows.append(
            Row(
                f"{bar['dataflow']}, N={bar['N']}",
                f"RS at N={unit_images}",
                None if ours is None else ours.edp / unit.edp,
                None if held else float(bar["EDP"]),
                tolerance=None if broken else 0.03 if osa else 0.005 if kind == "CONV" else 0.001,
                note="the published bar is broken; its axis shows 168 and 85" if broken else OSA_EDP if osa else "",
            )
        )
    return Part(f"{kind} layers, {_pes(kind)} PEs: energy-delay product (Fig. {figure})", tuple(rows))


def fc_by_tensor() -> Part:
    """Fig. 14c: FC layers, 1024 PEs, N = 16, energy by tensor; RS in all is 1, deviations of a total."""
    unit = point("RS", 1024, 16, FC)
    assert unit is not None
    rows: list[Row] = []
    for bar in published_rows(f"{FOLDER}/fig14c.csv"):
        ours = _at(bar, "FC")
        assert ours is not None
        for tensor, column in (("inputs", "ifmaps"), ("weights", "weights"), ("psums", "psums")):
            rows.append(
                Row(f"{bar['dataflow']}, {tensor}", "RS", ours.tensor_energy(tensor) / unit.energy,
                    float(bar[column]), scale=float(bar["total"]), tolerance=0.001)
            )  # fmt: skip
    return Part("FC layers, 1024 PEs, N=16: energy by tensor, deviation of the total (Fig. 14c)", tuple(rows))


def rs_by_layer() -> Part:
    """Fig. 10: RS on 256 PEs, N = 16, every layer and level; deviations of a layer's total."""
    rows: list[Row] = []
    names = dict(zip(("FC1", "FC2", "FC3"), FC, strict=True))
    for bar in published_rows(f"{FOLDER}/fig10.csv"):
        layer = names.get(bar["layer"], bar["layer"])
        ours = charged("RS", 256, 16, layer)
        assert ours is not None
        for level, column in _COLUMNS.items():
            mine = {"ALU": float(ours.macs), "total": ours.energy}.get(level)
            mine = ours.level_energy(level) if mine is None else mine
            rows.append(
                Row(f"{layer}, {level}", "1e10 MAC energies", mine / 1e10, float(bar[column]),
                    scale=float(bar["total"]), tolerance=0.001)
            )  # fmt: skip
    return Part("RS, 256 PEs, N=16: energy of every layer, deviation of its total (Fig. 10)", tuple(rows))


def order() -> Part:
    """The place of each dataflow by total energy, 1 is least, at every published point; and what cannot be mapped."""
    rows: list[Row] = []
    for kind, images in (("CONV", 1), ("CONV", 16), ("CONV", 64), ("FC", 16)):
        name = "fig12abc" if kind == "CONV" else "fig14b"
        bars = [bar for bar in published_rows(f"{FOLDER}/{name}.csv") if bar["N"] == str(images)]
        theirs = {bar["dataflow"]: float(bar["total"]) or None for bar in bars}
        found = {dataflow: point(dataflow, _pes(kind), images, _layers(kind)) for dataflow in DATAFLOWS}
        ours = {dataflow: one and one.energy for dataflow, one in found.items()}
        for dataflow in DATAFLOWS:
            rows.append(
                Row(f"{kind}, N={images}, {dataflow}", "place", place(ours, dataflow), place(theirs, dataflow),
                    tolerance=0.0, note="" if theirs[dataflow] else "cannot be mapped: in the paper, and here")
            )  # fmt: skip
    return Part("Order of the dataflows by energy, 1 is least", tuple(rows))


def place(energies: dict[str, float | None], name: str) -> float | None:
    """Which place by energy this one has, 1 the least; None for one that is not there."""
    own = energies[name]
    return None if own is None else 1.0 + sum(other < own for other in _there(energies))


def _there(energies: dict[str, float | None]) -> Iterator[float]:
    return (energy for energy in energies.values() if energy is not None)


def _layers(kind: str) -> tuple[str, ...]:
    return CONV if kind == "CONV" else FC


def _pes(kind: str) -> int:
    return 256 if kind == "CONV" else 1024


def _at(bar: dict[str, str], kind: str) -> Point | None:
    return point(bar["dataflow"], int(bar["PEs"]), int(bar["N"]), _layers(kind))
