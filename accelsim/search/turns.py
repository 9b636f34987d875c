"""Whose turn it is in a state: how the states of accelsim.search.states follow each other, so that the compiled walk
need not take their numbers apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from accelsim.search.grid import Ints
from accelsim.search.states import States


class Turns(NamedTuple):
    """``lift``: per edge, what its child adds to the number of a state; ``after``: per edge and state, the state once
    its child stands, or -1 where that is not next; ``back``: per edge and state, the state in which its child is still
    to come; ``outermost``: per state, the outermost level that a tensor waits for."""

    lift: Ints
    after: Ints
    back: Ints
    outermost: Ints

    @staticmethod
    def of(states: States) -> Turns:
        numbers, tensors = np.arange(states.count), len(states.problem.tensors)
        waits = np.array([(numbers // states.radix**t) % states.radix for t in range(tensors)], np.int64)
        tensor, child, parent = states.items.T
        unit, waited = states.radix**tensor, waits[tensor]
        lift = (child - parent) * unit
        after = np.where(waited == child[:, None], numbers - lift[:, None], -1)
        back = numbers + np.maximum(child[:, None] - waited, 0) * unit[:, None]
        return Turns(lift, after, back, waits.max(axis=0))
