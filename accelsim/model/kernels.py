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

kernel = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

TEMPORAL, SUM, UNION, FORWARD, FIRST, FIXED = range(6)
# Kinds of tables: one dim that indexes, one dim that does not, a window.
CHAIN, REUSE, WINDOW = range(3)
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
    """All coordinates of a spatial loop; ``dead`` is clipped along with the tile (see chain_entry)."""
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


@kernel
def chain_entry(bound, steps, modes, coords, loops, cut, stepping, indexes):
    """(A, B) of a single dim, from multisets of tile lengths: no position is visited one by one.

    A state is (length, dead, count). Tiles of one dim never overlap, so a set survives a step only where the inside
    loops have a single active tile. ``dead`` is the length that the other tile of an inside loop leaves: an instance
    that is idle in it has a single tile. -1: another tile is active for certain.
    """
    states = np.empty((STATES, 3), np.int64)
    fresh = np.empty((STATES, 3), np.int64)
    n = _push(states, ZERO, bound, ZERO, ONE)
    temporal = 0
    for loop in range(loops):
        step, mode, m = steps[loop], modes[loop], ZERO
        for i in range(n):
            length, dead, count = states[i, 0], states[i, 1], states[i, 2]
            full, rest = length // step, length % step
            if mode == TEMPORAL:
                if temporal < cut:
                    m = _push(fresh, m, step, ZERO, count * full)
                    m = _push(fresh, m, rest, ZERO, count)
                elif temporal == cut and stepping:
                    if full >= 1:
                        m = _push(fresh, m, step, ZERO, count * (full - 1))
                        m = _push(fresh, m, rest, ZERO, count)
                elif length <= step:
                    m = _push(fresh, m, length, dead, count)
                elif full >= 2 or dead < 0:
                    m = _push(fresh, m, step, NONE, count)
                else:
                    m = _push(fresh, m, step, max(min(step, dead), rest), count)
            elif mode == SUM:
                m = _split_space(fresh, m, length, dead, count, step)
            else:
                start = coords[loop] * step if mode == FIXED else 0
                left = dead if dead < 0 else min(step, max(0, dead - start))
                m = _push(fresh, m, min(step, length - start), left, count)
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
def _feasible(length, first, loops, dim, dims, steps, modes, index):
    """Whether the instance has anything to do in a tile of this length, by the loops from ``first`` on."""
    for loop in range(first, loops):
        if dims[loop] == dim:
            if modes[loop] != TEMPORAL:
                length -= index[loop] * steps[loop]
            if length <= 0:
                return False
            length = min(length, steps[loop])
    return length > 0


@helper
def _tile(bounds, dims, steps, modes, loops, cut, stepping, index, since, start, length):
    """Write start and length of every dim of one instance's tile, after a step, and before it if that is asked
    for (``since`` BEFORE); False when it is idle after it."""
    for row in range(since, 2):
        for dim in range(DIMS):
            start[row, dim], length[row, dim] = 0, bounds[dim]
        temporal = 0
        for loop in range(loops):
            dim, step, at = dims[loop], steps[loop], index[loop]
            if modes[loop] == TEMPORAL:
                if temporal == cut and stepping:
                    at += row - 1
                elif temporal >= cut:
                    at = 0
                    if row == BEFORE:
                        at = (length[row, dim] - 1) // step
                        rest = length[row, dim] - at * step
                        if at > 0 and not _feasible(rest, loop + 1, loops, dim, dims, steps, modes, index):
                            at -= 1
                temporal += 1
            start[row, dim] += at * step
            length[row, dim] = min(step, length[row, dim] - at * step)
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
def _next(index, trips, moving, which, low):
    """Advance the odometer over the loops whose ``moving`` is this; False when it wraps round."""
    for loop in range(len(index) - 1, -1, -1):
        if moving[loop] == which:
            index[loop] += 1
            if index[loop] < trips[loop]:
                return True
            index[loop] = low[loop]
    return False


@kernel
def window_entry(bounds, strides, offset, size, dense, dims, steps, modes, trips, coords, loops, cut, stepping, reuse):
    """(A, B) of a rank with several dims or with padding, by visiting its tile positions; B is 0 unless ``reuse``."""
    index, low, moving = np.zeros(loops, np.int64), np.zeros(loops, np.int64), np.zeros(loops, np.int64)
    summed, united, forwarded = np.int64(SUM), np.int64(UNION), np.int64(FORWARD)
    since, temporal, alone = BEFORE if reuse else AFTER, 0, True
    for loop in range(loops):
        mode = modes[loop]
        if mode == TEMPORAL:
            low[loop] = 1 if temporal == cut and stepping else 0
            moving[loop] = SUM if temporal < cut + low[loop] else TEMPORAL
            temporal += 1
        else:
            moving[loop] = mode
            low[loop] = coords[loop] if mode == FIXED else 0
            alone &= trips[loop] == 1 or (mode != UNION and mode != FORWARD)
        index[loop] = low[loop]
        if moving[loop] == SUM and low[loop] >= trips[loop]:
            return 0, 0
    start, length = np.zeros((2, DIMS), np.int64), np.zeros((2, DIMS), np.int64)
    canvas = np.zeros((3, size if size > 0 else 1), np.int64)
    colour = a = b = 0
    while True:
        base, union, needed = colour + 1, 0, 0
        if alone and not _tile(bounds, dims, steps, modes, loops, cut, stepping, index, since, start, length):
            pass
        elif alone and _run(strides, length, AFTER, dense) and (not reuse or _run(strides, length, BEFORE, dense)):
            union, needed = _overlap(strides, offset, size, start, length)
            needed = union - needed
        else:
            while True:  # over multicast coordinates: their union and the needed ones
                colour += 1
                for row in range(since, 2):
                    while True:  # over forwarding coordinates: first what any of them held before
                        if _tile(bounds, dims, steps, modes, loops, cut, stepping, index, row, start, length):
                            new, need = _paint(canvas, colour, base, strides, offset, size, start, length, row, dense)
                            union, needed = union + new, needed + need
                        if not _next(index, trips, moving, forwarded, low):
                            break
                if not _next(index, trips, moving, united, low):
                    break
        a += union
        b += union - needed if reuse else 0
        if not _next(index, trips, moving, summed, low):
            break
    return a, b


