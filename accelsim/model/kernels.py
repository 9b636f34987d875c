"""Compiled sums over the tile positions of one rank; every access count is a sum of products of these.

A loop that steps leaves the loops outside it where they are and takes the loops inside it from last to first. For one
group of dims (a rank's window, or a single dim) an entry of its table holds, summed over all such steps,

    A = |set after the step|        B = |set after the step that was held before|

``stay[c]``: a loop of *another* group steps while this group's first c temporal loops stand anywhere.
``step[c]``: this group's temporal loop c itself steps. Rows are laid out as stay[0..L], step[0..L-1].

Modes of a loop: TEMPORAL; SUM over its coordinates; UNION of their sets (multicast); FORWARD (union, and what any
of them held before is not needed again); FIRST coordinate only; FIXED coordinate.
Kernels that call each other live in this one module, because Numba's cache does not follow calls across files.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

# No kernel makes arrays: counting references to them would be a good part of what there is to compile.
kernel = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

TEMPORAL, SUM, UNION, FORWARD, FIRST, FIXED = range(6)
# Kinds of tables: one dim that indexes, one dim that does not, a window.
CHAIN, REUSE, WINDOW = range(3)
# Columns of a loop: its dim (term of the rank, in a window), step, mode, trips and coordinate; and for visiting
# positions where it is, where it begins, and with which mode it goes on.
DIM, STEP, MODE, TRIPS, COORD, INDEX, LOW, MOVING, COLUMNS = range(9)
STATES = 256
DIMS = 3  # terms of a rank at most
# Numba compiles a helper anew for every literal that it is called with; these are integers like any other.
NONE, ZERO, ONE = np.int64(-1), np.int64(0), np.int64(1)
BEFORE, AFTER = ZERO, ONE  # rows of tiles on both sides of a step


@helper
def _push(states, n, length, dead, count):
    """Add ``count`` tiles of a length to the multiset; equal ones are merged."""
    if length <= 0 or count == 0:
        return n
    if dead >= length:
        dead = -1
    for i in range(n):
        if states[i, 0] == length and states[i, 1] == dead:
            states[i, 2] += count
            return n
    if n >= STATES:
        raise OverflowError("too many different tile lengths in one dim")
    states[n, 0], states[n, 1], states[n, 2] = length, dead, count
    return n + 1


@helper
def _split_space(states, n, length, dead, count, step):
    """All coordinates of a spatial loop; ``dead`` is clipped along with the tile (see _chain_entry)."""
    full, rest = length // step, length % step
    if dead < 0:
        n = _push(states, n, step, NONE, count * full)
        return _push(states, n, rest, NONE, count)
    dead_full, dead_rest = dead // step, dead % step
    n = _push(states, n, step, NONE, count * dead_full)
    if dead_full < full:
        n = _push(states, n, step, dead_rest, count)
        n = _push(states, n, step, ZERO, count * (full - dead_full - 1))
        n = _push(states, n, rest, ZERO, count)
    else:
        n = _push(states, n, rest, dead_rest, count)
    return n


@helper
def _chain_entry(bound, loops, count, cut, stepping, indexes, states, fresh):
    """(A, B) of a single dim, from multisets of tile lengths: no position is visited one by one.

    A state is (length, dead, count). Tiles of one dim never overlap, so a set survives a step only where the inside
    loops have a single active tile. ``dead`` is the length that the other tile of an inside loop leaves: an instance
    that is idle in it has a single tile. -1: another tile is active for certain.
    """
    n = _push(states, ZERO, bound, ZERO, ONE)
    temporal = 0
    for loop in range(count):
        step, mode, m = loops[loop, STEP], loops[loop, MODE], ZERO
        for i in range(n):
            length, dead, times = states[i, 0], states[i, 1], states[i, 2]
            full, rest = length // step, length % step
            if mode == TEMPORAL and (temporal < cut or (temporal == cut and stepping)):
                last = rest if temporal < cut or full >= 1 else ZERO
                m = _push(fresh, m, step, ZERO, times * (full if temporal < cut else max(ZERO, full - 1)))
                m = _push(fresh, m, last, ZERO, times)
            elif mode == SUM:
                m = _split_space(fresh, m, length, dead, times, step)
            else:
                if mode == TEMPORAL:
                    start, left = ZERO, dead
                    if length > step:
                        left = NONE if full >= 2 or dead < 0 else max(min(step, dead), rest)
                else:
                    start = loops[loop, COORD] * step if mode == FIXED else ZERO
                    left = dead if dead < 0 else min(step, max(ZERO, dead - start))
                m = _push(fresh, m, min(step, length - start), left, times)
        if mode == TEMPORAL:
            temporal += 1
        states, fresh, n = fresh, states, m
    a = b = 0
    for i in range(n):
        value = states[i, 2] * states[i, 0] if indexes else states[i, 2]
        a += value
        if not indexes or (states[i, 1] == 0 and not stepping):
            b += value
    return a, b


@helper
def _feasible(length, first, dim, loops, count):
    """Whether the instance has anything to do in a tile of this length, by the loops from ``first`` on."""
    for loop in range(first, count):
        if loops[loop, DIM] == dim:
            if loops[loop, MODE] != TEMPORAL:
                length -= loops[loop, INDEX] * loops[loop, STEP]
            if length <= 0:
                return False
            length = min(length, loops[loop, STEP])
    return length > 0


@helper
def _tile(bounds, loops, count, cut, stepping, since, start, length):
    """Write start and length of every dim of one instance's tile, after a step, and before it if that is asked
    for (``since`` BEFORE); False when it is idle after it, and both rows mean nothing then."""
    for row in range(since, 2):
        for dim in range(DIMS):
            start[row, dim], length[row, dim] = 0, bounds[dim]
        temporal = 0
        for loop in range(count):
            dim, step, at = loops[loop, DIM], loops[loop, STEP], loops[loop, INDEX]
            whole = length[row, dim]
            if loops[loop, MODE] == TEMPORAL:
                if temporal == cut and stepping:
                    at += row - 1
                elif temporal >= cut:
                    at = ZERO
                    if row == BEFORE:
                        at = (whole - 1) // step
                        if at > 0 and not _feasible(whole - at * step, loop + 1, dim, loops, count):
                            at -= 1
                temporal += 1
            start[row, dim] += at * step
            length[row, dim] = min(step, whole - at * step)
    busy = True
    for dim in range(DIMS):
        busy &= length[AFTER, dim] > 0
    return busy


@helper
def _run(strides, length, row, dense):
    """Whether the set has no gap between its smallest and largest index."""
    if dense:
        return True
    reach, used = 1, 0
    for _ in range(DIMS):  # dims by growing stride: each must bridge what the smaller ones reach
        best = -1
        for dim in range(DIMS):
            if not (used >> dim) & 1 and (best < 0 or strides[dim] < strides[best]):
                best = dim
        used |= 1 << best
        if length[row, best] > 1 and strides[best] > reach:
            return False
        reach += strides[best] * (length[row, best] - 1)
    return True


@helper
def _span(strides, offset, start, length, row):
    """(smallest index, distance to the largest) of a set."""
    low, reach = offset, 0
    for dim in range(DIMS):
        low += strides[dim] * start[row, dim]
        reach += strides[dim] * (length[row, dim] - 1)
    return low, reach


@helper
def _overlap(strides, offset, size, start, length):
    """(|set|, |set and earlier set|) of two gapless sets, clipped to the data."""
    low0, reach0 = _span(strides, offset, start, length, BEFORE)
    low, reach = _span(strides, offset, start, length, AFTER)
    high, high0 = min(size - 1, low + reach), min(size - 1, low0 + reach0)
    low, low0 = max(0, low), max(0, low0)
    return max(0, high - low + 1), max(0, min(high, high0) - max(low, low0) + 1)


@helper
def _paint(canvas, colour, base, strides, offset, size, start, length, row, dense):
    """Mark the indexes of a tile that hold data: as held before (``row`` BEFORE, in ``colour``), or in the union and,
    unless held before, in the needed (in ``base``); returns how many are new to these two."""
    new = need = 0
    low, wide = _span(strides, offset, start, length, row)
    whole = _run(strides, length, row, dense)
    wide = wide + 1 if whole else 1
    for i in range(1 if whole else length[row, 0]):
        for j in range(1 if whole else length[row, 1]):
            for k in range(1 if whole else length[row, 2]):
                first = low + i * strides[0] + j * strides[1] + k * strides[2]
                for x in range(max(0, first), min(size, first + wide)):
                    if row == BEFORE:
                        canvas[0, x] = colour
                        continue
                    if canvas[1, x] != base:
                        canvas[1, x] = base
                        new += 1
                    if canvas[0, x] != colour and canvas[2, x] != base:
                        canvas[2, x] = base
                        need += 1
    return new, need


@helper
def _next(loops, count, which):
    """Advance the odometer over the loops that are MOVING with this mode; False when it wraps round."""
    for loop in range(count - 1, -1, -1):
        if loops[loop, MOVING] == which:
            loops[loop, INDEX] += 1
            if loops[loop, INDEX] < loops[loop, TRIPS]:
                return True
            loops[loop, INDEX] = loops[loop, LOW]
    return False


@helper
def _begin(loops, count, cut, stepping):
    """Put every loop to its first position: (whether there is one, whether no network merges different tiles)."""
    temporal, some, alone = 0, True, True
    for loop in range(count):
        mode, low = loops[loop, MODE], ZERO
        loops[loop, MOVING] = mode
        if mode == TEMPORAL:
            low = ONE if temporal == cut and stepping else ZERO
            loops[loop, MOVING] = SUM if temporal < cut + low else TEMPORAL
            temporal += 1
        elif mode == FIXED:
            low = loops[loop, COORD]
        elif mode != SUM and mode != FIRST:
            alone &= loops[loop, TRIPS] == 1
        some &= loops[loop, MOVING] != SUM or low < loops[loop, TRIPS]
        loops[loop, INDEX] = loops[loop, LOW] = low
    return some, alone


@kernel
def window_entry(rank, loops, count, cut, stepping, reuse, room):
    """(A, B) of a rank with several dims or with padding, by visiting its tile positions; B is 0 unless ``reuse``.

    rank: bounds and strides of its dims, offset, size, and whether sets are dense; loops: COLUMNS of each, ``count`` of
    them, of which INDEX, LOW and MOVING are written; room: see ``room_for``.
    """
    (bounds, strides, offset, size, dense), (start, length, canvas, clock) = rank, room
    summed, united, forwarded = np.int64(SUM), np.int64(UNION), np.int64(FORWARD)
    some, alone = _begin(loops, count, cut, stepping)
    since, colour, a, b = BEFORE if reuse else AFTER, clock[0], 0, 0
    while some:
        base, union, needed = colour + 1, 0, 0
        if alone and not _tile(bounds, loops, count, cut, stepping, since, start, length):
            pass
        elif alone and _run(strides, length, AFTER, dense) and (not reuse or _run(strides, length, BEFORE, dense)):
            union, kept = _overlap(strides, offset, size, start, length)
            needed = union - kept
        else:
            while True:  # over multicast coordinates: their union and the needed ones
                colour += 1
                for row in range(since, 2):
                    while True:  # over forwarding coordinates: first what any of them held before
                        if _tile(bounds, loops, count, cut, stepping, row, start, length):
                            new, need = _paint(canvas, colour, base, strides, offset, size, start, length, row, dense)
                            union, needed = union + new, needed + need
                        if not _next(loops, count, forwarded):
                            break
                if not _next(loops, count, united):
                    break
        a += union
        b += union - needed if reuse else 0
        some = _next(loops, count, summed)
    clock[0] = colour
    return a, b


def room_for(size: int) -> tuple[np.ndarray, ...]:
    """What window_entry writes into: start and length of tiles, and marks for a rank of this size, by a clock that
    goes on from one entry to the next."""
    start, length = np.empty((2, DIMS), np.int64), np.empty((2, DIMS), np.int64)
    return start, length, np.zeros((3, max(1, size)), np.int64), np.zeros(1, np.int64)


@kernel
def fill_tables(rows, variant_steps, tables, loop_dim, dim_bound, ranks, scratch, room, a, b):
    """Compute the tables of ``rows`` (table, variant) into a and b: stay[0..L] then step[0..L-1].

    ``variant_steps[row]`` holds the steps of all loops as that variant has them. tables: kind, rank or dim, loops and
    their modes and coordinates, how many, and whether only stay[L] is needed (no reuse between steps); ranks: dims,
    strides, offset, size, dense; scratch, room: see Plan.arrays.
    """
    kinds, indexes, table_loops, table_modes, table_coords, counts, firsts = tables
    rank_dims, rank_strides, rank_offset, rank_size, rank_dense = ranks
    loops, bounds, strides, enclosing, states, fresh = scratch
    for row in range(len(rows)):
        table = rows[row]
        kind, rank, count, first, temporal = kinds[table], indexes[table], counts[table], firsts[table], 0
        for dim in range(len(dim_bound)):
            enclosing[dim] = dim_bound[dim]
        for i in range(DIMS if kind == WINDOW else 0):
            dim = rank_dims[rank, i]
            bounds[i], strides[i] = dim_bound[dim] if dim >= 0 else 1, rank_strides[rank, i]
        for i in range(count):
            dim, step = loop_dim[table_loops[table, i]], variant_steps[row, table_loops[table, i]]
            loops[i, DIM], loops[i, STEP], loops[i, MODE] = dim, step, table_modes[table, i]
            loops[i, TRIPS], loops[i, COORD] = (enclosing[dim] + step - 1) // step, table_coords[table, i]
            enclosing[dim] = step
            temporal += loops[i, MODE] == TEMPORAL
            for term in range(DIMS if kind == WINDOW else 0):
                if rank_dims[rank, term] == dim:
                    loops[i, DIM] = term
        for entry in range(temporal if first else 0, temporal + 1 if first else 2 * temporal + 1):
            stepping = entry > temporal
            cut = entry - temporal - 1 if stepping else entry
            if kind == WINDOW:
                window = bounds, strides, rank_offset[rank], rank_size[rank], rank_dense[rank]
                a[row, entry], b[row, entry] = window_entry(window, loops, count, cut, stepping, not first, room)
            else:
                a[row, entry], b[row, entry] = _chain_entry(
                    dim_bound[rank], loops, count, cut, stepping, kind == CHAIN, states, fresh
                )


@kernel
def fold(a, b, ids, rows, folds, table_temporal, scratch, out):
    """count = |first tile| + sum over steps of (prod A - prod B), per fold and mapping.

    rows: (of ids, base, stride) per table: for table t, mapping m uses row ``base[t] + ids[of[t], m] x stride[t]`` of a
    and b. folds: per fold how many groups, their tables, whether to sum over all positions, how many temporal loops,
    and per temporal loop its group (position among the tables). scratch: two rows, as long as there are groups.
    """
    table_ids, table_base, table_stride = rows
    fold_groups, fold_tables, fold_full, fold_loops, fold_loop_group = folds
    cuts, at = scratch
    for m in range(ids.shape[1]):
        for f in range(len(fold_full)):
            groups, full = fold_groups[f], fold_full[f]
            total = 1
            for g in range(groups):
                cuts[g] = 0
                table = fold_tables[f, g]
                at[g] = table_base[table] + ids[table_ids[table], m] * table_stride[table]
                total *= a[at[g], table_temporal[table] if full else 0]
            for i in range(0 if full else fold_loops[f]):
                stepper = fold_loop_group[f, i]
                entry = table_temporal[fold_tables[f, stepper]] + 1 + cuts[stepper]
                after, kept = a[at[stepper], entry], b[at[stepper], entry]
                if after != 0:
                    for g in range(groups):
                        if g != stepper:
                            after *= a[at[g], cuts[g]]
                            kept *= b[at[g], cuts[g]]
                    total += after - kept
                cuts[stepper] += 1
            out[f, m] = total


@kernel
def variants(steps, columns, slots, ids, examples):
    """Write per mapping the number of its combination of steps in ``columns``, and one mapping per combination; returns
    how many there are. ``slots``: -1 each, a power of two and at least twice as many as mappings."""
    count, mask = 0, len(slots) - 1
    for m in range(len(steps)):
        key = 1469598103934665603
        for c in columns:
            key = (key ^ steps[m, c]) * 1099511628211
        slot = (key ^ (key >> 32)) & mask
        known = -1
        while known < 0:
            known = slots[slot]
            if known < 0:
                known = slots[slot] = count
                examples[count] = m
                count += 1
            for c in columns:
                if steps[examples[known], c] != steps[m, c]:
                    known = -1
                    break
            slot = (slot + 1) & mask
        ids[m] = known
    return count
