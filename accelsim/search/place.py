"""Where one dim of a window lies in space, and the loops that this makes of it."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from accelsim.model import kernels as k


class Place(NamedTuple):
    """Where one dim of a window lies in space: per spread, outermost first, (positions, tile below it in rounds, mode);
    those inside the node only widen its tile. ``rounds``: tiles are its divisors."""

    bound: int
    rounds: int
    tiles: tuple[int, ...]
    outside: tuple[tuple[int, int, int], ...]
    inside: int

    def chain(self, cuts: set[int]) -> list[tuple[int, int, int]]:
        """(tile in time or 0, step, mode) of this dim's loops down to the least of these tiles, with loops that end at
        each of them."""
        loops: list[tuple[int, int, int]] = []
        width = self.inside * prod(n for n, _, _ in self.outside)
        seen = self.rounds

        def time(step: int) -> None:
            nonlocal seen
            for cut in sorted((c for c in cuts | {step} if step <= c < seen), reverse=True):
                loops.append((cut, cut * width, k.TEMPORAL))
            seen = min(seen, step)

        for positions, below, mode in self.outside:
            time(below)
            width //= positions
            loops.append((0, below * width, mode))
        time(min(cuts))
        return loops
