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

kernel = njit(cache=True, error_model="numpy")
helper = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

TEMPORAL, SUM, UNION, FORWARD, FIRST, FIXED = range(6)
# Kinds of tables: one dim that indexes, one dim that does not, a window, all that a window ever holds.
CHAIN, REUSE, WINDOW, COVER = range(4)
STATES = 256
DIMS = 3  # terms of a rank at most


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
        n = _push(states, n, step, -1, count * full)
        return _push(states, n, rest, -1, count)
    dead_full, dead_rest = dead // step, dead % step
    n = _push(states, n, step, -1, count * dead_full)
    if dead_full < full:
        n = _push(states, n, step, dead_rest, count)
        n = _push(states, n, step, 0, count * (full - dead_full - 1))
        n = _push(states, n, rest, 0, count)
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
    n = _push(states, 0, bound, 0, 1)
    temporal = 0
    for loop in range(loops):
        step, mode, m = steps[loop], modes[loop], 0
        for i in range(n):
            length, dead, count = states[i, 0], states[i, 1], states[i, 2]
            full, rest = length // step, length % step
            if mode == TEMPORAL:
                if temporal < cut:
                    m = _push(fresh, m, step, 0, count * full)
                    m = _push(fresh, m, rest, 0, count)
                elif temporal == cut and stepping:
                    if full >= 1:
                        m = _push(fresh, m, step, 0, count * (full - 1))
                        m = _push(fresh, m, rest, 0, count)
                elif length <= step:
                    m = _push(fresh, m, length, dead, count)
                elif full >= 2 or dead < 0:
                    m = _push(fresh, m, step, -1, count)
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
def _tile(bounds, dims, steps, modes, loops, cut, stepping, index, before, start, length):
    """Write start and length of every dim of one instance's tile just before or after a step; False when idle."""
    for dim in range(DIMS):
        start[dim], length[dim] = 0, bounds[dim]
    temporal = 0
    for loop in range(loops):
        dim, step = dims[loop], steps[loop]
        at = index[loop]
        if modes[loop] == TEMPORAL:
            if temporal == cut and stepping and before:
                at -= 1
            elif temporal > cut or (temporal == cut and not stepping):
                at = 0
                if before:
                    at = (length[dim] - 1) // step
                    rest = length[dim] - at * step
                    if at > 0 and not _feasible(rest, loop + 1, loops, dim, dims, steps, modes, index):
                        at -= 1
            temporal += 1
        start[dim] += at * step
        length[dim] = min(step, length[dim] - at * step)
        if length[dim] <= 0:
            return False
    return True


@helper
def _run(strides, length, dense):
    """Whether the set has no gap between its smallest and largest index."""
    if dense:
        return True
    reach, steps_left = 1, 0
    used = np.zeros(DIMS, np.bool_)
    for _ in range(DIMS):  # dims by growing stride: each must bridge what the smaller ones reach
        best = -1
        for dim in range(DIMS):
            if not used[dim] and (best < 0 or strides[dim] < strides[best]):
                best = dim
        used[best] = True
        if length[best] > 1:
            if strides[best] > reach:
                steps_left += 1
            reach += strides[best] * (length[best] - 1)
    return steps_left == 0


@helper
def _paint(canvas, colour, strides, offset, size, start, length, dense):
    """Mark the indexes of a tile that hold data; returns how many were not marked in this colour yet."""
    new = 0
    low, reach = offset, 0
    for dim in range(DIMS):
        low += strides[dim] * start[dim]
        reach += strides[dim] * (length[dim] - 1)
    if _run(strides, length, dense):
        for x in range(max(0, low), min(size - 1, low + reach) + 1):
            if canvas[x] != colour:
                canvas[x] = colour
                new += 1
        return new
    for i in range(length[0]):
        for j in range(length[1]):
            for k in range(length[2]):
                x = low + i * strides[0] + j * strides[1] + k * strides[2]
                if 0 <= x < size and canvas[x] != colour:
                    canvas[x] = colour
                    new += 1
    return new


@helper
def _next(index, trips, moving, low):
    """Advance the odometer over the loops in ``moving`` (bool per loop); False when it wraps round."""
    for loop in range(len(index) - 1, -1, -1):
        if moving[loop]:
            index[loop] += 1
            if index[loop] < trips[loop]:
                return True
            index[loop] = low[loop]
    return False


@helper
def _contiguous_overlap(strides, offset, size, start, length, start0, length0):
    """(|set|, |set and earlier set|) of two gapless sets, clipped to the data."""
    low, low0, reach, reach0 = offset, offset, 0, 0
    for dim in range(DIMS):
        low += strides[dim] * start[dim]
        reach += strides[dim] * (length[dim] - 1)
        low0 += strides[dim] * start0[dim]
        reach0 += strides[dim] * (length0[dim] - 1)
    high, high0 = min(size - 1, low + reach), min(size - 1, low0 + reach0)
    low, low0 = max(0, low), max(0, low0)
    return max(0, high - low + 1), max(0, min(high, high0) - max(low, low0) + 1)


