"""Compiled walk over the lattice of one frame, from the MACs outwards: exact labels, guided by a relaxed bound.

A label is an inner part of a nest.  It stands at a tile vector ``q`` and knows per tensor which level must come next
(``state``, mixed radix), which edges are *open* (their child's tile has not changed yet, so dims that reuse it are
free) and which of those slide, from which tile on.  When the child's tile changes, an open edge pays for all its tiles;
while it slides every loop gives back what stays when it steps.  Labels alike in all of this compete: only the cheaper
or the smaller one stays.

What is still to come at least is found by accelsim.search.bound_kernels, memory by memory instead of all tensors of a
memory together.
Kernels that call each other live in one module, because Numba's cache does not follow calls across files.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

# Kernels that neither make nor return arrays need not count references to them.  Counting takes longer than all else
# that they do: an atomic addition for every array of every tuple, in every call.
kernel = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

# Columns of a label's integers; NODES: edges whose children stand right inside its loop; from SLOT on, per slot where
# its slide began (special tile vector + 1) or 0.
Q, STATE, OPEN, REGION, PLACED, PARENT, MOVE, NODES, NEXT, ALIVE, SLOT = range(11)
# What a loop over a dim does to a tensor's tile: nothing, another one, one that may overlap, nothing but be uneven.
FREE, MOVES, SLIDES, REUSES = range(4)
# Columns of a place among the children put around a label: what is tried there next (a loop by its number, then the
# next fan-out, the end, and the child of every edge), the first edge whose child may come, whether the next fan-out is
# passed, and dims over which no loop may come.
OPTION, EDGE, PASSING, BARRED, COLUMNS = range(5)
# Counters of a walk.
LABELS, HEAP, POPS, BUCKETS, WORK, COUNTERS = range(6)
PER_LABEL = 500  # comparisons of labels that take as long as one expansion, and more
ENERGY, LATENCY, EDP = range(3)
RUNNING, FOUND, EMPTY, FULL = range(4)
PASS = 900
SPREAD = 0x9E3779B97F4A7C1  # spreads the keys of a guide over its table
CLOSE = 1e-12


@helper
def _stays(i, t, start, w, move, terms, groups, kept, out):
    """Write per measure what stays, per visit, when a loop (-1: over dims that reuse the tensor) steps around tile
    vector ``w`` and the node's tile is ``start``."""
    first, measure, weight, _, at_kept = terms
    many, local, counts, kinds, kind_of = groups
    for k in range(len(out)):
        out[k] = 0.0
    for term in range(first[i], first[i + 1]):
        value = weight[term]
        for g in range(many[t]):
            kind = kind_of[t, g, move] if move >= 0 else 0
            value *= kept[at_kept[term, g] + (local[t, g, start] * counts[t, g] + local[t, g, w]) * kinds[t, g] + kind]
            if value == 0.0:
                break
        out[measure[term]] += value


@kernel
def _value(objective, compute, rates, values):
    """(primary, secondary) of a vector of measures: energy, then words per port."""
    cycles = compute
    for k in range(1, len(values)):
        cycles = max(cycles, np.ceil(values[k] / rates[k] * (1.0 - CLOSE)))
    if objective == ENERGY:
        return values[0], cycles, cycles
    if objective == LATENCY:
        return cycles, values[0], cycles
    return values[0] * cycles, values[0], cycles


@helper
def _key(objective, compute, rates, ahead, paid, weight, left):
    """Order in which labels are looked at: what is still to come weighs a little more than what is paid, and so does
    every loop that is ``left``."""
    _, _, cycles = _value(objective, compute, rates, ahead)
    energy = (ahead[0] + weight * (ahead[0] - paid)) * (1.0 + 0.02 * weight * left)
    if objective == ENERGY:
        return energy
    if objective == EDP:
        return energy * cycles
    return cycles + energy / (energy + 1e15)


