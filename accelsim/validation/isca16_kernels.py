"""The six dataflows of ISCA 2016 under the paper's own rules: all choices priced, the best kept.

A kernel charges each candidate the words of the paper's equations 3 and 4 and keeps the cheapest. Words of a candidate
are a row per tensor (inputs, weights, psums) and a column per level (DRAM, buffer, array, register):

    operand reused a x b x c x d times   a DRAM, ab buffer, abc array, abcd register; no register term when d = 1
    psum                                 2a - 1 DRAM, 2a(b - 1) buffer, ab(c - 1) array, 2abc(d - 1) register

Source: Chen, Emer, Sze, "Eyeriss: A Spatial Architecture for Energy-Efficient Dataflow for Convolutional Neural
Networks", ISCA 2016, section VI. Which readings of what the paper leaves open are taken, and whether text or figures
decided them, is listed in ``accelsim.validation.isca16_rules``.

Layer letters: M filters and C channels of one group, H padded input side, D input side without padding, R filter side,
E output side, U stride, N images; P PEs and B words of buffer. ``hop``: what the objective charges for a psum's hop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

INPUTS, WEIGHTS, PSUMS = 0, 1, 2
DRAM, BUFFER, ARRAY, REGISTER = 0, 1, 2, 3
DRAM_MACS, BUFFER_MACS, HOP_MACS, REGISTER_MACS = 200.0, 6.0, 2.0, 1.0
"""Energy per word in MAC energies: Table IV of the paper."""
REGISTER_WORDS = 256
"""Words of a row-stationary PE's register file (512 B); Fig. 7b of the paper."""
SQUARE = 2
"""Sides of a square-ish patch of OSA differ at most by this factor."""

Best = Any
"""(cost, active PEs, words, choices): what a kernel has kept so far; Numba has no types to write."""


