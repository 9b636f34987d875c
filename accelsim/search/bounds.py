"""Bounds on the energy of frames, each better than the one before and longer to find: relaxed, and following slides."""

from __future__ import annotations

from abc import ABC
from math import inf

import numpy as np

from accelsim.search.entries import ENTRIES, PER_FRAME
from accelsim.search.frontier import Frontier
from accelsim.search.grid import Floats
from accelsim.search.slid import Guide, Slides
from accelsim.search.walk import Walk

STEPS, NEAR, FAR = 12, 0.03, 0.08
"""Times that a bound is raised by following slides, by how much at a time, and how much may be missing for all of it to
be asked for at once."""
REACHED = 20
"""Standings reached by the bound that follows slides that take as long as a partial nest."""


class Bounds(Frontier, ABC):
    """Frames by their bounds, with the bounds that take a frame's tables."""

    def bound(self, walk: Walk, values: Floats) -> Floats:
        """The relaxed bound, and once there is something to compare with the one that follows slides."""
        frame, values = walk.frame, values.copy()
        self.budget.spend(PER_FRAME + walk.lattice.size * walk.common.rows // ENTRIES)
        if len(values) > 1:
            values = np.maximum(values, walk.lower)
        if not self.hopeless(frame, values):
            values[0] = max(values[0], walk.root(self.price))
        if self.goal[0] < inf and not frame.is_family:
            self.follow(Slides(walk, self.price), values)
        return values

    def follow(self, slides: Slides, values: Floats) -> float:
        """Raise a frame's bound on energy by following slides, unless it is hopeless already; the bound that they give,
        minus infinity where none is known."""
        frame = slides.walk.frame
        limit, bound = self.enough(frame, values), -inf
        for _ in range(0 if self.hopeless(frame, values) else STEPS):
            # where much is missing, by a little at a time: the less is asked, the less is looked at
            aim = limit if values[0] * (1 + FAR) >= limit else values[0] * (1 + NEAR)
            bound = slides.bound(aim)
            values[0] = max(values[0], min(bound, limit))
            if bound < aim or bound >= limit:
                break
        self.budget.spend(slides.reached // REACHED)
        return bound

    def aimed(self, slides: Slides, values: Floats) -> Guide | None:
        """The same for a frame to dive into; and a guide to what comes near its bound, if there is one."""
        bound, limit = self.follow(slides, values), self.enough(slides.walk.frame, values)
        return slides.guide(min(limit, bound * (1 + NEAR))) if -inf < bound < limit else None