@kernel
def _hopeless(objective, compute, rates, values, goal, front, fronts):
    """Whether nothing with at least these measures can be better than what is known.

    goal: best primary, best secondary, gap, most cycles, most energy, least primary given up for the gap.
    """
    first, second, cycles = _value(objective, compute, rates, values)
    if first == np.inf or cycles > goal[3] or values[0] > goal[4] * (1.0 + CLOSE):
        return True
    for i in range(fronts):
        if front[i, 0] <= values[0] * (1.0 + CLOSE) and front[i, 1] <= cycles:
            return True
    if fronts > 0:
        return False
    if first > goal[0] * (1.0 + CLOSE):
        return True
    if goal[2] > 0.0:
        if first >= goal[0] * (1.0 - goal[2]):
            goal[5] = min(goal[5], first)
            return True
        return False
    return first >= goal[0] * (1.0 - CLOSE) and second >= goal[1] * (1.0 - CLOSE)


@helper
def _push(keys, ids, counters, key, label):
    n = counters[HEAP]
    counters[HEAP] = n + 1
    while n > 0:
        up = (n - 1) >> 1
        if keys[up] < key or (keys[up] == key and ids[up] < label):
            break
        keys[n], ids[n] = keys[up], ids[up]
        n = up
    keys[n], ids[n] = key, label


@helper
def _pop(keys, ids, counters):
    top, label = keys[0], ids[0]
    n = counters[HEAP] - 1
    counters[HEAP] = n
    key, last = keys[n], ids[n]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        right = child + 1
        if right < n and (keys[right] < keys[child] or (keys[right] == keys[child] and ids[right] < ids[child])):
            child = right
        if key < keys[child] or (key == keys[child] and last < ids[child]):
            break
        keys[at], ids[at] = keys[child], ids[child]
        at = child
    keys[at], ids[at] = key, last
    return top, label


@helper
def _hash(row, mask):
    h = 1469598103934665603
    for column in range(len(row)):
        if column <= PLACED or column >= SLOT:
            h = (h ^ row[column]) * 1099511628211
            h ^= h >> 29
    return (h ^ (h >> 32)) & mask


@helper
def _same(a, b):
    for column in range(len(a)):
        if (column <= PLACED or column >= SLOT) and a[column] != b[column]:
            return False
    return True


@helper
def _covers(a, b, measures, lexical):
    """Whether the label of floats ``a`` may stand for ``b`` whatever comes: its highest against the lowest of ``b``."""
    for r in range(2 * measures, len(a)):
        if a[r] > b[r]:
            return False
    if lexical and a[measures] < b[0] * (1.0 - CLOSE):
        return True
    for k in range(measures):
        if a[measures + k] > b[k] * (1.0 + CLOSE) + CLOSE:
            return False
    return True


@helper
def _copy(ints, floats, to_ints, to_floats):
    for i in range(len(ints)):
        to_ints[i] = ints[i]
    for i in range(len(floats)):
        to_floats[i] = floats[i]


@helper
def _insert(ints, floats, table, counters, row, values, measures, lexical):
    """Add a label unless one like it covers it; labels that it covers die. Returns its number or -1."""
    mask = len(table) - 1
    slot = _hash(row, mask)
    while table[slot] >= 0 and not _same(ints[table[slot]], row):
        slot = (slot + 1) & mask
    head = table[slot]
    if head < 0:
        counters[BUCKETS] += 1
    at, before = head, -1
    while at >= 0:
        counters[WORK] += 1
        if _covers(floats[at], values, measures, lexical):
            return -1
        after = ints[at, NEXT]
        if _covers(values, floats[at], measures, lexical):
            ints[at, ALIVE] = 0
            if before < 0:
                head = after
            else:
                ints[before, NEXT] = after
        else:
            before = at
        at = after
    n = counters[LABELS]
    counters[LABELS] = n + 1
    _copy(row, values, ints[n], floats[n])
    ints[n, ALIVE] = 1
    ints[n, NEXT] = head
    table[slot] = n
    return n


