"""What does not move in a view: the nest line by line, the tensors, the levels and networks of the machine."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Spatial, Temporal
from accelsim.simulate.arrays import Layout
from accelsim.simulate.places import Place
from accelsim.viewer.grid import Grid
from accelsim.web.palette import tensor_color
from accelsim.workload.operation import Operation, Rank

Record = dict[str, object]
_WINDOWS = {"E+R": "h", "F+S": "w", "H+R": "e", "S+W": "f"}
"""Names of ranks over which a window slides, by its two dims (the latter two of transposed convolutions)."""


def nest_lines(mapping: Mapping) -> list[Record]:
    """The nest as it prints, a record per line; a loop says its kind, dim, step, trips and number among its kind."""
    loops = iter([(node, i) for i, node in enumerate(mapping.nodes) if isinstance(node, Temporal | Spatial)])
    seen = {Temporal: 0, Spatial: 0}
    lines: list[Record] = []
    for line in str(mapping).splitlines():
        text = line.strip()
        record: Record = {"text": text, "depth": (len(line) - len(text)) // 2}
        if text.startswith(("for ", "par-for ")):
            loop, index = next(loops)
            kind = type(loop)
            record |= {"dim": loop.dim, "step": loop.step, "trips": mapping.trips(index)}
            record |= {"time" if kind is Temporal else "space": seen[kind]}
            seen[kind] += 1
        lines.append(record)
    return lines


def rank_name(rank: Rank) -> str:
    """The letter of a rank: of its dim, or of the plane that a window slides over; dims joined where it has none."""
    dims = "+".join(sorted(term.dim for term in rank.terms))
    return _WINDOWS.get(dims, dims.lower()) or "-"


def tensor_records(operation: Operation) -> list[Record]:
    """Per tensor: name, colour, words, and its ranks (name, size, offset, [dim number, stride] of each term)."""
    index = {dim: i for i, dim in enumerate(operation.dims)}
    return [
        {
            "name": tensor.name,
            "color": tensor_color(tensor.name, i),
            "words": tensor.words,
            "ranks": [
                {
                    "name": rank_name(rank),
                    "size": rank.size,
                    "offset": rank.offset,
                    "terms": [[index[term.dim], term.stride] for term in rank.terms],
                }
                for rank in tensor.ranks
            ],
        }
        for i, tensor in enumerate(operation.tensors)
    ]


def level_records(operation: Operation, architecture: Architecture, layout: Layout) -> list[Record]:
    """Per level that keeps something: capacity in its own words (null: unbounded), private partitions, instances."""
    records: list[Record] = []
    for level in architecture.levels:
        kept = [i for i, place in enumerate(layout.places) if place.level == level.name]
        if not kept:
            continue
        records.append(
            {
                "name": level.name,
                "capacity": level.capacity_words,
                "private": dict(level.tensor_capacity_words),
                "buffers": level.buffers,
                "bits": level.word_bits,
                "instances": max(layout.instances[i] for i in kept),
                "inside": architecture.fanouts_above[level.name] > 0,
            }
        )
    return records


def place_records(architecture: Architecture, layout: Layout, grid: Grid) -> list[Record]:
    """Per place: level ('' at the MACs), tensor, parent, temporal loops above, and the instances that are drawn.

    spread   MACs below one instance;  ``shown`` numbers of the instances below which a drawn MAC lies
    network  how its words come and go on the axes that they cross;  ``bits`` of an element there
    """
    macs = len(layout.digits)
    return [
        {
            "level": place.level,
            "tensor": place.tensor,
            "parent": place.parent,
            "loops": place.temporal,
            "spread": macs // layout.instances[i],
            "shown": list(shown_instances(macs // layout.instances[i], grid)),
            "network": networks(architecture, layout, i, place),
            "bits": _element_bits(architecture, place.level, layout.operation.tensors[place.tensor].bits),
        }
        for i, place in enumerate(layout.places)
    ]


def _element_bits(architecture: Architecture, level: str, width: int | None) -> int:
    """Bits of an element in a level, or at the MACs ('')."""
    return architecture.level(level).element_bits(width) if level else width or 0


def shown_instances(spread: int, grid: Grid) -> Sequence[int]:
    """Instances, ascending, below which a MAC of the grid lies."""
    return sorted({mac // spread for mac in grid.macs})


def networks(architecture: Architecture, layout: Layout, index: int, place: Place) -> list[str]:
    """The kinds of network on the axes between a place and its parent, outermost first, each once."""
    loops = [node for node in layout.mapping.nodes if isinstance(node, Spatial)]
    above = 0 if place.parent is None else layout.places[place.parent].spatial
    tensor = layout.operation.tensors[place.tensor].name
    return list(dict.fromkeys(architecture.axes[loop.axis].network(tensor) for loop in loops[above : place.spatial]))
