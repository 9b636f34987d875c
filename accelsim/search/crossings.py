"""Boundaries between a parent and a child, and how positions in space count there."""

from __future__ import annotations

from typing import NamedTuple

from accelsim.model import kernels as k
from accelsim.model.plan import TileRule


class Crossing(NamedTuple):
    """A boundary between a parent and a child inside of fan-out ``below`` - 1, for a measure whose level lies inside of
    fan-out ``since`` - 1; ``returns``: one child instance counts per group that adds to the same outputs."""

    tensor: int
    below: int
    boundary: int
    since: int
    rule: TileRule
    is_output: bool
    to_macs: bool
    returns: bool = False


class Met(NamedTuple):
    """Where positions of dims meet a tensor: the fan-out, the kind of network that their axis has for it, and whether
    the dims index it."""

    fanout: int
    network: str
    relevant: bool


def mode(crossing: Crossing, met: Met) -> int | None:
    """How positions count at a boundary: summed outside, merged inside as their network does, or only the first; None
    where the child lies outside of them.

    Fan-outs outside the measure's level count with their first position only.
    """
    if met.fanout >= crossing.below:
        return None
    if met.fanout < crossing.since:
        return k.FIRST
    outside = met.fanout < crossing.boundary
    if crossing.returns:
        return k.SUM if outside or met.relevant else k.FIRST
    if outside:
        return k.SUM
    if crossing.is_output:
        return k.FIRST if met.network == "reduction" and not met.relevant else k.SUM
    if met.network == "unicast" or (met.relevant and not crossing.rule.shared_halo):
        return k.SUM
    return k.FORWARD if met.network == "forwarding" and not crossing.to_macs else k.UNION


def power(crossing: Crossing, met: Met) -> int:
    """The power in which positions of a dim without tables multiply the words at a boundary: those of a dim that passes
    in pieces leave out all but the first piece, those of a dim that reuses the tensor count where they are summed."""
    counted = mode(crossing, met)
    if met.relevant:
        return -1 if counted == k.FIRST else 0
    return 1 if counted == k.SUM else 0