@kernel
def rehashed(ints, table, fresh):
    """Write the same chains into a larger table, -1 throughout."""
    mask = len(fresh) - 1
    for i in range(len(table)):
        if table[i] >= 0:
            slot = _hash(ints[table[i]], mask)
            while fresh[slot] >= 0:
                slot = (slot + 1) & mask
            fresh[slot] = table[i]


@helper
def _settle(row, values, move, dim, trips, site, costs, now):
    """What a loop (-1: nothing more comes) does to the open items of a label; False when it may not be."""
    tensor, special, visits, slots, slide_of = site
    low, exact, constant, terms, groups, kept, roles, steps, live, closed_ok = costs
    q, opened, still, measures = row[Q], row[OPEN], 0, len(now)
    for i in range(len(tensor)):
        if not (opened >> i) & 1:
            continue
        t, slot = tensor[i], slots[i]
        w, v = special[t, q], visits[t, q]
        role = roles[t, dim] if dim >= 0 else MOVES
        start = row[SLOT + slot] - 1 if slot >= 0 else -1
        if start < 0:
            if role == FREE or role == REUSES:
                still |= 1 << i
                continue
            if not closed_ok[i, q]:
                return False
            for k in range(measures):
                passes = low[i, k, w] * v + constant[i, k]
                values[k] += passes
                values[measures + k] += passes if exact[i, k] else np.inf
            start = w
        if slot < 0:
            continue
        row[SLOT + slot] = 0
        if role == MOVES:
            continue
        to = w if role == FREE else steps[t, move, w]
        _stays(i, t, start, w, -1 if role == FREE else move, terms, groups, kept, now)
        if role == FREE:
            v *= 1.0 - 1.0 / trips
        for k in range(measures):
            values[k] -= now[k] * v
            values[measures + k] -= now[k] * v
        if live[slide_of[i], start, to]:
            row[SLOT + slot] = start + 1
            still |= 1 << i
    row[OPEN] = still
    return True


@helper
def _noted(q, state, tiles, guide):
    """What a standing still comes to at least, with prices (accelsim.search.slid); infinite where it is ruled out.
    ``state``: with the open children of tensors that never slide still to come; the guide's codes say which edges of
    the others are open or slide."""
    plain, _, _, table, waits, codes, keys, found = guide
    number, mask = plain[state], len(keys) - 1
    for t in range(len(codes)):
        if codes[t]:
            number += table[t, waits[t, state], codes[t]] - table[t, waits[t, state], 0]
    key = number * tiles + q
    slot = (key * SPREAD >> 20) & mask
    while keys[slot] >= 0:
        if keys[slot] == key:
            return found[slot]
        slot = (slot + 1) & mask
    return np.inf


@helper
def _ahead(row, values, back, site, bounds, memories, guide, ahead):
    """Write what a label comes to at least, per measure; energy also with a price on the bits of shared memories."""
    tensor, special, visits, slots, slide_of = site
    bound, priced_bound, saved, row_of = bounds
    price, wanted, bits, item_group, limit = memories
    _, opened, sliding, _, _, codes, keys, _ = guide
    # s: the state with every open child still to come; plain: those of tensors that never slide alone.
    q, s, plain, freed, regained = row[Q], row[STATE], row[STATE], 0.0, 0.0
    for k in range(len(ahead)):
        ahead[k] = values[k]
    for t in range(len(codes)):
        codes[t] = 0
    for i in range(len(tensor)):
        if not (row[OPEN] >> i) & 1:
            continue
        t, slot = tensor[i], slots[i]
        begun = row[SLOT + slot] if slot >= 0 else 0
        if begun:
            codes[t] += sliding[i]
            for k in range(len(ahead)):
                ahead[k] -= saved[slide_of[i], k, begun - 1, special[t, q]] * visits[t, q]
            continue
        worth = price[item_group[i]] * bits[i, q] if item_group[i] >= 0 else 0.0
        s = back[i, s]
        freed += worth
        codes[t] += opened[i]
        if not opened[i]:
            plain = back[i, plain]
            regained += worth
    priced, s = ahead[0], row_of[s]
    for k in range(len(ahead)):
        ahead[k] += bound[k, q, s]
    over = 0.0
    for g in range(len(price)):
        if wanted[g, row[STATE]]:
            over += price[g] * (values[2 * len(ahead) + g] - limit[g])
    if len(priced_bound) > 1:
        ahead[0] = max(ahead[0], priced + priced_bound[q, s] - freed + over)
    if len(keys) > 1:
        rest = 0.0
        if row[STATE] != 0 or row[OPEN] != 0:
            rest = _noted(q, plain, special.shape[1], guide) - regained
        ahead[0] = max(ahead[0], values[0] + rest + over)


