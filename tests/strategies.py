"""Small random operations, machines and valid mappings: what the closed form and the execution must agree on.

``random_case(seed)`` is a plain seeded generator for thousands of cases; ``cases()`` is the same generator driven by
hypothesis, so a failing case shrinks.  Everything is drawn by integers whose smallest value is the plainest choice.
Cases are valid by construction: capacities are set after the mapping, often to exactly what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.space import taken_dims
from accelsim.mapping.tiles import largest_tile_words
from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS, Operation, Rank, Tensor, Term

Case = tuple[Operation, Architecture, Mapping]
T = TypeVar("T")
MOST_MACS = 600
_PARTNER = {"E": "R", "F": "S", "H": "R", "W": "S", "R": "E", "S": "F"}
"""The other dim of a window, which shares an axis with it more often than chance would have it."""


class Draws(Protocol):
    """The one source of choice: an integer from low to high, both included; small ones are plain."""

    def __call__(self, low: int, high: int) -> int: ...


def _chance(draw: Draws, percent: int) -> bool:
    return draw(0, 99) >= 100 - percent


def _pick(draw: Draws, choices: Sequence[T]) -> T:
    return choices[draw(0, len(choices) - 1)]


def _shuffled(draw: Draws, items: Sequence[T]) -> list[T]:
    items = list(items)
    for i in range(len(items) - 1):
        j = draw(i, len(items) - 1)
        items[i], items[j] = items[j], items[i]
    return items


# Operations


def _bounds(draw: Draws, letters: str, most: dict[str, int], macs: int = MOST_MACS) -> dict[str, int]:
    """An extent for every letter whose product stays within ``macs``; the letters drawn last get what is left."""
    bounds = {}
    for letter in _shuffled(draw, letters):
        bounds[letter] = draw(1, max(1, min(most.get(letter, 12), macs)))
        macs //= bounds[letter]
    return {letter: bounds[letter] for letter in letters}


def _plain(dim: str, bounds: dict[str, int]) -> Rank:
    return Rank((Term(dim),), bounds[dim])


def _window(draw: Draws, at: str, tap: str, bounds: dict[str, int]) -> Rank:
    """A sliding window: any stride (also above the filter), dilation, padding on either side (also above the filter).

    A negative padding after the last window is an unread border.
    """
    stride = draw(1, 4) if _chance(draw, 40) else 1
    dilation = draw(1, 3) if _chance(draw, 30) else 1
    reach = stride * (bounds[at] - 1) + dilation * (bounds[tap] - 1) + 1
    before = after = 0
    if _chance(draw, 50):
        before, after = draw(0, bounds[tap] + 2), draw(0, bounds[tap] + 4) - 2
    terms = (Term(at, stride), Term(tap, dilation))
    return Rank(terms if _chance(draw, 80) else terms[::-1], max(1, reach - before - after), -before)


def _convolution(draw: Draws, transposed: bool) -> Operation:
    """One or two dimensional, also depthwise or grouped; a transposed one slides over its output, often cropped."""
    flat = _chance(draw, 35)
    places = ("H" if flat else "HW") if transposed else ("E" if flat else "EF")
    taps = "R" if flat else "RS"
    channels = _pick(draw, ["MC", "C", "M", "NMC", "GMC", "G", "NG", ""])
    bounds = _bounds(draw, channels + places + taps, {"N": 2, "G": 3, "M": 6, "C": 6, "R": 4, "S": 4})
    windows = [_window(draw, at, tap, bounds) for at, tap in zip(places, taps, strict=True)]
    plain = [_plain(dim, bounds) for dim in places]
    inputs = [_plain(dim, bounds) for dim in channels if dim in "NGC"] + (plain if transposed else windows)
    weights = [_plain(dim, bounds) for dim in channels if dim in "GMC"] + [_plain(dim, bounds) for dim in taps]
    outputs = [_plain(dim, bounds) for dim in channels if dim in "NGM"] + (windows if transposed else plain)
    return _operation(draw, "transposed" if transposed else "conv", bounds, inputs, weights, outputs)


def _triple(draw: Draws) -> Operation:
    """A window of three dims, of the inputs or of the output, also padded; no layer lowers to one, an Operation may."""
    bounds = _bounds(draw, "ERQM", {"R": 3, "Q": 3, "M": 3})
    terms = tuple(Term(dim, draw(1, 3)) for dim in "ERQ")
    reach = sum(term.stride * (bounds[term.dim] - 1) for term in terms) + 1
    before = draw(0, 2) if _chance(draw, 30) else 0
    window = [Rank(terms, max(1, reach - before - draw(0, 1)), -before)]
    plain, taps = [_plain("E", bounds)], [_plain("R", bounds), _plain("Q", bounds)]
    filters = [_plain("M", bounds)]
    inputs, outputs = (window, filters + plain) if _chance(draw, 50) else (plain, filters + window)
    return _operation(draw, "triple", bounds, inputs, filters + taps, outputs)


def _product(draw: Draws) -> Operation:
    """A matrix product, a batch of them, a matrix-vector product, or a dot product with a scalar output."""
    letters = _pick(draw, ["MKN", "BMKN", "MK", "K"])
    bounds = _bounds(draw, letters, {"B": 3})
    ranks = [[_plain(d, bounds) for d in letters if d in dims] for dims in ("BKN", "BMK", "BMN")]
    return _operation(draw, "product", bounds, *ranks)


def _operation(
    draw: Draws, name: str, bounds: dict[str, int], inputs: list[Rank], weights: list[Rank], outputs: list[Rank]
) -> Operation:
    bits = [_pick(draw, [None, 8, 24]) if _chance(draw, 20) else None for _ in range(3)]
    tensors = (
        Tensor(INPUTS, tuple(inputs), bits[0]),
        Tensor(WEIGHTS, tuple(weights), bits[1]),
        Tensor(OUTPUTS, tuple(outputs), bits[2]),
    )
    return Operation(name, tuple(bounds.items()), tensors)


def draw_operation(draw: Draws) -> Operation:
    """A convolution (half of the time), a transposed one or a matrix product, of at most ``MOST_MACS`` MACs."""
    if _chance(draw, 4):
        return _triple(draw)
    match _pick(draw, ["conv", "conv", "product", "transposed"]):
        case "product":
            return _product(draw)
        case kind:
            return _convolution(draw, kind == "transposed")


# Machines


def _axis(draw: Draws, name: str, operation: Operation) -> Axis:
    networks = [(t.name, _pick(draw, ["multicast", "forwarding", "unicast"])) for t in operation.operands]
    networks.append((OUTPUTS, _pick(draw, ["reduction", "reduction", "unicast", "multicast", "forwarding"])))
    kept: Any = tuple(network for network in networks if not _chance(draw, 10))
    if _chance(draw, 10):
        kept = (("*", "multicast"), (OUTPUTS, "reduction"))
    barred = _pick(draw, [t.name for t in operation.tensors]) if _chance(draw, 8) else None
    dims = tuple(_shuffled(draw, operation.dims)[: draw(1, 3)]) if _chance(draw, 8) else None
    size = draw(1, 12) if _chance(draw, 30) else draw(1, 6)
    return Axis(name, size, kept, irrelevant_to=barred, dims=dims)


def draw_architecture(draw: Draws, operation: Operation) -> Architecture:
    """1 to 4 levels, 0 to 2 fan-outs of 1 or 2 axes anywhere below the first level; capacities are still unbounded."""
    levels = [Level("DRAM")]
    for i in range(_pick(draw, [0, 1, 1, 2, 2, 2, 3])):
        rules = [(t.name, _pick(draw, ["not", "must"])) for t in operation.tensors if _chance(draw, 12)]
        keeps: Any = tuple(rules)
        levels.append(
            Level(
                f"L{i + 1}",
                keeps=keeps,
                buffers=2 if _chance(draw, 15) else 1,
                word_bits=8 if _chance(draw, 15) else 16,
                nested=_chance(draw, 5),
            )
        )
    letters = iter("XYZW")
    fanouts = [
        Fanout(f"array{i}", tuple(_axis(draw, next(letters), operation) for _ in range(draw(1, 2))))
        for i in range(_pick(draw, [1, 1, 2, 2, 0]))
    ]
    elements: list[Level | Fanout] = list(levels)
    at = len(elements)
    for fanout in reversed(fanouts):
        at = draw(1, at) if _chance(draw, 75) else at
        elements.insert(at, fanout)
    return Architecture("machine", tuple(elements), Compute(), clock_mhz=200.0)


# Mappings


def _loop_order(draw: Draws, operation: Operation, architecture: Architecture) -> list[tuple[str, str | None]]:
    """(dim, axis or None) of the loops, outermost first, no steps yet: 0 to 2 per axis, 0 to 3 per dim in time."""
    spatial: list[tuple[str, str | None]] = []
    for fanout in architecture.fanouts:
        own: list[tuple[str, str | None]] = []
        for axis in fanout.axes:
            taken = taken_dims(operation, axis)
            for _ in range(_pick(draw, [1, 1, 2, 2, 0]) if taken else 0):
                partners = [d for d in taken if own and own[-1] == (_PARTNER.get(d), axis.name)]
                own.append((_pick(draw, partners if partners and _chance(draw, 60) else taken), axis.name))
        spatial += _shuffled(draw, own)
    loops = spatial
    temporal = [dim for dim in operation.dims for _ in range(_pick(draw, [1, 1, 0, 2, 3]))]
    for dim in _shuffled(draw, temporal):
        loops.insert(draw(0, len(loops)), (dim, None))
    return loops


def draw_loops(draw: Draws, operation: Operation, architecture: Architecture) -> list[Loop]:
    """Loops with sound steps, ragged as often as not, that leave 1 of every dim and fit the axes."""
    pending = _loop_order(draw, operation, architecture)
    inside = dict(operation.bounds)
    room = {name: axis.size for name, axis in architecture.axes.items()}
    loops: list[Loop] = []
    while pending or any(extent > 1 for extent in inside.values()):
        if not pending:
            pending = [(d, None) for d in _shuffled(draw, [d for d, extent in inside.items() if extent > 1])]
        dim, axis = pending.pop(0)
        extent = inside[dim]
        last = all(dim != other for other, _ in pending)
        smallest = 1 if axis is None else -(-extent // room[axis])
        ends = last and smallest == 1 and (axis is None or _chance(draw, 60))
        step = 1 if ends else draw(smallest, extent)
        if axis is not None:
            room[axis] //= -(-extent // step)
        if last and step > 1:
            pending.insert(draw(0, len(pending)), (dim, None))
        inside[dim] = step
        loops.append(Temporal(dim, step) if axis is None else Spatial(dim, step, axis))
    return loops


def _gaps(architecture: Architecture, loops: Sequence[Loop], level: str) -> tuple[int, int]:
    """The first and last gap between loops where a level's nodes may stand, given the fan-outs around it."""
    depth, fanout_of = architecture.fanouts_above[level], architecture.fanout_of_axis
    first, last = 0, len(loops)
    for i, loop in enumerate(loops):
        if isinstance(loop, Spatial):
            if fanout_of[loop.axis] < depth:
                first = i + 1
            else:
                last = min(last, i)
    return first, last


