"""Steady latency: compute and every port fully overlapped; the slowest one bounds it."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts
from accelsim.model.evaluation import COMPUTE, PortTime, Utilization


@lru_cache
def _ratio(words_per_cycle: float) -> tuple[int, int]:
    """A bandwidth as the fraction that was meant: 1.2 is 6/5, not the binary number just below it."""
    meant = Fraction(words_per_cycle).limit_denominator(1_000_000)
    return meant.numerator, meant.denominator


def whole_cycles(words: Any, words_per_cycle: float, per_word: int = 1) -> Any:
    """Words / bandwidth, rounded up once; of one mapping or a column (int64 array) of many.

    ``per_word``: parts of a word, when ``words`` counts parts.
    """
    numerator, denominator = _ratio(words_per_cycle)
    numerator *= per_word
    if not isinstance(words, int) and words.max(initial=0) > 2**62 // denominator:
        exact = [-(-int(n) * denominator // numerator) for n in words]
        return np.array(exact, np.int64)
    return -(-words * denominator // numerator)


def port_times(architecture: Architecture, counts: AccessCounts) -> tuple[PortTime, ...]:
    """Cycles = words of the busiest instance / bandwidth, rounded up, for every port with a stated bandwidth.

    Narrow elements share words, as in an access (accelsim.model.energy); the words shown are whole ones.
    """
    words = {port.level: port for port in counts.ports}
    times = []
    for level in architecture.levels:
        port = words.get(level.name)
        if port is None:
            continue
        if level.shared_port:
            ports = [("shared", port.both, level.read_bandwidth)]
        else:
            ports = [("read", port.reads, level.read_bandwidth), ("write", port.writes, level.write_bandwidth)]
        times += [
            PortTime(level.name, name, -(-n // port.per_word), whole_cycles(n, rate, port.per_word))
            for name, n, rate in ports
            if rate is not None
        ]
    return tuple(times)


def steady_latency(compute_cycles: int, times: tuple[PortTime, ...]) -> tuple[int, str]:
    """(cycles, what bounds them); compute wins ties, then the outermost port."""
    cycles, bound = compute_cycles, COMPUTE
    for time in times:
        if time.cycles > cycles:
            cycles, bound = time.cycles, f"{time.level} {time.port} port"
    return cycles, bound


def utilization(architecture: Architecture, counts: AccessCounts, cycles: int) -> Utilization:
    """What spatial fit, ragged edges and bandwidth each leave of the machine's peak."""
    if not counts.macs:
        return Utilization(0.0, 0.0, 0.0)
    return Utilization(
        spatial=counts.mac_instances / architecture.mac_units,
        ragged=counts.macs / (counts.mac_instances * counts.steps),
        bandwidth=counts.steps / cycles,
    )


def area_um2(architecture: Architecture) -> float | None:
    """Sum of the areas stated, times instances; None when the machine states none."""
    parts = [
        level.area_um2 * architecture.level_instances(level.name)
        for level in architecture.levels
        if level.area_um2 is not None
    ]
    if architecture.compute.area_um2 is not None:
        parts.append(architecture.compute.area_um2 * architecture.mac_units)
    if architecture.other_area_um2 is not None:
        parts.append(architecture.other_area_um2)
    return sum(parts) if parts else None
