"""The contract in flat tables: the same walk as `accelsim.simulate.literal`, compiled.

Every storage instance owns two small hash tables keyed by element: the one it holds, and the one its next tile is
laid out in, so that "held before" can be asked of all instances while tiles change. Distinct tuples are counted by
putting them into a stamped hash set that is emptied by taking the next stamp. A row of a table holds what is fixed
beside what is counted; columns have names below. Arrays are passed one by one because Numba pays for every array of
a tuple at every call, and all kernels live in this one module because its cache does not see changes in another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

FREE = -1
IDLE, SAME, CHANGED = 0, 1, 2
DONE, MISSING, FULL, PAUSED = 0, 1, 2, 3
NEVER, ENDED = -2, -3

# loops: dim, step, 1 if spatial, index among the loops of its kind
DIM, STEP, IS_SPATIAL, INDEX = range(4)
# tensors: ranks [from, to), elements, number of dims, then the dims
RANK_FROM, RANK_TO, ELEMENTS, DIMS, FIRST_DIM = range(5)
# ranks: size, offset, number of terms, then dim and stride of each
SIZE, OFFSET, TERMS, FIRST_TERM = range(4)
# box: first index and length of the box in hand, extents of the operation, a point in the box
LOW, LENGTH, EXTENT, POINT = range(4)
# places: what a storage node, or the MACs as child of one tensor, is; and what it counts over its instances
TENSOR, DEPTH, TEMPORAL, PARENT, COUNT, SPREAD, FIRST, SLOTS, EDGE_FROM, EDGE_TO, MERGES, BACKING = range(12)
LIMIT, SHARED, CAPACITY, BITS, IS_OUTPUT, IS_MAC, DISTINCT, TILE_WORDS, RETURNED = range(12, 21)
PLACE_COLUMNS = 21
# rows: an instance of a place. UP is the row of the parent's instance, LEADER marks coordinate 0 in all irrelevant
# dims, TABLE and EVER say where its slots and its 'seen' flags begin; from LAST on, the box of its last tile
PLACE, UP, LEADER, TABLE, EVER, SIDE, HELD, STATUS, ACTIVE, READS, FILLS, UPDATES, DRAINS, LAST = range(14)
# edges, per boundary: INFO (whether no two instances share a code; words crossed), then per instance a CODE that is
# equal where words merge, the CIRCLE of instances that forward to each other, MEMBERs sorted by circle, and the SPAN
# of each circle in them
INFO, CODE, CIRCLE, MEMBER, SPAN = range(5)
ALONE, CROSSED = range(2)
# slots: element (or FREE) and value; tuples: stamp and number, the last one holding the stamp in use
KEY, VALUE = range(2)
STAMP, NUMBER = range(2)
# totals: counts, where something did not fit, the outermost loop that moved since the last step, and after which trips
# of a loop (or of any outside it) to pause
MACS, STEPS, WHERE, WORDS, STEPPED, PAUSE, EVERY = range(7)


class Tables(NamedTuple):
    """Everything that an execution walks, in the order in which `run` takes it. ``trips`` are the temporal loops',
    ``time`` where they stand, ``digits`` the coordinates of each MAC instance, ``order`` the storage places outermost
    first, ``macs`` the MAC places tensor by tensor, ``memory`` the tensors themselves behind the outermost level."""

    loops: Ints
    digits: Ints
    tensors: Ints
    ranks: Ints
    box: Ints
    trips: Ints
    time: Ints
    order: Ints
    macs: Ints
    places: Ints
    rows: Ints
    edges: Ints
    slots: Ints
    seen: Flags
    tuples: Ints
    memory: Ints
    totals: Ints


def compiled(function: F) -> F:
    """Numba in nopython mode, cached on disk, without losing the signature for the type checker.

    Python runs on beside it, so that an interrupt is heard.
    """
    return cast(F, numba.njit(cache=True, nogil=True)(function))


# Where the loops stand


@compiled
def _box(loops: Ints, digits: Ints, box: Ints, time: Ints, depth: int, mac: int) -> bool:
    """Puts the box below ``depth`` loops into ``box``; False when it is empty in some dim."""
    for d in range(box.shape[1]):
        box[LOW, d] = 0
        box[LENGTH, d] = box[EXTENT, d]
    for i in range(depth):
        dim, step, index = loops[i, DIM], loops[i, STEP], loops[i, INDEX]
        at = step * (digits[mac, index] if loops[i, IS_SPATIAL] else time[index])
        if at >= box[LENGTH, dim]:
            return False
        box[LOW, dim] += at
        box[LENGTH, dim] = min(step, box[LENGTH, dim] - at)
    return True


@compiled
def _element(tensors: Ints, ranks: Ints, box: Ints, tensor: int, which: int) -> int:
    """The element that a point (row ``which`` of ``box``) touches, FREE in the padding."""
    element = 0
    for r in range(tensors[tensor, RANK_FROM], tensors[tensor, RANK_TO]):
        index = ranks[r, OFFSET]
        for t in range(FIRST_TERM, FIRST_TERM + 2 * ranks[r, TERMS], 2):
            index += ranks[r, t + 1] * box[which, ranks[r, t]]
        if index < 0 or index >= ranks[r, SIZE]:
            return FREE
        element = element * ranks[r, SIZE] + index
    return int(element)


@compiled
def _next_point(tensors: Ints, box: Ints, tensor: int) -> bool:
    """Steps the point through the box along the dims of the tensor; False after the last."""
    for i in range(FIRST_DIM + tensors[tensor, DIMS] - 1, FIRST_DIM - 1, -1):
        dim = tensors[tensor, i]
        box[POINT, dim] += 1
        if box[POINT, dim] < box[LOW, dim] + box[LENGTH, dim]:
            return True
        box[POINT, dim] = box[LOW, dim]
    return False


@compiled
def _advance(trips: Ints, time: Ints, loops: int) -> int:
    """Steps the odometer of the outermost ``loops``; the outermost that moved, or -1 when time is over."""
    for i in range(loops - 1, -1, -1):
        time[i] += 1
        if time[i] < trips[i]:
            return i
        time[i] = 0
    return -1


# Buffers and sets


@compiled
def _hash(number: int) -> int:
    mixed = number * 0x9E3779B97F4A7
    return int(mixed ^ (mixed >> 29))


@compiled
def _begin(places: Ints, rows: Ints, row: int, other: int) -> int:
    """First slot of the table that is held (``other`` 0) or being laid out (1)."""
    return int(rows[row, TABLE] + (rows[row, SIDE] ^ other) * places[rows[row, PLACE], SLOTS])


@compiled
def _slot(places: Ints, rows: Ints, slots: Ints, row: int, other: int, element: int) -> int:
    """The slot of an element in such a table: its own, or the free one where it would go."""
    mask = places[rows[row, PLACE], SLOTS] - 1
    begin = _begin(places, rows, row, other)
    at = _hash(element) & mask
    while slots[begin + at, KEY] != FREE and slots[begin + at, KEY] != element:
        at = (at + 1) & mask
    return int(begin + at)


@compiled
def _fresh(edges: Ints, tuples: Ints, boundary: int, instance: int, element: int) -> bool:
    """Whether this tuple crosses the boundary for the first time under the present stamp."""
    if edges[boundary, INFO, ALONE]:
        return True
    number = (element * edges.shape[0] + boundary) * edges.shape[2] + edges[boundary, CODE, instance]
    mask = len(tuples) - 2
    stamp = tuples[mask + 1, STAMP]
    at = _hash(number) & mask
    while tuples[at, STAMP] == stamp:
        if tuples[at, NUMBER] == number:
            return False
        at = (at + 1) & mask
    tuples[at, STAMP] = stamp
    tuples[at, NUMBER] = number
    return True


@compiled
def _lay_out(tensors: Ints, ranks: Ints, box: Ints, places: Ints, rows: Ints, slots: Ints, row: int) -> None:
    """Writes the tile of the box in hand into the table that is not held."""
    tensor = places[rows[row, PLACE], TENSOR]
    begin = _begin(places, rows, row, 1)
    for slot in range(begin, begin + places[rows[row, PLACE], SLOTS]):
        slots[slot, KEY] = FREE
    box[POINT] = box[LOW]
    more = True
    while more:
        element = _element(tensors, ranks, box, tensor, POINT)
        more = _next_point(tensors, box, tensor)
        if element != FREE:
            slot = _slot(places, rows, slots, row, 1, element)
            slots[slot, KEY] = element
            slots[slot, VALUE] = 0


# Outputs


@compiled
def _put(places: Ints, rows: Ints, slots: Ints, memory: Ints, row: int, element: int, value: int) -> None:
    """Adds in this instance; where its tile has moved on while the child stood idle, in the next one outwards."""
    backing = places[rows[row, PLACE], BACKING]
    while row >= 0:
        slot = _slot(places, rows, slots, row, 0, element)
        if slots[slot, KEY] == element:
            slots[slot, VALUE] += value
            return
        row = rows[row, UP]
    memory[backing + element] += value


@compiled
def _drain(
    places: Ints, rows: Ints, edges: Ints, slots: Ints, seen: Flags, tuples: Ints, memory: Ints, row: int,
    element: int, value: int,
) -> None:  # fmt: skip
    """Items 4 and 5: one element of the output leaves an instance for the parent's."""
    place, up = rows[row, PLACE], rows[row, UP]
    if up < 0:
        memory[places[place, BACKING] + element] += value
        return
    for b in range(places[place, EDGE_FROM], places[place, EDGE_TO]):
        if not _fresh(edges, tuples, b, row - places[place, FIRST], element):
            continue
        edges[b, INFO, CROSSED] += 1
        if b == places[place, EDGE_FROM]:
            rows[up, UPDATES] += 1
            if seen[rows[up, EVER] + element]:
                rows[up, READS] += 1
            else:
                seen[rows[up, EVER] + element] = True
                places[rows[up, PLACE], DISTINCT] += 1
    _put(places, rows, slots, memory, up, element, value)


