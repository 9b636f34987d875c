"""How often a word is used on its way: per tensor and place, the words that leave it for each word that enters it.

    operands   outermost level: reads / distinct words;  a level: reads / fills;  fan-outs: fills below / reads above
    outputs    the same from the MACs outwards: updates / distinct, updates / drains, drains below / updates above
    MACs       stand below the innermost fan-out or level with the words that they take

The product along a tensor's way is the MACs that use one distinct word of it, as the words that leave one place enter
the next.  DRAM's share counts words fetched again, the others count words that need not be.  What returns as a partial
sum is not counted: it is the price of a place, not its reuse.  The factors are those of Chen, Emer, Sze, ISCA 2016,
section V (reuse split over DRAM, buffer, array and register file).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from accelsim.architecture.spec import Fanout
from accelsim.mapping.tiles import distinct_words, points_with_data
from accelsim.model.evaluation import Evaluation
from accelsim.report.figures.data import Results, by_machine
from accelsim.report.results import LayerResult
from accelsim.report.rows import Row
from accelsim.workload.operation import Operation, Tensor

Flow = tuple[str, str, int, int, bool]
"""(place, tensor, words on DRAM's side, words on the MACs' side, whether the tensor is held there or only passes)."""


def reuse_rows(results: Results) -> list[Row]:
    """Words on both sides of every place and their ratio, summed over layers with MACs that have a mapping."""
    out: list[Row] = []
    for architecture, mine in by_machine(results):
        sums: dict[tuple[str, str], tuple[int, int, bool]] = {}
        for result in mine:
            if result.evaluation is not None:
                for place, tensor, outer, inner, held in flows(result, result.evaluation):
                    before = sums.get((tensor, place), (0, 0, False))
                    more = result.repeat * outer, result.repeat * inner
                    sums[tensor, place] = before[0] + more[0], before[1] + more[1], before[2] or held
        for tensor in dict.fromkeys(tensor for tensor, _ in sums):
            for (own, place), (outer, inner, held) in sums.items():
                if own == tensor and held:
                    words = {"outer_words": outer, "inner_words": inner, "reuse": inner / outer if outer else None}
                    out.append({"machine": architecture.name, "tensor": tensor, "place": place, **words})
    return out


def flows(result: LayerResult, evaluation: Evaluation) -> Iterator[Flow]:
    """The way of every tensor of one layer from the outermost level to the MACs; all layers have the same places.

    Fan-outs without a level between are one place.  Where a tensor skips the level between two fan-outs, what both do
    counts at the inner one.
    """
    for tensor in result.operation.tensors:
        for place in _way(result, evaluation, tensor):
            yield place.name, tensor.name, place.outer, place.inner, place.held


@dataclass
class _Place:
    name: str
    outer: int
    inner: int
    held: bool = False


def _way(result: LayerResult, evaluation: Evaluation, tensor: Tensor) -> list[_Place]:
    rows = {row.level: row.total for row in evaluation.counts.tensors if row.tensor == tensor.name}
    flow = distinct_words(result.operation, tensor)
    way: list[_Place] = []
    crossed: int | None = None
    after_fanout = False
    for element in result.architecture.elements:
        if isinstance(element, Fanout):
            if after_fanout:
                way[-1].name += f" + {element.name}"
            else:
                way.append(_Place(element.name, flow, flow))
            crossed = len(way) - 1
        elif (words := rows.get(element.name)) is None:
            way.append(_Place(element.name, flow, flow))
        else:
            leaves = tensor is result.operation.output
            outer, inner = (words.drains, words.updates) if leaves else (words.fills, words.reads)
            if crossed is not None:
                _spread(way, crossed, outer)
                crossed = None
            way.append(_Place(element.name, outer or flow, inner, True))
            flow = inner
        after_fanout = isinstance(element, Fanout)
    used = macs_using(result.operation, tensor)
    if crossed is not None:
        _spread(way, crossed, used)
    else:
        way.append(_Place(result.architecture.compute.name, flow, used, used != flow))
    return way


def _spread(way: list[_Place], crossed: int, words: int) -> None:
    """What enters below a fan-out is its inner side, and passes the places that lie between."""
    way[crossed].inner, way[crossed].held = words, True
    for place in way[crossed + 1 :]:
        place.outer = place.inner = words


def macs_using(operation: Operation, tensor: Tensor) -> int:
    """MACs that take a word of the tensor: all but those that find padding in its place."""
    inside = prod(points_with_data(rank, operation.extents) for rank in tensor.ranks)
    return inside * prod(bound for dim, bound in operation.bounds if dim not in tensor.dims)
