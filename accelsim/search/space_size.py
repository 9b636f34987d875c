"""How many nests a search chooses from: a number for the certificate, never for the search itself.

    orders of loops  x  per tensor, choices of the levels that keep it x places of its nodes among the loops

Loops in time are of a prime number of trips each, so that a loop of 12 counts as the orders of 2, 2 and 3.  Nests that
do not fit a memory, or have a node on the wrong side of a fan-out, are counted too: the number is an upper bound.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, factorial, prod

from accelsim.search.frames import Frame, primes
from accelsim.search.problem import Problem

SPACE_RULE = {
    "perfect": "every placement of every storage node, every order of loops, all dims that may share an axis; steps"
    " divide what encloses them",
    "aligned": "every placement of every storage node, every order of loops, all dims that may share an axis; steps in"
    " time divide one another, positions on an axis divide the bound or fill the axis, those of a dim on several axes"
    " lie side by side",
    "ragged": "every placement of every storage node, every order of loops, all dims that may share an axis; any steps",
}
"""Per kind of steps, the space in words."""


def nests(problem: Problem, frame: Frame) -> int:
    """Nests of one frame, at most."""
    return _orders(tuple(sorted(frame.rounds))) * _placements(
        tuple(problem.keeps), sum(_multiplicity(n, p) for n in frame.rounds for p in primes(n))
    )


def _multiplicity(number: int, prime: int) -> int:
    times = 0
    while number % prime == 0:
        number, times = number // prime, times + 1
    return times


@lru_cache(maxsize=4096)
def _orders(rounds: tuple[int, ...]) -> int:
    """Orders of loops of prime trips whose products are these."""
    times = [_multiplicity(n, prime) for n in rounds for prime in primes(n)]
    return factorial(sum(times)) // prod(factorial(n) for n in times)


@lru_cache(maxsize=4096)
def _placements(keeps: tuple[tuple[str, ...], ...], loops: int) -> int:
    """Ways to put every tensor's nodes among so many loops; the outermost level stands above all."""
    total = 1
    for own in keeps:
        must, may = sum(keep == "must" for keep in own[1:]), sum(keep == "may" for keep in own[1:])
        total *= sum(comb(may, n) * comb(loops + must + n, must + n) for n in range(may + 1))
    return total
