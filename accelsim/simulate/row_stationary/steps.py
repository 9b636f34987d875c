"""The row-stationary array run on the tensors of a convolution, in chunks of cycles so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from accelsim.architecture.systolic import SystolicArray
from accelsim.mapping.row_sets import RowSets
from accelsim.simulate.reference import Values
from accelsim.simulate.row_stationary import kernel as k


def steps(
    array: SystolicArray, sets: RowSets, inputs: Values, weights: Values, result: Values, chunk: int
) -> Iterator[Values]:
    """Runs a convolution into ``result`` (zeros); yields counts, a row per cycle."""
    passes = _passes(sets)
    outputs = passes[:, k.FILTERS] * passes[:, k.ROWS] * sets.extents["F"]
    before = np.concatenate([[0], np.cumsum(outputs)]).astype(np.int64)
    shape = _shape(sets, inputs)
    state = np.zeros(k.STATE, dtype=np.int64)
    past = np.full((4, array.rows + 1), -1, dtype=np.int64)
    pes = (array.rows, array.columns)
    active, coming = (np.zeros((*pes, shape[k.ROOM]), dtype=np.int64) for _ in range(2))
    bus = np.full((3, *pes), -1, dtype=np.int64)
    pixels = np.zeros((sets.stride[0] + 1, *pes), dtype=np.int64)
    window = np.zeros((*pes, sets.channels_held, sets.extents["S"]), dtype=np.int64)
    sums = np.zeros((2, *pes), dtype=np.int64)
    while not state[k.DONE]:
        counts = np.zeros((chunk, k.COUNTS), dtype=np.int64)
        done = k.run(
            inputs, weights, result, passes, before, shape, array.double_buffered, state, past,
            active, coming, bus, pixels, window, sums, counts,
        )  # fmt: skip
        yield counts[:done]


def _shape(sets: RowSets, inputs: Values) -> Values:
    size = sets.extents
    room = sets.filters_held * sets.channels_held * size["S"]
    return np.array(
        [
            size["R"], size["S"], size["F"], *sets.stride, *sets.padding, *inputs.shape[3:],
            sets.strip, sets.filters_held, sets.channels_held, room,
        ],
        dtype=np.int64,
    )  # fmt: skip


def _passes(sets: RowSets) -> Values:
    size, rows = sets.extents, []
    for one in sets.passes():
        p, q = min(sets.filters_held, one.filters), min(sets.channels_held, one.channels)
        side = -(-one.filters // sets.filters_held)
        used = -(-one.channels // sets.channels_held) * size["R"]
        enter = one.filters * q * size["S"]
        rows.append(
            (
                one.image, one.group, one.filter0, one.filters, one.row0, one.rows, one.channel0, one.channels,
                p, q, side, used, size["F"] * p * q * size["S"], enter, enter * one.rows,
            )
        )  # fmt: skip
    return np.array(rows, dtype=np.int64)
