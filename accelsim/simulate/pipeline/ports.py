"""Ports with a bandwidth, and how long words take at them, in ticks: exact fractions of a cycle."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm

from accelsim.architecture.spec import Architecture


class Ports:
    """Ticks that words take at every port with a stated bandwidth; a shared port serves both directions."""

    def __init__(self, architecture: Architecture) -> None:
        self.levels = {level.name: level for level in architecture.levels}
        rates = [
            rate for level in architecture.levels for rate in (level.read_bandwidth, level.write_bandwidth) if rate
        ]
        exact = [Fraction(rate).limit_denominator(1_000_000) for rate in rates]
        self.per_cycle = lcm(1, *(rate.numerator for rate in exact))

    def use(self, level: str, reads: int, writes: int) -> Iterator[tuple[str, int]]:
        """(port, ticks) of so many words read from and written to a level."""
        at = self.levels[level]
        if at.shared_port:
            sides = [("shared", reads + writes, at.read_bandwidth)]
        else:
            sides = [("read", reads, at.read_bandwidth), ("write", writes, at.write_bandwidth)]
        for name, words, rate in sides:
            if rate is not None and words:
                yield f"{level} {name} port", self._ticks(words, rate)

    def latency(self, level: str) -> int:
        """Ticks until the first word read arrives."""
        return self.levels[level].latency_cycles * self.per_cycle

    def _ticks(self, words: int, rate: float) -> int:
        ticks = words * self.per_cycle / Fraction(rate).limit_denominator(1_000_000)
        assert ticks.denominator == 1
        return int(ticks)
