"""Compiled potentials of slides: what a tile that slides saves at most, step by step and in all."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

kernel = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
NONE = np.int64(-1)  # an integer like any other: Numba compiles a helper anew for every literal
JOINS, KEEPS, DROPS = 1, 2, 4  # flags of a loop that steps: see potentials


@helper
def _stays(start, w, loop, terms, groups, kept, out):
    """Write per measure what stays, per visit, when a loop (-1: over dims that reuse the tensor) steps around special
    tile vector ``w`` and the node's tile is ``start``."""
    measure, weight, at_kept = terms
    local, counts, kinds, kind_of = groups
    for k in range(len(out)):
        out[k] = 0.0
    for term in range(len(weight)):
        value = weight[term]
        for g in range(len(counts)):
            kind = kind_of[g, loop] if loop >= 0 else 0
            value *= kept[at_kept[term, g] + (local[g, start] * counts[g] + local[g, w]) * kinds[g] + kind]
            if value == 0.0:
                break
        out[measure[term]] += value


@helper
def _is_over(start, w, terms, groups, kept):
    """Whether no loop around tile vector ``w`` leaves anything in place: two groups at least have nothing to keep."""
    at_kept, (local, counts, kinds, _) = terms[2], groups
    for term in range(len(at_kept)):
        empty = 0
        for g in range(len(counts)):
            empty += kept[at_kept[term, g] + (local[g, start] * counts[g] + local[g, w]) * kinds[g]] == 0.0
        if empty < 2:
            return False
    return True


@kernel
def potentials(reuses, steps, nests, fits, visits, terms, groups, kept, scratch, whole, gains, saved, live):
    """What slides over one edge save per visit, by special tile vector inside the next loop.

    whole[measure, start]: all loops to come at most; saved[measure, start, w] (unless empty) the same of a slide that
    is under way, and live[start, w]: whether it saves anything.  Loops over dims that reuse the tensor save at most
    once: all of their steps around one tile vector.  ``gains`` (unless empty), of the energy, are

    first[loop, w]  the step of a tile that has not moved
    gain[loop, w]   the step of one that slides already, at most
    flags[loop, w]  JOINS: after ``first``, further ones may save as well; KEEPS: some that slide do so after the step;
                    DROPS: some do not
    free[w]         the step of a loop over dims that reuse the tensor, at most
    most[w]         all steps from there on, at most

    reuses: per loop, whether it leaves the first tile where it is; steps, nests: see Grid; fits[start]: whether the
    child may hold the tile; visits: over dims that reuse the tensor; terms: measure, weight and, per group, place in
    ``kept`` of every summand; groups: Grid.groups of the one tensor; scratch: per measure a value and two rows over
    tile vectors, and a flag per tile vector.
    """
    first, gain, flags, free, most = gains
    now, without, having, some = scratch
    share, gaining = 1.0 - 1.0 / visits, len(most) > 0
    for start in range(len(fits)):
        for w in range(len(fits) - 1, start - 1 if fits[start] else len(fits), -1):
            if not nests[start, w]:
                continue
            some[w] = False
            for k in range(len(now)):
                without[k, w], having[k, w] = 0.0, 0.0
            if _is_over(start, w, terms, groups, kept):
                continue
            for m in range(len(reuses)):
                to = steps[m, w]
                if to < 0 or (w == start and reuses[m]):
                    continue
                _stays(start, w, m, terms, groups, kept, now)
                some[w] |= some[to]
                for k in range(len(now)):
                    some[w] |= now[k] != 0.0
                    without[k, w] = max(without[k, w], now[k] + without[k, to])
                    having[k, w] = max(having[k, w], now[k] + having[k, to])
                if gaining and w == start:
                    first[m, w] = now[0]
                    flags[m, w] |= JOINS if some[to] else 0
                elif gaining:
                    gain[m, w] = max(gain[m, w], now[0])
            if w != start:
                _stays(start, w, NONE, terms, groups, kept, now)
                for k in range(len(now) if share > 0.0 else 0):
                    some[w] |= now[k] != 0.0
                    having[k, w] = max(having[k, w], share * now[k] + (1.0 - share) * without[k, w])
                if gaining:
                    free[w], most[w] = max(free[w], now[0]), max(most[w], having[0, w])
                    for m in range(len(reuses) if some[w] else 0):
                        if steps[m, w] >= 0:
                            flags[m, w] |= KEEPS if some[steps[m, w]] else DROPS
            if len(live):
                live[start, w] = some[w]
                for k in range(len(now)):
                    saved[k, start, w] = having[k, w]
        for k in range(len(now) if fits[start] else 0):
            whole[k, start] = having[k, start]
