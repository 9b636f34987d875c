"""The Eyeriss chip's own mappings of AlexNet: Table III of Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017.

Each must be a valid row-stationary nest on our description of the chip, need the buffer space that is printed, and
use the PEs that Table V measured. Batch 4, padded planes counted as data, as in the paper.
Data: published/eyeriss_jssc17.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.mapping.dataflow import dataflow_violations
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.mapping.parse import load_mapping
from accelsim.mapping.validity import violations
from accelsim.model.traffic import access_counts
from accelsim.simulate.execute import execute
from accelsim.validation.data import published_rows
from accelsim.validation.eyeriss_chip import operation_of
from accelsim.validation.eyeriss_nests import as_run, nest, table3
from accelsim.validation.eyeriss_time import pass_cycles

MAPPINGS = Path(__file__).parents[2] / "published" / "eyeriss_jssc17" / "mappings"
TABLE3 = published_rows("eyeriss_jssc17/table3.csv")
TABLE5 = {row["layer"]: row for row in published_rows("eyeriss_jssc17/alexnet.csv")}
CHIP = load_architecture("eyeriss")


@pytest.mark.parametrize("row", TABLE3, ids=lambda row: row["layer"])
def test_table_iii_is_a_valid_row_stationary_nest_that_needs_the_printed_space(row: dict[str, str]) -> None:
    operation = operation_of(row["layer"])
    mapping = nest(operation, table3()[row["layer"]])
    assert violations(operation, CHIP, mapping) == ()
    assert dataflow_violations(operation, CHIP, mapping, load_dataflow("row_stationary")) == ()
    counts = access_counts(operation, CHIP, mapping)
    kibibytes = {t: counts.at("GlobalBuffer", t).tile_words * 2 / 1024 for t in ("inputs", "outputs")}
    assert kibibytes["outputs"] == pytest.approx(float(row["GLB_psum_KB"]), abs=0.06)
    assert kibibytes["inputs"] == pytest.approx(float(row["GLB_ifmap_KB"]), abs=0.06)


@pytest.mark.parametrize("row", TABLE3, ids=lambda row: row["layer"])
def test_table_iii_uses_the_pes_that_were_measured(row: dict[str, str]) -> None:
    operation = operation_of(row["layer"])
    counts = access_counts(operation, CHIP, nest(operation, table3()[row["layer"]]))
    assert counts.mac_instances == int(TABLE5[row["layer"]]["active_PEs"])
    # One digit, rounded for some layers and cut off for others.
    assert counts.macs / 1e6 == pytest.approx(float(TABLE5[row["layer"]]["MACs_M"]), abs=0.1)


@pytest.mark.exhaustive
def test_conv5_executes_on_the_chips_mapping_and_counts_agree() -> None:
    """74.8 million MACs on real integers; about half a minute."""
    row = TABLE3[-1]
    operation = operation_of(row["layer"], batch=1)
    mapping = nest(operation, table3()[row["layer"]])
    run = execute(operation, CHIP, mapping)
    assert run.equal
    assert run.counts == access_counts(operation, CHIP, mapping)


@pytest.mark.parametrize("layer", table3())
def test_the_mappings_in_the_repository_are_those_of_table_iii(layer: str) -> None:
    assert load_mapping(MAPPINGS / f"{layer}.txt") == nest(operation_of(layer), table3()[layer])


def test_conv3_was_run_with_the_mapping_of_conv4() -> None:
    assert load_mapping(MAPPINGS / "CONV3_as_run.txt") == nest(operation_of("CONV3"), as_run()["CONV3"])


def test_a_pass_of_conv5_takes_what_the_specification_says_by_hand() -> None:
    """16 filters x 2 sets, 3 channels x 2 sets, 4 images, 13 rows: per pass and at one transfer or MAC a cycle,

    load   32 filters x 6 channels x 9 / 4 words a cycle      =   432
    first  15 rows x 6 channels x 3 taps / 1                  =   270
    run    4 images x 13 columns x 16 x 3 x 3 MACs            = 7,488  (inputs 4 x 6 x 15 x 15 = 5,400; psums 5,408)
    drain  32 x 13 / 4 + 3 rows + 3 stages                    =   110
    and 2 groups x 128 / 32 x 192 / 6 = 256 passes.
    """
    spent = pass_cycles(operation_of("CONV5"), table3()["CONV5"])
    assert (spent.load, spent.first, spent.run, spent.drain) == (256 * 432, 256 * 270, 256 * 7488, 256 * 110)
    assert table3()["CONV5"].passes(operation_of("CONV5")) == 256


def test_smaller_last_blocks_take_what_they_need() -> None:
    """CONV1: 55 rows in 7 strips of 7 and one of 6, whose 31 input rows are 4 fewer than 35; each on 3 channels,
    3 blocks of filters and 4 images."""
    spent = pass_cycles(operation_of("CONV1"), table3()["CONV1"])
    assert spent.first == 3 * 3 * 4 * (7 * 35 + 31) * 11
    assert spent.run == 3 * 3 * 4 * 8 * 55 * 16 * 11
