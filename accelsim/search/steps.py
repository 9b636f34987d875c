"""Which steps a search tries: per dim the divisors of its bound and the ragged parts that fill an array."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement, islice, permutations, product

import numpy as np
from numpy.typing import NDArray

from accelsim.mapping.nest import Spatial, Temporal
from accelsim.search.rules import Rules
from accelsim.search.template import Steps, Template

RAGGED_PARTS = 16
MOST_RELAID = 256


def step_values(rules: Rules) -> dict[str, tuple[int, ...]]:
    """Per dim, the tile extents tried, ascending: divisors d, ceil(bound / k) for small k, and what fills an axis.

    An axis of A positions takes ceil(bound / (A k)) times k extents: both ceil(bound / A) and A itself count.
    """
    out = {}
    for dim in rules.dims:
        bound = rules.operation.extents[dim]
        values = {1, bound}
        for i in range(1, int(bound**0.5) + 1):
            if bound % i == 0:
                values |= {i, bound // i}
        values |= {-(-bound // k) for k in range(1, RAGGED_PARTS + 1)}
        sizes = {rules.architecture.axes[axis].size for axis, dims in rules.spatial if dim in dims}
        for size in sizes:
            values |= {-(-bound // size), -(-bound // -(-bound // size))} | {size} if size < bound else set()
        values |= {-(-bound // passes) for unrolled, passes in rules.passes if unrolled == dim}
        out[dim] = tuple(sorted(values))
    return out


def chains(values: tuple[int, ...], length: int) -> Steps:
    """Every chain of that many steps that does not grow inwards and ends in 1."""
    inner = [(*reversed(chain), 1) for chain in combinations_with_replacement(values, length - 1)]
    return np.array(sorted(inner), np.int64).reshape(len(inner), length)


def segments(chain: Steps, values: tuple[int, ...]) -> Steps:
    """The chains that differ from one chain in a run of steps set to one value; what is outside yields to it.

    Moves any factor from one loop to any other of the same dim, over all loops between. The chain itself is first.
    """
    length = len(chain)
    if length == 1:
        return chain[None, :]
    before, after, value = _moves(values, length)
    inner = chain[None, :-1]
    moved = np.where(before, np.maximum(inner, value), np.where(after, np.minimum(inner, value), value))
    rows = np.ones((len(moved) + 1, length), np.int64)
    rows[0], rows[1:, :-1] = chain, moved
    _, first = np.unique(_keys(rows), return_index=True)
    return rows[np.sort(first)]


@lru_cache(maxsize=512)
def _moves(values: tuple[int, ...], length: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Steps]:
    """Per move (start, end, value): which steps lie before the run, which after it, and the value."""
    moves = [(i, j, v) for i in range(length - 1) for j in range(i + 1, length) for v in values]
    start, end, value = (np.array(column, np.int64)[:, None] for column in zip(*moves, strict=True))
    at = np.arange(length - 1)[None, :]
    return at < start, at >= end, value


def _keys(rows: Steps) -> NDArray[np.int64]:
    """A number per row; equal rows have equal numbers, and different ones all but surely different."""
    factors = np.array([pow(0x9E3779B1, i + 1, 2**61 - 1) for i in range(rows.shape[1])], np.int64)
    return np.asarray((rows * factors).sum(axis=1))


def start_row(template: Template) -> Steps:
    """A row with the smallest tiles that the rules allow: unrolled dims wholly in space, all others outermost.

    Dims that take at most some passes run in space as wide as the axes have room, in the dataflow's order.
    """
    rules, row = template.rules, np.ones(len(template.loops), np.int64)
    unrolled = dict(rules.passes)
    for dim, slots in template.slots.items():
        first = next((i for i in slots if isinstance(template.loops[i], Temporal)), slots[0])
        if dim not in unrolled:
            row[[i for i in slots if i < first]] = rules.operation.extents[dim]
    left = {name: axis.size for name, axis in rules.architecture.axes.items()}
    for dim, passes in rules.passes:
        bound = rules.operation.extents.get(dim, 1)
        if bound == 1:
            continue
        need = -(-bound // passes)
        spatial = [(i, x.axis) for i in template.slots[dim] if isinstance(x := template.loops[i], Spatial)]
        holding = [(left[axis], i, axis) for i, axis in spatial if left[axis] >= need]
        if not holding:
            continue
        _, column, axis = min(holding)
        left[axis] //= need
        for i in template.slots[dim]:
            row[i] = need if i < column else 1
    return row


def filling_rows(template: Template, values: dict[str, tuple[int, ...]]) -> Steps:
    """Rows that spread one or two dims over the array as wide as it has room, all else being the smallest tiles.

    Which dims share the array is the choice that small moves find hardest to undo.
    """
    start, rows = start_row(template), []
    spatial = [i for i, loop in enumerate(template.loops) if isinstance(loop, Spatial)]
    for columns in (*permutations(spatial, 1), *permutations(spatial, 2)):
        row = start
        for column in columns:
            row = _filled(template, row, column, values)
        rows.append(row)
    return np.array([start, *rows])


def _filled(template: Template, row: Steps, column: int, values: dict[str, tuple[int, ...]]) -> Steps:
    """The row with one more loop in space, over as many positions as its axis has left."""
    loop, row = template.loops[column], row.copy()
    assert isinstance(loop, Spatial)
    trips = -(-template.enclosing(row[None, :])[0] // row)
    same = [i for i, x in enumerate(template.loops) if isinstance(x, Spatial) and x.axis == loop.axis]
    room = template.rules.architecture.axes[loop.axis].size // int(trips[same].prod())
    slots = template.slots[loop.dim]
    if room < 2 or row[slots[0]] > 1 or slots[0] == column:
        return row
    for i in slots:
        row[i] = max(v for v in values[loop.dim] if v <= room) if i < column else 1
    return row


def relaid_rows(template: Template, row: Steps) -> Steps:
    """The same tiles with the loops of every gap in the other orders that the gap offers.

    Dims that occur twice in a gap run in their first or in their last place; those that reuse the same tensors move
    together.  Small moves cannot, as each step on the way would be dearer.
    """
    toggles: dict[tuple[int, frozenset[str]], list[list[int]]] = {}
    for gap, columns in enumerate(template.gaps):
        for dim in dict.fromkeys(template.loops[i].dim for i in columns):
            places = [i for i in columns if template.loops[i].dim == dim]
            if len(places) > 1 and _enclosing(template, row, places[0]) > row[places[-1]]:
                toggles.setdefault((gap, template.rules.reused_by(dim)), []).append(places)
    rows = []
    for lasts in islice(product((False, True), repeat=len(toggles)), MOST_RELAID):
        new = row.copy()
        for last, group in zip(lasts, toggles.values(), strict=True):
            for places in group:
                inner = row[places[-1]]
                new[places] = _enclosing(template, row, places[0]) if last else inner
                new[places[-1]] = inner
        rows.append(new)
    return np.unique(np.array(rows), axis=0)


def _enclosing(template: Template, row: Steps, column: int) -> int:
    """The extent that encloses one loop."""
    dim = template.loops[column].dim
    before = [i for i in template.slots[dim] if i < column]
    return int(row[before[-1]]) if before else template.rules.operation.extents[dim]
