"""Storage at equal area, Chen, Emer, Sze, ISCA 2016, Fig. 7b (isca16_fig7b_storage.csv).

The bars were read from the vector drawing, good to about 0.1 %; 1 KB is 1024 B. No known differences.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from accelsim.architecture.files import load_architecture

BARS = list(csv.DictReader((Path(__file__).parent / "isca16_fig7b_storage.csv").read_text().splitlines()))


@pytest.mark.parametrize("bar", BARS, ids=[bar["dataflow"] for bar in BARS])
def test_the_equal_area_rule_gives_the_published_storage(bar: dict[str, str]) -> None:
    machine = load_architecture(bar["dataflow"] + bar["pes"])
    held = machine.level("GlobalBuffer").capacity_words
    assert held is not None
    assert held * 2 / 1024 == pytest.approx(float(bar["global_buffer_kb"]), rel=1e-3)
    registers = sum(
        (level.capacity_words or 0) + sum(words for _, words in level.tensor_capacity_words)
        for level in machine.levels[2:]
    )
    assert registers * 2 == pytest.approx(float(bar["register_bytes_per_pe"]), rel=1e-3)
    assert machine.mac_units == int(bar["pes"])
