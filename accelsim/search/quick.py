"""A first bound of a frame's energy, before its tables are made: every word passes once, every MAC is fed.

At a boundary that S instances lie outside of, through networks that do not merge, and for a tensor of W distinct words
and M MACs with data,

    between levels   at least  W x S  words pass
    to the MACs      at least  M / share,  share being the positions inside whose network merges the tensor's words

Outputs that a window slides over may belong to several instances: what a parent adds to first is then no more than what
passes there, and nothing that goes back is counted.

It looks at nothing but how many positions the dims that reuse a tensor, or slide over it, have on every network, and
few frames differ in that.
"""

from __future__ import annotations

from math import inf, prod

from accelsim.mapping.tiles import distinct_words
from accelsim.model import kernels as k
from accelsim.search.bound import macs_with_data
from accelsim.search.charges import Plan
from accelsim.search.crossings import Crossing, Met, mode
from accelsim.search.frames import Frame
from accelsim.search.problem import Edge, Problem

Served = tuple[tuple[int, str, int], ...]
"""(fan-out, kind of network, positions of dims that reuse the tensor)."""


class Quick:
    """Bounds of one problem's frames."""

    def __init__(self, problem: Problem) -> None:
        self.problem, rules = problem, problem.rules
        self.words = [distinct_words(rules.operation, tensor) for tensor in problem.tensors]
        self.macs = [macs_with_data(rules.operation, tensor) for tensor in problem.tensors]
        extents = rules.operation.extents
        terms = [[[t.dim for t in rank.terms if extents[t.dim] > 1] for rank in x.ranks] for x in problem.tensors]
        self.sliding = [{dim for own in ranks if len(own) > 1 for dim in own} for ranks in terms]
        edges = (*problem.edges, *(edge for feeds in problem.feeds for edge in feeds))
        self.plans = {edge: Plan.of(problem, edge, problem.measures[0]) for edge in edges}
        # Where something is charged below nothing, or may be forgotten, there is no such bound.
        weights = [w for plan in self.plans.values() for w in (plan.back, *(weight for weight, _ in plan.crossings))]
        weights += [weight for plan in self.plans.values() for weight, _ in plan.least()[0]]
        self.holds = not problem.view.drop_unreused_registers and min(weights, default=0.0) >= 0
        self._known: dict[tuple[int, Served, Served], float] = {}

    def energy(self, frame: Frame) -> float:
        """What no nest of the frame, or of its family, goes below; -inf where that is not known."""
        if not self.holds:
            return -inf
        total = self.problem.compute_energy
        for number, tensor in enumerate(self.problem.tensors):
            reusing: dict[tuple[int, str], int] = {}
            sliding: dict[tuple[int, str], int] = {}
            for spread in frame.spreads:
                mine = reusing if spread.dim not in tensor.dims else sliding
                if mine is sliding and spread.dim not in self.sliding[number]:
                    continue
                where = spread.fanout, self.problem.rules.networks[spread.axis][number]
                mine[where] = mine.get(where, 1) * spread.positions
            key = (
                number,
                tuple((*where, n) for where, n in sorted(reusing.items())),
                tuple((*where, n) for where, n in sorted(sliding.items())),
            )
            if key not in self._known:
                self._known[key] = self._tensor(*key)
            total += self._known[key]
        return total

    def _tensor(self, number: int, reusing: Served, sliding: Served) -> float:
        """The cheapest chain of edges of a tensor."""
        best = [0.0] + [inf] * (len(self.problem.levels) - 1)
        mine = [edge for edge in self.problem.edges if edge.tensor == number]
        for edge in sorted(mine, key=lambda edge: edge.child):
            best[edge.child] = min(best[edge.child], self._edge(edge, reusing, sliding) + best[edge.parent])
        return min(self._edge(edge, reusing, sliding) + best[edge.parent] for edge in self.problem.feeds[number])

    def _edge(self, edge: Edge, reusing: Served, sliding: Served) -> float:
        plan, number = self.plans[edge], edge.tensor
        may_overlap = bool(sliding) and number == len(self.words) - 1
        crossings, constant = plan.least() if may_overlap else plan.charged(merges=False)
        outside = prod(n for fanout, _, n in reusing if fanout < self.problem.above[edge.parent])
        energy = constant * self.words[number] * outside
        for weight, crossing in crossings:
            apart = prod(where[2] for where in reusing if not _merges(crossing, where))
            words = float(self.words[number] * apart)
            if crossing.to_macs:
                share = prod(where[2] for where in (*reusing, *sliding) if _merges(crossing, where))
                words = max(words, self.macs[number] / share)
            energy += weight * words
        return energy


def _merges(crossing: Crossing, where: tuple[int, str, int]) -> bool:
    """Whether positions on a network may be served by one word at this boundary."""
    fanout, network, _ = where
    return mode(crossing, Met(fanout, network, relevant=False)) != k.SUM
