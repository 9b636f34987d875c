"""Compiled bound of one frame that follows slides step by step.

The relaxed bound lets every tile slide as far as it can, whatever loops come between.  This one walks from the MACs
outwards through standings (accelsim.search.standings): a tile that slides saves what a step saves at most, and stops
when a loop moves it for good.  It forgets only from which tile a slide began, once its first step is done.  Standings
that the relaxed bound rules out are left at once, so that few are ever reached.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

from accelsim.search.kernels import FREE, MOVES, REUSES, SLIDES, SPREAD

kernel = njit(cache=True, error_model="numpy")
# Kernels that neither make nor return arrays need not count references to them, which takes longer than what they do.
lean = njit(cache=True, error_model="numpy", _nrt=False)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

ROW, NEXT = range(2)  # columns of a standing that was reached


@helper
def _stays(i, start, w, loop, terms, groups, kept, out):
    """Write per measure what stays, per visit, when a loop (-1: over dims that reuse the tensor) steps around special
    tile vector ``w`` and the node's tile is ``start``."""
    first, measure, weight, _, at_kept = terms
    many, local, counts, kinds, kind_of = groups
    for k in range(len(out)):
        out[k] = 0.0
    for term in range(first[i], first[i + 1]):
        value = weight[term]
        for g in range(many[0]):
            kind = kind_of[0, g, loop] if loop >= 0 else 0
            place = (local[0, g, start] * counts[0, g] + local[0, g, w]) * kinds[0, g] + kind
            value *= kept[at_kept[term, g] + place]
            if value == 0.0:
                break
        out[measure[term]] += value


@helper
def _is_over(i, start, w, terms, groups, kept):
    """Whether no loop around tile vector ``w`` leaves anything in place: two groups at least have nothing to keep."""
    first, _, _, _, at_kept = terms
    many, local, counts, kinds, _ = groups
    for term in range(first[i], first[i + 1]):
        empty = 0
        for g in range(many[0]):
            place = (local[0, g, start] * counts[0, g] + local[0, g, w]) * kinds[0, g]
            empty += kept[at_kept[term, g] + place] == 0.0
        if empty < 2:
            return False
    return True


@kernel
def potentials(roles, loop_dim, steps, nests, visits, fits, terms, groups, kept, whole, gains, saved, live):
    """What slides of a tensor's edges save per visit, by special tile vector inside the next loop.

    whole[edge, measure, start]: all loops to come at most; saved[edge, measure, start, w] (unless empty) the same of a
    slide that is under way, and live: whether it saves anything.  Loops over dims that reuse the tensor save at most
    once: all of their steps around one tile vector.  ``gains`` (unless empty), of the energy, are

    first[edge, loop, w]  the step of a tile that has not moved; joins: whether further ones may save as well
    gain[edge, loop, w]   the step of one that slides already, at most
    keeps[edge, loop, w]  whether some of these slide on after it; drops: whether some do not
    free[edge, w]         the step of a loop over dims that reuse the tensor, at most
    most[edge, w]         all steps from there on, at most

    fits[edge, start]: whether the child may hold the tile.
    """
    first, joins, gain, keeps, drops, free, most = gains
    measures, width = whole.shape[1], len(nests)
    now, without, having = np.empty(measures), np.zeros((measures, width)), np.zeros((measures, width))
    some, share = np.zeros(width, np.bool_), 1.0 - 1.0 / visits
    for i in range(len(whole)):
        for start in range(width):
            if not fits[i, start]:
                continue
            for w in range(width - 1, start - 1, -1):
                if not nests[start, w]:
                    continue
                some[w] = False
                for k in range(measures):
                    without[k, w], having[k, w] = 0.0, 0.0
                if _is_over(i, start, w, terms, groups, kept):
                    continue
                for m in range(len(loop_dim)):
                    to = steps[m, w]
                    if to < 0 or (w == start and roles[loop_dim[m]] == REUSES):
                        continue
                    _stays(i, start, w, m, terms, groups, kept, now)
                    some[w] |= some[to]
                    for k in range(measures):
                        some[w] |= now[k] != 0.0
                        without[k, w] = max(without[k, w], now[k] + without[k, to])
                        having[k, w] = max(having[k, w], now[k] + having[k, to])
                    if not len(first):
                        continue
                    if w == start:
                        first[i, m, w], joins[i, m, w] = now[0], some[to]
                    else:
                        gain[i, m, w] = max(gain[i, m, w], now[0])
                if w != start:
                    _stays(i, start, w, -1, terms, groups, kept, now)
                    if len(first):
                        free[i, w] = max(free[i, w], now[0])
                    for k in range(measures if share > 0.0 else 0):
                        some[w] |= now[k] != 0.0
                        having[k, w] = max(having[k, w], share * now[k] + (1.0 - share) * without[k, w])
                    if len(first):
                        most[i, w] = max(most[i, w], having[0, w])
                    for m in range(len(loop_dim) if len(first) and some[w] else 0):
                        if steps[m, w] >= 0:
                            keeps[i, m, w] |= some[steps[m, w]]
                            drops[i, m, w] |= not some[steps[m, w]]
                if len(saved):
                    live[i, start, w] = some[w]
                    for k in range(measures):
                        saved[i, k, start, w] = having[k, w]
            for k in range(measures):
                whole[i, k, start] = having[k, start]


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