def _place(
    draw: Draws, operation: Operation, architecture: Architecture, loops: Sequence[Loop]
) -> list[list[tuple[int, str]]]:
    """Per gap, the (depth of the level, tensor) kept there; bypass leaves a node out."""
    nested = any(level.nested for level in architecture.levels)
    gaps: list[list[tuple[int, str]]] = [[] for _ in range(len(loops) + 1)]
    reached = {tensor.name: 0 for tensor in operation.tensors}
    for depth, level in enumerate(architecture.levels):
        first, last = _gaps(architecture, loops, level.name) if depth else (0, 0)
        floor = max(reached.values()) if nested else 0
        for tensor in _shuffled(draw, operation.tensors):
            rule = level.keep(tensor.name)
            kept = rule == "must" or (rule == "may" and not _chance(draw, 25)) or depth == 0
            low = max(first, reached[tensor.name], floor)
            if kept and low <= last:
                gap = draw(low, last)
                gaps[gap].append((depth, tensor.name))
                reached[tensor.name] = gap
    return gaps


def _mingled(draw: Draws, kept: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The nodes of a gap in any order in which each tensor still moves inwards."""
    order = _shuffled(draw, [tensor for _, tensor in kept])
    queues = {tensor: iter([node for node in kept if node[1] == tensor]) for tensor in order}
    return [next(queues[tensor]) for tensor in order]


def draw_mapping(draw: Draws, operation: Operation, architecture: Architecture) -> Mapping:
    """A valid mapping but for capacities: nodes of every tensor anywhere that the machine allows."""
    loops = draw_loops(draw, operation, architecture)
    nested = any(level.nested for level in architecture.levels)
    nodes: list[Node] = []
    for gap, kept in enumerate(_place(draw, operation, architecture, loops)):
        if not nested and _chance(draw, 30):
            kept = _mingled(draw, kept)
        nodes += [Storage(architecture.levels[depth].name, tensor) for depth, tensor in kept]
        nodes += loops[gap : gap + 1]
    return Mapping.of(operation, nodes)


def _with_capacities(draw: Draws, operation: Operation, architecture: Architecture, mapping: Mapping) -> Architecture:
    """Levels that hold what the mapping needs: exactly, with room to spare, or unbounded; shared or in partitions."""
    elements: list[Level | Fanout] = [architecture.elements[0]]
    for element in architecture.elements[1:]:
        kind = _pick(draw, ["exact", "exact", "roomy", "unbounded"])
        if isinstance(element, Fanout) or kind == "unbounded":
            elements.append(element)
            continue
        spare = draw(1, 40) if kind == "roomy" else 0
        shared_bits, partitions = 0, []
        for index, node in enumerate(mapping.nodes):
            if not isinstance(node, Storage) or node.level != element.name:
                continue
            tensor = operation.tensor(node.tensor)
            words = largest_tile_words(operation, mapping, index) * element.buffers
            bits = words * (tensor.bits or element.word_bits)
            if _chance(draw, 25):
                partitions.append((tensor.name, -(-bits // element.word_bits) + spare))
            else:
                shared_bits += bits
        shared = -(-shared_bits // element.word_bits) + spare
        elements.append(replace(element, capacity_words=shared, tensor_capacity_words=tuple(partitions)))
    return replace(architecture, elements=tuple(elements))


def draw_case(draw: Draws) -> Case:
    """An operation, a machine and a valid mapping of one on the other."""
    operation = draw_operation(draw)
    architecture = draw_architecture(draw, operation)
    mapping = draw_mapping(draw, operation, architecture)
    return operation, _with_capacities(draw, operation, architecture, mapping), mapping


def random_case(seed: int) -> Case:
    """The case of a seed; always the same one."""
    generator = Random(seed)
    return draw_case(lambda low, high: generator.randint(low, high))


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    return draw_operation(lambda low, high: draw(st.integers(low, high)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Operation, machine and valid mapping, drawn by hypothesis."""
    return draw_case(lambda low, high: draw(st.integers(low, high)))