@compiled
def _take_back(places: Ints, rows: Ints, slots: Ints, seen: Flags, memory: Ints, row: int, element: int) -> int:
    """Item 6: the partial sum that comes back from the parent's instance, which keeps nothing of it."""
    place, up = rows[row, PLACE], rows[row, UP]
    if up < 0:
        at = places[place, BACKING] + element
        value = memory[at]
        memory[at] = 0
        return int(value)
    if places[place, MERGES] or not rows[row, LEADER] or not seen[rows[up, EVER] + element]:
        return 0
    rows[row, FILLS] += 1
    places[place, RETURNED] += 1
    slot = _slot(places, rows, slots, up, 0, element)
    value = slots[slot, VALUE]
    slots[slot, VALUE] = 0
    return int(value)


@compiled
def _drain_tiles(
    places: Ints, rows: Ints, edges: Ints, slots: Ints, seen: Flags, tuples: Ints, memory: Ints, place: int,
    everything: bool,
) -> None:  # fmt: skip
    """Drains what the new tiles of a place lack, or, at the end, all that any instance holds."""
    tuples[-1, STAMP] += 1
    for row in range(places[place, FIRST], places[place, FIRST] + places[place, COUNT]):
        if not everything and rows[row, STATUS] != CHANGED:
            continue
        begin = _begin(places, rows, row, 0)
        for slot in range(begin, begin + places[place, SLOTS]):
            element = slots[slot, KEY]
            if element == FREE:
                continue
            if not everything and slots[_slot(places, rows, slots, row, 1, element), KEY] == element:
                continue
            if places[place, PARENT] >= 0:
                rows[row, DRAINS] += 1
            _drain(places, rows, edges, slots, seen, tuples, memory, row, element, slots[slot, VALUE])


