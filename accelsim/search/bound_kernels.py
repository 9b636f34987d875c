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

import numpy as np
from numba import njit

from accelsim.search.kernels import FREE, MOVES, SLIDES, SPREAD

# Kernels that neither make nor return arrays need not count references to them, which takes longer than what they do.
lean = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

ROW, NEXT = range(2)  # columns of a standing that was reached
MAY, CLOSES = range(2)  # flags of a tile vector, a bit per edge: whether the child may stand, and loops run outside


@helper
def _fed(i, t, measure, place, special, visits, standing, costs):
    """(what an edge costs at least, bits that its child's tile takes) at a place among its tensor's tiles."""
    low, saved, constant = costs
    value = low[i, measure, special]
    if len(saved):
        value -= saved[i, measure, special]
    return value * visits + constant[i, measure], standing[1][standing[2][i] + place]


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


@lean
def relax(measure, per_bit, site, ways, blocked, scratch, out):
    """Least sum of an edge's cost + per_bit[edge] x its bits still to come, per tile vector and row of the state, each
    edge wherever it likes best: from the outermost tile vector inwards, all states at once.

    site: see Walk.site; ways: per edge its first state in which the child is next, and the end; rows of these states,
    and those of the states after them; blocked[dim, row] (unless empty): infinite where no loop over the dim may run.
    """
    (shape, strides, loop_dim, _, ups, own_step, special_step, times), standing, costs = site
    tensor, _, _, room, may, closes = standing
    way_first, way_row, way_after = ways
    digits, own, special, visits, allowed, onto, dim, here = scratch
    dims, tensors, changed = len(shape), own_step.shape[1], 0
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
        count = 0
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
                value, bits = _fed(i, t, measure, own[dims, t], special[dims, t], visits[dims, t], standing, costs)
                if bits <= room[i]:
                    value += per_bit[i] * bits
                    for way in range(way_first[i], way_first[i + 1]):
                        least, row = value + here[way_after[way]], way_row[way]
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
def _come_to(q, site, spot):
    """Write what holds at a tile vector: per tensor its special tile vector and visits; per edge bits and cost; what
    may stand and close; and per loop the tile vector after it, or -1."""
    (shape, strides, loop_dim, _, ups, own_step, special_step, times), standing, costs = site
    tensor, _, _, room, may, closes = standing
    digits, own, special, visits, bits, cost, flags, after = spot
    flags[MAY], flags[CLOSES] = -1, -1
    for t in range(len(own)):
        own[t], special[t], visits[t] = 0, 0, 1.0
    for d in range(len(shape)):
        x = q // strides[d] % shape[d]
        digits[d] = x
        flags[MAY] &= may[d, x]
        flags[CLOSES] &= closes[d, x]
        for t in range(len(own)):
            own[t] += x * own_step[d, t]
            special[t] += x * special_step[d, t]
            visits[t] *= times[d, t, x]
    for i in range(len(tensor)):
        t = tensor[i]
        cost[i], bits[i] = _fed(i, t, 0, own[t], special[t], visits[t], standing, costs)
        if bits[i] > room[i]:
            flags[MAY] &= ~(1 << i)
    for m in range(len(loop_dim)):
        x = digits[loop_dim[m]]
        after[m] = q + (ups[m, x] - x) * strides[loop_dim[m]] if ups[m, x] >= 0 else -1


@helper
def _reach(q, row, value, heads, links, values, used):
    """Note that a standing is reached at tile vector ``q``, lists being in the order of falling numbers."""
    at, before = heads[q], -1
    while at >= 0 and links[at, ROW] > row:
        at, before = links[at, NEXT], at
    if at >= 0 and links[at, ROW] == row:
        values[at] = min(values[at], value)
        return used
    links[used, ROW], links[used, NEXT] = row, at
    values[used] = value
    if before < 0:
        heads[q] = used
    else:
        links[before, NEXT] = used
    return used + 1


@helper
def _found(q, row, heads, links):
    """The number under which a standing was reached at tile vector ``q``, or -1."""
    at = heads[q]
    while at >= 0 and links[at, ROW] > row:
        at = links[at, NEXT]
    return at if at >= 0 and links[at, ROW] == row else -1


