"""What a search may still spend."""

from __future__ import annotations

from time import perf_counter

from accelsim.search.interface import Limits


class Budget:
    """Time and candidates of one search; it is asked between pieces of work."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.start, self.looked_at = limits, perf_counter(), 0

    @property
    def seconds(self) -> float:
        return perf_counter() - self.start

    @property
    def is_spent(self) -> bool:
        late = self.limits.seconds is not None and self.seconds >= self.limits.seconds
        return late or (self.limits.max_candidates is not None and self.looked_at >= self.limits.max_candidates)

    @property
    def left(self) -> int:
        """Candidates that may still be looked at, at least one."""
        most = self.limits.max_candidates
        return 2**62 if most is None else max(1, most - self.looked_at)