# Operands


@compiled
def _handed_on(places: Ints, rows: Ints, edges: Ints, slots: Ints, boundary: int, row: int, element: int) -> bool:
    """Whether an active neighbour inside the boundary held the element before, and forwards it."""
    first = places[rows[row, PLACE], FIRST]
    circle = edges[boundary, CIRCLE, row - first]
    if circle < 0:
        return False
    for m in range(edges[boundary, SPAN, circle], edges[boundary, SPAN, circle + 1]):
        near = first + edges[boundary, MEMBER, m]
        if rows[near, STATUS] != IDLE and slots[_slot(places, rows, slots, near, 0, element), KEY] == element:
            return True
    return False


@compiled
def _request(places: Ints, rows: Ints, edges: Ints, tuples: Ints, boundary: int, row: int, element: int) -> None:
    """Item 2: one instance wants an element over a boundary; at the parent's side that is a read."""
    place = rows[row, PLACE]
    if _fresh(edges, tuples, boundary, row - places[place, FIRST], element):
        edges[boundary, INFO, CROSSED] += 1
        if boundary == places[place, EDGE_FROM]:
            rows[rows[row, UP], READS] += 1


@compiled
def _bring(
    places: Ints,
    rows: Ints,
    edges: Ints,
    slots: Ints,
    seen: Flags,
    tuples: Ints,
    memory: Ints,
    row: int,
    slot: int,
) -> bool:
    """Items 1 and 2: copies one element that was not held before from the parent; False when it has none."""
    place, up, element = rows[row, PLACE], rows[row, UP], slots[slot, KEY]
    if not seen[rows[row, EVER] + element]:
        seen[rows[row, EVER] + element] = True
        places[place, DISTINCT] += 1
    if up < 0:
        slots[slot, VALUE] = memory[places[place, BACKING] + element]
        return True
    rows[row, FILLS] += 1
    for b in range(places[place, EDGE_FROM], places[place, EDGE_TO]):
        if not _handed_on(places, rows, edges, slots, b, row, element):
            _request(places, rows, edges, tuples, b, row, element)
    source = _slot(places, rows, slots, up, 0, element)
    slots[slot, VALUE] = slots[source, VALUE]
    return bool(slots[source, KEY] == element)


