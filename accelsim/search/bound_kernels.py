"""Compiled bounds of one frame: the relaxed one, and the one that follows slides step by step.

The relaxed bound lets every tile slide as far as it can, whatever loops come between.  The other walks from the MACs
outwards through standings (accelsim.search.standings): a tile that slides saves what a step saves at most, and stops
when a loop moves it for good.  It forgets only from which tile a slide began, once its first step is done.  Standings
that the relaxed bound rules out are left at once, so that few are ever reached.

What holds at a tile vector is worked out when it is come to, for most frames are ruled out before anything of them is
needed twice.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from accelsim.search.kernels import FREE, MOVES, SLIDES, SPREAD
from accelsim.search.slide_kernels import DROPS, JOINS, KEEPS

# Kernels that neither make nor return arrays need not count references to them, which takes longer than what they do.
kernel = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

STRIDE, LEVELS, CHILD, LIFT = range(4)  # columns of an edge: see States.ways
ROW, NEXT = range(2)  # columns of a standing that was reached
PLACE, TILES = range(2)  # columns of one that was come to: where it stands among these, and the tile vector
# Columns of an edge at a tile vector: what its child's bits, placing and closing it cost.
HELD, PLACING, CLOSING, CHARGES = range(4)
# Numba compiles a helper anew for every literal that it is called with; this is an integer like any other.
ZERO = np.int64(0)


@helper
def _fed(i, measure, special, visits, costs):
    """What an edge costs at least."""
    low, saved, constant = costs
    value = low[i, measure, special]
    if len(saved):
        value -= saved[i, measure, special]
    return value * visits + constant[i, measure]


@helper
def _least_of(out, onto, count, blocked, dim, here):
    """Write per row the least of what stands at these tile vectors; ``dim``: of the loops that lead to them."""
    rows = len(here)
    for row in range(rows if count == 0 else 0):
        here[row] = np.inf
    for n in range(0, count, 2):  # two at once, since rows are many and far apart
        one, two = onto[n], onto[min(n + 1, count - 1)]
        if len(blocked):
            c, d = dim[n], dim[min(n + 1, count - 1)]
            for row in range(rows):
                x, y = out[one, row] + blocked[c, row], out[two, row] + blocked[d, row]
                value = x if x < y else y
                here[row] = value if n == 0 or value < here[row] else here[row]
        else:
            for row in range(rows):
                value = out[one, row] if out[one, row] < out[two, row] else out[two, row]
                here[row] = value if n == 0 or value < here[row] else here[row]


@kernel
def relax(measure, per_bit, site, ways, blocked, scratch, out):
    """Least sum of an edge's cost + per_bit[edge] x its bits still to come, per tile vector and row of the state, each
    edge wherever it likes best: from the outermost tile vector inwards, all states at once.

    site: see Walk.site; ways: see States.ways; blocked[dim, row] (unless empty): infinite where no loop over the dim
    may run.
    """
    (shape, strides, loop_dim, _, ups, own_step, special_step, times), standing, costs = site
    tensor, held, first, room, may, closes = standing
    digits, own, special, visits, allowed, onto, dim, here = scratch
    dims, tensors, rows, changed = len(shape), own_step.shape[1], len(here), 0
    for d in range(dims):
        digits[d] = shape[d] - 1
    for q in range(len(out) - 1, -1, -1):
        for d in range(changed, dims):
            x = digits[d]
            for t in range(tensors):
                own[d + 1, t] = own[d, t] + x * own_step[d, t]
                special[d + 1, t] = special[d, t] + x * special_step[d, t]
                visits[d + 1, t] = visits[d, t] * times[d, t, x]
            allowed[d + 1] = allowed[d] & may[d, x] & closes[d, x]
        count = ZERO
        for m in range(len(loop_dim)):
            d = loop_dim[m]
            after = ups[m, digits[d]]
            if after >= 0:
                onto[count], dim[count] = q + (after - digits[d]) * strides[d], d
                count += 1
        _least_of(out, onto, count, blocked, dim, here)
        here[0] = 0.0
        for i in range(len(tensor) - 1, -1, -1):  # children of outer levels first: what is next lies inside of them
            t = tensor[i]
            if (allowed[dims] >> i) & 1:
                bits = held[first[i] + own[dims, t]]
                if bits <= room[i]:
                    value = _fed(i, measure, special[dims, t], visits[dims, t], costs) + per_bit[i] * bits
                    stride, lift = ways[i, STRIDE], ways[i, LIFT]
                    whole = stride * ways[i, LEVELS]
                    for begin in range(stride * ways[i, CHILD], rows, whole):
                        for row in range(begin, begin + stride):
                            least = value + here[row - lift]
                            here[row] = least if least < here[row] else here[row]
        for row in range(len(here)):
            out[q, row] = here[row]
        d = dims - 1
        while d >= 0 and digits[d] == 0:
            digits[d] = shape[d] - 1
            d -= 1
        changed = max(d, 0)
        if d >= 0:
            digits[d] -= 1


@helper
def _come_to(q, site, charge, spot):
    """Write what holds at a tile vector: per tensor its special tile vector and visits; per edge the bits of its
    child's tile, and what they, placing and closing it cost, infinite where it may not be; and per loop the tile vector
    after it, or -1. charge: what a bit costs, per edge; and per tensor whether what passes is paid when it closes."""
    (shape, strides, loop_dim, _, ups, own_step, special_step, times), standing, costs = site
    tensor, held, first, room, may, closes = standing
    (per_bit, slid), (digits, own, special, visits, after, bits, edge), (low, _, constant) = charge, spot, costs
    stands, closing = -1, -1
    for t in range(len(own)):
        own[t], special[t], visits[t] = 0, 0, 1.0
    for d in range(len(shape)):
        x = q // strides[d] % shape[d]
        digits[d] = x
        stands &= may[d, x]
        closing &= closes[d, x]
        for t in range(len(own)):
            own[t] += x * own_step[d, t]
            special[t] += x * special_step[d, t]
            visits[t] *= times[d, t, x]
    for i in range(len(tensor)):
        t = tensor[i]
        bits[i] = held[first[i] + own[t]]
        cost = _fed(i, ZERO, special[t], visits[t], costs)
        closes_here = (closing >> i) & 1 == 1
        may_stand = (stands >> i) & 1 == 1 and bits[i] <= room[i] and (slid[t] or closes_here)
        edge[i, HELD] = per_bit[i] * bits[i]
        edge[i, PLACING] = edge[i, HELD] + (0.0 if slid[t] else cost) if may_stand else np.inf
        edge[i, CLOSING] = low[i, 0, special[t]] * visits[t] + constant[i, 0] if closes_here else np.inf
    for m in range(len(loop_dim)):
        x = digits[loop_dim[m]]
        after[m] = q + (ups[m, x] - x) * strides[loop_dim[m]] if ups[m, x] >= 0 else -1


@helper
def _reach(q, row, value, heads, links, values, used):
    """Note that a standing is reached at tile vector ``q``, lists being in the order of falling numbers: (its place,
    places used)."""
    at, before = heads[q], -1
    while at >= 0 and links[at, ROW] > row:
        at, before = links[at, NEXT], at
    if at >= 0 and links[at, ROW] == row:
        values[at] = min(values[at], value)
        return at, used
    links[used, ROW], links[used, NEXT] = row, at
    values[used] = value
    if before < 0:
        heads[q] = used
    else:
        links[before, NEXT] = used
    return used, used + 1


@kernel
def taken(row, site, charge, ways, blocked, spot, bound, used):
    """Add per edge the bits of the tiles on the way that ``relax`` found from a row at the innermost tile vector on."""
    loop_dim = site[0][2]
    after, bits, edge = spot[4], spot[5], spot[6]
    q: Any = ZERO
    while row > 0:
        _come_to(q, site, charge, spot)
        best, placed, to = np.inf, -1, -1
        for i in range(len(used)):
            below = row - ways[i, LIFT]
            is_next = row // ways[i, STRIDE] % ways[i, LEVELS] == ways[i, CHILD]
            if is_next and edge[i, PLACING] + bound[q, below] < best:
                best, placed, to = edge[i, PLACING] + bound[q, below], i, below
        for m in range(len(loop_dim)):
            if after[m] >= 0 and not (len(blocked) and blocked[loop_dim[m], row] > 0) and bound[after[m], row] < best:
                best, placed, to = bound[after[m], row], -1, after[m]
        if to < 0:
            return
        if placed >= 0:
            used[placed] += bits[placed]
            row = to
        else:
            q = to


@helper
def _step(row, m, stand, loops, gains, spot):
    """(what a loop costs open and sliding tiles; of these, as bits, those that slide after it and those that may),
    where it may come: the second is -1 elsewhere."""
    states, _, opens, sliding, tensor = stand
    (loop_dim, trips, roles, own_loop, move_ok), (first, gain, flags, free, _, number) = loops, gains
    _, _, special, visits, after, _, edge = spot
    value, slide, may, bit, d = 0.0, 0, 0, 1, loop_dim[m]
    if after[m] < 0 or not move_ok[states[row], d]:
        return value, -1, may
    for c in range(opens.shape[1] + sliding.shape[1]):
        is_open = c < opens.shape[1]
        i = opens[row, c] if is_open else sliding[row, c - opens.shape[1]]
        if i < 0:
            continue
        t = tensor[i]
        w, n, own, role = special[t], number[i], own_loop[t, m], roles[t, d]
        if is_open and (role == MOVES or role == SLIDES):
            value += edge[i, CLOSING]
            if role == SLIDES:
                value -= first[n, own, w] * visits[t]
                slide |= bit if flags[n, own, w] & JOINS else 0
        elif not is_open and role == FREE:
            value -= free[n, w] * visits[t] * (1.0 - 1.0 / trips[m])
            slide |= bit
        elif not is_open and role != MOVES:
            value -= gain[n, own, w] * visits[t]
            slide |= bit if flags[n, own, w] & (KEEPS | DROPS) == KEEPS else 0
            may |= bit if flags[n, own, w] & (KEEPS | DROPS) == KEEPS | DROPS else 0
        bit <<= 1
    return value, slide if value < np.inf else -1, may


@helper
def _to_come(row, q, stand, gains, spot, bound):
    """What is still to come at least, by the relaxed bound and the most that slides may save."""
    _, to_come, opens, sliding, tensor = stand
    (_, _, special, visits, _, _, edge), (_, _, _, _, most, number) = spot, gains
    value = bound[q, to_come[row]]
    for c in range(opens.shape[1]):
        if opens[row, c] >= 0:
            value -= edge[opens[row, c], HELD]
    for c in range(sliding.shape[1]):
        i = sliding[row, c]
        if i >= 0:
            value -= most[number[i], special[tensor[i]]] * visits[tensor[i]]
    return value


@helper
def _ending(row, is_outermost, stand, edge):
    """What open tiles cost when no loop comes any more; infinite where more must come."""
    states, _, opens, sliding, _ = stand
    if states[row] != 0 or (not is_outermost and (opens[row, 0] >= 0 or sliding[row, 0] >= 0)):
        return np.inf
    value = 0.0
    for c in range(opens.shape[1]):
        if opens[row, c] >= 0:
            value += edge[opens[row, c], CLOSING]
    return value


@kernel
def follow(used, frame, bound, enough, heads, links, values, record):
    """(least energy of a way through the frame; the least of what was ruled out, which comes to ``enough`` or more;
    standings reached, and those of them that were not ruled out).

    frame: see accelsim.search.slid; bound[q, row]: the relaxed bound at the same prices.  heads[q]: the first of the
    standings reached at a tile vector, -1 for none; ``links`` (ROW, NEXT) lists them from there on in the order of
    falling rows, and ``values`` has their energies.  The first ``used`` are there already, at the innermost tile
    vector: the ways to feed the MACs.  Beyond the room of ``links`` or ``record`` nothing is known, and the energies
    are minus infinity.
    record: what ``remaining`` takes of every standing not ruled out, as they are come to: PLACE and TILES, first of its
    ways on, what it costs to end there; and per way the place that it leads to, and its cost.  Empty for nothing.
    """
    (stand, (first_way, way_after, way_edge), onward), site, loops, gains, charge, spot = frame
    loop_dim, onto, edge, (places, begins, ends, targets, costs) = loops[0], spot[4], spot[6], record
    least, floor, top, count, ways = np.inf, np.inf, len(heads) - 1, 0, 0
    margin = (len(loop_dim) << stand[3].shape[1]) + len(edge)
    for q in range(len(heads)):
        at = heads[q]
        if at >= 0:
            _come_to(q, site, charge, spot)
        while at >= 0:
            row, here = links[at, ROW], values[at]
            ahead = here + _to_come(row, q, stand, gains, spot, bound)
            if ahead >= enough:
                floor = min(floor, ahead)
                at = links[at, NEXT]
                continue
            if used + margin > len(links) or (len(costs) and ways + margin > len(costs)):
                return -np.inf, -np.inf, used, count
            ending = _ending(row, q == top, stand, edge)
            least = min(least, here + ending)
            if len(costs):
                places[count, PLACE], places[count, TILES], begins[count], ends[count] = at, q, ways, ending
            count += 1
            for way in range(first_way[row], first_way[row + 1]):
                cost = edge[way_edge[way], PLACING]
                if cost < np.inf:
                    to, used = _reach(q, way_after[way], here + cost, heads, links, values, used)
                    if len(costs):
                        targets[ways], costs[ways] = to, cost
                        ways += 1
            for m in range(len(loop_dim)):
                cost, slide, may = _step(row, m, stand, loops, gains, spot)
                more = may if slide >= 0 else -1
                while more >= 0:  # every choice of those that may
                    after = onward[row, loop_dim[m], slide | more]
                    to, used = _reach(onto[m], after, here + cost, heads, links, values, used)
                    if len(costs):
                        targets[ways], costs[ways] = to, cost
                        ways += 1
                    more = (more - 1) & may if more else -1
            at = links[at, NEXT]
    if len(costs):
        begins[count] = ways
    return least, floor, used, count


@kernel
def remaining(count, record, links, tiles, rest, keys, found):
    """Write what is still to come at least from every standing that ``follow`` did not rule out: in a table of open
    addresses (``keys``, -1 throughout, and ``found``), by the row of the standing x tile vectors + tile vector.
    ``rest``: infinite, per place."""
    places, begins, ends, targets, costs = record
    mask = len(keys) - 1
    for n in range(count - 1, -1, -1):
        at, best = places[n, PLACE], ends[n]
        for way in range(begins[n], begins[n + 1]):
            best = min(best, costs[way] + rest[targets[way]])
        rest[at] = best
        if best < np.inf:
            key = links[at, ROW] * tiles + places[n, TILES]
            slot = (key * SPREAD >> 20) & mask
            while keys[slot] >= 0:
                slot = (slot + 1) & mask
            keys[slot], found[slot] = key, best
