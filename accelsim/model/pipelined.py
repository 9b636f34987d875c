"""Pipelined latency in closed form: bounds that the tile pipeline (accelsim.simulate.pipeline) always lies between.

With C compute cycles, per port p the busy time T_p of its busiest instance, H the shortest time until the first MAC can
work (the first tile of every operand, level by level, and all that one port must bring before) and D the shortest time
after the last MAC until the last output has left:

    lower = max( H + C + D,
                 T_p + what must still happen after the last word of p,
                 C + time of the innermost single-buffered tiles through p [+ D for fills, + H for drains] )
    upper = C' + sum over transfers of their time, one after the other

C' counts a step of the MACs with the time of the words it needs. A single-buffered tile that the MACs use moves while
they wait, which is the third line. Where every transfer of a kind moves as many words as any other ("regular") and the
second memory is the last, double-buffered and reached through ports of its own,

    upper = max(C, T_r, T_w) + (the other two) / number of tiles

is tight, and both bounds meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from accelsim.architecture.spec import Architecture, Level
from accelsim.mapping.counts import AccessCounts, TensorCounts
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.mapping.tiles import box_words
from accelsim.model.latency import port_times, steady_latency
from accelsim.workload.operation import Operation, Tensor


@dataclass(frozen=True)
class PipelinedBounds:
    """``lower_cycles`` <= pipelined latency <= ``upper_cycles``."""

    lower_cycles: int
    upper_cycles: int

    @property
    def exact(self) -> bool:
        return self.lower_cycles == self.upper_cycles


@dataclass(frozen=True)
class _Edge:
    """One tensor between two of its nodes; ``node`` and ``above`` are places in the nest, ``child`` counts at the inner
    level, ``parent`` at the outer one; ``moves``: how often the inner tile can change."""

    tensor: Tensor
    node: int
    inner: Level
    outer: Level
    child: TensorCounts
    parent: TensorCounts
    moves: int
    innermost: bool
    is_output: bool


def pipelined_bounds(
    operation: Operation, architecture: Architecture, mapping: Mapping, counts: AccessCounts
) -> PipelinedBounds:
    """Bounds on the latency of a valid mapping from its counts; both are whole cycles."""
    edges = _edges(operation, architecture, mapping, counts)
    compute = Fraction(counts.steps)
    head, tail = _head(operation, mapping, edges), _tail(operation, mapping, edges)
    steady, _ = steady_latency(counts.steps, port_times(architecture, counts))
    lower = max(Fraction(steady), head + compute + tail, _blocked(edges, compute, head, tail))
    upper = _slowed(operation, architecture, mapping, counts) + sum((_most(edge) for edge in edges), Fraction(0))
    tight = _two_memories(operation, architecture, mapping, counts, edges)
    if tight is not None:
        lower, upper = max(lower, tight[0]), min(upper, tight[1])
    return PipelinedBounds(ceil(lower), max(ceil(lower), ceil(upper)))


def _time(words: Fraction, rate: float | None) -> Fraction:
    return Fraction(0) if rate is None else words / Fraction(rate).limit_denominator(1_000_000)


def _words(level: Level, tensor: Tensor, elements: int) -> Fraction:
    """Words of a level that elements of a tensor take, several to a word where they are narrow."""
    return Fraction(elements * level.element_bits(tensor.bits), level.word_bits)


def _read(level: Level, tensor: Tensor, elements: int) -> Fraction:
    return _time(_words(level, tensor, elements), level.read_bandwidth)


def _write(level: Level, tensor: Tensor, elements: int) -> Fraction:
    words = _words(level, tensor, elements)
    return _time(words, level.read_bandwidth if level.shared_port else level.write_bandwidth)


def _edges(
    operation: Operation, architecture: Architecture, mapping: Mapping, counts: AccessCounts
) -> tuple[_Edge, ...]:
    """Outermost first, tensor by tensor."""
    out = []
    for tensor in operation.tensors:
        nodes = [i for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and n.tensor == tensor.name]
        names = [mapping.nodes[i].level for i in nodes]  # type: ignore[union-attr]
        for above, (place, name) in zip(names, list(zip(nodes, names, strict=True))[1:], strict=False):
            out.append(
                _Edge(
                    tensor, place, architecture.level(name), architecture.level(above),
                    counts.at(name, tensor.name), counts.at(above, tensor.name), _moves(tensor, mapping, place),
                    place == nodes[-1], tensor is operation.output,
                )
            )  # fmt: skip
    return tuple(out)


def _moves(tensor: Tensor, mapping: Mapping, place: int) -> int:
    """Positions of the temporal loops above a node, down to the last one that moves the tensor's tile."""
    trips, count = 1, 1
    for i, node in enumerate(mapping.nodes[:place]):
        if not isinstance(node, Storage | Spatial):
            trips *= mapping.trips(i)
            if node.dim in tensor.dims:
                count = trips
    return count