# Steps


@compiled
def _retile(
    loops: Ints, digits: Ints, tensors: Ints, ranks: Ints, box: Ints, time: Ints, places: Ints, rows: Ints,
    slots: Ints, place: int,
) -> None:  # fmt: skip
    """Finds the instances of a place that are active, and lays out the tiles whose box changed."""
    tensor, dims = places[place, TENSOR], box.shape[1]
    for j in range(places[place, COUNT]):
        row = places[place, FIRST] + j
        if not _box(loops, digits, box, time, places[place, DEPTH], j * places[place, SPREAD]):
            rows[row, STATUS] = IDLE
            continue
        same = rows[row, ACTIVE] == 1
        for i in range(FIRST_DIM, FIRST_DIM + tensors[tensor, DIMS]):
            dim = tensors[tensor, i]
            same = same and rows[row, LAST + dim] == box[LOW, dim] and rows[row, LAST + dims + dim] == box[LENGTH, dim]
        rows[row, STATUS] = SAME if same else CHANGED
        if same:
            continue
        rows[row, ACTIVE] = 1
        for dim in range(dims):
            rows[row, LAST + dim] = box[LOW, dim]
            rows[row, LAST + dims + dim] = box[LENGTH, dim]
        _lay_out(tensors, ranks, box, places, rows, slots, row)