@helper
def _placing(way, q, frame):
    """(what it costs to place the child of an edge, the standing after it); -1 where it may not stand."""
    after, placed, items, closed_ok = frame[0][5], frame[0][6], frame[1][0], frame[1][5]
    dense, bits, per_bit, place_ok, slid = frame[4]
    i = placed[way]
    if not place_ok[i, q] or not (slid[items[i, 0]] or closed_ok[i, q]):
        return 0.0, -1
    return per_bit[i] * bits[i, q] + (0.0 if slid[items[i, 0]] else dense[i, q]), after[way]


@helper
def _step(row, q, m, frame):
    """(what a loop costs open and sliding tiles; of these, as bits, those that slide after it and those that may),
    where it may come: the second is -1 elsewhere."""
    (states, _, opens, sliding, _, _, _, _), costs, lattice, slides, _ = frame
    items, low, constant, visits, special, closed_ok, roles = costs
    moves, loop_dim, trips, own_loop, move_ok = lattice
    first, joins, gain, keeps, drops, free, _, number = slides
    value, slide, may, bit, d = 0.0, 0, 0, 1, loop_dim[m]
    if moves[m, q] < 0 or not move_ok[states[row], d]:
        return value, -1, may
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        t = items[i, 0]
        role = roles[t, d]
        if role == MOVES or role == SLIDES:
            if not closed_ok[i, q]:
                return value, -1, may
            w, n, own = special[t, q], number[i], own_loop[t, m]
            cost = low[i, 0, w]
            if role == SLIDES:
                cost -= first[n, own, w]
                slide |= bit if joins[n, own, w] else 0
            value += cost * visits[t, q] + constant[i, 0]
        bit <<= 1
    for c in range(sliding.shape[1]):
        i = sliding[row, c]
        if i < 0:
            break
        t = items[i, 0]
        w, n, own, role = special[t, q], number[i], own_loop[t, m], roles[t, d]
        if role == FREE:
            value -= free[n, w] * visits[t, q] * (1.0 - 1.0 / trips[m])
            slide |= bit
        elif role != MOVES:
            value -= gain[n, own, w] * visits[t, q]
            slide |= bit if keeps[n, own, w] and not drops[n, own, w] else 0
            may |= bit if keeps[n, own, w] and drops[n, own, w] else 0
        bit <<= 1
    return value, slide, may


@helper
def _to_come(row, q, frame, bound):
    """What is still to come at least, by the relaxed bound and the most that slides may save."""
    (_, to_come, opens, sliding, _, _, _, _), costs, _, slides, (_, bits, per_bit, _, _) = frame
    items, visits, special = costs[0], costs[3], costs[4]
    most, number = slides[6], slides[7]
    value = bound[to_come[row], q]
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        value -= per_bit[i] * bits[i, q]
    for c in range(sliding.shape[1]):
        i = sliding[row, c]
        if i < 0:
            break
        value -= most[number[i], special[items[i, 0], q]] * visits[items[i, 0], q]
    return value


