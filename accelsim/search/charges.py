"""What edges charge under a measure: weights x words at every boundary between parent and child."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.search.crossings import Crossing
from accelsim.search.problem import MACS, Edge, Measure, Problem, Weights

Weighed = tuple[tuple[float, Crossing], ...]


@dataclass(frozen=True)
class Plan:
    """What an edge charges whatever lies in space.

    crossings  a weight per boundary
    back       per word that goes back to a group of instances, ``returned``
    distinct   per word of ``ever``, the distinct outputs that the parent's instances ever add to
    forgotten  reads of the child that the convention may forget, at most: those that reuse nothing
    """

    crossings: Weighed
    back: float
    returned: Crossing
    distinct: float
    ever: Crossing
    forgotten: Weighed

    @staticmethod
    def of(problem: Problem, edge: Edge, measure: Measure) -> Plan:
        weights, rule = problem.weights(edge, measure), problem.rule(measure)
        is_output, to_macs = edge.tensor == len(problem.tensors) - 1, edge.child == MACS
        since = 0 if measure.level < 0 else problem.above[measure.level]
        innermost = len(problem.rules.architecture.fanouts)
        first, last = problem.above[edge.parent], innermost if to_macs else problem.above[edge.child]
        hops = weights.hops or ((0.0, 0.0),) * last

        def at(boundary: int, returns: bool = False) -> Crossing:
            return Crossing(edge.tensor, last, boundary, since, rule, is_output, to_macs, returns)

        weighed = ((_weight(weights, hops, b, first, last, is_output, to_macs), at(b)) for b in range(first, last + 1))
        inner = max(first, since)
        ever = Crossing(edge.tensor, inner, inner, since, rule, is_output, to_macs)
        forgotten: Weighed = ()
        if measure.level < 0 and not to_macs and problem.child_is_dropped(edge):
            read = problem.weights(Edge(edge.tensor, MACS, edge.child), measure).read
            fed = Crossing(edge.tensor, innermost, problem.above[edge.child], 0, rule, is_output, to_macs=True)
            forgotten = ((read, fed),)
        back = distinct = 0.0
        if is_output:
            back = (0.0 if to_macs else weights.fill) + sum(s + d for s, d in hops[first:last])
            distinct = weights.distinct - weights.read
        crossings = tuple((weight, crossing) for weight, crossing in weighed if weight)
        return Plan(crossings, back, at(first, returns=True), distinct, ever, forgotten)

    def charged(self, merges: bool) -> tuple[Weighed, float]:
        """(weights of words per visit, weight of distinct ones). ``merges``: outputs of different instances may
        overlap, and what goes back is not known then."""
        if self.back and not merges:
            return (*self.crossings, (self.back, self.returned)), self.distinct - self.back
        return self.crossings, self.distinct

    def least(self) -> tuple[Weighed, float]:
        """The same at least, where it is not known which outputs overlap: distinct ones that the parent adds to are no
        more than those that pass there, and nothing goes back."""
        less, first = min(0.0, self.distinct), self.returned._replace(returns=False)
        weights = {crossing: weight for weight, crossing in self.crossings}
        weights[first] = weights.get(first, 0.0) + less
        return tuple((weight, crossing) for crossing, weight in weights.items() if weight), self.distinct - less


def _weight(
    weights: Weights, hops: tuple[tuple[float, float], ...], boundary: int, first: int, last: int, is_output: bool,
    to_macs: bool,
) -> float:  # fmt: skip
    """What a word at a boundary is charged."""
    weight = 0.0
    if boundary == first:
        weight += weights.read + (weights.update if is_output else 0.0)
    if boundary == last and not to_macs:
        weight += weights.drain if is_output else weights.fill
    if boundary < last:
        weight += hops[boundary][0]
    if boundary > first:
        weight += hops[boundary - 1][1]
    return weight
