"""The Eyeriss chip's own mappings of AlexNet: Table III of Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017.

Each must be a valid row-stationary nest on our description of the chip, need the buffer space that is printed, and
use the PEs that Table V measured. Batch 4, padded planes counted as data, as in the paper.
Data: eyeriss_table3.csv (parameters and buffer space), eyeriss_alexnet.csv (measurements).
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.mapping.dataflow import dataflow_violations
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.mapping.nest import Mapping
from accelsim.mapping.parse import parse_mapping
from accelsim.mapping.validity import violations
from accelsim.model.traffic import access_counts
from accelsim.simulate.execute import execute
from accelsim.workload.files import load_network
from accelsim.workload.operation import Operation

HERE = Path(__file__).parent
TABLE3 = list(csv.DictReader((HERE / "eyeriss_table3.csv").open()))
TABLE5 = {row["layer"]: row for row in csv.DictReader((HERE / "eyeriss_alexnet.csv").open())}
CHIP = load_architecture("eyeriss")


def operation_of(row: dict[str, str], batch: int) -> Operation:
    return load_network("alexnet_padded", batch=batch).layer(row["layer"]).operation()


def nest(operation: Operation, row: dict[str, str]) -> Mapping:
    """m n e p q r t of the paper as a loop nest (m filters and n images per pass; p, q in a PE; r, t side by side).

    A set wider than the array's 14 columns is folded onto further rows.
    """
    m, n, e, p, q, r, t = (int(row[key]) for key in "mnepqrt")
    size = operation.extents
    R, S, F = size["R"], size["S"], size["F"]
    n = min(n, size["N"])
    left = dict(size)
    lines = ["DRAM keeps inputs weights outputs"]

    def loop(dim: str, step: int, axis: str = "") -> None:
        if left[dim] > step:
            where = f" on {axis}" if axis else ""
            lines.append(f"{'par-for' if axis else 'for'} {dim.lower()} in 0..{left[dim]} by {step}{where}")
            left[dim] = step

    loop("G", 1)
    loop("N", n)
    loop("E", e)
    loop("M", m)
    lines.append("GlobalBuffer keeps outputs")
    loop("C", q * r)
    lines.append("GlobalBuffer keeps inputs")
    loop("M", p * t)
    loop("E", 14, "Y")
    loop("E", 1, "X")
    # Sets of other filters stand above each other where a set is as wide as the array, else beside each other.
    loop("M", p, "X" if e * t <= 14 else "Y")
    loop("C", q, "Y")
    loop("R", 1, "Y")
    lines.append("Scratchpad keeps weights")
    loop("N", 1)
    loop("F", 1)
    lines.append("Scratchpad keeps inputs outputs")
    loop("C", 1)
    loop("S", 1)
    loop("M", 1)
    assert (int(row["R"]), int(row["R"]), int(row["E"])) == (R, S, F)
    return parse_mapping("\n".join([*lines, "MAC"]))


@pytest.mark.parametrize("row", TABLE3, ids=lambda row: row["layer"])
def test_table_iii_is_a_valid_row_stationary_nest_that_needs_the_printed_space(row: dict[str, str]) -> None:
    operation = operation_of(row, batch=4)
    mapping = nest(operation, row)
    assert violations(operation, CHIP, mapping) == ()
    assert dataflow_violations(operation, CHIP, mapping, load_dataflow("row_stationary")) == ()
    counts = access_counts(operation, CHIP, mapping)
    kibibytes = {t: counts.at("GlobalBuffer", t).tile_words * 2 / 1024 for t in ("inputs", "outputs")}
    assert kibibytes["outputs"] == pytest.approx(float(row["GLB_psum_KB"]), abs=0.06)
    assert kibibytes["inputs"] == pytest.approx(float(row["GLB_ifmap_KB"]), abs=0.06)


@pytest.mark.parametrize("row", TABLE3, ids=lambda row: row["layer"])
def test_table_iii_uses_the_pes_that_were_measured(row: dict[str, str]) -> None:
    operation = operation_of(row, batch=4)
    counts = access_counts(operation, CHIP, nest(operation, row))
    assert counts.mac_instances == int(TABLE5[row["layer"]]["active_PEs"])
    # One digit, rounded for some layers and cut off for others.
    assert counts.macs / 1e6 == pytest.approx(float(TABLE5[row["layer"]]["MACs_M"]), abs=0.1)


@pytest.mark.exhaustive
def test_conv5_executes_on_the_chips_mapping_and_counts_agree() -> None:
    """74.8 million MACs on real integers; about half a minute."""
    row = TABLE3[-1]
    operation = operation_of(row, batch=1)
    mapping = nest(operation, row)
    run = execute(operation, CHIP, mapping)
    assert run.equal
    assert run.counts == access_counts(operation, CHIP, mapping)
