"""Problems so small that every mapping of them can be looked at, and together with every feature of a machine.

``search_case(seed)`` and ``ragged_case(seed)`` are plain seeded generators: a problem is drawn again until its whole
space is within ``MOST`` mappings.  Energies are multiples of powers of two, so their sums are exact in any order.
Seeds from ``WIDE`` on give every tensor a width of its own, on memories and networks of words of several widths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from strategies import draw_architecture

from accelsim.architecture.spec import Architecture, Compute, Fanout, Level
from accelsim.mapping.tiles import distinct_words
from accelsim.search.exhaustive import space_size
from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS, Operation, Rank, Tensor, Term

Problem = tuple[Operation, Architecture]
MOST, MOST_NESTS = 20_000, 1_500
WIDE = 1_000_000
PERFECT_BOUNDS, RAGGED_BOUNDS = (2, 2, 3, 4, 6, 8), (2, 3, 3, 5, 7)


def search_case(seed: int) -> Problem:
    """The problem of a seed whose space over perfect factors is small; always the same one."""
    return _drawn(Random(seed), ragged=False, wide=seed >= WIDE)


def ragged_case(seed: int) -> Problem:
    """The problem of a seed whose space over all steps is small; always the same one."""
    return _drawn(Random(f"ragged {seed}"), ragged=True, wide=seed >= WIDE)


def _drawn(draw: Random, ragged: bool, wide: bool) -> Problem:
    while True:
        operation = _operation(draw, RAGGED_BOUNDS if ragged else PERFECT_BOUNDS, most_dims=3 if ragged else 4)
        architecture = _architecture(draw, operation)
        if wide:
            operation, architecture = with_widths(draw, operation), with_words(draw, architecture)
        if space_size(operation, architecture, MOST, MOST_NESTS, ragged) is not None:
            return operation, architecture


def features(operation: Operation, architecture: Architecture) -> Iterator[str]:
    """What a problem has of what a search may get wrong."""
    yield operation.name
    yield f"{sum(bound > 1 for _, bound in operation.bounds)} dims"
    yield f"{len(architecture.levels)} levels"
    yield f"{len(architecture.fanouts)} fan-outs"
    ranks = [rank for tensor in operation.tensors for rank in tensor.ranks]
    if any(rank.offset or rank.span(operation.extents)[1] >= rank.size for rank in ranks):
        yield "padding"
    if any(tensor.bits for tensor in operation.tensors):
        yield "bits"
    if any(fanout.word_bits != 16 for fanout in architecture.fanouts):
        yield "word_bits of a fan-out"
    if architecture.compute.gate_padding:
        yield "gate_padding"
    for axis in architecture.axes.values():
        yield from {f"{kind} on an axis" for _, kind in axis.networks}
        yield from [name for name in ("irrelevant_to", "dims") if getattr(axis, name)]
    for level in architecture.levels[1:]:
        yield from {f"keeps {keep}" for _, keep in level.keeps}
        yield from [name for name in ("capacity_words", "tensor_capacity_words", "nested") if getattr(level, name)]
        yield from ["buffers"] * (level.buffers > 1) + ["word_bits"] * (level.word_bits != 16)
        yield from ["not packed"] * (not level.packed)
    for level in architecture.levels:
        if level.read_bandwidth or level.write_bandwidth:
            yield "bandwidth inside" if architecture.fanouts_above[level.name] else "bandwidth outside"
            yield from ["shared_port"] * level.shared_port


def altered(architecture: Architecture, change: Callable[[Level], Level]) -> Architecture:
    """The machine with every level but the outermost changed."""
    first, *rest = architecture.elements
    elements = (first, *(change(x) if isinstance(x, Level) else x for x in rest))
    return replace(architecture, elements=elements)


# Operations


def _operation(draw: Random, sizes: tuple[int, ...], most_dims: int) -> Operation:
    kind = draw.choice(("product", "conv1", "conv1", "conv2", "depthwise", "grouped", "transposed"))
    letters = {
        "product": draw.choice(("MK", "MKN", "BMKN")),
        "conv1": draw.choice(("ER", "MER", "CER", "MCER", "NCER")),
        "conv2": draw.choice(("EFRS", "MEFR", "CEFS")),
        "depthwise": draw.choice(("GER", "GEFRS", "NGE")),
        "grouped": draw.choice(("GMC", "GMCE", "GMCER")),
        "transposed": draw.choice(("HR", "MHR", "CHR", "MCH")),
    }[kind]
    dims = min(len(letters), draw.choice((2, 2, 3, 3, 3, 4)), most_dims)
    large = set(draw.sample(letters, dims))
    if kind != "product" and "R" in letters and draw.random() < 0.5:
        large = set(draw.sample([*large - {"E", "H", "R"}], max(0, dims - 2))) | (set("EHR") & set(letters))
    bounds = {dim: draw.choice(sizes[:4] if dim in "RSNBG" else sizes) if dim in large else 1 for dim in letters}
    return _product(draw, kind, bounds) if kind == "product" else _convolution(draw, kind, bounds)


def _plain(bounds: dict[str, int], dims: str) -> list[Rank]:
    return [Rank((Term(dim),), bounds[dim]) for dim in bounds if dim in dims]


def _windows(draw: Random, bounds: dict[str, int], places: str) -> list[Rank]:
    """Per place, a sliding window of any stride, dilation and padding, or the plain place when there is no filter."""
    ranks = []
    for at, tap in zip(places, "RS", strict=False):
        if at not in bounds:
            continue
        reach_at, reach_tap = bounds[at] - 1, bounds.get(tap, 1) - 1
        stride = draw.choice((1, 1, 1, 2, 3))
        dilation = draw.choice((1, 1, 1, 2))
        reach = stride * reach_at + dilation * reach_tap + 1
        before, after = (draw.choice((0, 1, 1, 2)), draw.choice((0, 0, 1, -1))) if draw.random() < 0.4 else (0, 0)
        terms = (Term(at, stride), *([Term(tap, dilation)] if tap in bounds else []))
        ranks.append(Rank(terms, max(1, reach - before - after), -before))
    return ranks


def _convolution(draw: Random, kind: str, bounds: dict[str, int]) -> Operation:
    transposed = kind == "transposed"
    places = "H" if transposed else "EF"
    windows, plain = _windows(draw, bounds, places), _plain(bounds, places)
    inputs = _plain(bounds, "NGC") + (plain if transposed else windows)
    weights = _plain(bounds, "GMCRS")
    outputs = _plain(bounds, "NGM") + (windows if transposed else plain)
    return Operation(kind, tuple(bounds.items()), _tensors(draw, inputs, weights, outputs))


def _product(draw: Random, kind: str, bounds: dict[str, int]) -> Operation:
    ranks = [_plain(bounds, dims) for dims in ("BKN", "BMK", "BMN")]
    return Operation(kind, tuple(bounds.items()), _tensors(draw, *ranks))


def _tensors(draw: Random, *ranks: list[Rank]) -> tuple[Tensor, ...]:
    bits = [draw.choice((8, 24)) if draw.random() < 0.1 else None for _ in ranks]
    return tuple(Tensor(*own) for own in zip((INPUTS, WEIGHTS, OUTPUTS), map(tuple, ranks), bits, strict=True))


def with_widths(draw: Random, operation: Operation) -> Operation:
    widths = draw.choice(((16, 8, 24), (8, 8, 32), (8, 4, 16), (16, 8, None), (None, 4, 24), (32, 16, 8)))
    tensors = (replace(tensor, bits=bits) for tensor, bits in zip(operation.tensors, widths, strict=True))
    return replace(operation, tensors=tuple(tensors))


# Machines


def _architecture(draw: Random, operation: Operation) -> Architecture:
    """A machine of the mappings' generator, usually of two levels or three, with energies, bandwidths, capacities."""
    levels = draw.choice((2, 2, 2, 3, 3, 4))
    while True:
        drawn = draw_architecture(draw.randint, operation)
        if len(drawn.levels) == levels and (drawn.fanouts or draw.random() < 0.6):
            break
    scale = draw.choice(((64, 8, 2, 1), (200, 6, 1, 0.5), (16, 16, 16, 16), (4, 8, 2, 0), (0, 0, 1, 0)))
    if draw.random() < 0.7:
        scale = (draw.choice((64, 200)), draw.choice((4, 6, 16)), draw.choice((1, 2, 6)), draw.choice((0.25, 1, 2)))
    sparse, names, elements = draw.random() < 0.6, [x.name for x in drawn.levels], []
    for element in drawn.elements:
        if isinstance(element, Fanout):
            hops: Any = (("*", draw.choice((0, 0.5, 2, 8, 64))),)
            hops = ((draw.choice((INPUTS, OUTPUTS)), draw.choice((1, 4))), *hops) if draw.random() < 0.3 else hops
            axes = tuple(replace(axis, size=draw.choice((2, 2, 3, 4, 6))) for axis in element.axes)
            elements.append(replace(element, hop_energy=hops, axes=axes))
        else:
            place = names.index(element.name)
            level = _with_costs(draw, element, scale[place], 0.4 if sparse else 0.0)
            elements.append(_with_capacity(draw, operation, level) if place else level)
    mac = Compute(mac_energy=draw.choice((0, 1.0, 0.5)), gate_padding=draw.random() < 0.2)
    return replace(drawn, elements=tuple(elements), compute=mac)