@helper
def _ending(row, q, top, frame):
    """What open tiles cost when no loop comes any more; infinite where more must come."""
    (states, _, opens, sliding, _, _, _, _), (items, low, constant, visits, special, closed_ok, _), _, _, _ = frame
    if states[row] != 0 or (q != top and (opens[row, 0] >= 0 or sliding[row, 0] >= 0)):
        return np.inf
    value = 0.0
    for c in range(opens.shape[1]):
        i = opens[row, c]
        if i < 0:
            break
        if not closed_ok[i, q]:
            return np.inf
        value += low[i, 0, special[items[i, 0], q]] * visits[items[i, 0], q] + constant[i, 0]
    return value


@lean
def follow(starts, frame, bound, enough, heads, links, values):
    """(least energy of a way through the frame; the least of what was ruled out, which comes to ``enough`` or more;
    standings reached).

    starts: (standing, energy) of every way to feed the MACs; frame: see accelsim.search.slid; bound[row, q]: the
    relaxed bound at the same prices.  heads[q]: -1; the standings reached are listed from there on, the values of those
    that are ruled out becoming infinite.  The room of ``links`` is all that may be reached: beyond it nothing is known,
    and the energies are minus infinity.
    """
    first_way, onward, moves, loop_dim = frame[0][4], frame[0][7], frame[2][0], frame[2][1]
    used, least, floor, top = 0, np.inf, np.inf, len(heads) - 1
    margin = (len(moves) << frame[0][3].shape[1]) + len(frame[1][0])
    for n in range(len(starts)):
        used = _reach(0, int(starts[n, 0]), starts[n, 1], heads, links, values, used)
    for q in range(len(heads)):
        at = heads[q]
        while at >= 0:
            row, here = links[at, ROW], values[at]
            ahead = here + _to_come(row, q, frame, bound)
            if ahead >= enough:
                floor, values[at] = min(floor, ahead), np.inf
                at = links[at, NEXT]
                continue
            if used + margin > len(links):
                return -np.inf, -np.inf, used
            least = min(least, here + _ending(row, q, top, frame))
            for way in range(first_way[row], first_way[row + 1]):
                cost, to = _placing(way, q, frame)
                if to >= 0:
                    used = _reach(q, to, here + cost, heads, links, values, used)
            for m in range(len(moves)):
                cost, slide, may = _step(row, q, m, frame)
                more = may if slide >= 0 else -1
                while more >= 0:  # every choice of those that may
                    to = onward[row, loop_dim[m], slide | more]
                    used = _reach(moves[m, q], to, here + cost, heads, links, values, used)
                    more = (more - 1) & may if more else -1
            at = links[at, NEXT]
    return least, floor, used


@lean
def remaining(frame, heads, links, values, order, rest):
    """Write what is still to come at least from every standing that ``follow`` reached and did not rule out."""
    first_way, onward, moves, loop_dim = frame[0][4], frame[0][7], frame[2][0], frame[2][1]
    top = len(heads) - 1
    for q in range(top, -1, -1):
        count, at = 0, heads[q]
        while at >= 0:
            order[count] = at
            count, at = count + 1, links[at, NEXT]
        for place in range(count - 1, -1, -1):
            at = order[place]
            row, best = links[at, ROW], np.inf
            if values[at] < np.inf:
                best = _ending(row, q, top, frame)
                for way in range(first_way[row], first_way[row + 1]):
                    cost, to = _placing(way, q, frame)
                    to = _found(q, to, heads, links) if to >= 0 else -1
                    best = min(best, cost + rest[to]) if to >= 0 else best
                for m in range(len(moves)):
                    cost, slide, may = _step(row, q, m, frame)
                    more = may if slide >= 0 else -1
                    while more >= 0:
                        to = _found(moves[m, q], onward[row, loop_dim[m], slide | more], heads, links)
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