@kernel
def window_entry(bounds, strides, offset, size, dense, dims, steps, modes, trips, coords, loops, cut, stepping, reuse):
    """(A, B) of a rank with several dims or with padding, by visiting its tile positions; B is 0 unless ``reuse``."""
    index, low = np.zeros(loops, np.int64), np.zeros(loops, np.int64)
    outer, merged = np.zeros(loops, np.bool_), np.zeros(loops, np.bool_)
    forwarded = np.zeros(loops, np.bool_)
    temporal, alone = 0, True
    for loop in range(loops):
        if modes[loop] == TEMPORAL:
            outer[loop] = temporal < cut or (temporal == cut and stepping)
            low[loop] = 1 if temporal == cut and stepping else 0
            temporal += 1
        elif modes[loop] == SUM:
            outer[loop] = True
        elif modes[loop] == UNION:
            merged[loop], alone = True, alone and trips[loop] == 1
        elif modes[loop] == FORWARD:
            forwarded[loop], alone = True, alone and trips[loop] == 1
        else:
            low[loop] = coords[loop] if modes[loop] == FIXED else 0
        index[loop] = low[loop]
        if outer[loop] and low[loop] >= trips[loop]:
            return 0, 0
    start, length = np.empty(DIMS, np.int64), np.empty(DIMS, np.int64)
    start0, length0 = np.empty(DIMS, np.int64), np.empty(DIMS, np.int64)
    canvas = np.zeros((4, size if size > 0 else 1), np.int64)
    colour = a = b = 0
    while True:
        if alone:
            if _tile(bounds, dims, steps, modes, loops, cut, stepping, index, False, start, length):
                if reuse:
                    _tile(bounds, dims, steps, modes, loops, cut, stepping, index, True, start0, length0)
                if _run(strides, length, dense) and (not reuse or _run(strides, length0, dense)):
                    now, kept = _contiguous_overlap(strides, offset, size, start, length, start0, length0)
                    a += now
                    b += kept if reuse else 0
                else:
                    colour += 1
                    if reuse:
                        _paint(canvas[0], colour, strides, offset, size, start0, length0, dense)
                    now = _paint(canvas[1], colour, strides, offset, size, start, length, dense)
                    fresh = _paint(canvas[0], colour, strides, offset, size, start, length, dense) if reuse else now
                    a += now
                    b += now - fresh
        else:
            base = colour
            union = needed = 0
            while True:  # over multicast coordinates: colours 1 and 2 collect the union and the needed ones
                colour += 1
                while True:  # over forwarding coordinates: colour 0 is what they held before
                    if _tile(bounds, dims, steps, modes, loops, cut, stepping, index, False, start, length) and reuse:
                        _tile(bounds, dims, steps, modes, loops, cut, stepping, index, True, start0, length0)
                        _paint(canvas[0], colour, strides, offset, size, start0, length0, dense)
                    if not _next(index, trips, forwarded, low):
                        break
                while True:
                    if _tile(bounds, dims, steps, modes, loops, cut, stepping, index, False, start, length):
                        new, need = _collect(canvas, colour, base + 1, strides, offset, size, start, length, dense)
                        union += new
                        needed += need
                    if not _next(index, trips, forwarded, low):
                        break
                if not _next(index, trips, merged, low):
                    break
            a += union
            b += union - needed
        if not _next(index, trips, outer, low):
            break
    return a, b


@helper
def _collect(canvas, colour, base, strides, offset, size, start, length, dense):
    """Add a tile to the union (row 1) and its elements not held before (row 0) to the needed (row 2)."""
    new = need = 0
    low, reach = offset, 0
    for dim in range(DIMS):
        low += strides[dim] * start[dim]
        reach += strides[dim] * (length[dim] - 1)
    if _run(strides, length, dense):
        for x in range(max(0, low), min(size - 1, low + reach) + 1):
            new += _mark(canvas[1], x, base)
            if canvas[0, x] != colour:
                need += _mark(canvas[2], x, base)
        return new, need
    for i in range(length[0]):
        for j in range(length[1]):
            for k in range(length[2]):
                x = low + i * strides[0] + j * strides[1] + k * strides[2]
                if 0 <= x < size:
                    new += _mark(canvas[1], x, base)
                    if canvas[0, x] != colour:
                        need += _mark(canvas[2], x, base)
    return new, need


@helper
def _mark(row, x, colour):
    if row[x] == colour:
        return 0
    row[x] = colour
    return 1


@kernel
def window_cover(bounds, strides, offset, size, dense, dims, steps, modes, trips, coords, loops):
    """Different indexes that a rank ever reaches, per combination of SUM coordinates (UNION ones together), summed."""
    index, low = np.zeros(loops, np.int64), np.zeros(loops, np.int64)
    outer, inner = np.zeros(loops, np.bool_), np.zeros(loops, np.bool_)
    for loop in range(loops):
        inner[loop] = modes[loop] in (TEMPORAL, UNION)
        outer[loop] = modes[loop] == SUM
        if modes[loop] == FIXED:
            low[loop] = coords[loop]
        index[loop] = low[loop]
    start, length = np.empty(DIMS, np.int64), np.empty(DIMS, np.int64)
    canvas = np.zeros(size if size > 0 else 1, np.int64)
    total = colour = 0
    while True:
        colour += 1
        while True:
            if _tile(bounds, dims, steps, modes, loops, loops, False, index, False, start, length):
                total += _paint(canvas, colour, strides, offset, size, start, length, dense)
            if not _next(index, trips, inner, low):
                break
        if not _next(index, trips, outer, low):
            break
    return total


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

    ``variant_steps[row]`` holds the steps of all loops as that variant has them. A COVER table has one entry; tables
    with ``table_first`` set need only stay[L] (no reuse between steps).
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
        if kind in (WINDOW, COVER):
            for i in range(DIMS):
                dim = rank_dims[rank, i]
                bounds[i] = dim_bound[dim] if dim >= 0 else 1
                strides[i] = rank_strides[rank, i]
                for j in range(loops):
                    if loop_dim[table_loops[table, j]] == dim:
                        dims[j] = i
        if kind == COVER:
            a[row, 0] = window_cover(
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
            )
            continue
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
