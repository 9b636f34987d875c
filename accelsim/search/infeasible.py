"""Why nothing fits: the memory that even the smallest tiles overflow, and the change that would help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from accelsim.errors import InfeasibleError
from accelsim.search.frames import frames
from accelsim.search.interface import Limits
from accelsim.search.problem import Problem
from accelsim.search.smallest import Memory, Nest, Smallest, Tile
from accelsim.workload.operation import Tensor

CANDIDATES = 500_000
"""Looked at to say what would be possible where less is asked for."""


class Lack(NamedTuple):
    """A memory that is too small, the words that it must hold and holds, the tiles, and whether less is ruled out."""

    memory: Memory
    need: int
    held: int
    tiles: tuple[Tile, ...]
    proven: bool


def no_mapping(problem: Problem, limits: Limits) -> InfeasibleError:
    """Why a search found nothing: what the user fixed, or what the machine holds."""
    if limits.restriction is not None:
        from accelsim.search.partial import disobedient

        return disobedient(problem, limits.restriction)
    return infeasible(problem, limits)


def infeasible(problem: Problem, limits: Limits) -> InfeasibleError:
    """The error for a problem without any mapping within the limits."""
    dataflow = problem.rules.dataflow
    under = f" under {dataflow.name}" if dataflow else ""
    where = f"{problem.rules.operation.name} on {problem.rules.architecture.name}{under}"
    if limits.max_cycles is not None or limits.max_energy is not None:
        return _beyond(problem, limits, where)
    smallest = Smallest(problem, limits.steps != "perfect")
    if not smallest.any_frame():
        return InfeasibleError(f"{where}: {_no_room(problem, limits)}")
    nests, proven = _nests(smallest)
    if not nests:
        return InfeasibleError(f"{where}: no loop over {' or '.join(_stuck(problem, smallest))} may stand anywhere")
    lack = _lack(smallest, nests, proven)
    if lack is None:
        return InfeasibleError(f"{where}: no mapping fits")
    return InfeasibleError(f"{where}: {_sentence(smallest, lack)}")


def _beyond(problem: Problem, limits: Limits, where: str) -> InfeasibleError:
    """The error when the limits ask for fewer cycles or less energy than there can be, or that of no mapping at all."""
    from accelsim.search.engine import search

    rules = problem.rules
    most = min(limits.max_candidates or CANDIDATES, CANDIDATES)
    try:
        if limits.max_cycles is not None:
            asked = replace(limits, max_cycles=None, max_candidates=most)
            found = search(rules.operation, rules.architecture, "latency", asked)
        else:
            asked = replace(limits, max_energy=None, max_candidates=most)
            found = search(rules.operation, rules.architecture, "energy", asked)
    except InfeasibleError as error:
        return error
    cost, surely = found.evaluation, "" if found.certificate.gap == 0 else " found"
    energy = f"{_number(limits.max_energy)} {cost.energy_unit}" if limits.max_energy is not None else ""
    if limits.max_cycles is None:
        least = f"the least{surely} is {_number(cost.energy)} {cost.energy_unit}"
        return InfeasibleError(f"{where}: no mapping takes at most {energy}; {least}")
    of = f" of at most {energy}" if energy else ""
    fewest = f"the fewest{surely} are {cost.cycles:,}"
    return InfeasibleError(f"{where}: no mapping{of} takes at most {limits.max_cycles:,} cycles; {fewest}")


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0")


def _no_room(problem: Problem, limits: Limits) -> str:
    dims = [dim for dim, _ in problem.rules.passes if problem.rules.operation.extents.get(dim, 1) > 1]
    text = f"the array has no room to unroll {_listed(dims)} as the dataflow asks"
    if limits.steps == "perfect" and next(frames(problem.rules, True), None) is not None:
        text += " with steps that divide; aligned steps would do"
    return text


def _nests(smallest: Smallest) -> tuple[list[Nest], bool]:
    """Nests of smallest tiles, and whether no mapping has smaller ones.

    A bound over all ways to lie in space is reached by the first of them nearly always; then no other is looked at.
    """
    bound = [nest for room in smallest.bounds() for nest in smallest.nests(room)]
    goal = min((_shortage(smallest, nest) for nest in bound), default=None)
    rooms, all_of_them = smallest.rooms
    found: list[Nest] = []
    for room in rooms:
        found += smallest.nests(room)
        if goal is not None and any(_shortage(smallest, nest) == goal for nest in found):
            return found, True
    if all_of_them:
        return found, True
    return (bound, True) if goal is None or goal[0] else (found, False)


def _shortage(smallest: Smallest, nest: Nest) -> tuple[int, float]:
    """How many memories a nest overflows, and by what factor at most."""
    over = [_times(bits, held) for bits, held in zip(nest.bits, smallest.memories.values(), strict=True) if bits > held]
    return len(over), max(over, default=0.0)


def _times(bits: int, held: int) -> float:
    """How many times over a memory is full; one that holds nothing counts as one bit."""
    return bits / max(held, 1)


def _lack(smallest: Smallest, nests: list[Nest], proven: bool) -> Lack | None:
    """The memory whose enlargement alone would help, with the least that it must hold; else the worst one."""
    count, _ = min(_shortage(smallest, nest) for nest in nests)
    if count == 0:
        return None
    held = list(smallest.memories.items())
    if count > 1:
        least = [min(nests, key=lambda nest, i=i: nest.bits[i]) for i in range(len(held))]  # type: ignore[misc]
        worst = max(range(len(held)), key=lambda i: _times(least[i].bits[i], held[i][1]))
        if least[worst].bits[worst] > held[worst][1]:
            return _of(smallest, least[worst], worst, proven)
    best = min(nests, key=lambda nest: _shortage(smallest, nest))
    worst = max(range(len(held)), key=lambda i: _times(best.bits[i], held[i][1]))
    return _of(smallest, best, worst, proven and count == 1)


def _of(smallest: Smallest, nest: Nest, at: int, proven: bool) -> Lack:
    memory, bits = list(smallest.memories.items())[at]
    word = smallest.problem.levels[memory.level].word_bits
    tiles = tuple(tile for tile in nest.tiles if smallest.memory(tile.level, tile.tensor) == at)
    tiles = tuple(sorted(tiles, key=lambda tile: tile.tensor))
    return Lack(memory, -(-nest.bits[at] // word), bits // word, tiles, proven)


def _sentence(smallest: Smallest, lack: Lack) -> str:
    problem = smallest.problem
    level, name = problem.levels[lack.memory.level], problem.levels[lack.memory.level].name
    if lack.memory.tensor is not None:
        name += f"'s partition for {problem.tensors[lack.memory.tensor].name}"
    need = f"{name} needs {'at least ' if lack.proven else ''}{lack.need:,} words"
    copies = f" in {level.buffers} buffers" if level.buffers > 1 else ""
    if all(extent == 1 for tile in lack.tiles for _, extent in _own(smallest, tile)):
        names = _listed(_wide(problem.tensors[tile.tensor], level.word_bits) for tile in lack.tiles)
        return f"{need} for one MAC's operands ({names}{copies}), holds {lack.held:,}"
    what = ", ".join(_words(smallest, tile) for tile in lack.tiles)
    return f"{need} ({what}{copies}), holds {lack.held:,}{_remedy(smallest, lack)}"


def _wide(tensor: Tensor, word_bits: int) -> str:
    """The tensor's name, with its bits where they are not one word's."""
    return tensor.name if tensor.bits in (None, word_bits) else f"{tensor.name} of {tensor.bits} bits"


def _own(smallest: Smallest, tile: Tile) -> list[tuple[str, int]]:
    """The tile's extents along its tensor's dims."""
    dims = smallest.problem.tensors[tile.tensor].dims
    return [(dim, extent) for dim, extent in tile.extents if dim in dims]


def _words(smallest: Smallest, tile: Tile) -> str:
    """What a tile is: 'outputs of all N, E and F'."""
    bounds, name = smallest.problem.rules.operation.extents, smallest.problem.tensors[tile.tensor].name
    own = [(dim, extent) for dim, extent in _own(smallest, tile) if extent > 1]
    whole = _listed(dim for dim, extent in own if extent == bounds[dim])
    parts = [f"all {whole}"] if whole else []
    parts += [f"{extent} of {bounds[dim]:,} {dim}" for dim, extent in own if extent < bounds[dim]]
    return f"{name} of {_listed(parts)}" if parts else f"one word of {name}"


def _remedy(smallest: Smallest, lack: Lack) -> str:
    """The largest batch, or else the largest extent of one dim, with which the same tiles would fit."""
    bounds = smallest.problem.rules.operation.extents
    whole = {dim for tile in lack.tiles for dim, extent in _own(smallest, tile) if extent == bounds[dim]}
    room = lack.held * smallest.problem.levels[lack.memory.level].word_bits
    for dim in (d for d in smallest.problem.rules.listed if d in whole):
        fits, over = 0, bounds[dim]  # a smaller extent never needs more, so halving finds the largest that fits
        while over - fits > 1:
            middle = (fits + over) // 2
            bits = sum(smallest.bits(tile, bounds | {dim: middle}) for tile in lack.tiles)
            fits, over = (middle, over) if bits <= room else (fits, middle)
        if fits:
            return f"; {dim} <= {fits:,} would fit"
    return ""


def _stuck(problem: Problem, smallest: Smallest) -> list[str]:
    """The dims that leave no order of loops: each alone if one does, else those without which there is one."""
    dims, aligned = frozenset(problem.rules.dims), smallest.aligned
    alone = [dim for dim in problem.rules.listed if not _loops(Smallest(problem, aligned, dims - {dim}))]
    without = [dim for dim in problem.rules.listed if _loops(Smallest(problem, aligned, frozenset({dim})))]
    return alone or without or list(problem.rules.listed)


def _loops(smallest: Smallest) -> bool:
    """Whether the loops may stand in some order, whatever the memories hold."""
    rooms, _ = smallest.rooms
    return any(smallest.nests(room) for room in rooms)


def _listed(words: Iterable[str]) -> str:
    """'N', 'N and E', 'N, E and F'."""
    listed = list(words)
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else "".join(listed)