def _first_box(operation: Operation, mapping: Mapping, place: int) -> dict[str, tuple[int, int]]:
    """(low, length) of every dim at the first position, in the instance with all coordinates 0."""
    box = {dim: (0, extent) for dim, extent in operation.bounds}
    for node in mapping.nodes[:place]:
        if not isinstance(node, Storage):
            box[node.dim] = (0, min(node.step, box[node.dim][1]))
    return box


def _last_box(operation: Operation, mapping: Mapping, place: int) -> dict[str, tuple[int, int]]:
    """The same at the last position at which that instance works."""
    box = {dim: (0, extent) for dim, extent in operation.bounds}
    for node in mapping.nodes[:place]:
        if isinstance(node, Storage):
            continue
        low, length = box[node.dim]
        skipped = 0 if isinstance(node, Spatial) else (-(-length // node.step) - 1) * node.step
        box[node.dim] = (low + skipped, min(node.step, length - skipped))
    return box


def _head(operation: Operation, mapping: Mapping, edges: tuple[_Edge, ...]) -> Fraction:
    """The least time before the first MAC: each operand's first tile level by level; all first tiles of a port.

    A first tile that lies in the padding is not waited for, nor are the outer ones that it would come from.
    """
    chains: dict[str, Fraction] = {}
    ports: dict[str, Fraction] = {}
    wanted = set()
    for edge in reversed(edges):
        name = edge.tensor.name
        words = 0 if edge.is_output else box_words(edge.tensor, _first_box(operation, mapping, edge.node))
        if edge.innermost and words:
            wanted.add(name)
        if name in wanted:
            read, write = _read(edge.outer, edge.tensor, words), _write(edge.inner, edge.tensor, words)
            chains[name] = chains.get(name, Fraction(0)) + edge.outer.latency_cycles + max(read, write)
            ports[edge.outer.name] = ports.get(edge.outer.name, Fraction(0)) + read
    return max((*chains.values(), *ports.values()), default=Fraction(0))


def _tail(operation: Operation, mapping: Mapping, edges: tuple[_Edge, ...]) -> Fraction:
    """The least time after the last MAC: the last tile of the outputs, level by level outwards while there is one."""
    total = Fraction(0)
    for edge in reversed(edges):
        if edge.is_output:
            words = box_words(edge.tensor, _last_box(operation, mapping, edge.node))
            if words == 0:
                break
            total += edge.inner.latency_cycles + max(
                _read(edge.inner, edge.tensor, words), _write(edge.outer, edge.tensor, words)
            )
    return total


def _blocked(edges: tuple[_Edge, ...], compute: Fraction, head: Fraction, tail: Fraction) -> Fraction:
    """Tiles that the MACs use and that have one buffer move while the MACs stand still, in turn on each port."""
    fills: dict[str, Fraction] = {}
    drains: dict[str, Fraction] = {}
    for edge in edges:
        if not edge.innermost or edge.inner.buffers > 1:
            continue
        if edge.is_output:
            _add(drains, edge.inner, "read", _read(edge.inner, edge.tensor, edge.child.busiest.drains))
            _add(drains, edge.outer, "write", _write(edge.outer, edge.tensor, edge.parent.busiest.updates))
        else:
            _add(fills, edge.outer, "read", _read(edge.outer, edge.tensor, edge.parent.busiest.reads))
            _add(fills, edge.inner, "write", _write(edge.inner, edge.tensor, edge.child.busiest.fills))
    best = compute
    for port in {*fills, *drains}:
        filled, drained = fills.get(port, Fraction(0)), drains.get(port, Fraction(0))
        if filled and drained:
            best = max(best, compute + filled + drained)
        elif filled:
            best = max(best, compute + filled + tail)
        else:
            best = max(best, compute + drained + head)
    return best


def _add(table: dict[str, Fraction], level: Level, side: str, time: Fraction) -> None:
    port = f"{level.name} {'shared' if level.shared_port else side}"
    table[port] = table.get(port, Fraction(0)) + time


def _most(edge: _Edge) -> Fraction:
    """At most so long all transfers of an edge take one after the other.

    Two bounds: all words of all instances through one instance's ports; or full tiles for all instances every time.
    """
    tile, parent, child = edge.child.tile_words, edge.parent.total, edge.child.total
    together = tile * max(1, edge.child.instances)
    into = _write(edge.inner, edge.tensor, child.fills)
    each = max(_read(edge.outer, edge.tensor, together), _write(edge.inner, edge.tensor, tile))
    if not edge.is_output:
        waits = edge.moves * edge.outer.latency_cycles
        return waits + min(edge.moves * each, _read(edge.outer, edge.tensor, parent.reads) + into)
    # A tile leaves each time it changes, may come back, and what it is added to is read. Instances that were idle
    # when the others moved on may leave later, on their own.
    times = (edge.moves + edge.child.instances) * _returns(edge)
    leave = max(
        _read(edge.inner, edge.tensor, tile),
        _write(edge.outer, edge.tensor, together) + _read(edge.outer, edge.tensor, together),
    )
    out = _read(edge.inner, edge.tensor, child.drains) + _write(edge.outer, edge.tensor, parent.updates)
    waits = times * (edge.outer.latency_cycles + edge.inner.latency_cycles)
    return waits + min(times * (each + leave), _read(edge.outer, edge.tensor, parent.reads) + into + out)


def _returns(edge: _Edge) -> int:
    """How often the same position of a tile can be taken up: once per drain of the distinct words, at most."""
    distinct = max(1, edge.parent.distinct)
    return max(1, -(-edge.parent.total.updates // distinct))


def _slowed(operation: Operation, architecture: Architecture, mapping: Mapping, counts: AccessCounts) -> Fraction:
    """Compute cycles when every step waits for its words: one per MAC and operand, one more of the output each way."""
    innermost: dict[str, str] = {}
    for node in mapping.nodes:
        if isinstance(node, Storage):
            innermost[node.tensor] = node.level
    step, through = Fraction(1), Fraction(0)
    for at in architecture.levels:
        fed = [tensor for tensor in operation.tensors if innermost[tensor.name] == at.name]
        reads = sum((_read(at, tensor, counts.mac_instances) for tensor in fed), Fraction(0))
        writes = _write(at, operation.output, counts.mac_instances) if operation.output in fed else Fraction(0)
        step = max(step, reads + writes if at.shared_port else max(reads, writes))
        rows = [(row.total, operation.tensor(row.tensor)) for row in counts.tensors if row.level == at.name and fed]
        through += sum((_read(at, t, n.reads) + _write(at, t, n.updates) for n, t in rows), Fraction(0))
    latency = max(architecture.level(name).latency_cycles for name in innermost.values())
    return min(counts.steps * step, counts.steps + through) + latency


def _two_memories(
    operation: Operation, architecture: Architecture, mapping: Mapping, counts: AccessCounts, edges: tuple[_Edge, ...]
) -> tuple[Fraction, Fraction] | None:
    """(lower, upper) of a regular nest on a memory and one double-buffered level, whose own ports never bind."""
    levels = {edge.inner.name for edge in edges}
    if len(levels) != 1 or len(edges) != len(operation.tensors) or any(not edge.innermost for edge in edges):
        return None
    inner, outer = edges[0].inner, edges[0].outer
    if any(isinstance(node, Spatial) for node in mapping.nodes[: max(edge.node for edge in edges)]):
        return None
    if inner.read_bandwidth is not None or inner.write_bandwidth is not None or inner.latency_cycles:
        return None
    tiles = {edge.moves for edge in edges}
    operands = [edge for edge in edges if not edge.is_output]
    regular = all(edge.child.busiest.fills == edge.moves * edge.child.tile_words for edge in operands)
    leaves_once = all(edge.child.busiest.fills == 0 for edge in edges if edge.is_output) and all(
        edge.child.busiest.drains == edge.moves * edge.child.tile_words for edge in edges if edge.is_output
    )
    even = all(mapping.enclosing[i] % n.step == 0 for i, n in enumerate(mapping.nodes) if not isinstance(n, Storage))
    if len(tiles) != 1 or not regular or not leaves_once or not even or outer.shared_port or outer.latency_cycles:
        return None
    n = tiles.pop()
    read = sum(
        (_read(outer, edge.tensor, edge.parent.busiest.reads) for edge in edges if not edge.is_output), Fraction(0)
    )
    written = sum(
        (_write(outer, edge.tensor, edge.parent.busiest.updates) for edge in edges if edge.is_output), Fraction(0)
    )
    stages = sorted([Fraction(counts.steps), read, written])
    if inner.buffers > 1:
        exact = stages[2] + (stages[0] + stages[1]) / n
    else:
        exact = counts.steps + max(read, written) + min(read, written) / n
    return exact, exact
