"""How long a DRAM takes for a sequence of accesses, and what bandwidth that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from accelsim.architecture.dram import Dram
from accelsim.simulate.dram import kernel as k
from accelsim.simulate.reference import Values

QUEUE = 32
"""Bursts that may wait in a channel's controller, so that rows are opened ahead."""
Run = tuple[int, int, bool]
"""First byte, number of bytes, whether it is a write."""


@dataclass(frozen=True)
class Service:
    """What a sequence of accesses cost. ``moved_bytes`` are whole bursts, ``asked_bytes`` what was wanted of them.

    hits       bursts whose row was open; ``empty``: bank closed; ``conflicts``: another row open
    energy_pj  of all commands and of standby; None where the DRAM states no currents
    """

    dram: str
    cycles: int
    seconds: float
    asked_bytes: int
    moved_bytes: int
    reads: int
    writes: int
    hits: int
    empty: int
    conflicts: int
    refreshes: int
    energy_pj: float | None

    @property
    def bytes_per_second(self) -> float:
        """Of the bytes that were asked for."""
        return self.asked_bytes / self.seconds if self.seconds else 0.0

    @property
    def hit_rate(self) -> float:
        bursts = self.reads + self.writes
        return self.hits / bursts if bursts else 0.0


def serve(dram: Dram, runs: Iterable[Run]) -> Service:
    """Serve runs of bytes in order: whole bursts, one after the other; equal neighbours are fetched once."""
    bursts, writes, asked = _bursts(dram, runs)
    counts = np.zeros((dram.channels, k.COUNTS), dtype=np.int64)
    k.serve(bursts, writes, _timings(dram), _shape(dram), counts)
    total = [int(n) for n in counts.sum(axis=0)]
    cycles = int(counts[:, k.LAST].max())
    seconds = cycles * dram.clock_ns * 1e-9
    return Service(
        dram.name, cycles, seconds, asked, len(bursts) * dram.burst_bytes, total[k.READS], total[k.WRITES],
        total[k.HITS], total[k.EMPTY], total[k.CONFLICTS], total[k.REFRESHES], _energy(dram, total, cycles),
    )  # fmt: skip


def _bursts(dram: Dram, runs: Iterable[Run]) -> tuple[Values, Values, int]:
    parts, kinds, asked = [], [], 0
    last: tuple[int, bool] | None = None
    for start, length, write in runs:
        first, end = start // dram.burst_bytes, (start + length - 1) // dram.burst_bytes
        asked += length
        if last == (first, write):
            first += 1
        if first <= end:
            parts.append(np.arange(first, end + 1, dtype=np.int64))
            kinds.append(np.full(end + 1 - first, int(write), dtype=np.int64))
        last = (end, write)
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), asked
    return np.concatenate(parts), np.concatenate(kinds), asked


def _timings(dram: Dram) -> Values:
    names = (
        "tcl", "tcwl", "trcd", "trp", "tras", "trrd_s", "trrd_l", "tfaw", "tccd_s", "tccd_l", "twtr_s", "twtr_l",
        "twr", "trtp", "trfc", "trefi", "burst_cycles",
    )  # fmt: skip
    return np.array([getattr(dram, name) for name in names], dtype=np.int64)


def _shape(dram: Dram) -> Values:
    columns = dram.row_bytes // dram.burst_bytes
    return np.array([dram.channels, dram.bank_groups, dram.banks_per_group, columns, QUEUE], dtype=np.int64)


def _energy(dram: Dram, total: list[int], cycles: int) -> float | None:
    parts = (
        (dram.activate_pj(), total[k.EMPTY] + total[k.CONFLICTS]),
        (dram.burst_pj(write=False), total[k.READS]),
        (dram.burst_pj(write=True), total[k.WRITES]),
        (dram.refresh_pj(), total[k.REFRESHES]),
        (dram.standby_pj_per_ns(), dram.channels * cycles * dram.clock_ns),
    )
    if any(price is None for price, _ in parts):
        return None
    return sum((price or 0.0) * number for price, number in parts)