@helper
def _may_pass(row, outermost, pass_need, passed, digits):
    """Whether all that lies inside the next fan-out stands, and nothing of the one before is still to come."""
    region = row[REGION]
    if outermost[row[STATE]] >= pass_need[region]:
        return False
    for dim in range(len(digits)):
        if region > 0 and digits[dim, row[Q]] < passed[region - 1, dim]:
            return False
    return True


@helper
def _stands_outside(row, t, level, tensors, nested):
    """Whether a node of this level would lie around one of an outer level where one of the two is nested."""
    for other in range(tensors):
        for depth in range(1, level):
            if other != t and (row[PLACED] >> (depth * tensors + other)) & 1 and (nested[depth] or nested[level]):
                return True
    return False


@helper
def _place(row, values, i, after, tensor, item_level, rules, memories):
    """Put the child of an edge, whose turn it is, around a label; False when it may not stand there."""
    nested, tensors, nests = rules
    price, wanted, bits, item_group, limit = memories
    t, level, group = tensor[i], item_level[i], item_group[i]
    if nests:
        if _stands_outside(row, t, level, tensors, nested):
            return False
        row[PLACED] |= 1 << (level * tensors + t)
    row[STATE] = after[i, row[STATE]]
    if group >= 0:
        at = len(values) - len(price) + group
        values[at] += bits[i, row[Q]]
        if values[at] > limit[group]:
            return False
        if not wanted[group, row[STATE]]:
            values[at] = 0.0
    row[OPEN] |= 1 << i
    row[NODES] |= 1 << i
    return True


@helper
def _too_early(row, lift, tensor, roles, move_ok):
    """The dims, as bits, that only reuse the tile of a child that stands here: it might as well stand around a loop."""
    dims = 0
    for i in range(len(tensor)):
        if (row[NODES] >> i) & 1:
            for dim in range(roles.shape[1]):
                role = roles[tensor[i], dim]
                if (role == FREE or role == REUSES) and move_ok[row[STATE] + lift[i], dim]:
                    dims |= 1 << dim
    return dims


@helper
def _may_step(option, here, barred, passing, steps, fans, top):
    """Whether an option of a place (OPTION), as far as it is a loop, a fan-out or the end, may come around a label."""
    moves, move_dim, _, move_ok, digits, _ = steps
    pass_need, _, pin_most = fans
    q, region, kinds = here[Q], here[REGION], len(move_dim)
    if option < kinds:
        dim, to = move_dim[option], moves[option, q]
        if to < 0 or not move_ok[here[STATE], dim] or (barred >> dim) & 1:
            return False
        return region == len(pass_need) or digits[dim, to] <= pin_most[region, dim]
    if option == kinds:
        return passing != 0
    return here[STATE] == 0 and q == top and region == len(pass_need) and here[OPEN] != 0


