"""What a search has still to look at: frames by their bounds, and which of two scores is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from accelsim.search import kernels
from accelsim.search.frames import Frame
from accelsim.search.grid import Floats
from accelsim.search.objective import Score

LARGE, PER_FRAME, ENTRIES = 3, 500, 500
"""Frames of a family up to which they are not bounded together; partial nests that take as long as it takes to set up a
frame; entries of its relaxed bound that take as long as one."""
Step = Callable[["Entry"], "list[Entry]"]


@dataclass(frozen=True, order=True)
class Entry:
    """A frame that may hold something better: its bound (``first``, ``second``) and what to do with it next. ``most``:
    what parts of it that are not looked at any more come to at least."""

    first: float
    second: float
    number: tuple[int, int]
    frame: Frame = field(compare=False)
    values: Floats = field(compare=False)
    step: Step | None = field(compare=False)
    most: float = field(compare=False, default=inf)

    def taken_further(self) -> list[Entry]:
        """One more step with a frame: the next better bound, or more labels; nothing when it is done."""
        assert self.step is not None
        return self.step(self)


def better(value: Score, than: Score) -> bool:
    """Whether a score is lower, or as low with a lower tie-breaker, energies being sums of rounded numbers."""
    if value[0] < than[0] * (1 - kernels.CLOSE):
        return True
    return value[0] <= than[0] * (1 + kernels.CLOSE) and value[1] < than[1] * (1 - kernels.CLOSE)