@kernel
def fill_tables(
    rows,
    variant_steps,
    table_kind,
    table_rank,
    table_loops,
    table_modes,
    table_coords,
    table_size,
    table_first,
    loop_dim,
    dim_bound,
    rank_dims,
    rank_strides,
    rank_offset,
    rank_size,
    rank_dense,
    a,
    b,
):
    """Compute the tables of ``rows`` (table, variant) into a and b: stay[0..L] then step[0..L-1].

    ``variant_steps[row]`` holds the steps of all loops as that variant has them. Tables with ``table_first``
    set need only stay[L] (no reuse between steps).
    """
    widest = table_loops.shape[1]
    steps, modes = np.empty(widest, np.int64), np.empty(widest, np.int64)
    coords, trips = np.empty(widest, np.int64), np.empty(widest, np.int64)
    dims = np.empty(widest, np.int64)
    bounds, strides = np.ones(DIMS, np.int64), np.zeros(DIMS, np.int64)
    enclosing = np.empty(len(dim_bound), np.int64)
    for row in range(len(rows)):
        table = rows[row]
        kind, rank, loops = table_kind[table], table_rank[table], table_size[table]
        temporal = 0
        for dim in range(len(dim_bound)):
            enclosing[dim] = dim_bound[dim]
        for i in range(loops):
            loop = table_loops[table, i]
            dim = loop_dim[loop]
            steps[i], modes[i], coords[i] = variant_steps[row, loop], table_modes[table, i], table_coords[table, i]
            trips[i] = (enclosing[dim] + steps[i] - 1) // steps[i]
            enclosing[dim] = steps[i]
            temporal += modes[i] == TEMPORAL
            dims[i] = dim
        if kind == WINDOW:
            for i in range(DIMS):
                dim = rank_dims[rank, i]
                bounds[i] = dim_bound[dim] if dim >= 0 else 1
                strides[i] = rank_strides[rank, i]
                for j in range(loops):
                    if loop_dim[table_loops[table, j]] == dim:
                        dims[j] = i
        for entry in range(2 * temporal + 1):
            stepping = entry > temporal
            cut = entry - temporal - 1 if stepping else entry
            if table_first[table] and entry != temporal:
                continue
            if kind == WINDOW:
                a[row, entry], b[row, entry] = window_entry(
                    bounds,
                    strides,
                    rank_offset[rank],
                    rank_size[rank],
                    rank_dense[rank],
                    dims,
                    steps,
                    modes,
                    trips,
                    coords,
                    loops,
                    cut,
                    stepping,
                    not table_first[table],
                )
            else:
                a[row, entry], b[row, entry] = chain_entry(
                    dim_bound[rank], steps, modes, coords, loops, cut, stepping, kind == CHAIN
                )


@kernel
def fold(
    a,
    b,
    ids,
    table_ids,
    table_base,
    table_stride,
    fold_groups,
    fold_tables,
    fold_full,
    fold_loops,
    fold_loop_group,
    table_temporal,
    out,
):
    """count = |first tile| + sum over steps of (prod A - prod B), per fold and mapping.

    For table t, mapping m uses row ``table_base[t] + ids[table_ids[t], m] x table_stride[t]`` of a and b.
    ``fold_loop_group[f, i]``: the group (position in ``fold_tables[f]``) of the fold's i-th temporal loop.
    ``fold_full``: sum over all positions.
    """
    cuts = np.empty(fold_tables.shape[1], np.int64)
    at = np.empty(fold_tables.shape[1], np.int64)
    for m in range(ids.shape[1]):
        for f in range(len(fold_full)):
            groups, full = fold_groups[f], fold_full[f]
            total = 1
            for g in range(groups):
                cuts[g] = 0
                table = fold_tables[f, g]
                at[g] = table_base[table] + ids[table_ids[table], m] * table_stride[table]
                total *= a[at[g], table_temporal[table] if full else 0]
            if not full:
                for i in range(fold_loops[f]):
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
def variants(steps, columns):
    """Per mapping the number of its combination of steps in ``columns``; and one mapping per combination."""
    size = 1024
    while size < 2 * len(steps):
        size *= 2
    slots = np.full(size, -1, np.int64)
    ids = np.empty(len(steps), np.int64)
    examples = np.empty(len(steps), np.int64)
    count = 0
    for m in range(len(steps)):
        key = 1469598103934665603
        for c in columns:
            key = (key ^ steps[m, c]) * 1099511628211
        slot = (key ^ (key >> 32)) & (size - 1)
        while True:
            known = slots[slot]
            if known < 0:
                slots[slot] = count
                examples[count] = m
                ids[m] = count
                count += 1
                break
            same = True
            for c in columns:
                if steps[examples[known], c] != steps[m, c]:
                    same = False
                    break
            if same:
                ids[m] = known
                break
            slot = (slot + 1) & (size - 1)
    return ids, examples[:count].copy()