@kernel
def explore(
    most_pops, margin, weight, scratch, aim, turns, top, edges, site, costs, bounds, memories, guide, steps, fans,
    ints, floats, keys, ids, table, counters,
):  # fmt: skip
    """Expand labels in the order of their keys, until one is complete, none is left, enough were looked at, or the
    arrays have no room for the ``margin`` labels that one more may add.

    A child is placed only where a loop, a fan-out or the end makes it stand there.  Returns (status, label, labels
    looked at, least primary value that a label in the heap may still come to).
    aim: objective, cycles of compute, rates, lexical, goal, front, points of it; scratch: a label's integers, its
    floats and a place (COLUMNS) per child put around it, and two rows of measures. The others: see Walk.inputs.
    """
    objective, compute, rates, lexical, goal, front, fronts = aim
    lift, after, back, outermost = turns
    place_ok, item_level, region_of, rules = edges
    moves, move_dim, move_trips, move_ok, digits, loops_left = steps
    tensor, roles, passes, kinds = site[0], costs[6], len(fans[0]), len(move_dim)
    rows, all_values, places, now, ahead = scratch
    status, found, least, pops, work, option = EMPTY, -1, np.inf, 0, counters[WORK], 0
    label, depth, rest = -1, -1, -1  # rest >= 0: enough were looked at, and what is left is only bounded
    while True:
        if depth < 0:
            if rest >= 0 or pops >= most_pops or counters[WORK] - work >= PER_LABEL * most_pops:
                rest += 1
                if rest == counters[HEAP]:
                    break
                status, label = RUNNING, ids[rest]
            elif counters[HEAP] == 0:
                break
            elif (
                min(len(ints) - counters[LABELS], len(keys) - counters[HEAP], len(table) // 2 - counters[BUCKETS])
                <= margin
            ):
                status = FULL
                break
            else:
                _, label = _pop(keys, ids, counters)
            if not ints[label, ALIVE]:
                continue
            _copy(ints[label], floats[label], rows[0], all_values[0])
            rows[0, PARENT], rows[0, NODES] = label, 0
        else:
            option, here = places[depth, OPTION], rows[depth]
            i = option - kinds - 2
            if i == len(tensor):
                depth -= 1
                continue
            places[depth, OPTION] = kinds + 2 + max(places[depth, EDGE], i + 1) if i >= -1 else option + 1
            if i < 0:
                if not _may_step(option, here, places[depth, BARRED], places[depth, PASSING], steps, fans, top):
                    continue
            elif after[i, here[STATE]] < 0 or region_of[item_level[i]] != here[REGION] or not place_ok[i, here[Q]]:
                continue
            _copy(here, all_values[depth], rows[depth + 1], all_values[depth + 1])
        row, values = rows[depth + 1], all_values[depth + 1]
        if depth < 0:
            pass
        elif option == kinds:
            row[REGION], row[MOVE] = row[REGION] + 1, PASS
        elif option <= kinds + 1:
            move = option if option < kinds else -1
            dim, trips = (move_dim[move], move_trips[move]) if move >= 0 else (-1, 1)
            if not _settle(row, values, move, dim, trips, site, costs, now):
                continue
            row[Q], row[MOVE] = moves[move, row[Q]] if move >= 0 else row[Q], move
        elif not _place(row, values, option - kinds - 2, after, tensor, item_level, rules, memories):
            continue
        _ahead(row, values, back, site, bounds, memories, guide, ahead)
        if rest >= 0:
            least = min(least, _value(objective, compute, rates, ahead)[0])
            continue
        if _hopeless(objective, compute, rates, ahead, goal, front, fronts):
            continue
        if depth >= 0 and option <= kinds + 1:
            n = _insert(ints, floats, table, counters, row, values, len(rates), lexical)
            if n >= 0:
                key = _key(objective, compute, rates, ahead, values[0], weight, loops_left[row[Q]])
                _push(keys, ids, counters, key, n)
            continue
        if depth < 0:
            pops += 1
            counters[POPS] += 1
            if row[STATE] == 0 and row[Q] == top and row[OPEN] == 0 and row[REGION] == passes:
                status, found = FOUND, label
                break
        # A fan-out is passed as soon as it can be: loops that follow would do the same below it.
        passing = row[REGION] < passes and _may_pass(row, outermost, fans[0], fans[1], digits)
        places[depth + 1, EDGE] = option - kinds - 1 if depth >= 0 else 0
        depth += 1
        places[depth, OPTION] = kinds if passing else 0
        places[depth, PASSING] = passing
        places[depth, BARRED] = 0 if rules[2] or passing else _too_early(row, lift, tensor, roles, move_ok)
    return status, found, pops, least
