"""Compiled potentials of slides: what a tile that slides saves at most, step by step and in all."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

from accelsim.search.kernels import REUSES

kernel = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
NONE = np.int64(-1)  # an integer like any other: Numba compiles a helper anew for every literal
JOINS, KEEPS, DROPS = 1, 2, 4  # flags of a loop that steps: see potentials


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

    first[edge, loop, w]  the step of a tile that has not moved
    gain[edge, loop, w]   the step of one that slides already, at most
    flags[edge, loop, w]  JOINS: after ``first``, further ones may save as well; KEEPS: some that slide do so after the
                          step; DROPS: some do not
    free[edge, w]         the step of a loop over dims that reuse the tensor, at most
    most[edge, w]         all steps from there on, at most

    fits[edge, start]: whether the child may hold the tile.
    """
    first, gain, flags, free, most = gains
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
                        first[i, m, w] = now[0]
                        flags[i, m, w] |= JOINS if some[to] else 0
                    else:
                        gain[i, m, w] = max(gain[i, m, w], now[0])
                if w != start:
                    _stays(i, start, w, NONE, terms, groups, kept, now)
                    if len(first):
                        free[i, w] = max(free[i, w], now[0])
                    for k in range(measures if share > 0.0 else 0):
                        some[w] |= now[k] != 0.0
                        having[k, w] = max(having[k, w], share * now[k] + (1.0 - share) * without[k, w])
                    if len(first):
                        most[i, w] = max(most[i, w], having[0, w])
                    for m in range(len(loop_dim) if len(first) and some[w] else 0):
                        if steps[m, w] >= 0:
                            flags[i, m, w] |= KEEPS if some[steps[m, w]] else DROPS
                if len(saved):
                    live[i, start, w] = some[w]
                    for k in range(measures):
                        saved[i, k, start, w] = having[k, w]
            for k in range(measures):
                whole[i, k, start] = having[k, start]
