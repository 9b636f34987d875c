"""Why nothing fits: the memory that even the smallest tiles overflow, and the change that would help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from accelsim.errors import InfeasibleError
from accelsim.mapping.nest import Storage
from accelsim.search.rules import Rules
from accelsim.search.steps import start_row
from accelsim.search.template import Steps, Template
from accelsim.workload.operation import Tensor


def infeasible(rules: Rules, templates: list[Template]) -> InfeasibleError:
    """The error for rules under which no smallest tile fits, whatever is kept where."""
    under = f" under {rules.dataflow.name}" if rules.dataflow else ""
    where = f"{rules.operation.name} on {rules.architecture.name}{under}"
    closed = [template for template in templates if template.is_closed]
    if not closed:
        dims = sorted({dim for t in templates for dim, slots in t.slots.items() if not slots})
        return InfeasibleError(f"{where}: no loop over {' or '.join(dims)} may stand anywhere")
    over = []
    for template in closed:
        row = start_row(template)[None, :]
        needs = [(need / held, level, need, held) for level, need, held in template.needs(row) if need > held]
        if needs:
            over.append((max(needs, key=lambda n: n[0]), template, row))
    if not over:
        dims = [dim for dim, _ in rules.passes if rules.operation.extents.get(dim, 1) > 1]
        return InfeasibleError(f"{where}: the array has no room to unroll {' and '.join(dims)} as the dataflow asks")
    (_, level, need, held), template, row = min(over, key=lambda entry: entry[0][0])
    remedy = _smaller(template, level, row)
    return InfeasibleError(
        f"{where}: {level} needs at least {need:,} words ({_held(template, level, row)}), holds {held:,}{remedy}"
    )


def _held(template: Template, level: str, row: Steps) -> str:
    """What the smallest tiles of a level are: 'outputs of all N, E and F'."""
    extents = template.rules.operation.extents
    parts = []
    for tensor, tile in _tiles(template, level, row):
        whole = [dim for dim in template.rules.dims if dim in tensor.dims and tile[dim] == extents[dim]]
        listed = f"{', '.join(whole[:-1])} and {whole[-1]}" if len(whole) > 1 else "".join(whole)
        parts.append(f"{tensor.name} of all {listed}" if whole else f"one word of {tensor.name}")
    return ", ".join(parts)


def _smaller(template: Template, level: str, row: Steps) -> str:
    """The largest batch, or else the largest extent of one dim, with which the smallest tiles would fit."""
    extents = template.rules.operation.extents
    whole = {dim for _, tile in _tiles(template, level, row) for dim, n in tile.items() if n == extents[dim] > 1}
    for dim in (d for d in template.rules.dims if d in whole):
        fits, over = 0, extents[dim]  # a smaller extent never needs more, so halving finds the largest that fits
        while over - fits > 1:
            middle = (fits + over) // 2
            fits, over = (middle, over) if _fits_with(template, level, row, dim, middle) else (fits, middle)
        if fits:
            return f"; {dim} <= {fits:,} would fit"
    return ""


def _fits_with(template: Template, level: str, row: Steps, dim: str, extent: int) -> bool:
    """Whether the level's smallest tiles fit when the dim had only so many elements."""
    operation = template.rules.operation
    bounds = tuple((d, extent if d == dim else n) for d, n in operation.bounds)
    smaller = Template(replace(template.rules, operation=replace(operation, bounds=bounds)), template.nodes)
    needs = smaller.needs(np.minimum(row, _caps(template, dim, extent)))
    return all(need <= held for name, need, held in needs if name == level)


def _caps(template: Template, dim: str, extent: int) -> Steps:
    return np.array([[extent if loop.dim == dim else np.iinfo(np.int64).max for loop in template.loops]], np.int64)


def _tiles(template: Template, level: str, row: Steps) -> Iterator[tuple[Tensor, dict[str, int]]]:
    """Each tensor that the level keeps, and the extent of every dim in its tile."""
    extents = template.rules.operation.extents
    for at, node in enumerate(template.nodes):
        if isinstance(node, Storage) and node.level == level:
            places = template.columns_above(at)
            tile = {d: extents[d] if (c := places[d]) is None else int(row[0, c]) for d in places}
            yield template.rules.operation.tensor(node.tensor), tile