@njit(cache=True)  # type: ignore[untyped-decorator]
def up(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


@njit(cache=True)  # type: ignore[untyped-decorator]
def nothing() -> Best:
    return np.inf, 0, np.zeros((3, 4)), np.zeros(7, np.int64)


@njit(cache=True)  # type: ignore[untyped-decorator]
def better(best: Best, words: Any, hop: float, active: int, choices: tuple[int, ...]) -> Best:
    """The cheaper of the best so far and a candidate; at equal cost the one with more active PEs, then the first."""
    cost = REGISTER_MACS * words[:, REGISTER].sum() + HOP_MACS * words[:, ARRAY].sum()
    cost += BUFFER_MACS * words[:, BUFFER].sum() + DRAM_MACS * words[:, DRAM].sum()
    cost += (hop - HOP_MACS) * words[PSUMS, ARRAY]
    slack = 1e-9 * cost
    if cost > best[0] + slack or (cost > best[0] - slack and active <= best[1]):
        return best
    kept = np.zeros(7, np.int64)
    for i in range(len(choices)):
        kept[i] = choices[i]
    return cost, active, words.copy(), kept


@njit(cache=True)  # type: ignore[untyped-decorator]
def weight_stationary(
    M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float
) -> Best:
    """m filters x c channels of R x R weights; inputs pass the buffer by. Choices: m, c."""
    best, words = nothing(), np.zeros((3, 4))
    outputs, regions = float(N * M * E * E), P // (R * R)
    macs = outputs * C * R * R
    for m in range(1, min(M, regions) + 1):
        if N * E * E * m > B:
            break
        for c in range(1, min(C, regions // m) + 1):
            visits = R * up(C, c)
            words[INPUTS] = [N * C * H * H * up(M, m), 0.0, macs, 0.0]
            words[WEIGHTS] = [M * C * R * R, 0.0, 0.0, macs]
            words[PSUMS] = [outputs, 2 * (visits - 1) * outputs, (C * R * R - visits) * outputs, 0.0]
            best = better(best, words, hop, m * c * R * R, (m, c))
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def stay(words: Any, N: int, M: int, C: int, R: int, E: int) -> None:
    """What all output-stationary dataflows share: operands cross the array for every MAC, sums grow in their PE."""
    outputs = float(N * M * E * E)
    words[INPUTS, ARRAY] = words[WEIGHTS, ARRAY] = outputs * C * R * R
    words[WEIGHTS, DRAM] = M * C * R * R
    words[PSUMS, DRAM] = outputs
    words[PSUMS, REGISTER] = 2 * (C * R * R - 1) * outputs


@njit(cache=True)  # type: ignore[untyped-decorator]
def output_stationary_a(
    M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float
) -> Best:
    """A patch of e x f output pixels of n images, filter by filter, g of them in the buffer. Choices: n, e, f, g."""
    best, words = nothing(), np.zeros((3, 4))
    stay(words, N, M, C, R, E)
    for n in range(1, N + 1):
        for e in range(1, E + 1):
            for f in range(1, E + 1):
                down, across = up(E, e), up(E, f)
                # A side that leaves as many patches as a shorter one is not looked at, nor are rounds of n images.
                if n * e * f > P or up(E, down) != e or up(E, across) != f or up(N, up(N, n)) != n:
                    continue
                high, wide = U * (e - 1) + R, U * (f - 1) + R
                g = min(M, (B - n * C * min(high, D) * min(wide, D)) // (C * R * R))
                if g < 1 or max(e, f) > SQUARE * min(e, f):
                    continue
                patches = float(down * across)
                words[INPUTS, DRAM] = N * C * patches * high * wide * up(M, g)
                words[INPUTS, BUFFER] = N * C * patches * high * wide * M
                words[WEIGHTS, BUFFER] = M * C * R * R * patches * up(N, n)
                best = better(best, words, hop, n * e * f, (n, e, f, g))
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def output_stationary_b(
    M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float
) -> Best:
    """q pixels of an output row x m filters x n images, g filters in the buffer. Choices: q, m, n, g."""
    best, words = nothing(), np.zeros((3, 4))
    stay(words, N, M, C, R, E)
    for q in range(1, min(E, P) + 1):
        parts, wide = up(E, q), U * (q - 1) + R
        for n in range(1, min(N, P // q) + 1):
            if up(E, parts) != q or up(N, up(N, n)) != n:
                continue
            g = min(M, (B - n * C * R * H) // (C * R * R))
            for m in range(1, min(g, P // (q * n)) + 1):
                words[INPUTS, DRAM] = float(N * C * E) * R * H * up(M, g)
                words[INPUTS, BUFFER] = float(N * C * E) * R * parts * wide * up(M, m)
                words[WEIGHTS, BUFFER] = float(M * C * R * R) * E * parts * up(N, n)
                best = better(best, words, hop, q * m * n, (q, m, n, g))
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def output_stationary_c(
    M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float
) -> Best:
    """m filters x n images, one pixel of each, g filters and n windows in the buffer. Choices: m, n, g."""
    best, words = nothing(), np.zeros((3, 4))
    stay(words, N, M, C, R, E)
    window = C * R * R
    for n in range(1, min(N, P) + 1):
        g = min(M, (B - n * window) // window)
        for m in range(1, min(g, P // n) + 1):
            words[INPUTS, DRAM] = float(N * window) * E * E * up(M, g)
            words[INPUTS, BUFFER] = float(N * window) * E * E * up(M, m)
            words[WEIGHTS, BUFFER] = float(M * window) * E * E * up(N, n)
            best = better(best, words, hop, m * n, (m, n, g))
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def no_local_reuse(M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float) -> Best:
    """c channels x m filters; psums of n images x g filters x e rows in the buffer. Choices: c, m, n, g, e."""
    best, words = nothing(), np.zeros((3, 4))
    outputs = float(N * M * E * E)
    macs = outputs * C * R * R
    for e in range(1, E + 1):
        high = U * (e - 1) + R
        rows = E / e * high
        for c in range(1, min(C, P) + 1):
            for n in range(1, N + 1):
                m = min(M, P // c)
                g = min(M, (B - n * c * H * high) // (n * e * E + c * R * R))
                if up(N, up(N, n)) != n or g < 1:
                    continue
                m = min(m, g)
                visits = R * R * up(C, c)
                words[INPUTS] = [N * C * H * rows * up(M, g), float(N * C * R * R) * E * E * up(M, m), macs, 0.0]
                words[WEIGHTS] = [float(M * C * R * R) * up(E, e) * up(N, n), macs, 0.0, 0.0]
                words[PSUMS] = [outputs, 2 * (visits - 1) * outputs, (C * R * R - visits) * outputs, 0.0]
                best = better(best, words, hop, c * m, (c, m, n, g, e))
    return best


@njit(cache=True)  # type: ignore[untyped-decorator]
def row_stationary(M: int, C: int, H: int, D: int, R: int, E: int, U: int, N: int, P: int, B: int, hop: float) -> Best:
    """Sets of R x e PEs, q channels and p filters in a PE, r x t sets side by side, n images, psums of g filters in
    the buffer. Choices: e, q, p, r, t, n, g."""
    best, words = nothing(), np.zeros((3, 4))
    outputs = float(N * M * E * E)
    macs = outputs * C * R * R
    words[INPUTS, REGISTER] = words[WEIGHTS, REGISTER] = macs
    words[PSUMS, DRAM] = outputs
    for e in range(1, min(E, P // R) + 1):
        high = U * (e - 1) + R
        strips = N * C * H * (E / e * high)
        for q in range(1, min(C, REGISTER_WORDS // R) + 1):
            fit = min(M, (REGISTER_WORDS - q * R) // (q * R + 1))
            words[PSUMS, REGISTER] = 2 * outputs * (C * R * R - up(C, q) * R)
            for r in range(1, min(P // (R * e), up(C, q)) + 1):
                visits = up(C, q * r)
                words[PSUMS, BUFFER] = 2 * (visits - 1) * outputs
                words[PSUMS, ARRAY] = (up(C, q) * R - visits) * outputs
                for n in range(1, N + 1):
                    g = min(M, (B - n * q * r * H * high) // (n * e * E))
                    if up(N, up(N, n)) != n or g < 1:
                        continue
                    words[WEIGHTS, DRAM] = M * C * R * R * up(E, e) * up(N, n)
                    words[WEIGHTS, ARRAY] = M * C * R * R * E * up(N, n)
                    for p in range(1, min(fit, g) + 1):
                        # More sets of filters never cost more, so as many as there is place for.
                        t = min(P // (R * e * r), up(M, p), g // p)
                        if p > 1 and up(M, p) == up(M, p - 1):
                            continue
                        words[INPUTS, DRAM] = strips * up(M, g)
                        words[INPUTS, BUFFER] = strips * up(M, p * t)
                        words[INPUTS, ARRAY] = float(N * C * H) * R * E * up(M, p)
                        best = better(best, words, hop, R * e * r * t, (e, q, p, r, t, n, g))
    return best