def _with_costs(draw: Random, level: Level, energy: float, bounded: float) -> Level:
    """Energies, writing as dear as reading or not; a bandwidth on some levels, perhaps of one shared port."""
    level = replace(level, read_energy=energy, write_energy=energy * draw.choice((1, 1, 1, 1.5, 0.5, 0)))
    if draw.random() < bounded:
        rates = (0.25, 0.5, 0.5, 1, 1.2, 2, 4)
        write = draw.choice((None, *rates))
        level = replace(
            level, read_bandwidth=draw.choice(rates), write_bandwidth=write, shared_port=draw.random() < 0.4
        )
    return level


def _with_capacity(draw: Random, operation: Operation, level: Level) -> Level:
    """Keeps as drawn, plus whole levels for few tensors; capacity between a word per tensor and whole tensors."""
    names = [tensor.name for tensor in operation.tensors]
    if draw.random() < 0.3:
        kept = draw.sample(names, draw.choice((1, 1, 2)))
        level = replace(level, keeps=(*((name, draw.choice(("may", "must"))) for name in kept), ("*", "not")))
    words = {tensor.name: distinct_words(operation, tensor) for tensor in operation.tensors}
    held = [name for name in names if level.keep(name) != "not"]
    if draw.random() < 0.15:
        partitioned = draw.sample(held, min(len(held), draw.choice((1, 2))))
        private = tuple((name, draw.randint(1, max(1, words[name]))) for name in partitioned)
        level = replace(level, tensor_capacity_words=private)
    if draw.random() < 0.8:
        most = max(1, sum(words[name] for name in held))
        least = sum(level.keep(name) == "must" for name in held) or 1
        least -= draw.random() < 0.08  # nothing may fit
        capacity = draw.randint(least, max(least, most)) if draw.random() < 0.6 else draw.randint(least, least + 4)
        level = replace(level, capacity_words=capacity * (2 if level.buffers > 1 and draw.random() < 0.5 else 1))
    return level


def with_words(draw: Random, architecture: Architecture) -> Architecture:
    """Words of several widths, all powers of two so that energies stay exact; some levels that do not pack."""
    elements: list[Level | Fanout] = []
    for element in architecture.elements:
        bits = draw.choice((8, 16, 16, 32))
        if isinstance(element, Level):
            elements.append(replace(element, word_bits=bits, packed=draw.random() < 0.7))
        else:
            elements.append(replace(element, word_bits=bits))
    return replace(architecture, elements=tuple(elements))
