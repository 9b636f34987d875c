"""Ports with a bandwidth, and how long words take at them, in ticks: exact fractions of a cycle.

What passes is counted in parts of a word of the level, so that elements narrower than a word share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm

from accelsim.architecture.spec import Architecture
from accelsim.workload.operation import Operation


class Ports:
    """Ticks that words take at every port with a stated bandwidth; a shared port serves both directions."""

    def __init__(self, architecture: Architecture, operation: Operation) -> None:
        self.levels = {level.name: level for level in architecture.levels}
        widths = [tensor.bits for tensor in operation.tensors]
        self.word_parts = {level.name: level.word_parts(widths) for level in architecture.levels}
        rates = [
            self._rate(level.name, rate)
            for level in architecture.levels
            for rate in (level.read_bandwidth, level.write_bandwidth)
            if rate
        ]
        self.per_cycle = lcm(1, *(rate.numerator for rate in rates))

    def _rate(self, level: str, rate: float) -> Fraction:
        """Parts of a word per cycle."""
        return Fraction(rate).limit_denominator(1_000_000) * self.word_parts[level][0]

    def parts(self, level: str, tensor: int, elements: int) -> int:
        """Parts of a word that so many elements of a tensor, by number, take at a level."""
        return elements * self.word_parts[level][1][tensor]

    def use(self, level: str, reads: int, writes: int) -> Iterator[tuple[str, int]]:
        """(port, ticks) of so many parts read from and written to a level."""
        at = self.levels[level]
        if at.shared_port:
            sides = [("shared", reads + writes, at.read_bandwidth)]
        else:
            sides = [("read", reads, at.read_bandwidth), ("write", writes, at.write_bandwidth)]
        for name, parts, rate in sides:
            if rate is not None and parts:
                ticks = parts * self.per_cycle / self._rate(level, rate)
                assert ticks.denominator == 1
                yield f"{level} {name} port", int(ticks)

    def latency(self, level: str) -> int:
        """Ticks until the first word read arrives."""
        return self.levels[level].latency_cycles * self.per_cycle