@lean
def taken(row, per_bit, site, ways, blocked, spot, bound, used):
    """Add per edge the bits of the tiles on the way that ``relax`` found from a row at the innermost tile vector on."""
    loop_dim, (way_first, way_row, way_after) = site[0][2], ways
    bits, cost, flags, after = spot[4], spot[5], spot[6], spot[7]
    q = 0
    while row > 0:
        _come_to(q, site, spot)
        best, placed, to = np.inf, -1, -1
        for i in range(len(used)):
            for way in range(way_first[i], way_first[i + 1] if (flags[MAY] & flags[CLOSES]) >> i & 1 else 0):
                if way_row[way] == row and cost[i] + per_bit[i] * bits[i] + bound[q, way_after[way]] < best:
                    best, placed, to = cost[i] + per_bit[i] * bits[i] + bound[q, way_after[way]], i, way_after[way]
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
def _placing(way, frame):
    """(what it costs to place the child of an edge, the standing after it); -1 where it may not stand there."""
    after, placed, tensor = frame[0][5], frame[0][6], frame[1][1][0]
    per_bit, slid = frame[4]
    bits, cost, flags = frame[5][4], frame[5][5], frame[5][6]
    i = placed[way]
    if not flags[MAY] >> i & 1 or not (slid[tensor[i]] or flags[CLOSES] >> i & 1):
        return 0.0, -1
    return per_bit[i] * bits[i] + (0.0 if slid[tensor[i]] else cost[i]), after[way]


@helper
def _step(row, m, frame):
    """(what a loop costs open and sliding tiles; of these, as bits, those that slide after it and those that may),
    where it may come: the second is -1 elsewhere."""
    (states, _, opens, sliding, _, _, _, _), ((_, _, loop_dim, trips, _, _, _, _), standing, costs) = frame[0], frame[1]
    (roles, own_loop, move_ok), (first, joins, gain, keeps, drops, free, _, number) = frame[2], frame[3]
    (_, _, special, visits, _, _, flags, after), (low, _, constant), tensor = frame[5], costs, standing[0]
    value, slide, may, bit, d = 0.0, 0, 0, 1, loop_dim[m]
    if after[m] < 0 or not move_ok[states[row], d]:
        return value, -1, may
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        t = tensor[i]
        role = roles[t, d]
        if role == MOVES or role == SLIDES:
            if not flags[CLOSES] >> i & 1:
                return value, -1, may
            w, n, own = special[t], number[i], own_loop[t, m]
            cost = low[i, 0, w]
            if role == SLIDES:
                cost -= first[n, own, w]
                slide |= bit if joins[n, own, w] else 0
            value += cost * visits[t] + constant[i, 0]
        bit <<= 1
    for c in range(sliding.shape[1]):
        i = sliding[row, c]
        if i < 0:
            break
        t = tensor[i]
        w, n, own, role = special[t], number[i], own_loop[t, m], roles[t, d]
        if role == FREE:
            value -= free[n, w] * visits[t] * (1.0 - 1.0 / trips[m])
            slide |= bit
        elif role != MOVES:
            value -= gain[n, own, w] * visits[t]
            slide |= bit if keeps[n, own, w] and not drops[n, own, w] else 0
            may |= bit if keeps[n, own, w] and drops[n, own, w] else 0
        bit <<= 1
    return value, slide, may


@helper
def _to_come(row, q, frame, bound):
    """What is still to come at least, by the relaxed bound and the most that slides may save."""
    (_, to_come, opens, sliding, _, _, _, _), tensor, per_bit = frame[0], frame[1][1][0], frame[4][0]
    (_, _, special, visits, bits, _, _, _), most, number = frame[5], frame[3][6], frame[3][7]
    value = bound[q, to_come[row]]
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        value -= per_bit[i] * bits[i]
    for c in range(sliding.shape[1]):
        i = sliding[row, c]
        if i < 0:
            break
        value -= most[number[i], special[tensor[i]]] * visits[tensor[i]]
    return value


@helper
def _ending(row, is_outermost, frame):
    """What open tiles cost when no loop comes any more; infinite where more must come."""
    (states, _, opens, sliding, _, _, _, _), tensor, (low, _, constant) = frame[0], frame[1][1][0], frame[1][2]
    _, _, special, visits, _, _, flags, _ = frame[5]
    if states[row] != 0 or (not is_outermost and (opens[row, 0] >= 0 or sliding[row, 0] >= 0)):
        return np.inf
    value = 0.0
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        if not flags[CLOSES] >> i & 1:
            return np.inf
        value += low[i, 0, special[tensor[i]]] * visits[tensor[i]] + constant[i, 0]
    return value


