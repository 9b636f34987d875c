"""Which points of the grid are run, in an order that is always the same.

grid          all of them
random        without putting back, from a seeded generator
quasirandom   Halton's sequence (Halton 1960, one prime base per axis), shifted by a seeded offset and taken modulo 1
              (Cranley, Patterson 1976), each coordinate rounded down to a value of its axis; a choice comes once
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from accelsim.sweep.axes import Axis
from accelsim.sweep.points import Choice, grid, grid_size
from accelsim.sweep.study import Study

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
_MOST_REPEATS = 10_000


def sample(study: Study) -> Iterator[Choice]:
    """The choices of a study whose method is not guided."""
    wanted = study.sample.points
    match study.sample.method:
        case "random":
            yield from random_choices(study.axes, wanted or 0, study.sample.seed)
        case "quasirandom":
            yield from halton_choices(study.axes, wanted or 0, study.sample.seed)
        case _:
            for i, choice in enumerate(grid(study.axes)):
                if wanted is not None and i >= wanted:
                    return
                yield choice


def sample_size(study: Study) -> int:
    """How many choices a study has, at most."""
    whole = grid_size(study.axes)
    return whole if study.sample.points is None else min(study.sample.points, whole)


def random_choices(axes: tuple[Axis, ...], wanted: int, seed: int) -> Iterator[Choice]:
    """Different choices of the grid, each with equal chance."""
    whole, source = grid_size(axes), Random(seed)
    taken: set[int] = set()
    if 2 * wanted >= whole:
        for index in source.sample(range(whole), min(wanted, whole)):
            yield _choice(axes, index)
        return
    while len(taken) < wanted:
        index = source.randrange(whole)
        if index not in taken:
            taken.add(index)
            yield _choice(axes, index)


def halton_choices(axes: tuple[Axis, ...], wanted: int, seed: int) -> Iterator[Choice]:
    """Different choices that fill the grid evenly."""
    source = Random(seed)
    offsets = [source.random() for _ in axes]
    taken: set[Choice] = set()
    last = 0
    for index in count(1):
        if len(taken) >= min(wanted, grid_size(axes)):
            return
        if index - last > _MOST_REPEATS:  # so full a grid has few free choices left: take them in order
            yield from (choice for choice in _missing(axes, taken, wanted - len(taken)))
            return
        spots = ((radical_inverse(index, _PRIMES[i % len(_PRIMES)]) + offsets[i]) % 1 for i in range(len(axes)))
        choice = tuple(int(spot * len(axis.values)) for spot, axis in zip(spots, axes, strict=True))
        if choice not in taken:
            last = index
            taken.add(choice)
            yield choice


def radical_inverse(index: int, base: int) -> float:
    """The digits of a number behind the point, in reverse: Halton's one-dimensional sequence.

    >>> [radical_inverse(i, 2) for i in (1, 2, 3, 4)]
    [0.5, 0.25, 0.75, 0.125]
    """
    value, scale = 0.0, 1.0
    while index:
        index, digit = divmod(index, base)
        scale /= base
        value += digit * scale
    return value


def _missing(axes: tuple[Axis, ...], taken: set[Choice], wanted: int) -> Iterator[Choice]:
    free = (choice for choice in grid(axes) if choice not in taken)
    yield from (choice for choice, _ in zip(free, range(wanted), strict=False))


def _choice(axes: tuple[Axis, ...], index: int) -> Choice:
    """The index-th choice of the grid."""
    out: list[int] = []
    for axis in reversed(axes):
        index, at = divmod(index, len(axis.values))
        out.append(at)
    return tuple(reversed(out))
