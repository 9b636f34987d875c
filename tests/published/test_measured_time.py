"""Time on two chips that were built: TPU v1 (Jouppi et al., ISCA 2017) and Eyeriss (Chen et al., JSSC 52(1), 2017).

Nothing is fitted; differences are named.

TPU v1, Table 3: the share of array cycles that are active, of those that are not "non-matrix" (vector units, and waits
that are not the array's). The matrices' shapes are not published: square ones with the published number of weights and
layers are assumed, which is known to be wrong for LSTM0, whose tiles are used more often than so.

Eyeriss, Table V: processing latency at 200 MHz, batch 4. The array of accelsim (DESIGN.md) interleaves what fits its
scratchpads and hides psums and inputs behind the MACs; the chip's own passes are smaller, so CONV1 and CONV2 take it
about an eighth longer. Processing latency leaves out DRAM; so does this (an endless bandwidth).
"""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.model.array_fed import fed_time
from accelsim.model.array_time import array_time
from accelsim.validation.data import published_rows
from accelsim.workload.files import load_network
from accelsim.workload.layer import MatrixProduct

TPU = {
    # layers, weights, batch, active %, non-matrix % (Table 1 and Table 3)
    "MLP0": (5, 20_000_000, 200, 12.7, 17.5),
    "MLP1": (4, 5_000_000, 168, 10.6, 31.9),
    "LSTM1": (56, 34_000_000, 96, 10.5, 10.3),
}
EYERISS = published_rows("eyeriss_jssc17/alexnet.csv")


@pytest.mark.parametrize("app", TPU)
def test_tpu_v1_is_active_as_often_as_was_measured(app: str) -> None:
    layers, weights, batch, active, outside = TPU[app]
    side = isqrt(weights // layers)
    fed = fed_time(MatrixProduct(app, M=batch, K=side, N=side).operation(), load_architecture("tpu_v1"))
    ours = 100 * fed.array.stream / fed.cycles
    measured = 100 * active / (100 - outside)
    assert ours == pytest.approx(measured, abs=1.0)  # percent of the matrix unit's cycles


@pytest.mark.parametrize("row", [row for row in EYERISS if row["layer"] != "Total"], ids=lambda row: row["layer"])
def test_eyeriss_takes_as_long_as_was_measured(row: dict[str, str]) -> None:
    chip = load_architecture("eyeriss")
    assert chip.systolic is not None
    layer = load_network("alexnet_padded", batch=4).layer(row["layer"]).operation()
    ours_ms = array_time(layer, chip.systolic).cycles / (chip.clock_mhz * 1e3)
    measured_ms = float(row["processing_latency_ms"])
    assert 0.85 * measured_ms <= ours_ms <= 1.06 * measured_ms
    # Its own DRAM link adds little, as on the chip (total latency), where the filters' prefetch hides it.
    assert fed_time(layer, replace(chip)).cycles / (chip.clock_mhz * 1e3) <= float(row["total_latency_ms"])