@compiled
def _fill_tiles(
    places: Ints, rows: Ints, edges: Ints, slots: Ints, seen: Flags, tuples: Ints, memory: Ints, totals: Ints,
    place: int,
) -> bool:  # fmt: skip
    """Brings the new tiles of a place in; False when the parent lacks an element."""
    tuples[-1, STAMP] += 1
    for row in range(places[place, FIRST], places[place, FIRST] + places[place, COUNT]):
        if rows[row, STATUS] != CHANGED:
            continue
        begin, words = _begin(places, rows, row, 1), 0
        for slot in range(begin, begin + places[place, SLOTS]):
            element = slots[slot, KEY]
            if element == FREE:
                continue
            words += 1
            old = _slot(places, rows, slots, row, 0, element)
            if slots[old, KEY] == element:
                slots[slot, VALUE] = slots[old, VALUE]
            elif places[place, IS_OUTPUT]:
                slots[slot, VALUE] = _take_back(places, rows, slots, seen, memory, row, element)
            elif not _bring(places, rows, edges, slots, seen, tuples, memory, row, slot):
                totals[WHERE] = row
                return False
        rows[row, HELD] = words
        places[place, TILE_WORDS] = max(places[place, TILE_WORDS], words)
    for row in range(places[place, FIRST], places[place, FIRST] + places[place, COUNT]):
        if rows[row, STATUS] == CHANGED:
            rows[row, SIDE] ^= 1
    return True


@compiled
def _fits(order: Ints, places: Ints, rows: Ints, totals: Ints, place: int) -> bool:
    """Whether every instance of the place's memory holds no more than it can."""
    for j in range(places[place, COUNT]):
        totals[WHERE] = places[place, FIRST] + j
        totals[WORDS] = rows[places[place, FIRST] + j, HELD]
        if places[place, LIMIT] >= 0 and totals[WORDS] * places[place, BITS] > places[place, LIMIT]:
            return False
        if places[place, SHARED] < 0:
            continue
        bits = words = 0
        for p in order:
            if places[p, SHARED] == places[place, SHARED]:
                words += rows[places[p, FIRST] + j, HELD]
                bits += rows[places[p, FIRST] + j, HELD] * places[p, BITS]
        totals[WORDS] = words
        if bits > places[place, CAPACITY]:
            return False
    return True


@compiled
def _stand(box: Ints, rows: Ints, row: int) -> None:
    """Notes at the MACs of the first tensor which point one works on, and that it hands its product on once more."""
    rows[row, ACTIVE] = 1
    rows[row, STATUS] = CHANGED
    rows[row, DRAINS] += 1
    for dim in range(box.shape[1]):
        rows[row, LAST + dim] = box[LOW, dim]
        rows[row, LAST + box.shape[1] + dim] = box[LENGTH, dim]


@compiled
def _multiply(
    loops: Ints, digits: Ints, tensors: Ints, ranks: Ints, box: Ints, time: Ints, macs: Ints, places: Ints,
    rows: Ints, edges: Ints, slots: Ints, seen: Flags, tuples: Ints, memory: Ints, totals: Ints,
) -> int:  # fmt: skip
    """Item 3, and items 4 to 7 at the MACs: every active MAC fetches, multiplies, adds, drains.

    One instance after the other is right: the only one that takes a sum back is the first of its group.
    """
    tuples[-1, STAMP] += 1
    output = len(macs) - 1
    for mac in range(len(digits)):
        if not _box(loops, digits, box, time, len(loops), mac):
            rows[places[macs[0], FIRST] + mac, STATUS] = IDLE
            continue
        totals[MACS] += 1
        _stand(box, rows, places[macs[0], FIRST] + mac)
        result = 1
        for tensor in range(output):
            element = _element(tensors, ranks, box, tensor, LOW)
            if element == FREE:
                result = 0
                continue
            place = macs[tensor]
            row = places[place, FIRST] + mac
            for b in range(places[place, EDGE_FROM], places[place, EDGE_TO]):
                _request(places, rows, edges, tuples, b, row, element)
            slot = _slot(places, rows, slots, rows[row, UP], 0, element)
            if slots[slot, KEY] != element:
                totals[WHERE] = row
                return MISSING
            result *= slots[slot, VALUE]
        element = _element(tensors, ranks, box, output, LOW)
        if element != FREE:
            row = places[macs[output], FIRST] + mac
            result += _take_back(places, rows, slots, seen, memory, row, element)
            _drain(places, rows, edges, slots, seen, tuples, memory, row, element, result)
    return DONE


