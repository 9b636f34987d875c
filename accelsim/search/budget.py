"""What a search may still spend."""

from __future__ import annotations

from time import perf_counter

from accelsim.search.interface import Limits

EFFORT = 1_500_000
"""Partial nests that a search with a gap looks at before it leaves the rest open, unless it is given a limit. A number
and not a time, so that the answer is the same on every machine."""


class Budget:
    """Time and candidates of one search; it is asked between pieces of work."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.start, self.looked_at, self.spent = limits, perf_counter(), 0, 0
        self.most = limits.max_candidates
        if self.most is None and limits.seconds is None and limits.gap > 0:
            self.most = EFFORT

    def spend(self, candidates: int) -> None:
        """Count work that looks at no candidate but takes as long as so many."""
        self.spent += candidates

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    @property
    def is_spent(self) -> bool:
        late = self.limits.seconds is not None and self.seconds >= self.limits.seconds
        return late or (self.most is not None and self.looked_at + self.spent >= self.most)

    @property
    def left(self) -> int:
        """Candidates that may still be looked at, at least one."""
        return 2**62 if self.most is None else max(1, self.most - self.looked_at - self.spent)