@lean
def follow(starts, frame, bound, enough, heads, links, values):
    """(least energy of a way through the frame; the least of what was ruled out, which comes to ``enough`` or more;
    standings reached).

    starts: (standing, energy) of every way to feed the MACs; frame: see accelsim.search.slid; bound[q, row]: the
    relaxed bound at the same prices.  heads[q]: -1; the standings reached are listed from there on, the values of those
    that are ruled out becoming infinite.  The room of ``links`` is all that may be reached: beyond it nothing is known,
    and the energies are minus infinity.
    """
    first_way, onward, loop_dim, onto = frame[0][4], frame[0][7], frame[1][0][2], frame[5][7]
    used, least, floor, top = 0, np.inf, np.inf, len(heads) - 1
    margin = (len(loop_dim) << frame[0][3].shape[1]) + len(frame[1][1][0])
    for n in range(len(starts)):
        used = _reach(0, int(starts[n, 0]), starts[n, 1], heads, links, values, used)
    for q in range(len(heads)):
        at = heads[q]
        if at >= 0:
            _come_to(q, frame[1], frame[5])
        while at >= 0:
            row, here = links[at, ROW], values[at]
            ahead = here + _to_come(row, q, frame, bound)
            if ahead >= enough:
                floor, values[at] = min(floor, ahead), np.inf
                at = links[at, NEXT]
                continue
            if used + margin > len(links):
                return -np.inf, -np.inf, used
            least = min(least, here + _ending(row, q == top, frame))
            for way in range(first_way[row], first_way[row + 1]):
                cost, to = _placing(way, frame)
                if to >= 0:
                    used = _reach(q, to, here + cost, heads, links, values, used)
            for m in range(len(loop_dim)):
                cost, slide, may = _step(row, m, frame)
                more = may if slide >= 0 else -1
                while more >= 0:  # every choice of those that may
                    to = onward[row, loop_dim[m], slide | more]
                    used = _reach(onto[m], to, here + cost, heads, links, values, used)
                    more = (more - 1) & may if more else -1
            at = links[at, NEXT]
    return least, floor, used


@lean
def remaining(frame, heads, links, values, order, rest):
    """Write what is still to come at least from every standing that ``follow`` reached and did not rule out."""
    first_way, onward, loop_dim, onto = frame[0][4], frame[0][7], frame[1][0][2], frame[5][7]
    top = len(heads) - 1
    for q in range(top, -1, -1):
        count, at = 0, heads[q]
        if at >= 0:
            _come_to(q, frame[1], frame[5])
        while at >= 0:
            order[count] = at
            count, at = count + 1, links[at, NEXT]
        for place in range(count - 1, -1, -1):
            at = order[place]
            row, best = links[at, ROW], np.inf
            if values[at] < np.inf:
                best = _ending(row, q == top, frame)
                for way in range(first_way[row], first_way[row + 1]):
                    cost, to = _placing(way, frame)
                    to = _found(q, to, heads, links) if to >= 0 else -1
                    best = min(best, cost + rest[to]) if to >= 0 else best
                for m in range(len(loop_dim)):
                    cost, slide, may = _step(row, m, frame)
                    more = may if slide >= 0 else -1
                    while more >= 0:
                        to = _found(onto[m], onward[row, loop_dim[m], slide | more], heads, links)
                        best = min(best, cost + rest[to]) if to >= 0 else best
                        more = (more - 1) & may if more else -1
            rest[at] = best


@lean
def noted(heads, links, rest, keys, values):
    """Write ``rest`` into a table of open addresses: the key of a standing is its row x tile vectors + tile vector."""
    mask = len(keys) - 1
    for q in range(len(heads)):
        at = heads[q]
        while at >= 0:
            if rest[at] < np.inf:
                key = links[at, ROW] * len(heads) + q
                slot = (key * SPREAD >> 20) & mask
                while keys[slot] >= 0:
                    slot = (slot + 1) & mask
                keys[slot], values[slot] = key, rest[at]
            at = links[at, NEXT]