@compiled
def run(
    loops: Ints,
    digits: Ints,
    tensors: Ints,
    ranks: Ints,
    box: Ints,
    trips: Ints,
    time: Ints,
    order: Ints,
    macs: Ints,
    places: Ints,
    rows: Ints,
    edges: Ints,
    slots: Ints,
    seen: Flags,
    tuples: Ints,
    memory: Ints,
    totals: Ints,
) -> int:
    """Walks time, then drains everything outwards; DONE, or MISSING or FULL with the row in ``totals[WHERE]``.

    In one step outputs leave from the innermost place outwards, then new tiles enter from the outermost inwards, and
    the MACs work. Only places below a temporal loop that stepped are looked at. PAUSED where ``totals`` ask for it, and
    before the last drain; called again, it goes on.
    """
    stepped = totals[STEPPED]
    while stepped != ENDED:
        if _box(loops, digits, box, time, len(loops), 0):
            totals[STEPS] += 1
            for place in order:
                if stepped < places[place, TEMPORAL]:
                    _retile(loops, digits, tensors, ranks, box, time, places, rows, slots, place)
            for place in order[::-1]:
                if stepped < places[place, TEMPORAL] and places[place, IS_OUTPUT]:
                    _drain_tiles(places, rows, edges, slots, seen, tuples, memory, place, False)
            for place in order:
                if stepped < places[place, TEMPORAL] and not _fill_tiles(
                    places, rows, edges, slots, seen, tuples, memory, totals, place
                ):
                    return MISSING
            for place in order:
                if stepped < places[place, TEMPORAL] and not _fits(order, places, rows, totals, place):
                    return FULL
            if _multiply(
                loops, digits, tensors, ranks, box, time, macs, places, rows, edges, slots, seen, tuples, memory, totals
            ):
                return MISSING
            stepped = len(trips)
        moved = _advance(trips, time, len(trips))
        stepped = totals[STEPPED] = ENDED if moved < 0 else min(stepped, moved)
        pause = totals[PAUSE]
        if pause != NEVER and (moved < pause or (moved == pause and time[moved] % totals[EVERY] == 0)):
            return PAUSED
    for place in order[::-1]:
        if places[place, IS_OUTPUT]:
            _drain_tiles(places, rows, edges, slots, seen, tuples, memory, place, True)
    return DONE


@compiled
def merges(
    loops: Ints,
    digits: Ints,
    tensors: Ints,
    ranks: Ints,
    box: Ints,
    trips: Ints,
    time: Ints,
    places: Ints,
    place: int,
    groups: Ints,
    owner: Ints,
) -> bool:
    """Item 7: some instances of different ``groups`` below one parent instance ever hold the same output element.

    ``groups`` codes the relevant coordinates below the parent; ``owner`` (parent instance x element) is all FREE.
    Leaves time at its start.
    """
    tensor, loop = places[place, TENSOR], 0
    spread, parent = places[place, SPREAD], places[place, PARENT]
    while loop >= 0:
        for j in range(places[place, COUNT]):
            more = _box(loops, digits, box, time, places[place, DEPTH], j * spread)
            box[POINT] = box[LOW]
            while more:
                element = _element(tensors, ranks, box, tensor, POINT)
                more = _next_point(tensors, box, tensor)
                if element == FREE:
                    continue
                above = j * spread // places[parent, SPREAD]
                if owner[above, element] != FREE and owner[above, element] != groups[j]:
                    time[:] = 0
                    return True
                owner[above, element] = groups[j]
        loop = _advance(trips, time, places[place, TEMPORAL])
    return False
